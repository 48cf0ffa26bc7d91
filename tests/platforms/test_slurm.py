"""Jobs on a real Slurm: what they get, how they end, and how they are found again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import PlatformError
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.plan.model import Resources
from skillbank.platforms.base import Handle, job_dir
from skillbank.platforms.processes import processes_with
from skillbank.platforms.slurm.platform import SlurmPlatform
from tests.gate import open_gate
from tests.platforms.slurm_jobs import (  # noqa: F401
    TRAINING,
    jobs,
    messages,
    number,
    plan,
    profile,
    running,
    slurm,
    store,
    until,
)
from tests.slurm import NODES, PrivateSlurm, private_slurm

# ruff: noqa: F811
pytestmark = pytest.mark.slow
WriteProfile = Callable[[str], Path]


@pytest.fixture(scope="module", autouse=True)
def overdue(slurm_cluster: PrivateSlurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Exceed a time limit on a cluster of its own, while the other tests run."""
    code = """
        import subprocess
        from skillbank.home import database_url, home
        from skillbank.jobs.service import Jobs
        from skillbank.jobs.store import JobStore
        from tests.gate import open_gate
        from tests.platforms.slurm_jobs import number, plan, running
        jobs = Jobs(JobStore(database_url()), open_gate)
        record = running(jobs, jobs.launch(plan("echo up; sleep 300")), "up")
        # The shortest limit is a minute, and every half a minute Slurm looks for what has exceeded its own.
        subprocess.run(["scontrol", "update", f"JobId={number(record)}", "EndTime=now+1"], check=True)
        record = jobs.wait(record.id)
        (home() / ".ended").write_text(record.model_dump_json())
        (home() / ".ended").rename(home() / "ended")
    """
    home = tmp_path_factory.mktemp("overdue")
    (home / "slurm.yaml").write_text("time: '1'")
    with private_slurm() as other:
        env = {**os.environ, "SKILLBANK_HOME": str(home), "SLURM_CONF": str(other.config)}
        program = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=env)
        yield home
        program.kill()
        program.wait()


