"""Classes of a set: added, renamed, merged, removed; a person's decision about a box stays as it is."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from skillbank.errors import UsageError
from skillbank.sets.logged import logged
from skillbank.sets.model import ClassSpec, LabelClass, SetNotFoundError
from skillbank.sets.tables import BOXES
from skillbank.sets.writing import Writing
from skillbank.stored import storable
from skillbank.visible import has_invisible, one_line

__all__ = [
    "LONGEST",
    "change_class",
    "checked_specs",
    "merge",
    "put_specs",
    "remove",
    "rename",
    "set_threshold",
]

_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
"""Characters that turn the order in which others are read."""
LONGEST = 200
"""Characters of a name or a caption."""


def checked_specs(specs: Iterable[ClassSpec]) -> list[ClassSpec]:
    """Return classes as they can be kept: a class without captions is found by its name.

    Raises
    ------
    UsageError
        When a name or caption is empty or too long, a name stands twice, or a threshold is none.
    """
    checked = []
    names: set[str] = set()
    for spec in specs:
        name = _text(spec.name, "a class's name")
        if name in names:
            raise UsageError(f"the class {one_line(name)} is said twice; say it once with all its captions")
        names.add(name)
        captions = tuple(dict.fromkeys(_text(c, f"a caption of {one_line(name)}") for c in spec.captions))
        nots = tuple(dict.fromkeys(_text(c, f"a caption of {one_line(name)}") for c in spec.not_captions))
        if both := next((caption for caption in captions if caption in nots), None):
            raise UsageError(f"{one_line(name)} is found by '{one_line(both)}' and not; say one of them")
        checked.append(
            ClassSpec(name, captions or (name,), nots, _threshold(spec.threshold), spec.threshold_run)
        )
    return checked


def put_specs(change: Writing, specs: Sequence[ClassSpec]) -> None:
    """Add classes, and change those that are there by name; none is ever removed."""
    for spec in checked_specs(specs):
        there = _named(change, spec.name)
        asked = {
            "captions": spec.captions,
            "not_captions": spec.not_captions,
            "threshold": spec.threshold,
            "threshold_run": _run(change, spec.threshold_run),
        }
        if there is None:
            place = len(change.classes)
            change.make("class", {"name": spec.name, **asked, "place": place, "gone": False, "into": None})
        else:
            _change(change, there, **asked)


def rename(change: Writing, number: int, name: str) -> None:
    """Give a class another name."""
    found = change.living(number)
    wanted = _text(name, "a class's name")
    other = _named(change, wanted)
    if other is not None and other.number != number:
        raise UsageError(
            f"there is a class {one_line(wanted)} already; merge {one_line(found.name)} into it instead"
        )
    _change(change, found, name=wanted)


def change_class(change: Writing, number: int, **fields: Any) -> None:
    """Give a class another name, other captions, another threshold, or several of these.

    Each is an event of its own kind, as where it is changed alone, and an undo turns the last around.
    """
    if "name" in fields:
        rename(change, number, fields["name"])
        _note(change, "rename")
    if "threshold_run" in fields and "threshold" not in fields:
        raise UsageError("a threshold_run says which run a threshold is for; say the threshold beside it")
    if "threshold" in fields:
        set_threshold(change, number, fields["threshold"], fields.get("threshold_run"))
        _note(change, "threshold")
    if "captions" in fields or "not_captions" in fields:
        found = change.living(number)
        captions = tuple(fields.get("captions", found.captions))
        not_captions = tuple(fields.get("not_captions", found.not_captions))
        [asked] = checked_specs([replace(found.spec, captions=captions, not_captions=not_captions)])
        _change(change, found, captions=asked.captions, not_captions=asked.not_captions)
        _note(change, "classes")


def _note(change: Writing, kind: str) -> None:
    if change.changed:
        change.note(kind)


def merge(change: Writing, numbers: Sequence[int], into: int) -> None:
    """Move all boxes of some classes, whatever was decided about them, into another."""
    target = change.living(into)
    captions, nots = dict.fromkeys(target.captions), dict.fromkeys(target.not_captions)
    for number in dict.fromkeys(numbers):
        found = change.living(number)
        if number == into:
            continue
        boxes = _boxes(change, number)
        change.change_all("box", boxes, {box: {"class": into} for box in boxes})
        captions |= dict.fromkeys(found.captions)
        nots |= dict.fromkeys(found.not_captions)
        _change(change, found, gone=True, into=into)
    nots = {caption: None for caption in nots if caption not in captions}
    _change(change, change.living(into), captions=tuple(captions), not_captions=tuple(nots))


def remove(change: Writing, number: int) -> None:
    """Remove a class with all its boxes; the log keeps them, and an undo brings them back."""
    found = change.living(number)
    change.drop_all("box", _boxes(change, number))
    _change(change, found, gone=True)


def set_threshold(change: Writing, number: int, value: float | None, run: int | None = None) -> None:
    """Set the least score of a class's proposals that are shown; None for the model's own.

    Parameters
    ----------
    run
        From whose scores it was suggested, and for whose proposals alone it counts; None for all.
    """
    found, least = change.living(number), _threshold(value)
    _change(change, found, threshold=least, threshold_run=None if least is None else _run(change, run))


def _run(change: Writing, number: int | None) -> int | None:
    if number is not None and change.get("run", number) is None:
        raise SetNotFoundError(f"the set has no run {number}")
    return number


def _boxes(change: Writing, number: int) -> dict[int, dict[str, object]]:
    change.flush()
    query = sa.select(BOXES).where(BOXES.c.set_id == change.set_id, BOXES.c["class"] == number)
    rows = change.db.execute(query.order_by(BOXES.c.number)).mappings()
    return {row["number"]: logged("box", row) for row in rows}


def _named(change: Writing, name: str) -> LabelClass | None:
    return next((c for c in change.classes.values() if c.name == name and not c.gone), None)


def _change(change: Writing, there: LabelClass, **fields: object) -> bool:
    before = change.get("class", there.number)
    return before is not None and change.change("class", there.number, before, fields)


def _text(text: str, what: str) -> str:
    said = " ".join(storable(text).split())
    if any(unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in _TURNS for c in said) or (
        said and all(map(has_invisible, said))
    ):
        raise UsageError(
            f"{what} is text that people can see, and '{one_line(text, 60)}' hides some; write it without"
        )
    if not said or len(said) > LONGEST:
        raise UsageError(f"{what} has 1 to {LONGEST} characters, and '{one_line(text, 60)}' has {len(said)}")
    return said


def _threshold(value: float | None) -> float | None:
    if value is None:
        return None
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise UsageError(f"a threshold is a score from 0 to 1, and {value} is none")
    return float(value)
