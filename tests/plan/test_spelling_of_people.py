"""How people write what they mean: places of Windows, "max.", "0fd673's", "cat(s)", "val = 10 %"."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import Planned, answer

from skillbank.runtime import Runtime


def plan(own_bank: Runtime, text: str) -> Planned:
    [planned] = answer(own_bank, text).plans
    return planned


@pytest.mark.parametrize(
    "place", ["D:/data/train", "c:/a/b", r"D:\data\train", r"\\srv\share\data", r".\data\train", r"..\train"]
)
def test_places_of_windows_are_read_whole(own_bank: Runtime, place: str) -> None:
    planned = plan(own_bank, f"train rtdetr on {place}, no hpo")
    assert planned.slots["data"] == {"train_datasets": [place]} and planned.runs


def test_a_key_of_one_word_is_no_drive(own_bank: Runtime) -> None:
    planned = plan(own_bank, "train rtdetr with data:/data/x, no hpo")
    assert planned.slots["data"] == {"train_datasets": ["/data/x"]}


@pytest.mark.parametrize("word", ["max.", "max", "ca.", "approx."])
def test_a_shortened_word_ends_no_sentence(own_bank: Runtime, word: str) -> None:
    planned = plan(own_bank, f"train rtdetr on data/a, no hpo, {word} 20 epochs")
    assert planned.slots["set"] == {"train.num_epochs": 20} and planned.runs


@pytest.mark.parametrize("text", ["export 0fd673's best checkpoint", "export job 0fd673's model"])
def test_whose_a_checkpoint_is(own_bank: Runtime, text: str) -> None:
    planned = plan(own_bank, text)
    assert planned.slots["parent"] == "0fd673" and planned.runs


def test_one_or_several_of_a_thing(own_bank: Runtime) -> None:
    planned = plan(own_bank, "find cat(s) and dog(s) in pics/ using c25a97")
    assert planned.slots["captions"] == ["cat", "dog"] and planned.runs


@pytest.mark.parametrize("shares", ["val = 10 %, test = 5 %", "val=10%, test=5%", "val: 10%, test: 5%"])
def test_shares_with_a_sign_of_equality(own_bank: Runtime, shares: str) -> None:
    planned = plan(own_bank, f"split ./shots, {shares}")
    assert planned.slots["set"] == {"split.val": "0.1", "split.test": "0.05"} and planned.runs


def test_a_share_is_the_value_of_a_setting(own_bank: Runtime) -> None:
    planned = plan(own_bank, "train rtdetr on data/a, no hpo, dropout=10%")
    assert planned.slots["set"] == {"model.dropout_ratio": 0.1}
