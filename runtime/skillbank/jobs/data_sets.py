"""Looking at a plan's data sets before it starts, with what reads them only where something is to be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillbank.datasets.parts import may_be_there
from skillbank.jobs.binding import has_token
from skillbank.jobs.data_groups import DataGroup, groups_of
from skillbank.jobs.data_looks import DataLook, PlanData, look_from_here
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.storage.progress import Report

with lazy_imports():
    from skillbank.jobs import data_looking

__all__ = ["look_at"]


def look_at(
    plan: Plan,
    *,
    whole: bool,
    elsewhere: bool = False,
    made: Sequence[Path] = (),
    report: Report | None = None,
) -> PlanData:
    """Look at the data sets of a plan.

    Parameters
    ----------
    whole
        Whether large archives are unpacked, large annotations read and all pictures decoded; what is small is
        looked at in any case.
    elsewhere
        Whether what lies in a bucket is brought and looked at too.
    made
        Places that an earlier step of a chain writes to: there is nothing yet.
    """
    groups = [group for group in groups_of(plan) if not _is_to_come(group, made)]
    if not (elsewhere or whole) and all(group.local is None for group in groups):
        measured = any(group.source == "eval_dataset" for group in groups)
        return PlanData(tuple(look_from_here(group, whole=whole, measured=measured) for group in groups))
    if not any(group.form or group.local is None or may_be_there(group.local) for group in groups):
        return PlanData(tuple(map(DataLook, groups)))  # what is not there is said file by file
    return data_looking.looked(plan, groups, whole=whole, elsewhere=elsewhere, report=report)


def _is_to_come(group: DataGroup, made: Sequence[Path]) -> bool:
    """Whether an earlier step of the chain writes a data set, so that there is nothing yet."""
    place = group.local or Path()
    return has_token(group.place) or any(place.is_relative_to(path) for path in made)
