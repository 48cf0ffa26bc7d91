"""What one job has measured, on what, and of which model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.bank.documents import read_yaml
from skillbank.errors import SkillbankError
from skillbank.jobs.data_digest import ABSENT
from skillbank.jobs.record import JobRecord
from skillbank.jobs.uploads import results_folder
from skillbank.plan.model import PARENT_MODEL, PARENT_MODEL_FOLDER, TOKENS
from skillbank.plan.products import trains

if TYPE_CHECKING:
    from skillbank.jobs.results import Results
    from skillbank.jobs.service import Jobs

__all__ = ["Measured", "content", "giver", "inputs", "measured", "measured_on", "used_spec"]

_MEASURED_ON, _TRAINED_ON = "eval_dataset", "train_datasets"
_RATES = ("pictures_per_second", "images_per_second")
"""How programs call the pictures that a model looks at in a second."""
_LONGEST = 16 << 20
"""Bytes of a document that is read."""


@dataclass(frozen=True)
class Measured:
    """What a job has measured, and of which model.

    Attributes
    ----------
    trained_by
        The job that trained the model; None where none is known.
    trained_from
        What this training started from: files, names on the hub, jobs; nothing where nothing was named.
    trained_on, measured_on
        The places of the data.
    metrics
        As the program calls them, the rate aside.
    per_class
        Class to what was measured of it, where the program's ``metrics.json`` says so.
    pictures
        How many were measured on, where that file says so.
    model_bytes
        Size of the model's file; None where it is not on this machine.
    rate
        Pictures a second, where the program says it; its machine and batch are the job's.
    """

    job: str
    skill: str
    action: str
    state: str
    trained_by: str | None
    trained_from: tuple[str, ...]
    trained_on: tuple[str, ...]
    measured_on: tuple[str, ...]
    metrics: Mapping[str, float]
    per_class: Mapping[str, Mapping[str, float]]
    pictures: int | None
    model_bytes: int | None
    rate: float | None


def giver(jobs: Jobs, record: JobRecord) -> JobRecord:
    """Return the job whose model and values stand for a job's: of an experiment its best trial."""
    return jobs.store.get(record.product) if record.product else record


def measured(jobs: Jobs, record: JobRecord) -> Measured:
    """Return what a job that has ended measured; of an experiment, what its best trial did."""
    results = jobs.results(record.id)
    metrics = dict(results.metrics)
    rate = next((metrics.pop(name) for name in _RATES if name in metrics), None)
    maker = _maker(jobs, record)
    trained = maker and giver(jobs, maker)
    document = _left(giver(jobs, record), "metrics.json", lambda file: json.loads(file.read_bytes()))
    pictures = document.get("images")
    return Measured(
        record.id,
        record.skill,
        record.action,
        str(record.state),
        trained_by=maker.id if maker else None,
        trained_from=_started_from(trained) if trained else (),
        trained_on=_places(trained, _TRAINED_ON) if trained else (),
        measured_on=measured_on(record),
        metrics=metrics,
        per_class=_per_class(document.get("per_class")),
        pictures=pictures if type(pictures) is int else None,
        model_bytes=_size(jobs, record, results),
        rate=rate,
    )


def _maker(jobs: Jobs, record: JobRecord) -> JobRecord | None:
    """Return the job that trained the model of a job: itself, or the first training among its ancestors."""
    waiting, known = [record], {record.id}
    while waiting:
        found = waiting.pop(0)
        if trains(found.action):
            return found
        for parent in found.parents:
            with suppress(SkillbankError):  # forgotten meanwhile
                ancestor = jobs.store.get(parent)
                if ancestor.id not in known:
                    known.add(ancestor.id)
                    waiting.append(ancestor)
    return None


def _started_from(record: JobRecord) -> tuple[str, ...]:
    """Name what a training started from: models among its inputs, which are of no data set."""
    of_parents = {PARENT_MODEL, PARENT_MODEL_FOLDER}
    uris = [str(each["uri"]) for each in inputs(record) if not each.get("source") and each.get("uri")]
    found = dict.fromkeys(uri for uri in uris if uri not in TOKENS)
    if any(uri in of_parents for uri in uris):
        found.update(dict.fromkeys(record.parents))
    return tuple(found)


def inputs(record: JobRecord) -> Sequence[Mapping[str, object]]:
    """Return the inputs of a job as its plan names them."""
    return record.plan.get("inputs") or ()


def _places(record: JobRecord, source: str) -> tuple[str, ...]:
    found = {str(each.get("place") or each["uri"]) for each in inputs(record) if each.get("source") == source}
    return tuple(sorted(found))


def measured_on(record: JobRecord) -> tuple[str, ...]:
    """Name the data whose numbers a job tells: what validates or is measured on, else what it looked at."""
    found = _places(record, _MEASURED_ON)
    if found or trains(record.action):
        return found
    sources = dict.fromkeys(str(each.get("source") or "") for each in inputs(record))
    return tuple(place for source in sources if source for place in _places(record, source))


def content(record: JobRecord) -> dict[str, str]:
    """Return by place the digests of what was measured on, as it lay there when the job was started."""
    uris = {str(each["uri"]) for each in inputs(record) if each.get("source") == _MEASURED_ON}
    whole = f"data set of {_MEASURED_ON}"
    seen = [each for each in record.data or () if each.uri in uris or each.key == whole]
    return {each.uri: each.digest for each in seen if each.digest not in ("", ABSENT)}


def used_spec(record: JobRecord) -> Mapping[str, object]:
    """Return the spec as the program used it, where it has kept that, else as it was planned."""
    planned = record.plan.get("spec")
    return _left(record, "experiment.yaml", read_yaml) or (planned if isinstance(planned, dict) else {})


def _left(record: JobRecord, name: str, read: Callable[[Path], object]) -> Mapping[str, object]:
    """Read a document that a program keeps beside its status lines; whatever is no such file is empty."""
    folder = results_folder(record).resolve()
    file = (folder / record.action / name).resolve()
    document: object = None
    with suppress(OSError, ValueError, RecursionError, SkillbankError):
        # A program may leave links behind, and those may lead anywhere.
        if file.is_relative_to(folder) and file.is_file() and file.stat().st_size <= _LONGEST:
            document = read(file)
    return document if isinstance(document, dict) else {}


def _per_class(document: object) -> dict[str, dict[str, float]]:
    """Return the finite numbers that were measured of each class."""
    found: dict[str, dict[str, float]] = {}
    for name, values in document.items() if isinstance(document, dict) else ():
        values = values if isinstance(values, dict) else {"": values}
        numbers = {
            str(measure): float(value)
            for measure, value in values.items()
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        }
        if numbers:
            found[str(name)] = numbers
    return found


def _size(jobs: Jobs, record: JobRecord, results: Results) -> int | None:
    """Return how large the model is that a job measured: the best of its own, else of its parent."""
    left = [results] if trains(record.action) else []
    for parent in () if left else record.parents:
        with suppress(SkillbankError):  # forgotten meanwhile
            left.append(jobs.results(parent))
    for found in left:
        chosen = next((c for c in found.checkpoints if c.best), None)
        chosen = chosen or next((c for c in found.checkpoints if c.latest), None)
        if chosen is not None and (file := Path(found.results_dir) / chosen.path).is_file():
            return file.stat().st_size
    return None
