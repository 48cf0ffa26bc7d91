"""Data sets looked into before they are brought: which splits a place has, and what a bucket holds."""

from __future__ import annotations

from skillbank.datasets.formats import LAST, title_of
from skillbank.datasets.opening import open_place
from skillbank.errors import SkillbankError, a_few
from skillbank.home import cache_dir
from skillbank.jobs.data_groups import DataGroup, local_path
from skillbank.jobs.data_places import (
    AT_ONCE,
    Found,
    LaterError,
    chosen_split,
    refuse_bare,
    small_unpacker,
)
from skillbank.plan.model import Plan
from skillbank.storage.data_listing import LargeError, open_listed
from skillbank.storage.progress import Report

__all__ = ["find_listed", "splits_at"]


def splits_at(uri: str, form: str = "", *, elsewhere: bool = False) -> tuple[str, ...]:
    """Return the splits of the data set at a place; none where none is recognised, or a part is named.

    Parameters
    ----------
    form
        The format that it is said to be read as; empty recognises it.
    elsewhere
        Whether a place in a bucket is looked into; if not, it has none.
    """
    try:
        if (place := local_path(uri)) is not None:
            opened = open_place(place, small_unpacker(), form=form)
        elif elsewhere:
            opened = open_listed(uri, cache_dir(), form=form, most=AT_ONCE, sizes=False)
        else:
            return ()
    except (SkillbankError, OSError):
        return ()
    if opened.split is not None or opened.data.format == LAST.name:
        return ()
    return tuple(split.name for split in opened.data.splits)


def find_listed(group: DataGroup, plan: Plan, report: Report | None) -> Found | None:
    """Find the data set of a group in a bucket by what its texts and the names of its pictures tell.

    Returns
    -------
    Found or None
        None where that tells nothing of its files: only pictures are asked for, or nothing is made of boxes.

    Raises
    ------
    LaterError
        When there is too much of it.
    DataNotFoundError, DataError, PlatformError
        As `find`.
    """
    if group.wanted is None or not group.wanted.annotated or group.wanted.marks != "boxes":
        return None
    try:
        opened = open_listed(group.place, cache_dir(), form=group.form, most=AT_ONCE, report=report)
    except LargeError as error:
        raise LaterError(error.sentence) from None
    refuse_bare(opened, group, group.place)
    split, notes = chosen_split(opened, group, plan)
    missing = a_few([each.file for each in group.missing], 3)
    why = f"it has no {missing}" if missing else f"it is said to be read as {title_of(group.form)}"
    return Found(group, opened, split, why, notes)
