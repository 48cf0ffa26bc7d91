"""Lists of pictures that divide a data set: ``ImageSets/Main/train.txt`` and its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from unicodedata import normalize

from skillbank.datasets.document import split_of
from skillbank.datasets.formats.files import UnreadableError, text_of
from skillbank.datasets.formats.gathering import examples
from skillbank.datasets.formats.pairing import stem
from skillbank.datasets.tree import PICTURES, Tree

__all__ = ["ImageSets", "image_sets", "list_bases"]

_BOTH = "trainval"
_WHOLE = ("default", "all")
_SIGNS = ("-1", "0", "1")
"""What a list of one class says behind a name: whether the picture holds it."""


@dataclass(frozen=True)
class ImageSets:
    """The lists of a data set.

    Attributes
    ----------
    lists
        Names as the list says them, by what it is called ("train", "val"; empty for the whole).
    files
        The file of each list, by the same words.
    notes
        What was not taken.
    """

    lists: dict[str, tuple[str, ...]]
    files: dict[str, str]
    notes: tuple[str, ...] = field(default=())


def image_sets(tree: Tree, base: str) -> ImageSets:
    """Read the lists that stand below a folder in ``ImageSets/Main``, ``ImageSets`` or the folder itself."""
    for folder in ("ImageSets/Main", "ImageSets", ""):
        below = "/".join(part for part in (base, folder) if part)
        files = {
            stem(name): name
            for name in tree.ending(".txt", below=below)
            if name.rpartition("/")[0] == below and (folder or _says(stem(name)))
        }
        if files:
            return _taken(tree, files)
    return ImageSets({}, {})


def list_bases(tree: Tree) -> list[str]:
    """Return the folders, with a slash behind, that have a folder ImageSets, the deepest first."""
    folder = "ImageSets/"
    starts = {
        f"/{name}".rpartition(f"/{folder}")[0] for name in tree.ending(".txt") if f"/{folder}" in f"/{name}"
    }
    return sorted((f"{start.removeprefix('/')}/" for start in starts if start), key=len, reverse=True)


def _says(word: str) -> bool:
    return split_of(word) is not None or word.lower() in (_BOTH, *_WHOLE)


def _taken(tree: Tree, files: dict[str, str]) -> ImageSets:
    chosen = {word: name for word, name in files.items() if split_of(word) is not None}
    both = next((word for word in files if word.lower() == _BOTH), None)
    if not chosen and both is None:
        return _undivided(tree, files)
    lists = {word: tuple(_names(tree, name)) for word, name in chosen.items()}
    if both is None or "train" in map(split_of, chosen):
        return ImageSets(lists, chosen, ())
    rest, note = _without_val(tree, files[both], lists)
    return ImageSets({"train": rest, **lists}, {"train": files[both], **chosen}, (note,))


def _without_val(tree: Tree, both: str, lists: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], str]:
    """Return what a list for both leaves to train on, and a note."""
    held_out = {*chain.from_iterable(names for word, names in lists.items() if split_of(word) == "val")}
    without = " without the pictures of the list for val" if held_out else ""
    rest = tuple(name for name in _names(tree, both) if name not in held_out)
    return rest, f"the list {both} is taken for training{without}"


def _undivided(tree: Tree, files: dict[str, str]) -> ImageSets:
    """Return the list of all pictures, where there is one."""
    whole = next((word for word in files if word.lower() in _WHOLE), None)
    if whole is None:
        return ImageSets({}, {}, (f"lists that name no split are not read ({examples(files.values())})",))
    return ImageSets({"": tuple(_names(tree, files[whole]))}, {"": files[whole]})


def _names(tree: Tree, name: str) -> Iterable[str]:
    try:
        text = text_of(tree.path(name))
    except UnreadableError:
        return
    for line in text.splitlines():
        said = line.strip()
        before, _, last = said.rpartition(" ")
        said = before.strip() if before and last in _SIGNS else said
        said = normalize("NFC", said.strip("\"'").replace("\\", "/"))
        if said:
            yield _without_ending(said)


def _without_ending(name: str) -> str:
    head, dot, ending = name.rpartition(".")
    return head if dot and f".{ending}".lower() in (*PICTURES, ".xml", ".txt") else name
