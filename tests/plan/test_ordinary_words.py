"""Ordinary requests whose words had been asked about, each by what it sets; and their neighbours that ask."""

from __future__ import annotations

from typing import Any

import pytest

from skillbank.errors import AmbiguousSkillError, JobNotFoundError, SkillNotFoundError
from skillbank.runtime import Runtime

TRAIN = "train RT-DETR on /d/t, val /d/v, no HPO, "
SEARCH = "train RT-DETR on /d/t, val /d/v, with HPO, "
SETTINGS: dict[str, dict[str, Any]] = {
    TRAIN + "100 epochs, validate every 2 and keep a checkpoint every 10": {
        "train.num_epochs": 100,
        "train.validation_interval": 2,
        "train.checkpoint_interval": 10,
    },
    "train SegFormer on /d/t, 512 x 512 pixels, no HPO": {"dataset.segment.img_size": 512},
    "train Grounding DINO on /d/t, no HPO, lr_steps [16, 22]": {"train.optim.lr_steps": [16, 22]},
    "train Grounding DINO on /d/t, no HPO, lr_steps 16, 22, 30 epochs": {
        "train.optim.lr_steps": [16, 22],
        "train.num_epochs": 30,
    },
    SEARCH + "at most 12 trials and 24 hours": {
        "automl.max_recommendations": 12,
        "automl.time_budget": "24h",
    },
    SEARCH + "12 trials and 2 hours each": {
        "automl.max_recommendations": 12,
        "automl.trial_timeout": "2h",
    },
    SEARCH + "stop everything after 6 hours": {"automl.time_budget": "6h"},
    SEARCH + "until val_mAP50 reaches 0.8": {"automl.target": 0.8},
    SEARCH + "rank by val_loss, minimize it": {
        "automl.metric": "val_loss",
        "automl.direction": "minimize",
    },
}
SHOWN = {
    "Train RT-DETR on our pictures of garden gnomes in /d/t, no HPO": "garden gnomes",
    "Train RT-DETR on photos of ripe and unripe mangoes, /d/t, no HPO": "ripe and unripe mangoes",
    "Train RT-DETR with our forklift pictures in /d/t, no HPO": "forklift",
    "Train RT-DETR on the weld seam pictures in /line4/welds, no HPO": "seam",
    "Train RT-DETR with my gnomes in /d/gnomes, no HPO": "gnomes",
}
CHOSEN = (
    "Train RT-DETR on the pictures of gnomes in /d/t, no HPO",
    "Train RT-DETR on the night pictures in /d/t, no HPO",
    "Train RT-DETR on only our pictures of gnomes in /d/t, no HPO",
    "Train RT-DETR on our sharpest pictures in /d/t, no HPO",
    TRAIN + "validate every 2",
    "label cows in /d/p and train RT-DETR on the labels and on /d/t, no HPO",
    "train RT-DETR on them and on /d/t, no HPO",
    TRAIN + "100 epochs, save a checkpoint every 500",
    TRAIN + "20 epochs, validate every 2 and save every 500 steps",
    "Train RT-DETR on the cropped pictures in /d/t, no HPO",
    "For the truck class: train RT-DETR on /d/t, no HPO",
    "Train RT-DETR on /d/t, no HPO\nTrucks",
    "Train RT-DETR on /d/t, no HPO, for 10 more epochs than the last training",
    TRAIN + "validate every 2 hours, 10 epochs",
)
POLITE = (
    "train RT-DETR on /d/t, no HPO. Would be awesome.",
    "OK last thing for today: train RT-DETR on /d/t, no HPO",
    "The radiology department needs an RT-DETR trained on /d/t, no HPO",
    "For my class: train RT-DETR on /d/t, no HPO",
    "Hi,\n\nplease train RT-DETR on /d/t, no HPO.\n\nRuth",
    "Hi,\n\nplease train RT-DETR on /d/t, no HPO.\n\nThanks, Ruth\n\nPS: no hurry",
    "Subject: detector for gate 4\n\nHi,\n\nplease train RT-DETR on /d/t, no HPO.\n\nThanks,\nRuth",
)


