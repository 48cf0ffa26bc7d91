"""A search over the embedded engine, for real: a tiny data set, one epoch, two trials, the best evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.automl.charter import Charter
from skillbank.automl.control import loaded
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.automl.report.data import report_data
from skillbank.jobs.record import JobState
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.runtime import Runtime


@pytest.mark.slow
def test_the_engine_is_searched_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skillbank_engine.families.grounding_dino.data.shapes import write_shapes

    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    write_shapes(tmp_path / "data", seed=0, train=16, val=4, size=64)
    settings: dict[str, Any] = {
        "num_epochs": 1,
        "engine.image_size": 64,
        "automl.algorithm": "random",
        "automl.max_recommendations": 2,
        "automl.keep": "all",
        "automl.parallel": 2,
        "automl.baseline": False,
        "automl.ranges.model.enc_layers": [2, 3],
        "automl.parameters": ["model.enc_layers", "train.optim.lr"],
    }
    request = Request(
        skill="tao-train-grounding-dino",
        action="train",
        data=(
            DataLocation(source="train_datasets", uri=str(tmp_path / "data" / "train")),
            DataLocation(source="eval_dataset", uri=str(tmp_path / "data" / "val")),
        ),
        settings=tuple(Setting(key=k, value=v) for k, v in settings.items()),
    )
    with Runtime() as runtime:
        [plan] = runtime.plan(request)
        review = runtime.review(plan)
        # Nothing of the skill runs before a yes: shown are the value as planned, and what will be asked.
        assert {row["key"]: row["default"] for row in review["space"]}["train.optim.lr"] == 2e-4
        assert any("grounding_dino settle train" in note for note in review["notes"])
        record = runtime.launch(plan)
        charter = Charter.model_validate(EventLog(runtime.jobs.store.engine).charter(record.id))
        assert charter.settled["train.optim.lr"] == charter.space(plan).defaults["train.optim.lr"] == 0.0015
        record = Controller(runtime.jobs, record.id).run()
        assert record.state is JobState.COMPLETE, record.history[-1].message
        report = report_data(record, loaded(runtime.jobs, record))
        trials = [runtime.jobs.store.get(trial["job"] or "") for trial in report["trials"]]
        assert [t["state"] for t in report["trials"]] == ["COMPLETE"] * 2
        assert report["trials"][1]["values"]["model.enc_layers"] in (2, 3)
        for trial, shown in zip(trials, report["trials"], strict=True):
            ran = yaml.safe_load((Path(trial.results_dir) / "train" / "experiment.yaml").read_text())
            assert ran["engine"]["backbone"] == "mini", "a trial left the small profile"
            assert ran["model"]["enc_layers"] == shown["values"]["model.enc_layers"]
            assert ran["train"]["optim"]["lr"] == pytest.approx(shown["values"]["train.optim.lr"])
        for evaluation in report["evaluations"].values():
            assert "test_mAP50" in evaluation["metrics"], evaluation["note"]
        assert set(report["evaluations"]) == {"best"}
