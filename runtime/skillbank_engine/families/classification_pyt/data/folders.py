"""Folders of pictures by class: ``train/cat/1.jpg``, with ``classes.txt`` or the folders as classes."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank_engine.data.faults import Faults
from skillbank_engine.data.images import SUFFIXES, open_image, pictures_below
from skillbank_engine.data.records import read_text, require_file, require_folder
from skillbank_engine.errors import DataError

if TYPE_CHECKING:
    from skillbank_engine.families.classification_pyt.config.experiment import ClassificationSpec

_LOG = logging.getLogger(__name__)
_SHOWN = 10
NO_CLASS = -1
"""In place of the class of a picture that has none."""


@dataclass(frozen=True)
class LabelledSet:
    """Pictures with their classes.

    Attributes
    ----------
    images : tuple of Path
        The pictures.
    classes : tuple of int
        Number of each picture's class; :data:`NO_CLASS` where it has none.
    names : tuple of str
        Names of the classes.
    key : str
        The spec's key of the set, for messages.
    """

    images: tuple[Path, ...]
    classes: tuple[int, ...]
    names: tuple[str, ...]
    key: str

    def __len__(self) -> int:
        return len(self.images)

    def pictures(self) -> Iterable[Path]:
        """The pictures' files."""
        return self.images

    def counts(self) -> list[int]:
        """How many pictures each class has."""
        counted = Counter(self.classes)
        return [counted[number] for number in range(len(self.names))]


def class_names(spec: ClassificationSpec, folder: Path, key: str) -> tuple[str, ...]:
    """Find the names of the classes, in their order.

    ``dataset.classes_file`` holds one a line; without it ``classes.txt`` in ``dataset.root_dir`` does; else
    the folders of the set are the classes, sorted by name.

    Parameters
    ----------
    spec : pydantic model
        Any spec.
    folder : Path
        The set's folder.
    key : str
        The spec's key of it.

    Raises
    ------
    DataError
        No class, or a name twice.
    """
    dataset = spec.dataset
    beside = Path(dataset.root_dir) / "classes.txt" if dataset.root_dir else None
    if dataset.classes_file:
        return _listed(require_file(dataset.classes_file, "dataset.classes_file"))
    if beside is not None and beside.is_file():
        return _listed(beside)
    names = tuple(item.name for item in _class_folders(folder))
    if not names:
        raise DataError(
            f"{key} names {folder}, which has no folder for a class: put the pictures of each class into a "
            "folder of its name"
        )
    return names


def _listed(file: Path) -> tuple[str, ...]:
    names = tuple(line.strip() for line in read_text(file).splitlines() if line.strip())
    if not names:
        raise DataError(f"{file} lists no class: write the name of one in each line")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(f"{file} lists {_some(twice)} more than once: leave each class once")
    return names


def _class_folders(folder: Path) -> list[Path]:
    return sorted(
        (item for item in folder.iterdir() if item.is_dir() and not item.name.startswith(".")),
        key=lambda item: item.name,
    )


def read_labelled(
    folder_name: str, key: str, names: Sequence[str], *, skip_broken: bool = False, complete: bool = False
) -> LabelledSet:
    """Read a folder of pictures by class.

    Parameters
    ----------
    folder_name : str
        The folder.
    key : str
        The spec's key of it, for messages.
    names : sequence of str
        The classes that there are.
    skip_broken : bool
        ``engine.skip_broken``: pictures that cannot be read are left out with a count.
    complete : bool
        Whether every class must have a picture.

    Raises
    ------
    DataError
        No picture, a folder that is no class, a class without pictures; all of a kind at once.
    """
    folder = require_folder(folder_name, key)
    folders = _class_folders(folder)
    foreign = [item.name for item in folders if item.name not in names and any(pictures_below(item))]
    if foreign:
        raise DataError(
            f"{key} names {folder}, whose folders {_some(foreign)} are no classes (there are "
            f"{_some(names)}): add them to dataset.classes_file or take them away"
        )
    images: list[Path] = []
    classes: list[int] = []
    for number, name in enumerate(names):
        found = sorted(pictures_below(folder / name))
        images += found
        classes += [number] * len(found)
    if not images:
        raise DataError(
            f"{key} names {folder}, which has no picture in a folder of a class ({_some(names)}): put the "
            "pictures of each class into a folder of its name"
        )
    if skip_broken:
        images, classes = _whole(images, classes, folder)
    found_set = LabelledSet(tuple(images), tuple(classes), tuple(names), key)
    empty = [name for name, count in zip(names, found_set.counts(), strict=True) if not count]
    if empty and complete:
        raise DataError(
            f"{key} names {folder}, which has no picture of {_some(empty)}: add some, or take the "
            "classes out of dataset.classes_file"
        )
    if empty:
        _LOG.warning("%s has no picture of %s: nothing is measured there", key, _some(empty))
    return found_set


def read_unlabelled(folder_name: str, key: str, names: Sequence[str]) -> LabelledSet:
    """Read all pictures below a folder, whatever they show.

    Raises
    ------
    DataError
        There is none.
    """
    folder = require_folder(folder_name, key)
    images = tuple(sorted(pictures_below(folder)))
    if not images:
        raise DataError(
            f"{key} names {folder}, which holds no picture ({', '.join(SUFFIXES)}): check the path"
        )
    return LabelledSet(images, (NO_CLASS,) * len(images), tuple(names), key)


def _whole(images: list[Path], classes: list[int], folder: Path) -> tuple[list[Path], list[int]]:
    faults = Faults(str(folder), skip=True)
    kept = []
    for image, number in zip(images, classes, strict=True):
        with faults.of_a("picture"):
            open_image(image)
            kept.append((image, number))
    faults.settle()
    return [image for image, _ in kept], [number for _, number in kept]


def renumbered(data: LabelledSet, names: Sequence[str], of: str) -> LabelledSet:
    """Give a set whose classes have the numbers of a model.

    Parameters
    ----------
    data : LabelledSet
        The set.
    names : sequence of str
        Classes of the model.
    of : str
        What they are the classes of, for the message: "the model".

    Raises
    ------
    DataError
        The set has pictures of a class that the model does not know.
    """
    place = {name: number for number, name in enumerate(names)}
    shown = {data.names[number] for number in data.classes if number != NO_CLASS}
    unknown = sorted(shown - place.keys())
    if unknown:
        raise DataError(
            f"{data.key} has pictures of {_some(unknown)}, which {of} does not know (it knows "
            f"{_some(names)}): take them away or train with them"
        )
    classes = tuple(NO_CLASS if number == NO_CLASS else place[data.names[number]] for number in data.classes)
    return LabelledSet(data.images, classes, tuple(names), data.key)


def joined(first: LabelledSet, second: LabelledSet) -> LabelledSet:
    """Put two sets of the same classes together."""
    return LabelledSet(first.images + second.images, first.classes + second.classes, first.names, first.key)


def _some(names: Iterable[str]) -> str:
    """Write names as a list that stays readable."""
    every = [f"'{name}'" for name in names]
    return ", ".join(every[:_SHOWN]) + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")
