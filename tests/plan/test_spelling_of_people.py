"""How people write what they mean: places of Windows, "max.", "0fd673's", "cat(s)", "val = 10 %"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.requests.answers import Planned, alone, answer, open_with_jobs

from skillbank.runtime import Runtime

JOBS = Path(__file__).parents[1] / "requests" / "strangers" / "twenty_second"


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with alone(), open_with_jobs(JOBS) as opened:
        yield opened


def plan(runtime: Runtime, text: str) -> Planned:
    [planned] = answer(runtime, text).plans
    return planned


@pytest.mark.parametrize(
    "place", ["D:/data/train", "c:/a/b", r"D:\data\train", r"\\srv\share\data", r".\data\train", r"..\train"]
)
def test_places_of_windows_are_read_whole(runtime: Runtime, place: str) -> None:
    planned = plan(runtime, f"train rtdetr on {place}, no hpo")
    assert planned.slots["data"] == {"train_datasets": [place]} and planned.runs


def test_a_key_of_one_word_is_no_drive(runtime: Runtime) -> None:
    planned = plan(runtime, "train rtdetr with data:/data/x, no hpo")
    assert planned.slots["data"] == {"train_datasets": ["/data/x"]}


@pytest.mark.parametrize("word", ["max.", "max", "ca.", "approx."])
def test_a_shortened_word_ends_no_sentence(runtime: Runtime, word: str) -> None:
    planned = plan(runtime, f"train rtdetr on data/a, no hpo, {word} 20 epochs")
    assert planned.slots["set"] == {"train.num_epochs": 20} and planned.runs


@pytest.mark.parametrize("text", ["export 0fd673's best checkpoint", "export job 0fd673's model"])
def test_whose_a_checkpoint_is(runtime: Runtime, text: str) -> None:
    planned = plan(runtime, text)
    assert planned.slots["parent"] == "0fd673" and planned.runs


def test_one_or_several_of_a_thing(runtime: Runtime) -> None:
    planned = plan(runtime, "find cat(s) and dog(s) in pics/ using c25a97")
    assert planned.slots["captions"] == ["cat", "dog"] and planned.runs


@pytest.mark.parametrize("shares", ["val = 10 %, test = 5 %", "val=10%, test=5%", "val: 10%, test: 5%"])
def test_shares_with_a_sign_of_equality(runtime: Runtime, shares: str) -> None:
    planned = plan(runtime, f"split ./shots, {shares}")
    assert planned.slots["set"] == {"split.val": "0.1", "split.test": "0.05"} and planned.runs


def test_a_share_is_the_value_of_a_setting(runtime: Runtime) -> None:
    planned = plan(runtime, "train rtdetr on data/a, no hpo, dropout=10%")
    assert planned.slots["set"] == {"model.dropout_ratio": 0.1}
