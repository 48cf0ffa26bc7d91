"""What is told is told of all that it lists; what is to be now is read or asked about, and not told too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]
TRAIN = "train rtdetr on data/a, val data/b, no hpo"
EVALUATE = "evaluate rtdetr with m.pth on data/b"


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(said, library, index)
    index.close()


def set_by(reading: Reading) -> dict[str, Any]:
    """Return the values, machines and the platform that a request sets."""
    request = reading.requests[0]
    said = {s.key: s.value for s in request.settings if "checkpoint" not in s.key}
    rest = {"gpus": request.gpus, "platform": request.platform}
    return {**said, **{key: value for key, value in rest.items() if value is not None}}


@pytest.mark.parametrize(
    "said",
    [
        f"{TRAIN}, last time it was 20 epochs and 2 gpus", f"{TRAIN}, Bob used 20 epochs and 2 gpus",
        f"{TRAIN}, it ran on slurm and 2 gpus", f"{TRAIN}. It was on slurm.",
        f"{EVALUATE}. Slurm and docker didn't work.", f"{EVALUATE}. Slurm and docker were tried.",
        f"{EVALUATE}. We tried slurm and docker.", f"{EVALUATE}. It ran on slurm, then docker.",
        f"{EVALUATE}. We tried 2 gpus and 4 gpus.", f"{EVALUATE}. It had threshold 0.3 and batch size 2.",
        f"{EVALUATE}, which was trained on 2 gpus and slurm",
        f"{EVALUATE}, we trained it with fp16 and 2 gpus",
        "export rtdetr with m.pth. Bob used opset 17 and batch size 1.",
    ],
)  # fmt: skip
def test_a_list_is_told_as_its_first_is(read: Read, said: str) -> None:
    reading = read(said)
    assert set_by(reading) == {}
    assert reading.not_understood == ()


@pytest.mark.parametrize(
    "said",
    [
        f"{TRAIN}, it had 20 epochs, 2 gpus and fp16", f"{EVALUATE}. Both slurm and docker are down.",
        f"{TRAIN}, Bob will export and evaluate it on data/b",
        # What takes up what was told.
        f"{TRAIN}. Bob used lr 1e-4, do as he did.", f"{TRAIN}. Bob used lr 1e-4, me too.",
        f"{TRAIN}. Last time we used 50 epochs, which is what I want.",
        f"{TRAIN}. Last time we used 50 epochs, which I'd like again.",
        f"{TRAIN}. As Bob said, lr 1e-4.", f"{TRAIN}. According to Bob lr 1e-4 is best, so take it.",
        "export rtdetr with m.pth. We had opset 17, now 16.", f"{TRAIN}. It ran on 2 gpus, one is enough.",
        # Where an earlier run was validated, and what it began with.
        "train rtdetr on data/a, no hpo. Val was data/b.", "train rtdetr on data/a, no hpo. m.pth was lost.",
        "train rtdetr on data/a, no hpo. We validated on data/b.",
        "train rtdetr on data/a, no hpo. Validation on data/b was good.",
        "train rtdetr on data/a, no hpo. We started from m.pth.",
        "train rtdetr on data/a, no hpo. The last result was m.pth.",
    ],
)  # fmt: skip
def test_what_may_be_meant_is_asked_about(read: Read, said: str) -> None:
    reading = read(said)
    assert reading.not_understood
    assert "gpus" not in set_by(reading)
    assert reading.requests[0].pretrained is None


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("Last time we used 50 epochs, now 30.", {"train.num_epochs": 30}),
        ("Last time we used 50 epochs, 30 are enough.", {"train.num_epochs": 30}),
        ("Last time we used 50 epochs, 30 will do.", {"train.num_epochs": 30}),
        ("Last time we used 50 epochs, go for 30.", {"train.num_epochs": 30}),
        ("Last time we used 50 epochs. Enough: 30.", {"train.num_epochs": 30}),
        ("Last time it ran on 2 gpus, 4 now.", {"gpus": 4}),
        ("Last time it ran on 2 gpus, now with 4.", {"gpus": 4}),
        ("Last time it crashed with batch 8, 4 should work.", {"batch_size": 4}),
        ("Batch size 8 was too much, 4 fits.", {"batch_size": 4}),
        ("Bob used lr 1e-4, I use 1e-5.", {"learning_rate": 1e-5}),
        ("Bob used lr 1e-4, mine is 1e-5.", {"learning_rate": 1e-5}),
    ],
)
def test_a_number_behind_what_was_is_the_one_to_be(read: Read, told: str, value: dict[str, Any]) -> None:
    reading = read(f"{TRAIN}. {told}")
    assert set_by(reading) == value
    assert reading.not_understood == ()


def test_of_two_numbers_that_are_told_none_is_replaced(read: Read) -> None:
    reading = read(f"{TRAIN}. Last time it took 3 hours on 2 gpus, now 5.")
    assert reading.not_understood == ("5",)
    assert "gpus" not in set_by(reading)


def test_what_is_ordered_behind_what_is_told_is_no_part_of_it(read: Read) -> None:
    reading = read("train rtdetr on data/a, no hpo. The machine has eight H100s, take them all.")
    assert reading.requests[0].gpus == 8
