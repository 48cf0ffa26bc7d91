"""Jobs that measured different models on the same data, side by side: scores, speed, size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.errors import SkillbankError

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord
    from skillbank.jobs.service import Jobs

__all__ = ["Measured", "compared"]

_MEASURES = "evaluate"
_RATES = ("pictures_per_second", "images_per_second")
"""How programs call the pictures that a model looks at in a second."""


@dataclass(frozen=True)
class Measured:
    """What a job has measured of a model.

    Attributes
    ----------
    model_bytes
        Size of the model's file; None where it is not on this machine.
    rate
        Pictures a second, where the program says it; its machine and batch are the job's.
    """

    job: str
    skill: str
    metrics: Mapping[str, float]
    model_bytes: int | None
    rate: float | None

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {**asdict(self), "metrics": dict(self.metrics)}


def compared(jobs: Jobs, records: Sequence[JobRecord]) -> list[Measured]:
    """Return what complete evaluations of several skills on the same data have measured; else nothing.

    Parameters
    ----------
    records
        The jobs of a chain, in their order.
    """
    measuring = [each for each in records if each.action == _MEASURES and each.state.value == "COMPLETE"]
    by_data: dict[tuple[str, ...], list[JobRecord]] = {}
    for record in measuring:
        by_data.setdefault(_places(record), []).append(record)
    same = max(by_data.values(), key=len, default=[])
    if len({record.skill for record in same}) < 2:
        return []
    return [_measured(jobs, record) for record in same]


def _places(record: JobRecord) -> tuple[str, ...]:
    inputs = record.plan.get("inputs") or ()
    found = {str(each.get("place") or "") for each in inputs if each.get("source") == "eval_dataset"}
    return tuple(sorted(found - {""}))


def _measured(jobs: Jobs, record: JobRecord) -> Measured:
    metrics = dict(jobs.results(record.id).metrics)
    rate = next((metrics.pop(name) for name in _RATES if name in metrics), None)
    return Measured(record.id, record.skill, metrics, _size(jobs, record), rate)


def _size(jobs: Jobs, record: JobRecord) -> int | None:
    """Return how large the model is that a job measured: the best of its parent."""
    for parent in record.parents:
        try:
            left = jobs.results(parent)
        except SkillbankError:
            continue  # forgotten meanwhile
        chosen = next(
            (c for c in left.checkpoints if c.best), next((c for c in left.checkpoints if c.latest), None)
        )
        if chosen is not None and (file := Path(left.results_dir) / chosen.path).is_file():
            return file.stat().st_size
    return None
