"""A place is given to what a step leaves; for what no step makes, and for what may be either, it asks."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
ASKED = {
    f"{TRAIN}, put the onnx into ./y": "put the onnx into ./y",
    f"{TRAIN}, the engine goes to ./y": "the engine goes to ./y",
    f"{TRAIN}, write the boxes to ./y": "write the boxes to ./y",
    f"{TRAIN}, save the predictions in ./y": "save the predictions in ./y",
    f"{TRAIN}, put the exported model into ./y": "put the exported model into ./y",
    f"{TRAIN}, put the quantized model into ./y": "put the quantized model into ./y",
    "export 0fd673, put the engine into ./y": "put the engine into ./y",
    "evaluate 0fd673 on data/b, save the onnx in ./y": "save the onnx in ./y",
    "find cars in pics/ with c25a97, put the onnx into ./y": "put the onnx into ./y",
    f"{TRAIN}, checkpoints in ./y": "checkpoints in ./y",
    f"{TRAIN}, checkpoint in ./y": "checkpoint in ./y",
    f"{TRAIN}, weights in ./y": "weights in ./y",
}
WRITTEN = (
    f"{TRAIN}, put everything into ./y",
    f"{TRAIN}, checkpoints under ./y",
    f"{TRAIN}, weights to ./y",
    "export 0fd673, put the onnx into ./y",
    "find cars in pics/ with c25a97, labels to ./y",
    "find cars in pics/ with c25a97, write the predictions to ./y",
    "evaluate 0fd673 on data/b, predictions to ./y",
)
STARTED_FROM = (
    f"{TRAIN}, weights in ./y.pth",
    f"{TRAIN}, weights ./y",
    f"{TRAIN}, from the checkpoint in ./y",
    f"{TRAIN}, with the weights in ./y",
    f"{TRAIN}, pretrained weights in ./y",
    f"{TRAIN}. The weights lie in ./y.",
)


@pytest.mark.parametrize(("text", "words"), ASKED.items())
def test_a_place_for_what_no_step_makes_is_asked_about(own_bank: Runtime, text: str, words: str) -> None:
    read = own_bank.read(text)
    assert words in read.unread
    assert read.requests[0].results_root is None
    assert read.requests[0].pretrained is None


@pytest.mark.parametrize("text", WRITTEN)
def test_what_a_step_makes_is_written_to_its_place(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert read.requests[0].results_root == "./y"
    assert not read.not_understood


@pytest.mark.parametrize("text", STARTED_FROM)
def test_a_training_starts_from_weights_that_lie_somewhere(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert str(read.requests[0].pretrained).startswith("./y")
    assert not read.not_understood
