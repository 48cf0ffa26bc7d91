from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.gate import open_gate

from skillbank.bank.discovery import Library
from skillbank.errors import (
    DataError,
    DataNotFoundError,
    ParentError,
    PlatformError,
    QuestionsError,
    SpecError,
    StateError,
    UsageError,
)
from skillbank.home import database_url
from skillbank.jobs.admission import Admitted
from skillbank.jobs.metrics import Progress
from skillbank.jobs.parents import lacking_model, other_maker
from skillbank.jobs.record import JobRecord, JobState
from skillbank.jobs.service import Jobs
from skillbank.jobs.skill_facts import SkillFacts
from skillbank.jobs.store import JobStore
from skillbank.plan.model import InputBinding, ParentRef, Plan, Question, Resources
from skillbank.platforms import keeper
from skillbank.platforms.base import Handle, Launch, NativeStatus
from skillbank.platforms.fake import FakePlatform
from skillbank.platforms.processes import identity

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]

TRAINING = """
import json, os, sys, time, yaml
with open(sys.argv[1]) as file:
    spec = yaml.safe_load(file)
folder = spec["results_dir"] + "/train"
os.makedirs(folder)
with open(folder + "/status.json", "w") as status:
    for epoch, score in enumerate([0.1, 0.9, 0.3]):
        for kpi in ({"epoch": epoch, "max_epoch": 3, "train_loss": 1 / (epoch + 1)}, {"val_mAP50": score}):
            print(json.dumps({"status": "RUNNING", "kpi": kpi}), file=status, flush=True)
        with open(f"{folder}/model_epoch_{epoch:03d}_step_{epoch:05d}.pth", "w") as file:
            file.write("x")
        time.sleep(0.1)
open(folder + "/curve.png", "w").close()
print("trained")
"""


def trained_parent(job: str, **fields: Any) -> dict[str, Any]:
    spec = {"results_dir": "{results_dir}", "evaluate": {"checkpoint": "{parent_model}"}}
    parents = (ParentRef(job=job, action="train", skill="s"),)
    return {"action": "evaluate", "spec": spec, "parents": parents, **fields}


