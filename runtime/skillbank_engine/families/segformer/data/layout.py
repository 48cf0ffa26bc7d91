"""Finding pictures and their masks below the root folder of a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skillbank_engine.data.images import SUFFIXES, pictures_below
from skillbank_engine.data.records import require_folder
from skillbank_engine.errors import DataError
from skillbank_engine.families.segformer.config.dataset import SegmentConfig
from skillbank_engine.families.segformer.data.faults import MaskFaults

KEY = "dataset.segment.root_dir"
TEST = "test"


@dataclass(frozen=True)
class Pair:
    """A picture and its mask.

    Attributes
    ----------
    image, mask : Path
        The files.
    name : str
        The picture below its split's folder, without its suffix; the mask is called the same.
    """

    image: Path
    mask: Path
    name: str


def left_alone(segment: SegmentConfig) -> Iterator[str]:
    """Say so where a measure goes by another split than the one that is called ``test``."""
    if (
        segment.root_dir
        and segment.test_split != TEST
        and (Path(segment.root_dir) / "images" / TEST).is_dir()
    ):
        yield (
            f"Measured on dataset.segment.test_split, '{segment.test_split}'; the split '{TEST}' of "
            f"{segment.root_dir} is left alone."
        )


def find_pairs(root: str, split: str, split_key: str, faults: MaskFaults) -> list[Pair]:
    """List the pictures of a split that have a mask.

    Parameters
    ----------
    root : str
        ``dataset.segment.root_dir``.
    split : str
        Folder below ``images`` and ``masks``.
    split_key : str
        The spec's key that names the split, for messages.
    faults : MaskFaults
        Told of pictures without a mask and of names that several files share.

    Returns
    -------
    list of Pair
        Sorted by name.

    Raises
    ------
    DataError
        A folder is missing, or holds no picture.
    """
    images = _split_folder(root, "images", split, split_key)
    masks = _split_folder(root, "masks", split, split_key)
    pictures, drawn = _by_name(images), _by_name(masks)
    if not pictures:
        raise DataError(f"{images} holds no picture ({', '.join(SUFFIXES)}): check {KEY} and {split_key}")
    pairs = []
    for name in sorted(pictures):
        if len(pictures[name]) > 1:
            faults.add(
                "pictures share their name and so their mask", pictures[name][0], _names(pictures[name])
            )
        elif name not in drawn:
            faults.add(f"pictures have no mask of their name below {masks}", pictures[name][0])
        elif len(drawn[name]) > 1:
            faults.add("pictures have several masks", pictures[name][0], _names(drawn[name]))
        else:
            pairs.append(Pair(pictures[name][0], drawn[name][0], name))
    faults.note_unused(masks, [paths[0] for name, paths in drawn.items() if name not in pictures])
    return pairs


def find_pictures(root: str, split: str, split_key: str) -> list[tuple[Path, Path]]:
    """List the pictures that inference looks at.

    Parameters
    ----------
    root : str
        ``dataset.segment.root_dir``: either with ``images/<split>`` in it, or a folder of pictures.
    split, split_key : str
        Folder below ``images``, and the spec's key that names it.

    Returns
    -------
    list of (Path, Path)
        Folder and picture below it, sorted.

    Raises
    ------
    DataError
        No folder, or no picture in it.
    """
    place = require_folder(root, KEY)
    folder = place if not (place / "images").is_dir() else _split_folder(root, "images", split, split_key)
    found = [(folder, path) for paths in _by_name(folder).values() for path in paths]
    if not found:
        raise DataError(f"{folder} holds no picture ({', '.join(SUFFIXES)}): check {KEY} and {split_key}")
    return sorted(found)


def _split_folder(root: str, part: str, split: str, split_key: str) -> Path:
    place = require_folder(root, KEY)
    folder = place / part / split
    if folder.is_dir():
        return folder
    if not (place / part).is_dir():
        there = ", ".join(sorted(path.name for path in place.iterdir())[:8]) or "nothing"
        raise DataError(
            f"{KEY} names {place}, which has no folder {part} (but {there}): name the folder that holds "
            "images/<split> and masks/<split>"
        )
    splits = sorted(path.name for path in (place / part).iterdir() if path.is_dir())
    raise DataError(
        f"{split_key} is '{split}', but {place / part} holds no such folder: "
        + (f"set it to one of {', '.join(splits)}" if splits else "put the files into a folder per split")
    )


def _by_name(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(pictures_below(folder)):
        found[path.relative_to(folder).with_suffix("").as_posix()].append(path)
    return found


def _names(paths: Iterable[Path]) -> str:
    return ", ".join(path.name for path in paths)
