"""The lists of classes that lie in the folders of a YOLO data set, and the labels that each describes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from skillbank.datasets.formats.yolo_classes import description, description_files, says_places
from skillbank.datasets.formats.yolo_layout import holds_labels
from skillbank.datasets.formats.yolo_names import LISTS, ClassList, class_list, is_class_list
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, a_few
from skillbank.visible import one_line

__all__ = ["agree", "contradiction", "inner_files", "without_classes"]

_NAMED = 5
_MOST_NESTED = 200
"""So many files in folders are opened to see whether they describe a data set."""


def inner_files(tree: Tree) -> list[str]:
    """Return the descriptions and lists of classes of the folders below that are data sets of their own.

    There are none where a file at the root describes the whole.
    """
    if description_files(tree):
        return []
    held = tree.picture_folders
    inner = [
        name
        for name in tree.ending(".yaml", ".yml", ".data", *LISTS)
        if "/" in name and _describes(tree, name) and name.partition("/")[0] not in tree.split_folders
    ]
    homes = {name: name.rpartition("/")[0] for name in inner}
    return [name for name in inner if any(f"{folder}/".startswith(f"{homes[name]}/") for folder in held)]


def agree(tree: Tree, files: list[str]) -> bool:
    """Whether descriptions and lists of classes name the same classes by the same numbers."""
    found = []
    for name in files:
        if name.rpartition("/")[2].lower() in LISTS:
            found.append(class_list(tree, name).names)
        elif not name.endswith(".data"):
            classes = description(tree, name).classes
            found.append(classes.names if classes is not None else {})
    return all(each == found[0] for each in found)


def _describes(tree: Tree, name: str) -> bool:
    return name.rpartition("/")[2].lower() in LISTS or says_places(tree, name)


def _lists_below(tree: Tree) -> Iterator[ClassList]:
    """Yield every list of classes that lies in a folder, also in that of a split."""
    files = (name for name in tree.ending(".yaml", ".yml") if "/" in name)
    for name in islice(sorted(files, key=lambda name: (name.count("/"), name)), _MOST_NESTED):
        if says_places(tree, name) and (classes := _classes_of(tree, name)) is not None:
            yield classes
    for name in tree.files:
        if "/" in name and is_class_list(tree, name):
            yield class_list(tree, name)


def _classes_of(tree: Tree, name: str) -> ClassList | None:
    try:
        return description(tree, name).classes
    except DataError:
        return None


def contradiction(tree: Tree, read: ClassList) -> str:
    """Return why a list of classes must not be read for all labels; empty where it may.

    A list in a folder describes the labels of that folder: another that gives a number another name there
    would teach the wrong class.
    """
    home = _scope(tree, read.file)
    below = list(_lists_below(tree))
    unlike = [other.file for other in below if _disagree(read, other)]
    others = [file for file in unlike if _scope(tree, file) != home]
    if not others:
        return ""
    folders = _folders(tree, [read.file, *(other.file for other in below)])
    way = f"name one of the folders ({folders}), or leave" if folders else "leave"
    return (
        f"{tree.root} holds lists of classes that contradict each other: {one_line(read.file)}, and for the "
        f"labels of other folders {_listed(others)}; {way} only the list that the numbers of the labels "
        "belong to"
    )


def without_classes(tree: Tree) -> str:
    """Return why labels without a list of classes at the root cannot be read, with the way out."""
    if lists := inner_files(tree) or [each.file for each in _lists_below(tree)]:
        folders = _folders(tree, lists)
        way = (
            f"name the folder of that: {folders}" if folders else "leave the right one and lay it at the top"
        )
        return f"{tree.root} holds YOLO labels and describes its classes in {_listed(lists)}; {way}"
    return (
        f"{tree.root} holds YOLO labels and no list of classes; write the names into classes.txt there, "
        "one a line in the order of their numbers"
    )


def _listed(files: list[str]) -> str:
    return a_few([one_line(name) for name in files], _NAMED)


def _folders(tree: Tree, files: list[str]) -> str:
    """Return the folders with the pictures of the labels that lists of classes describe."""
    found: dict[str, None] = {}
    for name in files:
        folder = _scope(tree, name)
        while folder and not tree.below(folder).pictures:
            folder = folder.rpartition("/")[0]
        if folder:
            found[str(tree.root / folder)] = None
    return a_few([one_line(name, 200) for name in found], _NAMED)


def _scope(tree: Tree, name: str) -> str:
    """Return the folder whose labels a list describes: the nearest above it that holds labels."""
    folder = name.rpartition("/")[0]
    while folder and holds_labels(tree.below(folder)) is False:
        folder = folder.rpartition("/")[0]
    return folder


def _disagree(one: ClassList, other: ClassList) -> bool:
    """Whether both name a number, and not alike."""
    return any(one.names[number] != other.names[number] for number in one.names.keys() & other.names.keys())
