"""Several actions in one request: plans that are linked before anything has run."""

from __future__ import annotations

import pytest

from skillbank.plan.model import Plan
from skillbank.plan.option_steps import step_of
from skillbank.plan.request import Request, parse_settings
from skillbank.runtime import Runtime
from tests.plan.conftest import MakeSkill, composed

SKILL = "tao-train-grounding-dino"


def chain(runtime: Runtime, *actions: str, settings: tuple[str, ...] = ()) -> list[Plan]:
    data = ["train=s3://b/t", "eval=s3://b/e"]
    requests, _ = composed(
        runtime, None, SKILL, list(actions), data=data, settings=list(settings), automl="off"
    )
    return runtime.plan(requests)


def test_later_actions_take_the_earlier_as_parent(runtime: Runtime) -> None:
    train, evaluate, export = chain(runtime, "train", "evaluate", "export")
    assert train.parents == ()
    for child in (evaluate, export):
        [parent] = child.parents
        assert (parent.plan, parent.job, parent.action) == (train.plan_id, None, "train")
        assert not child.questions
    assert evaluate.spec["evaluate"]["checkpoint"] == "{parent_model}"
    assert export.spec["export"]["checkpoint"] == "{parent_model}"


def test_an_engine_is_built_from_the_export_and_evaluated(runtime: Runtime) -> None:
    train, export, build, evaluate = chain(runtime, "train", "export", "gen_trt_engine", "evaluate")
    assert build.parents[0].plan == export.plan_id
    assert export.parents[0].plan == train.plan_id
    assert (evaluate.variant, evaluate.parents[0].plan) == ("deploy", build.plan_id)
    assert evaluate.spec["evaluate"]["trt_engine"] == "{parent_model}"


def test_the_shape_of_the_model_goes_down_the_chain(runtime: Runtime) -> None:
    plans = chain(
        runtime, "train", "export", "gen_trt_engine", settings=("model.num_queries=300", "num_epochs=3")
    )
    assert [p.spec["model"]["num_queries"] for p in plans] == [300, 300, 300]
    assert plans[0].spec["train"]["num_epochs"] == 3


@pytest.mark.parametrize(
    ("key", "action", "meant"),
    [
        ("train.optim.lr", "train", True),
        ("train.optim.lr", "evaluate", False),
        ("model.num_queries", "evaluate", True),
        ("num_epochs", "train", True),
        ("num_epochs", "export", False),
        ("learning_rate", "evaluate", False),
        ("batch_size", "evaluate", True),
        ("automl.parallel", "train", True),
        ("automl.parallel", "evaluate", False),
    ],
)
def test_settings_go_to_actions_that_they_mean(runtime: Runtime, key: str, action: str, meant: bool) -> None:
    step = step_of(runtime.library.get(SKILL), Request(skill=SKILL, action=action), 0, 2)
    assert step.concerns(key) is meant


def test_what_learns_reads_the_section_of_training(runtime: Runtime, make_skill: MakeSkill) -> None:
    template = {"train": {"num_epochs": 1}}
    actions = {name: {"command": f"toy {name}"} for name in ("train", "distill", "prune")}
    skill = make_skill(
        info={"actions": actions, "spec_shorthand_keys": {"num_epochs": "train.num_epochs"}},
        templates=dict.fromkeys(actions, template),
    )
    steps = [step_of(skill, Request(skill="toy", action=name), 0, 3) for name in actions]
    assert [step.concerns("num_epochs") for step in steps] == [True, True, False]


def test_the_same_chain_in_words_and_in_options(runtime: Runtime) -> None:
    said = runtime.plan("train Grounding DINO on s3://b/t, validate on s3://b/e, no HPO, then export")
    typed = runtime.plan(
        composed(
            runtime, None, SKILL, ["train", "export"], data=["train=s3://b/t", "eval=s3://b/e"],
            settings=[], automl="off",
        )[0]
    )  # fmt: skip
    assert [p.plan_id for p in said] == [p.plan_id for p in typed]


def test_explicit_options_win_over_words(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/t for 5 epochs"
    [request], _ = composed(
        runtime, text, None, None, data=["train=s3://other"], settings=["num_epochs=7"], automl="off"
    )
    assert [d.uri for d in request.data] == ["s3://other"]
    assert request.settings == parse_settings(["num_epochs=7"])
    assert (request.automl, request.automl_source) == ("off", "--automl")
