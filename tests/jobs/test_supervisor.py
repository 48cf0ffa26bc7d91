"""What follows a job's end: results brought away, another attempt, and never twice."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.command_lines import processes_of
from tests.gate import open_gate
from tests.s3 import every_third, faulty

from skillbank.errors import DataNotFoundError, PlatformError, StateError
from skillbank.jobs.attendance import attend, on_duty, work_left
from skillbank.jobs.checkpoints import resumable
from skillbank.jobs.reconciliation import handle_of
from skillbank.jobs.record import Failure, JobRecord, JobState, RetryPolicy
from skillbank.jobs.retries import follow_up
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.jobs.uploads import results_folder, upload_news
from skillbank.plan.model import InputBinding, Plan, Source
from skillbank.platforms.base import Launch, NativeStatus
from skillbank.platforms.fake import FakePlatform

MakePlan = Callable[..., Plan]
MakeRecord = Callable[..., JobRecord]

WRITES = """
import os, sys, yaml
spec = yaml.safe_load(open(sys.argv[1]))
out = spec["results_dir"]
for name in ("train/model_epoch_000_step_00001.pth", "inputs/copy.bin", "train/sub/a.txt"):
    os.makedirs(os.path.dirname(f"{out}/{name}"), exist_ok=True)
    with open(f"{out}/{name}", "w") as file:
        file.write(name)
