"""Parts of the Slurm platform that need no cluster: profile, states, script, choice of a checkpoint."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.errors import PlatformError
from skillbank.jobs.checkpoints import resumable
from skillbank.jobs.failures import classify
from skillbank.jobs.record import JobState
from skillbank.plan.model import Resources
from skillbank.platforms.base import Launch, Resume, job_dir
from skillbank.platforms.slurm.commands import Node
from skillbank.platforms.slurm.platform import SlurmPlatform
from skillbank.platforms.slurm.profile import SlurmProfile, load_profile, size
from skillbank.platforms.slurm.script import Container, image_file, options, render
from skillbank.platforms.slurm.states import ENDED, Row, ended, explain, noticed, state_of
from tests.gate import launch_made


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("partiton: gpu", r"unknown key 'partiton' \(did you mean 'partition'\?\)"),
        ("time: soon", "'soon' is no time of Slurm; write minutes, 12:00:00"),
        ("time: 1:2", "'1:2' is no time"),
        ("memory: much", "'much' is no amount of memory"),
        ("cpus: none", "wrong at 'cpus'"),
        ("shared: relative/folder", "no absolute path"),
        ("shared: /", "no absolute path"),
        ("env: {HF_TOKEN: x}", "HF_TOKEN looks like a secret"),
        ("env: {1x: x}", "'1x' is no name"),
        ("options: [exclusive]", "'exclusive' is no option"),
        ("partition: ''", "one line of text"),
        ("login: -oProxyCommand=x", "is no host"),
        ("container: docker", "wrong at 'container'"),
        ("a: [", "cannot be read as YAML"),
        ("- a", "wrong at 'it'"),
    ],
)
def test_a_slip_in_the_profile_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(text)
    monkeypatch.setenv("SKILLBANK_SLURM", str(path))
    with pytest.raises(PlatformError, match=said) as told:
        load_profile()
    assert str(path) in str(told.value) and "\n" not in str(told.value)


def test_a_profile_says_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    monkeypatch.delenv("SKILLBANK_SLURM", raising=False)
    assert load_profile() == SlurmProfile()
    text = "time: 1:30:00\nmemory: 64g\nrequeue: false\nshared: /data\npath: /opt/bin\nqos: 1e5\n"
    (tmp_path / "slurm.yaml").write_text(text)
    found = load_profile()
    assert (found.time, found.memory, found.requeue, found.qos) == ("1:30:00", "64G", False, "1e5")
    assert found.shares(Path("/data/x")) and not found.shares(Path("/database"))
    monkeypatch.setenv("SKILLBANK_SLURM", str(tmp_path / "none.yaml"))
    with pytest.raises(PlatformError, match=r"none\.yaml does not exist"):
        load_profile()


def test_sizes() -> None:
    assert [size(text) for text in ("512", "64g", "64GiB", "1Tb")] == ["512M", "64G", "64G", "1T"]


@pytest.mark.parametrize(
    ("native", "state", "infra"),
    [
        ("PENDING", JobState.PENDING, False),
        ("CONFIGURING", JobState.PENDING, False),
        ("REQUEUED", JobState.PENDING, False),
        ("RUNNING", JobState.RUNNING, False),
        ("COMPLETING", JobState.RUNNING, False),
        ("SUSPENDED", JobState.RUNNING, False),
        ("COMPLETED", JobState.COMPLETE, False),
        ("FAILED", JobState.ERROR, False),
        ("TIMEOUT", JobState.ERROR, False),
        ("OUT_OF_MEMORY", JobState.ERROR, False),
        ("NODE_FAIL", JobState.ERROR, True),
        ("BOOT_FAIL", JobState.ERROR, True),
        ("PREEMPTED", JobState.ERROR, True),
        ("CANCELLED", JobState.CANCELED, False),
        ("REVOKED", JobState.CANCELED, False),
        ("SOMETHING_NEW", JobState.UNKNOWN, False),
    ],
)
def test_states(native: str, state: JobState, infra: bool) -> None:
    assert state_of(native) is state
    assert (native in ENDED) == state.terminal
    if native in ENDED:
        told = ended(Row(7, "job", native, "n1", exit_code=0 if native == "COMPLETED" else 1))
        assert (told.state, told.infra, told.native_id) == (state, infra, "slurm:7")


@pytest.mark.parametrize(
    ("native", "name"), [("OUT_OF_MEMORY", "host_oom"), ("TIMEOUT", "time_limit"), ("DEADLINE", "time_limit")]
)
def test_ends_by_a_limit_are_failures_of_the_program(native: str, name: str) -> None:
    told = ended(Row(7, "job", native, "n1", exit_code=1))
    failure = classify("ValueError: other", 1, reason=told.evidence)
    assert (failure.kind, failure.name) == ("PROGRAM", name)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("(Resources)", "waits for nodes"),
        ("(QOSMaxJobsPerUserLimit)", "limit of the qos"),
        ("(AssocGrpGRES)", "limit of the account"),
        ("(ReqNodeNotAvail, UnavailableNodes:n[1-4])", "UnavailableNodes:n[1-4]"),
        ("(Nodes required for job are DOWN, DRAINED or reserved)", "down, drained"),
        ("(launch failed requeued held)", "could not start it"),
        ("(job requeued in held state)", "scontrol release lets it start again"),
        ("(SomethingNew)", "Slurm says SomethingNew"),
        ("", "just submitted"),
    ],
)
def test_reasons(reason: str, said: str) -> None:
    assert said in explain(reason)


def test_nodes_that_take_no_jobs() -> None:
    usable = {s: Node("n", "p", s, 1, 0).usable for s in ("idle", "mixed", "allocated", "completing")}
    lost = {
        s: Node("n", "p", s, 1, 0).usable for s in ("down", "drained", "draining", "idle*", "fail", "maint")
    }
    assert all(usable.values()) and not any(lost.values())


def test_a_node_that_says_nothing_is_told() -> None:
    assert Node("n1", "p", "IDLE*", 1, 0).said == "n1 is idle and does not answer"


def test_what_a_node_has_written_of_an_end() -> None:
    def said(due: str = "", number: int = 7) -> str:
        return f"x\nslurmstepd-n1: error: *** JOB {number} ON n1 CANCELLED AT 2026-11-29T17:01:29{due} ***\n"

    assert noticed(said(), 7) == "CANCELLED"
    assert noticed(said(" DUE TO JOB REQUEUE") + said(" DUE TO TIME LIMIT"), 7) == "TIMEOUT"
    assert noticed(said(" DUE TO NODE FAILURE, SEE SLURMCTLD LOG FOR DETAILS"), 7) == "NODE_FAIL"
    assert [noticed(text, 7) for text in ("", said(number=8), said(" DUE TO JOB REQUEUE"))] == [None] * 3


# The script


def launch(tmp_path: Path, **fields: Any) -> Launch:
    results = tmp_path / "results" / "job-1"
    defaults: dict[str, Any] = {
        "job_id": "job-1",
        "argv": ("prog", "a b", "{x}", str(job_dir(results) / "spec.yaml")),
        "results_dir": results,
        "job_dir": job_dir(results),
        "plan_id": "p" * 64,
        "config_path": job_dir(results) / "spec.yaml",
    }
    return launch_made(**{**defaults, **fields})


def test_options_come_from_the_plan_and_the_profile(tmp_path: Path) -> None:
    profile = SlurmProfile(
        partition="gpu", account="a b", gres="gpu:a100", cpus=4, options=("--mail-type=FAIL",)
    )
    asked = launch(tmp_path, resources=Resources(gpus=8, memory="64g", cpus=12))
    assert options(asked, profile) == [
        "--partition=gpu",
        "--account='a b'",
        "--gres=gpu:a100:8",
        "--cpus-per-task=12",
        "--mem=64G",
        "--requeue",
        "--mail-type=FAIL",
    ]
    assert options(launch(tmp_path), SlurmProfile(requeue=False)) == ["--exclusive", "--no-requeue"]


@pytest.mark.parametrize("nodes", [1, 3])
@pytest.mark.parametrize("kind", [None, "apptainer", "pyxis"])
def test_scripts_are_shell_that_bash_reads(tmp_path: Path, nodes: int, kind: Container | None) -> None:
    (tmp_path / "data").mkdir()
    asked = launch(
        tmp_path,
        resources=Resources(nodes=nodes, gpus=2),
        image="nvcr.io/nvidia/tao:5.5",
        reads=(tmp_path / "data",),
        resume=Resume("text", "mark"),
    )
    profile = SlurmProfile(
        env={"A": "it's $x"}, setup="module() { :; }\nmodule load cuda", path=("/opt/x y",)
    )
    script = render(asked, profile, kind)
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "export A='it'\"'\"'s $x'" in script and "module load cuda" in script
    assert f"#SBATCH --nodes={nodes}" in script and ("MASTER_ADDR" in script) == (nodes > 1)
    results, data = asked.results_dir, tmp_path / "data"
    if kind == "apptainer":
        bound = f"--bind {results}:{results} --bind {data}:{data}:ro"
        wrapped = f"apptainer exec --nv --home {results}/job/home {bound}"
        assert f'{wrapped} --pwd {results} docker://nvcr.io/nvidia/tao:5.5 "${{command[@]}}"' in script
    elif kind == "pyxis":
        assert "--container-image=nvcr.io#nvidia/tao:5.5" in script.replace("'", "")
        assert f"--container-mounts={results}:{results}:rw,{data}:{data}:ro" in script
    else:
        assert "apptainer" not in script and "--container" not in script


def test_what_would_be_submitted_can_be_read_without_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "slurm.yaml").write_text("partition: gpu\ncontainer: none\n")
    shown = SlurmPlatform().submission(launch(tmp_path, image="an/image:1"))
    assert shown == render(launch(tmp_path), SlurmProfile(partition="gpu"), None)
    assert "#SBATCH --partition=gpu\n" in shown and not (tmp_path / "results").exists()


def test_images_as_files(tmp_path: Path) -> None:
    profile = SlurmProfile(images=tmp_path)
    assert image_file("nvcr.io/nvidia/tao:5.5", profile) is None
    path = tmp_path / "nvcr.io+nvidia+tao+5.5.sif"
    path.touch()
    assert image_file("nvcr.io/nvidia/tao:5.5", profile) == str(path)
    assert image_file("/images/a.sif", SlurmProfile()) == "/images/a.sif"


def test_what_options_of_slurm_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match=r"holds a space.*--results-root"):
        render(launch(tmp_path / "a b"), SlurmProfile(), None)


# Started again: the script's choice among checkpoints is that of `resumable`

names = st.sampled_from(
    [
        "model_epoch_000_step_00010.pth",
        "model_epoch_001_step_00020.pth",
        "model_epoch_001_step_00030.pth",
        "epoch=11-step=5.ckpt",
        "model_best.pth",
        "EPOCH_4.PTH",
        "last.tlt",
        "notes.txt",
        ".part.pth",
        "weights.safetensors",
    ]
)
places = st.sampled_from(["", "train", "train/deep", "job", "inputs", ".cache", "lightning_logs/v0"])
contents = st.sampled_from([b"", b"plain", b"PK\x03\x04cut off", b"PK\x03\x04 whole PK\x05\x06" + bytes(18)])


@pytest.mark.slow
@given(st.dictionaries(st.tuples(places, names), contents, max_size=8))
def test_the_script_goes_on_from_the_checkpoint_that_a_retry_would(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], bytes]
) -> None:
    folder = tmp_path_factory.mktemp("resume")
    asked = launch(folder, resume=Resume("a: 'MARK'\nb: MARK/MARK\n", "MARK"))
    for (place, name), content in files.items():
        path = asked.results_dir / place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    asked.job_dir.mkdir(parents=True, exist_ok=True)
    (asked.job_dir / "spec.resume").write_text(asked.resume.text if asked.resume else "")
    script = render(asked, SlurmProfile(), None)
    until_srun = script[: script.index("# One launcher on each node")] + 'printf "%s\\n" "${command[@]}"\n'
    env = {"SLURM_JOB_ID": "1", "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", "-c", until_srun], env=env, capture_output=True, text=True, check=True)
    wanted = resumable(asked.results_dir)
    again = asked.job_dir / "spec.again.yaml"
    if wanted is None:
        assert done.stdout.splitlines()[-1].endswith("spec.yaml") and not again.exists(), done.stdout
    else:
        assert f"goes on from {wanted}\n" in done.stdout
        assert done.stdout.splitlines()[-1] == str(again)
        assert again.read_text() == f"a: '{wanted}'\nb: {wanted}/{wanted}\n"
    shutil.rmtree(folder)
