"""Scoring of requests: laws that hold for every set of cases, and the words of a case one by one."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.errors import UsageError
from skillbank.plan.evaluation import DEFAULTS, Answer, Case, judge, score

pytestmark = pytest.mark.slow

words = st.text("abcdefgh", min_size=1, max_size=6)
numbers = st.integers(1, 10**6) | st.floats(1e-6, 1e3, allow_nan=False)
uris = words.map(lambda w: f"s3://bucket/{w}")
plans = st.fixed_dictionaries(
    {"action": st.sampled_from(["train", "evaluate", "export", "inference"])},
    optional={
        "skill": words,
        "variant": words,
        "policy": st.sampled_from(["auto", "on", "off"]),
        "route": st.sampled_from(["direct", "automl"]),
        "set": st.dictionaries(words.map(lambda w: f"train.{w}"), numbers | words, max_size=3),
        "gpus": st.integers(1, 8),
        "captions": st.lists(words.map(lambda w: f"red {w}"), min_size=1, max_size=3),
        "platform": words,
        "data": st.dictionaries(st.sampled_from(["train_datasets", "eval_dataset"]),
                                st.lists(uris, min_size=1, max_size=2), max_size=2),
        "parent": words,
        "results_root": uris,
        "questions": st.lists(words, max_size=2, unique=True),
    },
)  # fmt: skip
cases = st.builds(
    lambda name, chain: Case(name, "text", tuple(chain)), words, st.lists(plans, min_size=1, max_size=3)
) | st.builds(lambda name: Case(name, "text", None, ("conflict",)), words)


def perfect(case: Case) -> Answer:
    """Answer exactly as expected."""
    if case.plans is None:
        return Answer(refused=case.refuse[0])
    return Answer(tuple({**DEFAULTS, **plan} for plan in case.plans))


@settings(max_examples=50)
@given(st.lists(cases, max_size=8))
def test_perfect_answers_score_one(chosen: list[Case]) -> None:
    total = score(judge(case, perfect(case)) for case in chosen)
    document = total.document()
    assert document["accuracy"] == 1.0
    assert set(document["slots"].values()) == {1.0}
    assert document["abstention"] == {"precision": 1.0, "recall": 1.0, "reasons": 1.0}
    assert document["false_launches"] == document["failures"] == []


@settings(max_examples=30)
@given(st.lists(st.tuples(cases, cases), max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_cases_is_irrelevant(pairs: list[tuple[Case, Case]], chance: random.Random) -> None:
    verdicts = [judge(case, perfect(other)) for case, other in pairs]
    shuffled = list(verdicts)
    chance.shuffle(shuffled)
    one, two = score(verdicts).document(), score(shuffled).document()
    one["failures"].sort(key=str)
    two["failures"].sort(key=str)
    assert one == two


@given(plans, st.data())
def test_one_wrong_slot_is_no_exact_plan_and_costs_only_that_slot(plan: dict[str, Any], data: Any) -> None:
    case = Case("x", "text", (plan,))
    slot = data.draw(st.sampled_from(["skill", "platform", "gpus", "parent", "results_root", "variant"]))
    wrong = {**DEFAULTS, **plan, slot: 99 if slot == "gpus" else "something else"}
    verdict = judge(case, Answer((wrong,)))
    assert not verdict.exact
    assert [d.slot for d in verdict.differences] == [slot]
    assert verdict.slots[slot] == (0, 1)
    assert all(right == of for s, (right, of) in verdict.slots.items() if s != slot)


@given(cases, plans)
def test_what_was_not_asked_for_is_a_false_launch(case: Case, extra: dict[str, Any]) -> None:
    extra = {**DEFAULTS, **extra, "skill": "never-expected", "questions": []}
    answer = perfect(case)
    launched = judge(case, Answer((*answer.plans, extra)))
    assert launched.false_launches == (f"{extra['action']} of never-expected",)
    assert not launched.exact
    asked = judge(case, Answer((*answer.plans, {**extra, "questions": ["data.train"]})))
    assert not asked.false_launches


def exact(expected: dict[str, Any], got: dict[str, Any], **answer: Any) -> bool:
    case = Case.parse({"id": "x", "text": "t", "plans": [{"action": "train", **expected}]})
    slots = {**DEFAULTS, "skill": DEFAULTS["skill"], "action": "train", **got}
    return judge(case, Answer((slots,), **answer)).exact


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"set": {"train.optim.lr": 1e-4}}, {"set": {"train.optim.lr": 0.0001}}),
        ({"set": {"train.num_epochs": 20}}, {"set": {"train.num_epochs": 20.0}}),
        ({"set": {"a?": 1}}, {}),
        ({"set": {"a?": 1}}, {"set": {"a": 1}}),
        ({"policy": ["auto", "on"]}, {"policy": "on"}),
        ({"policy": False}, {"policy": "off"}),
        ({"platform?": "docker"}, {}),
        ({"data": {"train_datasets": ["s3://b/t/"]}}, {"data": {"train_datasets": ["s3://b/t"]}}),
        ({"data": {"eval_dataset?": ["s3://b/v"]}}, {}),
        ({"data": {}}, {"data": {"eval_dataset": ["s3://b/v"]}, "reads": {"train_datasets"}}),
        ({"captions": ["red door"]}, {"captions": ["A Red Door."]}),
        ({"questions": ["data.eval?"]}, {}),
        ({"questions": ["parent", "data.eval?"]}, {"questions": ["data.eval", "parent"]}),
        ({"pretrained": "./x.pth"}, {"pretrained": "x.pth"}),
    ],
)
def test_two_ways_to_say_the_same(expected: dict[str, Any], got: dict[str, Any]) -> None:
    assert exact(expected, got)


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"set": {"a?": 1}}, {"set": {"a": 2}}),
        ({"set": {"a": 1}}, {}),
        ({}, {"set": {"a": 1}}),
        ({"set": {"a": True}}, {"set": {"a": 1}}),
        ({"policy": ["auto", "on"]}, {"policy": "off"}),
        ({"platform?": "docker"}, {"platform": "slurm"}),
        ({"data": {"train_datasets": ["s3://b/1", "s3://b/2"]}}, {"data": {"train_datasets": ["s3://b/2", "s3://b/1"]}}),
        ({"captions": ["red door"]}, {"captions": ["red doors"]}),
        ({"questions": ["parent"]}, {}),
        ({}, {"questions": ["parent"]}),
        ({"gpus": 2}, {}),
    ],
)  # fmt: skip
def test_what_differs(expected: dict[str, Any], got: dict[str, Any]) -> None:
    assert not exact(expected, got)


def test_a_parent_is_the_job_that_is_meant() -> None:
    jobs = {"last": "job-2", "job-2": "job-2", "2": "job-2", "job-1": "job-1"}
    case = Case.parse({"id": "x", "text": "t", "plans": [{"action": "train", "parent": "last"}]})
    for said, right in (("2", True), ("job-1", False), ("nobody", False)):
        slots = {**DEFAULTS, "action": "train", "parent": said}
        assert judge(case, Answer((slots,)), jobs.get).exact is right


def test_parts_not_understood_have_to_be_reported() -> None:
    document = {"id": "x", "text": "t", "plans": [{"action": "train"}], "not_understood": ["Email"]}
    case, plan = Case.parse(document), {**DEFAULTS, "action": "train"}
    assert judge(case, Answer((plan,), not_understood=("please email me",))).exact
    assert not judge(case, Answer((plan,), not_understood=("please",))).exact


def test_refusals_are_counted_by_themselves() -> None:
    refuse = Case("a", "t", None, ("conflict", "no_skill"))
    plan = Case("b", "t", ({"action": "train"},))
    total = score(
        [
            judge(refuse, Answer(refused="no_action")),
            judge(plan, Answer(refused="no_skill")),
            judge(refuse, perfect(plan)),
            judge(plan, perfect(plan)),
        ]
    ).document()
    assert total["exact"] == 2
    assert total["abstention"] == {"precision": 0.5, "recall": 0.5, "reasons": 0.0}
    assert total["false_launches"] == ["a: train of tao-train-grounding-dino"]


@pytest.mark.parametrize(
    "document",
    [
        {"id": "x"},
        {"id": "x", "text": "t"},
        {"id": "x", "text": "t", "plans": [], "refuse": "conflict"},
        {"id": "x", "text": "t", "refuse": "because"},
        {"id": "x", "text": "t", "plans": [{"action": "train", "colour": "red"}]},
    ],
)
def test_a_case_that_says_nothing_clear_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"[Cc]ase"):
        Case.parse(document)
