"""A step that is said to be done with what an earlier one leaves starts from that, and from no job."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
OF_THE_STEP = (
    "export 0fd673, then run the exported model on data/new",
    "export 0fd673 and evaluate the exported model on data/b",
    "export 0fd673, then run what was exported on data/new",
    "export 0fd673. Use the exported model on data/new to find cars",
    "export c25a97 and find cars in data/new with the exported model",
    "export 0fd673, then run inference with the exported one on data/new",
)
OF_THE_JOB = (
    "export 0fd673, then evaluate it on data/b",
    "export 0fd673, then evaluate the job on data/b",
    "export 0fd673, put the onnx into ./y, then evaluate it on data/b",
)
OF_ANOTHER = {
    "export 0fd673, build an fp16 engine, then evaluate the exported model on data/b": "the exported model",
    "quantize 0fd673, export it, then evaluate the quantized model on data/b": "the quantized model",
    f"{TRAIN}, export it, then evaluate the trained model on data/c": "the trained model",
    f"{TRAIN}, export it, then run the fine-tuned model on data/c": "the fine-tuned model",
}


@pytest.mark.parametrize("text", OF_THE_STEP)
def test_what_a_step_leaves_is_what_the_next_starts_from(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    first, second = read.requests
    assert (first.action, first.parent is not None, second.parent) == ("export", True, None)
    [_, plan] = own_bank.plan(text)
    assert [each.action for each in plan.parents] == ["export"]


@pytest.mark.parametrize("text", OF_THE_JOB)
def test_what_is_said_of_a_job_starts_from_that(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    first, second = read.requests
    assert second.parent == first.parent is not None
    assert not read.not_understood


@pytest.mark.parametrize(("text", "words"), OF_ANOTHER.items())
def test_what_another_than_the_step_before_leaves_is_asked_about(
    own_bank: Runtime, text: str, words: str
) -> None:
    assert words in own_bank.read(text).not_understood


def test_the_model_of_the_training_before_is_no_question(own_bank: Runtime) -> None:
    read = own_bank.read(f"{TRAIN}, then evaluate the trained model on data/c and export it")
    assert not read.not_understood
    assert [each.action for each in read.requests] == ["train", "evaluate", "export"]
