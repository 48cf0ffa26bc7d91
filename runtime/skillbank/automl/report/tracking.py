"""Sending the trials of an experiment to MLflow or Weights & Biases, through their own libraries."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError, UsageError, did_you_mean
from skillbank.redact import redact

if TYPE_CHECKING:
    from types import ModuleType

    from skillbank.automl.report.data import ReportData, TrialRow

__all__ = ["track"]

_PLACES = ("mlflow", "wandb")
_TRIAL = "skillbank.trial"


def track(data: ReportData, where: str) -> str:
    """Send each trial as a run with its parameters, its metric by epoch and its scores.

    Where they go is said by the library's own environment (``MLFLOW_TRACKING_URI``, ``WANDB_API_KEY``, ...).
    Sent again, a trial takes the place of what was sent before.

    Returns
    -------
    str
        A sentence that says what was sent.
    """
    if where not in _PLACES:
        raise UsageError(
            f"trials can be sent to mlflow or wandb, not to '{where}'{did_you_mean(where, _PLACES)}."
        )
    try:
        library = importlib.import_module(where)
    except ImportError:
        raise UsageError(f"{where} is not installed; pip install {where}.") from None
    try:
        (_to_mlflow if where == "mlflow" else _to_wandb)(data, library)
    except Exception as error:
        # Each library has errors of its own, and lets those of its transports through.
        said = " ".join(redact(str(error)).split()) or type(error).__name__
        raise PlatformError(f"{where} did not take the trials of {data['experiment']}: {said}") from error
    return f"sent {len(data['trials'])} trials of {data['experiment']} to {where}"


def _to_mlflow(data: ReportData, mlflow: ModuleType) -> None:
    place = mlflow.set_experiment(data["experiment"])
    sent = mlflow.search_runs([place.experiment_id], output_format="list")
    before = {run.data.tags.get(_TRIAL): run.info.run_id for run in sent}
    for trial in data["trials"]:
        if (old := before.get(str(trial["number"]))) is not None:
            mlflow.delete_run(old)
        mlflow.start_run(run_name=f"trial {trial['number']}")
        mlflow.set_tags(
            {
                _TRIAL: str(trial["number"]),
                "skillbank.job": trial["job"] or "",
                "skillbank.state": trial["state"],
                "skillbank.reason": trial["reason"],
            }
        )
        mlflow.log_params({_named(key): value for key, value in _parameters(trial).items()})
        for step, metrics in _steps(data, trial):
            mlflow.log_metrics({_named(key): value for key, value in metrics.items()}, step=step)
        mlflow.log_metrics({_named(f"best_{key}"): value for key, value in _scores(data, trial).items()})
        mlflow.end_run("FAILED" if _failed(trial) else "FINISHED")


def _named(name: str) -> str:
    """Return a name as MLflow takes it, e.g. ``mAP@0.5`` as ``mAP_0.5``."""
    return re.sub(r"[^\w\-. :/]", "_", name)


def _to_wandb(data: ReportData, wandb: ModuleType) -> None:
    for trial in data["trials"]:
        run = wandb.init(
            project=data["skill"],
            group=data["experiment"],
            name=f"trial {trial['number']}",
            id=f"{data['experiment']}-{trial['number']}",
            resume="allow",
            config={**_parameters(trial), "job": trial["job"], "state": trial["state"]},
            reinit="finish_previous",
            settings=wandb.Settings(silent=True),
        )
        for step, metrics in _steps(data, trial):
            run.log(metrics, step=step)
        run.summary.update({f"best_{name}": value for name, value in _scores(data, trial).items()})
        run.finish(exit_code=1 if _failed(trial) else 0)


def _failed(trial: TrialRow) -> bool:
    return bool(trial["state"] == "FAILED")


def _parameters(trial: TrialRow) -> dict[str, object]:
    epochs = {"epochs": trial["epochs"]} if trial["epochs"] else {}
    return {**trial["values"], **epochs}


def _steps(data: ReportData, trial: TrialRow) -> list[tuple[int, dict[str, float]]]:
    names = [objective["metric"] for objective in data["objectives"]]
    return [(int(point[0]), dict(zip(names, point[1:], strict=True))) for point in trial["curve"]]


def _scores(data: ReportData, trial: TrialRow) -> dict[str, float]:
    names = [objective["metric"] for objective in data["objectives"]]
    return dict(zip(names, trial["scores"] or (), strict=False))
