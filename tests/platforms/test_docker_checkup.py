"""``skillbank doctor`` on Docker, and what it says of GPUs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docker
import pytest

from skillbank.checkup import checkup
from skillbank.errors import UsageError
from skillbank.platforms.check import Check
from skillbank.platforms.local.checkup import gpu_sentence


def named(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def test_a_daemon_that_is_there(daemon: docker.APIClient, monkeypatch: Any) -> None:
    monkeypatch.setenv("SKILLBANK_IMAGE", "skillbank-test:tiny")
    for _ in range(2):
        daemon.create_container("skillbank-test:tiny", "true", labels={"skillbank.job": "x"})
    checks = checkup("docker")
    assert named(checks, "docker").state == "ok"
    assert named(checks, "docker image") == Check("docker image", "ok", "skillbank-test:tiny is here")
    assert "--gpus 0" in named(checks, "docker gpus").said
    assert named(checks, "docker containers").said.startswith("2 ended containers of jobs are kept")
    assert "engine" not in {check.name for check in checks}


def test_no_daemon_is_a_failure_only_for_docker(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "unix:///none.sock")
    assert named(checkup("docker"), "docker").state == "failed"
    assert named(checkup(), "docker").state == "missing"
    assert "docker" not in {check.name for check in checkup("local")}
    monkeypatch.setenv("DOCKER_HOST", "ssh://far.example")
    assert "another machine" in named(checkup("docker"), "docker").said


def test_a_platform_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="'lokal'"):
        checkup("lokal")


def test_credentials_by_name_only(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    monkeypatch.setenv("NGC_KEY", "canary-value")
    said = named(checkup("local"), "credentials").said
    assert "NGC_KEY" in said and "canary" not in said


def test_a_full_disk(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    monkeypatch.setenv("SKILLBANK_MIN_FREE_GIB", "1e6")
    assert named(checkup("local"), "disk").state == "failed"


def test_gpu_memory_against_the_skills() -> None:
    assert gpu_sentence("0, NVIDIA H200, 143771, 143000") == "0: NVIDIA H200, 140 of 140 GiB free"
    small = gpu_sentence("1, NVIDIA T4, 15360, 15000")
    assert small.startswith("1: NVIDIA T4, 15 of 15 GiB free; less than these are meant for")
    assert "tao-train-grounding-dino (24 GB)" in small
