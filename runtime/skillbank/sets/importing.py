"""An existing data set becomes part of a set: as it stands, or to be reviewed, mistakes first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from skillbank.sets.adding import add_pictures
from skillbank.sets.classes import put_specs
from skillbank.sets.incoming import Found, Incoming
from skillbank.sets.kept_pictures import keeping
from skillbank.sets.label_set import LabelSet
from skillbank.sets.log import imported_boxes, names_ever
from skillbank.sets.logged import logged
from skillbank.sets.model import IMPORT, IMPORTED, Added, ClassSpec, Corners
from skillbank.sets.tables import BOXES, PICTURES
from skillbank.sets.who import who_decides
from skillbank.sets.writing import Writing, change_set

__all__ = ["Imported", "import_data"]

_Key: TypeAlias = tuple[object, ...]
"""What makes a box the same as another: picture, class and corners."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What has come into a set.

    Attributes
    ----------
    added
        Pictures.
    boxes
        How many boxes were added.
    left
        Counts of what was left out, by a title for a count: "pictures that cannot be decoded".
    classes
        Names of the classes that the set did not have; they stay also where all their boxes are left out.
    unread
        The pictures among it that are not there or cannot be decoded: which, and half a sentence.
    notes
        Sentences of the data set itself: what of its place is not read, and what became of its marks.
    divided
        How many pictures have the split that they had in the data set; others are dealt by the set's share.
    """

    added: Added
    boxes: int
    left: dict[str, int]
    classes: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    divided: int = 0


def import_data(
    labels: LabelSet,
    data: Incoming,
    who: str,
    *,
    to_review: bool,
    cache: Path,
    keep: Path,
    place: str = "",
) -> Imported:
    """Take a data set into a set; a picture that is reviewed there stays as it is.

    Twice is as once: a box that a picture has is not added again.

    Parameters
    ----------
    to_review
        Whether the boxes are proposals that a person has to decide; else they are accepted, and the pictures
        count as reviewed.  Pictures alone, where no class and no box is told, are always to be reviewed:
        nobody has looked whether they are empty; so are those whose marks did not all come in.
    cache
        Folder of what can be made again.
    keep
        Folder for pictures that lie in the cache, unpacked or brought from elsewhere, and would go with it.
    place
        Where the data set was opened; pictures of a folder in a bucket stay there.
    """
    left = data.left
    with keeping(keep):
        found = list(data.pictures(cache, keep, place))
        different = {each.picture.sha256 for each in found}
        left["pictures that are another one, byte for byte,"] += len(found) - len(different)
        names = dict.fromkeys(" ".join(name.split()) for name in data.repair.classes)
        names |= dict.fromkeys(name for f in found for name, _ in f.boxes)
        splits = {each.picture.sha256: each.split for each in found if each.split}
        with change_set(labels.engine, labels.id, who_decides(who)) as change:
            classes = _put_classes(change, names)
            if change.changed:
                change.note(IMPORT)
            added = add_pictures(change, (each.picture for each in found), splits)
            if change.changed:
                change.note("pictures")
            boxes = _boxes(change, found, set(added.new), left, to_review=to_review or not names)
    counted = {title: n for title, n in left.items() if n}
    notes = (*data.notes(), *_open(found, to_review=to_review))
    return Imported(added, boxes, counted, classes, tuple(left.unread), notes, len(splits))


def _open(found: Iterable[Found], *, to_review: bool) -> Iterator[str]:
    """Say how many pictures count as reviewed no more, since not all that was marked has come in."""
    count = 0 if to_review else len(_partial(found))
    if count:
        yield f"pictures whose marks did not all come in are to be reviewed: {count:,}"


def _partial(found: Iterable[Found]) -> set[str]:
    return {each.picture.sha256 for each in found if not each.is_whole}


def _put_classes(change: Writing, names: Iterable[str]) -> tuple[str, ...]:
    """Have the classes of these names, and return those that are new; an empty name is none."""
    there = {c.name for c in change.classes.values() if not c.gone}
    new = tuple(name for name in names if name and name not in there)
    put_specs(change, [ClassSpec(name) for name in new])
    return new


def _boxes(
    change: Writing, found: Sequence[Found], new: Collection[int], left: Counter[str], *, to_review: bool
) -> int:
    change.flush()
    numbers = {c.name: c.number for c in change.classes.values() if not c.gone}
    query = sa.select(PICTURES).where(PICTURES.c.set_id == change.set_id)
    pictures = {row["sha256"]: row for row in change.db.execute(query).mappings()}
    known, partial = _known(change, numbers), _partial(found)
    count = 0
    for each in found:
        row = pictures[each.picture.sha256]
        if row["state"] == "reviewed":
            left["boxes of pictures that are reviewed already"] += len(each.boxes)
            continue
        for name, corners in each.boxes:
            key: _Key = (row["number"], numbers[name], *corners)
            if key not in known:
                known.add(key)
                change.make("box", _fields(row["number"], numbers[name], corners, to_review=to_review))
                count += 1
        if not to_review and each.picture.sha256 not in partial:
            _reviewed(change, row)
        # Who has labelled a data set says of a picture without a box, too, what is in it.
        if change.changed or (row["number"] in new and not each.boxes):
            change.note(IMPORT, row["number"])
    return count


def _known(change: Writing, numbers: Mapping[str, int]) -> set[_Key]:
    """Return the boxes that a set has, and those that came into it, by what their classes' numbers are now.

    A box that somebody has moved, renamed or taken away since is not to come a second time.
    """
    boxes = sa.select(BOXES.c.picture, BOXES.c["class"], BOXES.c.x1, BOXES.c.y1, BOXES.c.x2, BOXES.c.y2)
    there = change.db.execute(boxes.where(BOXES.c.set_id == change.set_id))
    before, names = imported_boxes(change), names_ever(change)
    return {tuple(row) for row in there} | {
        (box["picture"], numbers[name], *(box[k] for k in ("x1", "y1", "x2", "y2")))
        for box in before.values()
        for name in names.get(box["class"], set()) & set(numbers)
    }


def _fields(picture: int, number: int, corners: Corners, *, to_review: bool) -> dict[str, object]:
    return {
        "picture": picture,
        "class": number,
        **dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True)),
        "score": None,
        "caption": "",
        "origin": IMPORTED,
        "run": None,
        "state": "proposed" if to_review else "accepted",
        "by": None,
        "first": None,
    }


def _reviewed(change: Writing, row: sa.RowMapping) -> None:
    fields = {"state": "reviewed", "reviewed_by": None, "reviewed_at": change.at}
    change.change("picture", row["number"], logged("picture", row), fields)


def counts(left: Iterable[tuple[str, int]]) -> list[str]:
    """Return a sentence for each kind of what was left out."""
    return [f"{title} are left out: {count:,}" for title, count in left if count]