@pytest.mark.slow
def test_from_launch_to_results_and_on_to_a_child(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.launch(make_plan(TRAINING))
    assert record.state is JobState.RUNNING and record.native_id is not None
    seen: list[tuple[JobState, int | None]] = []

    def on_progress(now: JobRecord, progress: Progress) -> None:
        seen.append((now.state, progress.epoch))

    record = jobs.wait(record.id, on_progress)
    assert (record.state, record.exit_code, record.failure) == (JobState.COMPLETE, 0, None)
    assert seen[-1] == (JobState.COMPLETE, 2) and seen[0][0] is JobState.RUNNING
    assert [t.state for t in record.history] == [JobState.PENDING, JobState.RUNNING, JobState.COMPLETE]
    assert "".join(jobs.logs("last")) == "trained\n"

    results = jobs.results(record.id)
    assert [(c.epoch, c.best, c.latest) for c in results.checkpoints] == [
        (0, False, False),
        (1, True, False),
        (2, False, True),
    ]
    assert results.metrics["val_mAP50"] == 0.3 and results.pictures == ("train/curve.png",)
    assert json.loads(json.dumps(results.document()))["job"] == record.id
    assert not any(file.path.startswith("job/") for file in results.files)
    assert jobs.progress(record.id).max_epoch == 3

    show = "import sys, yaml; print(yaml.safe_load(open(sys.argv[1]))['evaluate']['checkpoint'])"
    for method, epoch in (("auto", 1), ("latest", 2), ("0", 0)):
        child = jobs.wait(jobs.launch(make_plan(show, **trained_parent(record.id)), checkpoint=method).id)
        name = f"model_epoch_{epoch:03d}_step_{epoch:05d}.pth"
        assert "".join(jobs.logs(child.id)).strip() == f"{record.results_dir}/train/{name}"
        assert child.parents == (record.id,)


@pytest.mark.slow
def test_a_parent_of_an_earlier_plan_in_the_chain(jobs: Jobs, make_plan: MakePlan) -> None:
    train = make_plan(TRAINING)
    refs = (ParentRef(plan=train.plan_id, action="train", skill="s"),)
    child = make_plan(**trained_parent("", parents=refs))
    with pytest.raises(ParentError, match="has not run yet"):
        jobs.launch(child)
    parent = jobs.wait(jobs.launch(train).id)
    assert jobs.launch(child, parents=[parent.id]).parents == (parent.id,)


@pytest.mark.slow
def test_kill_9_of_the_command_that_launched(jobs: Jobs, make_plan: MakePlan, tmp_path: Path) -> None:
    script = """
        import sys
        from pathlib import Path
        from skillbank.home import database_url
        from skillbank.jobs.service import Jobs
        from skillbank.jobs.store import JobStore
        from skillbank.plan.model import Plan
        from tests.gate import open_gate
        jobs = Jobs(JobStore(database_url()), open_gate)
        plan = Plan.model_validate_json(Path(sys.argv[1]).read_text())
        print(jobs.launch(plan).id, flush=True)
        jobs.wait("last")
    """
    go = tmp_path / "go"
    plan = make_plan(f"""
import os, time
while not os.path.exists({str(go)!r}):
    time.sleep(0.01)
raise SystemExit("ValueError: no luck")
""")
    (tmp_path / "plan.json").write_text(plan.model_dump_json())
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / "plan.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as launcher:
        assert launcher.stdout is not None
        job = launcher.stdout.readline().decode().strip()
        os.killpg(launcher.pid, signal.SIGKILL)
    assert jobs.refresh(job).state is JobState.RUNNING
    go.touch()
    record = jobs.wait(job, timeout=120)
    assert (record.state, record.exit_code) == (JobState.ERROR, 1)
    assert record.failure is not None and record.failure.evidence == "ValueError: no luck"


def test_a_launcher_that_died_before_the_start_is_told(store: JobStore, make_record: MakeRecord) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    described = f"{os.uname().nodename}:{launcher.pid}:{identity(launcher.pid)}"
    record = store.create(make_record(launcher=described))
    jobs = Jobs(store, open_gate)
    assert jobs.refresh(record.id).state is JobState.PENDING
    launcher.kill()
    launcher.wait()
    record = jobs.refresh(record.id)
    assert record.state is JobState.ERROR
    assert record.failure is not None and record.failure.name == "launcher_died"
    # And it never starts after all.
    claim = json.loads((Path(record.results_dir) / "job" / keeper.CLAIM).read_text())
    assert claim == {"never": True}


def test_a_job_whose_launcher_died_before_noting_the_id_is_adopted(
    jobs: Jobs, store: JobStore, make_plan: MakePlan
) -> None:
    class Forgetful(JobStore):
        def bind(self, job_id: str, native_id: str) -> None:
            """Die just before."""

    with Forgetful(database_url()) as forgetful:
        record = Jobs(forgetful, open_gate).launch(make_plan("import time; time.sleep(30)"))
    store.update(record.id, launcher=f"{os.uname().nodename}:999999999:gone", native_id=None)
    record = jobs.refresh(record.id)
    assert record.state is JobState.RUNNING and record.native_id is not None
    assert jobs.cancel(record.id).state is JobState.CANCELED


def refusals() -> dict[str, tuple[dict[str, Any], type[Exception], str]]:
    question = (Question(key="dataset.val", why="no data was named"),)
    missing = (InputBinding(key="dataset.x", uri="/nowhere/a.json"),)
    s3 = (InputBinding(key="dataset.x", uri="s3://bucket/a.json"),)
    return {
        "question": ({"questions": question}, QuestionsError, r"dataset\.val: no data was named"),
        "program": ({"command": ("no-such-program",)}, PlatformError, "no-such-program.*not installed"),
        "nodes": ({"resources": Resources(nodes=2)}, PlatformError, "2 nodes"),
        "platform": ({"platform": "lokal"}, UsageError, "no platform 'lokal'.*did you mean 'local'"),
        "data": ({"inputs": missing}, DataNotFoundError, r"/nowhere/a\.json.*dataset\.x"),
        "s3": ({"inputs": s3}, PlatformError, "no AWS credentials for s3://bucket"),
        "open value": ({"spec": {"a": "???"}}, SpecError, "a has no value"),
        "no parent": ({"spec": {"a": "{parent_model}"}}, ParentError, "--parent"),
        "results root": ({"results_root": "s3://bucket/out"}, PlatformError, "no AWS credentials for s3"),
        "results on the web": ({"results_root": "https://h/x"}, PlatformError, "--results-root"),
    }


@pytest.mark.parametrize("name", refusals())
def test_refusals_leave_no_job_and_no_file(jobs: Jobs, make_plan: MakePlan, home: Path, name: str) -> None:
    fields, error, match = refusals()[name]
    with pytest.raises(error, match=match):
        jobs.launch(make_plan(**fields))
    assert jobs.store.list() == []
    assert not (home / "results").exists()


def test_a_missing_engine_says_how_to_get_it(
    jobs: Jobs, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillbank.platforms.local.platform.find_program", lambda _: None)
    with pytest.raises(PlatformError, match=r"pip install .*\[engine\]' installs it.*nvcr.*docker"):
        jobs.launch(make_plan(command=("grounding_dino", "train"), image="nvcr.io/x:1"))


@pytest.mark.parametrize(
    ("code", "match"),
    [("raise SystemExit('CUDA out of memory')", "failed: The GPU's memory"), (None, "was canceled")],
)
def test_a_parent_that_did_not_end_well(
    jobs: Jobs, make_plan: MakePlan, code: str | None, match: str
) -> None:
    parent = jobs.launch(make_plan(code or "import time; time.sleep(60)"))
    if code is None:
        with pytest.raises(ParentError, match=f"{parent.id}.*RUNNING.*--watch"):
            jobs.launch(make_plan(**trained_parent(parent.id)))
        jobs.cancel(parent.id)
    jobs.wait(parent.id)
    with pytest.raises(ParentError, match=f"{parent.id}.*{match}"):
        jobs.launch(make_plan(**trained_parent(parent.id)))
    assert len(jobs.store.list()) == 1


def test_a_parent_without_a_model(jobs: Jobs, make_plan: MakePlan) -> None:
    parent = jobs.wait(jobs.launch(make_plan()).id)
    with pytest.raises(ParentError, match=f"{parent.id}.*left no model"):
        jobs.launch(make_plan(**trained_parent(parent.id)))
    # Neither does a key start from nothing that may be empty where nobody names a parent.
    key = "train.pretrained_model_path"
    optional = InputBinding(key=key, uri="{parent_model}", optional=True)
    spec = {"train": {"pretrained_model_path": "{parent_model}"}}
    ref = ParentRef(job=parent.id, action="train", skill="s")
    with pytest.raises(ParentError, match=f"{parent.id}.*left no model"):
        jobs.launch(make_plan(spec=spec, inputs=(optional,), parents=(ref,)))
    assert parent.id in lacking_model(
        make_plan(spec=spec, inputs=(optional,), parents=(ref,)), jobs.store.get
    )
    assert len(jobs.store.list()) == 1
    unused = make_plan("x = 1", parents=(ParentRef(job=parent.id, action="train", skill="s"),))
    assert jobs.launch(unused).parents == (parent.id,)


def test_a_parent_of_another_skill_is_said(make_record: MakeRecord) -> None:
    skill = Library().get("tao-train-grounding-dino")
    assert other_maker(make_record(plan=None, skill="tao-train-dino"), skill).endswith(
        "made by tao-train-dino, and this is tao-train-grounding-dino: whether its model fits is not known"
    )
    assert "this is that of bank skillbank" in other_maker(make_record(), skill)


def test_data_that_breaks_while_it_is_staged_ends_the_job(
    jobs: Jobs, make_plan: MakePlan, tmp_path: Path
) -> None:
    archive = tmp_path / "images.tar.gz"
    archive.write_bytes(b"no archive")
    inputs = (InputBinding(key="a", uri=str(archive), runtime="extracted_folder"),)
    with pytest.raises(DataError, match="make or copy it again"):
        jobs.launch(make_plan(inputs=inputs))
    record = jobs.refresh("last")
    assert record.state is JobState.ERROR and record.failure is not None and record.failure.name == "data"


def test_one_key_one_job(jobs: Jobs, make_plan: MakePlan) -> None:
    first = jobs.launch(make_plan(), idempotency_key="k")
    assert jobs.launch(make_plan(), idempotency_key="k").id == first.id
    assert jobs.launch(make_plan()).id != first.id
    with pytest.raises(StateError):
        jobs.launch(make_plan("x = 2"), idempotency_key="k")


def test_cancel(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.launch(make_plan("import time; time.sleep(60)"))
    assert jobs.wait(record.id, timeout=0.1).state is JobState.RUNNING
    assert jobs.cancel(record.id).state is jobs.cancel(record.id).state is JobState.CANCELED
    done = jobs.wait(jobs.launch(make_plan()).id)
    with pytest.raises(StateError, match=f"{done.id}.*COMPLETE"):
        jobs.cancel(done.id)


@pytest.mark.slow
def test_a_skills_own_error_patterns_and_the_programs_own_reason(
    store: JobStore, make_plan: MakePlan
) -> None:
    patterns = ({"name": "bad_luck", "pattern": "no luck", "explanation": "E", "advice": "A"},)

    def gate(plan: Plan) -> Admitted:
        facts = SkillFacts(digest=plan.skill.digest, error_patterns=patterns)
        return Admitted(open_gate(plan).given, facts)

    jobs = Jobs(store, gate)
    code = TRAINING + (
        "with open(folder + '/status.json', 'a') as status:\n"
        "    print(json.dumps({'status': 'FAILURE', 'message': 'ValueError: no luck'}), file=status)\n"
        "raise SystemExit(1)"
    )
    failure = jobs.wait(jobs.launch(make_plan(code)).id).failure
    assert failure is not None
    assert (failure.name, failure.evidence) == ("bad_luck", "ValueError: no luck")


def test_secrets_reach_the_program_by_name_only_and_nothing_else(
    jobs: Jobs, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-one-1234")
    monkeypatch.setenv("OTHER_TOKEN", "canary-two-1234")
    code = (
        "import os; mine = os.environ['MY_TOKEN']; print(mine, os.environ.get('OTHER_TOKEN'), flush=True); "
        "raise SystemExit('RuntimeError: ' + mine)"
    )
    record = jobs.wait(jobs.launch(make_plan(code, env_names=("MY_TOKEN",))).id)
    assert "".join(jobs.logs(record.id)) == "[redacted] None\nRuntimeError: [redacted]\n"
    assert record.failure is not None and record.failure.evidence == "RuntimeError: [redacted]"
    jobs.store.close()
    written = [path for path in home.rglob("*") if path.is_file()]
    assert written and not any(b"canary" in path.read_bytes() for path in written)


def test_a_platform_that_does_not_answer_leaves_the_job_unknown(store: JobStore, make_plan: MakePlan) -> None:
    class Moody(FakePlatform):
        down = False

        def status(self, handle: Handle) -> NativeStatus:
            if self.down:
                raise PlatformError("the daemon does not answer")
            return super().status(handle)

    platform = Moody()
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    job = jobs.launch(make_plan(platform="fake")).id
    platform.down = True
    assert jobs.refresh(job).state is JobState.UNKNOWN
    platform.down = False
    assert jobs.refresh(job).state is JobState.RUNNING
    platform.finish(job, 1, "Xid 79\n")
    record = jobs.wait(job)
    assert record.failure is not None and record.failure.kind == "INFRA"


def test_a_job_whose_launcher_died_is_not_taken_for_started_by_a_platform_that_does_not_answer(
    store: JobStore, make_plan: MakePlan
) -> None:
    class Down(FakePlatform):
        up = True

        def submit(self, launch: Launch) -> str:
            raise KeyboardInterrupt

        def cancel(self, handle: Handle) -> None:
            if not self.up:
                raise PlatformError("the daemon does not answer")

        def status(self, handle: Handle) -> NativeStatus:
            if not self.up:
                raise PlatformError("the daemon does not answer")
            return NativeStatus(JobState.UNKNOWN, "nothing was started for this job", found=False)

    platform = Down()
    platform.up = False
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    with pytest.raises(KeyboardInterrupt):
        jobs.launch(make_plan(platform="fake"))
    job = store.get("last").id
    # The process with this number is another one by now.
    store.update(job, launcher=f"{os.uname().nodename}:{os.getpid()}:another boot:1")
    assert [jobs.refresh(job).state for _ in range(2)] == [JobState.UNKNOWN] * 2
    record = store.get(job)
    assert record.native_id is None
    assert [line.message for line in record.history].count("the daemon does not answer") == 1
    platform.up = True
    failure = jobs.refresh(job).failure
    assert failure is not None and failure.name == "launcher_died"


@pytest.mark.parametrize("then", [JobState.CANCELED, JobState.RUNNING])
def test_a_launch_that_failed_where_it_could_not_be_called_off_is_no_wish_to_cancel(
    store: JobStore, make_plan: MakePlan, then: JobState
) -> None:
    class Away(FakePlatform):
        up = False

        def start(self, launch: Launch) -> str:
            raise PlatformError("the cluster went away")

        def cancel(self, handle: Handle) -> None:
            raise PlatformError("the cluster is away")

        def status(self, handle: Handle) -> NativeStatus:
            if not self.up:
                raise PlatformError("the cluster is away")
            return NativeStatus(then, "as the cluster says")

    platform = Away()
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    with pytest.raises(PlatformError, match="went away"):
        jobs.launch(make_plan(platform="fake"))
    assert jobs.refresh("last").state is JobState.UNKNOWN
    platform.up = True
    record = jobs.refresh("last")
    if then is JobState.RUNNING:  # it had come there all the same
        assert record.state is then and record.failure is None
    else:
        assert record.state is JobState.ERROR and record.last_word == "not launched: the cluster went away"
        assert record.failure is not None and record.failure.kind == "INFRA"


def test_a_submit_that_fails_ends_the_job(store: JobStore, make_plan: MakePlan) -> None:
    class Full(FakePlatform):
        def submit(self, launch: Launch) -> str:
            raise (KeyboardInterrupt() if launch.network_arch else PlatformError("no room"))

    jobs = Jobs(store, open_gate, platforms=lambda _: Full())
    with pytest.raises(PlatformError, match="no room"):
        jobs.launch(make_plan(platform="fake"))
    record = store.get("last")
    assert record.state is JobState.ERROR and record.history[-1].message == "not launched: no room"
    with pytest.raises(KeyboardInterrupt):
        jobs.launch(make_plan(platform="fake", network_arch="x"))
    assert store.get("last").state is JobState.CANCELED


def test_a_folder_out_of_reach_is_one_jobs_trouble(
    jobs: Jobs, make_plan: Callable[..., Plan], tmp_path: Path
) -> None:
    record = jobs.launch(make_plan(results_root=str(tmp_path / "disk")))
    jobs.wait(record.id, timeout=60)
    lost = record.model_copy(
        update={
            "id": "lost", "native_id": None, "launcher": "here:1:gone:1", "idempotency_key": None,
            "results_dir": str(tmp_path / "file" / "lost"), "state": JobState.PENDING, "history": (),
        }
    )  # fmt: skip
    (tmp_path / "file").touch()
    jobs.store.create(lost)
    seen = jobs.look("lost")
    assert seen.state is JobState.UNKNOWN
    assert str(tmp_path / "file") in jobs.store.get("lost").history[-1].message
    assert jobs.look(record.id).state is JobState.COMPLETE
