"""From a place to its data set: the folder, an archive, an annotation file, or a part of what lies above."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from skillbank.datasets.document import DataSet, Picture, Split, split_in, split_of
from skillbank.datasets.formats import LAST, title_of
from skillbank.datasets.packing import archive_stem, is_table
from skillbank.datasets.parts import inside, is_part, levels, may_be_there, may_hold
from skillbank.datasets.recognising import Found, UnrecognisedError, look, troubles, unrecognised, unwrapped
from skillbank.datasets.tree import OTHER_ARCHIVES, Tree, Unpack, open_tree
from skillbank.errors import DataError, DataNotFoundError, a_few
from skillbank.ways import marked

__all__ = ["Opened", "UnrecognisedError", "open_data", "open_place", "opened_bare"]

_MOST_ABOVE = 1_000_000
"""Files of a folder above; one with more is somebody's disk."""
_MOST_NEARBY = 5_000
"""Files of a folder that is only looked into for what may have been meant."""


@dataclass(frozen=True)
class Opened:
    """A data set and what of it was named.

    Attributes
    ----------
    tree
        The folder of the whole data set, which may lie above the place, or be the only thing in it.
    split
        The split that the place names; None where it is the whole data set.
    named
        The place as a person knows it, where what is in it was unpacked or brought to another.
    """

    tree: Tree
    data: DataSet
    split: Split | None = None
    named: str = ""

    @property
    def place(self) -> str:
        """Where the data set lies, in the words of whoever named it."""
        return self.named or str(self.tree.root)


def opened_bare(tree: Tree, split: Split) -> Opened:
    """Return the pictures of a split as if there were nothing else, and nobody had annotated them."""
    names = dict.fromkeys(picture.path for picture in split.pictures() if picture.path is not None)

    def pictures() -> Iterator[Picture]:
        return (Picture(name, name, None, None, ()) for name in names)

    bare = Split("", "", pictures)
    alone = Tree(tree.root, {name: tree.path(name) for name in names})
    return Opened(alone, DataSet(LAST.name, (), (bare,)), bare)


def open_place(place: Path, unpack: Unpack | None = None, *, form: str = "") -> Opened:
    """Open a folder, an archive, an annotation file, or a part of a data set.

    A part is a folder or file of it (``D/images/val``, ``D/ImageSets/Main/val.txt``), or the name of a split
    behind the data set's place (``D/val``), whether or not there is such a folder.

    Parameters
    ----------
    unpack
        Where None, nothing is unpacked, and archives are only named.
    form
        Name of the format, where a person has said it.

    Raises
    ------
    DataNotFoundError
        When there is neither such a place nor such a part.
    DataError
        When no format is recognised, several could be meant, or what describes the whole cannot be read.
    """
    if place.is_file() and (archive_stem(place.name) is not None or is_table(place.name)):
        return _archive(place, unpack, form)
    if place.is_dir():
        return _directory(place, unpack, form)
    opened = _part_above(place, unpack, form)
    if opened is None and place.is_file():
        opened = _alone(place, unpack, form)
    if opened is None:
        raise DataNotFoundError(_absent(place, form))
    return opened


def _archive(place: Path, unpack: Unpack | None, form: str) -> Opened:
    if unpack is None:
        raise DataError(f"{place} is an archive; unpack it, and name the folder")
    unpacked = unpack(place)
    try:
        return replace(_whole(open_tree(unpacked, unpack), form), named=str(place))
    except DataError as error:  # a person knows the archive, and not where it was unpacked
        error.args = (error.sentence.changed(lambda text: text.replace(str(unpacked), str(place))),)
        raise


def _directory(place: Path, unpack: Unpack | None, form: str) -> Opened:
    """Open a folder as a data set with pictures, else as a part of what lies above, else as it is."""
    tree = open_tree(place, unpack)
    found = unwrapped(tree, form)
    if found is not None and found.tree.pictures:
        return Opened(found.tree, found.read())
    if is_part(place.name) and (opened := _part_above(place, None, form)) is not None:
        return opened
    return _whole(tree, form)


def open_data(tree: Tree, form: str = "") -> DataSet:
    """Read the data set of a tree; pictures alone are one where nothing else is recognised.

    Raises
    ------
    UnrecognisedError
        When no format is recognised.
    DataError
        When several formats could be meant and none was named, or what describes the whole cannot be read.
    """
    return _read(tree, look(tree, form), form)


def _whole(tree: Tree, form: str) -> Opened:
    found = unwrapped(tree, form)
    tree = found.tree if found is not None else tree
    return Opened(tree, _read(tree, found, form))


