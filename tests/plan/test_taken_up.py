"""What an order takes up from other sentences: a question before it, a list, how often it is done."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.errors import OutOfScopeError, UsageError
from skillbank.runtime import Runtime

QUESTIONS = {
    "How good is RT-DETR job 3fa91c? Please evaluate it on s3://b/held": "s3://b/held",
    "How well does RT-DETR job 3fa91c do on the scans in /d/test? Please evaluate.": "/d/test",
    "How does RT-DETR job 3fa91c do on /d/test? Evaluate it there.": "/d/test",
}


@pytest.mark.parametrize(("text", "place"), QUESTIONS.items())
def test_an_order_takes_up_what_the_question_before_it_names(runtime: Runtime, text: str, place: str) -> None:
    reading = runtime.read(text)
    [request] = reading.requests
    assert (request.action, request.parent) == ("evaluate", "3fa91c")
    assert [d.uri for d in request.data] == [place]
    assert not reading.not_understood


def test_an_order_takes_up_what_a_question_looks_for(runtime: Runtime) -> None:
    text = "Where are the fire hydrants in /d/town? Use Grounding DINO job 3fa91c to find them"
    [request] = runtime.read(text).requests
    assert (request.action, [d.uri for d in request.data]) == ("inference", ["/d/town"])
    assert [s.value for s in request.settings] == [["fire hydrants"]]
    text = "Where are the cats in /x? Please find dogs in /y with Grounding DINO job 3fa91c"
    [request] = runtime.read(text).requests
    assert ([s.value for s in request.settings], request.data[0].uri) == ([["dogs"]], "/y")


def test_an_order_with_things_of_its_own_takes_up_none(runtime: Runtime) -> None:
    text = "should we evaluate job 3fa91c on /x? please train RT-DETR on /y, no hpo"
    [request] = runtime.read(text).requests
    assert (request.action, request.parent, [d.uri for d in request.data]) == ("train", None, ["/y"])


TRAINED_ON: dict[str, dict[str, list[str]]] = {
    "rtdetr train /b/train /b/val no hpo": {"train_datasets": ["/b/train"], "eval_dataset": ["/b/val"]},
    "Everything under /s/1 and /s/2 is for training RT-DETR, /s/3 is for validation. No HPO.": {
        "train_datasets": ["/s/1", "/s/2"],
        "eval_dataset": ["/s/3"],
    },
    "The pictures for RT-DETR are in /c/one, and /c/two is there for validation. Train it without HPO.": {
        "train_datasets": ["/c/one"],
        "eval_dataset": ["/c/two"],
    },
    "train RT-DETR on /a and /b is for validation, no hpo": {
        "train_datasets": ["/a"],
        "eval_dataset": ["/b"],
    },
    "Train RT-DETR on /q/w. Validate every 2 epochs on /q/v. No HPO.": {
        "train_datasets": ["/q/w"],
        "eval_dataset": ["/q/v"],
    },
    "train RT-DETR on /q/w, check it against /q/v while training, no HPO": {
        "train_datasets": ["/q/w"],
        "eval_dataset": ["/q/v"],
    },
}


@pytest.mark.parametrize(("text", "data"), TRAINED_ON.items())
def test_each_place_is_for_what_is_said_of_it(
    runtime: Runtime, text: str, data: dict[str, list[str]]
) -> None:
    reading = runtime.read(text)
    [request] = reading.requests
    found: dict[str, list[str]] = {}
    for each in request.data:
        found.setdefault(each.source, []).append(each.uri)
    assert found == data
    assert request.results_root is None
    assert not reading.not_understood


def test_two_places_with_no_name_of_their_own_are_asked_about(runtime: Runtime) -> None:
    [request] = runtime.read("rtdetr train /b/one /b/two no hpo").requests
    assert [q.key for q in request.questions] == ["data.train"]


SEARCHED: dict[str, dict[str, Any]] = {
    "20 trials, at most 10 hours": {"automl.max_recommendations": 20, "automl.time_budget": "10h"},
    "10 trials, each at most 1 hour": {"automl.max_recommendations": 10, "automl.trial_timeout": "1h"},
    "10 trials of at most 30 minutes": {"automl.max_recommendations": 10, "automl.trial_timeout": "30m"},
}


@pytest.mark.parametrize(("said", "settings"), SEARCHED.items())
def test_times_beside_a_number_of_trials(runtime: Runtime, said: str, settings: dict[str, Any]) -> None:
    reading = runtime.read(f"train RT-DETR on /a, val /b, {said}")
    [request] = reading.requests
    assert {s.key: s.value for s in request.settings} == settings
    assert not reading.not_understood


def test_a_time_without_a_search_is_asked_about(runtime: Runtime) -> None:
    assert runtime.read("train RT-DETR on /a, val /b, no hpo, at most 6 hours").not_understood


def test_a_training_goes_on_from_a_file_on_its_data(runtime: Runtime) -> None:
    text = "resume the RT-DETR training on /l/train from /l/epoch_7.pth, no HPO, 20 epochs"
    [request] = runtime.read(text).requests
    assert {s.key: s.value for s in request.settings} == {
        "train.num_epochs": 20,
        "train.resume_training_checkpoint_path": "/l/epoch_7.pth",
    }
    assert [d.uri for d in request.data] == ["/l/train"]
    assert request.pretrained is None


def test_what_is_evaluated_on_data_is_a_model(runtime: Runtime) -> None:
    [request] = runtime.read("evaluate IDEA-Research/grounding-dino-tiny on /t with Grounding DINO").requests
    assert {s.key: s.value for s in request.settings} == {
        "evaluate.checkpoint": "IDEA-Research/grounding-dino-tiny"
    }
    assert [d.uri for d in request.data] == ["/t"]


def test_nothing_denies_what_is_done_to_it(runtime: Runtime) -> None:
    reading = runtime.read("Evaluate RT-DETR job 3fa91c on /t. Nothing should be trained.")
    assert [r.action for r in reading.requests] == ["evaluate"]
    assert not reading.not_understood


def test_a_data_set_that_may_be_broken_is_checked(runtime: Runtime) -> None:
    [request] = runtime.read(
        "are there broken pictures or bad boxes in /a/b? please check the dataset"
    ).requests
    assert (request.action, [d.uri for d in request.data]) == ("check", ["/a/b"])


def test_folders_that_are_kept_together(runtime: Runtime) -> None:
    [request] = runtime.read("split /a/b with 20% for validation, keep each folder together").requests
    assert {s.key: s.value for s in request.settings} == {"split.by": "folder", "split.val": "0.2"}


@pytest.mark.parametrize("said", ["for both", "for all steps", "each"])
def test_a_value_that_is_said_of_all_steps_is_of_each(runtime: Runtime, said: str) -> None:
    text = f"train RT-DETR on /a, no hpo, then evaluate it on /b, batch size 8 {said}"
    requests = runtime.read(text).requests
    assert [[s.value for s in r.settings] for r in requests] == [[8], [8]]


def test_a_step_that_is_counted_has_its_value(runtime: Runtime) -> None:
    text = "train RT-DETR on /a, no hpo, then evaluate it on /b, the first with batch size 4"
    assert [[s.value for s in r.settings] for r in runtime.read(text).requests] == [[4], []]


def test_a_time_of_each_trial(runtime: Runtime) -> None:
    [request] = runtime.read("train RT-DETR on /a, val /b, 20 trials, at most 1 hour for each").requests
    assert "automl.trial_timeout" in {s.key for s in request.settings}
    assert "automl.time_budget" not in {s.key for s in request.settings}


def test_a_training_of_it_asks_whether_it_is_the_file_before(runtime: Runtime) -> None:
    requests = runtime.read("evaluate s3://b/m.pth on /t with RT-DETR, then train it on /d, no hpo").requests
    assert [q.key for q in requests[-1].questions] == ["pretrained"]


def test_no_search_that_is_not_to_be_forgotten_is_none(runtime: Runtime) -> None:
    [request] = runtime.read("train RT-DETR on /a, val /b, don't forget no hpo").requests
    assert request.automl == "off"


def test_results_behind_an_arrow_to_a_relative_place(runtime: Runtime) -> None:
    assert runtime.read("train RT-DETR on ./a, no hpo, results -> ./out").requests[0].results_root == "./out"


@pytest.mark.parametrize("told", ["We already have", "Nobody needs", "There is", "We might need", "We built"])
def test_a_model_that_is_only_told_of_is_not_trained(runtime: Runtime, told: str) -> None:
    with pytest.raises(OutOfScopeError):
        runtime.read(f"{told} a segmentation model, the pictures are in /d/c, no HPO")


def test_a_split_has_one_grouping(runtime: Runtime) -> None:
    with pytest.raises(UsageError, match="keep one"):
        runtime.read("split /a into 80/20 by picture, keep each folder together")
