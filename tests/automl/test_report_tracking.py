"""Trials in MLflow and Weights & Biases: by the real libraries, where they are installed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from skillbank.automl.report.tracking import track
from skillbank.errors import PlatformError, UsageError
from tests.automl.test_report import data_of


def test_what_cannot_be_sent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match="pip install wandb"):
        track(data_of(1), "wandb")
    with pytest.raises(UsageError, match="did you mean 'mlflow'"):
        track(data_of(1), "mlflo")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the library's own
def test_mlflow_holds_the_trials_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="pip install mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    data = data_of(8, objectives=2)
    data["objectives"][0]["metric"] = "mAP@0.5"
    data["trials"][0]["values"] |= {"train.betas": [0.9, 0.99], "flag": True, "nothing": None}
    for _ in range(2):
        assert track(data, "mlflow") == "sent 8 trials of toy-train-1 to mlflow"
    runs = mlflow.search_runs(experiment_names=["toy-train-1"], output_format="list")
    by_trial = {int(run.data.tags["skillbank.trial"]): run for run in runs}
    assert len(runs) == len(by_trial) == 8
    for trial in data["trials"]:
        run = by_trial[trial["number"]]
        assert run.info.status == ("FAILED" if trial["state"] == "FAILED" else "FINISHED")
        assert float(run.data.params["train.lr"]) == trial["values"]["train.lr"]
        history = mlflow.MlflowClient().get_metric_history(run.info.run_id, "mAP_0.5")
        assert [(m.step, m.value) for m in history] == [(p[0], p[1]) for p in trial["curve"]]
        scores = trial["scores"]
        assert run.data.metrics.get("best_latency") == (scores[1] if scores else None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(PlatformError, match="mlflow did not take the trials of toy-train-1"):
        track(data, "mlflow")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_wandb_takes_the_trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="pip install wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert track(data_of(7, objectives=2), "wandb") == "sent 7 trials of toy-train-1 to wandb"
    runs = sorted(tmp_path.glob("wandb/offline-run-*-toy-train-1-*"))
    assert len(runs) == 7
    assert all(any(run.glob("*.wandb")) for run in runs)
    said = [json.loads(path.read_text()) for path in tmp_path.glob("wandb/*/files/wandb-summary.json")]
    assert all("best_val_mAP50" in summary for summary in said)
