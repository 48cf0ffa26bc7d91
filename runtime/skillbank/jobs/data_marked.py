"""Data sets of areas and of classes of whole pictures: what is there, and whether it is used as it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from skillbank.datasets.document import DataSet, Picture, Split
from skillbank.datasets.formats import LAST, title_of
from skillbank.datasets.formats.class_folders import ClassFolders
from skillbank.datasets.formats.mask_classes import PALETTE
from skillbank.datasets.opening import Opened, UnrecognisedError, open_place
from skillbank.datasets.outlines import as_areas
from skillbank.datasets.tree import Unpack
from skillbank.errors import DataError, a_few
from skillbank.jobs.data_groups import DataGroup
from skillbank.plan.model import Plan, Source
from skillbank.visible import one_line
from skillbank.ways import command

__all__ = ["open_marked", "split_of_areas", "why_areas"]

_SAID = (Source.USER, Source.SHORTHAND)
_SHOWN = 3


def open_marked(group: DataGroup, place: Path, unpack: Unpack) -> Opened:
    """Open a place whose pictures bear areas or classes, or can be made to: outlines, boxes to cut out.

    Folders are taken as classes without a split above them, since the program asks for folders of classes.
    """
    wanted = group.wanted
    assert wanted is not None
    try:
        opened = open_place(place, unpack, form=group.form)
        if wanted.marks == "classes" and opened.data.format == LAST.name and not group.form:
            opened = open_place(place, unpack, form=ClassFolders.name)
    except UnrecognisedError:
        if group.form or wanted.marks != "classes":
            raise
        opened = open_place(place, unpack, form=ClassFolders.name)
    if opened.data.format == LAST.name:
        needs = "masks beside them" if wanted.marks == "areas" else "folders of their classes"
        raise UnrecognisedError(f"{place} holds pictures, and neither annotations nor {needs}")
    if wanted.marks == "areas" and opened.data.marks == "boxes":
        return as_areas(opened)
    if opened.data.marks not in (wanted.marks, "boxes"):
        told = {"areas": "masks", "classes": "folders of classes"}
        raise DataError(
            f"{group.named} is {title_of(opened.data.format)}, and the action takes {told[wanted.marks]}, "
            "which cannot be made of it"
        )
    return opened


def split_of_areas(opened: Opened, group: DataGroup, plan: Plan) -> tuple[Opened, Split, tuple[str, ...]]:
    """Return the data set with the splits that a program finds by their names, the one meant, and notes.

    A program that takes a place as a whole looks for the folder of a split in it: a training needs one to
    learn from and one to validate on, an evaluation one to measure on.
    """
    data = opened.data
    there = {split.name: split for split in ((opened.split,) if opened.split is not None else data.splits)}
    notes: tuple[str, ...] = ()
    if group.role == "train":
        _refuse_undivided(there, group, plan)
        kept, meant = there, there["train"]
    else:
        meant, notes = _measured_on(there, group, plan)
        kept = {meant.name: meant}
    data = DataSet(data.format, data.classes, tuple(kept.values()), data.notes, data.faults, data.marks)
    return Opened(opened.tree, data), meant, notes


def _refuse_undivided(there: Mapping[str, Split], group: DataGroup, plan: Plan) -> None:
    """Raise `DataError` where a split is missing that an action learns from, or validates on meanwhile."""
    needed = ("train", "val") if plan.action == "train" else ("train",)
    if missing := [name for name in needed if name not in there]:
        held = a_few([split.said or split.name or "undivided" for split in there.values()], _SHOWN)
        raise DataError(
            f"{one_line(group.place, 200)} has no split {' and '.join(missing)} ({held}), which "
            f"{plan.action} looks for in it; {command('data split')} divides it into both"
        )


def _measured_on(there: Mapping[str, Split], group: DataGroup, plan: Plan) -> tuple[Split, tuple[str, ...]]:
    """Return the split that is measured on, by the name under which a program looks for it, and notes.

    Raises
    ------
    DataError
        When there is none: only an evaluation measures on what was not set aside for validation.
    """
    place = one_line(group.place, 200)
    chosen = next((there[name] for name in ("val", "test", "") if name in there), None)
    if chosen is None or (chosen.name != "val" and plan.action != "evaluate"):
        raise DataError(f"{place} has no split to measure on, only {', '.join(there) or 'none'}")
    other = f"{place} has no validation split, and is measured on '{chosen.said or 'all of it'}'"
    return replace(chosen, name="val"), () if chosen.name == "val" else (other,)


def why_areas(opened: Opened, place: Path, plan: Plan) -> str:
    """Return why files have to be made, half a sentence; empty where a program finds all as it lies."""
    if opened.data.format != "masks" or opened.tree.root != place:
        return "it lies otherwise"
    for split in opened.data.splits:
        if not all(_lies_beside(picture, split) for picture in split.pictures()):
            return f"not all of it lies in images/{split.name} and masks/{split.name}"
    said = any(each.source in _SAID and each.key.rpartition(".")[2] == "palette" for each in plan.overrides)
    if PALETTE not in opened.tree.files and not said:
        return f"it has no {PALETTE} that says what its masks mean, and nobody has set a palette"
    return ""


def _lies_beside(picture: Picture, split: Split) -> bool:
    """Whether a picture lies in the folder of its split, and its mask by the same name in that of masks."""
    stem = (picture.path or "").rpartition(".")[0]
    inner = stem.removeprefix(f"images/{split.name}/")
    mask = picture.mask.path.rpartition(".")[0] if picture.mask is not None else ""
    return inner != stem and mask in ("", f"masks/{split.name}/{inner}")
