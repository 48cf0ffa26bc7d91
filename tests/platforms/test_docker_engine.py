"""The whole chain in real containers: the engine's image, data on S3, results back on S3."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest

REPO = Path(__file__).parents[2]
IMAGE = "skillbank-engine:test"
Command = Callable[..., Any]


@pytest.fixture(scope="module")
def engine_image(private_daemon: Any) -> str:
    environment = {**os.environ, "DOCKER_HOST": private_daemon.host, "PYTHON": sys.executable}
    subprocess.run([REPO / "engine-image/build_local.sh", IMAGE], env=environment, check=True)
    return IMAGE


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary-access-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret-key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3 = boto3.resource("s3")
    s3.create_bucket(Bucket="shapes")
    folder = tmp_path / "shapes"
    make = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "shapes",
        str(folder),
        "--train",
        "64",
        "--val",
        "16",
    ]
    subprocess.run(make, check=True, capture_output=True)
    for path in folder.rglob("*"):
        if path.is_file():
            s3.Bucket("shapes").upload_file(str(path), f"data/{path.relative_to(folder)}")
    yield s3.Bucket("shapes")
    s3.meta.client.close()
    server.stop()


@pytest.fixture
def skillbank(daemon: docker.APIClient, tmp_path: Path) -> Command:
    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", "skillbank", *arguments, "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    return run


@pytest.mark.slow
def test_train_evaluate_inference_in_containers_from_s3_to_s3(
    engine_image: str, bucket: Any, skillbank: Command, daemon: docker.APIClient, tmp_path: Path
) -> None:
    place = ["--platform", "docker", "--image", engine_image, "--gpus", "0", "--yes"]
    place += ["--results-root", "s3://shapes/results"]
    for role, folder in (("train", "train"), ("eval", "val"), ("inference", "inference")):
        place += ["--data", f"{role}=s3://shapes/data/{folder}"]
    chain = "train Grounding DINO with no HPO, then evaluate it, then run inference"
    document = skillbank("run", chain, "--set", "num_epochs=1", *place)
    actions = {job["action"]: job for job in document["jobs"]}
    assert list(actions) == ["train", "evaluate", "inference"]
    assert {job["state"] for job in document["jobs"]} == {"COMPLETE"}
    assert all(job["native_id"].startswith("docker:") for job in document["jobs"])
    there = {item.key for item in bucket.objects.filter(Prefix="results/")}
    for job, name in (
        ("train", "train/model_epoch_000_step_"),
        ("evaluate", "evaluate/status.json"),
        ("inference", "inference/labels/"),
    ):
        assert any(key.startswith(f"results/{actions[job]['id']}/{name}") for key in there), name
    assert not any("/job/home/" in key for key in there)
    assert daemon.containers(all=True) == []
    # Whoever runs it need not be root.
    options = {"user": "65534:65534", "command": ["grounding_dino", "train", "-e", "none.yaml"]}
    other = daemon.create_container(engine_image, **options)["Id"]
    daemon.start(other)
    assert daemon.wait(other)["StatusCode"] == 1
    assert b"none.yaml" in daemon.logs(other)
