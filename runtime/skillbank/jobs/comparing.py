"""Finished jobs side by side: what they measured, on what, with which settings, and what their models are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from skillbank.errors import StateError, UsageError
from skillbank.jobs.measured import Measured, content, giver, inputs, measured, measured_on, used_spec
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import TOKENS, Source
from skillbank.plan.slots import slot
from skillbank.redact import looks_secret
from skillbank.visible import one_line
from skillbank.ways import command

if TYPE_CHECKING:
    from skillbank.jobs.service import Jobs

__all__ = ["Comparison", "compare", "of_a_chain"]

_MEASURES = "evaluate"
_CHOSEN = frozenset({Source.USER, Source.SHORTHAND, Source.PARENT, Source.AUTOML, Source.RETRY})
"""Where values come from that somebody has chosen, and the skill does not give to every job."""
_JUDGED_BY = ("captions", "threshold")
"""Slots by which the numbers of a measuring follow from more than its model and its data."""
_MOST = 20
"""Jobs side by side."""


@dataclass(frozen=True)
class Comparison:
    """Jobs side by side, in the order in which they were named.

    Attributes
    ----------
    settings
        Key of a spec to its value by job, where these differ; a job without the key is not in it.
    unlike
        Why the numbers cannot be held against each other, a sentence each; empty where they can.
    notes
        What else to know of them.
    """

    jobs: tuple[Measured, ...]
    settings: Mapping[str, Mapping[str, object]]
    unlike: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of all metrics, those first that every job has."""
        names = dict.fromkeys(name for each in self.jobs for name in each.metrics)
        return tuple(sorted(names, key=lambda name: not all(name in each.metrics for each in self.jobs)))

    def classes(self) -> Iterator[tuple[str, str, list[float | None]]]:
        """Yield class, measure and its value by job, for what two or more jobs have measured of a class."""
        rows = dict.fromkeys(
            (name, measure)
            for each in self.jobs
            for name, values in each.per_class.items()
            for measure in values
        )
        for name, measure in rows:
            found = [each.per_class.get(name, {}).get(measure) for each in self.jobs]
            if sum(value is not None for value in found) > 1:
                yield name, measure, found

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""
        return {"comparable": not self.unlike, **asdict(self)}


def compare(jobs: Jobs, named: Sequence[str]) -> Comparison:
    """Put finished jobs side by side, of one skill or of several.

    Parameters
    ----------
    named
        Two or more, each as people name a job.
    """
    if len(named) > _MOST:
        raise UsageError(f"{len(named)} jobs are too many to stand side by side; name {_MOST} at most")
    records: dict[str, JobRecord] = {}
    for name in named:
        record = jobs.look(name)
        if record.id in records:
            raise UsageError(f"{record.id} is named twice; name another job beside it")
        if not record.state.terminal:
            raise StateError(
                f"{record.id} is {record.state} and may measure more; compare it when it has ended "
                f"({command('status', record.id, '--watch')} waits)"
            )
        records[record.id] = record
    if len(records) < 2:
        raise UsageError("one job alone cannot be compared; name two or more")
    return _beside(jobs, list(records.values()))


def of_a_chain(jobs: Jobs, records: Sequence[JobRecord]) -> Comparison | None:
    """Compare what complete evaluations of several skills on the same data have measured; None without."""
    by_data: dict[tuple[str, ...], list[JobRecord]] = {}
    for record in records:
        if record.action == _MEASURES and record.state is JobState.COMPLETE:
            by_data.setdefault(measured_on(record), []).append(record)
    same = max(by_data.values(), key=len, default=[])
    return _beside(jobs, same) if len({record.skill for record in same}) > 1 else None


def _beside(jobs: Jobs, records: Sequence[JobRecord]) -> Comparison:
    told = tuple(measured(jobs, record) for record in records)
    settings = _settings({record.id: giver(jobs, record) for record in records})
    return Comparison(told, settings, tuple(_unlike(records, told)), tuple(_notes(records, told, settings)))


