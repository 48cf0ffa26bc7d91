"""Values said in words: each belongs to the longest name it stands with, or the plan asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skillbank.bank.discovery import Library
from skillbank.bank.search import SearchIndex
from skillbank.errors import ConflictError
from skillbank.plan.reader.reading import read_text
from skillbank.plan.request import Request, parse_settings

Read = Callable[[str], Request]


@pytest.fixture(scope="module")
def read() -> Iterator[Read]:
    library = Library()
    index = SearchIndex(library.skills)

    def one(said: str) -> Request:
        [request] = read_text(said, library, index).requests
        return request

    yield one
    index.close()


def settings(request: Request) -> dict[str, Any]:
    return {setting.key: setting.value for setting in request.settings}


TRAIN = "train Grounding DINO on /a/train and validate on /a/val"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("backbone learning rate 1e-5", {"train.optim.lr_backbone": 1e-5}),
        ("lr 1e-4, 1e-5 for the backbone", {"learning_rate": 1e-4, "train.optim.lr_backbone": 1e-5}),
        ("epochs 10 batch 4", {"train.num_epochs": 10, "batch_size": 4}),
        ("not 10 but 20 epochs", {"train.num_epochs": 20}),
        (
            "keep a checkpoint every 500 steps",
            {"train.checkpoint_interval": 500, "train.checkpoint_interval_unit": "step"},
        ),
        ("max text length = 128", {"model.max_text_len": 128}),
        ("turn wandb on, project kelp-watch", {"wandb.enable": True, "wandb.project": "kelp-watch"}),
        ("lr steps 9 and 13", {"train.optim.lr_steps": [9, 13]}),
        ("backbone resnet50", {"model.backbone": "resnet_50"}),
        ("gpu_ids=0,1", {"train.gpu_ids": [0, 1]}),
    ],
)
def test_a_value_belongs_to_the_longest_name(read: Read, said: str, expected: dict[str, Any]) -> None:
    request = read(f"{TRAIN}, no HPO, {said}")
    assert settings(request) == expected
    assert not request.questions


@pytest.mark.parametrize(
    "said",
    [
        "batch size 16 in total on 4 GPUs",
        "freeze the backbone for the first 5 epochs",
        "lower the lr after 8 epochs",
        "from epoch 12",
        "on node 3",
        "gpus=all",
        "for a week",
        "patience 5",
        "10k steps",
        "with my usual settings",
        "batch size 4 or 8",
        "on an A100 80GB",
        "on an RTX 4090",
        "on a B200",
    ],
)
def test_what_is_no_value_of_a_slot_is_asked_about(read: Read, said: str) -> None:
    assert read(f"{TRAIN}, no HPO, {said}").questions


@pytest.mark.parametrize(
    ("said", "gpus", "nodes"),
    [
        ("16 GPUs over 2 nodes", 8, 2),
        ("4 nodes x 8 GPUs", 8, 4),
        ("not on the GPU", 0, None),
        ("on 2x RTX 3090", 2, None),
    ],
)
def test_gpus(read: Read, said: str, gpus: int, nodes: int | None) -> None:
    request = read(f"{TRAIN}, no HPO, {said}")
    assert (request.gpus, request.nodes) == (gpus, nodes)
    assert not request.questions


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("learning rate between 1e-5 and 1e-3", {"automl.ranges.train.optim.lr": [1e-5, 1e-3]}),
        ("batch size 2, 4 or 8", {"automl.ranges.dataset.batch_size": {"choices": [2, 4, 8]}}),
        ("search only over momentum", {"automl.parameters": ["train.optim.momentum"]}),
        ("at most 6 hours", {"automl.time_budget": "6h"}),
        ("no trial longer than 45 minutes", {"automl.trial_timeout": "45m"}),
        ("skip the baseline evaluation", {"automl.baseline": False}),
    ],
)
def test_a_search(read: Read, said: str, expected: dict[str, Any]) -> None:
    request = read(f"{TRAIN} with HPO, {said}")
    assert request.automl == "on"
    assert settings(request) == expected
    assert not request.questions


@pytest.mark.parametrize("said", ["HPO only if needed", "with and without HPO", "with optuna"])
def test_a_search_with_a_condition_is_asked_about(read: Read, said: str) -> None:
    assert read(f"{TRAIN}, {said}").questions


@pytest.mark.parametrize(
    "text",
    [
        'train Grounding DINO on s3://b/t, no HPO, {"train.num_epochs": 3, "train.num_epochs": 5}',
        "train Grounding DINO on s3://b/t, no HPO\ntrain:\n  num_epochs: 3\n  num_epochs: 5\n",
    ],
)
def test_a_key_that_is_given_twice_in_one_block_is_refused(read: Read, text: str) -> None:
    with pytest.raises(ConflictError, match="num_epochs' twice"):
        read(text)


def test_a_key_that_is_given_twice_in_one_value_is_refused() -> None:
    with pytest.raises(ConflictError, match="'lr' twice"):
        parse_settings(['train.optim={"lr": 1, "lr": 2}'])
    assert parse_settings(['train.optim={"lr": 1, "wd": 1}'])


@pytest.mark.parametrize(
    ("words", "gpus"),
    [
        ("on the GPU", 1), ("using my gpu", 1), ("on the GPU, 2 GPUs", 2), ("not on the GPU", 0),
        ("on the cpu", 0), ("not on the cpu", None), ("", None),
    ],
)  # fmt: skip
def test_a_gpu_that_is_named_is_asked_for(read: Read, words: str, gpus: int | None) -> None:
    """A machine without one refuses it; where nobody spoke of a GPU it trains without."""
    assert read(f"train Grounding DINO on s3://b/t, no HPO, {words}").gpus == gpus


def test_gpus_that_are_named_by_number_are_those(read: Read) -> None:
    request = read("train Grounding DINO on s3://b/t, no HPO, on the GPU, gpu ids 2 and 3")
    assert ("train.gpu_ids", [2, 3]) in [(s.key, s.value) for s in request.settings]
