"""Which model labels: a job's best one, a file, a folder, or a name on the model hub; and its engine."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from skillbank.bank.engines import labeller, own_engine
from skillbank.errors import DataError, DataNotFoundError, ParentError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.labelling.engine import MOST_PIXELS, Engine
from skillbank.labelling.manifest import digest, digest_file
from skillbank.nearby import at_home, near_path
from skillbank.plan.model import is_hub_name
from skillbank.plan.products import MODEL_SUFFIXES
from skillbank.redact import redact
from skillbank.storage import hub
from skillbank.team.places import hidden
from skillbank.ways import Sentence, command, marked, option

if TYPE_CHECKING:
    from skillbank.facade.starting import Starting

__all__ = ["Model", "find_model", "hub_model", "labels", "model_digest", "open_engine", "way_out"]


class Model(NamedTuple):
    """A model: what the engine takes as its checkpoint, and what people call it."""

    source: str
    name: str


def hub_model() -> str:
    """Return the model that is used when nothing is named, as the skill of the labelling program says it."""
    return labeller().hub_model


def labels(record: JobRecord) -> bool:
    """Whether a job's program is one of skillbank's own bank that finds what a text describes."""
    engine = own_engine(_program(record))
    return engine is not None and engine.labels_by_description


def _program(record: JobRecord) -> str:
    command = record.plan.get("command") or ("",)
    return str(command[0])


def way_out() -> str:
    """Return what to do where the model that is used by default cannot be had."""
    return Sentence(
        f"name a model with {option('checkpoint')}: a train job ('last:train'), a checkpoint or ONNX "
        "file, or a folder "
        f"that holds such a model as transformers saves it: 'hf download {hub_model()} --local-dir DIR' "
        "fetches one where there is a network"
    )


def find_model(runtime: Starting, given: str | None) -> Model:
    """Find a model.

    Parameters
    ----------
    given
        A file; a folder that transformers saved; a complete job that left a model, by its id or as
        ``last:train``; or ``OWNER/NAME`` on the hub. By default `hub_model`.

    Raises
    ------
    DataNotFoundError, JobNotFoundError, ParentError
        When there is no such thing, as far as that is known without asking the hub, or the job has no model.
    """
    if given is None:
        return Model(hub_model(), hub_model())
    path = at_home(Path(given))
    with contextlib.suppress(OSError):  # a name too long for a file
        if not hidden(path) and (path.is_file() or path.is_dir()):
            return Model(str(path.absolute()), path.name)
    if is_hub_name(given):
        if hub.offline() and not hub.cached(given):
            raise DataNotFoundError(
                f"There is no model {given} here{near_path(path)} nor in the cache of the model hub, which "
                "HF_HUB_OFFLINE forbids to ask; give a file, a folder or a train job, or download it first."
            )
        return Model(given, given)
    if "/" in given or path.suffix.lower() in MODEL_SUFFIXES:
        raise DataNotFoundError(
            f"There is no model {given} here{near_path(path)}; give a file, a folder, a train job or a name "
            "on the model hub."
        )
    return _of_job(runtime, given)


def open_engine(
    model: Model, given: str | None, *, most_pixels: int = MOST_PIXELS, precision: str = ""
) -> Engine:
    """Start the engine with a model, the hub's cache taken as it is where the hub does not answer.

    Raises
    ------
    DataError
        When the model is on the hub, which does not answer, and not in its cache.
    PlatformError
        When the engine is not installed.
    """
    offline = False
    if is_hub_name(model.source) and hub.offline():
        if not hub.cached(model.source):
            raise DataError(f"{model.source} cannot be had from the model hub here; {marked(way_out())}.")
    elif is_hub_name(model.source):
        status = hub.answer(model.source)
        offline = not 200 <= status < 400
        if offline and not hub.cached(model.source):
            said = (
                f"answers {status} for {model.source}, which"
                if status
                else f"does not answer, and {model.source}"
            )
            instead = way_out() if given is None else "give a file, a folder or a train job"
            raise DataError(
                f"The model hub {redact(hub.endpoint())} {said} is not in its cache; {marked(instead)}."
            )
    return Engine(model.source, most_pixels=most_pixels, offline=offline, precision=precision)


def model_digest(source: str) -> str:
    """Return the sha256 of a model's file, of the files in its folder, or its revision on the hub.

    A model of the hub is looked up in the cache, so it is asked for when the engine has loaded it; empty when
    it is not there.
    """
    path = Path(source)
    if path.is_file():
        return digest_file(path)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
        return digest("".join(f"{digest_file(p)} {p.name}\n" for p in files).encode())
    return hub.revision(source) or ""


def _of_job(runtime: Starting, given: str) -> Model:
    record = runtime.jobs.refresh(runtime.jobs.store.get(given).id)
    if record.state is not JobState.COMPLETE:
        if record.state.terminal:
            way = Sentence(f"{command('jobs')} lists others.")
        else:
            way = Sentence(f"{command('status', record.id, '--watch')} waits for its end.")
        raise ParentError(
            f"The job {record.id} is {record.state}; labelling needs one that is complete. {way.marked}"
        )
    engine = own_engine(_program(record))
    if engine is not None and not engine.labels_by_description:
        raise ParentError(
            f"The job {record.id} is of {record.skill}, whose models find nothing by a description; give a "
            f"job of a model that does, a file, a folder or a name on the model hub as {hub_model()}."
        )
    checkpoints = runtime.jobs.results(record.id).checkpoints
    chosen = next((c for c in checkpoints if c.best), next((c for c in checkpoints if c.latest), None))
    if chosen is None:
        raise ParentError(
            f"The job {record.id} left no checkpoint; give {option('checkpoint', 'FILE')} or a train job."
        )
    return Model(str(Path(record.results_dir) / chosen.path), record.id)
