"""What Kubernetes gets to see of a job, and how what it says is read: no server is needed for that."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import PlatformError
from skillbank.jobs.failures import classify
from skillbank.jobs.record import JobState, new_job_id
from skillbank.platforms.base import job_dir
from skillbank.platforms.kubernetes import states
from skillbank.platforms.kubernetes.logs import Position
from skillbank.platforms.kubernetes.names import INDEX, job_name, label_value, quantity, seconds
from skillbank.platforms.kubernetes.profile import Profile, load_profile
from skillbank.platforms.kubernetes.shared import place_problem
from skillbank.platforms.kubernetes.volumes import volumes_of
from tests.gate import launch_made

DNS = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
CODE_7 = "Container main for pod a/b failed with exit code 7 matching FailJob rule at index 1"
DISRUPTED = "Pod a/b has condition DisruptionTarget matching FailJob rule at index 0"
NODES = st.integers(1, 10_000)


# Names


@given(st.text(), NODES)
def test_every_name_is_one_for_a_job_a_service_and_the_hosts_of_its_pods(job_id: str, nodes: int) -> None:
    name = job_name(job_id, nodes)
    assert DNS.fullmatch(name) and len(name) <= 63
    assert nodes == 1 or len(f"{name}-{nodes - 1}") <= 63


@given(st.sets(st.text(max_size=80) | st.text("aB9._-", min_size=58, max_size=70), min_size=2), NODES)
def test_different_jobs_have_different_names(ids: set[str], nodes: int) -> None:
    assert len({job_name(job_id, nodes) for job_id in ids}) == len(ids)


@given(st.text(alphabet="abz09-_A/", max_size=60), st.sampled_from(["train", "gen_trt_engine"]))
def test_ids_of_jobs_are_their_names_where_they_can_be(skill: str, action: str) -> None:
    job_id = new_job_id(skill, action)
    assert len(job_id) <= 63
    assert job_name(job_id) == job_id or not job_id[0].isalpha()


@given(st.text())
def test_label_values_are_valid(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", label_value(text))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("16g", "16Gi"),
        ("512m", "512Mi"),
        ("1.5G", "1.5Gi"),
        ("64Gi", "64Gi"),
        ("2048", "2048"),
        ("1TB", "1Ti"),
    ],
)
def test_sizes(size: str, expected: str) -> None:
    assert quantity(size) == expected


def test_no_size() -> None:
    with pytest.raises(PlatformError, match="'much' is no size; write it like 16g"):
        quantity("much")


def test_durations() -> None:
    assert [seconds(t) for t in (5, "90s", "10m", "12h", "7d", "1.5h")] == [5, 90, 600, 43200, 604800, 5400]
    for wrong in ("soon", "0", "-5", "5w"):
        with pytest.raises(ValueError, match="is no duration"):
            seconds(wrong)


# The profile


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Profile:
    monkeypatch.setenv("SKILLBANK_KUBERNETES", str(tmp_path / "cluster.yaml"))
    (tmp_path / "cluster.yaml").write_text(text)
    return load_profile()


def test_a_whole_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
context: lab
namespace: vision
volumes: [{claim: shared, path: /srv/shared, sub_path: team, read_only: false}]
secret_env: {HF_TOKEN: {secret: hub, key: token}}
env: {NCCL_DEBUG: INFO}
node_selector: {gpu: a100}
tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule, tolerationSeconds: 300}]
image_pull_secrets: [ngc]
time_limit: 12h
cpus: 8
run_as: 1000:1000
"""
    profile = read(tmp_path, monkeypatch, text)
    assert profile.volumes[0].path == Path("/srv/shared") and profile.time_limit == 43200
    assert profile.tolerations[0].toleration_seconds == 300 and profile.cpus == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("namespce: vision", r"unknown key 'namespce' \(did you mean 'namespace'\?\)"),
        ("volumes: [{clam: c, path: /d}]", r"unknown key 'volumes.0.clam' \(did you mean 'claim'\?\)"),
        (
            "secret_env: {A: {secert: c, key: d}}",
            r"unknown key 'secret_env.A.secert' \(did you mean 'secret'\?\)",
        ),
        ("volumes: [{claim: c, path: data}]", "'data' is no absolute path"),
        ("volumes: [{claim: c, path: /d, sub_path: ../x}]", "is no folder of the claim"),
        ("env: {HF_TOKEN: abc}", "HF_TOKEN looks like a secret; put it into a Secret"),
        ("time_limit: soon", "'soon' is no duration"),
        ("tolerations: [{key: a, operator: Exist}]", "wrong at 'tolerations.0.operator'"),
        ("run_as: root", "wrong at 'run_as'"),
        ("memory: lots", "'lots' is no size"),
        ("a: [", "cannot be read as YAML"),
    ],
)
def test_slips_in_a_profile_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    with pytest.raises(PlatformError, match=said) as error:
        read(tmp_path, monkeypatch, text)
    assert "cluster.yaml" in str(error.value) and "\n" not in str(error.value)


