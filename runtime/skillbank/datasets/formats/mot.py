"""MOTChallenge: a folder a sequence, its frames in ``img1`` and the tracks of all in ``gt/gt.txt``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillbank.datasets.document import DataSet, Picture, Where, labels_of
from skillbank.datasets.document import split_in as word_in
from skillbank.datasets.formats.base import Recognised, files_of
from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.formats.files import UnreadableError, head, text_of
from skillbank.datasets.formats.gathering import Gathering, divided, outside, split_in
from skillbank.datasets.formats.numbers import whole
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few

__all__ = ["Mot"]

_HOME, _FRAMES, _LABELS = "gt/gt.txt", "img1", "gt/labels.txt"
_FEWEST = 7
"""Frame, track, x, y, width, height, and whether the row counts; behind them class and visibility."""
_DIGITS = re.compile(r"(\d+)\.\w+$")
_CLASSES = (
    "pedestrian", "person on vehicle", "car", "bicycle", "motorbike", "non motorized vehicle",
    "static person", "distractor", "occluder", "occluder on the ground", "occluder full", "reflection",
    "crowd",
)  # fmt: skip
"""The challenge's numbers, from 1."""

_Row = tuple[int, list[str]]


class Mot:
    """The format."""

    name = "mot"
    title = "MOTChallenge"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether sequences with tracks and frames lie outside of the split folders."""
        files = tuple(
            name
            for name in outside(tree, ".txt")
            if f"/{name}".endswith(f"/{_HOME}") and _is_tracks(tree, name) and _frames(tree, name)
        )
        return Recognised(files, f"{a_few(files, 3)} with tracks") if files else None

    def read(self, tree: Tree) -> DataSet:
        """Read the tracks once for their classes, and again when pictures are asked for."""
        found = self.recognise(tree)
        entries: dict[str, list[str]] = {}
        names: dict[str, None] = {}
        for file in files_of(found):
            listed = _listed(tree, file)
            used = {_class(words, listed) for _, words in _rows(tree, file) if _counts(words)}
            names.update(dict.fromkeys(name for name in listed if name in used))
            parts = [word_in(part) or "" for part in file.split("/")[:-2]]
            said = split_in(file) or next((part for part in parts if part), "")
            entries.setdefault(said, []).append(file)
        classes = tuple(names)
        reader = _Reader(tree, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, tuple(notes))


def _is_tracks(tree: Tree, name: str) -> bool:
    start = head(tree.path(name), 2048).decode("utf-8", "replace").lstrip()
    words = start.partition("\n")[0].strip().split(",")
    return len(words) >= _FEWEST and numbers(words) is not None


def _frames(tree: Tree, file: str) -> dict[int, str]:
    """Return the pictures of a sequence by the number of their frame."""
    folder = f"{file.removesuffix(_HOME)}{_FRAMES}/"
    return {
        int(found[1]): name
        for name in tree.pictures
        if name.startswith(folder) and (found := _DIGITS.search(name)) is not None
    }


def _listed(tree: Tree, file: str) -> tuple[str, ...]:
    """Return the names of classes: those that CVAT lays beside the tracks, or the challenge's."""
    beside = f"{file.removesuffix(_HOME)}{_LABELS}"
    if beside not in tree.files:
        return _CLASSES
    try:
        text = text_of(tree.path(beside), 1 << 20)
    except UnreadableError:
        return _CLASSES
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _rows(tree: Tree, file: str) -> Iterator[_Row]:
    try:
        text = text_of(tree.path(file))
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}") from None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, [word.strip() for word in line.split(",")]


def _counts(words: Sequence[str]) -> bool:
    return len(words) >= _FEWEST and (numbers(words[6:7]) or [1.0]) != [0.0]


def _class(words: Sequence[str], listed: Sequence[str]) -> str:
    """Return a row's class: of the first challenge, which had no number for it, a pedestrian."""
    number = whole(words[7]) if len(words) > 7 else 1
    if number is None or number == -1:
        number = 1
    return listed[number - 1] if 0 < number <= len(listed) else f"number {number}"


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    labels: Mapping[str, int]

    def pictures(self, files: Sequence[str]) -> Iterator[Picture]:
        """Yield the frames of sequences; one without a row shows nothing that is tracked."""
        for file in files:
            frames = _frames(self.tree, file)
            listed = _listed(self.tree, file)
            by_frame: dict[int | None, list[_Row]] = {}
            for line, words in _rows(self.tree, file):
                by_frame.setdefault(whole(words[0]), []).append((line, words))
            for frame in sorted(frames.keys() | {each for each in by_frame if each is not None}):
                here = Gathering(Where(file, f"frame {frame}"), self.labels)
                self._add(here, by_frame.get(frame, []), listed)
                path = frames.get(frame)
                yield here.picture(path or f"{_FRAMES}/{frame:06d}", path, (None, None), self.tree)
            if lost := by_frame.get(None):
                here = Gathering(Where(file), self.labels)
                self._add(here, lost, listed)
                yield here.picture(_FRAMES, None, (None, None))

    def _add(self, here: Gathering, rows: Sequence[_Row], listed: Sequence[str]) -> None:
        for line, words in rows:
            at = f"line {line}"
            found = numbers(words[2:6])
            if len(words) < _FEWEST or whole(words[0]) is None or found is None or len(found) != 4:
                here.fault("unreadable-annotation", "it is no frame, track, box and flag", at)
            elif not _counts(words):
                here.fault("region-left-out", "a row that does not count", at)
            else:
                x, y, width, height = found
                here.box((x, y, x + width, y + height), _class(words, listed), at)
