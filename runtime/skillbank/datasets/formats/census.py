"""A first look at the files of a format that has one a picture: their pictures, classes, and strangers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from skillbank.datasets.formats.files import UnreadableError
from skillbank.datasets.formats.pairing import Pairs

__all__ = ["Census", "take_census"]


@dataclass(slots=True)
class Census:
    """What a first look found.

    Attributes
    ----------
    pictures
        The picture of each annotation file, None where there is none.
    names
        Of classes.
    foreign
        Files of another kind, which are not read.
    """

    pictures: dict[str, str | None] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    foreign: list[str] = field(default_factory=list)


def take_census(
    files: Sequence[str],
    pairs: Pairs,
    look: Callable[[str], tuple[Sequence[str], Iterable[str]] | None],
    is_foreign: Callable[[str], bool] = lambda _: False,
) -> Census:
    """Look at annotation files.

    Parameters
    ----------
    look
        Returns the names and paths of its picture that a file states, the name first, and the classes in it;
        None for a file of another kind. Raises `UnreadableError` for one that is broken: what is wrong with
        it is said with its picture.
    is_foreign
        Whether a broken file that has no picture is of another kind.
    """
    census = Census()
    for file in files:
        try:
            seen = look(file)
        except UnreadableError:
            path = pairs.of(file)[0]
            if path is None and is_foreign(file):
                census.foreign.append(file)
            else:
                census.pictures[file] = path
            continue
        if seen is None:
            census.foreign.append(file)
            continue
        (name, *paths), classes = seen
        census.pictures[file] = pairs.of(file, name, paths)[0]
        census.names.update(each for each in classes if each)
    return census
