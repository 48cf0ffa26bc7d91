"""Label jobs and the sets that they work for: what a job has found comes into its set."""

from __future__ import annotations

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


def lists() -> Path:
    """Return the folder of the lists of pictures that label jobs are given."""
    return home() / "label-lists"


def take_in_all(store: JobStore) -> int:
    """Take what label jobs have found into their sets, as far as it is not there; return how many pictures.

    Nothing is taken in twice, by however many processes at once.
    """
    query = (
        sa.select(SETS.c.name, RUNS.c.number, RUNS.c.job)
        .join(SETS, SETS.c.id == RUNS.c.set_id)
        .where(RUNS.c.job.is_not(None), RUNS.c.finished.is_(None))
    )
    with store.engine.connect() as db:
        open_runs = db.execute(query).all()
    sets, taken = SetStore(store.engine), 0
    for name, number, job in open_runs:
        try:
            record = store.get(job)
            there = sets.open(name)
        except (JobNotFoundError, SetNotFoundError):
            continue  # forgotten meanwhile
        run = next((each for each in there.runs() if each.number == number), None)
        if run is None:
            continue
        taken += take_in(there, run, Path(record.results_dir) / ACTION / PROPOSALS)
        if record.state.terminal and record.settled is not None:
            there.finish_run(run, run.who)
            _forget_list(record)
    return taken


def _forget_list(record: JobRecord) -> None:
    file = Path(str(record.plan.get("spec", {}).get(ACTION, {}).get("pictures", "")))
    if file.parent == lists():
        file.unlink(missing_ok=True)
