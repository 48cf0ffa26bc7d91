"""The life of a job on Kubernetes: a server that speaks the protocol, and pods that are real processes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import PlatformError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.plan.model import InputBinding, Plan, Resources
from skillbank.platforms.base import Handle, Launch, job_dir
from skillbank.platforms.kubernetes.objects import Objects
from skillbank.platforms.kubernetes.platform import KubernetesPlatform
from tests.gate import launch_made, open_gate
from tests.platforms.on_kubernetes.cluster import JOBS
from tests.platforms.on_kubernetes.conftest import MakePlan, SetProfile
from tests.platforms.on_kubernetes.server import RESETS, Authority, Fault, Server
from tests.platforms.on_kubernetes.store import Key

pytestmark = pytest.mark.slow
CANARY = "canary-value-5f1c"


def text(jobs: Jobs, job: str) -> str:
    return "".join(jobs.logs(job))


def until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def running(jobs: Jobs, plan: Plan) -> JobRecord:
    """Launch a job and wait until its program runs."""
    record = jobs.launch(plan)
    until(lambda: jobs.refresh(record.id).state is JobState.RUNNING)
    return jobs.refresh(record.id)


def wait_for(jobs: Jobs, record: JobRecord, said: str) -> None:
    until(lambda: said in jobs.refresh(record.id).history[-1].message)


def launch_of(tmp_path: Path, job_id: str = "toy-train-1", script: str = "true", **fields: Any) -> Launch:
    results = tmp_path / "shared/skillbank/results" / job_id
    results.mkdir(parents=True, exist_ok=True)
    defaults: dict[str, Any] = {"argv": ("sh", "-c", script), "image": "engine:1"}
    made = {**defaults, **fields}
    return launch_made(job_id=job_id, results_dir=results, job_dir=job_dir(results), **made)


def handle_of(launch: Launch) -> Handle:
    return Handle(launch.job_id, None, launch.results_dir)


def created(server: Server) -> int:
    return sum(request.startswith("POST /apis/batch/v1/") for request in server.requests)


# Running


def test_a_job_runs_in_a_pod_and_leaves_results_and_log(
    jobs: Jobs, make_plan: MakePlan, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "shared/data").mkdir()
    (tmp_path / "shared/data/x").write_text("read me\n")
    (tmp_path / "shared/private").write_text("not for everybody")
    script = (
        "cat $0; echo $$ '$(HOME)'; df -k /dev/shm | tail -1; cat $1; ls $2; echo no > $1; echo made > made; "
    )
    script += "ls / > /left-inside; echo RANK=$NODE_RANK"
    plan = make_plan(script, resources=Resources(shm_size="3m"))
    data = InputBinding(key="data", uri=str(tmp_path / "shared/data/x"))
    extra = ("{config_path}", data.uri, str(tmp_path / "shared"))
    plan = plan.model_copy(update={"command": (*plan.command, *extra), "inputs": (data,)})
    record = jobs.launch(plan)
    assert record.native_id == f"kubernetes:vision/{record.id}"
    record = jobs.wait(record.id)
    assert record.state is JobState.COMPLETE and record.exit_code == 0, record
    config, _, identity, memory, read, listing, *rest = text(jobs, record.id).splitlines()
    assert config == f"results_dir: {record.results_dir}"
    # A dollar is the shell's: Kubernetes would take it for the name of a variable.
    assert identity.split()[0].isdigit() and identity.split()[1] == "$(HOME)"
    assert memory.split()[1] == "3072" and read == "read me"
    assert listing == "data" and "private" not in rest
    assert any("Read-only" in line for line in rest) and rest[-1] == "RANK="
    assert Path(record.results_dir, "made").read_text() == "made\n"
    assert not Path("/left-inside").exists()
    manifest = (job_dir(Path(record.results_dir)) / "kubernetes.yaml").read_text()
    assert "kind: Job" in manifest and "suspend: true" in manifest


def test_an_exit_code_is_an_error(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.wait(jobs.launch(make_plan("echo RuntimeError: broken; exit 3")).id)
    assert record.state is JobState.ERROR and record.exit_code == 3
    assert record.failure is not None and record.failure.evidence == "RuntimeError: broken"


def test_a_pod_out_of_memory_says_so(jobs: Jobs, make_plan: MakePlan) -> None:
    script = "import time; x = b'x' * 300_000_000; time.sleep(20)"
    plan = make_plan(command=("python3", "-c", script), resources=Resources(memory="100m"))
    record = jobs.wait(jobs.launch(plan).id)
    assert record.state is JobState.ERROR and record.exit_code == 137
    assert record.failure is not None and record.failure.name == "host_oom"
    assert "limit of 100Mi" in record.failure.evidence


def test_a_program_that_the_image_does_not_have(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.wait(jobs.launch(make_plan(command=("no-such-program", "train"))).id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert record.failure.name == "program_missing" and "no-such-program" in record.history[-1].message


def test_a_time_limit(jobs: Jobs, make_plan: MakePlan, profile: SetProfile) -> None:
    profile(time_limit=1)
    record = jobs.wait(jobs.launch(make_plan("trap 'echo saved; exit 0' TERM; sleep 30 & wait")).id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert record.failure.name == "time_limit"


@pytest.mark.parametrize(
    ("needed", "said"),
    [((), "hands HF_TOKEN to its job, and"), (("HF_TOKEN",), "needs the variable HF_TOKEN, for which")],
)
def test_secrets_go_by_reference(
    jobs: Jobs,
    make_plan: MakePlan,
    server: Server,
    profile: SetProfile,
    monkeypatch: pytest.MonkeyPatch,
    needed: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", CANARY)
    code = "echo $HF_TOKEN; echo $OTHER | rev"
    plan = make_plan(code, env_names=("HF_TOKEN",), env_required=needed)
    with pytest.raises(PlatformError, match=rf"{said} no Secret .*kubectl create secret") as refused:
        jobs.launch(plan)
    assert str(refused.value).count("HF_TOKEN") == 1 or not needed
    server.cluster.add_secret("hub", token=CANARY)
    server.cluster.add_secret("all", OTHER="abcdef")
    profile(secret_env={"HF_TOKEN": {"secret": "hub", "key": "token"}}, secrets=["all"])
    record = Jobs(jobs.store, open_gate).wait(Jobs(jobs.store, open_gate).launch(plan).id)
    assert record.state is JobState.COMPLETE
    assert text(jobs, record.id) == "[redacted]\nfedcba\n"
    assert CANARY not in json.dumps(server.cluster.store.list(JOBS))
    for path in Path(record.results_dir).rglob("*"):
        assert not path.is_file() or CANARY not in path.read_text()


# Waiting


def test_an_image_that_is_not_there_is_explained_and_given_up(
    jobs: Jobs, make_plan: MakePlan, server: Server, profile: SetProfile
) -> None:
    profile(start_patience=3)
    record = jobs.launch(make_plan(image="reg.example/none:1"))
    record = jobs.wait(record.id)
    waited = [line.message for line in record.history if line.state is JobState.PENDING]
    # the two reasons take turns: a look may find either
    reasons = ("cannot be pulled (ErrImagePull)", "cannot be pulled (ImagePullBackOff)")
    assert any(reason in said for said in waited for reason in reasons), waited
    assert record.state is JobState.ERROR and record.failure is not None
    assert (record.failure.name, record.failure.kind) == ("image_pull", "INFRA")
    assert "reg.example/none:1" in record.failure.evidence
    until(lambda: not server.cluster.pods())
    assert server.cluster.store.list(JOBS) == []


def test_a_secret_that_is_not_there_is_waited_for(
    jobs: Jobs, make_plan: MakePlan, server: Server, profile: SetProfile
) -> None:
    profile(secrets=["late"], start_patience="1m")
    record = jobs.launch(make_plan("echo $LATE"))
    wait_for(jobs, record, 'CreateContainerConfigError): secret "late" not found')
    server.cluster.add_secret("late", LATE="here")
    assert jobs.wait(record.id).state is JobState.COMPLETE
    assert text(jobs, record.id) == "here\n"


def test_a_node_that_is_not_there_is_waited_for(
    jobs: Jobs, make_plan: MakePlan, server: Server, profile: SetProfile
) -> None:
    profile(node_selector={"gpu": "a100"}, tolerations=[{"key": "gpu", "operator": "Exists"}])
    record = jobs.launch(make_plan(resources=Resources(gpus=2)))
    wait_for(jobs, record, "no node takes it (Unschedulable)")
    server.cluster.add_node("tainted", 2, {"gpu": "a100"}, taint="other")
    wait_for(jobs, record, "untolerated taint")
    server.cluster.add_node("big", 2, {"gpu": "a100"}, taint="gpu")
    assert jobs.wait(record.id).state is JobState.COMPLETE
    assert server.cluster.pods()[0]["spec"]["nodeName"] == "big"


# Losing things


@pytest.mark.parametrize("verb", ["POST .*/jobs", "PATCH .*/jobs", "POST .*/services"])
def test_a_lost_answer_is_settled_by_the_name(
    server: Server, profile: SetProfile, tmp_path: Path, verb: str
) -> None:
    server.faults.append(Fault(verb, "lose"))
    launch = launch_of(tmp_path, script="echo ran >> runs-$NODE_RANK", resources=Resources(nodes=2))
    platform = KubernetesPlatform()
    first = platform.submit(launch)
    assert server.faults[0].times == 0 and len(server.cluster.store.list(JOBS)) == 1
    until(lambda: platform.status(handle_of(launch)).state is JobState.COMPLETE)
    assert KubernetesPlatform().submit(launch) == first
    assert (launch.results_dir / "runs-0").read_text() == "ran\n"


def test_a_busy_server_is_asked_again_when_it_says_so(
    server: Server, profile: SetProfile, tmp_path: Path
) -> None:
    server.faults += [
        Fault("POST .*/jobs", "refuse", 2, 429, {"Retry-After": "1"}),
        Fault("PATCH", "refuse", 2, 503),
        Fault("GET .*/jobs/", "drop", 1),
    ]
    start = time.monotonic()
    KubernetesPlatform().submit(launch_of(tmp_path))
    assert time.monotonic() - start > 1.9
    assert len(server.cluster.store.list(JOBS)) == 1


@RESETS
def test_an_api_server_that_goes_away_for_a_while(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = running(jobs, make_plan("echo begins; sleep 2; echo ends"))
    server.stop()
    jobs.platform("kubernetes")._cluster._patience = 0.2  # type: ignore[attr-defined]
    lost = jobs.refresh(record.id)
    assert lost.state is JobState.UNKNOWN and "nobody listens there" in lost.history[-1].message
    server.start()
    assert jobs.wait(record.id).state is JobState.COMPLETE
    assert text(jobs, record.id) == "begins\nends\n"


def test_a_job_that_somebody_else_deletes(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = running(jobs, make_plan("sleep 60"))
    server.cluster.delete(Key(JOBS, "vision", record.id), "Background")
    record = jobs.wait(record.id)
    assert record.state is JobState.CANCELED and "somebody deleted its Job" in record.history[-1].message
    assert server.cluster.pods() == []


def test_a_job_that_is_removed_after_its_end(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = jobs.wait(jobs.launch(make_plan("echo said")).id)
    server.cluster.delete(Key(JOBS, "vision", record.id), "Background")
    until(lambda: not server.cluster.pods())
    assert KubernetesPlatform().status(Handle(record.id, None, Path(record.results_dir))).exit_code == 0
    assert text(jobs, record.id) == "said\n"


def test_a_drained_node_is_no_fault_of_the_program(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = running(jobs, make_plan("sleep 60"))
    server.cluster.evict(server.cluster.pods()[0]["metadata"]["name"])
    record = jobs.wait(record.id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert (record.failure.name, record.failure.kind) == ("preempted", "INFRA")


def test_a_node_that_is_lost(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = running(jobs, make_plan("sleep 60"))
    node = server.cluster.pods()[0]["spec"]["nodeName"]
    server.cluster.lose_node(node)
    until(lambda: jobs.refresh(record.id).state is JobState.UNKNOWN)
    assert f"the node {node}" in jobs.refresh(record.id).history[-1].message
    server.cluster.collect_node(node)
    record = jobs.wait(record.id)
    assert record.state is JobState.ERROR and record.failure is not None and record.failure.kind == "INFRA"


def test_another_cluster_is_not_asked_about_a_job(
    jobs: Jobs, make_plan: MakePlan, server: Server, tmp_path: Path
) -> None:
    record = running(jobs, make_plan("sleep 60"))
    where = job_dir(Path(record.results_dir)) / "kubernetes.json"
    where.write_text(json.dumps({**json.loads(where.read_text()), "server": "https://elsewhere"}))
    record = jobs.refresh(record.id)
    assert record.state is JobState.UNKNOWN and "name the right context" in record.history[-1].message


def test_a_name_that_is_taken(server: Server, profile: SetProfile, tmp_path: Path) -> None:
    launch = launch_of(tmp_path)
    platform = KubernetesPlatform()
    platform.submit(launch)
    key = Key(JOBS, "vision", launch.job_id)
    server.cluster.store.update(key, lambda job: job["metadata"]["annotations"].pop("skillbank/job-id"))
    with pytest.raises(PlatformError, match="kubectl delete job toy-train-1"):
        platform.submit(launch)


# Stopping


def test_a_canceled_job_may_finish_its_checkpoint(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    script = (
        "trap 'sleep 0.5; echo saved > checkpoint; echo last words; exit 0' TERM; echo begun; sleep 60 & wait"
    )
    record = running(jobs, make_plan(script))
    until(lambda: "begun" in text(jobs, record.id))
    assert jobs.cancel(record.id).state is JobState.CANCELED
    assert server.cluster.pods() == [] and server.cluster.store.list(JOBS) == []
    assert Path(record.results_dir, "checkpoint").read_text() == "saved\n"
    assert text(jobs, record.id) == "begun\nlast words\n"
    assert jobs.cancel(record.id).state is JobState.CANCELED


def test_a_program_that_does_not_listen_is_killed(
    jobs: Jobs, make_plan: MakePlan, server: Server, profile: SetProfile
) -> None:
    profile(grace=1)
    record = running(jobs, make_plan("trap '' TERM; while true; do sleep 0.1; done"))
    assert jobs.cancel(record.id).state is JobState.CANCELED
    assert server.cluster.pods() == []


def test_a_job_that_waits_can_be_canceled(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    record = jobs.launch(make_plan(resources=Resources(gpus=1)))
    wait_for(jobs, record, "Unschedulable")
    assert jobs.cancel(record.id).state is JobState.CANCELED
    assert server.cluster.pods() == [] and server.cluster.store.list(JOBS) == []


def test_a_cancel_in_the_middle_of_a_launch_wins(server: Server, profile: SetProfile, tmp_path: Path) -> None:
    launch = launch_of(tmp_path, script="touch ran")
    server.faults.append(Fault("POST .*/jobs", "refuse", 1, 429, {"Retry-After": "1"}))
    failed: list[str] = []

    def submit() -> None:
        try:
            KubernetesPlatform().submit(launch)
        except PlatformError as error:
            failed.append(str(error))

    thread = threading.Thread(target=submit)
    thread.start()
    until(lambda: created(server) == 1)
    KubernetesPlatform().cancel(handle_of(launch))
    thread.join(120)
    assert failed == ["job toy-train-1 was canceled before it started"]
    assert KubernetesPlatform().status(handle_of(launch)).state is JobState.CANCELED
    until(lambda: not server.cluster.store.list(JOBS))
    assert not (launch.results_dir / "ran").exists()


def test_a_launcher_that_dies_between_making_and_starting(
    jobs: Jobs, make_plan: MakePlan, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = os.fork()
    if child == 0:
        monkeypatch.setattr(Objects, "let_go", lambda *_: os._exit(9))
        Jobs(jobs.store, open_gate).launch(make_plan("touch ran"), idempotency_key="k")
        os._exit(0)
    os.waitpid(child, 0)
    record = jobs.store.by_key("k")
    assert record is not None and len(server.cluster.store.list(JOBS)) == 1
    record = jobs.refresh(record.id)
    assert record.state is JobState.ERROR and record.failure is not None
    assert (record.failure.name, record.failure.kind) == ("launcher_died", "INFRA")
    assert server.cluster.store.list(JOBS) == [] and not Path(record.results_dir, "ran").exists()


# Output


@RESETS
def test_following_survives_breaks_and_rotation(jobs: Jobs, make_plan: MakePlan, server: Server) -> None:
    script = "for i in $(seq 1 60); do echo line $i; sleep 0.05; done"
    record = running(jobs, make_plan(script))
    server.faults += [
        Fault("/log", "cut", 3, bytes=150),
        Fault("/log", "refuse", 2, 500),
        Fault("/log", "drop", 1),
    ]

    log = next(iter(server.cluster.runners.values())).logs["main"]

    def disturb() -> None:
        time.sleep(0.8)
        log.rotate()
        server.cut()
        time.sleep(0.5)
        server.stop()
        time.sleep(0.5)
        server.start()

    thread = threading.Thread(target=disturb)
    thread.start()
    said = "".join(jobs.logs(record.id, follow=True))
    thread.join()
    lines = [int(line.split()[1]) for line in said.splitlines()]
    # What was rotated away while nobody could listen is the only thing that may be lost.
    assert lines == sorted(set(lines))
    assert set(range(log.first + 1, 61)) <= set(lines)
    assert jobs.wait(record.id).state is JobState.COMPLETE


def test_output_without_breaks_is_whole(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.launch(make_plan("seq 1 3000; printf end"))
    said = "".join(jobs.logs(record.id, follow=True))
    assert said.splitlines() == [*map(str, range(1, 3001)), "end"]
    jobs.wait(record.id)
    assert text(jobs, record.id) == said


# Refusing


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"image": None}, "names no container image"),
        ({"results_root": "/elsewhere"}, "/elsewhere is on this machine alone, where pods do not see it"),
        ({"inputs": (InputBinding(key="d", uri="/elsewhere/x"),)}, "/elsewhere/x is on this machine alone"),
        ({"resources": Resources(memory="lots")}, "'lots' is no size"),
    ],
)
def test_plans_that_cannot_run_are_refused(
    make_plan: MakePlan, profile: SetProfile, fields: dict[str, Any], said: str
) -> None:
    assert said in "; ".join(KubernetesPlatform().problems(make_plan(**fields)))


def test_a_profile_without_files_and_a_missing_claim(
    make_plan: MakePlan, profile: SetProfile, tmp_path: Path
) -> None:
    profile(volumes=None)
    assert "names neither shared volumes nor a bucket" in KubernetesPlatform().problems(make_plan())[0]
    profile(volumes=[{"claim": "none", "path": str(tmp_path / "shared")}])
    assert (
        KubernetesPlatform().problems(make_plan())[0].startswith("the namespace vision has no claim 'none'")
    )


def test_a_login_that_may_not_or_is_not_known(
    make_plan: MakePlan, profile: SetProfile, server: Server, tmp_path: Path
) -> None:
    assert KubernetesPlatform().problems(make_plan()) == []
    server.denied.add(("create", "jobs"))
    assert "may not create jobs in the namespace vision" in KubernetesPlatform().problems(make_plan())[0]
    server.kubeconfig(tmp_path / "kubeconfig", token="wrong-token")
    assert "does not accept this login (context test)" in KubernetesPlatform().problems(make_plan())[0]
    Authority(server.cluster.root)  # its certificate takes the place of the one that signed the server's
    assert "cannot be trusted with what the kubeconfig says" in KubernetesPlatform().problems(make_plan())[0]
    profile(context="tset")
    assert "has no context 'tset' (did you mean 'test'?)" in KubernetesPlatform().problems(make_plan())[0]
    (tmp_path / "kubeconfig").unlink()
    assert "there is no kubeconfig at" in KubernetesPlatform().problems(make_plan())[0]


def test_a_client_certificate_is_a_login(
    make_plan: MakePlan, profile: SetProfile, server: Server, tmp_path: Path
) -> None:
    server.kubeconfig(tmp_path / "kubeconfig", token=None)
    assert KubernetesPlatform().problems(make_plan()) == []