def test_a_named_profile_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_KUBERNETES", str(tmp_path / "none.yaml"))
    with pytest.raises(PlatformError, match="does not exist"):
        load_profile()


def test_places_that_pods_do_not_see() -> None:
    volumes = [{"claim": "all", "path": "/srv"}, {"claim": "data", "path": "/srv/data", "read_only": True}]
    profile = Profile.model_validate({"volumes": volumes})
    assert place_problem(Path("/srv/results"), profile, writes=True) is None
    assert place_problem(Path("/srv/data/x"), profile) is None
    assert "which pods only read" in str(place_problem(Path("/srv/data/x"), profile, writes=True))
    assert "put it below /srv, /srv/data" in str(place_problem(Path("/home/a"), profile))
    assert "name a shared volume" in str(place_problem(Path("/home/a"), Profile()))


def test_a_volume_is_mounted_where_a_link_leads(tmp_path: Path) -> None:
    for folder in ("claim/data", "claim/results/job", "alone"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "claim/way").symlink_to(tmp_path / "claim/data")
    (tmp_path / "claim/out").symlink_to(tmp_path / "alone")
    (tmp_path / "mnt").symlink_to(tmp_path / "claim")
    profile = Profile.model_validate({"volumes": [{"claim": "team", "path": str(tmp_path / "mnt")}]})
    results, way = tmp_path / "mnt/results/job", tmp_path / "mnt/way"
    launch = launch_made(["true"], job_id="job", results_dir=results, job_dir=job_dir(results), reads=(way,))
    [to_write, to_read] = volumes_of(launch, profile).mounts
    assert (to_write.mount_path, to_write.sub_path) == (str(results), "results/job")
    assert (to_read.mount_path, to_read.sub_path, to_read.read_only) == (str(way), "data", True)
    said = str(place_problem(tmp_path / "mnt/out", profile))
    assert f"out, which leads to {tmp_path}/alone, is on this machine alone" in said


# The log


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=30),
    st.lists(st.integers(0, 40), max_size=6),
)
def test_no_line_is_lost_or_said_twice_wherever_connections_break(gaps: list[int], cuts: list[int]) -> None:
    """Lines may have the same time, and a connection goes on from the full second of the last one."""
    at, lines = datetime(2026, 1, 2, tzinfo=UTC), []
    for number, gap in enumerate(gaps):
        at += timedelta(milliseconds=gap)
        fraction = f"{at.microsecond:06d}".rstrip("0")
        lines.append(f"{at:%Y-%m-%dT%H:%M:%S}{'.' * bool(fraction)}{fraction}Z {number}\n".encode())
    position, got = Position(), []
    for cut in [*cuts, len(lines)]:
        position.connect()
        since = position.since
        there = [line for line in lines if since is None or line[:19].decode() >= since[:19]]
        got += [text for line in there[:cut] if (text := position.take(line)) is not None]
    assert got == [f"{number}\n".encode() for number in range(len(lines))]


