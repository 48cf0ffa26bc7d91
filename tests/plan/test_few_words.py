"""Requests of few words, by what each subject of a sentence sets: each test is one subject."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.errors import SkillbankError
from skillbank.runtime import Runtime

TRAIN = "train rt-detr on s3://b/t"


def said(runtime: Runtime, text: str) -> dict[str, Any]:
    """Return what was said of a step, without its skill and its one place."""
    [request] = runtime.read(text).requests
    found = request.model_dump(exclude_defaults=True, exclude={"text", "skill", "automl_source"})
    found["settings"] = {each.key: each.value for each in request.settings}
    found["data"] = [each.uri for each in request.data]
    found["words"] = [each.why.partition(";")[0] for each in request.questions if each.key == "words"]
    plain = {"action": "train", "automl": "off", "data": ["s3://b/t"], "settings": {}, "words": []}
    return {key: value for key, value in found.items() if plain.get(key) != value and key != "questions"}


def notes(runtime: Runtime, text: str) -> tuple[str, ...]:
    return tuple(runtime.read(text).notes)


def test_gpus_of_each_node_and_of_all_of_them(own_bank: Runtime) -> None:
    for words, found in {
        "16 GPUs over 4 nodes": {"gpus": 4, "nodes": 4},
        "16 GPUs on 2 nodes in total": {"gpus": 8, "nodes": 2},
        "16 GPUs on 2 nodes altogether": {"gpus": 8, "nodes": 2},
        "8 GPUs on 2 nodes each": {"gpus": 8, "nodes": 2},
        "4 nodes x 8 GPUs": {"gpus": 8, "nodes": 4},
        "4 GPUs (2 nodes)": {"words": ["I did not understand '4 GPUs', '2 nodes'"]},
    }.items():
        assert said(own_bank, f"{TRAIN}, {words}, no automl") == found, words


def test_gpus_that_somebody_has_are_asked_for_where_all_are_meant(own_bank: Runtime) -> None:
    for before, behind, found in (
        ("we own two A100s", "both", {"gpus": 2}),
        ("we own 4 gpus", "both", {"words": ["I did not understand 'with both'"]}),
        ("we own 8 gpus", "all of them", {"gpus": 8}),
        ("we own 8 gpus", "two GPUs", {"gpus": 2}),
    ):
        assert said(own_bank, f"{before}; {TRAIN} with {behind}, no automl") == found, before
        told = f"'{' '.join(before.split()[:2])}' is taken as told, and changes nothing"
        assert told in notes(own_bank, f"{before}; {TRAIN} with {behind}, no automl")


def test_what_all_are_is_asked_about_where_they_are_told_of_behind_it(own_bank: Runtime) -> None:
    for words, behind in (("all of them", "we have 4 gpus"), ("both", "there are two A100s here")):
        asked = {"words": [f"I did not understand 'with {words}'"]}
        assert said(own_bank, f"{TRAIN} with {words}, no automl. {behind}") == asked, words


def test_options_among_the_words(own_bank: Runtime) -> None:
    for words, found in {
        "--gpu-ids 0,1": {"settings": {"train.gpu_ids": [0, 1]}, "gpus": 2},
        "--gpu-ids 3 --num-epochs 5": {"settings": {"train.gpu_ids": [3], "train.num_epochs": 5}, "gpus": 1},
        "--num-epochs=5": {"settings": {"train.num_epochs": 5}},
    }.items():
        assert said(own_bank, f"{TRAIN} {words} --automl off") == found, words


def test_what_only_a_training_has_asks_for_one_and_says_so(own_bank: Runtime) -> None:
    for words, found, why in (
        ("rt-detr on s3://b/t, 30 epochs", {"settings": {"train.num_epochs": 30}}, "30 epochs"),
        (
            "rt-detr on s3://b/t, learning rate 0.001",
            {"settings": {"learning_rate": 0.001}},
            "learning rate 0.001",
        ),
        ("rt-detr trained on s3://b/t", {}, ""),
    ):
        assert said(own_bank, words) == found, words
        asked = f"train is taken as what is asked for, because '{why}' is said of nothing else"
        assert notes(own_bank, words) == ((asked,) if why else ())
    for words in ("rt-detr on s3://b/t", "a rt-detr model for s3://b/t please"):
        with pytest.raises(SkillbankError, match="names tao-train-rtdetr but no action"):
            own_bank.read(words)


def test_a_training_comes_before_what_follows_it(own_bank: Runtime) -> None:
    read = own_bank.read("rt-detr on s3://b/t, no HPO. Afterwards export it")
    assert [each.action for each in read.requests] == ["train", "export"]
    assert read.notes == ("train is taken as what comes first, because 'no HPO' is said of nothing else",)


def test_words_that_are_short_for_two(own_bank: Runtime) -> None:
    for words in (
        "it's rt-detr that I want to train on s3://b/t, don't search",
        "let's train rt-detr on s3://b/t, don't use automl",
        f"that's all: {TRAIN}, we'll search ourselves, no automl",
    ):
        assert said(own_bank, words) == {} and notes(own_bank, words) == (), words


def test_an_end_of_a_training_and_what_is_told_and_asked_beside_it(own_bank: Runtime) -> None:
    ended = said(own_bank, "train until epoch 60: rt-detr on s3://b/t, no automl")
    assert ended == {"settings": {"train.num_epochs": 60}}
    beside = f"{TRAIN}, no automl, until epoch 60"
    assert said(own_bank, beside) == {"words": ["I did not understand 'until epoch 60'"]}
    for words, told in {
        "What would that cost?": "'What would that cost?' is a question, and nothing of it is run",
        "I have trained it in 2019": "'I have trained it in 2019' is taken as told, and changes nothing",
    }.items():
        assert said(own_bank, f"{TRAIN}, no automl. {words}") == {}
        assert told in notes(own_bank, f"{TRAIN}, no automl. {words}"), notes(own_bank, f"{TRAIN}. {words}")
    year = f"this one is for 2027: {TRAIN}, no automl"
    assert said(own_bank, year) == {} and notes(own_bank, year) == (
        "'2027' is taken as told, and changes nothing",
    )


def test_formats_of_data_that_is_converted_checked_and_divided(own_bank: Runtime) -> None:
    for words, settings, form in (
        ("convert ./data to COCO", {"convert.to": "coco"}, ""),
        ("convert ./data as COCO", {"convert.to": "coco"}, ""),
        ("convert the COCO data in ./data to yolo", {"convert.to": "yolo"}, "coco"),
        ("check ./data as yolo", {}, "yolo"),
        ("split ./data in coco 80/20", {"split.val": "0.2"}, "coco"),
    ):
        [request] = own_bank.read(words).requests
        found = {each.key: each.value for each in request.settings}
        assert (found, [each.form for each in request.data]) == (settings, [form]), words


def test_a_question_about_what_could_be_done_runs_nothing(own_bank: Runtime) -> None:
    for words in (
        "how can I export rt-detr to ONNX?",
        "What is the difference between an export and an engine in rt-detr?",
        "Would it make sense to quantize rt-detr for a Raspberry Pi? Just curious.",
        "and what would training rt-detr on s3://b/t cost?",
    ):
        with pytest.raises(SkillbankError, match="asks for no run"):
            own_bank.read(words)