def _settings(givers: Mapping[str, JobRecord]) -> dict[str, dict[str, object]]:
    """Return the values that differ: of keys that all specs have, and of those that somebody has chosen."""
    specs = {job: _leaves(record) for job, record in givers.items()}
    chosen = {
        str(each["key"])
        for record in givers.values()
        for each in record.plan.get("overrides") or ()
        if each.get("source") in _CHOSEN
    }
    found = {}
    for key in dict.fromkeys(key for spec in specs.values() for key in spec):
        values = {job: spec[key] for job, spec in specs.items() if key in spec}
        in_all = len(values) == len(specs)
        if (in_all or key in chosen) and not (in_all and len(set(map(_text, values.values()))) == 1):
            found[key] = values
    return found


def _text(value: object) -> str:
    return json.dumps(value, default=str)


def _leaves(record: JobRecord) -> dict[str, object]:
    """Return the values of a spec by key, without secrets, and places of data and models, told apart."""
    planned = _flat(record.plan.get("spec") or {})
    places = {str(each.get("key")) for each in inputs(record)}
    places |= {key for key, value in planned.items() if any(token in str(value) for token in TOKENS)}
    used = {
        key: value
        for key, value in _flat(used_spec(record)).items()
        if not _holds_place(key, places) and not looks_secret(key.rpartition(".")[2])
    }
    # As a document holds it: an infinite number has no form of its own there.
    return {key: json.loads(_text(value), parse_constant=str) for key, value in sorted(used.items())}


def _flat(spec: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    waiting: list[tuple[str, object]] = [(str(key), value) for key, value in spec.items()]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(f"{path}.{key}", below) for key, below in value.items()]
        else:
            found[path] = value
    return found


def _holds_place(key: str, places: set[str]) -> bool:
    return any(place == key or place.startswith((f"{key}[", f"{key}.")) for place in places)


def _unlike(records: Sequence[JobRecord], told: Sequence[Measured]) -> Iterator[str]:
    """Say why the numbers of jobs cannot be held against those of the first."""
    for record in records[1:]:
        yield from _other_data(records[0], record)
    first = told[0]
    for each in told[1:]:
        if first.metrics and each.metrics and not set(first.metrics) & set(each.metrics):
            yield (
                f"{first.job} and {each.job} have no metric in common: {_listed(list(first.metrics))}; "
                f"{_listed(list(each.metrics))}."
            )
        if None not in (first.pictures, each.pictures) and first.pictures != each.pictures:
            yield f"{first.job} was measured on {first.pictures} pictures, {each.job} on {each.pictures}."
    for each in told:
        if not each.metrics:
            yield f"{each.job} has measured nothing."


def _other_data(one: JobRecord, other: JobRecord) -> Iterator[str]:
    mine, theirs = measured_on(one), measured_on(other)
    before, now = content(one), content(other)
    if any(before[place] != now[place] for place in set(before) & set(now)):
        yield f"{_listed(mine)} was changed between {one.id} and {other.id}, which were measured on it."
    elif not mine or not theirs:
        unknown = [record.id for record, on in ((one, mine), (other, theirs)) if not on]
        yield f"Nothing says on what {_listed(unknown)} measured."
    elif mine != theirs and not (before and sorted(before.values()) == sorted(now.values())):
        yield f"{one.id} and {other.id} were measured on different data: {_listed(mine)}; {_listed(theirs)}."


def _notes(
    records: Sequence[JobRecord], told: Sequence[Measured], settings: Mapping[str, Mapping[str, object]]
) -> Iterator[str]:
    for record in records:
        if record.state is not JobState.COMPLETE:
            yield f"{record.id} ended as {record.state}: its numbers are those of before that."
    for name in _JUDGED_BY:
        for key in _named(settings, name):
            yield f"{key} differs, from which the numbers follow too."
    if sum(each.rate is not None for each in told) > 1:
        if len({record.platform for record in records}) > 1:
            yield "The pictures a second are of different platforms."
        if sizes := _named(settings, "batch_size"):
            yield f"The pictures a second are of passes of different sizes ({_listed(sizes)})."


def _named(settings: Mapping[str, Mapping[str, object]], name: str) -> list[str]:
    """Return the keys by which people mean a slot."""
    return [key for key in settings if key.rpartition(".")[2] in slot(name).names]


def _listed(names: Sequence[str], most: int = 4) -> str:
    shown = ", ".join(one_line(name, 120) for name in names[:most])
    return shown + (", ..." if len(names) > most else "")
