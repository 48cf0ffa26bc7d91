"""Classes of a command and those that a set has: the same, changed or new ones, never two of a kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from skillbank.descriptions import same
from skillbank.errors import UsageError
from skillbank.sets.model import ClassSpec, LabelClass, Run
from skillbank.sets.ontology import line_of
from skillbank.sets.written import Written, wrong_among
from skillbank.visible import one_line
from skillbank.ways import Sentence, command

__all__ = ["Settled", "of_other_runs", "settled"]


@dataclass(frozen=True)
class Settled:
    """What a command changes of a set's classes: those to be put, and sentences on it."""

    put: tuple[ClassSpec, ...]
    notes: tuple[str, ...]


def settled(name: str, there: Sequence[LabelClass], asked: Sequence[ClassSpec]) -> Settled:
    """Compare what is asked for with the classes of a set.

    A class that is asked for by its name gets the captions that were asked for; its threshold stays unless
    another one was said. A class whose captions are all another one's was renamed or merged, and is that.

    Raises
    ------
    UsageError
        When a caption would belong to two classes, or two names would look like one: a sentence each.
    """
    named = {each.name: each for each in there}
    owner_of = {same(caption): each for each in there for caption in each.captions}
    put, notes = [], []
    for spec in asked:
        found = named.get(spec.name)
        into = _renamed_to(spec, owner_of) if found is None else None
        if into is not None and not any(other.name == into.name for other in asked):
            notes.append(f"'{one_line(spec.name)}' is the class '{one_line(into.name)}' of {name} now.")
            continue
        new = spec
        if found is not None:
            new = _with_threshold(spec, found)
            notes += _changes(found.spec, new)
        if found is None or found.spec != new:
            put.append(new)
    _refuse_doubles(
        name, [*{**{each.name: each.spec for each in there}, **{s.name: s for s in put}}.values()]
    )
    return Settled(tuple(put), tuple(notes))


def _with_threshold(spec: ClassSpec, found: LabelClass) -> ClassSpec:
    """Return a class with the threshold that it has, where none was said."""
    if spec.threshold is not None:
        return spec
    return replace(spec, threshold=found.threshold, threshold_run=found.threshold_run)


def _renamed_to(spec: ClassSpec, owner_of: Mapping[str, LabelClass]) -> LabelClass | None:
    """Return the one class that has all captions of another; None where there is no such class."""
    owners = [owner_of.get(same(caption)) for caption in spec.captions]
    numbers = {owner.number if owner is not None else None for owner in owners}
    return owners[0] if len(numbers) == 1 else None


def of_other_runs(name: str, there: Sequence[LabelClass], run: Run) -> Iterator[str]:
    """Say which thresholds were suggested for other runs, and say nothing of this one's scores."""
    for each in there:
        if each.threshold is not None and each.threshold_run not in (None, run.number):
            yield (
                Sentence(
                    f"The threshold {each.threshold:g} of '{one_line(each.name)}' was suggested for run "
                    f"{each.threshold_run}; run {run.number} has {run.threshold:g} until you set another: "
                    f"{command('sets thresholds', name)}."
                )
            )


def _changes(before: ClassSpec, now: ClassSpec) -> Iterator[str]:
    if (before.captions, before.not_captions) != (now.captions, now.not_captions):
        yield (
            f"The captions have changed: '{one_line(line_of(now), 300)}', before "
            f"'{one_line(line_of(before), 300)}'."
        )
    if before.threshold != now.threshold:
        was = "the model's" if before.threshold is None else f"{before.threshold:g}"
        yield f"The threshold of '{one_line(now.name)}' is {now.threshold:g} now, before {was}."


def _refuse_doubles(name: str, classes: Sequence[ClassSpec]) -> None:
    written = [
        Written(f"'{one_line(line_of(each), 300)}'", each.name, list(each.captions), list(each.not_captions))
        for each in classes
    ]
    if faults := list(wrong_among(written)):
        raise UsageError("\n".join([*faults, f"The set {name} would hold all of these classes."]))
