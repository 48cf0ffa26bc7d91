"""The report: one page that needs nothing else, and shows what happened; tables; other trackers."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skillbank.automl.events import Event
from skillbank.automl.experiment import Experiment
from skillbank.automl.metrics import Objective
from skillbank.automl.report.data import ReportData, report_data
from skillbank.automl.report.page import render_page
from skillbank.automl.report.table import trials_csv
from skillbank.jobs.record import JobRecord
from tests.automl.simulated import make_plan

START = datetime(2026, 1, 2, tzinfo=UTC)
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


def history(trials: int, *, objectives: int = 1) -> list[Event]:
    """Return events of trials whose metric depends on x and hardly on y; every seventh fails."""
    events: list[tuple[str, dict[str, Any]]] = [("created", {})]
    for i in range(trials):
        x, y = 10 ** -(1 + (i * 37 % trials) / trials * 4), (i * 17) % 5
        values = {"train.lr": x, "train.depth": y, "train.kind": ["a", "b"][i % 2]}
        events.append(
            ("asked", {"number": i, "values": values, "epochs": None, "resume_from": None, "slot": i % 2,
                       "place": "here"})
        )  # fmt: skip
        events.append(("launched", {"number": i, "job": f"job-{i}"}))
        score = 1 - abs(i * 37 % trials / trials - 0.5) + y / 1000
        scores = [score, 10 - score][:objectives]
        events.append(("reported", {"number": i, "epoch": 1, "values": [score / 2, *scores[1:]]}))
        failed = i % 7 == 6
        told = {"number": i, "state": "FAILED", "scores": None, "reason": HOSTILE}
        if not failed:
            events.append(("reported", {"number": i, "epoch": 2, "values": scores}))
            told = {"number": i, "state": "COMPLETE", "scores": scores, "epoch": 2, "reason": ""}
        events.append(("told", told))
    return [Event(n, START + timedelta(seconds=n), kind, body) for n, (kind, body) in enumerate(events)]


def data_of(trials: int = 24, objectives: int = 1) -> ReportData:
    metrics = ["val_mAP50", "latency"][:objectives]
    directions = ["maximize", "minimize"][:objectives]
    plan = make_plan(metrics=metrics, directions=directions)
    record = JobRecord(
        id="toy-train-1", created=START, plan_id=plan.plan_id, plan=plan.model_dump(mode="json"), skill="toy",
        action="train", platform="automl", results_dir="/results",
    )  # fmt: skip
    goals = [Objective(m, d == "maximize") for m, d in zip(metrics, directions, strict=True)]
    return report_data(record, Experiment(goals, history(trials, objectives=objectives)))


def test_the_page_stands_alone_and_holds_its_data() -> None:
    data = data_of()
    page = render_page(data)
    assert not re.search(r"(src|href)\s*=\s*[\"']?http|@import|url\(", page), "it loads something"
    [document] = re.findall(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert json.loads(document) == data
    assert HOSTILE not in page and page.count("<script") == 2
    for figure in ("history", "curves", "importance", "parallel", "slices", "timeline"):
        assert f'id="{figure}"' in page and f"function {figure}(" in page
    assert 'id="pareto"' not in page
    assert 'id="pareto"' in render_page(data_of(objectives=2))


def test_an_experiment_that_has_hardly_begun_has_a_page() -> None:
    assert "Too few comparable trials" in render_page(data_of(1))
    assert "No trial has a result" in render_page(data_of(0))


def test_what_matters_is_found_to_matter() -> None:
    shares = data_of(40)["importance"]
    assert next(iter(shares)) == "train.lr" and shares["train.lr"] > 0.6
    assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
    assert data_of(5)["importance"] == {}


def test_failed_trials_are_never_the_best_nor_on_the_front() -> None:
    data = data_of(24, objectives=2)
    states = {t["number"]: t["state"] for t in data["trials"]}
    assert data["best"] is not None and states[data["best"]] == "COMPLETE"
    assert {states[n] for n in data["pareto"]} == {"COMPLETE"}
    counted = {t["number"]: t["scores"] for t in data["trials"] if t["scores"]}
    for number, (a, b) in counted.items():
        beaten = any(o[0] >= a and o[1] <= b and o != [a, b] for o in counted.values())
        assert (number in data["pareto"]) is not beaten


def test_the_table_reads_back() -> None:
    data = data_of(8)
    rows = list(csv.DictReader(io.StringIO(trials_csv(data))))
    assert [int(row["number"]) for row in rows] == list(range(8))
    assert data["defaults"] == data["trials"][0]["values"]
    assert [float(rows[0]["val_mAP50"])] == data["trials"][0]["scores"]
    assert rows[6]["val_mAP50"] == "" and rows[6]["state"] == "FAILED"
