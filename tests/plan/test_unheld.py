"""What is said of a value that no key holds sets nothing, and the plan asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.plan.model import WORDS
from skillbank.plan.reader.reading import Reading, read_text

Read = Callable[[str], Reading]
TRAIN = "train rtdetr on /a/train and validate on /a/val, "


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)
    yield lambda said: read_text(said, library, index)
    index.close()


def settings(reading: Reading) -> dict[str, Any]:
    return {setting.key: setting.value for setting in reading.requests[0].settings}


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        # For a part of a training.
        ("freeze the backbone for 5 epochs", "freeze the backbone for 5 epochs"),
        ("freezing the backbone for 5 epochs", "freezing the backbone for 5 epochs"),
        (
            "keep the backbone frozen for the first 5 epochs",
            "keep the backbone frozen for the first 5 epochs",
        ),
        # A point that parts thousands, or a fraction of naughts.
        ("1.000 epochs", "1.000 epochs"),
        ("no hpo, 12.000 epochs", "12.000 epochs"),
        # Another unit than the key's.
        ("no hpo, 20 epochs, of which 5 warmup", "5 warmup"),
        ("no hpo, 20 epochs with 5 warmup", "5 warmup"),
        ("no hpo, 20 epochs (5 warmup)", "5 warmup"),
        ("no hpo, 20 epochs, warmup 5", "warmup 5"),
        ("no hpo, warmup 5, 20 epochs", "warmup 5"),
        ("no hpo, 20 epochs, first 5 warmup", "5 warmup"),
        ("no hpo, 20 epochs, warmup=5", "warmup=5"),
        # Both of two.
        ("with and without flips, no hpo", "with and without flips"),
        ("with or without flips, no hpo", "with or without flips"),
        # What something ends with.
        ("no hpo, final lr 1e-6", "final lr 1e-6"),
        ("no hpo, min lr 1e-6", "min lr 1e-6"),
        # Decay, of which a key is named and others end so.
        ("no hpo, decay 0.1", "decay 0.1"),
        # A size that the model has no key of.
        ("no hpo, the image size is 640", "size is 640"),
        # Limits of a search.
        ("hpo, stop a trial if it does not improve for 3 epochs", "does not improve for 3 epochs"),
        ("hpo, 8 trials on 4 gpus, one each", "one each"),
        ("hpo, 8 trials for each of 2 gpus", "each of 2 gpus"),
        ("hpo, 8 or more trials", "8 or more trials"),
        ("hpo, at least 8 trials", "at least 8 trials"),
        ("hpo, more than 8 trials", "more than 8 trials"),
        ("hpo, 8 trials, then 20 epochs for the best", "20 epochs for the best"),
        # Lengths that no key has.
        ("no hpo, 5 steps", "5 steps"),
        ("no hpo, 2.000 steps", "2.000 steps"),
        ("no hpo, in 3 steps", "3 steps"),
        ("no hpo, 3 things", "3 things"),
        ("no hpo, one batch", "one"),
        ("no hpo, for longer", "longer"),
        # A kind of GPU that looks like an id.
        ("no hpo, on gpu 3090", "gpu 3090"),
        ("no hpo, my gpu is a 3060", "gpu is a 3060"),
        # Signs of a shell and of comments.
        ("no hpo || train segformer on /a/train", "|| train"),
        ("no hpo <!-- 20 epochs -->", "20 epochs"),
    ],
)
def test_what_no_key_holds_is_asked_about(read: Read, said: str, asked: str) -> None:
    reading = read(TRAIN + said)

    assert any(asked in each for each in reading.unread), reading.unread
    assert all(any(q.key == WORDS for q in request.questions) for request in reading.requests)
    rest = said
    for each in reading.unread:
        rest = rest.replace(each, "")
    assert [value for value in settings(reading).values() if str(value) not in rest] == []


def test_a_correction_without_its_number_is_asked_about(read: Read) -> None:
    reading = read(TRAIN + "no hpo, 20 epochs, I meant batch size")

    assert "meant batch size" in reading.unread[0]


@pytest.mark.parametrize("said", ["lr 1e-4 with decay", "lr 1e-4 decaying"])
def test_a_learning_rate_with_decay_sets_no_decay(read: Read, said: str) -> None:
    reading = read(f"{TRAIN}no hpo, {said}")

    assert settings(reading) == {}
    assert reading.unread == (said,)


def test_to_be_small_is_asked_about(read: Read) -> None:
    assert read("train rtdetr to be small on /a/train, no hpo").unread


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "freeze the backbone and train for 5 epochs",
            {"train.num_epochs": 5, "model.train_backbone": False},
        ),
        ("freeze the backbone, 5 epochs", {"train.num_epochs": 5, "model.train_backbone": False}),
        ("no hpo, stop if it does not improve for 3 epochs", {"engine.early_stopping": 3}),
        ("hpo, no more than 8 trials", {"automl.max_recommendations": 8}),
        ("no hpo, 1,000 epochs", {"train.num_epochs": 1000}),
        ("no hpo, 500 warmup steps", {"train.optim.warmup_steps": 500}),
        ("no hpo, 20 epochs, 5 warmup steps", {"train.num_epochs": 20, "train.optim.warmup_steps": 5}),
        ("no hpo, 20 epochs, warmup 500", {"train.num_epochs": 20, "train.optim.warmup_steps": 500}),
        ("no hpo, initial lr 1e-4", {"learning_rate": 1e-4}),
        ("no hpo, weight decay 0.1", {"train.optim.weight_decay": 0.1}),
        ("no hpo, ema decay 0.99", {"engine.ema_decay": 0.99}),
    ],
)
def test_what_a_key_holds_is_set(read: Read, said: str, expected: dict[str, Any]) -> None:
    reading = read(TRAIN + said)

    assert settings(reading) == expected
    assert not reading.not_understood


def test_a_size_is_set_where_a_model_has_one(read: Read) -> None:
    reading = read("train segformer on /a/train, no hpo, the image size is 640")

    assert settings(reading) == {"dataset.segment.img_size": 640}


@pytest.mark.parametrize("said", ["let me have 2 gpus", "lemme have 2 gpus", "gimme 2 gpus"])
def test_gpus_that_somebody_asks_to_have_are_asked_for(read: Read, said: str) -> None:
    assert read(f"{TRAIN}no hpo, {said}").requests[0].gpus == 2


@pytest.mark.parametrize("said", ["2x A100 80GB", "2 a100s", "2 RTX 4090s", "2 x h100"])
def test_a_kind_of_gpu_is_said_to_choose_nothing(read: Read, said: str) -> None:
    reading = read(f"{TRAIN}on {said}")

    assert reading.requests[0].gpus == 2
    [note] = [each for each in reading.notes if "kind of GPU" in each]
    assert note.partition("'")[2].partition("'")[0] in said


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("on a single A100 of the slurm cluster", "A100"),
        ("on slurm with 2 A100s", "A100s"),
        ("on slurm, 2 nodes with 8 H100s each", "H100s"),
        ("with 8 H100 on kubernetes", "H100"),
        ("on kubernetes with one V100", "V100"),
        ("on slurm with 2x A100 80GB", "A100 80GB"),
    ],
)
def test_a_kind_of_gpu_on_one_of_many_machines_is_asked_about(read: Read, said: str, kind: str) -> None:
    reading = read(f"{TRAIN}no hpo, {said}")

    assert reading.unplaced == (kind,)
    assert reading.requests[0].gpus
    assert not [each for each in reading.notes if "kind of GPU" in each]


@pytest.mark.parametrize("said", ["in docker on 2 A100s", "locally on 2 A100s"])
def test_a_kind_of_gpu_of_this_machine_is_noted(read: Read, said: str) -> None:
    reading = read(f"{TRAIN}no hpo, {said}")

    assert not reading.not_understood
    assert [each for each in reading.notes if "kind of GPU" in each]


def test_a_number_of_gpus_has_no_note_of_a_kind(read: Read) -> None:
    assert not [each for each in read(f"{TRAIN}on 2 nvidia gpus").notes if "kind of GPU" in each]


@pytest.mark.parametrize(
    "said",
    [
        "two things: train rtdetr on /a/train with no hpo and export it",
        "Two steps. Train rtdetr on /a/train, no hpo, and export it",
    ],
)
def test_a_count_of_what_is_asked_for_is_no_length(read: Read, said: str) -> None:
    reading = read(said)

    assert [request.action for request in reading.requests] == ["train", "export"]
    assert not reading.not_understood