@pytest.mark.parametrize(("text", "settings"), SETTINGS.items())
def test_what_is_said_is_set(runtime: Runtime, text: str, settings: dict[str, Any]) -> None:
    reading = runtime.read(text)
    assert not reading.not_understood
    assert {s.key: s.value for s in reading.requests[0].settings} == settings


@pytest.mark.parametrize(("text", "words"), SHOWN.items())
def test_what_pictures_show_chooses_none_of_them(runtime: Runtime, text: str, words: str) -> None:
    reading = runtime.read(text)
    assert not reading.not_understood
    assert any(f"'{words}' is taken as what the pictures show" in str(note) for note in reading.notes)


@pytest.mark.parametrize("text", CHOSEN)
def test_what_may_choose_is_asked_about(runtime: Runtime, text: str) -> None:
    assert runtime.read(text).not_understood


@pytest.mark.parametrize("text", POLITE)
def test_what_is_said_to_a_person_asks_nothing(runtime: Runtime, text: str) -> None:
    [request] = runtime.read(text).requests
    assert (request.action, [d.uri for d in request.data]) == ("train", ["/d/t"])
    assert not runtime.read(text).not_understood


@pytest.mark.parametrize(
    ("text", "action", "policy"),
    [
        ("run a search for SegFormer on /d/t, 16 trials", "train", "on"),
        ("do not start a search, train RT-DETR on /d/t", "train", "off"),
        ("start a search for cats in /d/t with Grounding DINO", "inference", None),
    ],
)
def test_a_search_that_is_run_is_of_a_model(
    runtime: Runtime, text: str, action: str, policy: str | None
) -> None:
    [request] = runtime.read(text).requests
    assert (request.action, request.automl) == (action, policy)


def test_a_misspelled_word_is_the_one_with_a_letter_more(runtime: Runtime) -> None:
    reading = runtime.read("the traning of RT-DETR on /d/t, no HPO, learing rate 1e-4")
    assert not reading.not_understood
    assert "'traning' was read as 'training'" in map(str, reading.notes)


def test_the_kind_of_the_last_job_names_its_skill(runtime: Runtime) -> None:
    [request] = runtime.read("evaluate the last image classifier on /d/t").requests
    assert (request.skill, request.parent) == ("skillbank:tao-train-image-classification", "last:train")
    with pytest.raises(AmbiguousSkillError, match="does not say which model; name one: tao-train-"):
        runtime.read("evaluate our latest detector on /d/t")
    [request] = runtime.read("find cats in /d/t with the last detector").requests
    assert request.skill == "skillbank:tao-train-grounding-dino"


def test_a_number_of_a_subject_that_is_set_is_set(runtime: Runtime) -> None:
    [request] = runtime.read("Subject: detector, batch size 16\n\nTrain RT-DETR on /d/t, no HPO").requests
    assert [s.value for s in request.settings] == [16]


@pytest.mark.parametrize(
    "text",
    [
        "evaluate the last detector and the last classifier on /d/v",
        "train a detector from the last classifier",
    ],
)
def test_kinds_of_several_models_are_asked_about(runtime: Runtime, text: str) -> None:
    with pytest.raises(AmbiguousSkillError, match=r"speaks of '[a-z' ]+; name the skill of each"):
        runtime.read(text)


def test_a_job_that_is_not_there_is_said_to_be_missing(runtime: Runtime) -> None:
    with pytest.raises(JobNotFoundError, match="no job '00aa11'"):
        runtime.read("export job 00aa11 please")


def test_where_no_model_is_named_the_few_there_are_are_listed(runtime: Runtime) -> None:
    with pytest.raises(SkillNotFoundError, match="does not say which model; name one: tao-train"):
        runtime.read("train a model on /d/t for 10 epochs")


def test_more_epochs_are_those_behind_a_job(runtime: Runtime) -> None:
    [request] = runtime.read("train RT-DETR from job 3fa91c on /d/t for 10 more epochs, no HPO").requests
    assert [(s.key, s.value) for s in request.settings] == [("train.num_epochs", 10)]
    assert runtime.read("train RT-DETR on /d/t for 10 more epochs, no HPO").not_understood


