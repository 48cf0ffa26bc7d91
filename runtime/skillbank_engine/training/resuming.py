"""Going on with a training: from which checkpoint, with which model, and whether anything is left to do."""

import logging
from collections.abc import Iterator
from pathlib import Path

from skillbank_engine.checkpoint import Checkpoint, read_checkpoint
from skillbank_engine.config.blocks import SpecBase
from skillbank_engine.config.explain import value_at
from skillbank_engine.errors import EngineError, WeightsError
from skillbank_engine.family import Family
from skillbank_engine.session import Session
from skillbank_engine.task import AnyTask

_LOG = logging.getLogger(__name__)

# Where and how fast a run is carried out and what is done with it later, which leaves its weights the same.
_HOW_NOT_WHAT = frozenset(
    {
        "results_dir",
        "encryption_key",
        "wandb",
        "engine.device",
        "engine.threads",
        "engine.cache_megabytes",
        "engine.keep_best",
        "engine.memory",
        "train.results_dir",
        "train.resume_training_checkpoint_path",
        "train.gpu_ids",
        "train.is_dry_run",
    }
)


def checkpoint_to_resume(family: Family, spec: SpecBase, folder: Path) -> Checkpoint | None:
    """Find what to go on from: the spec's checkpoint, else the latest one in the results folder."""
    task = family.task()
    named = spec.train.resume_training_checkpoint_path
    if named:
        key = "train.resume_training_checkpoint_path"
        return read_checkpoint(family.name, named, key, task.family_name, task.foreign_weights)
    latest = folder / family.latest
    if latest.is_file():
        _LOG.info("found %s, going on from it", latest)
        source = "the results folder"
        return read_checkpoint(family.name, latest, source, task.family_name, task.foreign_weights)
    return None


def check_same_model(task: type[AnyTask], spec: SpecBase, checkpoint: Checkpoint, start: str) -> None:
    """Refuse to go on with another model than the one that was begun.

    Parameters
    ----------
    task : type
        The family's.
    spec : pydantic model
        Of the run that goes on.
    checkpoint : Checkpoint
        What it goes on from.
    start : str
        The spec's key of weights of a whole model.

    Raises
    ------
    WeightsError
        The structures differ; the text says in what.
    """
    differences = task.differences(spec, checkpoint.kept)
    # Foreign weights bring their own structure, which the spec need not repeat.
    if differences and not value_at(checkpoint.kept.spec, start.split(".")):
        text = ", ".join(f"{name} {old} became {new}" for name, (old, new) in differences.items())
        way = f", or give the checkpoint as {start}" if start else ""
        raise WeightsError(
            f"The checkpoint to go on from has another model than the spec ({text}): choose another "
            f"results_dir{way}"
        )


def nothing_left(
    spec: SpecBase,
    checkpoint: Checkpoint,
    epochs: int,
    session: Session,
    not_what: frozenset[str] = frozenset(),
    early: str = "",
) -> None:
    """Say that a run has been trained to its end before, if it is this run; refuse to pass for another.

    A command is repeated where nobody knows whether its run came to an end; all that it asks for is there.

    Parameters
    ----------
    spec : pydantic model
        Of the command.
    checkpoint : Checkpoint
        What it would go on from.
    epochs : int
        How many are done.
    session : Session
        Gets a line.
    not_what : frozenset of str
        `Specs.not_what`.
    early : str
        Why the training ended ahead of its last epoch.

    Raises
    ------
    EngineError
        The checkpoint to go on from is of a run that was told otherwise, or lies in another folder.
    """
    named = spec.train.resume_training_checkpoint_path
    text = f"The checkpoint to go on from has {epochs} epochs behind it and train.num_epochs is"
    text += f" {spec.train.num_epochs}: nothing is left to train"
    if early:
        text = f"The checkpoint to go on from has {epochs} epochs behind it, and {early}: nothing is left"
    if named and Path(named).resolve().parent != session.folder.resolve():
        way = "raise engine.early_stopping" if early else f"set train.num_epochs above {epochs}"
        raise EngineError(f"{text}; {way}")
    differences = sorted(
        _other_values(checkpoint.kept.spec, spec.model_dump(mode="json"), not_what | _HOW_NOT_WHAT)
    )
    if differences:
        raise EngineError(
            f"{text}, though {', '.join(differences)}; set train.num_epochs above {epochs} to go on, or "
            "another results_dir to train anew"
        )
    _LOG.warning("%s; this command was carried out before", text)
    session.status.write("RUNNING", f"{text}; this command was carried out before.")


def _other_values(before: object, now: object, skip: frozenset[str], key: str = "") -> Iterator[str]:
    """Yield what decides on the outcome of a training and has changed, as ``key was A and is B``."""
    if key in skip:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for name in before.keys() & now.keys():
            yield from _other_values(before[name], now[name], skip, f"{key}.{name}" if key else name)
    elif before != now:
        yield f"{key} was {before} and is {now}"
