"""CVAT's own XML 1.1: of images, and of videos whose frames lie there as pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from skillbank.datasets.document import DataSet, Picture, Where, labels_of, split_of
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import pixels
from skillbank.datasets.formats.cvat_marks import add_mark, label_of
from skillbank.datasets.formats.files import UnreadableError, head, xml_parts
from skillbank.datasets.formats.gathering import Gathering, by_file, divided, outside, split_in, unlisted
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.formats.pairing import stem
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Cvat"]

_LOOKED_INTO = 200
_ROOT = re.compile(rb"<annotations[\s>]")
_PARTS = frozenset({"meta", "image", "track"})
_FRAME = re.compile(r"frame_0*(\d+)$")


class Cvat:
    """The format."""

    name = "cvat"
    title = "CVAT XML"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether XML files with ``<annotations>`` lie outside of the split folders."""
        files = list(islice(outside(tree, ".xml"), _LOOKED_INTO))
        mine = tuple(name for name in files if _ROOT.search(head(tree.path(name))))
        return Recognised(mine, f"{', '.join(mine[:3])} with <annotations>") if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for classes and subsets, and again when pictures are asked for."""
        found = self.recognise(tree)
        censuses = [_census(tree, file) for file in files_of(found)]
        listed = tuple(dict.fromkeys(name for census in censuses for name in census.listed))
        used = {name for census in censuses for name in census.used}
        classes = (*listed, *sorted(used - set(listed)))
        labels = labels_of(classes)
        entries: dict[str, list[tuple[str, str]]] = {}
        for census in censuses:
            for said in census.splits:
                entries.setdefault(said, []).append((census.file, said))
        frames = {census.file: _Frames(tree, census) for census in censuses if census.tracks}
        reader = _Reader(tree, labels, frames)
        splits, notes = divided(entries, reader.pictures, lambda some: (file for file, _ in some))
        notes.extend(unlisted(used, listed))
        notes.extend(note for each in frames.values() for note in each.notes)
        return DataSet(self.name, classes, splits, tuple(notes))


@dataclass(slots=True)
class _Census:
    """What a first look found in a file.

    Attributes
    ----------
    listed, used
        Names of classes: those of its own list in their order, and those of marks.
    splits
        Words for what its pictures belong to.
    tracks
        How many there are; they belong to a video.
    size
        Width and height of all frames, where the file says so.
    first, last
        Numbers of the frames that the task begins and ends with, where the file says so.
    """

    file: str
    listed: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    splits: dict[str, None] = field(default_factory=dict)
    tracks: int = 0
    size: tuple[int | None, int | None] = (None, None)
    first: int | None = None
    last: int | None = None


def _parts(tree: Tree, file: str) -> Iterator[Element]:
    try:
        yield from xml_parts(tree.path(file), _PARTS)
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}; export the task from CVAT again") from None


def _census(tree: Tree, file: str) -> _Census:
    census = _Census(file)
    for part in _parts(tree, file):
        if part.tag == "meta":
            census.listed.extend(_listed(part))
            census.size = (
                pixels(part.findtext(".//original_size/width")),
                pixels(part.findtext(".//original_size/height")),
            )
            census.first = _whole(part.findtext(".//start_frame"))
            census.last = _whole(part.findtext(".//stop_frame"))
        elif part.tag == "image":
            census.splits[_said(tree, file, part)] = None
            census.used.update(name for mark in part if mark.tag != "tag" and (name := label_of(mark)))
        else:
            census.splits[split_in(file)] = None
            census.tracks += 1
            if name := label_of(part):
                census.used.add(name)
    census.splits = census.splits or {"": None}
    return census


def _listed(meta: Element) -> Iterator[str]:
    """Yield the classes of a task, without the points of its skeletons."""
    for label in meta.iterfind(".//labels/label"):
        if label.find("parent") is None and (name := (label.findtext("name") or "").strip()):
            yield name


def _said(tree: Tree, file: str, image: Element) -> str:
    """Return the word for an image's split: its subset, or the folder that it lies in."""
    subset = image.get("subset", "")
    if split_of(subset) is not None:
        return subset
    return split_in(image.get("name", "").replace("\\", "/"), _found(tree, file, image), file)


