"""A skill that has changed since the plan: refused at every door, with the files; what runs is recorded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.versions import lay_out

from skillbank import Runtime
from skillbank.agent.approval_policy import ApprovalPolicy
from skillbank.agent.toolbox import Toolbox
from skillbank.automl.charter import Charter
from skillbank.automl.controller import Controller
from skillbank.automl.events import EventLog
from skillbank.errors import SkillNotFoundError, StateError
from skillbank.jobs.record import JobState
from skillbank.jobs.supervisor import Supervisor
from skillbank.plan.model import Plan
from skillbank.plan.request import Request, parse_settings

PATTERN = """
error_patterns:
  - {name: bad_luck, pattern: 'no luck', explanation: Bad luck., advice: Try again., kind: INFRA}
"""


@pytest.fixture
def skill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A skill whose program is a real process; a search over it needs no data."""
    lay_out(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    folder = tmp_path / "bank" / "toy-runner"
    with (folder / "references" / "skill_info.yaml").open("a") as info:
        info.write(PATTERN)
    return folder


@pytest.fixture
def runtime(skill: Path) -> Iterator[Runtime]:
    with Runtime([skill.parent]) as opened:
        yield opened


def planned(runtime: Runtime, *settings: str, automl: str = "off") -> Plan:
    fields: dict[str, Any] = {"skill": "toy-runner", "action": "train", "automl": automl}
    [plan] = runtime.plan(Request(**fields, settings=parse_settings(settings)))
    assert not plan.questions
    runtime.keep(plan)
    return plan


def change(skill: Path) -> None:
    (skill / "SKILL.md").write_text((skill / "SKILL.md").read_text() + "\nOne more word.\n")
    (skill / "references" / "notes.md").write_text("new")
    (skill / "references" / "spec_template_evaluate.yaml").unlink()


SAID = (
    r"bank:toy-runner has changed since plan \w{12} was made \(SKILL\.md changed, "
    r"references/notes\.md is new, references/spec_template_evaluate\.yaml is gone\).*plan again"
)


@pytest.mark.parametrize("automl", ["off", "on"])
def test_a_launch_is_refused_and_a_new_plan_runs(runtime: Runtime, skill: Path, automl: str) -> None:
    plan = planned(runtime, automl=automl)
    change(skill)
    with pytest.raises(StateError, match=SAID) as caught:
        runtime.launch(plan)
    assert "\n" not in str(caught.value) and runtime.jobs.store.list() == []
    with Runtime() as other, pytest.raises(StateError, match=SAID):  # a process that was not given the bank
        other.launch(plan)
    again = planned(runtime, automl=automl)
    assert again.plan_id != plan.plan_id and runtime.skill_of(again).digest == again.skill.digest


def test_agents_are_refused_before_anybody_is_asked(runtime: Runtime, skill: Path) -> None:
    plan = planned(runtime)
    change(skill)
    for policy in ({}, {"launch": "always"}):
        box = Toolbox(runtime, approvals=ApprovalPolicy(policy))  # type: ignore[arg-type]
        answer = box.call("launch", {"plan_id": plan.plan_id})
        assert answer.error is not None and answer.error.code == "state"
        assert "references/notes.md is new" in answer.error.message
    assert runtime.jobs.store.list() == []


def test_a_skill_that_is_not_here_is_said(runtime: Runtime, skill: Path) -> None:
    plan = planned(runtime)
    skill.parent.rename(skill.parents[1] / "elsewhere")
    with (
        Runtime() as other,
        pytest.raises(SkillNotFoundError, match=r"toy-runner of plan .* is not here"),
    ):
        other.launch(plan)
    (skill.parents[1] / "moved").mkdir()
    moved = (skill.parents[1] / "elsewhere").rename(skill.parents[1] / "moved" / "bank")
    with Runtime([moved]) as third:
        assert third.skill_of(plan).root == moved / "toy-runner"


def test_a_changed_file_that_was_put_back_is_no_change(runtime: Runtime, skill: Path) -> None:
    plan, text = planned(runtime), (skill / "SKILL.md").read_text()
    (skill / "SKILL.md").write_text("---\nname: toy-runner\n---\n")
    with pytest.raises(StateError, match=r"SKILL\.md changed\)"):
        runtime.skill_of(plan)
    (skill / "SKILL.md").write_text(text)
    assert runtime.skill_of(plan).digest == plan.skill.digest


@pytest.mark.slow
def test_a_retry_is_refused_and_failures_are_told_as_the_skill_told_them_then(
    runtime: Runtime, skill: Path
) -> None:
    plan = planned(runtime, "train.seconds=0.5", "fail=no luck")
    job = runtime.launch(plan, retries=1).id
    info = skill / "references" / "skill_info.yaml"
    info.write_text(info.read_text().replace("kind: INFRA", "kind: PROGRAM"))
    with Runtime() as other:  # as a supervisor of its own
        last = Supervisor(other.jobs, first_pause=0.01).run(job)
    assert last.id == job and last.failure is not None
    assert (last.failure.name, last.failure.kind) == ("bad_luck", "INFRA")
    assert "references/skill_info.yaml changed" in last.history[-1].message


@pytest.mark.slow
def test_a_retry_runs_where_nothing_has_changed(runtime: Runtime) -> None:
    job = runtime.launch(planned(runtime, "fail=no luck"), retries=1).id
    with Runtime() as other:
        last = Supervisor(other.jobs, first_pause=0.01).run(job)
    assert last.retry_of == job and last.failure is not None and last.failure.name == "bad_luck"


def settling(skill: Path, tmp_path: Path) -> Path:
    """Let the skill name a program that says what it takes; it leaves a mark when it is asked."""
    mark = tmp_path / "asked"
    program = tmp_path / "bin" / "toy-settles"
    program.write_text(f"#!/bin/sh\ntouch {mark}\necho '{{\"train.num_epochs\": 1}}'\n")
    program.chmod(0o755)
    with (skill / "references" / "skill_info.yaml").open("a") as info:
        info.write("\nsettle: {train: 'toy-settles {config_path}'}\n")
    return mark


@pytest.mark.slow
def test_a_search_goes_on_by_what_was_recorded_and_asks_the_program_only_once_it_is_approved(
    runtime: Runtime, skill: Path, tmp_path: Path
) -> None:
    mark = settling(skill, tmp_path)
    plan = planned(runtime, "automl.max_recommendations=2", "automl.algorithm=random", automl="on")
    assert plan.search is not None and plan.search.settle == {"train": "toy-settles {config_path}"}
    assert plan.search.epochs_key == "train.num_epochs"
    review = runtime.review(plan)
    assert "toy-settles" in " ".join(review["notes"])
    assert not mark.exists(), "planning and reviewing start nothing of the skill's"

    record = runtime.launch(plan)
    assert mark.exists()
    change(skill)
    (skill / "schemas" / "train.schema.json").write_text("{}")
    with Runtime() as other:  # as a controller of its own
        ended = Controller(other.jobs, record.id).run()
        assert ended.state is JobState.COMPLETE, ended.history[-1].message
        charter = Charter.model_validate(EventLog(other.jobs.store.engine).charter(record.id))
        assert charter.settled == {"train.num_epochs": 1}
        story = "".join(other.jobs.logs(record.id))
        assert "the program takes here: train.num_epochs=1" in story
        for trial in other.jobs.store.list(experiment=record.id):
            assert trial.plan["spec"]["train"]["num_epochs"] == 1
    with pytest.raises(StateError, match="has changed"):
        runtime.launch(plan)


def test_a_plan_names_the_skill_that_it_goes_through_and_is_the_same_on_every_machine(
    runtime: Runtime, skill: Path, tmp_path: Path
) -> None:
    for automl, through in (("on", "tao-run-automl"), ("off", "toy-runner")):
        plan = planned(runtime, automl=automl)
        assert (plan.route.skill, plan.route.skill_dir) == (through, "toy-runner")
        assert plan.skill_path == str(skill) and str(tmp_path) not in json.dumps(
            plan.model_dump(mode="json", exclude={"skill_path": True, "bank_path": True, "search": True})
        )
        elsewhere = tmp_path / "another machine" / "bank"
        shutil.copytree(skill.parent, elsewhere, dirs_exist_ok=True)
        with Runtime([elsewhere]) as other:
            there = planned(other, automl=automl)
        assert there.plan_id == plan.plan_id and there.skill_path == str(elsewhere / "toy-runner")
    assert runtime.library.get(runtime.plan(_search())[0].route.skill).name == "tao-run-automl"


def _search() -> Request:
    return Request(skill="toy-runner", action="train", automl="on")


def test_what_a_search_needs_is_part_of_its_plan(runtime: Runtime, skill: Path) -> None:
    before = planned(runtime, automl="on")
    assert planned(runtime, automl="on").plan_id == before.plan_id
    schema = skill / "schemas" / "train.schema.json"
    document = json.loads(schema.read_text())
    document["properties"]["train"]["properties"]["lr"]["maximum"] = 0.05
    schema.write_text(json.dumps(document))
    after = planned(runtime, automl="on")
    assert before.search is not None and after.search is not None
    assert before.search.schema_sha256 != after.search.schema_sha256
    assert Plan.from_document(json.loads(json.dumps(after.document()))) == after
