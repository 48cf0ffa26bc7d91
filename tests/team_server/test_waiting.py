"""A job that finds no place at a server: why it waits is told at every door, and it starts by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from skillbank.jobs.store import JobStore
from skillbank.team.audit import lines
from tests.team_server.conftest import serving, team
from tests.team_server.test_kills import launched

pytestmark = pytest.mark.slow


def quota(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "skillbank", "team", "quota", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_job_without_a_place_says_why_and_starts_when_there_is_one(
    environment: dict[str, str], bank: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'team.db'}"
    people = team(url)
    told = {**environment, "SKILLBANK_DATABASE_URL": url}
    said = quota(told, "set", "project", "cars", "--running", "0", "--gpu-hours", "5", "--per", "week")
    assert said == "project cars: 0 running at once, 5 GPU hours a week\n"
    assert "No token names user zoe yet" in quota(told, "set", "user", "zoe", "--bytes", "2TB")
    with serving(told, bank, tmp_path / "log") as server:
        job = launched(server, people, data, 1)
        with (
            server.client(people.secrets["ann"]) as ann,
            server.client(people.secrets["robot"]) as robot,
            server.client() as nobody,
        ):
            status = ann.get(f"/api/jobs/{job}/status").json()
            assert status["state"] == "PENDING"
            assert status["message"].startswith("first of robot's: 0 of 0 running (quota of project cars)")
            shown = ann.get(f"/api/jobs/{job}").json()
            assert shown["message"] == shown["waits"]["why"] and shown["waits"]["quota"]["running"] == 0
            assert 'skillbank_jobs_waiting{project="cars"} 1.0' in nobody.get("/metrics").text
            [cars, zoe] = json.loads(quota(told, "list", "--json"))["quotas"]
            assert cars["used"] == {"running": 0, "gpu_hours": 0.0, "bytes": 0} and zoe["bytes"] == 2 * 10**12
            quota(told, "set", "project", "cars", "--running", "1")
            end = time.monotonic() + 120
            while (status := ann.get(f"/api/jobs/{job}/status").json())["state"] not in ("COMPLETE", "ERROR"):
                assert time.monotonic() < end
                time.sleep(0.2)
            assert status["state"] == "COMPLETE", status
            quota(told, "set", "project", "cars", "--bytes", "1")
            while json.loads(quota(told, "list", "--json"))["quotas"][0]["used"]["bytes"] == 0:
                assert time.monotonic() < end, "what its results hold is counted by the server"
            words = {"text": f"train the toy detector on {data}", "epochs": 9}
            [plan] = robot.post("/api/plans", json=words).json()["plans"]
            refused = robot.post("/api/launches", json={"plan_id": plan["plan_id"], "idempotency_key": "k"})
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "quota")
            assert "project cars may keep 1 B" in refused.json()["error"]["message"]
            assert 'skillbank_quota_refusals{project="cars"} 1.0' in nobody.get("/metrics").text
    monkeypatch.setenv("SKILLBANK_HOME", os.fspath(tmp_path / "elsewhere"))
    with JobStore(url) as store:
        verbs = [line["verb"] for line in lines(store.engine) if line["verb"].startswith("quota.")]
    assert verbs == ["quota.set"] * 4
