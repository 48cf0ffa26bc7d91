from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.gate import open_gate

from skillbank.home import database_url
from skillbank.jobs.record import JobRecord, new_job_id
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Plan, Policy, Route, SkillRef

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]
PYTHON = sys.executable
"""Python itself, also in files whose programs are forked: those of jobs run nothing of ours."""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[JobStore]:
    with JobStore(database_url()) as opened:
        yield opened


@pytest.fixture
def jobs(store: JobStore) -> Jobs:
    return Jobs(store, open_gate)


@pytest.fixture
def make_plan() -> MakePlan:
    def make(code: str = "pass", action: str = "train", **fields: Any) -> Plan:
        defaults: dict[str, Any] = {
            "skill": SkillRef(name="tao-train-grounding-dino", version="1", digest="d", bank="b"),
            "action": action,
            "route": Route(name="direct", reason="policy off"),
            "automl_policy": Policy(value="off", source="user"),
            "platform": "local",
            "image": None,
            "command": (PYTHON, "-c", code, "{config_path}"),
            "spec": {"results_dir": "{results_dir}"},
            "metric": "val_mAP50",
        }
        return Plan(**{**defaults, **fields})

    return make


@pytest.fixture
def make_record(make_plan: MakePlan, tmp_path: Path) -> MakeRecord:
    def make(**fields: Any) -> JobRecord:
        plan = fields.pop("plan", None) or make_plan()
        job_id = new_job_id(plan.skill.name, plan.action)
        defaults: dict[str, Any] = {
            "id": job_id,
            "created": datetime.now(UTC),
            "plan_id": plan.plan_id,
            "plan": plan.model_dump(mode="json"),
            "skill": plan.skill.name,
            "action": plan.action,
            "platform": plan.platform,
            "results_dir": str(tmp_path / "results" / job_id),
        }
        return JobRecord(**{**defaults, **fields})

    return make
