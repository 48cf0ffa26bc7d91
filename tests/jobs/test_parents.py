"""What a job is as a parent: whose model it has, how it ended, and what a search chose for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.jobs.conftest import MakePlan, MakeRecord

from skillbank.bank.discovery import Library
from skillbank.errors import ParentError
from skillbank.jobs.approved_parents import (
    beyond_plan,
    meant_parents,
    other_parents,
    stands_for,
)
from skillbank.jobs.chains import known_parents
from skillbank.jobs.parents import (
    chosen_structure,
    finished_parents,
    lacking_model,
    other_maker,
    parent_models,
    planned_parent,
)
from skillbank.jobs.record import Failure, JobRecord, JobState
from skillbank.jobs.store import JobStore
from skillbank.plan.model import ParentRef, Plan

NAME = "tao-train-grounding-dino"


def nobody(job: str) -> JobRecord:
    raise AssertionError(f"{job} is nothing to look for")


def after(*parents: str) -> dict[str, Any]:
    """Return the parents of a plan: jobs, or plans as ``plan:ID``."""
    refs = [
        ParentRef(plan=name[5:], action="train", skill=NAME)
        if name.startswith("plan:")
        else ParentRef(job=name, action="train", skill=NAME)
        for name in parents
    ]
    return {"parents": tuple(refs)}


def ended(make_record: MakeRecord, **fields: Any) -> JobRecord:
    return make_record(**{"state": JobState.COMPLETE, **fields})


@pytest.mark.parametrize(
    ("bank", "digest", "said"),
    [
        ("skillbank", "of another time", ""),
        ("elsewhere", "the same", ""),
        (
            "elsewhere",
            "another",
            "made by tao-train-grounding-dino of bank elsewhere, and this is that of bank skillbank",
        ),
    ],
)
def test_a_parent_of_the_same_bank_or_of_the_same_skill_fits(
    make_record: MakeRecord, bank: str, digest: str, said: str
) -> None:
    skill = Library().get(NAME)
    theirs = {"bank": bank, "digest": skill.digest if digest == "the same" else digest}
    record = make_record()
    record = record.model_copy(update={"plan": {**record.plan, "skill": theirs}})
    assert other_maker(record, skill).removeprefix(f"the parent {record.id} was ") == said


def test_what_labels_takes_models_of_our_own_programs_alone(make_record: MakeRecord) -> None:
    labels = Library().get("skillbank-label-set")
    ours, theirs = ({"command": [program, "train"]} for program in ("grounding_dino", "other"))
    assert other_maker(make_record().model_copy(update={"plan": ours}), labels) == ""
    assert "not known" in other_maker(make_record().model_copy(update={"plan": theirs}), labels)


@pytest.mark.parametrize("state", list(JobState))
def test_a_job_that_ended_badly_is_planned_with_by_nobody(make_record: MakeRecord, state: JobState) -> None:
    record = make_record(state=state)
    if state in (JobState.ERROR, JobState.CANCELED):
        with pytest.raises(ParentError, match=f"{record.id} ended as {state}"):
            planned_parent(record, nobody)
    else:
        known = planned_parent(record, nobody)
        assert (known.ref.job, known.spec) == (record.id, record.plan["spec"])


def test_of_a_search_the_best_trial_gives_the_spec(make_record: MakeRecord, make_plan: MakePlan) -> None:
    trial = make_record(plan=make_plan(spec={"model": {"size": 3}}))
    assert (
        planned_parent(make_record(product=trial.id), {trial.id: trial}.__getitem__).spec
        == trial.plan["spec"]
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": JobState.CANCELED}, "was canceled"),
        ({"state": JobState.RUNNING}, "is RUNNING and has no model yet"),
        ({"state": JobState.ERROR}, "failed; see"),
        (
            {"state": JobState.ERROR, "failure": Failure(kind="x", name="x", explanation="It fell over.")},
            "failed: It fell over; see",
        ),
    ],
)  # fmt: skip
def test_why_a_parent_is_none_is_said(
    make_record: MakeRecord, make_plan: MakePlan, fields: dict[str, Any], said: str
) -> None:
    record = make_record(**fields)
    with pytest.raises(ParentError) as error:
        finished_parents(make_plan(**after(record.id)), [], {record.id: record}.__getitem__)
    assert f"parent job {record.id} (train) {said}" in str(error.value)


def test_a_job_stands_for_the_plan_that_it_or_an_earlier_attempt_ran(
    make_record: MakeRecord, make_plan: MakePlan
) -> None:
    first = ended(make_record, plan=make_plan("first"))
    again = ended(make_record, plan=make_plan("again"), retry_of=first.id)
    other = ended(make_record)
    look = {each.id: each for each in (first, again, other)}.__getitem__
    plan = make_plan(**after(f"plan:{first.plan_id}", other.id))
    assert finished_parents(plan, [again], look) == [again, other]
    assert finished_parents(make_plan(), [other], look) == [other], (
        "what is named beyond the plan comes along"
    )
    with pytest.raises(ParentError, match="is of none of the jobs that were named"):
        finished_parents(plan, [other], look)
    with pytest.raises(ParentError, match="has not run yet; launch that plan first"):
        finished_parents(plan, [], look)
    assert stands_for(again, first.id, look) and stands_for(again, f"plan:{first.plan_id}", look)
    assert not stands_for(first, again.id, look) and not stands_for(other, f"plan:{first.plan_id}", look)


@pytest.mark.parametrize(
    ("fields", "lacks"),
    [
        ({}, True),
        ({"state": JobState.RUNNING}, False),
        ({"results_uri": "s3://bucket/results"}, False),
    ],
)
def test_a_model_is_missed_where_a_job_of_this_machine_is_complete(
    make_record: MakeRecord, make_plan: MakePlan, fields: dict[str, Any], lacks: bool
) -> None:
    record = ended(make_record, **fields)
    plan = make_plan(spec={"model": "{parent_model}"}, **after(record.id))
    assert ("left no model" in lacking_model(plan, {record.id: record}.__getitem__)) is lacks
    if lacks:
        model = Path(record.results_dir) / "train" / "model_epoch_000_step_00001.pth"
        model.parent.mkdir(parents=True)
        model.write_text("x")
        assert lacking_model(plan, {record.id: record}.__getitem__) == ""


def test_the_model_of_a_plan_that_has_not_run_is_not_missed(make_plan: MakePlan) -> None:
    later = ParentRef(plan="0" * 64, action="train", skill="tao-train-grounding-dino")
    jobs: dict[str, JobRecord] = {}
    assert lacking_model(make_plan(parents=(later,)), jobs.__getitem__) == ""


def test_models_are_those_of_parents_and_of_a_search_its_best_trial(
    make_record: MakeRecord, make_plan: MakePlan
) -> None:
    def left(record: JobRecord) -> Path:
        model = Path(record.results_dir) / "train" / "model_epoch_000_step_00001.pth"
        model.parent.mkdir(parents=True)
        model.write_text("x")
        return model

    trial, plain, none = ended(make_record), ended(make_record), ended(make_record)
    search = ended(make_record, product=trial.id)
    look = {each.id: each for each in (trial, plain, none, search)}.__getitem__
    model, other = left(trial), left(plain)
    needing = make_plan(spec={"model": "{parent_model}"}, **after(search.id))
    found = parent_models(needing, [search, plain], look)
    assert [(each.job_id, each.model) for each in found] == [(search.id, model), (plain.id, other)]
    assert [each.job_id for each in parent_models(needing, [plain, none], look)] == [plain.id]
    with pytest.raises(ParentError, match="left no model"):
        parent_models(needing, [none, plain], look)
    with pytest.raises(ParentError, match="takes a parent job's model; name one with --parent JOB"):
        parent_models(needing, [], look)
    assert parent_models(make_plan(), [none], look) == []


def test_what_a_search_chose_is_structure_and_nothing_that_a_person_said(make_record: MakeRecord) -> None:
    overrides = [
        {"key": "model.size", "value": 3, "source": "automl"},
        {"key": "engine.profile", "value": "small", "source": "automl"},
        {"key": "train.lr", "value": 0.1, "source": "automl"},
        {"key": "model.depth", "value": 5, "source": "user"},
    ]
    record = make_record().model_copy(update={"plan": {"overrides": overrides}})
    assert chosen_structure(record) == {"model.size": 3, "engine.profile": "small"}
    assert chosen_structure(record.model_copy(update={"plan": {}})) == {}


def test_parents_of_an_approval_are_those_that_the_plan_does_not_name(
    make_plan: MakePlan, make_record: MakeRecord, store: JobStore
) -> None:
    ran: Plan = make_plan("ran")
    record = ended(make_record, plan=ran)
    store.create(record)
    plan = make_plan(**after("job-1", f"plan:{ran.plan_id}", "plan:later"))
    assert beyond_plan(plan, ["job-1", "job-2", "job-3", "job-2"]) == ("job-2", "job-3")
    assert meant_parents(plan, {ran.plan_id: "job-2"}) == ("job-2", "plan:later")
    assert known_parents(store, plan) == (record.id, "plan:later")


@pytest.mark.parametrize(
    ("approved", "now", "said"),
    [
        (["a", "b"], ["b", "a"], ""),
        (["plan:a"], ["b"], ""),
        (["a"], ["b"], "a, now b"),
        (["a"], [], "a, now none"),
        ([], ["b"], "none, now b"),
        ([], [], ""),
        (["a", "plan:b"], ["a", "b"], "a, plan:b, now a, b"),
    ],
)
def test_other_parents_than_those_approved_are_said(approved: list[str], now: list[str], said: str) -> None:
    assert other_parents(approved, now) == said
