"""The files that are made of a plan's data sets when it is launched, in the cache by their contents."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from skillbank.datasets.progress import Progress
from skillbank.datasets.providing import Classes, provide, provide_pictures
from skillbank.datasets.providing_marked import provide_areas, provide_classes
from skillbank.errors import DataError
from skillbank.home import cache_dir
from skillbank.jobs.data_groups import first_category
from skillbank.jobs.data_looking import contents
from skillbank.jobs.data_looks import DataLook, PlanData
from skillbank.jobs.data_places import reaches
from skillbank.plan.model import Plan
from skillbank.storage.cache import digest, once
from skillbank.ways import marked

__all__ = ["make"]

_VERSION = "3"
"""Of the files that are made: another one makes them anew."""
_DATA = "dataset"
"""What the folder of a converted data set is called in the cache, behind its digest."""


def make(
    plan: Plan, data: PlanData, note: Callable[[str], None], progress: Progress | None = None
) -> dict[str, Path]:
    """Make the files of the data sets that need it, each once for all jobs; return where the inputs lie.

    Parameters
    ----------
    note
        Told what was made and what was dropped, a sentence each.
    progress
        Told how far it is.

    Raises
    ------
    DataError
        When something that was found ends the job.
    """
    if data.problems:
        raise DataError("; ".join(map(marked, data.problems)))
    if not any(look.made for look in data.looks):
        return {}
    classes = Classes()
    for look in sorted(data.looks, key=lambda look: look.group.source != "train_datasets"):
        if look.report is not None:
            classes.add(look.report.classes)
    paths: dict[str, Path] = {}
    for look in data.looks:
        if look.made:
            paths |= _made(plan, look, tuple(classes.names), note, progress)
    return paths


def _made(
    plan: Plan,
    look: DataLook,
    names: tuple[str, ...],
    note: Callable[[str], None],
    progress: Progress | None,
) -> dict[str, Path]:
    found, wanted = look.found, look.group.wanted
    assert found is not None and wanted is not None
    first = _first_id(plan, look)
    key = digest(
        _VERSION, contents(found.opened.tree), look.group.form, found.split.name, found.split.said,
        repr(wanted), plan.on_broken, str(first), str(reaches(plan) is not None), *names,
    )  # fmt: skip
    write = partial(_write, plan=plan, look=look, names=names, first=first, progress=progress)
    folder = once(cache_dir(), f"{key}-{_DATA}", write)
    document = json.loads((folder / "made.json").read_text("utf-8"))
    note(look.said)
    for sentence in document["notes"]:
        note(f"{look.group.named}: {sentence}")
    boxes = f" and {document['boxes']:,} boxes" if wanted.annotated and wanted.marks == "boxes" else ""
    note(f"{look.group.named}: {document['pictures']:,} pictures{boxes} are used")
    lie = {
        name: folder / said if not Path(said).is_absolute() else Path(said)
        for name, said in document["paths"].items()
    }
    return {b.key: lie[b.file] for b in look.group.bindings if b.file in lie}


def _first_id(plan: Plan, look: DataLook) -> int:
    """Return the id of the first category: what the program asks for, else that of the document there."""
    first = first_category(plan)
    wanted = look.group.wanted
    file = next((b for b in look.group.bindings if wanted is not None and b.file == wanted.coco), None)
    if first == 0 or file is None or look.found is None:
        return first
    path = look.found.opened.tree.files.get(file.file)
    try:
        document = json.loads(path.read_text("utf-8-sig")) if path is not None else {}
        ids = [int(category["id"]) for category in document["categories"]]
    except (ValueError, KeyError, TypeError, OSError):
        return first
    return 0 if ids and min(ids) == 0 else first


def _write(
    work: Path,
    *,
    plan: Plan,
    look: DataLook,
    names: Sequence[str],
    first: int,
    progress: Progress | None,
) -> Path:
    found, wanted = look.found, look.group.wanted
    assert found is not None and wanted is not None
    folder = work / "made"
    folder.mkdir(exist_ok=True)
    if not wanted.annotated:
        skipped = look.report.findings.broken if look.report and plan.on_broken == "skip" else ()
        made = provide_pictures(
            found.opened, found.split, wanted, folder, reaches=reaches(plan), without=skipped
        )
    elif look.report is not None and wanted.marks == "areas":
        made = provide_areas(
            found.opened, wanted, folder, plan.on_broken, report=look.report, names=look.report.classes
        )
    elif look.report is not None and wanted.marks == "classes":
        made = provide_classes(
            found.opened, found.split, wanted, folder, plan.on_broken, report=look.report, names=names
        )
    else:
        assert look.report is not None  # what is annotated was checked, or is a problem
        shared = Classes()
        shared.add(names)
        made = provide(
            found.opened,
            found.split,
            wanted,
            folder,
            plan.on_broken,
            report=look.report,
            classes=shared,
            first=first,
            reaches=reaches(plan),
            progress=progress,
        )
    paths = {
        name: str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
        for name, path in made.paths.items()
    }
    document = {
        "paths": paths,
        "pictures": made.pictures,
        "boxes": made.boxes,
        "classes": made.classes,
        "notes": made.notes,
    }
    (folder / "made.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return folder
