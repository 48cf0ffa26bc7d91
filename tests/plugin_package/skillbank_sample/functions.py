"""Values that are worked out of the job: where notes go, and which weights are taken."""

from __future__ import annotations

from skillbank.plan.inference import Context, Inferred, reading
from skillbank.plan.model import PARENT_MODEL, RESULTS_DIR

__all__ = ["notes", "weights"]


def notes(context: Context) -> Inferred:
    """A file of the job's results, called after the action."""
    return Inferred(f"{RESULTS_DIR}/{context.action}-notes.txt", "notes of this job")


@reading
def weights(context: Context) -> Inferred:
    """The parent's model; without a parent the plan asks."""
    if context.parent is None:
        return Inferred(None, "no parent job")
    return Inferred(PARENT_MODEL, "model of the parent, by a function of a package")
