"""Of two things that a condition chooses between neither is set: no plan chooses, and the person is asked."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
CHOSEN = {
    f"Use bf16 if the card can do it, else fp16: {TRAIN}": "if the card can do it",
    f"If the GPU is free use fp32, if not use fp16: {TRAIN}": "use fp32",
    f"{TRAIN}, in fp16, or bf16 if supported": "bf16 if supported",
    f"{TRAIN}, bf16 if possible, otherwise fp32": "otherwise fp32",
    f"{TRAIN}, batch size 8 if it fits, otherwise batch size 4": "batch size 8 if it fits",
    f"{TRAIN}, on 2 gpus if they are free, otherwise on 1 gpu": "on 2 gpus if they are free",
    f"{TRAIN}, on slurm if there is room, else locally": "on slurm if there is room",
    f"{TRAIN}, 20 epochs, or 10 epochs in case it is slow": "10 epochs in case it is slow",
    "train segformer on data/a, no hpo, lr 1e-4 if it is stable, else lr 5e-5": "lr 1e-4 if it is stable",
    "evaluate 0fd673 on data/b with batch size 8, or batch size 4 if it is short": "batch size 4 if it",
}
SET = {
    f"{TRAIN}, batch size 8, then evaluate it on data/c with batch size 4": {"batch_size": 8},
    f"{TRAIN}, if you can, 20 epochs, no, 30 epochs": {"train.num_epochs": 30},
}
"""Two values that do not exclude each other, or of which one corrects the other."""


@pytest.mark.parametrize(("text", "words"), CHOSEN.items())
def test_what_a_condition_chooses_between_is_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    read = own_bank.read(text)
    [request] = read.requests
    assert any(words in each for each in read.not_understood), read.not_understood
    assert not request.settings
    assert (request.gpus, request.platform) == (None, None)


@pytest.mark.parametrize(("text", "settings"), SET.items())
def test_what_nothing_chooses_between_is_set(
    own_bank: Runtime, text: str, settings: dict[str, object]
) -> None:
    read = own_bank.read(text)
    assert {each.key: each.value for each in read.requests[0].settings} == settings
    assert not read.not_understood
