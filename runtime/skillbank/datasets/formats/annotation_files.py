"""Which JSON files of a tree are its annotations, and of which split each is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from skillbank.datasets.document import SPLITS, split_in
from skillbank.datasets.formats.json_kinds import JsonKind, json_kind
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.visible import one_line

__all__ = ["Chosen", "annotation_files", "chosen", "picture_folders", "split_of_file"]

_ENDINGS = (".json", ".jsonl", ".ndjson", ".jsonlines")
_MOST = 64
"""So many files are looked into: formats of one file a picture have thousands, and are not ours."""
_DEEPEST = 2


@dataclass(frozen=True)
class Chosen:
    """The annotation files that are read, by split in the order of `SPLITS`, and what was decided."""

    files: dict[str, str]
    notes: tuple[str, ...] = ()


def annotation_files(tree: Tree, kinds: Collection[JsonKind]) -> list[str]:
    """Return the files of some kinds at the root of a tree or in a folder that names no split."""
    near = sorted(_near(tree), key=lambda name: (name.count("/"), name))
    return [name for name in islice(near, _MOST) if json_kind(tree.path(name)) in kinds]


def split_of_file(name: str) -> str:
    """Return the split that an annotation file's name or folder says; empty where none does."""
    path = PurePosixPath(name)
    return split_in(path.stem.partition(".")[0]) or split_in(path.parent.name) or ""


def chosen(tree: Tree, names: Collection[str], usual: Collection[str]) -> Chosen:
    """Choose one file for each split.

    Parameters
    ----------
    usual
        Stems that the tools of the format give: of several files the one with such a stem is read, and the
        others are named in a note.

    Raises
    ------
    DataError
        When several files could be meant.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(split_of_file(name), []).append(name)
    files, notes = {}, []
    undivided = found.pop("", []) if len(found) > 1 else []
    for split in (*SPLITS, ""):
        several = found.get(split, [])
        if several:
            files[split] = _best(tree, split, several, usual)
        if len(several) > 1:
            notes.append(f"of {_said(sorted(several))} only {_said([files[split]])} is read")
    if undivided:
        notes.append(f"{_said(undivided)} names no split and is left aside")
    return Chosen(files, tuple(notes))


def picture_folders(tree: Tree, split: str, annotations: str) -> tuple[str, ...]:
    """Return where the pictures of a split are looked for first: the folders that bear its name."""
    folders = [
        folder
        for folder in tree.picture_folders
        if any(split and split_in(part) == split for part in folder.split("/"))
    ]
    stem = PurePosixPath(annotations).stem
    beside = [folder for folder in tree.picture_folders if folder.rpartition("/")[2] == stem]
    return tuple(dict.fromkeys((*beside, *sorted(folders, key=lambda name: (name.count("/"), name)))))[:_MOST]


def _best(tree: Tree, split: str, several: Sequence[str], usual: Collection[str]) -> str:
    """Return the one file of a split, or the one that has a usual name."""
    first = [each for each in several if PurePosixPath(each).stem in usual]
    best = several if len(several) == 1 else first
    if len(best) != 1:
        raise DataError(
            f"{tree.root} holds several annotation files that could be meant"
            f"{f' for {split}' if split else ''}: {_said(several)}; name one of them, or move the "
            "others away"
        )
    return best[0]


def _said(names: Iterable[str]) -> str:
    return a_few([one_line(name) for name in names], 5)


def _near(tree: Tree) -> Iterator[str]:
    for name in tree.ending(*_ENDINGS):
        folder, _, _ = name.partition("/")
        if "/" not in name or (name.count("/") <= _DEEPEST and folder not in tree.split_folders):
            yield name
