"""What a data set's folder holds: every file by its relative path, and the file that an annotation means.

Annotations name pictures in the ways of many tools: with backslashes, with the path of another machine, with
a prefix that the folder lacks. A tree finds the one file that can be meant, and never takes another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from skillbank.datasets.document import split_in, split_of, split_on_way
from skillbank.datasets.heads import FileSize, head_of
from skillbank.datasets.listing import listed
from skillbank.datasets.masks import masks_among
from skillbank.datasets.packing import (
    NoPicturesError,
    archive_stem,
    is_annotation,
    is_table,
    table_folder,
    unpacked_name,
)
from skillbank.datasets.picture_names import PICTURES, UNREAD_ENDINGS, bare, folded, unwritten
from skillbank.errors import DataError, DataNotFoundError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.datasets import looks

__all__ = ["OTHER_ARCHIVES", "PICTURES", "Tree", "Unpack", "open_tree"]

OTHER_ARCHIVES = (".7z", ".rar", ".gz", ".bz2", ".xz", ".zst", ".lz4", ".tbz2", ".txz", ".cab", ".iso")
"""Endings of what is packed and not unpacked here."""
_MOST = 5_000_000
_ANNOTATIONS = (".json", ".jsonl", ".ndjson", ".jsonlines", ".xml", ".csv", ".tsv", ".parquet")
_CLASS_WORDS = re.compile(r"label|class|categor|names")
Unpack = Callable[[Path], Path]
"""Unpacks an archive, a packed file or a table once and returns the folder, without a single top folder."""


@dataclass(frozen=True)
class Tree:
    """The files of a data set.

    Attributes
    ----------
    root
        The folder.
    files
        Absolute path by relative path in composed Unicode, sorted; the contents of an unpacked archive stand
        below its name without the ending.
    archives
        Relative paths of archives that were not unpacked.
    named_only
        Whether files stand for pictures that lie elsewhere: of these the names are known, at most the heads.
    """

    root: Path
    files: dict[str, Path]
    archives: tuple[str, ...] = ()
    named_only: bool = False
    _heads: dict[Path, FileSize | None] = field(default_factory=dict, repr=False, compare=False)

    def path(self, name: str) -> Path:
        """Return where a file of the tree lies."""
        return self.files[name]

    @cached_property
    def pictures(self) -> tuple[str, ...]:
        """Relative paths of all pictures that are no masks of others."""
        return tuple(name for name in self.every_picture if name not in self.masks)

    @cached_property
    def every_picture(self) -> tuple[str, ...]:
        """Relative paths of all pictures, masks among them."""
        return tuple(name for name in self.files if name.lower().endswith(PICTURES))

    @cached_property
    def masks(self) -> frozenset[str]:
        """Relative paths of the pictures that are masks of others; see `skillbank.datasets.masks`."""
        others = [name for name in self.files if not name.lower().endswith(PICTURES)]
        return masks_among(self.every_picture, others, self.path)

    @cached_property
    def picture_folders(self) -> tuple[str, ...]:
        """Folders in which pictures lie, relative; empty for the root."""
        return tuple(dict.fromkeys(name.rpartition("/")[0] for name in self.pictures))

    @cached_property
    def split_folders(self) -> tuple[str, ...]:
        """Folders at the root that hold a split: "train", and with pictures in it also "train_day"."""
        held = {folder.partition("/")[0] for folder in self.picture_folders}
        return tuple(
            folder
            for folder in self.folders()
            if split_of(folder) is not None or (folder in held and split_in(folder) is not None)
        )

    def ending(self, *endings: str, below: str = "") -> Iterator[str]:
        """Yield the files with one of some endings (small letters), in a folder or all."""
        start = f"{below.rstrip('/')}/" if below else ""
        for name in self.files:
            if name.startswith(start) and name.lower().endswith(endings):
                yield name

    def folders(self, below: str = "") -> tuple[str, ...]:
        """Return the names of the folders that lie directly in a folder."""
        start = f"{below.rstrip('/')}/" if below else ""
        inside = (name[len(start) :].partition("/") for name in self.files if name.startswith(start))
        return tuple(dict.fromkeys(first for first, slash, _ in inside if slash))

    def below(self, folder: str) -> Tree:
        """Return the tree of a folder of this one."""
        start = f"{folder.rstrip('/')}/"
        files = {name[len(start) :]: path for name, path in self.files.items() if name.startswith(start)}
        archives = tuple(name[len(start) :] for name in self.archives if name.startswith(start))
        return Tree(self.root / folder, files, archives, self.named_only, self._heads)

    def with_only(self, name: str) -> Tree:
        """Return the tree without annotation files other than one, but with what may be a list of classes."""
        files = {
            each: path
            for each, path in self.files.items()
            if each == name or not each.lower().endswith(_ANNOTATIONS) or _CLASS_WORDS.search(each.lower())
        }
        return Tree(self.root, files, self.archives, self.named_only, self._heads)

    def size(self, name: str) -> tuple[int, int] | None:
        """Return width and height (pixels) of a picture, upright as EXIF says; None where none is read."""
        head = self.head(name)
        return head[:2] if head is not None else None

    def head(self, name: str) -> FileSize | None:
        """Return what the head of a picture's file says; it is read once."""
        path = self.files[name]
        if path not in self._heads:
            self._heads[path] = head_of(path)
        return self._heads[path]

    def find(self, name: str, *, beside: str = "", folders: Sequence[str] = ()) -> str | None:
        """Return the picture that an annotation means; None where there is none or several could be meant.

        Parameters
        ----------
        name
            As the annotation says it.
        beside
            The annotation file, relative to the tree: its folder and ``images/`` beside it are looked in.
        folders
            Folders to look in before that, relative to the tree.
        """
        said = (name, *unwritten(name))
        written = dict.fromkeys((*said, *(unicodedata.normalize("NFC", each) for each in said)))
        return next((found for each in written if (found := self._find(each, beside, folders))), None)

    def _find(self, name: str, beside: str, folders: Sequence[str]) -> str | None:
        wanted = name.replace("\\", "/").removeprefix("./")
        near = beside.rpartition("/")[0]
        for folder in (*folders, near, f"{near}/images" if near else "images", ""):
            candidate = f"{folder}/{wanted}" if folder else wanted
            if (found := self._normal(candidate)) is not None:
                return found
        return self._by_longest_end(wanted, beside)

    def _by_longest_end(self, wanted: str, beside: str) -> str | None:
        """Return the one file whose end is the longest of a path, as of one that another machine has."""
        near = beside.rpartition("/")[0]
        parts = [part for part in wanted.split("/") if part not in ("", ".", "..")]
        for start in range(len(parts)):
            same = self._by_end.get("/".join(parts[start:]))
            if same is None:
                continue
            if start == len(parts) - 1:  # its folder was not named, or is not there
                inside = [each for each in same if near and each.startswith(f"{near}/")]
                same = inside if len(inside) == 1 else self.of_its_split(beside, same)
            return same[0] if len(same) == 1 else None
        return None

    def of_its_split(self, file: str, names: Sequence[str]) -> list[str]:
        """Return the pictures of a name that a file may mean: in another split's folder lies another one.

        That is so where the split that the file's path names has folders of pictures itself: lists of
        several splits may lie beside one folder that is called after one of them.
        """
        if len(self._splits_of_pictures) < 2:
            return list(names)
        folder, _, last = file.rpartition("/")
        about_one = any(last.lower().startswith(bare(name.rpartition("/")[2])) for name in names)
        own = split_on_way(folder if about_one else file)  # a file about one picture is called as it is
        if own not in self._splits_of_pictures:
            return list(names)
        return [each for each in names if split_on_way(each.rpartition("/")[0]) in (None, own)]

    @cached_property
    def _splits_of_pictures(self) -> frozenset[str]:
        folders = {name.rpartition("/")[0] for name in self.pictures}
        return frozenset(split for folder in folders if (split := split_on_way(folder)) is not None)

    def near(self, name: str) -> str | None:
        """Return the picture that differs from a name only in case, Unicode form or ending; else None."""
        return self._by_fold.get(folded(name.replace("\\", "/").rpartition("/")[2]))

    def namesakes(self, name: str) -> list[str]:
        """Return the pictures whose last part is that of a name: of several none can be meant."""
        return self._by_end.get(name.replace("\\", "/").rpartition("/")[2], [])

    def unread_kind(self, name: str) -> str | None:
        """Return the file that has the name of a picture but an ending that is not looked for."""
        return self._unread_kinds.get(bare(name.replace("\\", "/").rpartition("/")[2]))

    def trouble(self, name: str) -> str:
        """Return why a picture is none whose size can be read, half a sentence."""
        return looks.look_at(self.files[name]).trouble or "its size cannot be read"

    def _normal(self, candidate: str) -> str | None:
        parts: list[str] = []
        for part in candidate.split("/"):
            if part == "..":
                if not parts:
                    return None
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        name = "/".join(parts)
        return name if name in self.files else None

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        """Pictures by each end of their path ("x.jpg", "images/x.jpg", ...)."""
        ends: dict[str, list[str]] = {}
        for name in self.pictures:
            at = len(name)
            while at > 0:
                at = name.rfind("/", 0, at)
                ends.setdefault(name[at + 1 :], []).append(name)
        for name in self.masks:  # an annotation may mean one, where no other picture is called so
            last = name.rpartition("/")[2]
            ends.setdefault(last, [name])
        return ends

    @cached_property
    def _by_fold(self) -> dict[str, str]:
        return {folded(name.rpartition("/")[2]): name for name in reversed(self.pictures)}

    @cached_property
    def _unread_kinds(self) -> dict[str, str]:
        unread = (name for name in self.files if name.lower().endswith(UNREAD_ENDINGS))
        return {bare(name.rpartition("/")[2]): name for name in unread}


