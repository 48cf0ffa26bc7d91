"""Looking at the data sets of a plan: found, read and checked, once in a process while nothing changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from skillbank.datasets.opening import UnrecognisedError
from skillbank.datasets.tree import Tree, open_tree
from skillbank.errors import DataNotFoundError, PlatformError, SkillbankError, sentence_of
from skillbank.home import cache_dir
from skillbank.jobs.data_elsewhere import find_listed
from skillbank.jobs.data_groups import DataGroup, is_there
from skillbank.jobs.data_judging import checked, ours
from skillbank.jobs.data_looks import DataLook, PlanData, look_from_here
from skillbank.jobs.data_places import (
    AT_ONCE,
    LaterError,
    find,
    find_brought,
    small_unpacker,
)
from skillbank.plan.model import Plan
from skillbank.storage.cache import digest
from skillbank.storage.data_place import local_place, unpacker
from skillbank.storage.progress import Report
from skillbank.storage.staging import stage
from skillbank.visible import one_line

__all__ = ["contents", "looked"]

_TEXTS = (".json", ".jsonl", ".csv", ".xml")


_KEPT: dict[tuple[str, bool, bool], tuple[str, PlanData]] = {}
"""What was seen of plans in this process, with what stands for the files: a launch looks several times."""
_MOST_KEPT = 4


def looked(
    plan: Plan, groups: Sequence[DataGroup], *, whole: bool, elsewhere: bool, report: Report | None
) -> PlanData:
    """Look at data sets; see `skillbank.jobs.data_sets.look_at`."""
    elsewhere = elsewhere and any(group.local is None for group in groups)
    asked = (plan.plan_id, whole, elsewhere)
    if asked in _KEPT and (kept := _KEPT[asked])[0] == _signature(kept[1], whole=whole):
        return kept[1]
    measured = any(group.source == "eval_dataset" for group in groups)
    looks = [
        look_from_here(group, whole=False, measured=measured)
        if group.local is None and not (whole or elsewhere)
        else _look(group, plan, whole=whole, elsewhere=elsewhere, report=report)
        for group in groups
    ]
    data = PlanData(checked(plan, looks, whole, report))
    if all(_is_certain(look) for look in looks):
        while len(_KEPT) >= _MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[asked] = (_signature(data, whole=whole), data)
    return data


def _is_certain(look: DataLook) -> bool:
    """Whether the same is seen again while no file changes."""
    return look.found is not None and not look.problems and not look.listed


def _signature(data: PlanData, *, whole: bool) -> str:
    """Return what stands for the files of all data sets now; no text twice where they cannot be listed."""
    unpack = unpacker(cache_dir()) if whole else small_unpacker()
    roots = {look.found.opened.tree.root for look in data.looks if look.found is not None}
    try:
        return digest(*(contents(open_tree(root, unpack)) for root in sorted(roots)))
    except (SkillbankError, OSError):
        return str(object())


def _look(group: DataGroup, plan: Plan, *, whole: bool, elsewhere: bool, report: Report | None) -> DataLook:
    """Look at one data set; what is wrong with it is a part of what was seen."""
    try:
        return _seen(group, plan, whole=whole, elsewhere=elsewhere, report=report)
    except LaterError as error:
        return DataLook(group, notes=(error.sentence,), later=True)
    except DataNotFoundError:
        return DataLook(group)  # what is not there is said file by file
    except PlatformError:
        raise
    except (SkillbankError, OSError) as error:
        return _unusable(group, plan, error)


def _seen(group: DataGroup, plan: Plan, *, whole: bool, elsewhere: bool, report: Report | None) -> DataLook:
    place = group.local
    if place is None and not elsewhere:
        return _look_listed(group, plan, report)
    if place is None and not group.missing and not group.form:
        inputs = [each for each in group.bindings if is_there(each)]
        paths = {b.file: stage(b, cache_dir(), inputs=plan.inputs, report=report) for b in inputs}
        found = find_brought(group, plan, paths)
        return DataLook(group, found, recognised=found is not None)
    if place is None:
        place = local_place(group.place, cache_dir(), report)
    if not whole:
        _refuse_large(place)
    found = find(group, plan, place, unpacker(cache_dir(), report) if whole else small_unpacker())
    return DataLook(group, found, notes=found.notes if found else (), recognised=found is not None)


def _unusable(group: DataGroup, plan: Plan, error: SkillbankError | OSError) -> DataLook:
    """Say what is wrong with a data set; files that are there, of another program, are for that to judge."""
    if group.missing or group.form or ours(plan):
        known = not isinstance(error, UnrecognisedError)
        return DataLook(group, problems=(sentence_of(error),), recognised=known)
    areas = group.wanted is not None and group.wanted.marks == "areas"
    return DataLook(group, notes=(sentence_of(error),) if areas else ())


def _look_listed(group: DataGroup, plan: Plan, report: Report | None) -> DataLook:
    """Look at a data set in a bucket without its pictures; files that lie there as named are used."""
    if group.wanted is None or not group.is_there or not (group.missing or group.form):
        return DataLook(group)
    found = find_listed(group, plan, report)
    if found is None:
        return look_from_here(group, whole=True)
    note = f"{one_line(group.place, 200)}: its pictures are looked at when the job is launched"
    return DataLook(group, found, notes=(*found.notes, note), recognised=True, listed=True)


def _refuse_large(place: Path) -> None:
    """Raise `LaterError` for annotations that take long to read."""
    for file in place.iterdir() if place.is_dir() else [place]:
        if file.is_file() and file.suffix.lower() in _TEXTS and file.stat().st_size > AT_ONCE:
            raise LaterError(f"{file} is large, and is read when a job is launched")


def contents(tree: Tree) -> str:
    """Return what stands for the files of a tree: names, places, sizes and times of the last change."""
    whole = hashlib.sha256(str(tree.root).encode())
    for name, path in tree.files.items():
        info = path.stat() if path.exists() else path.lstat()  # a link may lead nowhere
        whole.update(f"{name}\0{path}\0{info.st_size}\0{info.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()
