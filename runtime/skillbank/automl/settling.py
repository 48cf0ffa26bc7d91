"""What a program makes of a spec on this machine, asked once a search is approved and before it begins.

A program may read a spec as a whole and fit it to the machine: the embedded engine takes a small network
where there is no GPU, unless the spec names another network than the default one. Trials differ in just such
values, so what the program would decide is written into all of them, and trial 0 shows what really runs.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from skillbank.bank.programs import find_program
from skillbank.errors import PlatformError
from skillbank.jobs.specfile import chosen_keys, write_spec
from skillbank.plan.model import Override, Plan, Source
from skillbank.plan.paths import set_path
from skillbank.trust.gate import CONFIG_PATH, Pass
from skillbank.visible import one_line

__all__ = ["settle", "settled_plan"]

_SECONDS = 120
_DETAIL = "what the program takes on this machine"


def settle(
    plan: Plan, commands: Mapping[str, str], admitted: Pass, bound: Path | None = None
) -> dict[str, object]:
    """Return the values, by key, that a plan's program would put into its spec here; mostly there are none.

    Asked is the command that the skill names (``settle`` in skill_info.yaml), where the program itself runs
    on this machine. What the user has set stays.

    Parameters
    ----------
    commands
        By action, as they were admitted with the search.
    admitted
        What let the plan pass: the command gets this environment.
    bound
        The spec with every path in place, where it has been written; else the plan's own is asked about.
    """
    admitted.refuse_rehearsal()
    command = commands.get(plan.action)
    if command is None or plan.platform != "local":
        return {}
    argv = _argv(command)
    if not argv:
        return {}
    own = chosen_keys(plan)
    spec = bound.read_bytes() if bound else write_spec(plan.spec, plan.config_format, own).encode()
    found = _answer(argv, spec, plan.config_format, {**admitted.env, **_cpu(plan)}, one_line(command, 200))
    return {key: value for key, value in found.items() if key not in own}


def _argv(command: str) -> list[str]:
    """Split a command, its program found; empty where that is not on this machine."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        shown = one_line(command, 200)
        raise PlatformError(f"'{shown}' is no command ({error}); correct settle in the skill") from None
    program = find_program(words[0]) if words else None
    return [program, *words[1:]] if program is not None else []


def _answer(
    argv: Sequence[str], spec: bytes, config_format: str, env: Mapping[str, str], shown: str
) -> dict[str, object]:
    """Run a command on a spec and return the document that it prints.

    Raises
    ------
    PlatformError
        When it does not start, does not end, fails or prints something else; it calls the command `shown`.
    """
    with tempfile.TemporaryDirectory(prefix="skillbank-") as folder:
        path = Path(folder) / f"spec.{config_format}"
        path.write_bytes(spec)
        try:
            done = subprocess.run(
                [argv[0], *(word.replace(CONFIG_PATH, str(path)) for word in argv[1:])],
                env=env,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PlatformError(f"'{shown}' gave no answer in {_SECONDS} s") from None
        except OSError as error:
            raise PlatformError(f"'{shown}' cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise PlatformError(f"'{shown}' failed: {one_line(said[-1], 500) if said else done.returncode}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PlatformError(f"'{shown}' did not print a JSON document of values by key")
    return found


def _cpu(plan: Plan) -> dict[str, str]:
    """Return what a job without GPUs gets on this machine."""
    return {"CUDA_VISIBLE_DEVICES": ""} if plan.resources.gpus == 0 else {}


def settled_plan(plan: Plan, values: Mapping[str, object]) -> Plan:
    """Return a plan whose spec holds the values that its program would put there."""
    if not values:
        return plan
    copied = plan.model_copy(deep=True)
    for key, value in values.items():
        set_path(copied.spec, key, value)
    overrides = {o.key: o for o in plan.overrides}
    for key, value in values.items():
        overrides[key] = Override(key=key, value=value, source=Source.AUTOML, detail=_DETAIL)
    ordered = tuple(sorted(overrides.values(), key=lambda o: o.key))
    return copied.model_copy(update={"overrides": ordered})