os.symlink("/etc/hostname", f"{out}/train/leak")
"""
FAILS = WRITES + "raise SystemExit('ValueError: no luck')\n"


def keys(s3: Any) -> set[str]:
    listed = s3.list_objects_v2(Bucket="bucket").get("Contents", ())
    return {entry["Key"] for entry in listed}


class Scripted(FakePlatform):
    """Ends each launch at once, the way that is written."""

    def __init__(self, *ends: NativeStatus, log: str = "") -> None:
        super().__init__()
        self.ends, self.log = list(ends), log
        self.order: list[Launch] = []

    def submit(self, launch: Launch) -> str:
        self.order.append(launch)
        native = super().submit(launch)
        self._states[launch.job_id] = self.ends.pop(0)
        self._logs[launch.job_id] = self.log
        return native


LOST = NativeStatus(JobState.ERROR, "the node failed", infra=True)
DONE = NativeStatus(JobState.COMPLETE, "exit code 0", 0)
FAILED = NativeStatus(JobState.ERROR, "exit code 1", 1)
OOM = "torch.OutOfMemoryError: CUDA out of memory.\n"


def supervised(store: JobStore, platform: FakePlatform, plan: Plan, **launch: Any) -> list[JobRecord]:
    """Launch, supervise to the end, and return all attempts in their order."""
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    first = jobs.launch(plan, **launch)
    last = Supervisor(jobs, first_pause=0.01).run(first.id)
    records = store.list()[::-1]
    assert records[-1].id == last.id
    assert all(record.settled is not None and not work_left(record) for record in records)
    assert [record.retry_of for record in records] == [None, *(record.id for record in records[:-1])]
    return records


def test_infra_failures_are_retried_with_the_same_plan(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake")
    records = supervised(store, Scripted(LOST, LOST, DONE), plan)
    assert [r.state for r in records] == [JobState.ERROR, JobState.ERROR, JobState.COMPLETE]
    assert {r.plan_id for r in records} == {plan.plan_id}
    assert [r.infra_retries for r in records] == [0, 1, 2]


def test_retries_are_bounded(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake")
    assert len(supervised(store, Scripted(LOST, LOST, LOST), plan)) == 3


def test_a_job_may_be_launched_without_retries(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake")
    assert len(supervised(store, Scripted(LOST), plan, retry=RetryPolicy(infra=0))) == 1


def test_a_program_that_failed_is_never_run_unchanged(store: JobStore, make_plan: MakePlan) -> None:
    assert len(supervised(store, Scripted(FAILED, log="ValueError: x\n"), make_plan(platform="fake"))) == 1


def test_out_of_memory_halves_the_batch_when_that_was_asked_for(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec={"dataset": {"batch_size": 4}})
    policy = RetryPolicy(batch_key="dataset.batch_size")
    records = supervised(store, Scripted(FAILED, FAILED, FAILED, log=OOM), plan, retry=policy)
    plans = [Plan.model_validate(r.plan) for r in records]
    assert [p.spec["dataset"]["batch_size"] for p in plans] == [4, 2, 1]
    assert len({p.plan_id for p in plans}) == 3
    change = plans[-1].overrides[-1]
    assert (change.key, change.value, change.source) == ("dataset.batch_size", 1, Source.RETRY)
    assert records[1].id in change.detail and len(plans[-1].overrides) == 1


def test_out_of_memory_stops_otherwise(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec={"dataset": {"batch_size": 4}})
    assert len(supervised(store, Scripted(FAILED, log=OOM), plan)) == 1


@pytest.mark.parametrize("batch", [1, 0, "4", None, True, 2.0])
def test_a_batch_that_cannot_be_halved(make_plan: MakePlan, make_record: MakeRecord, batch: Any) -> None:
    failure = Failure(kind="PROGRAM", name="cuda_oom", explanation="x")
    record = make_record(
        plan=make_plan(spec={"b": batch}), state="ERROR", failure=failure, native_id="n",
        retry=RetryPolicy(batch_key="b"),
    )  # fmt: skip
    assert follow_up(record) is None


def test_what_was_never_started_is_not_started_behind_anybodys_back(make_record: MakeRecord) -> None:
    failure = Failure(kind="INFRA", name="launcher_died", explanation="x")
    record = make_record(state="ERROR", failure=failure, retry=RetryPolicy())
    assert follow_up(record) is None
    again = follow_up(record.model_copy(update={"retry_of": "job"}))
    assert again is not None and again.pause == 30
    assert follow_up(record.model_copy(update={"native_id": "n", "infra_retries": 1})).pause == 60  # type: ignore[union-attr]


def test_a_training_goes_on_from_the_checkpoint_of_its_last_attempt(
    store: JobStore, make_plan: MakePlan
) -> None:
    class Trains(Scripted):
        def submit(self, launch: Launch) -> str:
            model = launch.results_dir / "train" / f"model_epoch_{len(self.order):03d}.pth"
            model.parent.mkdir(parents=True, exist_ok=True)
            model.write_text("x")
            return super().submit(launch)

    platform = Trains(LOST, DONE)
    records = supervised(store, platform, make_plan(platform="fake", spec={"resume": "{resume_model}"}))
    spec = (Path(records[1].results_dir) / "job" / "spec.yaml").read_text()
    assert f"{records[1].results_dir}/train/model_epoch_000.pth" in spec
    assert any(f"goes on with the training of {records[0].id}" in e.message for e in records[1].history)
    assert "resume: ''" in (Path(records[0].results_dir) / "job" / "spec.yaml").read_text()


def test_an_attempt_whose_launch_is_refused_for_good_ends_the_matter(
    store: JobStore, make_plan: MakePlan, tmp_path: Path
) -> None:
    data = tmp_path / "a.json"
    data.write_text("{}")
    plan = make_plan(platform="fake", inputs=(InputBinding(key="a", uri=str(data)),))
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    platform = Scripted(LOST)
    job = jobs.launch(plan).id
    data.unlink()
    record = Supervisor(jobs, first_pause=0).run(job)
    assert record.id == job and record.settled is not None
    assert "no further attempt" in record.history[-1].message and "a.json" in record.history[-1].message


@pytest.mark.slow
def test_a_retry_that_waits_can_be_canceled(store: JobStore, make_plan: MakePlan) -> None:
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    platform = Scripted(LOST)
    job = jobs.launch(make_plan(platform="fake")).id
    thread = threading.Thread(target=Supervisor(jobs, first_pause=60).run, args=(job,))
    thread.start()
    while not store.get(job).state.terminal:
        time.sleep(0.01)
    assert jobs.cancel(job).state is JobState.ERROR
    thread.join(120)
    assert not thread.is_alive() and len(store.list()) == 1
    with pytest.raises(StateError, match="nothing to cancel"):
        jobs.cancel(job)


def test_canceling_a_job_that_was_retried_names_the_attempt_that_runs(
    store: JobStore, make_plan: MakePlan
) -> None:
    records = supervised(store, Scripted(LOST, DONE), make_plan(platform="fake"))
    with pytest.raises(StateError, match=records[1].id):
        Jobs(store, open_gate).cancel(records[0].id)


def test_two_supervisors_start_one_attempt(store: JobStore, make_plan: MakePlan) -> None:
    platform = Scripted(LOST, DONE)
    jobs = Jobs(store, open_gate, platforms=lambda _: platform)
    job = jobs.launch(make_plan(platform="fake")).id
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(Supervisor(jobs, first_pause=0.2).run(job).id))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(set(answers)) == 1 and len(answers) == 3 and len(store.list()) == len(platform.order) == 2


def test_a_job_that_ended_before_its_id_was_noted_is_followed_up_all_the_same(
    jobs: Jobs, store: JobStore, make_plan: MakePlan, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as forgetful:
        forgetful.setattr(JobStore, "bind", lambda *_: None)
        code = WRITES + "import time; time.sleep(0.5); sys.exit('NCCL error')"
        job = jobs.launch(make_plan(code, results_root="s3://bucket"), retry=RetryPolicy(infra=1)).id
    while not (Path(store.get(job).results_dir) / "job" / "exit.json").exists():
        time.sleep(0.05)
    store.update(job, native_id=None, launcher=f"{os.uname().nodename}:999999999:gone")
    last = Supervisor(jobs, first_pause=0).run(job)
    assert last.retry_of == job and store.get(job).uploaded is not None and last.uploaded is not None


def test_a_parent_that_was_retried_stands_for_its_first_plan(store: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake", spec={"b": 4})
    records = supervised(store, Scripted(FAILED, DONE, log=OOM), plan, retry=RetryPolicy(batch_key="b"))
    model = Path(records[1].results_dir) / "train" / "model.pth"
    model.parent.mkdir(parents=True)
    model.write_text("x")
    child = make_plan(
        "print('ok')", action="evaluate", spec={"m": "{parent_model}"},
        parents=({"plan": plan.plan_id, "action": "train", "skill": "s"},),
    )  # fmt: skip
    jobs = Jobs(store, open_gate)
    assert jobs.wait(jobs.launch(child, parents=[records[1].id]).id).parents == (records[1].id,)


# Results on S3


def test_results_are_brought_to_s3(jobs: Jobs, make_plan: MakePlan, s3: Any) -> None:
    plan = make_plan(WRITES, results_root="s3://bucket/out/", upload_excludes=("inputs/",))
    record = jobs.launch(plan)
    assert keys(s3) == {f"out/{record.id}/job/spec.yaml"}
    record = Supervisor(jobs).run(record.id)
    assert record.results_uri == record.results == f"s3://bucket/out/{record.id}"
    assert record.uploaded is not None and record.settled is not None
    there = {key.removeprefix(f"out/{record.id}/") for key in keys(s3)}
    assert there == {
        "train/model_epoch_000_step_00001.pth", "train/sub/a.txt", "job/spec.yaml", "job/output.log",
    }  # fmt: skip


def test_results_of_a_failed_job_too_and_without_secrets(
    jobs: Jobs, make_plan: MakePlan, s3: Any, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-token-1234")
    code = "import os; print(os.environ['MY_TOKEN'], flush=True)\n" + FAILS
    plan = make_plan(code, results_root="s3://bucket", env_names=("MY_TOKEN", "AWS_SECRET_ACCESS_KEY"))
    record = Supervisor(jobs).run(jobs.launch(plan).id)
    assert record.state is JobState.ERROR and record.uploaded is not None
    log = s3.get_object(Bucket="bucket", Key=f"{record.id}/job/output.log")["Body"].read()
    assert log.startswith(b"[redacted]\n") and b"no luck" in log
    jobs.store.close()
    contents = [s3.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys(s3)]
    contents += [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert len(contents) > 5 and not any(b"canary" in content for content in contents)


def test_a_server_that_fails_every_third_request(
    jobs: Jobs, make_plan: MakePlan, s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faulty(s3_server, every_third) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        record = Supervisor(jobs, first_pause=0.1).run(
            jobs.launch(make_plan(WRITES, results_root="s3://bucket")).id
        )
        assert len(proxy.faults) == 4
    folder = Path(record.results_dir)
    for key in keys(s3) - {f"{record.id}/job/output.log"}:
        body = s3.get_object(Bucket="bucket", Key=key)["Body"].read()
        assert body == (folder / key.removeprefix(f"{record.id}/")).read_bytes()
    assert len(keys(s3)) == 5


def test_an_upload_that_fails_is_told_and_made_good_later(
    jobs: Jobs, make_plan: MakePlan, s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: int, what: str) -> str | None:
        return "403" if "PUT" in what and "spec.yaml" not in what else None

    with faulty(s3_server, down) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        job = jobs.launch(make_plan(WRITES, results_root="s3://bucket")).id
        with pytest.raises(PlatformError, match="may not use"):
            Supervisor(jobs, first_pause=0).run(job)
    record = jobs.store.get(job)
    assert record.state is JobState.COMPLETE and record.uploaded is None and work_left(record)
    assert "results not uploaded yet" in record.history[-1].message
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    record = Supervisor(jobs).run(job)
    assert record.uploaded is not None and record.last_word == f"all results are at s3://bucket/{job} now"
    assert f"{job}/train/sub/a.txt" in keys(s3)


def test_a_file_that_cannot_be_sent_is_told_and_keeps_back_no_other(
    jobs: Jobs, make_plan: MakePlan, s3: Any
) -> None:
    deep = "/".join(["d" * 200] * 5)
    code = f"{WRITES}\nopen(os.fsencode(out) + b'/odd\\xff.txt', 'w').close()\n"
    code += f"os.makedirs(out + '/{deep}')\nopen(out + '/{deep}/file-of-a-long-path', 'w').close()\n"
    job = jobs.launch(make_plan(code, results_root="s3://bucket/results")).id
    folder = Path(jobs.store.get(job).results_dir)
    with pytest.raises(PlatformError, match=r"has ended \(COMPLETE\), and its results are in .* but not all"):
        Supervisor(jobs, first_pause=0).run(job)
    record = jobs.store.get(job)
    assert record.uploaded is None and record.last_word.startswith("results not uploaded yet: ")
    assert "its name is not UTF-8" in record.last_word and "and may have 1,024)" in record.last_word
    assert {f"results/{job}/train/sub/a.txt", f"results/{job}/job/output.log"} <= keys(s3)
    (folder / os.fsdecode(b"odd\xff.txt")).rename(folder / "even.txt")
    shutil.rmtree(folder / ("d" * 200))
    assert Supervisor(jobs).run(job).uploaded is not None
    assert f"results/{job}/even.txt" in keys(s3)


def test_a_server_that_goes_away_in_the_middle_of_an_upload_is_told(
    jobs: Jobs, make_plan: MakePlan, s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    gone = threading.Event()

    def away(_: int, what: str) -> str | None:
        return "drop" if gone.is_set() and "uploads" in what else None

    with faulty(s3_server, away) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        job = jobs.launch(make_plan(WRITES, results_root="s3://bucket/results")).id
        gone.set()
        heard: list[str] = []
        with pytest.raises(PlatformError, match="does not answer for s3://bucket/results"):
            Supervisor(jobs, first_pause=0, say=heard.append).run(job)
        assert heard[0] == f"{job} has ended (COMPLETE); its results go to s3://bucket/results/{job}"
        assert len(heard) == 5 and all(
            "does not answer" in word and "once more in" in word for word in heard[1:]
        )
        assert "results not uploaded yet" in jobs.store.get(job).last_word
        gone.clear()
        assert Supervisor(jobs, first_pause=0).run(job).uploaded is not None


def test_a_file_that_is_written_to_while_it_is_sent_is_not_taken_for_sent(
    jobs: Jobs, make_plan: MakePlan, s3: Any, s3_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.launch(make_plan(WRITES, results_root="s3://bucket")).id
    file = Path(jobs.store.get(job).results_dir, "train/sub/a.txt")
    written = iter(range(6))

    def write(_: int, what: str) -> str | None:
        if what.startswith("PUT") and what.partition("?")[0].endswith("a.txt") and next(written, 6) < 6:
            file.write_text(file.read_text() + "more")
        return None

    with faulty(s3_server, write) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(PlatformError, match=r"a\.txt' \(it was written to while it was sent\)"):
            Supervisor(jobs, first_pause=0).run(job)
        assert jobs.store.get(job).uploaded is None
        assert Supervisor(jobs, first_pause=0).run(job).uploaded is not None
    there = s3.get_object(Bucket="bucket", Key=f"{job}/train/sub/a.txt")["Body"].read()
    assert there == file.read_bytes() and there.endswith(b"more" * 6)


def test_checkpoints_are_brought_away_while_the_job_runs(
    jobs: Jobs, make_plan: MakePlan, s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("skillbank.jobs.uploads._QUIET", 0.0)
    code = WRITES + f"import time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
    record = jobs.launch(make_plan(code, results_root="s3://bucket"))
    thread = threading.Thread(target=Supervisor(jobs, upload_seconds=0.1).run, args=(record.id,))
    thread.start()
    wanted = f"{record.id}/train/model_epoch_000_step_00001.pth"
    deadline = time.monotonic() + 120
    while wanted not in keys(s3) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert wanted in keys(s3) and f"{record.id}/train/sub/a.txt" not in keys(s3)
    assert jobs.refresh(record.id).state is JobState.RUNNING
    (tmp_path / "go").touch()
    thread.join(120)
    assert f"{record.id}/train/sub/a.txt" in keys(s3)


def test_checkpoints_that_cannot_be_brought_away_while_the_job_runs_are_told(
    jobs: Jobs,
    make_plan: MakePlan,
    s3: Any,
    s3_server: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("skillbank.jobs.uploads._QUIET", 0.0)
    code = WRITES + f"import time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
    expired = threading.Event()

    def said(job: str) -> str:
        deadline = time.monotonic() + 120
        while not (word := jobs.store.get(job).last_word).startswith("the checkpoints"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return word

    with faulty(s3_server, lambda *_: "400 ExpiredToken" if expired.is_set() else None) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        record = jobs.launch(make_plan(code, results_root="s3://bucket"))
        expired.set()
        thread = threading.Thread(target=Supervisor(jobs, upload_seconds=0.1).run, args=(record.id,))
        thread.start()
        try:
            assert "not uploaded now: the S3 server" in said(record.id) and "(ExpiredToken)" in said(
                record.id
            )
            expired.clear()
            deadline = time.monotonic() + 120
            while not jobs.store.get(record.id).last_word.endswith("again") and time.monotonic() < deadline:
                time.sleep(0.05)
            assert said(record.id) == f"the checkpoints are at s3://bucket/{record.id} again"
        finally:
            (tmp_path / "go").touch()
            thread.join(120)
    words = [line.message for line in jobs.store.get(record.id).history]
    assert len([word for word in words if word.startswith("the checkpoints")]) == 2


def test_results_are_read_from_s3_where_the_folder_is_not(jobs: Jobs, make_plan: MakePlan, s3: Any) -> None:
    says = WRITES + "print('said')"
    record = Supervisor(jobs).run(jobs.launch(make_plan(says, results_root="s3://bucket")).id)
    shutil.rmtree(record.results_dir)
    results = jobs.results(record.id)
    assert [c.path for c in results.checkpoints] == ["train/model_epoch_000_step_00001.pth"]
    assert "".join(jobs.logs(record.id)) == "said\n"
    child = make_plan(
        "import sys, yaml; print(open(yaml.safe_load(open(sys.argv[1]))['m']).read())", action="evaluate",
        spec={"m": "{parent_model}"}, parents=({"job": record.id, "action": "train", "skill": "s"},),
    )  # fmt: skip
    child_record = jobs.wait(jobs.launch(child).id)
    assert "".join(jobs.logs(child_record.id)).strip() == "train/model_epoch_000_step_00001.pth"


def test_checkpoints_that_were_brought_away_are_gone_on_from_though_the_folder_was_lost(
    jobs: Jobs, make_plan: MakePlan, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skillbank.jobs.uploads._QUIET", 0.0)
    record = jobs.launch(make_plan(WRITES + "import time; time.sleep(60)", results_root="s3://bucket"))
    folder, wanted = Path(record.results_dir), f"{record.id}/train/model_epoch_000_step_00001.pth"
    assert _within(60, lambda: (folder / "train/sub/a.txt").exists())
    upload_news(record)
    assert wanted in keys(s3)
    jobs.platform("local").cancel(handle_of(record))
    shutil.rmtree(folder)
    record = jobs.refresh(record.id)
    assert record.state is JobState.UNKNOWN
    assert f"{folder}/job is not on this machine" in record.last_word
    record = jobs.cancel(record.id)
    assert (record.state, record.last_word) == (JobState.CANCELED, "canceled")
    found = resumable(results_folder(record))
    assert found is not None and found.name == "model_epoch_000_step_00001.pth"


def test_a_part_of_what_a_complete_job_has_left_does_not_stand_for_it(
    jobs: Jobs, make_plan: MakePlan, s3: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("skillbank.jobs.uploads._QUIET", 0.0)
    code = WRITES + f"import time\nwhile not os.path.exists({str(tmp_path / 'go')!r}): time.sleep(0.05)\n"
    record = jobs.launch(make_plan(code, results_root="s3://bucket"))
    folder = Path(record.results_dir)
    assert _within(60, lambda: (folder / "train/leak").is_symlink())
    assert upload_news(record)
    (tmp_path / "go").touch()
    record = jobs.wait(record.id)
    shutil.rmtree(folder)  # or it is on another machine, which has not sent all of it yet
    assert record.state is JobState.COMPLETE and record.uploaded is None
    assert results_folder(record) == folder and jobs.results(record.id).checkpoints == ()


def test_where_a_program_left_nothing_its_own_folder_is_shown_and_no_server_asked(
    jobs: Jobs, make_plan: MakePlan, make_record: MakeRecord, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = jobs.launch(make_plan("raise SystemExit('no luck')", results_root="s3://bucket"))
    record = Supervisor(jobs).run(record.id)
    assert record.uploaded is not None and record.state is JobState.ERROR
    never = make_record(results_uri="s3://bucket/never", state=JobState.ERROR)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert [str(results_folder(each)) for each in (record, never)] == [record.results_dir, never.results_dir]


def test_output_that_is_gone_is_not_taken_for_none(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.wait(jobs.launch(make_plan("print('said')")).id)
    silent = jobs.wait(jobs.launch(make_plan("pass")).id)
    shutil.rmtree(record.results_dir)
    with pytest.raises(DataNotFoundError, match="is gone, and what it has printed with it"):
        list(jobs.logs(record.id))
    assert "".join(jobs.logs(silent.id)) == ""


# Supervisors as processes


def test_a_detached_supervisor_finishes_the_work(jobs: Jobs, make_plan: MakePlan, s3: Any) -> None:
    record = jobs.launch(make_plan(WRITES, results_root="s3://bucket"))
    assert attend(record)
    deadline = time.monotonic() + 120
    while jobs.store.get(record.id).settled is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert jobs.store.get(record.id).uploaded is not None
    assert not attend(jobs.store.get(record.id))


@pytest.mark.slow
def test_a_supervisor_ends_when_the_folder_of_its_job_is_removed(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.launch(make_plan("import time; time.sleep(12)"))
    assert attend(record)

    def there() -> bool:
        return bool(processes_of(f"skillbank.background.supervisor\0{record.id}\0"))

    assert _within(10, there)
    folder = Path(record.results_dir)
    folder.rename(aside := folder.with_name("removed"))  # at once, while the supervisor may write into it
    shutil.rmtree(aside, ignore_errors=True)
    assert _within(10, lambda: not there())


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


def test_nobody_is_sent_where_somebody_is(jobs: Jobs, make_plan: MakePlan) -> None:
    record = jobs.launch(make_plan("import time; time.sleep(20)"))
    with on_duty(record) as mine, on_duty(record) as second:
        assert mine and not second
        assert not attend(record)
    elsewhere = record.model_copy(update={"launcher": "elsewhere:1:x"})
    assert not attend(elsewhere)
    jobs.cancel(record.id)
    assert not attend(jobs.store.get(record.id)), "an end that nothing follows is settled"