def open_tree(root: Path, unpack: Unpack | None = None, most: int = _MOST) -> Tree:
    """List a folder; what is packed in it is unpacked by ``unpack``, or only named where it is None.

    Raises
    ------
    DataNotFoundError
        When it is not there.
    DataError
        When it is no folder, cannot be listed, or holds more than ``most`` files.
    """
    if not root.exists():
        raise DataNotFoundError(f"there is no data set at {root}; name the folder that holds it")
    if not root.is_dir():
        raise DataError(f"{root} is a file; name the folder of the data set, or its archive (.zip, .tar.gz)")
    files = dict(listed(root, most))
    if unpack is None:
        archives = [name for name in files if archive_stem(name) is not None]
        for name in archives:
            del files[name]
        return Tree(root, _composed(files), tuple(archives))
    _unpack_all(files, unpack, most)
    files.update(_of_tables(files, unpack, most))
    return Tree(root, _composed(files))


def _unpack_all(files: dict[str, Path], unpack: Unpack, most: int) -> None:
    """Put the contents of archives, and of files that are packed alone, in their place."""
    for name, path in list(files.items()):
        if (stem := archive_stem(name)) is not None:
            del files[name]
            files.update((f"{stem}/{inner}", file) for inner, file in listed(unpack(path), most))
        elif unpacked_name(name) is not None:
            del files[name]
            above = name.rpartition("/")[0]
            for inner, file in listed(unpack(path), most):
                files.setdefault(f"{above}/{inner}" if above else inner, file)


