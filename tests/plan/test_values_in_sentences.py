"""Values in whole sentences: "30 epochs should do it", "it should take 20 epochs"."""

from __future__ import annotations

import pytest
from benchmarks.requests.answers import Planned, answer

from skillbank.runtime import Runtime

TRAIN = "Train rtdetr on /a/b without HPO"
EPOCHS = "train.num_epochs"
VALUES: dict[str, dict[str, object]] = {
    f"{TRAIN}, 30 epochs should do it.": {EPOCHS: 30},
    f"{TRAIN}. 10 epochs will do grand.": {EPOCHS: 10},
    f"{TRAIN}. It should take 20 epochs.": {EPOCHS: 20},
    f"{TRAIN}. I'd say 30 epochs and a batch of 8 is about right.": {EPOCHS: 30, "dataset.batch_size": 8},
    f"{TRAIN}. The batch size can stay at 4.": {"dataset.batch_size": 4},
    f"{TRAIN} with a smaller learning rate of 5e-5.": {"train.optim.lr": 5e-5},
    f"{TRAIN}, amp bf16.": {"train.precision": "bf16"},
    f"{TRAIN}, with 20 as the number of epochs.": {EPOCHS: 20},
    f"{TRAIN}. Forty epochs ought to be enough.": {EPOCHS: 40},
    "Let's do a quick 2-epoch smoke test: rtdetr on /a/b, no HPO.": {EPOCHS: 2},
}
ASKED = [
    f"{TRAIN}. A smaller learning rate would be good.",
    f"{TRAIN}. It took 20 epochs and should have been 30.",
    f"{TRAIN}, 30 epochs should be about the limit.",
]
SHARES = {
    "Split /a/b into train 60, val 20, test 20 percent.": {"split.val": "0.2", "split.test": "0.2"},
    "Split /a/b into train 80 and val 20 %.": {"split.val": "0.2"},
    "Split /a/b: eighty percent for training and twenty percent for validation.": {"split.val": "0.2"},
}


def plan(own_bank: Runtime, text: str) -> Planned:
    [planned] = answer(own_bank, text).plans
    return planned


@pytest.mark.parametrize("text", VALUES)
def test_a_value_is_read_in_its_sentence(own_bank: Runtime, text: str) -> None:
    planned = plan(own_bank, text)
    assert planned.runs and planned.slots["set"] == VALUES[text]


@pytest.mark.parametrize("text", ASKED)
def test_a_value_that_is_none_is_asked_about(own_bank: Runtime, text: str) -> None:
    assert any(q.key == "words" for q in plan(own_bank, text).asked)


@pytest.mark.parametrize("text", SHARES)
def test_the_last_percent_is_said_of_all_shares(own_bank: Runtime, text: str) -> None:
    assert plan(own_bank, text).slots["set"] == SHARES[text]


@pytest.mark.parametrize(
    "said", ["no automatic search of any sort", "leave out the automatic search of settings"]
)
def test_a_search_of_any_sort_is_none(own_bank: Runtime, said: str) -> None:
    planned = plan(own_bank, f"Train rtdetr on /a/b, {said}.")
    assert planned.runs and planned.slots["policy"] == "off"


def test_a_run_should_use_a_checkpoint(own_bank: Runtime) -> None:
    text = "Evaluate rtdetr on /a/b. It should use the checkpoint from the last training."
    assert plan(own_bank, text).runs


@pytest.mark.parametrize(
    "said", ["with the checkpoint of job 0fd673 as the weights", "from job 0fd673 as weights"]
)
def test_a_job_is_used_as_the_weights(own_bank: Runtime, said: str) -> None:
    planned = plan(own_bank, f"Fine-tune rtdetr on /a/b {said}, no HPO.")
    assert planned.runs and planned.slots["parent"] == "0fd673"


def test_weights_are_from_the_hub(own_bank: Runtime) -> None:
    text = f"{TRAIN}; the weights are from the hub, PekingU/rtdetr_v2_r18vd."
    assert plan(own_bank, text).slots["pretrained"] == "PekingU/rtdetr_v2_r18vd"
