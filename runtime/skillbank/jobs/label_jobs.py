"""Label jobs and the sets that they work for: what a job has found comes into its set."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from skillbank.errors import JobNotFoundError
from skillbank.home import home
from skillbank.jobs.record import JobRecord
from skillbank.jobs.store import JobStore
from skillbank.sets.arrivals import PROPOSALS, take_in
from skillbank.sets.label_set import LabelSet
from skillbank.sets.log import jobs_of_run
from skillbank.sets.model import Run, SetNotFoundError
from skillbank.sets.tables import RUNS, SETS
from skillbank.stored import asking

__all__ = ["ACTION", "SKILL", "lists", "take_in_all"]

SKILL, ACTION = "skillbank-label-set", "label"
"""Skill and action of a label job."""
_BLOCK = 1 << 16


def lists() -> Path:
    """Return the folder of the lists of pictures that label jobs are given."""
    return home() / "label-lists"


def take_in_all(store: JobStore, taken: dict[str, int], seconds: float = math.inf) -> None:
    """Take what label jobs have found into their sets; nothing comes in twice, by however many processes.

    Parameters
    ----------
    taken
        How many bytes of each job's findings were taken in before, by the job's id; it is kept up to date.
    seconds
        About how long each job may take.
    """
    query = (
        sa.select(SETS.c.id, SETS.c.name, RUNS.c.number)
        .join(SETS, SETS.c.id == RUNS.c.set_id)
        .where(RUNS.c.job.is_not(None), RUNS.c.finished.is_(None))
    )
    with asking(store.engine) as db:
        open_runs = db.execute(query).all()
    for set_id, name, number in open_runs:
        there = LabelSet(store.engine, set_id, name)
        run = next((each for each in there.runs() if each.number == number), None)
        if run is None:
            continue  # forgotten meanwhile
        jobs = list(_known(store, jobs_of_run(store.engine, set_id, number)))
        # All are asked, also behind one that is not through.
        through = [_take_in(there, run, record, taken, seconds) for record in jobs]
        if through and all(through):
            there.finish_run(run, run.who)


def _known(store: JobStore, jobs: Sequence[str]) -> Iterator[JobRecord]:
    for job in jobs:
        try:
            yield store.get(job)
        except JobNotFoundError:
            continue  # forgotten meanwhile


def _take_in(there: LabelSet, run: Run, record: JobRecord, taken: dict[str, int], seconds: float) -> bool:
    """Take in what a job has found; return whether nothing more will come of it."""
    file, start = Path(record.results_dir) / ACTION / PROPOSALS, taken.get(record.id, 0)
    try:
        _, taken[record.id] = take_in(there, run, file, start, seconds)
        whole = not file.is_file() or taken[record.id] >= _whole_lines(file)
    except SetNotFoundError:
        return False  # removed meanwhile
    except OSError:
        return False  # a file that cannot be read keeps nobody from the set; its run stays unfinished
    if whole and record.state.terminal and record.settled is not None:
        _forget_list(record)
        return True
    return False


def _whole_lines(file: Path) -> int:
    """Return how many bytes of a file are lines; the end of the last one may have been cut off."""
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        while size > 0:
            start = max(0, size - _BLOCK)
            stream.seek(start)
            if (at := stream.read(size - start).rfind(b"\n")) >= 0:
                return start + at + 1
            size = start
    return 0


def _forget_list(record: JobRecord) -> None:
    file = Path(str(record.plan.get("spec", {}).get(ACTION, {}).get("pictures", "")))
    if file.parent == lists():
        file.unlink(missing_ok=True)
