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
    f"{TRAIN}, part 1": "part 1",
    f"{TRAIN}, lr decays to 1e-6": "lr decays to 1e-6",
    f"{TRAIN}. I have only 2 gpus": "have only 2",
    f"{TRAIN}. We may want 20 epochs": "We may want 20",
    f"{TRAIN}. The other one gets 20 epochs.": "other one gets 20 epochs",
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
)


@pytest.mark.parametrize(("text", "words"), ASKED.items())
def test_such_words_are_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    asked = own_bank.read(text).not_understood
    assert any(words in each for each in asked), asked


@pytest.mark.parametrize("text", READ)
def test_like_words_that_are_understood_ask_nothing(own_bank: Runtime, text: str) -> None:
    assert not own_bank.read(text).not_understood