def test_the_rest_of_a_very_long_line_belongs_to_it() -> None:
    position = Position()
    position.connect()
    assert position.take(b"2026-01-01T00:00:00.1Z begins\n") == b"begins\n"
    assert position.take(b"goes on\n") == b"goes on\n"
    position.connect()
    assert position.take(b"2026-01-01T00:00:00.1Z begins\n") is None
    assert position.take(b"goes on\n") is None
    assert position.take(b"2026-01-01T00:00:00.10001Z news\n") == b"news\n"


# States


def pod(index: int = 0, nodes: int = 1, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"job-{index}",
            "uid": f"uid-{index}",
            "creationTimestamp": "2026-01-02T03:04:05Z",
            "annotations": {INDEX: str(index)} if nodes > 1 else {},
        },
        "spec": {
            "nodeName": "node-7",
            "containers": [{"name": "main", "image": "i", "resources": {"limits": {"memory": "8Gi"}}}],
        },
        "status": status,
    }


def dead(code: int, reason: str = "Error", message: str = "", end: str = "2026-01-02T04:00:00Z") -> Any:
    state = {"terminated": {"exitCode": code, "reason": reason, "message": message, "finishedAt": end}}
    return [{"name": "main", "image": "i", "state": state}]


def failed_job(reason: str = "PodFailurePolicy", message: str = "", **spec: Any) -> dict[str, Any]:
    row = {"type": "Failed", "status": "True", "reason": reason, "message": message}
    return {"metadata": {}, "spec": {"completions": 1, **spec}, "status": {"conditions": [row]}}


def disrupted(reason: str) -> list[dict[str, str]]:
    return [{"type": "DisruptionTarget", "status": "True", "reason": reason, "message": "somebody else"}]


@pytest.mark.parametrize(
    ("job", "pods", "code", "name", "kind"),
    [
        (failed_job(), [pod(containerStatuses=dead(3))], 3, "program_failed", "PROGRAM"),
        (failed_job(), [pod(containerStatuses=dead(137, "OOMKilled"))], 137, "host_oom", "PROGRAM"),
        (failed_job(), [pod(containerStatuses=dead(137))], 137, "host_oom", "PROGRAM"),
        (
            failed_job(),
            [pod(containerStatuses=dead(128, "StartError", 'exec: "x": executable file not found in $PATH'))],
            127,
            "program_missing",
            "PROGRAM",
        ),
        (
            failed_job("DeadlineExceeded", activeDeadlineSeconds=60),
            [pod(containerStatuses=dead(143))],
            None,
            "time_limit",
            "PROGRAM",
        ),
        (failed_job(), [pod(reason="Evicted", message="low on memory")], None, "preempted", "INFRA"),
        (failed_job(), [pod(reason="NodeLost", message="x")], None, "node_fail", "INFRA"),
        (failed_job(), [pod(reason="Terminated", message="node shutdown")], None, "node_fail", "INFRA"),
        (failed_job(), [pod(conditions=disrupted("PreemptionByScheduler"))], None, "preempted", "INFRA"),
        (failed_job(), [pod(conditions=disrupted("EvictionByEvictionAPI"))], None, "preempted", "INFRA"),
        (failed_job(), [pod(conditions=disrupted("DeletionByTaintManager"))], None, "node_fail", "INFRA"),
        (failed_job(message=CODE_7), [], 7, "program_failed", "PROGRAM"),
        (failed_job(message=DISRUPTED), [], None, "preempted", "INFRA"),
    ],
)
def test_how_a_job_failed(job: Any, pods: list[Any], code: int | None, name: str, kind: str) -> None:
    status = states.ended(job, pods)
    assert (status.state, status.exit_code) == (JobState.ERROR, code)
    failure = classify("", status.exit_code, reason=status.evidence)
    assert (failure.name, failure.kind) == (name, kind), status


