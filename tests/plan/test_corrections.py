"""What a person corrects: what is said behind "no wait" stands in the place of what was said for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from skillbank.errors import AmbiguousSkillError
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


LAST = {
    "Export the last segformer training. Hm, no, rather the last rtdetr one.": (DETR, "export", "last:train"),
    "Export the last segformer training, no, the last rtdetr one": (DETR, "export", "last:train"),
    "Export the last segformer training. Sorry, the last rtdetr training.": (DETR, "export", "last:train"),
    "Export the last segformer model. No wait, the latest rtdetr model.": (DETR, "export", "last:train"),
    "evaluate the last segformer training on /d, sorry, the last rtdetr one": (
        DETR,
        "evaluate",
        "last:train",
    ),
    "run the last segformer export on d/b, no, the last rtdetr one": (DETR, "inference", "last:export"),
    "run the last segformer export on d/b, no, the last rtdetr export": (DETR, "inference", "last:export"),
}


@pytest.mark.parametrize(("said", "meant"), LAST.items())
def test_of_two_last_ones_the_second_is_meant(
    own_bank: Runtime, said: str, meant: tuple[str, str, str]
) -> None:
    found = own_bank.read(said)
    assert [(r.skill.partition(":")[2], r.action, r.parent) for r in found.requests] == [meant]
    assert not found.not_understood


def test_two_last_ones_of_different_kinds_are_not_put_for_each_other(own_bank: Runtime) -> None:
    with pytest.raises(AmbiguousSkillError):
        own_bank.read("run the last rtdetr export on d/b, no, the last segformer training")


EARLIER = {
    "20 epochs and not 30 like last time": 20,
    "20 epochs, not 30 as before": 20,
    "20 epochs instead of 30 like last time": 20,
    "20 epochs, not 30 as in the last run": 20,
    "20 epochs instead of the 30 of last time": 20,
    "20 epochs, not 30 like yesterday": 20,
}


@pytest.mark.parametrize(("said", "epochs"), EARLIER.items())
def test_the_earlier_run_that_had_what_is_excluded_says_nothing(
    own_bank: Runtime, said: str, epochs: int
) -> None:
    found = own_bank.read(f"train rtdetr on d/a, val d/b, no hpo, {said}")
    assert [(s.key, s.value) for r in found.requests for s in r.settings] == [(EPOCHS, epochs)]
    assert found.requests[0].parent is None
    assert not found.not_understood


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("20 epochs like last time", "20 epochs like last time"),
        ("20 epochs and not 30, like last time", "like last time"),
        ("20 epochs and not 30 like in job 0fd673", "like in job 0fd673"),
    ],
)
def test_an_earlier_run_that_is_to_be_followed_is_asked_about(
    own_bank: Runtime, said: str, words: str
) -> None:
    assert words in own_bank.read(f"train rtdetr on d/a, val d/b, no hpo, {said}").not_understood
