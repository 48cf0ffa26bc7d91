"""Folders of classes, and pictures with masks, made of any data set that has them or can become such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from skillbank.datasets.album import place_file
from skillbank.datasets.crops import crop_all
from skillbank.datasets.document import Split
from skillbank.datasets.formats.class_folders_writer import folder_names, write_classes
from skillbank.datasets.formats.mask_classes import PALETTE
from skillbank.datasets.formats.masks_writer import palette_of, save_mask
from skillbank.datasets.names import plain_name
from skillbank.datasets.naming import Names
from skillbank.datasets.opening import Opened
from skillbank.datasets.providing import Provided
from skillbank.datasets.repairing import Mode, Repair
from skillbank.datasets.report import DataReport
from skillbank.datasets.wanted import Wanted
from skillbank.errors import DataError

__all__ = ["provide_areas", "provide_classes"]


def provide_classes(
    opened: Opened, split: Split, wanted: Wanted, folder: Path, on_broken: str, *, report: DataReport,
    names: Sequence[str],
) -> Provided:  # fmt: skip
    """Link the pictures of a split into folders of their classes, or cut out boxes; below an empty folder."""
    repair = Repair(report, Mode.SKIP if on_broken == "skip" else Mode.PLAIN)
    places = {plain_name(name): number for number, name in enumerate(names)}
    folders = folder_names(names)
    home = folder / "pictures"
    home.mkdir(parents=True, exist_ok=True)
    lost: Counter[str] = Counter()
    count = copied = 0
    if opened.data.marks == "boxes":
        own = [folders[places[plain_name(name)]] for name in repair.classes]
        count = sum(1 for _ in crop_all(opened.tree, repair.pictures(split), own, home, lost))
    else:
        given = Names()
        for picture in repair.pictures(split):
            if picture.path is None or picture.label is None:
                lost["pictures of no class are left out"] += 1
                continue
            number = places[plain_name(repair.classes[picture.label])]
            inside = given.give(folders[number], picture.path.rpartition("/")[2])
            copied += place_file(opened.tree.path(picture.path), home / inside)
            count += 1
    if not count:
        part = split.said or "all"
        raise DataError(f"nothing of {opened.place} ({part}) is left without what is broken")
    notes = [*repair.sentences(), *(f"{what}: {number:,}" for what, number in lost.items())]
    if copied:
        notes.append(f"{copied:,} pictures were copied to {home}, since they cannot be linked there")
    paths = {wanted.pictures: home}
    if wanted.classes:
        paths[wanted.classes] = folder / "classes.txt"
        notes += write_classes(paths[wanted.classes], names)
    return Provided(paths, count, 0, tuple(names), tuple(notes))


def provide_areas(
    opened: Opened, wanted: Wanted, folder: Path, on_broken: str, *, report: DataReport, names: Sequence[str]
) -> Provided:
    """Link the pictures of all splits below ``images`` and draw their masks anew below ``masks``.

    Parameters
    ----------
    names
        The classes, in the order of the numbers that masks hold.
    """
    repair = Repair(report, Mode.SKIP if on_broken == "skip" else Mode.PLAIN)
    home = folder / "set"
    count = undrawn = copied = 0
    given = Names(listed=True)
    for split in opened.data.splits:
        (home / "images" / split.name).mkdir(parents=True, exist_ok=True)
        (home / "masks" / split.name).mkdir(parents=True, exist_ok=True)
        for picture in repair.pictures(split):
            if picture.path is None or picture.mask is None:
                continue
            inner = picture.path.rpartition("/")[2]
            inside = given.give(f"images/{split.name}", inner)
            copied += place_file(opened.tree.path(picture.path), home / inside)
            mask = PurePosixPath("masks", *PurePosixPath(inside).parts[1:]).with_suffix(".png")
            undrawn += save_mask(picture, home / mask)
            count += 1
    if not count:
        raise DataError(f"nothing of {opened.place} is left without what is broken")
    (home / PALETTE).write_text(palette_of(names), encoding="utf-8")
    notes = [*repair.sentences()]
    if undrawn:
        notes.append(f"{undrawn:,} objects with a box and no outline are in no mask")
    if copied:
        notes.append(f"{copied:,} pictures were copied to {home}, since they cannot be linked there")
    notes.append(f"{PALETTE} in it says what the numbers of the masks mean: {len(names):,} classes from 0")
    return Provided({wanted.pictures: home}, count, 0, tuple(names), tuple(notes))
