"""From a plan to what runs: data paths, parent models and tokens put in, the spec written, its hash kept."""

from __future__ import annotations

import copy
import hashlib
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from skillbank.errors import DataNotFoundError, ParentError, PlatformError, SpecError
from skillbank.jobs.checkpoints import resumable
from skillbank.jobs.record import JobRecord
from skillbank.jobs.specfile import chosen_keys, write_spec
from skillbank.plan.model import (
    PARENT_MODEL,
    PARENT_MODEL_FOLDER,
    RESULTS_DIR,
    RESUME_MODEL,
    TOKENS,
    InputBinding,
    Plan,
    Source,
)
from skillbank.plan.paths import MISSING, format_path, get_path, leaves, set_path
from skillbank.platforms.base import Resume, job_dir
from skillbank.trust.gate import CONFIG_PATH
from skillbank.ways import option
from skillbank.whole_files import write_whole

__all__ = [
    "TOKENS",
    "Bound",
    "ParentModel",
    "bind",
    "check_filled",
    "has_token",
    "needs_parent_model",
]

_MISSING = "???"
# ${results_dir} is an interpolation of the program's own and stays as it is.
_TOKEN = re.compile(r"(?<!\$)(?:" + "|".join(map(re.escape, TOKENS)) + ")")
Keys: TypeAlias = tuple[str | int, ...]
_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})


@dataclass(frozen=True)
class ParentModel:
    """A parent job and the model chosen from its results.

    ``structure`` are parameters of the model, by key, that were found only after the plan had been made.
    """

    job_id: str
    action: str
    model: Path
    structure: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """What runs: the spec with every path in place, the command, and where the spec was written.

    ``reads`` are the files and folders of this machine that the spec names, outside the job's own results.
    ``resume`` is the spec of a later start of the very job; None when it has no place for a checkpoint.
    """

    spec: dict[str, object]
    argv: tuple[str, ...]
    config_path: Path
    sha256: str
    reads: tuple[Path, ...] = ()
    resume: Resume | None = None


def has_token(text: str) -> bool:
    """Say whether a text holds a token that only a launch can resolve."""
    return _TOKEN.search(text) is not None


def needs_parent_model(plan: Plan) -> bool:
    """Say whether a key speaks of the parent's model, as it does only where there is a parent."""
    return any(
        token in text
        for _, value in leaves(plan.spec)
        for text in (value if isinstance(value, list) else [value])
        if isinstance(text, str)
        for token in (PARENT_MODEL, PARENT_MODEL_FOLDER)
    )


def check_filled(plan: Plan) -> None:
    """Raise `SpecError` when a value that the action reads is still ``???`` and no input takes its place."""
    given = {*plan.left_open, *(binding.key for binding in plan.inputs if binding.runtime != "value")}
    for path, value in leaves(plan.spec):
        for i, text in enumerate(value) if isinstance(value, list) else ((None, value),):
            key = format_path(path if i is None else (*path, i))
            if isinstance(text, str) and text == _MISSING and key not in given:
                raise SpecError(f"{key} has no value yet; give one with {option('set', f'{key}=VALUE')}")


def bind(
    plan: Plan,
    record: JobRecord,
    parents: Sequence[ParentModel],
    *,
    stage: Callable[[InputBinding], Path],
    earlier: Iterable[Path] = (),
) -> Bound:
    """Put paths in the place of URIs and tokens, and write the spec into the job's folder.

    Parameters
    ----------
    parents
        Models of the parents; the first one stands for ``{parent_model}``.
    stage
        Returns the local path of an input's data.
    earlier
        Results of other jobs, the latest first; the newest checkpoint of the first that has one is resumed
        when the job's own results hold none.

    Raises
    ------
    SpecError
        When a value that the program needs is still ``???``.
    ParentError
        When the spec speaks of a parent's model and there is none.
    """
    check_filled(plan)
    results_dir = Path(record.results_dir)
    spec: dict[str, object] = copy.deepcopy(plan.spec)
    reads = [*(parent.model.parent for parent in parents), *_named_by_user(plan)]
    reads += _put_inputs(spec, plan, stage)
    if parents:
        _put_structure(spec, plan, parents[0].structure)
    model = parents[0].model if parents else None
    resume = next((found for place in (results_dir, *earlier) if (found := resumable(place))), None)
    if resume is not None and not resume.is_relative_to(results_dir):
        reads.append(resume)
    values = {
        RESULTS_DIR: str(results_dir),
        PARENT_MODEL: str(model) if model else None,
        PARENT_MODEL_FOLDER: str(model.parent) if model else None,
        RESUME_MODEL: str(resume) if resume else "",
    }
    chosen = chosen_keys(plan)
    again = _started_again(spec, values, results_dir, plan.config_format, chosen)
    spec = _resolve(spec, (), values)
    config_path = job_dir(results_dir) / f"spec.{plan.config_format}"
    content = write_spec(spec, plan.config_format, chosen).encode()
    write_whole(config_path, content)
    sha256 = hashlib.sha256(content).hexdigest()
    argv = _command(plan.command, config_path)
    return Bound(spec, argv, config_path, sha256, tuple(dict.fromkeys(reads)), again)


