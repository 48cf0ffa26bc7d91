"""The Docker platform against a real daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from skillbank.errors import PlatformError
from skillbank.home import home
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.plan.model import InputBinding, Override, Plan, Resources, Source
from skillbank.platforms import container, secret_file
from skillbank.platforms.base import Handle, Launch, job_dir
from skillbank.platforms.docker.platform import DockerPlatform
from tests.gate import launch_made

MakePlan = Callable[..., Plan]
CANARY = "canary-5f1c 'quoted' \"twice\" $HOME"


def text(jobs: Jobs, job: str) -> str:
    return "".join(jobs.logs(job))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def launch_of(tmp_path: Path, job_id: str = "toy-train-1", script: str = "true", **fields: Any) -> Launch:
    results = tmp_path / "results" / job_id
    results.mkdir(parents=True, exist_ok=True)
    defaults: dict[str, Any] = {"argv": ("sh", "-c", script), "image": "skillbank-test:tiny"}
    made = {**defaults, **fields}
    return launch_made(job_id=job_id, results_dir=results, job_dir=job_dir(results), **made)


def handle_of(launch: Launch) -> Handle:
    return Handle(launch.job_id, None, launch.results_dir)


# The life of a job


def test_a_job_runs_in_its_image_and_leaves_results_and_log(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan
) -> None:
    plan = docker_plan("cat $0; echo hello; echo made > made; sleep 0.5", mode="config")
    plan = plan.model_copy(update={"command": (*plan.command, "{config_path}")})
    record = jobs.launch(plan)
    assert record.native_id is not None and record.native_id.startswith("docker:")
    [left] = daemon.containers(all=True)
    assert left["Labels"]["skillbank.job"] == record.id
    assert left["Labels"]["skillbank.plan"] == plan.plan_id
    digest = daemon.inspect_image("skillbank-test:tiny")["Id"]
    record = jobs.wait(record.id)
    assert record.state is JobState.COMPLETE and record.exit_code == 0
    assert any(digest in line.message for line in record.history)
    assert text(jobs, record.id) == f"results_dir: {record.results_dir}\nhello\n"
    assert Path(record.results_dir, "made").read_text() == "made\n"
    assert daemon.containers(all=True) == [], "an ended container whose log is saved is removed"


def test_an_exit_code_is_an_error(jobs: Jobs, docker_plan: MakePlan) -> None:
    record = jobs.wait(jobs.launch(docker_plan("echo RuntimeError: broken; exit 3")).id)
    assert record.state is JobState.ERROR and record.exit_code == 3
    assert record.failure is not None and record.failure.evidence == "RuntimeError: broken"


def test_a_container_out_of_memory_says_so(jobs: Jobs, docker_plan: MakePlan) -> None:
    plan = docker_plan("dd if=/dev/zero of=/dev/null bs=200M", resources=Resources(memory="20m"))
    record = jobs.wait(jobs.launch(plan).id)
    assert record.state is JobState.ERROR and record.exit_code == 137
    assert record.failure is not None and record.failure.name == "host_oom"
    assert "limit of 20 MiB" in record.failure.evidence


def test_a_program_that_the_image_does_not_have(jobs: Jobs, docker_plan: MakePlan) -> None:
    record = jobs.wait(jobs.launch(docker_plan(command=("grounding_dino", "train"))).id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert record.failure.name == "program_missing" and "grounding_dino" in record.failure.evidence


def test_limits_reach_the_container(daemon: docker.APIClient, tmp_path: Path) -> None:
    resources = Resources(cpus=0.5, memory="64m", shm_size="32m")
    platform = DockerPlatform()
    launch = launch_of(tmp_path, script="sleep 30", resources=resources)
    platform.submit(launch)
    host = daemon.inspect_container(launch.job_id)["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["ShmSize"]) == (500_000_000, 64 << 20, 32 << 20)
    assert host["Privileged"] is False and host["CapDrop"] == ["ALL"]
    assert (host["PidMode"], host["IpcMode"], host["NetworkMode"]) == ("", "private", "bridge")


def test_the_user_home_and_caches(daemon: docker.APIClient, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    monkeypatch.setattr(os, "getgid", lambda: 8765)
    monkeypatch.setattr(os, "getgroups", lambda: [77])
    monkeypatch.setenv("LOGNAME", "ada")
    script = "id; env; touch $HOME/.cache-works made; echo all said; sleep 30"
    launch = launch_of(tmp_path, script=script)
    for folder in (launch.results_dir, container.container_home(launch.results_dir)):
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, 4321, 8765)
    platform = DockerPlatform(grace=0)
    platform.submit(launch)
    # The daemon writes down what a container says in its own time.
    until(lambda: "all said" in "".join(platform.logs(handle_of(launch))))
    said = "".join(platform.logs(handle_of(launch)))
    assert "uid=4321 gid=8765 groups=77" in said
    own = container.container_home(launch.results_dir)
    for line in ("USER=ada", "LOGNAME=ada", f"HOME={own}", f"HF_HOME={own}/.cache/huggingface"):
        assert line in said.splitlines()
    made = (launch.results_dir / "made").stat()
    assert (made.st_uid, made.st_gid) == (4321, 8765)


def test_submitting_again_adopts(daemon: docker.APIClient, tmp_path: Path) -> None:
    launch = launch_of(tmp_path, script="echo ran >> runs; sleep 0.2")
    first = DockerPlatform().submit(launch)
    again = DockerPlatform().submit(launch)
    until(lambda: DockerPlatform().status(handle_of(launch)).state is JobState.COMPLETE)
    assert DockerPlatform().submit(launch) == again == first
    assert (launch.results_dir / "runs").read_text() == "ran\n"
    assert len(daemon.containers(all=True)) == 1


@pytest.mark.parametrize("verb", ["create_container", "start"])
def test_a_lost_answer_is_settled_by_the_name(
    daemon: docker.APIClient, tmp_path: Path, monkeypatch: Any, verb: str
) -> None:
    real, calls = getattr(docker.APIClient, verb), []

    def lossy(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = real(self, *args, **kwargs)
        calls.append(answer)
        if len(calls) == 1:
            raise ConnectionResetError("the answer was lost")
        return answer

    monkeypatch.setattr(docker.APIClient, verb, lossy)
    launch = launch_of(tmp_path, script="echo ran >> runs")
    DockerPlatform().submit(launch)
    until(lambda: DockerPlatform().status(handle_of(launch)).state is JobState.COMPLETE)
    assert len(calls) == 1 and (launch.results_dir / "runs").read_text() == "ran\n"


def test_a_request_that_never_arrived_is_made_again(
    daemon: docker.APIClient, tmp_path: Path, monkeypatch: Any
) -> None:
    real, calls = docker.APIClient.create_container, []

    def lost(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionResetError("the request was lost")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(docker.APIClient, "create_container", lost)
    launch = launch_of(tmp_path)
    DockerPlatform().submit(launch)
    assert len(calls) == 2 and len(daemon.containers(all=True)) == 1


def test_a_stranger_with_the_same_name_is_not_adopted(daemon: docker.APIClient, tmp_path: Path) -> None:
    daemon.create_container("skillbank-test:tiny", "true", name="toy-train-1")
    with pytest.raises(PlatformError, match="that skillbank did not make"):
        DockerPlatform().submit(launch_of(tmp_path))


# Logs and cancel


def test_logs_are_followed_to_the_end(daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan) -> None:
    record = jobs.launch(docker_plan("for i in 1 2 3; do echo line $i; sleep 0.3; done; echo größer"))
    assert "".join(jobs.logs(record.id, follow=True)) == "line 1\nline 2\nline 3\ngrößer\n"


def test_following_waits_for_the_start(daemon: docker.APIClient, tmp_path: Path) -> None:
    launch = launch_of(tmp_path, script="echo here")
    heard: list[str] = []
    follow = threading.Thread(
        target=lambda: heard.extend(DockerPlatform().logs(handle_of(launch), follow=True))
    )
    follow.start()
    DockerPlatform().submit(launch)
    follow.join(120)
    assert "".join(heard) == "here\n"


@pytest.mark.parametrize(("keep", "code", "left"), [("failed", 1, 1), ("failed", 0, 0), ("always", 0, 1)])
def test_which_containers_stay(
    daemon: docker.APIClient,
    jobs: Jobs,
    docker_plan: MakePlan,
    keep: str,
    code: int,
    left: int,
    monkeypatch: Any,
) -> None:
    monkeypatch.setenv("SKILLBANK_DOCKER_KEEP", keep)
    record = jobs.launch(docker_plan(f"echo out; exit {code}"))
    monkeypatch.delenv("SKILLBANK_DOCKER_KEEP")
    jobs.wait(record.id)
    assert len(daemon.containers(all=True)) == left
    assert text(jobs, record.id) == "out\n"


def test_cancel_stops_the_work(daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan) -> None:
    record = jobs.launch(docker_plan("echo started; while true; do touch beat; sleep 0.1; done"))
    until(Path(record.results_dir, "beat").exists)
    record = jobs.cancel(record.id)
    assert record.state is JobState.CANCELED
    assert [c["State"] for c in daemon.containers()] == []
    assert text(jobs, record.id) == "started\n"
    assert jobs.cancel(record.id).state is JobState.CANCELED


def test_what_was_canceled_before_it_started_never_does(daemon: docker.APIClient, tmp_path: Path) -> None:
    launch = launch_of(tmp_path, script="touch ran")
    platform = DockerPlatform()
    platform.cancel(handle_of(launch))
    with pytest.raises(PlatformError, match="canceled before it started"):
        platform.submit(launch)
    assert daemon.containers(all=True) == []
    assert platform.status(handle_of(launch)).state is JobState.CANCELED


def test_cancel_between_creation_and_start(
    daemon: docker.APIClient, tmp_path: Path, monkeypatch: Any
) -> None:
    launch = launch_of(tmp_path, script="touch ran")
    real = docker.APIClient.create_container

    def create(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = real(self, *args, **kwargs)
        assert not DockerPlatform().status(handle_of(launch)).found
        DockerPlatform().cancel(handle_of(launch))
        return answer

    monkeypatch.setattr(docker.APIClient, "create_container", create)
    with pytest.raises(PlatformError, match="canceled before it started"):
        DockerPlatform().submit(launch)
    assert daemon.containers(all=True) == [] and not (launch.results_dir / "ran").exists()


def test_cancel_after_the_end_changes_nothing(daemon: docker.APIClient, tmp_path: Path) -> None:
    launch, platform = launch_of(tmp_path), DockerPlatform()
    platform.submit(launch)
    until(lambda: platform.status(handle_of(launch)).state.terminal)
    platform.cancel(handle_of(launch))
    assert platform.status(handle_of(launch)).state is JobState.COMPLETE


def test_a_container_that_somebody_removed_is_unknown_until_it_is_closed(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan
) -> None:
    record = jobs.launch(docker_plan("sleep 30"))
    daemon.remove_container(record.id, force=True)
    record = jobs.refresh(record.id)
    assert record.state is JobState.UNKNOWN and "was removed" in record.history[-1].message
    assert jobs.cancel(record.id).state is JobState.CANCELED


def test_who_waits_for_a_job_whose_container_was_removed_is_told(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan, tmp_path: Path
) -> None:
    record = jobs.launch(docker_plan("sleep 60"))
    said = tmp_path / "said"
    watching = [sys.executable, "-m", "skillbank", "status", record.id, "--watch"]
    with said.open("w") as out, subprocess.Popen(watching, stdout=out, stderr=out) as process:
        until(lambda: "RUNNING" in said.read_text())
        daemon.remove_container(record.id, force=True)
        until(lambda: f"{record.id}: UNKNOWN: its container was removed, so its end" in said.read_text())
        with pytest.raises(PlatformError, match=r"nothing is known of what .* has printed: its cont"):
            list(jobs.logs(record.id, follow=True))
        jobs.cancel(record.id)
        assert process.wait(60) == 1


# Mounts


def test_inputs_are_read_only_and_at_the_same_paths(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan, tmp_path: Path
) -> None:
    data, named = tmp_path / "data set", tmp_path / "encoder"
    for folder in (data, named):
        folder.mkdir()
    (data / "a.txt").write_text("forty-two")
    (named / "b.txt").write_text("seven")
    spec = {"results_dir": "{results_dir}", "file": str(data / "a.txt"), "text": str(named)}
    plan = docker_plan(
        f"cat '{data}/a.txt' {named}/b.txt; (echo x > '{data}/a.txt') 2>/dev/null || echo read-only",
        spec=spec,
        inputs=(InputBinding(key="file", uri=str(data / "a.txt")),),
        overrides=(Override(key="text", value=str(named), source=Source.USER),),
    )
    record = jobs.wait(jobs.launch(plan).id)
    assert record.state is JobState.COMPLETE
    assert text(jobs, record.id) == "forty-twosevenread-only\n"
    assert (data / "a.txt").read_text() == "forty-two"


def test_a_job_sees_nothing_else_of_the_machine(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan, tmp_path: Path
) -> None:
    (tmp_path / "private").write_text("x")
    record = jobs.wait(jobs.launch(docker_plan(f"ls {tmp_path} /var/run/docker.sock")).id)
    assert record.state is JobState.ERROR
    assert "private" not in text(jobs, record.id)


@pytest.mark.parametrize(
    "place",
    ["/", "/etc", "/etc/passwd", "/usr/lib", "/proc/self", "/dev", "/var/run/docker.sock", "/run/secrets",
     "/var/lib/docker/volumes", "~", "~/.ssh", "~/.ssh/id_ed25519", "~/.aws/credentials", "~/.docker"],
)  # fmt: skip
def test_places_that_are_never_mounted(place: str) -> None:
    assert container.mount_problem(Path(place).expanduser()) is not None


def test_a_link_into_a_closed_place_is_not_mounted(tmp_path: Path) -> None:
    (tmp_path / "innocent").symlink_to("/etc")
    with pytest.raises(PlatformError, match="part of the system"):
        container.mounts(tmp_path / "results", [tmp_path / "innocent"])
    assert container.mount_problem(tmp_path) is None
    assert container.mount_problem(Path("/dev/shm/images")) is None


def test_mounts_within_mounts_are_left_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    found = container.mounts(
        tmp_path / "results", [data / "a/b", data, tmp_path / "results/x", tmp_path / "c"]
    )
    assert [(Path(m["Source"]).name, m["ReadOnly"]) for m in found] == [
        ("results", False), ("c", True), ("data", True)
    ]  # fmt: skip
    assert all(m["Source"] == m["Target"] for m in found)


# GPUs


@pytest.mark.parametrize(
    ("gpus", "wanted", "pool", "given"),
    [
        (0, (0,), None, []),
        (1, (0,), None, ["0"]),
        (2, (), None, ["0", "1"]),
        (2, (2, 3), None, ["0", "1", "2", "3"]),
        (2, (0, 1), "5,7", ["5", "7"]),
        (1, (1,), "5,7", ["5", "7"]),
        (1, (0,), "GPU-4f,GPU-5a", ["GPU-4f"]),
        (4, (0, 1, 2, 3), "none", []),
        (1, (0,), "", []),
        (1, (0,), "all", ["0"]),
    ],
)
def test_gpus_by_id(gpus: int, wanted: Any, pool: str | None, given: list[str], monkeypatch: Any) -> None:
    monkeypatch.delenv("SKILLBANK_DOCKER_GPUS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if pool is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", pool)
    assert container.device_ids(gpus, wanted) == given


def test_more_gpus_than_may_be_used(monkeypatch: Any) -> None:
    monkeypatch.setenv("SKILLBANK_DOCKER_GPUS", "3")
    with pytest.raises(PlatformError, match=r"wants 2 GPUs and may use 1 \(3\)"):
        container.device_ids(2, (0, 1))


def test_gpus_are_requested_by_id(daemon: docker.APIClient, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SKILLBANK_DOCKER_GPUS", "2,5")
    launch = launch_of(tmp_path, resources=Resources(gpus=2), gpu_ids=(0, 1))
    arguments = container.arguments(launch, daemon, {}, "sha256:0")
    [request] = arguments["host_config"]["DeviceRequests"]
    assert request["DeviceIDs"] == ["2", "5"] and request["Count"] == 0
    with pytest.raises(PlatformError, match="cannot give GPUs to containers"):
        DockerPlatform().submit(launch)
    assert daemon.containers(all=True) == [], "what cannot be started is removed"


# Refusals: one sentence each


def refusal(jobs: Jobs, plan: Plan) -> str:
    with pytest.raises(PlatformError) as error:
        jobs.launch(plan)
    assert jobs.store.list() == []
    return str(error.value)


def test_no_nvidia_runtime(jobs: Jobs, docker_plan: MakePlan, monkeypatch: Any) -> None:
    plan = docker_plan(resources=Resources(gpus=1))
    assert "the Docker daemon has no NVIDIA runtime" in refusal(jobs, plan)
    assert "--gpus 0" in refusal(jobs, plan)
    monkeypatch.setenv("SKILLBANK_DOCKER_GPUS", "none")
    assert jobs.wait(jobs.launch(plan).id).state is JobState.COMPLETE


def test_what_the_client_itself_refuses_is_told_at_once(jobs: Jobs, docker_plan: MakePlan) -> None:
    with pytest.raises(PlatformError, match=r"value for memory \(lots\) should specify the units"):
        jobs.launch(docker_plan(resources=Resources(memory="lots")))
    [record] = jobs.store.list()
    assert record.state is JobState.ERROR


def test_a_missing_image(jobs: Jobs, docker_plan: MakePlan, monkeypatch: Any) -> None:
    plan = docker_plan(image="127.0.0.1:9/none/here:1")
    said = refusal(jobs, plan)
    assert "127.0.0.1:9/none/here:1" in said and "cannot be reached" in said
    monkeypatch.setenv("SKILLBANK_DOCKER_PULL", "never")
    assert "is not on this machine and SKILLBANK_DOCKER_PULL is 'never'" in refusal(jobs, plan)
    monkeypatch.setenv("SKILLBANK_DOCKER_PULL", "sometimes")
    assert "must be one of missing, always, never" in refusal(jobs, plan)


def test_no_image_at_all(jobs: Jobs, docker_plan: MakePlan) -> None:
    assert "give one with --image" in refusal(jobs, docker_plan(image=None))


def test_what_the_daemon_does_not_have(jobs: Jobs, docker_plan: MakePlan, monkeypatch: Any) -> None:
    assert "asks for 1000 CPUs" in refusal(jobs, docker_plan(resources=Resources(cpus=1000)))
    assert "use --nodes 1" in refusal(jobs, docker_plan(resources=Resources(nodes=2)))
    monkeypatch.setenv("SKILLBANK_DOCKER_NETWORK", "host")
    assert "a network that is not theirs" in refusal(jobs, docker_plan())


def test_data_in_a_closed_place(jobs: Jobs, docker_plan: MakePlan) -> None:
    plan = docker_plan(inputs=(InputBinding(key="file", uri="/etc/passwd"),))
    assert "may not be bound into a container" in refusal(jobs, plan)


@pytest.mark.parametrize("host", ["ssh://ada@far.example", "tcp://10.1.2.3:2375"])
def test_a_remote_daemon_is_refused(jobs: Jobs, docker_plan: MakePlan, monkeypatch: Any, host: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    assert f"DOCKER_HOST is {host}, another machine" in refusal(jobs, docker_plan())


def test_a_dead_daemon(jobs: Jobs, docker_plan: MakePlan, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert refusal(jobs, docker_plan()).startswith("no Docker daemon answers at unix:///")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "none.sock"))
    assert refusal(jobs, docker_plan()).startswith("no Docker daemon answers at unix:///")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("write /x: no space left on device", "the Docker daemon's disk is full"),
        (
            'could not select device driver "nvidia" with capabilities: [[gpu]]',
            "cannot give GPUs to containers",
        ),
        ('OCI runtime: exec: "train": executable file not found in $PATH: unknown', "has no program 'train'"),
        ("network far not found", "has no network 'far'"),
        ("pull access denied for x, repository does not exist", "does not give out the image x/y:1"),
        (
            "manifest for x/y:1 not found: manifest unknown: manifest unknown",
            "the registry has no image x/y:1",
        ),
        (
            "Get https://r/v2/: dial tcp: lookup r: no such host",
            "registry of the image x/y:1 cannot be reached",
        ),
        ("something new", "the Docker daemon refuses: something new"),
    ],
)
def test_what_the_daemon_says_becomes_a_sentence(said: str, sentence: str) -> None:
    from skillbank.platforms.docker.daemon import Daemon

    assert sentence in Daemon().sentence(said, "x/y:1")


def test_a_login_goes_to_its_own_registry_only(monkeypatch: Any) -> None:
    from skillbank.platforms.docker.daemon import _login

    for name, value in (("", "reg.example"), ("_USER", "ada"), ("_PASSWORD", "pw-123456")):
        monkeypatch.setenv(f"SKILLBANK_REGISTRY{name}", value)
    monkeypatch.setenv("NGC_API_KEY", "ngc-123456")
    assert _login("reg.example/a/b:1") == {"username": "ada", "password": "pw-123456"}
    assert _login("nvcr.io/nvidia/tao:1") == {"username": "$oauthtoken", "password": "ngc-123456"}
    assert _login("evil.example/nvcr.io/b:1") is None and _login("ubuntu") is None


# Secrets


def test_a_secret_reaches_the_program_and_nothing_else(
    daemon: docker.APIClient, jobs: Jobs, docker_plan: MakePlan, monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.setenv("NGC_KEY", CANARY)
    monkeypatch.setenv("OTHER_TOKEN", CANARY + "-other")
    script = 'echo "got: $NGC_KEY, ${OTHER_TOKEN-nothing}"; touch said; while ! [ -e go ]; do sleep 0.1; done'
    record = jobs.launch(docker_plan(script, env_names=("NGC_KEY",)))
    results = Path(record.results_dir)
    until((results / "said").exists)
    shown = json.dumps(daemon.inspect_container(record.id)) + json.dumps(daemon.top(record.id))
    assert "canary" not in shown and "NGC_KEY" in shown
    assert secret_file.secret_file(record.id).stat().st_mode & 0o077 == 0
    # Another process, which does not know the value, shows the log of the running job.
    monkeypatch.delenv("NGC_KEY")
    monkeypatch.delenv("OTHER_TOKEN")
    assert text(jobs, record.id) == "got: [redacted], nothing\n"
    (results / "go").touch()
    record = jobs.wait(record.id)
    assert record.state is JobState.COMPLETE
    assert text(jobs, record.id) == "got: [redacted], nothing\n"
    assert not secret_file.secret_file(record.id).exists()
    for folder in (home(), tmp_path):
        for path in folder.rglob("*"):
            assert not path.is_file() or b"canary" not in path.read_bytes(), path


def test_the_secret_file_of_a_canceled_launch_is_removed(daemon: docker.APIClient, tmp_path: Path) -> None:
    launch = launch_of(tmp_path, env={"A_TOKEN": CANARY}, env_names=("A_TOKEN",), image="none:none")
    secret_file.write(launch.job_id, {"A_TOKEN": CANARY})
    DockerPlatform().cancel(handle_of(launch))
    assert not secret_file.secret_file(launch.job_id).exists()


def test_secrets_that_a_killed_client_left_are_swept(
    daemon: docker.APIClient, tmp_path: Path, monkeypatch: Any
) -> None:
    secrets = {"A_TOKEN": CANARY}
    platform = DockerPlatform()
    ended = launch_of(tmp_path, "toy-ended", 'echo "$A_TOKEN"', env=secrets, env_names=("A_TOKEN",))
    going = launch_of(tmp_path, "toy-going", "sleep 30", env=secrets, env_names=("A_TOKEN",))
    secret_file.write("toy-never", secrets)
    for launch in (ended, going):
        platform.submit(launch)
    until(lambda: platform.status(handle_of(ended)).state is JobState.COMPLETE)
    for job in ("toy-ended", "toy-going", "toy-never"):
        os.utime(secret_file.secret_file(job), (0, 0))
    platform.submit(launch_of(tmp_path, "toy-next"))
    left = [job for job in ("toy-ended", "toy-going", "toy-never") if secret_file.secret_file(job).exists()]
    assert left == ["toy-going"]
    assert platform.status(handle_of(ended)).state is JobState.COMPLETE, "its end can still be seen"
    assert "".join(platform.logs(handle_of(ended))) == "[redacted]\n"
    platform.cancel(handle_of(going))
    platform.release(handle_of(going))
    assert not secret_file.secret_file("toy-going").exists()


def test_secret_values_survive_the_shell(tmp_path: Path) -> None:
    values = {"A": 'it\'s "q" $(touch x) `y`\nsecond\\n line ', "B": ""}
    secret_file.write("toy-values", values)
    assert secret_file.read("toy-values") == values
    secret_file.remove("toy-values")
    with pytest.raises(PlatformError, match="no name of an environment variable"):
        secret_file.write("toy-values", {"A B": "x"})


# The daemon comes and goes


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_while_the_daemon_is_away_nothing_final_is_said(
    private_daemon: Any, jobs: Jobs, docker_plan: MakePlan, how: int
) -> None:
    ended = jobs.launch(docker_plan("sleep 1; echo done"))
    assert ended.state is JobState.RUNNING
    until(lambda: "done" in "".join(DockerPlatform().logs(Handle(ended.id, None, Path(ended.results_dir)))))
    going = jobs.launch(docker_plan("echo going; sleep 60"))
    stopped = jobs.launch(docker_plan("sleep 60"))
    private_daemon.end(how)
    try:
        for job in (ended, going, stopped):
            record = jobs.refresh(job.id)
            assert record.state is JobState.UNKNOWN
            assert "no Docker daemon answers" in record.history[-1].message
        with pytest.raises(PlatformError, match="no Docker daemon answers"):
            jobs.cancel(stopped.id)
    finally:
        private_daemon.start()
    record = jobs.refresh(ended.id)
    assert record.state is JobState.COMPLETE
    assert text(jobs, ended.id) == "done\n"
    # The daemon ends its containers when it goes: no fault of the program's. One was to stop in any case.
    assert jobs.refresh(stopped.id).state is JobState.CANCELED
    record = jobs.refresh(going.id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert record.failure.kind == "INFRA" and "daemon was stopped" in record.failure.explanation
