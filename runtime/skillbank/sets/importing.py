"""An existing data set becomes part of a set: as it stands, or to be reviewed, mistakes first."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import sqlalchemy as sa

from skillbank.datasets.depths import FLAT, depth_of
from skillbank.datasets.document import Picture, Split
from skillbank.datasets.formats import LAST
from skillbank.datasets.looks import Look
from skillbank.datasets.opening import Opened
from skillbank.datasets.pictures import Gallery
from skillbank.sets.adding import add_pictures
from skillbank.sets.classes import put_specs
from skillbank.sets.geometry import inside
from skillbank.sets.kept_pictures import keeping
from skillbank.sets.label_set import LabelSet
from skillbank.sets.log import imported_boxes, names_ever
from skillbank.sets.logged import logged
from skillbank.sets.model import IMPORT, IMPORTED, Added, ClassSpec, Corners, FoundPicture
from skillbank.sets.tables import BOXES, PICTURES
from skillbank.sets.who import who_decides
from skillbank.sets.writing import Writing, change_set
from skillbank.storage.archive import archive_stem
from skillbank.storage.cache import content_key
from skillbank.storage.data_place import local_place
from skillbank.storage.uri import parse_uri
from skillbank.whole_files import replacing

__all__ = ["Imported", "import_data"]

_TAKEN = {"train": "train", "val": "val", "": ""}
"""Splits that come into a set, and what they are there; what is to be tested on stays apart."""

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
        Sentences of the data set itself: what of its place is not read.
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


@dataclass(frozen=True, slots=True)
class _Found:
    """A picture of a data set that can be decoded, with its boxes: class names and corners."""

    picture: FoundPicture
    split: str
    boxes: tuple[tuple[str, Corners], ...]


def import_data(
    labels: LabelSet,
    opened: Opened,
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
        nobody has looked whether they are empty.
    cache
        Folder of what can be made again.
    keep
        Folder for pictures that lie in the cache, unpacked or brought from elsewhere, and would go with it.
    place
        Where the data set was opened; pictures of a folder in a bucket stay there.
    """
    left, notes = _Left(), opened.data.notes
    opened = _boxes_alone(opened, left)
    with keeping(keep):
        found = list(_found(opened, left, _Places(cache, keep, *_bucket(place, cache))))
        different = {each.picture.sha256 for each in found}
        left["pictures that are another one, byte for byte,"] += len(found) - len(different)
        names = dict.fromkeys(" ".join(name.split()) for name in opened.data.classes)
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
    return Imported(added, boxes, counted, classes, tuple(left.unread), notes, len(splits))


class _Left(Counter[str]):
    """Counts of what is left out, by a title; pictures also with their names."""

    def __init__(self) -> None:
        super().__init__()
        self.unread: list[tuple[str, str]] = []

    def picture(self, title: str, picture: Picture, why: str) -> None:
        self[title] += 1
        self.unread.append((picture.path or picture.name, why))


def _boxes_alone(opened: Opened, left: Counter[str]) -> Opened:
    """Return a data set as its pictures alone where it marks no boxes: nobody has looked for any."""
    data = opened.data
    if data.marks == "boxes":
        return opened
    what = "masks" if data.marks == "areas" else "classes of whole pictures"
    left[f"{what}, which a set of boxes has no place for"] += 1
    return replace(opened, data=replace(data, format=LAST.name, classes=(), marks="boxes"))


def _found(opened: Opened, left: _Left, places: _Places) -> Iterator[_Found]:
    splits = [opened.split] if opened.split is not None else list(opened.data.splits)
    with Gallery(opened.tree, places.cache / "pictures") as gallery:
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
                made = _picture(opened, split, picture, look, left, places)
                if made is not None:
                    yield _Found(made, role, tuple(_named(opened, picture, look, left)))


def _picture(
    opened: Opened,
    split: Split,
    picture: Picture,
    look: Look | None,
    left: _Left,
    places: _Places,
) -> FoundPicture | None:
    if picture.path is None or look is None:
        left.picture("pictures that are not there", picture, "not there")
        return None
    if look.trouble:
        left.picture("pictures that cannot be decoded", picture, look.trouble)
        return None
    path = opened.tree.path(picture.path).absolute()
    sha256 = content_key(path, places.cache)
    name = picture.path if split.name == "" else picture.path.removeprefix(f"{split.said}/")
    depth = depth_of(path) if look.deep else FLAT
    return FoundPicture(name, places.of(path, sha256), sha256, look.width, look.height, look.small, depth)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where pictures of a data set lie for good.

    Attributes
    ----------
    cache, keep
        As `import_data` has them.
    brought, bucket
        The folder of the cache that holds what was brought of a folder in a bucket, and that folder's URI.
    """

    cache: Path
    keep: Path
    brought: Path | None = None
    bucket: str = ""

    def of(self, path: Path, sha256: str) -> str:
        """Return the place of a picture that lies at a path now."""
        if self.brought is not None and path.is_relative_to(self.brought):
            return f"{self.bucket}/{path.relative_to(self.brought).as_posix()}"
        is_cached = path.resolve().is_relative_to(self.cache.resolve())
        return str(_kept(path, sha256, self.keep) if is_cached else path)


def _bucket(place: str, cache: Path) -> tuple[Path | None, str]:
    """Return where a folder of a bucket was brought to, and its URI; nothing of any other place."""
    if not place.startswith("s3://") or archive_stem(parse_uri(place).name) is not None:
        return None, ""
    brought = local_place(place, cache).absolute()
    return (brought, place.rstrip("/")) if brought.is_dir() else (None, "")


def _kept(path: Path, sha256: str, keep: Path) -> Path:
    """Return a second name of a picture, by its content, where nothing is cleaned."""
    target = keep / sha256[:2] / f"{sha256}{path.suffix.lower()}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as work:
            try:
                work.unlink()
                os.link(path.resolve(), work)
            except OSError:
                shutil.copyfile(path, work)
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


def _put_classes(change: Writing, names: Iterable[str]) -> tuple[str, ...]:
    """Have the classes of these names, and return those that are new; an empty name is none."""
    there = {c.name for c in change.classes.values() if not c.gone}
    new = tuple(name for name in names if name and name not in there)
    put_specs(change, [ClassSpec(name) for name in new])
    return new


def _boxes(
    change: Writing, found: Sequence[_Found], new: Collection[int], left: Counter[str], *, to_review: bool
) -> int:
    change.flush()
    numbers = {c.name: c.number for c in change.classes.values() if not c.gone}
    query = sa.select(PICTURES).where(PICTURES.c.set_id == change.set_id)
    pictures = {row["sha256"]: row for row in change.db.execute(query).mappings()}
    known = _known(change, numbers)
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
        if not to_review:
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