def test_pods_that_were_removed_are_the_places_fault() -> None:
    status = states.ended(failed_job("BackoffLimitExceeded", "Job has reached the limit"), [])
    assert status.infra and "removed from outside" in status.message


def test_of_several_pods_the_first_to_fail_is_the_cause() -> None:
    stopped = pod(0, 2, containerStatuses=dead(143, end="2026-01-02T04:00:09Z"))
    cause = pod(1, 2, containerStatuses=dead(5, end="2026-01-02T04:00:01Z"))
    assert states.ended(failed_job(), [stopped, cause]).message == "exit code 5 of pod 1"


def test_the_memory_limit_is_named() -> None:
    status = states.ended(failed_job(), [pod(containerStatuses=dead(137, "OOMKilled"))])
    assert status.message == "out of memory: the container needed more than its limit of 8Gi (OOMKilled)"


def waits(reason: str, message: str = "") -> list[dict[str, Any]]:
    return [
        {"name": "main", "image": "reg/i:1", "state": {"waiting": {"reason": reason, "message": message}}}
    ]


def event(reason: str, message: str, uid: str = "uid-0", at: str = "2026-01-02T03:05:00Z") -> dict[str, Any]:
    return {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": {"uid": uid},
        "firstTimestamp": at,
        "lastTimestamp": at,
    }


@pytest.mark.parametrize(
    ("found", "events", "said", "stuck"),
    [
        (
            pod(containerStatuses=waits("ImagePullBackOff", "Back-off pulling")),
            [
                event("Failed", 'Failed to pull image "reg/i:1": not found.'),
                event("Failed", "Error: ImagePullBackOff", at="2026-01-02T03:06:00Z"),
            ],
            "waits: its image reg/i:1 cannot be pulled (ImagePullBackOff): "
            'Failed to pull image "reg/i:1": not found',
            True,
        ),
        (
            pod(containerStatuses=waits("CreateContainerConfigError", 'secret "hf" not found')),
            [],
            'waits: its container cannot be made (CreateContainerConfigError): secret "hf" not found',
            True,
        ),
        (
            pod(
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.",
                    }
                ]
            ),
            [],
            "waits: no node takes it (Unschedulable): 0/2 nodes are available: 2 Insufficient nvidia.com/gpu",
            False,
        ),
        (
            pod(containerStatuses=waits("ContainerCreating")),
            [event("FailedMount", "MountVolume failed")],
            "waits: FailedMount: MountVolume failed",
            False,
        ),
        (
            pod(containerStatuses=waits("ContainerCreating")),
            [],
            "waits: its containers are being made",
            False,
        ),
    ],
)
def test_why_a_job_waits(found: Any, events: list[Any], said: str, stuck: bool) -> None:
    why = states.waiting({"spec": {}}, [found], events)
    assert why.said == said and (why.stuck is not None) == stuck


def test_a_quota_is_named_when_no_pod_can_be_made() -> None:
    why = states.waiting(
        {"spec": {}}, [], [event("FailedCreate", "pods is forbidden: exceeded quota: q", "job")]
    )
    assert "FailedCreate" in why.said and "exceeded quota" in why.said and why.stuck is None


def test_one_of_several_pods_waits() -> None:
    why = states.waiting(
        {"spec": {"completions": 4}}, [pod(2, 4, containerStatuses=waits("ErrImagePull"))], []
    )
    assert why.said.startswith("pod 2 of 4 waits: its image")


def test_a_node_that_is_cut_off() -> None:
    ready = [{"name": "main", "ready": True, "state": {"running": {}}}]
    unready = [{"type": "Ready", "status": "False"}]
    assert "node-7" in str(states.node_lost(pod(containerStatuses=ready, conditions=unready)))
    assert states.node_lost(pod(containerStatuses=ready, conditions=[])) is None