def _found(tree: Tree, file: str, image: Element) -> str | None:
    near, subset = file.rpartition("/")[0], image.get("subset", "")
    folders = [f"{near}/images" if near else "images"]
    return tree.find(image.get("name", ""), beside=file, folders=[f"{folders[0]}/{subset}", *folders])


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    labels: Mapping[str, int]
    frames: Mapping[str, _Frames]

    def pictures(self, parts: Sequence[tuple[str, str]]) -> Iterator[Picture]:
        """Yield the pictures of files, of each those of some splits."""
        for file, words in by_file(parts).items():
            if file in self.frames:
                yield from self.frames[file].pictures(self.labels)
            for image in _parts(self.tree, file):
                if image.tag == "image" and _said(self.tree, file, image) in words:
                    yield self._picture(file, image)

    def _picture(self, file: str, image: Element) -> Picture:
        here = Gathering(Where(file, f"image {image.get('id', '')}".rstrip()), self.labels)
        for position, mark in enumerate(image, 1):
            add_mark(here, mark, label_of(mark), f"mark {position}")
        size = pixels(image.get("width")), pixels(image.get("height"))
        name = image.get("name", "")
        return here.picture(name, _found(self.tree, file, image), size, self.tree)


class _Frames:
    """The frames of a video: pictures named ``frame_000017``, and what tracks say of each.

    Raises
    ------
    DataError
        When no frame lies there as a picture.
    """

    def __init__(self, tree: Tree, census: _Census) -> None:
        self._tree, self._census = tree, census
        near = census.file.rpartition("/")[0]
        here = (name for name in tree.pictures if not near or name.startswith(f"{near}/"))
        self._paths = {int(number[1]): name for name in here if (number := _FRAME.search(stem(name)))}
        if not self._paths:
            raise DataError(
                f"{tree.path(census.file)} holds {census.tracks:,} tracks of a video whose frames are "
                "not there as pictures (images/frame_000000.PNG); export it from CVAT with its images, or as "
                "'CVAT for images 1.1'"
            )
        self._gaps = 0
        self._marks: dict[int, list[tuple[Element, str, str]]] = {}
        for part in _parts(tree, census.file):
            if part.tag == "track":
                self._add(part)

    def _add(self, track: Element) -> None:
        before: int | None = None
        for mark in track:
            frame = _whole(mark.get("frame"))
            if frame is None:
                continue
            if before is not None and frame > before + 1:
                self._gaps += 1
            is_outside = mark.get("outside") == "1"
            before = None if is_outside else frame
            if not is_outside:
                at = f"track {track.get('id', '')}, frame {frame}"
                self._marks.setdefault(frame, []).append((mark, label_of(track), at))

    @property
    def notes(self) -> list[str]:
        """What was decided."""
        notes = ["tracks of a video are taken as boxes of its single frames"]
        if self._gaps:
            notes.append(
                f"{self._gaps:,} times a track says nothing of some frames between two boxes; "
                "nothing is filled in there"
            )
        return notes

    def pictures(self, labels: Mapping[str, int]) -> Iterator[Picture]:
        """Yield the frames that lie there or have marks."""
        first, last = self._census.first or 0, self._census.last
        there = {frame for frame in self._paths if frame >= first and (last is None or frame <= last)}
        for frame in sorted(there | set(self._marks)):
            here = Gathering(Where(self._census.file, f"frame {frame}"), labels)
            for mark, name, at in self._marks.get(frame, ()):
                add_mark(here, mark, name, at)
            path = self._paths.get(frame)
            yield here.picture(path or f"frame_{frame:06}", path, self._census.size, self._tree)


def _whole(text: str | None) -> int | None:
    found = number(text)
    return int(found) if found is not None else None
