"""An existing data set becomes part of a set: as it stands, or to be reviewed, mistakes first."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from skillbank.datasets.document import Picture, Split
from skillbank.datasets.looks import Look
from skillbank.datasets.opening import Opened
from skillbank.datasets.pictures import Gallery
from skillbank.sets.classes import put_specs
from skillbank.sets.geometry import inside
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import IMPORTED, Added, ClassSpec, Corners, FoundPicture, person_named
from skillbank.sets.pictures import add_pictures
from skillbank.sets.tables import BOXES, PICTURES
from skillbank.sets.writing import Writing, change_set, logged
from skillbank.storage.cache import content_key

__all__ = ["Imported", "import_data"]

_TAKEN = {"train": "train", "val": "val", "": ""}
"""Splits that come into a set, and what they are there; what is to be tested on stays apart."""


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
    """

    added: Added
    boxes: int
    left: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Found:
    """A picture of a data set that can be decoded, with its boxes: class names and corners."""

    picture: FoundPicture
    split: str
    boxes: tuple[tuple[str, Corners], ...]


def import_data(
    labels: LabelSet, opened: Opened, who: str, *, to_review: bool, cache: Path, keep: Path
) -> Imported:
    """Take a data set into a set; a picture that is reviewed there stays as it is.

    Twice is as once: a box that a picture has is not added again.

    Parameters
    ----------
    to_review
        Whether the boxes are proposals that a person has to decide; else they are accepted, and the pictures
        count as reviewed.  Pictures alone, where no class and no box is told, are always to be reviewed:
        nobody has looked whether they are empty.
    cache
        Folder of what can be made again.
    keep
        Folder for pictures that lie in the cache, unpacked or brought from elsewhere, and would go with it.
    """
    left: Counter[str] = Counter()
    found = list(_found(opened, left, cache, keep))
    names = dict.fromkeys(opened.data.classes) | dict.fromkeys(name for f in found for name, _ in f.boxes)
    with change_set(labels.engine, labels.id, person_named(who)) as change:
        there = {c.name for c in change.classes.values() if not c.gone}
        put_specs(change, [ClassSpec(name) for name in names if name.strip() and name not in there])
        if change.changed:
            change.note("import")
        splits = {each.picture.sha256: each.split for each in found if each.split}
        added = add_pictures(change, (each.picture for each in found), splits)
        if change.changed:
            change.note("pictures")
        boxes = _boxes(change, found, left, to_review=to_review or not names)
    return Imported(added, boxes, dict(left))


def _found(opened: Opened, left: Counter[str], cache: Path, keep: Path) -> Iterator[_Found]:
    splits = [opened.split] if opened.split is not None else list(opened.data.splits)
    with Gallery(opened.tree, cache / "pictures") as gallery:
        for split in splits:
            role = _TAKEN.get(split.name)
            if opened.split is not None:
                role = _TAKEN.get(split.name, "")
            if role is None:
                left[f"pictures of the split {split.said or split.name}, which stays for testing"] += sum(
                    1 for _ in split.pictures()
                )
                continue
            for picture, look in gallery.looked(split.pictures()):
                made = _picture(opened, split, picture, look, left, cache, keep)
                if made is not None:
                    yield _Found(made, role, tuple(_named(opened, picture, look, left)))


def _picture(
    opened: Opened,
    split: Split,
    picture: Picture,
    look: Look | None,
    left: Counter[str],
    cache: Path,
    keep: Path,
) -> FoundPicture | None:
    if picture.path is None or look is None:
        left["pictures that are not there"] += 1
        return None
    if look.trouble:
        left["pictures that cannot be decoded"] += 1
        return None
    path = opened.tree.path(picture.path).absolute()
    sha256 = content_key(path, cache)
    if path.resolve().is_relative_to(cache.resolve()):
        path = _kept(path, sha256, keep)
    name = picture.path if split.name == "" else picture.path.removeprefix(f"{split.said}/")
    return FoundPicture(name, str(path), sha256, look.width, look.height, look.small)


def _kept(path: Path, sha256: str, keep: Path) -> Path:
    """Return a second name of a picture, by its content, where nothing is cleaned."""
    target = keep / sha256[:2] / f"{sha256}{path.suffix.lower()}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        work = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        work.unlink(missing_ok=True)
        try:
            os.link(path.resolve(), work)
        except OSError:
            shutil.copyfile(path, work)
        work.replace(target)
    return target


def _named(
    opened: Opened, picture: Picture, look: Look | None, left: Counter[str]
) -> Iterator[tuple[str, Corners]]:
    assert look is not None
    size = look.width, look.height
    stated = picture.width or size[0], picture.height or size[1]
    if stated != size:
        left["boxes in pictures of another size than is stated"] += len(picture.boxes)
        return
    for box in picture.boxes:
        name = box.phrase if box.label is None else opened.data.classes[box.label]
        corners = inside((box.x1, box.y1, box.x2, box.y2), *size, least=1.0)
        if corners is None:
            left["boxes outside of their pictures"] += 1
        elif not name.strip():
            left["boxes without a class"] += 1
        else:
            yield " ".join(name.split()), corners


def _boxes(change: Writing, found: Sequence[_Found], left: Counter[str], *, to_review: bool) -> int:
    change.flush()
    numbers = {c.name: c.number for c in change.classes.values() if not c.gone}
    query = sa.select(PICTURES).where(PICTURES.c.set_id == change.set_id)
    pictures = {row["sha256"]: row for row in change.db.execute(query).mappings()}
    boxes = sa.select(BOXES.c.picture, BOXES.c["class"], BOXES.c.x1, BOXES.c.y1, BOXES.c.x2, BOXES.c.y2)
    known = {tuple(row) for row in change.db.execute(boxes.where(BOXES.c.set_id == change.set_id))}
    count = 0
    for each in found:
        row = pictures[each.picture.sha256]
        if row["state"] == "reviewed":
            left["boxes of pictures that are reviewed already"] += len(each.boxes)
            continue
        for name, corners in each.boxes:
            key = row["number"], numbers[name], *corners
            if key in known:
                continue
            known.add(key)
            change.make("box", _fields(row["number"], numbers[name], corners, to_review=to_review))
            count += 1
        if not to_review:
            _reviewed(change, row)
        if change.changed:
            change.note("import", row["number"])
    return count


def _fields(picture: int, number: int, corners: Corners, *, to_review: bool) -> dict[str, Any]:
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
