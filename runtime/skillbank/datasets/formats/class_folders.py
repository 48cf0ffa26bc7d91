"""Folders named after classes, each with pictures of its class: ``train/cat/1.jpg``, or ``cat/1.jpg``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from skillbank.datasets.document import SPLITS, DataSet, Picture, Split, Where, labels_of, split_in
from skillbank.datasets.faults import Fault
from skillbank.datasets.formats.base import Recognised
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = ["ClassFolders"]

_LISTS = ("classes.txt", "labels.txt", "class_names.txt")
"""Files that say the names of the classes, one a line."""
_GENERIC = frozenset(
    {"images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "labels", "label", "annotations"}
    | {"masks", "mask", "data", "dataset", "frames", "crops"}
)
"""Folders that hold pictures of any class."""
_ANNOTATED = (".json", ".jsonl", ".xml", ".csv", ".tsv", ".parquet", ".yaml", ".yml")
_MANIFEST = "skillbank-dataset.json"
_CLASSES = 2


class ClassFolders:
    """The format; it is asked where no annotations are recognised, since other pictures lie in folders too.

    Folders without a split above them and without a list of classes are only taken as classes where that is
    said: folders of a year's or a camera's pictures look the same.
    """

    name = "class_folders"
    title = "folders of classes"
    weak = True

    def recognise(self, tree: Tree) -> Recognised | None:
        """Say whether the folders of pictures are called after classes."""
        layout = _layout(tree)
        if layout is None:
            return None
        names = {folder.name for folder in layout.folders}
        if len(names) < _CLASSES and layout.listed is None:
            return None
        splits = {folder.split for folder in layout.folders}
        shown = ", ".join(one_line(name, 40) for name in sorted(names)[:3])
        why = f"{len(names):,} folders of classes: {shown}"
        sure = len(splits - {""}) > 1 or layout.listed is not None
        others = any(name.lower().endswith(_ANNOTATED) and name != _MANIFEST for name in tree.files)
        if sure and not others:
            return Recognised((layout.listed,) if layout.listed else (), why)
        lacking = Sentence(
            f"{tree.root} has {why}, which may be classes or not; where they are, say "
            f"{option('format', self.name)}"
        )
        return Recognised((), why, lacking)

    def read(self, tree: Tree) -> DataSet:
        """Read folders and names; the sizes of pictures are read when they are asked for."""
        layout = _layout(tree) or _Layout((), None)
        folders, listed = layout.folders, layout.listed
        classes, faults = _classes(tree, layout)
        held = {name for folder in folders for name in folder.pictures}
        if loose := [name for name in tree.pictures if name not in held]:
            faults.append(Fault("picture-loose", loose[0], f"{len(loose):,} pictures", len(loose)))
        numbers = labels_of(classes)
        splits = []
        for split in ("", *SPLITS):
            own = [folder for folder in folders if folder.split == split]
            if own:
                said_as = " and ".join(dict.fromkeys(folder.said for folder in own))
                faults += _empty(tree, classes, own)
                splits.append(
                    Split(split, said_as, _Reader(tree, own, numbers).pictures, (listed,) if listed else ())
                )
        return DataSet(self.name, tuple(classes), tuple(splits), (), tuple(faults), marks="classes")


@dataclass(frozen=True)
class _Folder:
    split: str
    said: str
    name: str
    pictures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Layout:
    folders: tuple[_Folder, ...]
    listed: str | None


@dataclass(frozen=True)
class _Reader:
    tree: Tree
    folders: Sequence[_Folder]
    numbers: Mapping[str, int]

    def pictures(self) -> Iterator[Picture]:
        """Yield the pictures of a split, class by class."""
        for folder in self.folders:
            label = self.numbers.get(folder.name)
            if label is None:
                continue  # the whole folder is told as one of an unknown class
            for name in folder.pictures:
                width, height = self.tree.size(name) or (None, None)
                yield Picture(name, name, width, height, (), "", Where(name), label=label)


def _classes(tree: Tree, layout: _Layout) -> tuple[list[str], list[Fault]]:
    """Return the classes, of the list of names or else of the folders, and what is wrong with the list."""
    there = sorted({folder.name for folder in layout.folders})
    listed = layout.listed
    if listed is None:
        return there, []
    said = [line.strip() for line in read_text(tree.path(listed)).splitlines() if line.strip()]
    classes = list(dict.fromkeys(said))
    twice = [Fault("class-twice", listed, one_line(name, 60)) for name in _twice(said)]
    why = f"{one_line(listed)} has no such class"
    return classes, twice + [Fault("unknown-class", name, why) for name in there if name not in classes]


def _layout(tree: Tree) -> _Layout | None:
    """Return the folders of classes; None where pictures lie in no such order."""
    every = sorted(_folders(tree), key=lambda each: (each.said, each.name))
    folders = [each for each in every if each.split] or every
    if not folders:
        return None
    return _Layout(tuple(folders), _listed(tree, {each.name for each in folders}))


def _folders(tree: Tree) -> Iterable[_Folder]:
    """Return the folders of pictures; none where some lie in one that is called as no class is."""
    found: dict[tuple[str, str], _Folder] = {}
    splits = {folder: split_in(folder) or "" for folder in tree.folders()}
    for name in tree.pictures:
        said, split, folder = _folder_of(name, splits)
        if split and not folder:
            continue
        if not folder or folder.lower() in _GENERIC:
            return ()
        found.setdefault((said, folder), _Folder(split, said, folder)).pictures.append(name)
    return found.values()


def _folder_of(name: str, splits: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the folder that says a picture's split, the split, and the folder below; empty where none is."""
    parts = name.split("/")[:-1]
    split = splits.get(parts[0], "") if parts else ""
    said = parts.pop(0) if split else ""
    return said, split, parts[0] if parts else ""


def _listed(tree: Tree, names: set[str]) -> str | None:
    """Return the file that lists classes, where it has one of these names."""
    listed = next((file for file in _LISTS if file in tree.files), None)
    if listed is None:
        return None
    lines = (line.strip() for line in read_text(tree.path(listed)).splitlines())
    return None if names.isdisjoint(lines) else listed


def _twice(names: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def _called(tree: Tree, said: str) -> Iterator[str]:
    """Yield the folders on the disk, of a split or of all, that may be called after classes."""
    with suppress(OSError):  # below an archive, or a name that leads nowhere
        for entry in sorted((tree.root / said).iterdir()):
            name = entry.name
            known = entry.is_dir() and not name.startswith(".") and name.lower() not in _GENERIC
            if known and (said or split_in(name) is None):
                yield name


def _empty(tree: Tree, classes: Sequence[str], folders: Sequence[_Folder]) -> Iterator[Fault]:
    """Yield a fault for each class of a split that has a folder without a picture, or to learn from none."""
    there = {folder.name for folder in folders}
    empty = dict.fromkeys(
        name for said in dict.fromkeys(each.said for each in folders) for name in _called(tree, said)
    )
    if folders[0].split in ("", "train"):
        empty |= dict.fromkeys(classes)
    for name in empty:
        if name not in there:
            where = f"{folders[0].said}/{name}".lstrip("/")
            yield Fault("class-empty", where, f"no picture of '{one_line(name, 60)}'")
