"""Several actions in one request: plans that are linked before anything has run."""

from __future__ import annotations

from skillbank.cli.options import build_requests
from skillbank.plan.model import Plan
from skillbank.plan.request import Request, concerns, parse_settings
from skillbank.runtime import Runtime

SKILL = "tao-train-grounding-dino"


def chain(runtime: Runtime, *actions: str, settings: tuple[str, ...] = ()) -> list[Plan]:
    data = ["train=s3://b/t", "eval=s3://b/e"]
    requests, _ = build_requests(
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


def test_settings_go_to_the_action_that_they_name() -> None:
    known = {"train", "evaluate", "export"}
    assert concerns("train.optim.lr", "train", 2, known)
    assert not concerns("train.optim.lr", "evaluate", 2, known)
    assert concerns("model.num_queries", "evaluate", 2, known)
    assert concerns("num_epochs", "train", 2, known)
    assert not concerns("num_epochs", "export", 2, known)
    assert concerns("export.opset_version", "train", 1, known)


def test_the_same_chain_in_words_and_in_options(runtime: Runtime) -> None:
    said = runtime.plan("train Grounding DINO on s3://b/t, validate on s3://b/e, no HPO, then export")
    typed = runtime.plan(
        [
            Request.model_validate(r.model_dump() | {"automl_source": "the words 'no HPO'"})
            for r in build_requests(
                runtime, None, SKILL, ["train", "export"], data=["train=s3://b/t", "eval=s3://b/e"],
                settings=[], automl="off",
            )[0]
        ]
    )  # fmt: skip
    assert [p.plan_id for p in said] == [p.plan_id for p in typed]


def test_explicit_options_win_over_words(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/t for 5 epochs"
    [request], _ = build_requests(
        runtime, text, None, None, data=["train=s3://other"], settings=["num_epochs=7"], automl="off"
    )
    assert [d.uri for d in request.data] == ["s3://other"]
    assert request.settings == parse_settings(["num_epochs=7"])
    assert (request.automl, request.automl_source) == ("off", "--automl")
