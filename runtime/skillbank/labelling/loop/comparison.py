"""Models of a set beside each other: on the pictures that validate, as people have left them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from skillbank.errors import SkillbankError, StateError, UsageError
from skillbank.labelling.loop.asking import Looked, Told, look
from skillbank.labelling.models import Model, find_model, model_digest
from skillbank.sets.accuracy import Accuracy, Estimate, Truth, accuracy, difference
from skillbank.sets.geometry import overlap
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Filter, LabelBox, LabelClass, PictureRow, Proposal, Run, SetSummary
from skillbank.sets.rounds import Round, rounds_of
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked, option

if TYPE_CHECKING:
    from skillbank.facade.starting import Starting

__all__ = ["Compared", "Measured", "Split", "compare", "report"]

_PAGE = 1000
_SAME = 0.5
"""Overlap from which two models have found the same object."""
_FEW = 20
"""Pictures below which the numbers say little, and it is said."""
_DECIDED = ("accepted", "edited")


@dataclass(frozen=True)
class Measured:
    """A model and how well it finds what people have marked."""

    name: str
    sha256: str
    runs: tuple[int, ...]
    looked: Looked
    accuracy: Accuracy


@dataclass(frozen=True)
class Split:
    """A picture in which models find different things.

    Attributes
    ----------
    apart
        Boxes of one model that another has not found.
    boxes
        What each model shows, in the order of the models.
    truth
        What people have marked.
    """

    row: PictureRow
    apart: int
    boxes: tuple[tuple[Proposal, ...], ...]
    truth: tuple[Truth, ...]


@dataclass(frozen=True)
class Compared:
    """What there is to say.

    Attributes
    ----------
    rounds
        None where models alone were asked for.
    pictures, objects
        Reviewed pictures of the validation split that all models were asked about, and what is on them.
    apart
        The pictures with most disagreement among the last two models, or all that were asked for.
    """

    summary: SetSummary
    digest: str
    classes: tuple[LabelClass, ...]
    rounds: tuple[Round, ...] | None
    models: tuple[Measured, ...]
    pictures: int
    objects: int
    apart: tuple[Split, ...]
    notes: tuple[str, ...] = field(default=())

    def names(self) -> dict[int, str]:
        """Return the names of the classes; those that are gone may be called as others are now."""
        return {c.number: f"{c.name} (gone, {c.number})" if c.gone else c.name for c in self.classes}

    def differences(self) -> Iterator[tuple[Measured, Measured, tuple[Estimate, Estimate]]]:
        """Yield models one after the other, with how much better the second is in mAP50 and mAP."""
        for before, after in pairwise(self.models):
            between = difference(before.accuracy, after.accuracy)
            if between is not None:
                yield before, after, between

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        names = self.names()
        told: dict[str, object] = {
            "set": self.summary.name,
            "version": self.summary.version,
            "digest": self.digest,
            "pictures": {"all": self.summary.pictures, "reviewed": self.summary.reviewed},
            "validation": {"pictures": self.pictures, "objects": self.objects},
            "models": [_model(each, names) for each in self.models],
            "differences": [
                {"from": a.name, "to": b.name, "mAP50": _estimate(found[0]), "mAP": _estimate(found[1])}
                for a, b, found in self.differences()
            ],
            "disagreement": [
                {"picture": each.row.number, "name": each.row.name, "boxes": each.apart}
                for each in self.apart
            ],
            "notes": list(self.notes),
        }
        if self.rounds is not None:
            told["rounds"] = [_round(each, names) for each in self.rounds]
        return told


def report(
    runtime: Starting,
    labels: LabelSet,
    *,
    also: Sequence[str] = (),
    most: int = 12,
    told: Told = lambda done, total: None,
) -> Compared:
    """Return the rounds of a set, and the models that have looked at it beside each other.

    Parameters
    ----------
    also
        Further models, or files of such that ran and are not found by their names any more.
    most
        Pictures with disagreement.

    Raises
    ------
    DataNotFoundError, JobNotFoundError, ParentError, DataError, PlatformError
        When a model that was named is not there, or the engine cannot use it.
    """
    named = [find_model(runtime, each) for each in also]
    digests = {model_digest(model.source): model for model in named}
    models: dict[str, Model] = {}
    notes: list[str] = []
    for run in labels.runs():
        if run.model_sha256 in models:
            continue
        found = digests.get(run.model_sha256) or _again(runtime, run)
        if isinstance(found, str):
            notes.append(found)
        else:
            models[run.model_sha256] = Model(found.source, run.model)
    listed = list(models.values())
    listed += [each for digest, each in digests.items() if digest not in models]
    rows = _validating(labels)
    if not rows:
        notes.append(_none_reviewed(labels))
        listed = []
    return _compared(labels, listed, rows, most, told, notes, rounds=tuple(rounds_of(labels)), last=2)


def compare(
    runtime: Starting,
    labels: LabelSet,
    given: Sequence[str],
    *,
    most: int = 12,
    told: Told = lambda done, total: None,
) -> Compared:
    """Return any models beside each other.

    Raises
    ------
    UsageError
        When fewer than two different models are named.
    StateError
        When no picture of the validation split is reviewed.
    DataNotFoundError, JobNotFoundError, ParentError, DataError, PlatformError
        When a model is not there, or the engine cannot use it.
    """
    models = [find_model(runtime, each) for each in given]
    known: dict[str, str] = {}
    for said, model in zip(given, models, strict=True):
        content = model_digest(model.source) or model.source
        if content in known:
            raise UsageError(
                f"'{one_line(known[content])}' and '{one_line(said)}' are one model; name another one"
            )
        known[content] = said
    if len(models) < 2:
        raise UsageError("one model alone cannot be compared; name two or more")
    rows = _validating(labels)
    if not rows:
        raise StateError(_none_reviewed(labels))
    return _compared(labels, _apart_by_name(models, given), rows, most, told, [], rounds=None, last=None)


def _apart_by_name(models: Sequence[Model], given: Sequence[str]) -> list[Model]:
    """Return models whose names differ: of files of one name, what was said is the name."""
    names = [model.name for model in models]
    return [
        Model(model.source, said if names.count(model.name) > 1 else model.name)
        for model, said in zip(models, given, strict=True)
    ]


def _again(runtime: Starting, run: Run) -> Model | str:
    """Return the model of a run, or a sentence on why it is not measured."""
    what = f"'{one_line(run.model)}' of run {run.number} is not measured"
    way = Sentence(f"give its file with {option('checkpoint')}")
    why = ""
    for place in dict.fromkeys((run.source or run.model, run.model)):
        try:
            model = find_model(runtime, place)
            if (model_digest(model.source) or model.source) == run.model_sha256:
                return model
            said = Sentence(f"{what}: what lies at {one_line(place)} now is another model; {marked(way)}.")
        except SkillbankError as error:
            said = Sentence(
                f"{what}, it is not found any more ({error.sentence.marked.rstrip('.')}); {marked(way)}."
            )
        why = why or said
    return why


def _none_reviewed(labels: LabelSet) -> str:
    stands = labels.summary()
    if not stands.val_pictures:
        way = "a set of few pictures has none, and more of them bring some"
        if not stands.val:
            way = Sentence(
                "it was made without; take some in with "
                f"{command('sets import', 'DATA', f'--into {stands.name}')}"
            )
        return Sentence(
            f"{stands.name} has no picture to validate on, so nothing can be measured; {marked(way)}."
        )
    if stands.val_pictures == 1:
        return Sentence(
            f"the one picture that {stands.name} has to validate on is not reviewed, so nothing can be "
            f"measured; {command('review', stands.name)} asks for it among the others."
        )
    return Sentence(
        f"no picture of the {stands.val_pictures:,} that validate {stands.name} is reviewed, so nothing can "
        f"be measured; {command('review', stands.name)} asks for them among the others."
    )


def _validating(labels: LabelSet) -> list[PictureRow]:
    found: list[PictureRow] = []
    after: int | None = None
    where = Filter("reviewed", split="val")
    while page := labels.pictures(where=where, order="number", after=after, limit=_PAGE):
        found += page
        after = page[-1].number
    return found


def _compared(
    labels: LabelSet,
    models: Sequence[Model],
    rows: Sequence[PictureRow],
    most: int,
    told: Told,
    notes: list[str],
    *,
    rounds: tuple[Round, ...] | None,
    last: int | None,
) -> Compared:
    classes = labels.classes()
    seen = [look(model, rows, classes, told=told) for model in models]
    rows = _seen_by_all(rows, seen, notes)
    truths = {row.number: _truths(labels.picture(row.number).boxes) for row in rows}
    if models and 0 < len(rows) < _FEW:
        notes.append(f"{len(rows)} reviewed pictures to validate on are few: the numbers say little yet.")
    runs = labels.runs()
    measured = tuple(_measured(each, rows, truths, runs) for each in seen)
    shown = measured if last is None else measured[-last:]
    return Compared(
        labels.summary(),
        labels.digest(),
        labels.classes(gone=True),
        rounds,
        measured,
        len(rows),
        sum(len(found) for found in truths.values()),
        tuple(_most_apart(rows, shown, classes, truths, most)),
        tuple(notes),
    )


def _seen_by_all(rows: Sequence[PictureRow], seen: Sequence[Looked], notes: list[str]) -> list[PictureRow]:
    """Return the pictures that every model could look at; note why the others are not measured."""
    lacking = {number: why for each in seen for number, why in each.left_out.items()}
    for row in rows:
        if row.number in lacking:
            notes.append(f"{one_line(row.name, 200)} is not measured: it is {lacking[row.number]}.")
    return [row for row in rows if row.number not in lacking]


def _measured(
    looked: Looked,
    rows: Sequence[PictureRow],
    truths: Mapping[int, tuple[Truth, ...]],
    runs: Sequence[Run],
) -> Measured:
    """Return how well one model finds what people have marked."""
    return Measured(
        looked.name,
        looked.sha256,
        tuple(run.number for run in runs if run.model_sha256 == looked.sha256),
        looked,
        accuracy([truths[r.number] for r in rows], [looked.found[r.number] for r in rows]),
    )


def _truths(boxes: Sequence[LabelBox]) -> tuple[Truth, ...]:
    return tuple(Truth(box.class_number, box.corners) for box in boxes if box.state in _DECIDED)


def _most_apart(
    rows: Sequence[PictureRow],
    models: Sequence[Measured],
    classes: Sequence[LabelClass],
    truths: dict[int, tuple[Truth, ...]],
    most: int,
) -> list[Split]:
    lines = {each.number: each.threshold for each in classes}
    found = []
    for row in rows:
        boxes = tuple(_shown(each.looked, row.number, lines) for each in models)
        apart = sum(_missing(one, other) + _missing(other, one) for one, other in combinations(boxes, 2))
        if apart:
            found.append(Split(row, apart, boxes, truths[row.number]))
    return sorted(found, key=lambda each: (-each.apart, each.row.number))[:most]


def _shown(looked: Looked, picture: int, lines: dict[int, float | None]) -> tuple[Proposal, ...]:
    kept = []
    for proposal in looked.found[picture]:
        line = lines.get(proposal.class_number)
        if proposal.score >= (looked.threshold if line is None else line):
            kept.append(proposal)
    return tuple(kept)


def _missing(one: Sequence[Proposal], other: Sequence[Proposal]) -> int:
    """Return how many boxes of a model another one has no match for, each of which matches one."""
    free = list(other)
    count = 0
    for box in one:
        same = [each for each in free if each.class_number == box.class_number]
        best = max(same, key=lambda each: overlap(each.box, box.box), default=None)
        if best is not None and overlap(best.box, box.box) >= _SAME:
            free.remove(best)
        else:
            count += 1
    return count


def _estimate(found: Estimate | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {name: round(getattr(found, name), 4) for name in ("value", "low", "high")}


def _model(each: Measured, names: dict[int, str]) -> dict[str, object]:
    return {
        "name": each.name,
        "sha256": each.sha256,
        "runs": list(each.runs),
        "mAP50": _estimate(each.accuracy.map50),
        "mAP": _estimate(each.accuracy.map),
        "classes": {
            names[number]: {"AP50": round(value, 4), "objects": objects}
            for number, (value, objects) in each.accuracy.classes.items()
        },
    }


def _round(each: Round, names: dict[int, str]) -> dict[str, object]:
    def counts(found: object) -> dict[str, int]:
        return {name: getattr(found, name) for name in ("accepted", "edited", "added", "rejected")}

    return {
        "run": each.run,
        "model": each.model or None,
        "started": each.started.isoformat(),
        "reviewed": each.reviewed,
        "reviewed_val": each.reviewed_val,
        "seconds": round(each.seconds, 1),
        "seconds_a_picture": _rounded(each.seconds_a_picture),
        "actions": each.actions,
        "actions_a_picture": _rounded(each.actions_a_picture),
        "people": dict(each.people),
        "boxes": counts(each.total),
        "classes": {names.get(number, str(number)): counts(found) for number, found in each.classes.items()},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
