"""What a person approved is what runs: on the data and with the bank that lay there when they were asked."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.toolbox import Toolbox
from skillbank.cli import main
from skillbank.errors import JobNotFoundError, StateError
from skillbank.jobs.data_digest import data_digest
from skillbank.jobs.record import JobState
from skillbank.jobs.retries import FollowUp
from skillbank.jobs.seen_data import change, seen_data
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import Plan
from skillbank.plan.request import Request, parse_data
from tests.cli.conftest import Command
from tests.sources.repository import Repository
from tests.trust.test_signing import key_file


@pytest.fixture
def runtime(bank: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    monkeypatch.setenv("SKILLBANK_TRUST", f"{bank.parent}@*")
    with Runtime([bank]) as opened:
        yield opened


def plan_of(runtime: Runtime, data: Path, skill: str = "toy-detector", **fields: object) -> Plan:
    request = Request(skill=skill, action="train", data=parse_data([f"train={data}"]), **fields)
    [plan] = runtime.plan([request])
    runtime.keep(plan)
    return plan


@pytest.mark.slow
def test_data_that_changed_since_skillbank_approve_is_refused_and_approved_anew(
    inline: Command, data: Path
) -> None:
    words = f"train the toy detector on {data}"
    plan = inline("plan", words, "--json").document["plan_id"]
    assert "data       dataset.file sha256" in inline("approve", "--yes", plan).out
    (data / "data.txt").write_text("forty-six")
    refused = inline("run", words)
    assert refused.code == 1, refused
    assert "has changed since it was approved: dataset.file" in refused.err and "Plan again" in refused.err
    assert inline("jobs", "--json").document == {"jobs": []}
    assert inline("run", words).code == 4, "that approval is worth nothing any more"
    assert inline("approve", "--yes", plan).code == 0
    job = inline("run", words, "--json").document
    assert job["state"] == "COMPLETE"
    assert job["data"] == [
        {"key": "dataset.file", "uri": str(data / "data.txt"), "digest": data_digest(data / "data.txt")}
    ]


@pytest.mark.slow
def test_a_tool_launches_what_was_approved_or_says_what_changed(runtime: Runtime, data: Path) -> None:
    tools, plan = Toolbox(runtime, approvals=ApprovalPolicy()), plan_of(runtime, data)
    call = {"plan_id": plan.plan_id}
    asked = tools.call("launch", call).approval
    assert asked is not None and "\n  data       dataset.file sha256" in asked.question
    (data / "data.txt").write_text("forty-six")
    with tools.approving(asked, "test"):  # the yes is to what was shown
        refused = tools.call("launch", call)
    assert refused.error is not None and refused.error.code == "state"
    assert "dataset.file" in refused.error.message and "plan" in refused.error.message.lower()
    again = tools.call("launch", call).approval
    assert again is not None and again.question != asked.question
    with tools.approving(again, "test"):
        launched = tools.call("launch", call)
    assert launched.error is None
    assert len(runtime.jobs.store.list()) == 1


@pytest.mark.slow
def test_retries_run_on_the_data_of_the_first_attempt(runtime: Runtime, data: Path) -> None:
    plan = plan_of(runtime, data)
    record = runtime.launch(plan, data=runtime.data_of(plan))
    assert runtime.jobs.wait(record.id).state is JobState.COMPLETE
    (data / "data.txt").write_text("forty-six")
    with pytest.raises(StateError, match=f"since job {record.id} was started: dataset.file"):
        runtime.jobs.launch_again(runtime.jobs.store.get(record.id), FollowUp(plan, 1, 0.0, "test"))
    with pytest.raises(StateError, match=f"since {record.id} was started: dataset.file"):
        runtime.jobs.launch(plan, trial=TrialOf(record.id))
    assert len(runtime.jobs.store.list()) == 1


def test_a_launch_compares_with_what_it_was_given(runtime: Runtime, data: Path) -> None:
    plan = plan_of(runtime, data)
    seen = runtime.data_of(plan)
    (data / "data.txt").write_text("forty-six")
    with pytest.raises(StateError, match=r"dataset\.file"):
        runtime.launch(plan, data=seen)
    assert runtime.jobs.store.list() == []


def test_granting_again_is_for_the_data_that_lies_there_now(runtime: Runtime, data: Path) -> None:
    plan, approvals = plan_of(runtime, data), runtime.jobs.store.approvals
    first = runtime.data_of(plan)
    (data / "data.txt").write_text("forty-six")
    second = runtime.data_of(plan)
    for seen in (first, second, second):
        approvals.grant(runtime.jobs.store.guard.give("plan:x", "program", "somebody"), data=seen)
    number = approvals.use("plan:x")
    assert number is not None and approvals.data(number) == second != first
    assert approvals.use("plan:x") is None, "once"


def test_what_an_earlier_step_makes_or_lies_elsewhere_is_said_to_be_unchecked(
    runtime: Runtime, data: Path, tmp_path: Path
) -> None:
    plan = plan_of(runtime, data)
    earlier = plan_of(runtime, tmp_path / "other", results_root=str(data))
    [seen] = seen_data(plan, [earlier])
    assert seen.digest == "" and seen.shown == "not checked (an earlier step makes it)"
    [seen] = seen_data(plan, [plan.model_copy(update={"results_root": str(data)})])
    assert seen.digest, "what an earlier step reads it does not make"
    away = plan_of(runtime, data)
    far = away.model_copy(
        update={"inputs": tuple(b.model_copy(update={"uri": "s3://bucket/x"}) for b in away.inputs)}
    )
    [seen] = seen_data(far)
    assert "not checked" in runtime.question(far) and seen.unchecked
    assert change([seen], [seen.model_copy(update={"digest": "sha256:1"})]) == ""


def test_explain_says_what_is_not_checked(inline: Command) -> None:
    words = "train the toy detector on s3://bucket/data"
    assert "not checked" in inline("plan", words, "--explain").out


def test_a_bank_that_changed_elsewhere_is_planned_again(runtime: Runtime, bank: Path, data: Path) -> None:
    plan = plan_of(runtime, data)
    assert plan.skill.bank_digest
    (bank / "references").mkdir()
    (bank / "references" / "images.yaml").write_text("images: {}\n")
    with pytest.raises(StateError, match=r"files of it have changed.*plan again"):
        runtime.launch(plan)
    assert runtime.jobs.store.list() == []


@pytest.mark.slow
def test_a_parent_is_of_the_same_bank(
    runtime: Runtime, bank: Path, data: Path, environment: dict[str, str]
) -> None:
    other = bank.parent / "second"
    shutil.copytree(bank, other)
    info = other / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(info.read_text() + "# another\n")
    with Runtime([bank, other]) as both:
        job = both.launch(plan_of(both, data, skill="second:toy-detector"))
        assert both.jobs.wait(job.id).state is JobState.COMPLETE
        request = Request(
            skill="bank:toy-detector",
            action="evaluate",
            data=parse_data([f"eval={data}"]),
            parent="last:train",
        )
        with pytest.raises(JobNotFoundError, match=f"of bank bank yet; {job.id} is of bank second"):
            both.plan([request])
        [named] = both.plan([request.model_copy(update={"parent": job.id})])
        assert any("bank second" in warning for warning in named.warnings)
        [ours] = both.plan([request.model_copy(update={"skill": "second:toy-detector"})])
        assert ours.parents[0].job == job.id and not any("bank second" in w for w in ours.warnings)


@pytest.mark.slow
def test_signer_commit_and_digests_are_approved_and_kept(
    bank: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.delenv("SKILLBANK_TRUST", raising=False)
    monkeypatch.delenv("SKILLBANK_BANKS", raising=False)

    def run(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["skillbank", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        assert (caught.value.code or 0) == code, (out, err)
        return out or err

    toys = Repository(tmp_path / "toys")
    shutil.copytree(bank / "toy-detector", toys.folder / "skills" / "toy-detector")
    run("sign", toys.folder / "skills" / "toy-detector", "--key", key_file(tmp_path), "--signer", "Toy works")
    toys.commit("signed")
    commit = toys.git("rev-parse", "HEAD")
    anchor = tmp_path / "release.certificate.pem"
    run("trust", "anchor", "add", anchor)
    run("bank", "add", f"{toys.folder}@main")
    words = ["--skill", "toys:toy-detector", "--action", "train", "--data", f"train={data}"]
    run("run", *words, "--yes", "--json", code=4)  # nobody has trusted it
    digest = json.loads(run("trust", "toys", "--yes", "--json"))["digest"]
    explained = " ".join(run("plan", *words, "--explain").split())
    assert f"bank's digest {digest[:12]} · signed by Toy works · commit {commit[:12]}" in explained
    plan = json.loads(run("plan", *words, "--json"))
    question = json.loads(run("approve", "--yes", plan["plan_id"], "--json"))["question"]
    for said in ("signed by Toy works", f"commit {commit}", f"digest {digest[:12]}", "dataset.file sha256"):
        assert said in question
    job = json.loads(run("run", *words, "--yes", "--json"))
    kept = job["admitted"]
    assert (kept["signer"], kept["commit"]) == ("Toy works", commit)
    assert (kept["bank_digest"], kept["digest"]) == (digest, plan["skill"]["digest"])
    assert job["data"][0]["digest"] == data_digest(data / "data.txt")
    # Who signed is part of what was approved: an anchor that is taken away meanwhile counts.
    run("trust", "anchor", "remove", anchor)
    with Runtime() as opened:
        stored = opened.jobs.store.get_plan(plan["plan_id"])
        with pytest.raises(StateError, match="signer was Toy works and is none; plan again"):
            opened.launch(stored)
