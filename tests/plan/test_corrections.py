"""What a person corrects: what is said behind "no wait" stands in the place of what was said for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from skillbank.runtime import Runtime

DINO, DETR = "tao-train-grounding-dino", "tao-train-rtdetr"
EPOCHS, BATCH, LR = "train.num_epochs", "batch_size", "learning_rate"


def read(runtime: Runtime, text: str) -> Mapping[str, Any]:
    """Return what a sentence of one step says, by what it is, and what was not understood of it."""
    [request] = runtime.read(text).requests
    settings = {each.key: each.value for each in request.settings}
    return {
        "skill": request.skill.rpartition(":")[2],
        "action": request.action,
        "set": settings,
        "epochs": settings.get("num_epochs", settings.get(EPOCHS)),
        "data": [each.uri for each in request.data],
        "platform": request.platform,
        "gpus": request.gpus,
        "asks": [question.key for question in request.questions],
    }


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("for 10, no, 20 epochs", {"epochs": 20}),
        ("for 20, no wait, 30 epochs", {"epochs": 30}),
        (", 10 epochs, sorry, 20", {"epochs": 20}),
        (", 10 epochs, make that 20", {"epochs": 20}),
        (", 10 epochs, wait, that should have been 20", {"epochs": 20}),
        (", 10 epochs, ps: 20 epochs", {"epochs": 20}),
        (", 10 epochs and batch size 8, no, 4", {"set": {EPOCHS: 10, BATCH: 4}}),
        (", 10 epochs and batch size 8, scratch the epochs, make it 5", {"set": {EPOCHS: 5, BATCH: 8}}),
        (", batch size 8 and 10 epochs, scratch the batch size, make it 4", {"set": {EPOCHS: 10, BATCH: 4}}),
        (", learning rate 1e-4, no, 2e-4 and 10 epochs", {"set": {LR: 2e-4, EPOCHS: 10}}),
        (", 10 epochs, oh, and also batch size 4", {"set": {EPOCHS: 10, BATCH: 4}}),
        (", ps: batch size 8", {"set": {BATCH: 8}}),
        (", no, on /a/u", {"data": ["/a/u"]}),
        (", no wait, on /a/u, 3 epochs", {"data": ["/a/u"], "epochs": 3}),
        ("with 2 gpus, no, one", {"gpus": 1}),
        ("with 4 gpus, hmm, two please", {"gpus": 2}),
        ("on slurm, no, on docker", {"platform": "docker"}),
        (", sorry, I meant rt-detr", {"skill": DETR}),
        (", not rt-detr", {"skill": DINO}),
        (", rt-detr comes later", {"skill": DINO}),
    ],
)
def test_behind_a_correction_stands_what_is_meant(
    own_bank: Runtime, said: str, meant: dict[str, Any]
) -> None:
    found = read(own_bank, f"train grounding dino on /a/t{said if said[0] == ',' else f' {said}'}")
    plain = {"skill": DINO, "data": ["/a/t"], "platform": None, "gpus": None, "asks": []}
    assert {key: found[key] for key in {**plain, **meant}} == {**plain, **meant}


@pytest.mark.parametrize(
    ("said", "places"),
    [
        ("train grounding dino on /a/train and validate on /a/val, no, /a/val2", ["/a/train", "/a/val2"]),
        (
            "train grounding dino on /a/train and validate on /a/y, 3 epochs, no, /b/train",
            ["/b/train", "/a/y"],
        ),
        ("train grounding dino on /a/x and validate on /a/y, 3 epochs, no wait, /b/val", ["/a/x", "/b/val"]),
    ],
)
def test_of_two_places_the_one_of_the_same_role_is_corrected(
    own_bank: Runtime, said: str, places: list[str]
) -> None:
    [request] = own_bank.read(said).requests
    by_role = {each.source: each.uri for each in request.data}
    assert [by_role["train_datasets"], by_role["eval_dataset"]] == places
    assert not request.questions


@pytest.mark.parametrize(
    ("said", "captions"),
    [
        ("find cups in /a/p with grounding dino, no, mugs", ["mugs"]),
        ("find cups and plates in /a/p with grounding dino, no, mugs and bowls", ["mugs", "bowls"]),
        ("find badgers, deer in /a/p with grounding dino, no, not deer, foxes", ["badgers", "foxes"]),
        ("find cups in /a/p with grounding dino, no, a mug", None),
        ("find cups and plates in /a/p with grounding dino, no, mugs", None),
    ],
)
def test_things_behind_a_correction_are_as_many_as_those_before(
    own_bank: Runtime, said: str, captions: list[str] | None
) -> None:
    [request] = own_bank.read(said).requests
    found = [each.value for each in request.settings if each.key.endswith("captions")]
    unread = [question for question in request.questions if question.key == "words"]
    assert (found == [captions] and not unread) if captions is not None else unread


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (", 10 epochs, no ", "'no'"),
        (", batch size 4, scratch the epochs, make it 5", "'scratch the epochs'"),
        (" and validate on /a/y, 3 epochs, no wait, /b/z", "/b/z"),
        (", 10 epochs, it should be 20", "20"),
    ],
)
def test_where_nothing_tells_what_is_corrected_it_is_asked(own_bank: Runtime, said: str, words: str) -> None:
    [request] = own_bank.read(f"train grounding dino on /a/t{said}").requests
    [why] = [str(question.why) for question in request.questions if question.key == "words"]
    assert words in why