def test_a_model_that_knows_its_classes_segments_them(runtime: Runtime) -> None:
    reading = runtime.read("segment the roads in /d/t with SegFormer job 3fa91c")
    assert not reading.not_understood
    assert "'roads' chooses nothing" in str(reading.notes[0])
    assert runtime.read("segment only the roads in /d/t with SegFormer job 3fa91c").not_understood


def test_boxes_are_no_machines(runtime: Runtime) -> None:
    reading = runtime.read("find cows in /d/t with Grounding DINO, at most 100 boxes per picture")
    assert reading.not_understood and reading.requests[0].nodes is None


def test_tuning_that_is_denied_alone_is_a_search(runtime: Runtime) -> None:
    assert runtime.read("Train RT-DETR on /d/t. Don't tune.").requests[0].automl == "off"
    assert runtime.read("Train RT-DETR on /d/t, don't tune the learning rate").not_understood


@pytest.mark.parametrize(
    "text",
    ["train RT-DETR on /d/a + /d/b, no HPO", "train RT-DETR, no HPO, on these two: /d/a and /d/b"],
)
def test_places_that_are_added_up_are_of_one_kind(runtime: Runtime, text: str) -> None:
    reading = runtime.read(text)
    assert [(d.source, d.uri) for d in reading.requests[0].data] == [
        ("train_datasets", "/d/a"),
        ("train_datasets", "/d/b"),
    ]
    assert not reading.not_understood


def test_a_backbone_before_the_name_of_a_model_is_no_other_model(runtime: Runtime) -> None:
    [request] = runtime.read("train a resnet_18 RT-DETR on /d/t, no HPO").requests
    assert {s.key: s.value for s in request.settings} == {"model.backbone": "resnet_18"}


def test_things_go_on_behind_all(runtime: Runtime) -> None:
    [request] = runtime.read("find all plates and all trucks in /d/t with Grounding DINO").requests
    assert [s.value for s in request.settings] == [["plates", "trucks"]]


@pytest.mark.parametrize(
    ("said", "things"),
    [
        ("annotate /d/t with cows", ["cows"]),
        ("detect all the ladders that are in /d/t", ["ladders"]),
        ("find people who are in /d/t", ["people"]),
        ("find cats that are black in /d/t", ["cats that are black"]),
    ],
)
def test_things_are_named_without_where_they_are(runtime: Runtime, said: str, things: list[str]) -> None:
    [request] = runtime.read(f"{said} using Grounding DINO job 3fa91c").requests
    assert [s.value for s in request.settings] == [things]


@pytest.mark.parametrize("how", ["care", "boxes", "masks"])
def test_how_something_is_labelled_is_nothing_to_be_found(runtime: Runtime, how: str) -> None:
    reading = runtime.read(f"annotate /d/t with {how} using Grounding DINO job 3fa91c")
    assert not reading.requests[0].settings


def test_them_are_the_pictures_of_the_sentence_before(runtime: Runtime) -> None:
    text = "I've put new pictures into /d/t. Please classify them with image classification job 3fa91c."
    [request] = runtime.read(text).requests
    assert (request.action, [d.uri for d in request.data]) == ("inference", ["/d/t"])


@pytest.mark.parametrize(
    "text",
    [
        "Train RT-DETR on the camera trap images in /d/t, no HPO",
        "Train RT-DETR on the students' pictures in /d/t, no HPO",
        "For the Thursday demo I would like an RT-DETR trained on /d/t. No HPO.",
        "We've got a batch of labelled drone pictures in /d/t. Can you get RT-DETR trained on that? No HPO.",
        "Line 2 here. Train RT-DETR on the pictures in /d/t, no HPO.",
    ],
)
def test_what_describes_or_introduces_changes_nothing(runtime: Runtime, text: str) -> None:
    reading = runtime.read(text)
    [request] = reading.requests
    assert (request.action, [d.uri for d in request.data]) == ("train", ["/d/t"])
    assert not reading.not_understood
