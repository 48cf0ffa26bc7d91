"""What stands beside a training in few words, and was passed over without one, is asked about."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
ASKED = {
    # Where a place is, and which of it.
    "train rtdetr on user@box7:/mnt/a, no hpo": "/mnt/a",
    "train rtdetr on /mnt/a/..., no hpo": "/mnt/a/",
    "train rtdetr on data/a - data/b, no hpo": "data/b",
    f"{TRAIN}, from PekingU/rtdetr_r18vd@main": "PekingU/rtdetr_r18vd",
    f"{TRAIN}, from Bob": "from Bob",
    f"{TRAIN}, from there": "from there",
    "find cars in pics/ that are not in old/ with c25a97": "that are not in old/",
    # What a number is of, and whether it is meant.
    f"{TRAIN}, cuda 12": "cuda 12",
    f"{TRAIN}, first on cpu": "first",
    f"{TRAIN}, with larger images": "larger images",
    "train one rtdetr per folder in data/, no hpo": "per folder",
    f"{TRAIN}, part 1": "part 1",
    f"{TRAIN}, lr decays to 1e-6": "lr decays to 1e-6",
    f"{TRAIN}. I have only 2 gpus": "have only 2",
    f"{TRAIN}. We may want 20 epochs": "We may want 20",
    f"{TRAIN}. The other one gets 20 epochs.": "other one gets 20 epochs",
    "train rtdetr, no hpo\ndata: data/a\npretrained: true": "pretrained: true",
    # What a training does not start from, and which parts of the data are bad.
    "train rtdetr on data/a against m.pth, no hpo": "m.pth",
    "convert data/a to coco. Anna's pictures are embargoed.": "Anna's pictures are embargoed",
    "convert data/a to coco; the masks are wrong": "the masks are wrong",
    "find cars with boxes in pics/ with c25a97": "with boxes",
    "find all cars but one in pics/ with c25a97": "but one",
    "find cars in pics/ with c25a97. Bob wants bikes.": "Bob wants bikes",
    # What is asked for in words of an order.
    "give me the command to train rtdetr on data/a, no hpo": "give me the command to",
    "could rtdetr learn from data/a, no hpo?": "learn",
    "finish training rtdetr on data/a, no hpo": "finish training",
    "find me in ./a with c25a97": "find me",
}
READ = (
    f"{TRAIN}, from scratch",
    f"{TRAIN}, from nothing",
    "train rtdetr, data:/mnt/a, val:/mnt/b, no hpo",
    "train rtdetr on data/a, val data/b, no hpo...",
    f"Part 1: {TRAIN}",
    "check data/a. Those from the north are garbage.",
    "find cars with drivers in pics/ with c25a97",
)


@pytest.mark.parametrize(("text", "words"), ASKED.items())
def test_such_words_are_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    asked = own_bank.read(text).not_understood
    assert any(words in each for each in asked), asked


@pytest.mark.parametrize("text", READ)
def test_like_words_that_are_understood_ask_nothing(own_bank: Runtime, text: str) -> None:
    assert not own_bank.read(text).not_understood


def test_a_file_apart_from_a_training_and_an_evaluation_is_asked_about(own_bank: Runtime) -> None:
    train, _ = own_bank.read("train rtdetr on data/a, no hpo, evaluate on data/b, from m.pth").requests
    assert [q.key for q in train.questions] == ["pretrained"]
    train, _ = own_bank.read("train rtdetr on data/a, no hpo, then evaluate on data/b with m.pth").requests
    assert not train.questions
