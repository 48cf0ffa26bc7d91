"""What is said of a step that goes on after it broke off: from where, and what is another now."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.jobs.chains import broken_off, is_newest, takes_checkpoint
from skillbank.jobs.checkpoints import resumable
from skillbank.jobs.seen_data import change
from skillbank.jobs.uploads import results_folder
from skillbank.plan.products import trains

if TYPE_CHECKING:
    from skillbank.jobs.chains import Step
    from skillbank.jobs.record import JobRecord
    from skillbank.runtime import Runtime

__all__ = ["goes_on", "way_on"]


def way_on(runtime: Runtime, record: JobRecord) -> str:
    """Say how a training that broke off goes on from what it has left; empty where there is no such thing.

    So it is where somebody has started it again: that one counts.
    """
    alone = not record.searches and record.experiment is None and takes_checkpoint(record.plan.get("spec"))
    if not (alone and broken_off(record) and resumable(Path(record.results_dir))):
        return ""
    if not is_newest(runtime.jobs.store, record):
        return ""
    return f"It goes on from its last checkpoint with: skillbank run --resume {record.id}"


def goes_on(runtime: Runtime, step: Step) -> list[str]:
    """Return notes about a step that is started once more."""
    return list(_notes(runtime, step))


def _notes(runtime: Runtime, step: Step) -> Iterator[str]:
    broken, resumes = step.broken, step.resumes
    if broken is None:
        return
    if resumes is not None:
        file = resumable(results_folder(resumes))
        yield f"{broken.id} broke off; it goes on from {file}"
    elif broken.searches:
        yield f"{broken.id} broke off; this is a search of its own, which takes none of its trials"
    elif trains(step.plan.action):
        yield f"{broken.id} broke off and left no checkpoint to go on from; it starts from its beginning"
    if (since := resumes or broken).data and (
        changed := change(since.data or (), runtime.data_of(step.plan))
    ):
        yield f"the data has changed since {since.id} was started: {changed}"
