"""A labelling into a set as a job: the list of its pictures, the plan, the launch."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import DataError, JobNotFoundError, NotApprovedError, QuestionsError
from skillbank.jobs.label_jobs import ACTION, SKILL, lists
from skillbank.jobs.set_files import lies
from skillbank.labelling.manifest import put
from skillbank.plan.open_points import open_points
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.sets.arrivals import list_of
from skillbank.sets.model import PictureRow, Run
from skillbank.sets.objects import Wanted
from skillbank.team.places import opened

if TYPE_CHECKING:
    from skillbank.facade.starting import Starting
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.model import Plan

__all__ = ["RETRIES", "Start", "launch", "under_way"]

RETRIES = 0
"""The same command goes on after any failure; a further attempt would have other results."""
Start = Callable[["Plan"], "JobRecord"]


def under_way(runtime: Starting, run: Run) -> JobRecord | None:
    """Return the job that works for a run now."""
    try:
        record = runtime.jobs.look(run.job) if run.job else None
    except JobNotFoundError:
        return None  # forgotten meanwhile
    return None if record is None or record.state.terminal else record


def launch(
    runtime: Starting,
    name: str,
    run: Run,
    model: str,
    rows: Sequence[PictureRow],
    begin: Start | None = None,
) -> JobRecord:
    """Start a job in which a model looks at pictures of a set.

    The same pictures, model and descriptions are the same plan; while a job of it works there is no second.

    Parameters
    ----------
    name
        Of the set.
    model
        A file, a folder or a name on the hub, as `skillbank.labelling.models.find_model` gave it.
    begin
        Starts the job, and may ask a person; without it nobody is asked any more.

    Raises
    ------
    DataError
        When there is no picture to look at.
    QuestionsError, TrustError, PlatformError, NotApprovedError
        As any launch.
    """
    if not rows:
        raise DataError(
            f"This model has looked at all of these pictures of {name} already; no job was started."
        )
    content = list_of(map(_here, rows))
    file = lists() / f"{name}-{run.number}-{hashlib.sha256(content).hexdigest()[:16]}.jsonl"
    _forget_others(file)
    put(file, content)
    settings = {
        "label.model": model,
        "label.captions": list(Wanted.of(run.captions).captions),
        "label.least": run.settings["least"],
        "label.nms": run.settings["nms"],
        "label.tiles": run.settings["tiles"],
    }
    settings |= {"label.precision": named} if (named := run.settings.get("precision")) else {}
    request = Request(
        skill=SKILL,
        action=ACTION,
        data=(DataLocation(source="picture_list", uri=str(file)),),
        settings=tuple(Setting(key=key, value=value) for key, value in settings.items()),
        platform="local",
    )
    try:
        with opened(file):
            [plan] = runtime.plan(request)
        if plan.questions:
            raise QuestionsError(f"The job's plan has open questions. {open_points(plan.questions).marked}")
        runtime.refuse_at_gate([plan])
        jobs = runtime.jobs
        begun = (jobs.look(each.id) for each in jobs.store.list(plan_id=plan.plan_id))
        record = next((each for each in begun if not each.state.terminal), None)
        if record is None:
            record = begin(plan) if begin else runtime.launch(plan, retries=RETRIES)
    except NotApprovedError:
        raise  # whoever approves it looks at the list, and the same call finds it again
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return runtime.jobs.look(record.id)


def _forget_others(file: Path) -> None:
    """Take away lists of the same run that nobody has launched; a job of the run would be under way."""
    stem = file.name.removesuffix(".jsonl")[:-16]
    for other in file.parent.glob("*.jsonl") if file.parent.is_dir() else ():
        if other != file and re.fullmatch(rf"{re.escape(stem)}[0-9a-f]{{16}}\.jsonl", other.name):
            other.unlink(missing_ok=True)


def _here(row: PictureRow) -> PictureRow:
    """Return a picture with its place on this machine: a job's program has no way into a bucket."""
    return replace(row, place=str(lies(row.place))) if "://" in row.place else row