def test_a_job_of_two_nodes_gets_the_orchestrators_contract_and_nothing_else(
    jobs: Jobs, profile: WriteProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile("path: [/opt/odd name]\nenv: {NCCL_SOCKET_IFNAME: ib 0}\nsetup: 'export MADE=here'\ntime: '5'\n")
    monkeypatch.setenv("MY_TOKEN", "se cret'$x;`id`")
    monkeypatch.setenv("OTHER_TOKEN", "canary-other")
    code = "import os, json; print(json.dumps(dict(os.environ)), flush=True)"
    command = (sys.executable, "-c", code)
    record = jobs.launch(plan(nodes=2, command=command, env_names=("MY_TOKEN",)))
    record = jobs.wait(record.id, timeout=120)
    assert (record.state, record.exit_code) == (JobState.COMPLETE, 0), messages(record)
    log = (job_dir(Path(record.results_dir)) / "output.log").read_text()
    assert "canary-other" not in log and "se cret" not in log
    seen = [json.loads(line) for line in log.splitlines()]
    assert sorted(env["NODE_RANK"] for env in seen) == ["0", "1"]
    for env in seen:
        assert (env["WORLD_SIZE"], env["MASTER_ADDR"], env["NUM_GPU_PER_NODE"]) == ("2", "127.0.0.1", "0")
        assert env["MASTER_PORT"] == seen[0]["MASTER_PORT"] and 20000 <= int(env["MASTER_PORT"]) < 32768
        assert (env["MADE"], env["NCCL_SOCKET_IFNAME"]) == ("here", "ib 0")
        assert env["PATH"].startswith("/opt/odd name:") and env["MY_TOKEN"] == "[redacted]"
        assert {n for n in env if n.startswith("SLURM_")} <= {"SLURM_JOB_ID", "SLURM_CONF"}
    folder = job_dir(Path(record.results_dir))
    assert not any(b"se cret" in path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_exit_code_and_output_of_a_program_that_fails(jobs: Jobs) -> None:
    record = jobs.launch(plan("echo 'RuntimeError: no luck'; exit 3"))
    record = jobs.wait(record.id, timeout=120)
    assert (record.state, record.exit_code) == (JobState.ERROR, 3)
    assert record.failure is not None and record.failure.kind == "PROGRAM"
    assert "no luck" in record.failure.evidence
    assert "".join(jobs.logs(record.id)) == "RuntimeError: no luck\n"
    killed = jobs.wait(jobs.launch(plan("kill -9 $$")).id, timeout=120)
    assert (killed.state, killed.exit_code) == (JobState.ERROR, 137)
    absent = jobs.wait(jobs.launch(plan(command=("no-such-program", "x"))).id, timeout=120)
    assert absent.failure is not None and "no-such-program" in "".join(jobs.logs(absent.id))


def test_output_is_followed_while_the_job_runs(jobs: Jobs) -> None:
    record = jobs.launch(plan("for i in 1 2 3; do echo line $i; sleep 0.6; done"))
    pieces = list(jobs.logs(record.id, follow=True))
    assert "".join(pieces) == "line 1\nline 2\nline 3\n" and len(pieces) > 1
    assert jobs.refresh(record.id).state is JobState.COMPLETE


def test_canceling_ends_the_real_work_of_a_running_job_and_a_waiting_job_for_good(
    jobs: Jobs, slurm: PrivateSlurm
) -> None:
    busy = running(jobs, jobs.launch(plan("echo up; sleep 300 & sleep 300", nodes=4)), "up")
    waiting = jobs.launch(plan("touch ran"))
    until(lambda: "Resources" in messages(jobs.refresh(waiting.id)))
    assert "waits for nodes to become free (Resources)" in messages(jobs.store.get(waiting.id))
    assert jobs.cancel(waiting.id).state is JobState.CANCELED
    assert list(processes_with(f"SKILLBANK_JOB_ID={busy.id}"))
    assert jobs.cancel(busy.id).state is JobState.CANCELED
    assert not list(processes_with(f"SKILLBANK_JOB_ID={busy.id}"))
    assert jobs.cancel(busy.id).state is JobState.CANCELED  # twice is no error
    # Whoever submits the script once more is too late.
    script = job_dir(Path(waiting.results_dir)) / "slurm_job.sh"
    late = slurm.say("sbatch", "--parsable", str(script)).strip()
    until(lambda: f"{late}|COMPLETED" in slurm.say("squeue", "-h", "-t", "all", "-o", "%A|%T"))
    assert not (Path(waiting.results_dir) / "ran").exists()


def test_one_canceled_by_somebody_else_is_canceled(jobs: Jobs, slurm: PrivateSlurm) -> None:
    record = running(jobs, jobs.launch(plan("echo up; sleep 300")), "up")
    slurm.say("scancel", number(record))
    assert jobs.wait(record.id, timeout=120).state is JobState.CANCELED


# Lost answers


def fault(folder: Path, program: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put something before one of Slurm's programs; ``$real`` is the program itself."""
    folder.mkdir(exist_ok=True)
    real = subprocess.run(["which", program], capture_output=True, text=True, check=True).stdout.strip()
    (folder / program).write_text(f"#!/bin/bash\nreal={real}\n{script}\n")
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


LOST = (
    'echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1'
)


def test_a_submission_whose_answer_is_lost_is_found_by_its_exact_name(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(tmp_path / "bin", "sbatch", f'"$real" "$@" >/dev/null; {LOST}', monkeypatch)
    record = jobs.launch(plan("echo once >> ran"))
    assert re.fullmatch(r"slurm:\d+", record.native_id or "")
    assert jobs.wait(record.id, timeout=120).state is JobState.COMPLETE
    assert (Path(record.results_dir) / "ran").read_text() == "once\n"


def test_two_jobs_of_one_name_stop_the_launch_and_none_goes_on(
    jobs: Jobs, store: JobStore, slurm: PrivateSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twice = f'"$real" "$@" --hold 3<&3; "$real" --hold "${{@: -1}}" >/dev/null; {LOST}'
    fault(tmp_path / "bin", "sbatch", twice, monkeypatch)
    with pytest.raises(PlatformError, match=r"several jobs of the name .* \(\d+, \d+\).*scancel"):
        jobs.launch(plan("echo once >> ran"))
    [record] = store.list()
    assert record.state is JobState.ERROR
    assert slurm.say("squeue", "-h").strip() == ""  # the launch that broke off took them away


def test_a_submission_that_never_arrived_is_said_to_be_so(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(tmp_path / "bin", "sbatch", LOST, monkeypatch)
    quick = Jobs(store, open_gate, platforms=lambda _: SlurmPlatform(patience=1.0))
    with pytest.raises(PlatformError, match=r"Socket timed out.*no job of the name toy-train"):
        quick.launch(plan())
    [record] = store.list()
    assert record.state is JobState.ERROR and record.failure is not None and record.failure.kind == "INFRA"


def test_a_killed_client_loses_nothing(jobs: Jobs, tmp_path: Path) -> None:
    code = """
        import os, signal, sys
        from skillbank.home import database_url
        from skillbank.jobs.service import Jobs
        from skillbank.jobs.store import JobStore
        from tests.gate import open_gate
        from tests.platforms.slurm_jobs import plan
        store = JobStore(database_url())
        store.bind = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        Jobs(store, open_gate).launch(plan("echo up; sleep 2; echo once >> ran"))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=Path.cwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    [record] = jobs.store.list()
    assert record.native_id is None
    record = jobs.refresh(record.id)
    assert record.state in (JobState.PENDING, JobState.RUNNING) and record.native_id
    assert jobs.wait(record.id, timeout=120).state is JobState.COMPLETE
    assert (Path(record.results_dir) / "ran").read_text() == "once\n"


# Started again


def epochs(log: str) -> list[int]:
    return [int(n) for n in re.findall(r"epoch (\d+) done", log)]


def test_jobs_that_slurm_starts_again_go_on_from_their_own_checkpoints(
    jobs: Jobs, slurm: PrivateSlurm, profile: WriteProfile
) -> None:
    """One is requeued, one preempted, one loses its node, and one loses it and may not start again."""
    works = {name: jobs.launch(plan(TRAINING)) for name in ("requeued", "preempted", "lost")}
    profile("requeue: false")
    final = Jobs(jobs.store, open_gate).launch(plan("echo up; sleep 300"), retry=RetryPolicy(infra=1))
    running(jobs, final, "up")
    nodes = {}
    for name, record in works.items():
        running(jobs, record, "epoch 3 done")
        nodes[name] = slurm.say("squeue", "-h", "-j", number(jobs.store.get(record.id)), "-o", "%N").strip()
    slurm.kill_node(nodes["lost"])
    slurm.kill_node(slurm.say("squeue", "-h", "-n", final.id, "-o", "%N").strip())
    slurm.say("scontrol", "requeue", number(jobs.store.get(works["requeued"].id)))
    urgent = ["sbatch", "--partition=urgent", "--exclusive", f"--nodelist={nodes['preempted']}"]
    slurm.say(*urgent, "--output=/dev/null", "--wrap", "sleep 1")
    for name, record in works.items():
        ended = jobs.wait(record.id, timeout=120)
        assert ended.state is JobState.COMPLETE, f"{name}: {messages(ended)}"
        log = "".join(jobs.logs(record.id))
        again = re.search(r"goes on from (\S+/model_epoch_(\d+)\.pth)", log)
        assert again is not None and int(again[2]) >= 3, log
        starts = re.findall(r"start at epoch (\d+) on (n\d)", log)
        assert starts == [("0", nodes[name]), (str(int(again[2]) + 1), starts[-1][1])]
        # Of the epoch that was being told when its node was lost, only the checkpoint speaks.
        assert sorted({*epochs(log), int(again[2])}) == list(range(12))
        assert min(epochs(log.partition("goes on from")[2])) == int(again[2]) + 1
        assert name != "lost" or starts[-1][1] != nodes["lost"]
    ended = jobs.wait(final.id, timeout=120)
    assert ended.state is JobState.ERROR and "NODE_FAIL" in messages(ended)
    assert ended.failure is not None and ended.failure.kind == "INFRA"


# The cluster in trouble


def test_drained_nodes_are_named_with_their_reasons(jobs: Jobs, slurm: PrivateSlurm) -> None:
    slurm.say("scontrol", "update", "NodeName=n[1-4]", "State=DRAIN", "Reason=new disks")
    record = jobs.launch(plan("echo up"))
    until(lambda: "new disks" in messages(jobs.refresh(record.id)))
    said = messages(jobs.store.get(record.id))
    assert "n1 is drained (new disks)" in said and "drained or reserved" in said
    slurm.say("scontrol", "update", "NodeName=n[1-4]", "State=RESUME")
    assert jobs.wait(record.id, timeout=120).state is JobState.COMPLETE


def test_a_killed_controller_stops_no_job(jobs: Jobs, slurm: PrivateSlurm) -> None:
    record = running(jobs, jobs.launch(plan("echo up; sleep 6; echo once >> ran")), "up")
    slurm.until_saved()
    slurm.kill("slurmctld")
    until(lambda: jobs.refresh(record.id).state is JobState.UNKNOWN)
    assert "got no answer" in messages(jobs.store.get(record.id))
    slurm.start_controller()
    record = jobs.wait(record.id, timeout=120)
    assert record.state is JobState.COMPLETE, messages(record)
    assert (Path(record.results_dir) / "ran").read_text() == "once\n"


def test_what_a_controller_forgot_that_was_killed_too_early_is_told_by_the_job_itself(
    slurm: PrivateSlurm, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_slurm() as other:  # its numbers begin anew, which would confuse the tests after this one
        monkeypatch.setenv("SLURM_CONF", str(other.config))
        jobs = Jobs(store, open_gate)
        work = plan("echo up; sleep 4; echo once >> ran")
        record = running(jobs, jobs.launch(work, retry=RetryPolicy(infra=1)), "up")
        other.kill("slurmctld")  # before it has saved that the job runs, or even that there is one
        other.start_controller()
        until(lambda: jobs.refresh(record.id).state.terminal or _is_held(jobs.store.get(record.id)), 120)
        record = jobs.store.get(record.id)
    if _is_held(record):  # it knew that there is a job, not that it runs, and the node would not run it twice
        return
    lost = record.failure is not None and record.failure.kind == "INFRA" and "forgotten" in messages(record)
    assert lost or record.state is JobState.COMPLETE, messages(record)
    assert lost or (Path(record.results_dir) / "ran").read_text() == "once\n"


def _is_held(record: JobRecord) -> bool:
    return record.state is JobState.PENDING and "then scontrol release" in messages(record)


def test_a_job_that_came_to_its_end_is_not_started_again(
    jobs: Jobs, slurm: PrivateSlurm, profile: WriteProfile
) -> None:
    profile("options: [--hold]")
    record = jobs.launch(plan("touch ran"))
    assert "held" in messages(record)
    end = job_dir(Path(record.results_dir)) / "exit.json"
    end.write_text(f'{{"exit_code": 0, "job": {number(record)}}}')
    assert jobs.refresh(record.id).state is JobState.COMPLETE
    assert slurm.say("squeue", "-h").strip() == ""
    subprocess.run(["bash", str(end.with_name("slurm_job.sh"))], env={"SLURM_JOB_ID": "1"}, check=True)
    assert not (Path(record.results_dir) / "ran").exists()


def test_what_slurm_has_forgotten_the_jobs_folder_knows(jobs: Jobs) -> None:
    platform = SlurmPlatform()
    record = jobs.wait(jobs.launch(plan("exit 5")).id, timeout=120)
    handle = Handle(record.id, "slurm:999999", Path(record.results_dir))
    told = platform.status(handle)
    assert (told.state, told.exit_code) == (JobState.ERROR, 5)
    folder = job_dir(handle.results_dir)
    (folder / "exit.json").unlink()
    assert platform.status(handle).infra
    (folder / "slurm_job").unlink()
    assert "never began" in platform.status(handle).message
    nobody = replace(handle, job_id="nobody", native_id=None)
    assert not platform.status(nobody).found
    (folder / "cancel").touch()
    assert platform.status(handle).state is JobState.CANCELED


def test_what_a_node_wrote_of_an_end_is_known_when_slurm_has_forgotten_the_job(
    jobs: Jobs, slurm: PrivateSlurm
) -> None:
    record = running(jobs, jobs.launch(plan("echo up; sleep 300")), "up")
    slurm.say("scancel", number(record))
    folder = job_dir(Path(record.results_dir))
    until(lambda: "CANCELLED AT" in (folder / "output.log").read_text())
    until(lambda: not list(processes_with(f"SKILLBANK_JOB_ID={record.id}")))
    # As if it had another number: Slurm knows nothing of that one.
    (folder / "slurm_job").write_text("999999")
    log = (folder / "output.log").read_text()
    (folder / "output.log").write_text(log.replace(f"JOB {number(record)} ON", "JOB 999999 ON"))
    told = SlurmPlatform().status(Handle(record.id, "slurm:999999", Path(record.results_dir)))
    assert told.state is JobState.CANCELED and not told.infra
    (folder / "output.log").write_text(log.replace(f"JOB {number(record)} ON", "JOB 1 ON"))
    assert SlurmPlatform().status(Handle(record.id, "slurm:999999", Path(record.results_dir))).infra


# Before a launch


@pytest.mark.parametrize(
    ("text", "fields", "said"),
    [
        ("", {"resources": Resources(nodes=5)}, "5 nodes and the default partition has 4; use --nodes 4"),
        ("", {"resources": Resources(gpus=1)}, "1 GPU a node and .* have none; use --gpus 0"),
        ("partition: mainn", {}, "no partition 'mainn' .did you mean 'main'.*urgent"),
        ("cpus: 64", {}, "64 CPUs a node .* have 2"),
        ("shared: /nowhere", {}, "where results go, is not below a folder that the nodes see"),
        ("container: apptainer", {}, "no container image"),
        ("path: /usr\ncontainer: none", {"command": ("nix", "x")}, "'nix' is in none of the folders"),
        ("partiton: main", {}, "unknown key 'partiton' .did you mean 'partition'"),
        ("login: nobody@192.0.2.1\nssh_options: [-o, ConnectTimeout=1]", {}, "on nobody@192.0.2.1 got no"),
    ],
)
def test_what_the_cluster_cannot_do_is_said_before_anything_is_recorded(
    jobs: Jobs, profile: WriteProfile, text: str, fields: dict[str, Any], said: str
) -> None:
    profile(text)
    with pytest.raises(PlatformError, match=said):
        jobs.launch(plan(**fields))
    assert jobs.store.list() == []


def test_what_sbatch_refuses_is_told_in_its_own_words(jobs: Jobs, profile: WriteProfile) -> None:
    profile("options: [--reservation=none-such]")
    with pytest.raises(PlatformError, match=r"sbatch on this machine refuses.*reservation"):
        jobs.launch(plan())
    [record] = jobs.store.list()
    assert record.state is JobState.ERROR


def test_slots_follow_the_nodes_that_take_jobs(slurm: PrivateSlurm, profile: WriteProfile) -> None:
    assert len(SlurmPlatform().slots(plan())) == 5
    assert len(SlurmPlatform().slots(plan(nodes=2))) == 3
    slurm.say("scontrol", "update", "NodeName=n[1-2]", "State=DRAIN", "Reason=x")
    assert len(SlurmPlatform().slots(plan())) == 3
    profile("cpus: 1")
    assert len(SlurmPlatform().slots(plan())) == 5
    profile("parallel: 7")
    assert len(SlurmPlatform().slots(plan())) == 7
    assert set(NODES) == {"n1", "n2", "n3", "n4"}


def test_the_time_limit_ends_a_job_and_is_told(overdue: Path) -> None:
    until((overdue / "ended").exists)
    record = JobRecord.model_validate_json((overdue / "ended").read_text())
    assert record.state is JobState.ERROR and record.failure is not None
    assert (record.failure.kind, record.failure.name) == ("PROGRAM", "time_limit"), record.failure