def _put_inputs(spec: dict[str, object], plan: Plan, stage: Callable[[InputBinding], Path]) -> list[Path]:
    """Put the paths of the plan's data into a spec; a model of the hub is for the program to fetch.

    Returns
    -------
    list of Path
        What was put in.
    """
    put: list[Path] = []
    for binding in plan.inputs:
        if binding.runtime == "value" or binding.on_hub or has_token(binding.uri):
            continue
        try:
            put.append(stage(binding))
            set_path(spec, binding.key, str(put[-1]))
        except DataNotFoundError:
            if not binding.optional:
                raise
            # Nobody named it, and whoever approved was told (see `skillbank.jobs.checks`).
            set_path(spec, binding.key, "")
    return put


def _put_structure(spec: dict[str, object], plan: Plan, structure: Mapping[str, object]) -> None:
    """Put parameters of a parent's model into a spec, where it has them and nobody has said them."""
    own = (Source.USER, Source.SHORTHAND, Source.AUTOML)
    said = {override.key for override in plan.overrides if override.source in own}
    for key, value in structure.items():
        if key in said or key == "engine.profile":
            continue
        if key.startswith("engine.") or get_path(spec, key) is not MISSING:
            set_path(spec, key, copy.deepcopy(value))


def _started_again(
    spec: dict[str, object],
    values: Mapping[str, str | None],
    results_dir: Path,
    form: str,
    chosen: Sequence[str],
) -> Resume | None:
    """Return the spec of a later start of the very job; None when it has no place for a checkpoint."""
    if not any(isinstance(value, str) and RESUME_MODEL in value for _, value in leaves(spec)):
        return None
    mark = str(results_dir / RESUME_MODEL)
    return Resume(write_spec(_resolve(spec, (), {**values, RESUME_MODEL: mark}), form, chosen), mark)


def _named_by_user(plan: Plan) -> Iterator[Path]:
    """Yield the existing files and folders that the user's own settings name, like a text encoder."""
    inputs = {binding.key for binding in plan.inputs}
    for override in plan.overrides:
        if override.source not in (Source.USER, Source.SHORTHAND) or override.key in inputs:
            continue
        values = override.value if isinstance(override.value, list) else [override.value]
        for value in values:
            if isinstance(value, str) and value.startswith("/") and Path(value).exists():
                yield Path(value)


def _resolve(node: object, path: Keys, values: Mapping[str, str | None]) -> Any:
    if isinstance(node, dict):
        return {key: _resolve(value, (*path, str(key)), values) for key, value in node.items()}
    if isinstance(node, list):
        return [_resolve(value, (*path, i), values) for i, value in enumerate(node)]
    if not isinstance(node, str):
        return node
    key = format_path(path)

    def value_of(match: re.Match[str]) -> str:
        value = values[match[0]]
        if value is not None:
            return value
        raise ParentError(f"{key} takes the model of a parent job; name one with {option('parent', 'JOB')}")

    return _TOKEN.sub(value_of, node)


def _command(command: Sequence[str], config_path: Path) -> tuple[str, ...]:
    """Replace the literal token in each argument; nothing else in a command means anything."""
    path = str(config_path)
    in_shell = bool(command) and Path(command[0]).name in _SHELLS
    if in_shell and path != shlex.quote(path) and any(CONFIG_PATH in part for part in command):
        raise PlatformError(
            f"the skill's command is a shell script, which cannot take the path {path}; "
            f"choose a {option('results-root')} without spaces and special characters"
        )
    return tuple(part.replace(CONFIG_PATH, path) for part in command)
