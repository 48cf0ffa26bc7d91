"""The folder of pictures that a program gets: the one where they lie, or one into which they are linked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from unicodedata import normalize

from skillbank.datasets.tree import Tree

__all__ = ["Album", "Reaches", "leads_out", "place_file"]

_DEEP = 3
"""Parts of a path of which a folder has no more than "/" and another one: that is a part of the system."""
_HOPS = 40
"""Links in a row that the system follows."""

Reaches = Callable[[Path], bool]
"""Says whether a folder may be given to a program that sees only what it is given."""


class Album:
    """The folder of pictures: the one where they lie, behind all links to folders.

    Where they lie in several archives, partly in one, or all over the disk, they are linked into one folder.
    So they are for a program that sees nothing but this folder, where some are links that lead out of it.

    Parameters
    ----------
    tree
        Of the data set.
    folder
        An empty one, for what is linked.
    reaches
        Says whether a folder may be given to the program; where it is None, it sees all of this machine.
    linked
        Whether pictures are linked in any case.
    """

    def __init__(self, tree: Tree, folder: Path, reaches: Reaches | None, *, linked: bool = False) -> None:
        self._tree = tree
        self._real = _real_folders(tree)
        self._copied = 0
        self.root = Path(os.path.commonpath(list(self._real.values())))
        bases = {_base(name, tree.path(name)) for name in tree.every_picture}
        alone = reaches is not None and (self._holds_more() or not reaches(self.root) or self._lacks())
        self._linked = linked or alone or len(bases) != 1 or len(self.root.parts) < _DEEP
        if self._linked:
            self.root = folder / "pictures"
            self.root.mkdir(parents=True, exist_ok=True)

    def add(self, name: str) -> str:
        """Return how a file of the tree is called in the folder of pictures."""
        path = self._tree.path(name)
        if not self._linked:
            return (self._real[path.parent] / path.name).relative_to(self.root).as_posix()
        self._copied += place_file(path, self.root / name)
        return name

    def notes(self) -> Iterator[str]:
        """Say what was copied, a sentence."""
        if self._copied:
            yield f"{self._copied:,} pictures were copied to {self.root}, since they cannot be linked there"

    def _holds_more(self) -> bool:
        """Whether it is no folder of the data set, but one that links to several places have in common."""
        if all(folder == real for folder, real in self._real.items()):
            return False
        above = {each for folder in self._real for each in (folder, *folder.parents)}
        own = {os.path.realpath(each) for each in above if each.is_relative_to(self._tree.root)}
        return str(self.root) not in own

    def _lacks(self) -> bool:
        """Whether a program that sees the folder alone would not find all pictures in it."""
        paths = map(self._tree.path, self._tree.every_picture)
        return leads_out(self.root, (self._real[path.parent] / path.name for path in paths))


def leads_out(root: Path, pictures: Iterable[Path]) -> bool:
    """Whether one of the pictures below a folder is a link that leads out of it, at once or in the end."""
    return any(_leads_out(root, picture) for picture in pictures if picture.is_symlink())


def _leads_out(root: Path, path: Path) -> bool:
    for _ in range(_HOPS):
        if not path.is_relative_to(root):
            return True
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
    return not path.resolve().is_relative_to(root.resolve())  # through links to folders


def _real_folders(tree: Tree) -> dict[Path, Path]:
    """Return each folder with pictures as it is named, or without links where one leads out of the tree."""
    folders = {tree.path(name).parent for name in tree.every_picture}
    root = Path(os.path.realpath(tree.root))
    real = {folder: Path(os.path.realpath(folder)) for folder in folders}
    led = any(
        folder.is_relative_to(tree.root) and real[folder] != root / folder.relative_to(tree.root)
        for folder in folders
    )
    return real if led else {folder: folder for folder in folders}


def _base(name: str, path: Path) -> Path:
    """Return the folder that a file of a tree comes from: the tree's own, or that of an unpacked archive."""
    parts, said = list(path.parts), name.split("/")
    while said and parts and normalize("NFC", parts[-1]) == normalize("NFC", said[-1]):
        parts.pop()
        said.pop()
    return Path(*parts)


def place_file(source: Path, target: Path) -> bool:
    """Give a file another name; return whether it had to be copied."""
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.hardlink_to(source.resolve())
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)
        return True
    return False
