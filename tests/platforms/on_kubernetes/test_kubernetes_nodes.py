"""Several nodes, a bucket instead of shared files, the doctor, and a whole chain with the embedded engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skillbank.checkup import checkup
from skillbank.jobs.record import JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.supervisor import Supervisor
from skillbank.plan.model import InputBinding, Resources
from skillbank.platforms.base import job_dir
from skillbank.platforms.kubernetes.files import Bucket
from skillbank.platforms.kubernetes.platform import KubernetesPlatform
from tests.gate import open_gate
from tests.platforms.on_kubernetes.cluster import JOBS
from tests.platforms.on_kubernetes.conftest import MakePlan, SetProfile
from tests.platforms.on_kubernetes.server import RESETS, Server
from tests.platforms.on_kubernetes.test_kubernetes import handle_of, launch_of, running, text, until
from tests.s3 import CREDENTIALS

pytestmark = pytest.mark.slow
PROGRAM = Path(__file__).with_name("program.py")


def test_two_nodes_find_each_other(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    plan = make_plan(command=("python", str(PROGRAM)), resources=Resources(nodes=2, shm_size="64m"))
    record = jobs.launch(plan)
    [service] = server.cluster.store.list("services")
    assert service["spec"]["clusterIP"] == "None" and service["spec"]["publishNotReadyAddresses"] is True
    record = jobs.wait(record.id, timeout=120)
    said = text(jobs, record.id)
    assert record.state is JobState.COMPLETE, said
    for rank in range(2):
        assert Path(record.results_dir, f"sum-{rank}").read_text() == "11"
        assert f"[{rank}] {record.id}-{rank} of 2 has 11\n" in said
    until(lambda: len({pod["spec"]["nodeName"] for pod in server.cluster.pods()}) >= 1)
    server.cluster.delete(server.cluster_key(record.id), "Background")
    until(lambda: not server.cluster.store.list("services"))


def test_one_of_two_nodes_fails(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    script = "if [ $NODE_RANK = 1 ]; then echo broken; exit 4; fi; trap 'exit 0' TERM; sleep 60 & wait"
    record = jobs.wait(jobs.launch(make_plan(script, resources=Resources(nodes=2))).id)
    assert record.state is JobState.ERROR and record.exit_code == 4
    assert record.history[-1].message == "exit code 4 of pod 1"
    assert record.failure is not None and record.failure.evidence == "[1] broken"
    assert text(jobs, record.id) == "[1] broken\n"


def test_following_two_nodes(jobs: Jobs, make_plan: MakePlan) -> None:
    script = "for i in 1 2 3; do echo $i; sleep 0.1; done"
    record = jobs.launch(make_plan(script, resources=Resources(nodes=2)))
    said = "".join(jobs.logs(record.id, follow=True)).splitlines()
    assert sorted(said) == [f"[{rank}] {i}" for rank in range(2) for i in (1, 2, 3)]
    assert [line for line in said if line.startswith("[0]")] == ["[0] 1", "[0] 2", "[0] 3"]


def test_a_bucket_instead_of_shared_files(
    s3: Any,
    s3_server: str,
    jobs: Jobs,
    make_plan: MakePlan,
    server: Server,
    profile: SetProfile,
    tmp_path: Path,
) -> None:
    server.cluster.add_secret("bucket-keys", **CREDENTIALS)
    tier = {"root": "s3://bucket/tier", "image": "courier:1", "secret": "bucket-keys"}
    profile(volumes=None, s3={**tier, "env": {"AWS_ENDPOINT_URL": s3_server}})
    (tmp_path / "mine/sub").mkdir(parents=True)
    (tmp_path / "mine/a").write_text("first\n")
    (tmp_path / "mine/sub/b").write_text("second\n")
    data = InputBinding(key="data", uri=str(tmp_path / "mine"), runtime="folder")
    script = (
        f"cat {data.uri}/a {data.uri}/sub/b; mkdir train; echo model > train/model.pth; echo x > {data.uri}/a"
    )
    plan = make_plan(f"{script}; cat $0", inputs=(data,))
    record = jobs.launch(plan.model_copy(update={"command": (*plan.command, "{config_path}")}))
    record = jobs.wait(record.id, timeout=120)
    said = text(jobs, record.id)
    assert record.state is JobState.COMPLETE, (said, server.cluster.pods())
    assert said.startswith("first\nsecond\n") and "Read-only file system" in said
    assert f"data: {data.uri}" in said
    assert Path(record.results_dir, "train/model.pth").read_text() == "model\n"
    assert (tmp_path / "mine/a").read_text() == "first\n"
    manifest = (job_dir(Path(record.results_dir)) / "kubernetes.yaml").read_text()
    assert all(value not in manifest for name, value in CREDENTIALS.items() if "SECRET" in name)
    stored = [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert len([key for key in stored if key.startswith("tier/inputs/")]) == 3
    Bucket("s3://bucket/tier", "other").send(launch_of(tmp_path, "other", reads=(tmp_path / "mine",)))
    stored = [entry["Key"] for entry in s3.list_objects_v2(Bucket="bucket")["Contents"]]
    assert len([key for key in stored if key.startswith("tier/inputs/")]) == 3, "each content is sent once"
    profile(volumes=None, s3={**tier, "env": {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}})
    lost = Jobs(jobs.store, open_gate).wait(Jobs(jobs.store, open_gate).launch(plan).id, timeout=60)
    assert lost.failure is not None and lost.failure.kind == "INFRA"
    assert "files could not be fetched by way of the bucket" in lost.failure.explanation
    refused = KubernetesPlatform().problems(make_plan(resources=Resources(nodes=2)))
    assert "name a shared volume" in refused[0]


@RESETS
def test_what_the_doctor_says(server: Server, profile: SetProfile, tmp_path: Path) -> None:
    server.cluster.add_secret("hub", token="canary-token-value")
    server.cluster.add_node("gpus", 4)
    references = {"HF_TOKEN": {"secret": "hub", "key": "token"}}
    profile(image_pull_secrets=["ngc"], secret_env=references)
    server.denied |= {("delete", "jobs"), ("list", "events")}
    found = {(check.name, check.state): check.said for check in checkup("kubernetes")}
    assert "v1.33.0-test at https://127.0.0.1" in found["kubernetes", "ok"]
    assert f"{tmp_path / 'shared'} is shared" in found["kubernetes profile", "ok"]
    assert found["kubernetes rights", "failed"].startswith("this user may not delete jobs in vision")
    assert "list events" in found["kubernetes rights", "missing"]
    assert found["kubernetes claim", "ok"] == "shared is Bound"
    assert found["kubernetes secret", "ok"] == "hub is there"
    assert found["kubernetes image pull secret", "failed"] == "ngc is not there"
    assert found["kubernetes gpus", "ok"] == "4 nvidia.com/gpu on 1 of 3 nodes, at most 4 on one"
    assert all("canary-token-value" not in said for said in found.values())
    server.denied |= {("list", "nodes"), ("get", "secrets")}
    found = {(check.name, check.state): check.said for check in checkup("kubernetes")}
    assert "not to be seen by this user" in found["kubernetes secret", "missing"]
    assert "not to be seen by this user" in found["kubernetes gpus", "missing"]
    server.stop()
    found = {(check.name, check.state): check.said for check in checkup("kubernetes")}
    assert "nobody listens there" in found["kubernetes", "failed"]


def test_train_and_evaluate_with_the_embedded_engine(
    server: Server, profile: SetProfile, tmp_path: Path
) -> None:
    data = tmp_path / "shared/shapes"
    make = [
        sys.executable,
        "-m",
        "skillbank_engine.families.grounding_dino",
        "shapes",
        str(data),
        "--train",
        "8",
        "--val",
        "4",
    ]
    subprocess.run(make, check=True, capture_output=True)
    options = ["--platform", "kubernetes", "--image", "engine:1", "--gpus", "0", "--yes", "--json"]
    options += ["--set", "num_epochs=1"]
    for role, folder in (("train", "train"), ("eval", "val")):
        options += ["--data", f"{role}={data / folder}"]
    chain = "train Grounding DINO with no HPO, then evaluate it"
    command = [sys.executable, "-m", "skillbank", "run", chain, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    assert [(job["action"], job["state"]) for job in document["jobs"]] == [
        ("train", "COMPLETE"),
        ("evaluate", "COMPLETE"),
    ]
    assert all(job["native_id"].startswith("kubernetes:vision/") for job in document["jobs"])
    assert len(server.cluster.store.list(JOBS)) == 2


def test_a_launcher_elsewhere_finds_the_job_again(
    server: Server, profile: SetProfile, tmp_path: Path
) -> None:
    launch = launch_of(tmp_path, script="echo ran >> runs; sleep 0.3")
    ids = {KubernetesPlatform().submit(launch) for _ in range(3)}
    assert ids == {"kubernetes:vision/toy-train-1"}
    until(lambda: KubernetesPlatform().status(handle_of(launch)).state is JobState.COMPLETE)
    assert (launch.results_dir / "runs").read_text() == "ran\n"


def test_a_drained_training_goes_on_in_another_job(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    script = "if grep -q pth $0; then cat $(sed -n 's/resume: //p' $0); exit 0; fi; mkdir train; "
    script += "echo learnt > train/model_epoch_000_step_00001.pth; touch begun; sleep 60"
    plan = make_plan(spec={"results_dir": "{results_dir}", "resume": "{resume_model}"})
    plan = plan.model_copy(update={"command": ("sh", "-c", script, "{config_path}")})
    first = jobs.launch(plan, retry=RetryPolicy(infra=1))
    until(lambda: Path(first.results_dir, "begun").exists())
    server.cluster.evict(server.cluster.pods()[0]["metadata"]["name"])
    last = Supervisor(jobs, first_pause=0.1).run(first.id)
    assert last.retry_of == first.id and last.state is JobState.COMPLETE
    assert text(jobs, last.id) == "learnt\n"
    assert {job["metadata"]["name"] for job in server.cluster.store.list(JOBS)} == {first.id, last.id}


def test_a_queue_lets_jobs_go(jobs: Jobs, make_plan: MakePlan, server: Server, profile: SetProfile) -> None:
    profile(labels={"kueue.x-k8s.io/queue-name": "gpus"})
    record = jobs.launch(make_plan())
    until(lambda: "suspended, by a queue" in jobs.refresh(record.id).history[-1].message)
    server.cluster.store.update(server.cluster_key(record.id), lambda job: job["spec"].update(suspend=False))
    assert jobs.wait(record.id).state is JobState.COMPLETE


def test_a_job_that_is_suspended_by_somebody_waits(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = running(jobs, make_plan("sleep 1.5"))
    key = server.cluster_key(record.id)
    server.cluster.store.update(key, lambda job: job["spec"].update(suspend=True))
    until(lambda: jobs.refresh(record.id).state is JobState.PENDING)
    assert "suspended" in jobs.refresh(record.id).history[-1].message
    server.cluster.store.update(key, lambda job: job["spec"].update(suspend=False))
    assert jobs.wait(record.id).state is JobState.COMPLETE
