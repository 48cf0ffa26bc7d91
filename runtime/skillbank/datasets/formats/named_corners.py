"""Text files a picture of a class and four numbers a line: its name in OIDv4's, its number in VisDrone's."""

from __future__ import annotations

from skillbank.datasets.document import DataSet, labels_of
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.formats.gathering import divided, split_in
from skillbank.datasets.formats.numbers import number, whole
from skillbank.datasets.formats.pairing import Pairs
from skillbank.datasets.formats.picture_texts import Grammar, Mark, TextReader, label_files, names_in
from skillbank.datasets.formats.yolo_classes import description_files
from skillbank.datasets.tree import Tree

__all__ = ["OidToolkit", "VisDrone"]

_IGNORED = 0
_VISDRONE = (
    "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle", "awning-tricycle", "bus", "motor",
    "others",
)  # fmt: skip
"""Its classes by their number, from 1."""
_COLUMNS = 8
"""Of VisDrone: left, top, width, height, whether it counts, class, truncation, occlusion."""


class _Texts:
    """What both have in common."""

    name: str
    grammar: Grammar
    why: str

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether such text files lie outside of the split folders, and have names of pictures.

        What is described as YOLO's is that, with labels that are spoilt.
        """
        if description_files(tree):
            return None
        mine = tuple(label_files(tree, self.grammar, paired=True))
        return Recognised(mine, f"{len(mine):,} text files of {self.why}") if mine else None

    def read(self, tree: Tree) -> DataSet:
        """Read the files once for their classes, and again when pictures are asked for."""
        files = label_files(tree, self.grammar, paired=True)
        pairs = Pairs(tree)
        classes = self.classes(names_in(tree, self.grammar, files))
        paths = {file: pairs.of(file)[0] for file in files}
        entries: dict[str, list[str]] = {}
        for file, path in paths.items():
            entries.setdefault(split_in(file, path), []).append(file)
        reader = TextReader(tree, self.grammar, paths, labels_of(classes))
        splits, notes = divided(entries, reader.pictures, lambda some: some)
        return DataSet(self.name, classes, splits, tuple(notes))

    def classes(self, used: set[str]) -> tuple[str, ...]:
        """Return the classes in their order."""
        return tuple(sorted(used))


def _named(line: str) -> Mark | None:
    words = line.split()
    if len(words) < 5 or numbers(words[-4:]) is None:
        return None
    if any(number(word) is not None for word in words[:-4]):
        return None
    return Mark(" ".join(words[:-4]), words[-4:])


def _are_pixels(line: str) -> bool:
    """Whether a line may be the first: four shares of a picture behind a name are another format's."""
    mark = _named(line)
    found = numbers(mark.numbers) if mark is not None else None
    return found is not None and not all(0 <= value <= 1 for value in found)


def _numbered(line: str) -> Mark | None:
    words = line.strip().rstrip(",").split(",")
    found = numbers(words[:4]) if len(words) == _COLUMNS else None
    kind = whole(words[5]) if found is not None else None
    if found is None or kind is None:
        return None
    x, y, width, height = found
    name = _VISDRONE[kind - 1] if 1 <= kind <= len(_VISDRONE) else str(kind)
    if kind == _IGNORED or words[4].strip() == "0":
        return Mark(name, [], (("region-left-out", "a region that is not counted"),), is_object=False)
    return Mark(name, [x, y, x + width, y + height])


def _is_visdrone(line: str) -> bool:
    """Whether a line may be the first: what is no class, and how much is hidden, are small numbers."""
    words = line.strip().rstrip(",").split(",")
    return _numbered(line) is not None and all(
        (said := whole(word)) is not None and 0 <= said <= most
        for word, most in zip(words[4:], (1, len(_VISDRONE), 2, 2), strict=True)
    )


class OidToolkit(_Texts):
    """The format of OIDv4 ToolKit, which ground truth for mAP scripts has too."""

    name = "oidv4"
    title = "OIDv4 ToolKit"
    why = "a class and four corners"
    grammar = Grammar(_named, "it is no class with four corners behind it", _are_pixels)


class VisDrone(_Texts):
    """The format of the VisDrone challenge's pictures."""

    name = "visdrone"
    title = "VisDrone"
    why = "eight numbers of VisDrone"
    grammar = Grammar(_numbered, "it is no row of eight numbers", _is_visdrone)

    def classes(self, used: set[str]) -> tuple[str, ...]:
        """Return the classes in use in the challenge's order; numbers that are none of it are none."""
        return tuple(name for name in _VISDRONE if name in used)
