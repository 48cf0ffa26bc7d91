"""The data that a person approves with a plan: what lay there when the question was asked, and still does.

A launch compares what it was approved with to what lies there now. Data elsewhere, and what an earlier step
of a chain is to make, is named too, and that nobody checked it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from skillbank.errors import SkillbankError, StateError
from skillbank.home import results_root
from skillbank.jobs.binding import has_token
from skillbank.jobs.data_digest import ABSENT, SeenData, data_digest
from skillbank.jobs.data_sets import look_at
from skillbank.nearby import at_home
from skillbank.plan.model import InputBinding, Plan, Source
from skillbank.storage.uri import parse_uri
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["change", "local_digest", "made_by", "named_paths", "refuse_changed", "seen_data"]
_LABELS = "skillbank-labels.json"
"""As `skillbank.labelling.manifest.MANIFEST`, which is slow to import."""
_UNREADABLE = "it cannot be read, or holds too many files"
_LONGEST_PLACE = 200
_LISTED = 5


def seen_data(plan: Plan, earlier: Sequence[Plan] = ()) -> tuple[SeenData, ...]:
    """Look at the data of a plan and of what its search starts, each place once.

    Parameters
    ----------
    earlier
        Plans of the same chain that run before.
    """
    made = made_by(earlier)
    read_before = {binding.uri for step in earlier for binding in step.inputs}
    found: dict[str, SeenData] = {}
    for binding in _inputs(plan):
        if binding.uri not in found:
            ours = () if binding.uri in read_before else made
            found[binding.uri] = _seen(plan, binding, ours)
            for labels in _label_set(plan, found[binding.uri]):
                found.setdefault(labels.uri, labels)
    for look in look_at(plan, whole=False, made=made).looks:
        if look.root is not None:
            digest = local_digest(plan, look.root)
            whole = SeenData(
                key=f"data set of {look.group.source}",
                uri=str(look.root),
                digest=digest,
                unchecked="" if digest else _UNREADABLE,
            )
            found.setdefault(whole.uri, whole)
    return tuple(found.values())


def change(before: Iterable[SeenData], now: Iterable[SeenData]) -> str:
    """Say what has changed between two looks at the same places; empty when nothing has.

    A place that one of them does not know, or could not check the first time, is nothing to compare.
    """
    known = {data.uri: data for data in before if data.digest}
    changed = [
        f"{one_line(data.key, 60)} ({one_line(data.uri, _LONGEST_PLACE)}: {_became(known[data.uri], data)})"
        for data in now
        if data.uri in known and data.digest != known[data.uri].digest
    ]
    more = f" and {len(changed) - _LISTED} more" if len(changed) > _LISTED else ""
    return ", ".join(changed[:_LISTED]) + more


def refuse_changed(plan: Plan, before: Iterable[SeenData], now: Iterable[SeenData], since: str) -> None:
    """Raise `StateError` when data has changed.

    Parameters
    ----------
    since
        What has happened before it changed: "it was approved".
    """
    if said := change(before, now):
        raise StateError(
            f"the data of plan {plan.plan_id[:12]} has changed since {since}: {said}; nothing was started. "
            f"Plan again with {command('plan')}, look at what is there now, and approve that"
        )


def local_digest(plan: Plan, path: Path) -> str:
    """Return what stands for data on this machine; what the plan's own jobs write is no part of it."""
    root = plan.results_root
    if root is None:
        return data_digest(path, results_root())
    uri = parse_uri(root)
    return data_digest(path, uri.path if uri.scheme == "file" else results_root())


def made_by(plans: Iterable[Plan]) -> list[Path]:
    """Return the local places that the user told earlier steps of a chain to write to, or to use."""
    said = [value for plan in plans for _, value in named_paths(plan)]
    said += [plan.results_root for plan in plans if plan.results_root]
    return [at_home(Path(text)) for text in said]


def named_paths(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the keys and values of the user's own settings that are paths."""
    for override in plan.overrides:
        if override.source in (Source.USER, Source.SHORTHAND):
            for value in override.value if isinstance(override.value, list) else [override.value]:
                if isinstance(value, str) and value.startswith(("/", "~/")):
                    yield override.key, value


def _inputs(plan: Plan) -> Iterator[InputBinding]:
    plans = [plan]
    if plan.search is not None:
        plans += [part for part in (plan.search.evaluation, plan.search.baseline) if part is not None]
    for part in plans:
        yield from (data for data in part.inputs if data.runtime != "value" and not has_token(data.uri))


def _seen(plan: Plan, binding: InputBinding, made: Sequence[Path]) -> SeenData:
    seen = SeenData(key=binding.key, uri=binding.uri)
    if binding.on_hub:
        return seen.model_copy(update={"unchecked": "it lies on the model hub"})
    try:
        uri = parse_uri(binding.uri)
        if uri.scheme != "file":
            return seen.model_copy(update={"unchecked": "it does not lie on this machine"})
        if any(uri.path.is_relative_to(path) for path in made):
            return seen.model_copy(update={"unchecked": "an earlier step makes it"})
        digest = local_digest(plan, uri.path) if uri.path.exists() else ABSENT
    except (SkillbankError, OSError):
        digest = ""
    why = "" if digest else _UNREADABLE
    return seen.model_copy(update={"digest": digest, "unchecked": why})


def _label_set(plan: Plan, data: SeenData) -> Iterator[SeenData]:
    """Yield the manifest of the label set that data on this machine is a part of."""
    if data.digest:
        manifest = parse_uri(data.uri).path.parent / _LABELS
        if manifest.is_file() and (digest := local_digest(plan, manifest)):
            yield SeenData(key=f"label set of {data.key}", uri=str(manifest), digest=digest)


def _became(before: SeenData, now: SeenData) -> str:
    if now.digest == ABSENT:
        return "it is there no more"
    if before.digest == ABSENT:
        return "it was not there"
    return f"was {before.shown}, is {now.shown}"
