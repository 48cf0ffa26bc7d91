"""The gate for plans and launches that tests make by hand, with no skill on the disk behind them.

It is the real gate: questions, names of variables, lengths and the environment are as ever. Only where the
skill lies and who trusts it is said instead of found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillbank.jobs.admission import Admitted
from skillbank.plan.model import Plan, Policy, Route, SkillRef
from skillbank.platforms.base import Launch
from skillbank.trust.gate import CONFIG_PATH, Pass, admit
from skillbank.trust.standing import Standing

__all__ = ["OWN", "admitted", "launch_made", "open_gate"]

OWN = Standing(bank="b", state="own", digest="", source="", commit=None, signer=None, sentence="")


def open_gate(plan: Plan) -> Admitted:
    """Let a plan pass as one of our own bank, unchanged."""
    return Admitted(admit(plan, plan.skill.digest, OWN))


def admitted(
    command: Sequence[str], names: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Pass:
    """Let a command pass, with variables that its plan names; of this process's environment by default."""
    plan = Plan(
        skill=SkillRef(name="toy", version="1", digest="d", bank="b"),
        action="train",
        route=Route(name="direct", reason="made by a test"),
        automl_policy=Policy(value="off", source="user"),
        platform="local",
        image=None,
        command=tuple(command),
        spec={},
        env_names=tuple(names),
    )
    return admit(plan, "d", OWN, environment=environment)


def launch_made(
    argv: Sequence[str], env: Mapping[str, str] | None = None, env_names: Sequence[str] = (), **fields: Any
) -> Launch:
    """Make a launch of a command that was admitted, with the path of its spec put in as a job's is."""
    path = str(fields["config_path"]) if fields.get("config_path") else None
    command = [word if path is None else word.replace(path, CONFIG_PATH) for word in argv]
    return Launch(argv=tuple(argv), admitted=admitted(command, env_names, env or {}), **fields)