def _read(tree: Tree, found: Found | None, form: str) -> DataSet:
    if found is not None:
        return found.read()
    if form not in ("", LAST.name) and (other := unwrapped(tree)) is not None:
        raise DataError(
            f"{tree.root} is not {title_of(form)}: {marked(other.told)}; leave the format out, or say "
            "that one"
        )
    error = unrecognised(tree, form)
    if form in ("", LAST.name) and not error.lacking and LAST.recognise(tree) is not None:
        data = LAST.read(tree)
        return replace(data, notes=(*data.notes, *troubles()))
    raise error


def _part_above(place: Path, unpack: Unpack | None, form: str) -> Opened | None:
    """Open the data set above a place of which the place is a part; the first that has its pictures too."""
    first = None
    for above in levels(place) if may_be_there(place) else ():
        try:
            tree = open_tree(above, unpack if above == place.parent else None, _MOST_ABOVE)
            found = look(tree, form)
            data = found.read() if found is not None else None
        except DataError:  # what lies around a place is nobody's data set, and no reason to refuse the place
            continue
        opened = None if data is None else _part(tree, data, inside(place, above), place)
        if opened is not None and tree.pictures:
            return opened
        first = first or opened
    return first


def _part(tree: Tree, data: DataSet, rest: str, place: Path) -> Opened | None:
    """Return what a path below a data set names: the whole, a split, or the pictures of a folder."""
    for split in data.splits:
        if rest in split.annotations:
            return Opened(tree, data, split if len(data.splits) > 1 else None)
    if place.is_file():
        return None
    return _folder(tree, data, rest) if place.exists() else _called(tree, data, rest)


def _called(tree: Tree, data: DataSet, rest: str) -> Opened | None:
    """Return the split that a path is the name of, where nothing is."""
    word = split_of(rest)
    if not rest or word is None:
        return None
    named = (split for split in data.splits if rest == split.said or word == (split.name or None))
    split = next(named, None)
    return Opened(tree, data, split) if split is not None else None


def _folder(tree: Tree, data: DataSet, rest: str) -> Opened | None:
    """Return what a folder of a data set holds: all of it, or pictures of one split."""
    holding = [split for split in data.splits if any(True for _ in _below(split, rest))]
    files = [name for split in data.splits for name in split.annotations] or [""]
    if holding and (_all_below(rest, tree.pictures) or _all_below(rest, files)):
        return Opened(tree, data)
    word = split_in(rest.rpartition("/")[2])
    if word in {split.name for split in data.splits}:
        holding = [split for split in holding if split.name == word]
    return Opened(tree, data, _narrowed(holding[0], rest)) if len(holding) == 1 else None


def _all_below(folder: str, names: Iterable[str]) -> bool:
    return all(name.startswith(f"{folder}/") for name in names)


def _below(split: Split, folder: str) -> Iterator[Picture]:
    """Yield the pictures of a split that lie in a folder, or whose annotations do or say that they lie there.

    What lies above and says nothing of the folder is another's data set, and none of its names are told.
    """
    start = f"{folder}/"
    for picture in split.pictures():
        said = "/" + picture.name.replace("\\", "/").removeprefix("./")
        if (
            (picture.path or "").startswith(start)
            or picture.where.file.startswith(start)
            or (picture.path is None and f"/{start}" in said)
        ):
            yield picture


def _narrowed(split: Split, folder: str) -> Split:
    return replace(split, pictures=lambda: _below(split, folder))


def _alone(place: Path, unpack: Unpack | None, form: str) -> Opened | None:
    """Open an annotation file that the data set around it leaves aside: what is named is read."""
    first = None
    for above in levels(place):
        try:
            tree = open_tree(above, unpack if above == place.parent else None, _MOST_ABOVE)
            name = inside(place, above)
            found = look(tree.with_only(name), form)
            claims = found.claims if found is not None else ()
            mine = tuple(claim for claim in claims if name in claim[1].files)
            if found is None or not mine:
                continue
            opened = Opened(tree, replace(found, claims=mine, parts=(), bare=()).read())
        except DataError:
            continue
        picture = next(opened.data.splits[0].pictures(), None)
        if picture is not None and picture.path is not None:
            return opened
        first = first or opened
    return first


def _absent(place: Path, form: str) -> str:
    if place.is_file():
        if place.name.lower().endswith(OTHER_ARCHIVES):
            return f"{place} is packed in a way that is not read (.zip, .tar and .tar.gz are); unpack it"
        return f"{place} is no annotation file that is recognised; name the folder of the data set"
    about = "name the folder that holds it"
    if may_hold(place.parent):
        try:
            data = open_data(open_tree(place.parent, most=_MOST_NEARBY), form)
            names = [split.said or split.name for split in data.splits if split.name]
            about = f"the data set in {place.parent} has {a_few(names, 5)}" if names else about
        except DataError:
            pass
    return f"there is no data set at {place}; {about}"
