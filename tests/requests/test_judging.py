"""What each verdict on a request is for, and laws that hold for every set of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from benchmarks.requests.answers import CRASHED, Answer, Asked, Planned
from benchmarks.requests.cases import DEFAULTS, Case
from benchmarks.requests.judging import Kind, Verdict, judge, speaks_of
from benchmarks.requests.score import Score
from hypothesis import given, settings
from hypothesis import strategies as st

from skillbank.errors import UsageError

TEXT = "train Grounding DINO on s3://b/t, only the night pictures, for 5 epochs"
NIGHT = "only the night pictures"
WORDS = Asked("words", f"I did not understand '{NIGHT}'", of_reading=True)
NEEDED = Asked("data.eval", "evaluate reads annotations.json from eval_dataset; give --data eval=LOCATION")
TRAIN: dict[str, Any] = {
    "action": "train",
    "data": {"train_datasets": ["s3://b/t"]},
    "set": {"train.num_epochs": 5},
}


def case(**document: Any) -> Case:
    return Case.parse({"id": "x", "text": TEXT, **document})


def planned(*asked: Asked, runs: bool | None = None, **slots: Any) -> Planned:
    """A plan that came out: the training of `TRAIN`, but for some slots."""
    full = {**DEFAULTS, **TRAIN, **slots, "questions": [a.key for a in asked]}
    return Planned(full, asked, not asked if runs is None else runs)


def verdict(expected: Case, *plans: Planned, notes: Sequence[str] = ()) -> Verdict:
    return judge(expected, Answer(tuple(plans), notes=tuple(notes)))


WANTED = case(plans=[TRAIN])


def test_the_expected_plan_is_exact() -> None:
    found = verdict(WANTED, planned())
    assert (found.kind, found.right, found.needless, found.silent) == (Kind.EXACT, True, False, False)


def test_a_refusal_is_exact_where_it_is_wanted_whatever_its_reason() -> None:
    found = judge(case(refuse="conflict"), Answer(refused="no_skill"))
    assert found.kind is Kind.EXACT and found.reason_right is False
    assert judge(case(refuse=["conflict", "no_skill"]), Answer(refused="no_skill")).reason_right


def test_a_question_of_the_reading_stands_for_a_refusal_and_one_of_the_skill_does_not() -> None:
    assert verdict(case(refuse="conflict"), planned(WORDS)).kind is Kind.ASKED
    assert verdict(case(refuse="conflict"), planned(NEEDED)).kind is Kind.WRONG_ASKS
    assert verdict(case(refuse="conflict"), planned()).kind is Kind.RUNNABLE


def test_what_is_asked_about_is_asked_rightly_and_every_part_counts() -> None:
    found = verdict(case(ask=[NIGHT, "5 epochs"]), planned(WORDS))
    assert found.kind is Kind.ASKED and found.unnamed == ("5 epochs",)
    refused = judge(case(ask=[NIGHT]), Answer(refused="conflict", message=f"'{NIGHT}' has no meaning here."))
    assert refused.kind is Kind.ASKED and not refused.unnamed


def test_a_question_about_something_else_does_not_ask() -> None:
    found = verdict(case(ask=[NIGHT]), planned(NEEDED))
    assert found.kind is Kind.WRONG_ASKS and found.unnamed == (NIGHT,)
    named = Asked("data.train", "which of 'the night pictures' and s3://b/t is meant?")
    assert verdict(case(ask=[NIGHT]), planned(named)).kind is Kind.ASKED


@pytest.mark.parametrize("key", ["ask", "not_understood"])
def test_dropping_what_has_to_be_asked_about_is_wrong_with_a_note_too(key: str) -> None:
    wanted = case(plans=[TRAIN], **{key: [NIGHT]})
    noted = verdict(wanted, planned(), notes=[f"left out: '{NIGHT}'"])
    assert noted.kind is Kind.RUNNABLE and not noted.silent
    assert verdict(wanted, planned(), notes=["no eval data: there will be no validation metric"]).silent
    asked = verdict(wanted, planned(WORDS))
    assert asked.kind is Kind.ASKED and not asked.needless


def test_of_plans_beside_a_question_those_that_run_have_to_be_right() -> None:
    export = {"action": "export", "parent": "j"}
    wanted = case(plans=[TRAIN, export], ask=[NIGHT])
    other: dict[str, Any] = {"action": "export", "data": {}, "set": {}}
    assert verdict(wanted, planned(WORDS), planned(**other, parent="j")).kind is Kind.ASKED
    assert verdict(wanted, planned(WORDS), planned(**other, parent="k")).kind is Kind.RUNNABLE
    assert verdict(wanted, planned(WORDS), planned(**other, parent="k", runs=False)).kind is Kind.ASKED


def test_a_question_nobody_needs() -> None:
    for found in (verdict(WANTED, planned(WORDS)), verdict(WANTED, planned(WORDS, set={}))):
        assert found.kind is Kind.NEEDLESS and found.needless and not found.right
    refused = judge(WANTED, Answer(refused="no_action"))
    assert refused.kind is Kind.NEEDLESS and refused.needless
    may = case(plans=[TRAIN], may_ask=True)
    found = verdict(may, planned(WORDS, set={}))
    assert found.kind is Kind.ASKED and not found.needless
    assert verdict(may, planned()).kind is Kind.EXACT
    assert verdict(may, planned(set={})).kind is Kind.RUNNABLE


def test_a_question_that_the_skill_needs_is_expected() -> None:
    wanted = case(plans=[{**TRAIN, "questions": ["data.eval", "parent?"]}])
    assert verdict(wanted, planned(NEEDED)).kind is Kind.EXACT
    assert verdict(wanted, planned()).kind is Kind.RUNNABLE
    stopped = verdict(wanted, planned(NEEDED, set={}))
    assert stopped.kind is Kind.WRONG_ASKS and not stopped.needless
    assert (
        verdict(wanted, planned(NEEDED, Asked("pretrained"))).kind is Kind.EXACT
    )  # of the machine, not the words


def test_a_wrong_value_behind_a_needless_question_is_both() -> None:
    found = verdict(WANTED, planned(WORDS, set={"train.num_epochs": 6}))
    assert found.kind is Kind.WRONG_ASKS and found.needless


@pytest.mark.parametrize(
    ("slots", "telling"),
    [
        ({"set": {}}, "the default number of epochs, 10"),
        ({"set": {"train.num_epochs": 5, "train.precision": "fp16"}}, "runs in fp16"),
        ({"data": {"train_datasets": ["s3://b/u"]}}, "data is read from s3://b/u"),
        ({"data": {"train_datasets": ["s3://b/t"], "eval_dataset": ["s3://b/v"]}}, "eval data is left out"),
        ({"policy": "on"}, "automl costs a multiple"),
        ({"gpus": 2}, "2 gpus are asked for"),
        ({"platform": "slurm"}, "slurm needs an account"),
        ({"action": "evaluate"}, "it can only evaluate"),
        ({"skill": "tao-train-dino"}, "read as tao-train-dino"),
        ({"parent": "job-1"}, "starts from job-1"),
        ({"pretrained": "/w.pth"}, "starts from /w.pth"),
        ({"results_root": "/results"}, "written below /results"),
        ({"image": "other:1"}, "the image is not the skill's"),
        ({"captions": ["cat"]}, "looks for 'cat'"),
        ({"nodes": 2}, "nodes need a network"),
        ({"variant": "deploy"}, "the variant is deploy"),
        ({"route": "automl"}, "the route is automl"),
    ],
)  # fmt: skip
def test_any_slot_that_differs_runs_something_else(slots: dict[str, Any], telling: str) -> None:
    found = verdict(WANTED, planned(**slots), notes=["the weather is fine: --help shows more, for data too"])
    assert found.kind is Kind.RUNNABLE and found.silent
    assert [d.slot for d in found.differences] == list(slots)
    assert not verdict(WANTED, planned(**slots), notes=[telling]).silent


def test_a_plan_too_many_or_too_few_runs_something_else() -> None:
    assert verdict(WANTED, planned(), planned()).kind is Kind.RUNNABLE
    assert verdict(case(plans=[TRAIN, TRAIN]), planned()).kind is Kind.RUNNABLE
    assert verdict(WANTED).kind is Kind.WRONG_ASKS
    assert verdict(WANTED, planned(), planned(WORDS)).kind is Kind.WRONG_ASKS


def test_a_crash_is_never_right() -> None:
    for wanted in (WANTED, case(refuse="conflict"), case(ask=[NIGHT])):
        found = judge(wanted, Answer(refused=CRASHED, message="KeyError: 'x'"))
        assert found.kind is Kind.CRASHED and not found.right


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (f"I did not understand '{NIGHT}'; leave it out?", True),
        ("I did not understand 'night pictures'", True),
        ("I did not understand 's3://b/t, only the night pictures'", True),
        ("I did not understand 'only'", False),
        ("I did not understand 'for 5 epochs'", False),
        ("which pictures of the night are meant?", False),
        (f"'{TEXT}' asks for no run", False),
        (f"'{TEXT[:68]}' asks for no run", False),
        (f"'{TEXT}' has '{NIGHT}'", True),
    ],
)
def test_a_question_speaks_of_what_it_quotes(said: str, named: bool) -> None:
    assert speaks_of(said, NIGHT, TEXT) is named


def exact(expected: dict[str, Any], got: dict[str, Any], **plan: Any) -> bool:
    wanted = case(plans=[{"action": "train", **expected}])
    slots = {**DEFAULTS, "action": "train", **got}
    asked = tuple(Asked(key) for key in slots["questions"])
    return judge(wanted, Answer((Planned(slots, asked, not asked, **plan),))).kind is Kind.EXACT


READS: dict[str, Any] = {"reads": frozenset({"train_datasets"})}
SHORT: dict[str, Any] = {"shorthands": {"num_epochs": "train.num_epochs", "num_gpus": "train.num_gpus"},
                         "counts": {"train.num_gpus": "gpus"}}  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "got", "plan"),
    [
        ({"set": {"train.optim.lr": 1e-4}}, {"set": {"train.optim.lr": 0.0001}}, {}),
        ({"set": {"train.num_epochs": 20}}, {"set": {"train.num_epochs": 20.0}}, {}),
        ({"set": {"num_epochs": 20}}, {"set": {"train.num_epochs": 20}}, SHORT),
        ({"set": {"num_gpus": 2}}, {"gpus": 2}, SHORT),
        ({"set": {"train": {"optim": {"lr": 1}}}}, {"set": {"train.optim.lr": 1}}, {}),
        ({"set": {"automl.max_trials": 8}}, {"set": {"automl.max_recommendations": 8}}, {}),
        ({"set": {"automl.time_budget": "2h"}}, {"set": {"automl.time_budget": 7200.0}}, {}),
        ({"set": {"a?": 1}}, {}, {}),
        ({"set": {"a?": 1}}, {"set": {"a": 1}}, {}),
        ({"policy": ["auto", "on"]}, {"policy": "on"}, {}),
        ({"policy": False}, {"policy": "off"}, {}),
        ({"platform?": "docker"}, {}, {}),
        ({"data": {"train_datasets": ["s3://b/t/"]}}, {"data": {"train_datasets": ["s3://b/t"]}}, {}),
        ({"data": {"eval_dataset?": ["s3://b/v"]}}, {}, {}),
        ({"data": {"eval_dataset": ["s3://b/v"]}}, {}, READS),
        ({"captions": ["red door"]}, {"captions": ["A Red Door."]}, {}),
        ({"questions": ["data.eval?"]}, {}, {}),
        ({"questions": ["parent", "data.eval?"]}, {"questions": ["data.eval", "parent"]}, {}),
        ({"pretrained": "./x.pth"}, {"pretrained": "x.pth"}, {}),
    ],
)
def test_two_ways_to_say_the_same(
    expected: dict[str, Any], got: dict[str, Any], plan: dict[str, Any]
) -> None:
    assert exact(expected, got, **plan)


@pytest.mark.parametrize(
    ("expected", "got", "plan"),
    [
        ({"set": {"a?": 1}}, {"set": {"a": 2}}, {}),
        ({"set": {"a": 1}}, {}, {}),
        ({}, {"set": {"a": 1}}, {}),
        ({"set": {"a": True}}, {"set": {"a": 1}}, {}),
        ({"set": {"num_gpus": 2}}, {"gpus": 3}, SHORT),
        ({"set": {"num_gpus": 2}}, {}, SHORT),
        ({}, {"set": {"automl.patience": 3}}, {}),
        ({"set": {"automl.time_budget": "2h"}}, {"set": {"automl.time_budget": "2m"}}, {}),
        ({"policy": ["auto", "on"]}, {"policy": "off"}, {}),
        ({"platform?": "docker"}, {"platform": "slurm"}, {}),
        ({"data": {"eval_dataset": ["/1", "/2"]}}, {"data": {"eval_dataset": ["/2", "/1"]}}, {}),
        ({"data": {}}, {"data": {"eval_dataset": ["s3://b/v"]}}, READS),
        ({"captions": ["red door"]}, {"captions": ["red doors"]}, {}),
        ({"questions": ["parent"]}, {}, {}),
        ({}, {"questions": ["parent"]}, {}),
        ({}, {"questions": ["words"]}, {}),
        ({}, {"image": "other:1"}, {}),
        ({"gpus": 2}, {}, {}),
    ],
)  # fmt: skip
def test_what_differs(expected: dict[str, Any], got: dict[str, Any], plan: dict[str, Any]) -> None:
    assert not exact(expected, got, **plan)


def test_a_parent_is_the_job_that_is_meant_for_the_skill() -> None:
    jobs = {"last": "job-2", "job-2": "job-2", "2": "job-2", "job-1": "job-1"}
    wanted = case(plans=[{"action": "train", "parent": "last"}])
    for said, right in (("2", True), ("job-1", False), ("nobody", False)):
        slots = {**DEFAULTS, "action": "train", "parent": said}
        mine = Answer((Planned(slots),))
        assert (judge(wanted, mine, lambda job, _: jobs.get(job)).kind is Kind.EXACT) is right
        others = judge(wanted, mine, lambda job, skill: jobs.get(job) if skill == "other" else None)
        assert others.kind is Kind.RUNNABLE


@pytest.mark.parametrize(
    "document",
    [
        {"id": "x"},
        {"id": "x", "text": "t"},
        {"id": "x", "text": "t", "plans": [], "refuse": "conflict"},
        {"id": "x", "text": "t", "refuse": "because"},
        {"id": "x", "text": "t", "ask": ["nothing of it"]},
        {"id": "x", "text": "t", "plans": [], "mayask": True},
        {"id": "x", "text": "t", "plans": [{"action": "train", "colour": "red"}]},
    ],
)
def test_a_case_that_says_nothing_clear_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"[Cc]ase"):
        Case.parse(document)


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
cases = (
    st.builds(
        lambda name, chain: Case(name, "text", tuple(chain)), words, st.lists(plans, min_size=1, max_size=3)
    )
    | st.builds(lambda name: Case(name, "text", refuse=("conflict",)), words)
    | st.builds(lambda name: Case(name, "some text", ask=("text",)), words)
)


def perfect(wanted: Case) -> Answer:
    """Answer exactly as expected."""
    if wanted.plans is None:
        return Answer(refused="conflict", message="'text' has no meaning here")
    asked = [tuple(map(Asked, plan.get("questions", ()))) for plan in wanted.plans]
    pairs = zip(wanted.plans, asked, strict=True)
    return Answer(tuple(Planned({**DEFAULTS, **plan}, each, not each) for plan, each in pairs))


@settings(max_examples=40, deadline=None)
@given(st.lists(cases, max_size=6))
def test_perfect_answers_score_one(chosen: list[Case]) -> None:
    found = [judge(each, perfect(each)) for each in chosen]
    document = Score.of(found).document()
    assert all(v.right for v in found)
    assert document["exact_or_rightly_asked"] in (None, 1.0)
    assert {*document["slots"].values()} <= {None, 1.0}
    assert document["parts_named"] in (None, 1.0)
    lists = ("wrong_but_runnable", "silent", "wrong_and_asks", "asked_needlessly", "crashed")
    assert not any(document[name] for name in lists)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(cases, cases), max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_cases_is_irrelevant(pairs: list[tuple[Case, Case]], chance: random.Random) -> None:
    found = [judge(one, perfect(other)) for one, other in pairs]
    shuffled = list(found)
    chance.shuffle(shuffled)
    one, two = Score.of(found).document(), Score.of(shuffled).document()
    for document in (one, two):
        document["reading_ms"].pop("slowest")  # all are as fast here
    assert one == two


@settings(max_examples=60, deadline=None)
@given(cases, cases)
def test_what_runs_is_right_or_counted_as_wrong(wanted: Case, other: Case) -> None:
    answer = perfect(other)
    found = judge(wanted, answer)
    if any(plan.runs for plan in answer.plans):
        assert found.kind in (Kind.EXACT, Kind.RUNNABLE, Kind.WRONG_ASKS, Kind.NEEDLESS)
        if wanted.plans is None or any(p.runs for p in answer.plans[len(wanted.plans) :]):
            assert found.kind is Kind.RUNNABLE
    else:
        assert found.kind is not Kind.RUNNABLE


@settings(max_examples=40, deadline=None)
@given(plans, st.data())
def test_one_wrong_slot_costs_only_that_slot(plan: dict[str, Any], data: Any) -> None:
    slot = data.draw(st.sampled_from(["skill", "platform", "gpus", "parent", "results_root", "image"]))
    got = perfect(Case("x", "text", (plan,))).plans[0]
    wrong = Planned({**got.slots, slot: 99 if slot == "gpus" else "something else"}, got.asked, got.runs)
    found = judge(Case("x", "text", (plan,)), Answer((wrong,)))
    assert found.kind is (Kind.RUNNABLE if got.runs else Kind.WRONG_ASKS)
    assert [d.slot for d in found.differences] == [slot]
    assert found.slots[slot] == (0, 1)
    assert all(right == of for s, (right, of) in found.slots.items() if s != slot)
