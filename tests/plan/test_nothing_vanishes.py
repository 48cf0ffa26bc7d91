"""What is said and has no place becomes a question, a refusal or at least a word; it never just vanishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import UsageError
from skillbank.jobs.record import RetryPolicy
from skillbank.plan.model import Plan
from skillbank.runtime import Runtime
from tests.plan.conftest import composed

SKILL = "tao-train-grounding-dino"
TEXT = "train Grounding DINO on s3://b/t, 10 epochs, no HPO"


def plans(runtime: Runtime, *actions: str, text: str | None = None, **options: Any) -> list[Plan]:
    skill, named = (None, None) if text else (SKILL, list(actions))
    requests, _ = composed(runtime, text, skill, named, **{"automl": "off", **options})
    return runtime.plan(requests)


def notes(runtime: Runtime, text: str, **options: Any) -> list[str]:
    return composed(runtime, text, **options)[1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"settings": ["num_epochs=5"]}, "--set num_epochs"),
        ({"settings": ["train.num_epochs=5"]}, "--set train.num_epochs"),
        ({"data": ["train=s3://b/t", "eval=s3://b/e"]}, "--data train=s3://b/t"),
        (
            {"data": ["inference=s3://b/i"], "settings": ["num_epochs=5"]},
            "--set num_epochs, --data inference",
        ),
    ],
)
def test_what_concerns_no_step_of_a_chain_is_refused(
    runtime: Runtime, options: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=f"{named}.*no effect on evaluate, export"):
        plans(runtime, "evaluate", "export", **options)


def test_each_step_of_a_chain_gets_what_it_reads(runtime: Runtime) -> None:
    data = ["train=s3://b/t", "eval=s3://b/e", "inference=s3://b/i"]
    train, evaluate, inference = plans(
        runtime, "train", "evaluate", "inference", data=data, settings=["num_epochs=5"]
    )
    assert train.spec["train"]["num_epochs"] == 5
    assert not [q for p in (train, evaluate) for q in p.questions if q.key.startswith("data")]
    assert {i.source for i in train.inputs if i.source} == {"train_datasets", "eval_dataset"}
    assert {i.source for i in evaluate.inputs if i.source} == {"eval_dataset"}
    assert {i.source for i in inference.inputs if i.source} == {"inference_dataset"}


def test_data_of_another_role_is_a_question(runtime: Runtime) -> None:
    [plan] = plans(runtime, "evaluate", data=["train=s3://b/t", "eval=s3://b/e"], parent=None)
    asked = {q.key: q for q in plan.questions}
    assert "s3://b/t, given as train, would not be used" in asked["data.train"].why
    assert asked["data.train"].choices == ("--data eval=s3://b/t",)


def test_an_image_where_nothing_runs_in_one_is_a_question(runtime: Runtime) -> None:
    [plan] = plans(runtime, "train", data=["train=s3://b/t"], image="reg/mine:1")
    assert "image" in [q.key for q in plan.questions]
    [plan] = plans(runtime, "train", data=["train=s3://b/t"], image="reg/mine:1", platform="docker")
    assert "image" not in [q.key for q in plan.questions]


def test_settings_of_a_search_that_there_is_not_are_a_question(runtime: Runtime) -> None:
    settings = ["automl.max_recommendations=3", "automl.algorithm=random"]
    [plan] = plans(runtime, "train", data=["train=s3://b/t"], settings=settings)
    [question] = [q for q in plan.questions if q.key == "automl"]
    assert "automl.max_recommendations, automl.algorithm would have no effect" in question.why


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"settings": ["num_epochs=20"]}, "--set num_epochs=20 counts, not the 10 of the words"),
        ({"data": ["train=s3://b/other"]}, "--data train counts, not the s3://b/t of the words"),
        ({"automl": "on"}, "--automl on counts, not the off of the words"),
        ({"text": f"{TEXT}, 2 GPUs", "gpus": 4}, "--gpus 4 counts, not the 2 of the words"),
        (
            {"text": f"{TEXT} in docker", "platform": "slurm"},
            "--platform slurm counts, not the docker of the words",
        ),
    ],
)
def test_an_option_that_takes_the_place_of_words_says_so(
    runtime: Runtime, options: dict[str, Any], said: str
) -> None:
    assert said in notes(runtime, **{"text": TEXT, **options})


def test_an_option_that_says_the_same_is_not_mentioned(runtime: Runtime) -> None:
    said = notes(runtime, TEXT, settings=["num_epochs=10"], data=["train=s3://b/t"], automl="off")
    assert not [note for note in said if "counts" in note]


def test_results_go_where_the_request_was_made(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [plan] = plans(runtime, "train", data=["train=d"], results_root="out")
    assert plan.results_root == str(tmp_path / "out")
    assert {i.uri for i in plan.inputs if i.source} >= {f"{tmp_path}/d/annotations_odvg.jsonl"}


@pytest.mark.parametrize("name", ["parent", "pretrained", "platform", "image", "results_root"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_option_without_a_value_is_refused(runtime: Runtime, name: str, value: str) -> None:
    option = "--" + name.replace("_", "-")
    with pytest.raises(UsageError, match=f"{option} is empty; give it a value or leave it out"):
        plans(runtime, "train", data=["train=s3://b/t"], **{name: value})


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("3 trials", {"max_recommendations": 3}),
        ("with HPO, at most 4 trials and 2 at a time", {"max_recommendations": 4, "parallel": 2}),
        ("with 20 HPO trials", {"max_recommendations": 20}),
        ("with HPO, 8 trials, 2 of them in parallel", {"max_recommendations": 8, "parallel": 2}),
    ],
)
def test_the_size_of_a_search_can_be_said(runtime: Runtime, words: str, size: dict[str, int]) -> None:
    text = f"train Grounding DINO on s3://b/t, validate on s3://b/v, {words}"
    requests, said = composed(runtime, text)
    [plan] = runtime.plan(requests)
    assert not said
    assert plan.automl is not None
    assert {k: plan.automl[k] for k in ("max_recommendations", "parallel") if k in plan.automl} == size


def test_the_size_of_a_search_without_one_is_a_question(runtime: Runtime) -> None:
    for options in (
        {"text": f"{TEXT}, 3 trials"},
        {"text": "train Grounding DINO on s3://b/t with 3 trials"},
    ):
        [plan] = plans(runtime, **options)
        why = plan.questions[0].why
        assert "automl.max_recommendations would have no effect" in why or "place for '3 trials'" in why


def test_actions_of_options_count_with_a_word() -> None:
    with Runtime() as runtime:
        requests, said = composed(runtime, TEXT, None, ["evaluate"])
    assert [r.action for r in requests] == ["evaluate"]
    assert "--action evaluate counts, not the train of the words" in said


def test_a_folder_may_have_one_letter(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "D").mkdir()
    monkeypatch.chdir(tmp_path)
    [request] = composed(runtime, "train Grounding DINO on D, no HPO")[0]
    assert [d.uri for d in request.data] == [str(tmp_path / "D")]


def test_the_shape_of_the_model_that_a_search_starts_from_is_not_searched(runtime: Runtime) -> None:
    text = "train Grounding DINO on s3://b/t, validate on s3://b/v, with HPO"

    def searched(**options: Any) -> set[str]:
        [plan] = runtime.plan(composed(runtime, text, **options)[0])
        return {p.name for p in runtime._charter(plan, RetryPolicy()).space(plan).parameters}

    anew = searched(pretrained="none", platform="local")
    assert "model.dec_layers" in anew
    assert searched(pretrained="s3://b/w.pth") == {key for key in anew if not key.startswith("model.")}
    assert "model.dec_layers" in searched(
        pretrained="s3://b/w.pth", settings=["automl.ranges.model.dec_layers=[2, 4]"]
    )


def test_the_only_one_of_several_inputs_is_needed(runtime: Runtime) -> None:
    data = ["inference=s3://b/i"]
    [plan] = plans(runtime, "inference", data=data)
    assert {i.key: i.optional for i in plan.inputs}["dataset.infer_data_sources.classmap"] is False
    captions = ["dataset.infer_data_sources.captions=[red circle]"]
    [plan] = plans(runtime, "inference", data=data, settings=captions)
    assert "dataset.infer_data_sources.classmap" not in {i.key for i in plan.inputs}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("train Grounding DINO on s3://b/t, then export it, then train again, no HPO", "'train again'"),
        ("train Grounding DINO on s3://b/t, then train once more, no HPO", "'train once more'"),
        (
            "evaluate Grounding DINO job 9e2d10 on s3://b/v, export it, then evaluate again",
            "'evaluate again'",
        ),
        ("fine-tune grounding-dino-tiny on s3://b/t, no HPO", "'tiny'"),
        ("fine-tune Grounding DINO Base on s3://b/t, no HPO", "'Base'"),
        ("fine-tune Grounding DINO (tiny) on s3://b/t, no HPO", "'tiny'"),
        ("fine-tune Grounding DINO, the small one, on s3://b/t, no HPO", "'small'"),
        ("fine-tune Grounding DINO (the large version) on s3://b/t, no HPO", "'large'"),
    ],
)
def test_what_is_said_a_second_time_or_of_a_size_is_asked_about(
    runtime: Runtime, text: str, asked: str
) -> None:
    for request in runtime.read(text).requests:
        [question] = request.questions
        assert question.key == "words" and asked in question.why


def test_a_repeated_word_that_asks_for_nothing_more_is_none(runtime: Runtime) -> None:
    [request] = runtime.read("Export Grounding DINO job 9e2d10 again.").requests
    assert not request.questions


def test_a_pretrained_model_that_nobody_names_is_asked_for(runtime: Runtime) -> None:
    text = "fine-tune the pretrained Grounding DINO on s3://b/t, no HPO"
    [plan] = plans(runtime, text=text)
    assert [q.key for q in plan.questions] == ["pretrained"]
    assert "'pretrained Grounding DINO' does not say which weights" in plan.questions[0].why
    [answered] = plans(runtime, text=text, pretrained="s3://b/w.pth")
    assert not answered.questions


@pytest.mark.parametrize("words", ["not locally", "not on this machine", "not on docker"])
def test_where_a_request_is_not_to_run_it_does_not(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    text = f"evaluate Grounding DINO on s3://b/v, {words}"
    out = "docker" if "docker" in words else "local"
    for platform in ("local", "docker", "slurm"):
        monkeypatch.setenv("SKILLBANK_PLATFORM", platform)
        [plan] = plans(runtime, text=text)
        assert ("platform" in [q.key for q in plan.questions]) is (platform == out)
        said = [note for note in notes(runtime, text, platform=platform) if "not to run" in note]
        assert bool(said) is (platform == out)


@pytest.mark.parametrize("words", ["without validation", "no validation"])
def test_data_to_do_without_is_not_taken_from_beside(runtime: Runtime, tmp_path: Path, words: str) -> None:
    for part, files in (
        ("train", ("annotations_odvg.jsonl", "annotations_odvg_labelmap.json")),
        ("val", ("annotations.json",)),
    ):
        (tmp_path / part / "images").mkdir(parents=True)
        for name in files:
            (tmp_path / part / name).touch()
    text = f"train Grounding DINO on {tmp_path}, no HPO"
    [usual] = plans(runtime, text=text)
    assert {i.source for i in usual.inputs if i.source} == {"train_datasets", "eval_dataset"}
    [plan] = plans(runtime, text=f"{text}, {words}")
    assert {i.source for i in plan.inputs if i.source} == {"train_datasets"}
    assert not plan.questions
    [back] = runtime.plan(runtime.sentence([plan]))
    assert back.plan_id == plan.plan_id


@pytest.mark.parametrize(
    "token", ["{results_dir}", "{parent_model}", "{parent_model_folder}", "{resume_model}"]
)
def test_a_place_that_somebody_names_is_no_token(runtime: Runtime, token: str) -> None:
    with pytest.raises(UsageError, match="only a plan can say"):
        plans(runtime, "train", data=[f"train={token}/data"])
    with pytest.raises(UsageError, match="only a plan can say"):
        plans(runtime, "train", data=["train=s3://b/t"], pretrained=token)
