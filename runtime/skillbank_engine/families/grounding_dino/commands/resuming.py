"""Going on with a training: from which checkpoint, with which model, and whether anything is left to do."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skillbank_engine.errors import EngineError, WeightsError
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.checkpoint import LATEST, Checkpoint, read_checkpoint
from skillbank_engine.families.grounding_dino.commands.session import Session

_LOG = logging.getLogger(__name__)

# Where and how fast a run is carried out and what is done with it later, which leaves its weights the same.
_HOW_NOT_WHAT = {
    "results_dir",
    "encryption_key",
    "wandb",
    "dataset.workers",
    "dataset.pin_memory",
    "dataset.test_data_sources",
    "dataset.infer_data_sources",
    "dataset.quant_calibration_data_sources",
    "engine.device",
    "engine.threads",
    "engine.cache_megabytes",
    "engine.nms_iou",
    "train.results_dir",
    "train.resume_training_checkpoint_path",
    "train.gpu_ids",
    "train.is_dry_run",
}


def checkpoint_to_resume(spec: Any, folder: Path) -> Checkpoint | None:
    """Find what to go on from: the spec's checkpoint, else the latest one in the results folder."""
    named = spec.train.resume_training_checkpoint_path
    if named:
        return read_checkpoint(named, "train.resume_training_checkpoint_path")
    latest = folder / LATEST
    if latest.is_file():
        _LOG.info("found %s, going on from it", latest)
        return read_checkpoint(latest, "the results folder")
    return None


def check_same_model(wanted: Architecture, checkpoint: Checkpoint) -> None:
    """Refuse to go on with another model than the one that was begun.

    Raises
    ------
    WeightsError
        The structures differ; the text says in what.
    """
    differences = checkpoint.architecture.differences(wanted)
    # Foreign weights bring their own structure, which the spec need not repeat.
    if differences and not checkpoint.spec["train"]["pretrained_model_path"]:
        text = ", ".join(f"{name} {old} became {new}" for name, (old, new) in differences.items())
        raise WeightsError(
            f"The checkpoint to go on from has another model than the spec ({text}): choose another "
            "results_dir, or give the checkpoint as train.pretrained_model_path"
        )


def nothing_left(spec: Any, checkpoint: Checkpoint, epochs: int, session: Session) -> None:
    """Say that a run has been trained to its end before, if it is this run; refuse to pass for another.

    A command is repeated where nobody knows whether its run came to an end; all that it asks for is there.

    Raises
    ------
    EngineError
        The checkpoint to go on from is of a run that was told otherwise, or lies in another folder.
    """
    named = spec.train.resume_training_checkpoint_path
    text = f"The checkpoint to go on from has {epochs} epochs behind it and train.num_epochs is"
    text += f" {spec.train.num_epochs}: nothing is left to train"
    if named and Path(named).resolve().parent != session.folder.resolve():
        raise EngineError(f"{text}; set train.num_epochs above {epochs}")
    differences = sorted(_other_values(checkpoint.spec, spec.model_dump(mode="json")))
    if differences:
        raise EngineError(
            f"{text}, though {', '.join(differences)}; set train.num_epochs above {epochs} to go on, or "
            "another results_dir to train anew"
        )
    _LOG.warning("%s; this command was carried out before", text)
    session.status.write("RUNNING", f"{text}; this command was carried out before.")


def _other_values(before: Any, now: Any, key: str = "") -> Iterator[str]:
    """Yield what decides on the outcome of a training and has changed, as ``key was A and is B``."""
    if key in _HOW_NOT_WHAT:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for name in before.keys() & now.keys():
            yield from _other_values(before[name], now[name], f"{key}.{name}" if key else name)
    elif before != now:
        yield f"{key} was {before} and is {now}"
