"""DOTA: a text file a picture, a line of four corners, a class and a difficulty an object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skillbank.datasets.document import DataSet, Picture, Where
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import around, numbers
from skillbank.datasets.formats.files import UnreadableError, content, head, text_of
from skillbank.datasets.formats.gathering import Gathering, divided, outside, split_in
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.formats.pairing import Pairs, stem
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Dota"]

_LOOKED_INTO = 50
_HEADERS = ("imagesource:", "gsd:", "acquisition dates:")
"""Lines that say where a picture comes from, before the objects."""
_NUMBERS = 8
_DESCRIPTIONS = ("data.yaml", "data.yml", "classes.txt")
_NOT_LABELS = ("classes", "labels", "readme", "train", "val", "test", "trainval")


class Dota:
    """The format."""

    name = "dota"
    title = "DOTA"

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether text files of eight numbers and a class lie outside of the split folders.

        A list of classes that YOLO's tools lay beside them is no sign of YOLO then.
        """
        mine = _label_files(tree)
        described = [name for name in _DESCRIPTIONS if name in tree.files]
        why = f"{len(mine):,} text files of four corners and a class"
        return Recognised((*mine, *described), why) if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for.

        Raises
        ------
        DataError
            When a picture has several files: the releases have turned and upright boxes, and versions.
        """
        files = _label_files(tree)
        pairs = Pairs(tree)
        classes = tuple(sorted(set(_names(tree, files))))
        paths = {file: pairs.of(file)[0] for file in files}
        _refuse_twice(tree, paths)
        entries: dict[str, list[str]] = {}
        for file, path in paths.items():
            entries.setdefault(split_in(file, path), []).append(file)
        reader = _Reader(tree, paths, {name: label for label, name in enumerate(classes)})
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, tuple(notes))


def _label_files(tree: Tree) -> list[str]:
    by_folder: dict[str, list[str]] = {}
    for name in outside(tree, ".txt"):
        if stem(name).lower() not in _NOT_LABELS:
            by_folder.setdefault(name.rpartition("/")[0], []).append(name)
    return [name for names in by_folder.values() if _is_labels(tree, names) for name in names]


def _refuse_twice(tree: Tree, paths: Mapping[str, str | None]) -> None:
    files: dict[str, str] = {}
    for file, path in paths.items():
        if path is not None and (other := files.setdefault(path, file)) != file:
            raise DataError(
                f"{tree.root} has the labels of {one_line(path)} twice, in {one_line(other)} and "
                f"{one_line(file)}; leave the folder that is meant"
            )


def _names(tree: Tree, files: Sequence[str]) -> Iterator[str]:
    for file in files:
        try:
            text, _ = _text(tree, file)
        except UnreadableError:
            continue  # said with its picture
        yield from (name for name, *_ in _objects(text) if name)


def _is_labels(tree: Tree, names: Sequence[str]) -> bool:
    for name in names[:_LOOKED_INTO]:
        start = head(tree.path(name), 2048).decode("utf-8", "replace")
        whole = start.splitlines()[: -1 if len(start) >= 2048 else None]
        lines = [line for line in whole if line.strip()]
        said = [line for line in lines if not line.strip().lower().startswith(_HEADERS)]
        if said:
            return _parsed(said[0]) is not None
    return False


def _parsed(line: str) -> tuple[str, list[str], bool] | None:
    """Return class, corners and whether it is difficult; None for a line of another kind.

    Numbers for a class are YOLO's, whose class stands in front.
    """
    words = line.replace(",", " ").split()
    if len(words) < _NUMBERS + 1 or any(number(word) is None for word in words[:_NUMBERS]):
        return None
    rest = words[_NUMBERS:]
    is_marked = len(rest) > 1 and rest[-1] in ("0", "1", "2")
    name = " ".join(rest[:-1] if is_marked else rest)
    if all(number(word) is not None for word in name.split()):
        return None
    return name, words[:_NUMBERS], is_marked and rest[-1] != "0"


def _text(tree: Tree, file: str) -> tuple[str, bool]:
    """Return a file's text, and whether it is UTF-8.

    Raises
    ------
    UnreadableError
    """
    return text_of(content(tree.path(file), 1 << 26))


def _objects(text: str) -> Iterator[tuple[str, list[str], bool, int]]:
    """Yield class, corners, difficulty and number of each line; no class where it is of another kind."""
    for line_number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.strip().lower().startswith(_HEADERS):
            name, words, is_difficult = _parsed(line) or ("", line.split(), False)
            yield name, words, is_difficult, line_number


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    paths: Mapping[str, str | None]
    labels: Mapping[str, int]

    def pictures(self, files: Sequence[str]) -> Iterator[Picture]:
        """Yield the pictures of files."""
        for file in files:
            here = Gathering(Where(file), self.labels)
            self._add(here, file)
            path = self.paths[file]
            yield here.picture(path or stem(file), path, (None, None), self.tree)

    def _add(self, here: Gathering, file: str) -> None:
        try:
            text, is_utf8 = _text(self.tree, file)
        except UnreadableError as error:
            here.fault("unreadable-annotation", f"it {error}")
            return
        if not is_utf8:
            here.fault("not-utf8", "it is not UTF-8")
        for name, words, is_difficult, line_number in _objects(text):
            at = f"line {line_number}"
            found = numbers(words) if name else None
            if found is None:
                here.fault("unreadable-annotation", "it is no eight numbers with a class behind them", at)
                continue
            points = list(zip(found[::2], found[1::2], strict=True))
            corners = around(points)
            if any(x not in corners[::2] or y not in corners[1::2] for x, y in points):
                here.fault("mark-as-box", "a turned box", at)
            if is_difficult:
                here.fault("difficult", "it is marked as difficult", at)
            here.box(corners, name, at)