def _of_tables(files: Mapping[str, Path], unpack: Unpack, most: int) -> dict[str, Path]:
    """Return the contents of the tables that are the data set, or a part of it.

    Beside pictures (a card shows some) tables are it where they are called as a split and no other
    annotations lie there; one that has no pictures is none then.
    """
    has_pictures = any(name.lower().endswith(PICTURES) for name in files)
    stand_alone = not has_pictures or not any(map(is_annotation, files))
    found: dict[str, Path] = {}
    for name in filter(is_table, files):
        folder = table_folder(name)
        beside = folder == name.rpartition("/")[0]
        if not beside and not (stand_alone and (not has_pictures or split_in(name) is not None)):
            continue
        try:
            unpacked = unpack(files[name])
        except NoPicturesError:
            if has_pictures and not beside:
                continue
            raise
        for inner, file in listed(unpacked, most):
            found[f"{folder}/{inner}" if folder else inner] = file
    return found


def _composed(files: dict[str, Path]) -> dict[str, Path]:
    """Return files sorted by their names in composed Unicode: a Mac takes an umlaut apart, and people do not.

    Of two files whose names are one then, the one that is written so keeps it, and the other its own.
    """
    named = {}
    for name, path in files.items():
        composed = unicodedata.normalize("NFC", name)
        named[name if composed in files else composed] = path
    return dict(sorted(named.items()))
