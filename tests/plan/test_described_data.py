"""What data and models are said to be beside their places and names, and where these stand in a story."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import Planned, answer

from skillbank.runtime import Runtime

TRAIN = "Train rtdetr on /a/birds{}, 10 epochs, no HPO."
DESCRIBED = [
    ", sorted by breed",
    " (one folder per breed)",
    ", a folder for each species",
    " with 5 stages as folders",
    " (about 2000 images)",
]
CHOSEN = [
    ", only those sorted by breed",
    ", annotated but not by students",
    ", cropped to 200 pixels",
    ", the ones with the gulls",
    " (300 images)",
    ", about 300 images",
    ", sorted by validation loss",
    " taken in 2024",
    ", the one with the best boxes",
    " (healthy, rust, mildew)",
    # who made them, when and where, and which of several
    ", annotated by our students in June",
    ", taken last Sunday from the pier",
    ", taken at night",
    ", shot before the flood",
    ", pictures from 2019",
    ", pictures of the bottom boards of 14 hives",
    ", the photos by Ruth",
    ", masks from Ruth",
    ", the one with the gulls",
    ", the one from May",
    ", the tray by the window",
    " (roughly 200 of the pictures)",
    # what is to be done with them, and how they are split or trained on
    ", downloaded again from the source",
    ", one folder per patient",
    ", sorted by year",
    " with 2 kinds of augmentation",
    " with 4 stages of unfreezing",
    " with 5 breeds of dogs as one",
    ", annotated in part",
]
LYING = [
    "Our hens are in /a/b, please find eggs there.",
    "My lego bricks are in /a/b. Label eggs in them.",
    "Find eggs. The hives are in /a/b.",
    "I have 12 kinds of hens in folders, all in /a/b. Find eggs there.",
]
LYING_APART = [
    "The good ones are in /a/b. Find eggs there.",
    "Train rtdetr on the fishing boats in /a/boats, no HPO.",
]
BEHIND = [
    "Those are the brittle ones.",
    "They were the wrong ones.",
    "It is the mossy one.",
    "It was the old one.",
    "Branch 22 is the dark one.",
]
PLACES = {
    "/a/b is next, run RT-DETR on it with the model of the last training.": ("inference_dataset", "/a/b"),
    "/a/b is in. Please run RT-DETR on it, checkpoint from the last training.": ("inference_dataset", "/a/b"),
    "/a/b is ready, evaluate RT-DETR on it from the last training.": ("eval_dataset", "/a/b"),
    "I've got pictures of dogs in folders at /a/b. Train rtdetr on /a/b, no HPO.": ("train_datasets", "/a/b"),
    "The lava drone data is at /a/b. Run RT-DETR on it with the model of the last training.": (
        "inference_dataset", "/a/b"),
}  # fmt: skip
FOUND = {
    "Defects of interest: scale, slivers, roll marks. Please label these in /a/b.": [
        "scale", "slivers", "roll marks"],
    "Solar panels, please: label them in /a/b.": ["Solar panels"],
    "Label gulls in the beach pictures from Sunday: /a/b.": ["gulls"],
    'Look through the newspapers in /a/b for "cartoon", boxes go to /a/out.': ["cartoon"],
    "Search the newspapers in /a/b for cartoons and adverts.": ["cartoons", "adverts"],
    "Search every picture in /a/b for cracks, holes and water stains.": ["cracks", "holes", "water stains"],
    "Label bottles in the river pictures of today, they are in /a/b.": ["bottles"],
    'Run Grounding DINO on /a/b, "graffiti" as the description, with the model of job c25a97.': ["graffiti"],
}  # fmt: skip


def plan(own_bank: Runtime, text: str) -> Planned:
    [planned] = answer(own_bank, text).plans
    return planned


def words_asked(planned: Planned) -> bool:
    return any(q.of_reading or q.key == "words" for q in planned.asked)


@pytest.mark.parametrize("said", DESCRIBED)
def test_what_data_are_chooses_none_of_them(own_bank: Runtime, said: str) -> None:
    read = answer(own_bank, TRAIN.format(said))
    assert read.plans[0].runs and read.plans[0].slots["data"] == {"train_datasets": ["/a/birds"]}
    assert any("is taken as what the data are" in note for note in read.notes)


@pytest.mark.parametrize("said", CHOSEN)
def test_what_may_choose_some_of_them_is_asked_about(own_bank: Runtime, said: str) -> None:
    assert words_asked(plan(own_bank, TRAIN.format(said)))


@pytest.mark.parametrize("text", LYING)
def test_what_lies_somewhere_is_what_the_data_are(own_bank: Runtime, text: str) -> None:
    planned = plan(own_bank, text)
    assert planned.slots["data"] == {"inference_dataset": ["/a/b"]} and not words_asked(planned)


@pytest.mark.parametrize("text", LYING_APART)
def test_what_may_be_some_of_what_lies_there_is_asked_about(own_bank: Runtime, text: str) -> None:
    assert words_asked(plan(own_bank, text))


@pytest.mark.parametrize("said", BEHIND)
def test_a_sentence_behind_may_choose_or_correct_and_is_asked_about(own_bank: Runtime, said: str) -> None:
    assert words_asked(plan(own_bank, f"Evaluate rtdetr on /a/branch_22 from the last training. {said}"))


@pytest.mark.parametrize(
    "said",
    [
        "RT-DETR, the small model",
        "RT-DETR, the instance segmentation model",
        "RT-DETR, the r18 model",
        "RT-DETR, the COCO model",
        "RT-DETR, our winning model",
        "RT-DETR, our future detector",
        "RT-DETR (our retired model)",
        "grounding dino, the swin model",
        "RT-DETR, our gull detector",
        "our gull finder, a rtdetr",
    ],
)
def test_which_model_is_meant_is_asked_about(own_bank: Runtime, said: str) -> None:
    assert words_asked(plan(own_bank, f"Train {said}, on /a/b, no HPO."))


@pytest.mark.parametrize(
    "which", ["every second", "every third", "every other", "every new", "every large", "every May", "a few"]
)
def test_which_pictures_are_looked_through_is_asked_about(own_bank: Runtime, which: str) -> None:
    noun = "pictures" if which == "a few" else "picture"
    assert words_asked(plan(own_bank, f"Search {which} {noun} in /a/b for cats with the last training."))


def test_a_correction_behind_says_nothing_of_the_data(own_bank: Runtime) -> None:
    said = "Evaluate rtdetr on /a/branch_22 from the last training. {} the wrong one."
    assert all(words_asked(plan(own_bank, said.format(lead))) for lead in ("It was", "That is"))


@pytest.mark.parametrize("said", ["as training data", "for training", "folder", "to learn from"])
def test_what_is_given_to_a_job_for_something_else_is_not_run_on(own_bank: Runtime, said: str) -> None:
    plans = answer(own_bank, f"give /a/b to c25a97 {said}").plans
    assert "inference" not in [planned.slots["action"] for planned in plans]


@pytest.mark.parametrize("text", PLACES)
def test_a_place_of_a_story_is_worked_on(own_bank: Runtime, text: str) -> None:
    planned = plan(own_bank, text)
    source, place = PLACES[text]
    assert planned.slots["data"] == {source: [place]} and not words_asked(planned)


@pytest.mark.parametrize("said", ["/a/b is off limits", "/a/b is for later", "/a/b is broken"])
def test_what_is_said_of_a_place_otherwise_is_asked_about(own_bank: Runtime, said: str) -> None:
    assert words_asked(plan(own_bank, f"{said}, run RT-DETR on it with the model of the last training."))


def test_an_export_goes_where_it_is_needed(own_bank: Runtime) -> None:
    planned = plan(own_bank, "an export of RT-DETR from the last training to /a/out is needed now.")
    assert planned.runs and planned.slots["results_root"] == "/a/out"


def test_that_checkpoint_is_the_one_that_was_told(own_bank: Runtime) -> None:
    planned = plan(own_bank, "Her own model is at /p/k.pth. Evaluate rtdetr with that checkpoint on /p/d.")
    assert planned.runs and planned.slots["set"] == {"evaluate.checkpoint": "/p/k.pth"}


@pytest.mark.parametrize("text", FOUND)
def test_things_stand_before_their_verb_and_behind_their_noun(own_bank: Runtime, text: str) -> None:
    assert plan(own_bank, text).slots["captions"] == FOUND[text]


@pytest.mark.parametrize("count", ["about 20 pictures", "roughly 20 images", "almost 20 photos"])
def test_how_many_pictures_are_looked_at_may_be_a_part_of_them(own_bank: Runtime, count: str) -> None:
    assert words_asked(plan(own_bank, f"run rtdetr from the last training on /a/b ({count})"))
    assert not words_asked(plan(own_bank, f"evaluate rtdetr from the last training on /a/b ({count})"))
