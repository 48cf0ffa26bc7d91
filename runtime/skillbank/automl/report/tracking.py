"""Sending the trials of an experiment to MLflow or Weights & Biases, through their own libraries."""

from __future__ import annotations

import importlib
from typing import Any

from skillbank.errors import UsageError, did_you_mean

__all__ = ["track"]

_PLACES = ("mlflow", "wandb")


def track(data: dict[str, Any], where: str) -> str:
    """Send each trial as a run with its parameters, its metric by epoch and its scores.

    Where they go is said by the library's own environment (``MLFLOW_TRACKING_URI``, ``WANDB_API_KEY``, ...).

    Returns
    -------
    str
        A sentence that says what was sent.

    Raises
    ------
    UsageError
        When there is no such place, or its library is not installed.
    """
    if where not in _PLACES:
        raise UsageError(
            f"trials can be sent to mlflow or wandb, not to '{where}'{did_you_mean(where, _PLACES)}."
        )
    try:
        library = importlib.import_module(where)
    except ImportError:
        raise UsageError(f"{where} is not installed; pip install {where}.") from None
    sent = (_to_mlflow if where == "mlflow" else _to_wandb)(data, library)
    return f"sent {sent} trials of {data['experiment']} to {where}"


def _to_mlflow(data: dict[str, Any], mlflow: Any) -> int:
    mlflow.set_experiment(data["experiment"])
    for trial in data["trials"]:
        with mlflow.start_run(run_name=f"trial {trial['number']}"):
            mlflow.set_tags({"skillbank.job": trial["job"] or "", "skillbank.state": trial["state"]})
            mlflow.log_params(_parameters(trial))
            for step, metrics in _steps(data, trial):
                mlflow.log_metrics(metrics, step=step)
            mlflow.log_metrics({f"best_{name}": value for name, value in _scores(data, trial).items()})
    return len(data["trials"])


def _to_wandb(data: dict[str, Any], wandb: Any) -> int:
    for trial in data["trials"]:
        run = wandb.init(
            project=data["skill"],
            group=data["experiment"],
            name=f"trial {trial['number']}",
            id=f"{data['experiment']}-{trial['number']}",
            resume="allow",
            config={**_parameters(trial), "job": trial["job"]},
            reinit=True,
        )
        for step, metrics in _steps(data, trial):
            run.log(metrics, step=step)
        run.summary.update({f"best_{name}": value for name, value in _scores(data, trial).items()})
        run.finish()
    return len(data["trials"])


def _parameters(trial: dict[str, Any]) -> dict[str, Any]:
    epochs = {"epochs": trial["epochs"]} if trial["epochs"] else {}
    return {**trial["values"], **epochs}


def _steps(data: dict[str, Any], trial: dict[str, Any]) -> list[tuple[int, dict[str, float]]]:
    names = [objective["metric"] for objective in data["objectives"]]
    return [(point[0], dict(zip(names, point[1:], strict=True))) for point in trial["curve"]]


def _scores(data: dict[str, Any], trial: dict[str, Any]) -> dict[str, float]:
    names = [objective["metric"] for objective in data["objectives"]]
    return dict(zip(names, trial["scores"] or (), strict=False))
