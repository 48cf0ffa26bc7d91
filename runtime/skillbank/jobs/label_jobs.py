"""Label jobs and the sets that they work for: what a job has found comes into its set."""

from __future__ import annotations

import math
import os
from pathlib import Path

import sqlalchemy as sa

from skillbank.errors import JobNotFoundError
from skillbank.home import home
from skillbank.jobs.record import JobRecord
from skillbank.jobs.store import JobStore
from skillbank.sets.arrivals import PROPOSALS, take_in
from skillbank.sets.model import SetNotFoundError
from skillbank.sets.store import SetStore
from skillbank.sets.tables import RUNS, SETS

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
        sa.select(SETS.c.name, RUNS.c.number, RUNS.c.job)
        .join(SETS, SETS.c.id == RUNS.c.set_id)
        .where(RUNS.c.job.is_not(None), RUNS.c.finished.is_(None))
    )
    with store.engine.connect() as db:
        open_runs = db.execute(query).all()
    sets = SetStore(store.engine)
    for name, number, job in open_runs:
        try:
            record = store.get(job)
            there = sets.open(name)
        except (JobNotFoundError, SetNotFoundError):
            continue  # forgotten meanwhile
        run = next((each for each in there.runs() if each.number == number), None)
        if run is None:
            continue
        file, start = Path(record.results_dir) / ACTION / PROPOSALS, taken.get(job, 0)
        _, taken[job] = take_in(there, run, file, start, seconds)
        ended = record.state.terminal and record.settled is not None
        if ended and (not file.is_file() or taken[job] >= _whole_lines(file)):
            there.finish_run(run, run.who)
            _forget_list(record)


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
