"""What kind of model a request speaks of: one that the named model is not asks; one that waits is told."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

OTHERS = {
    "train segformer as a detector on data/a, no hpo": "detector",
    "train segformer as our new detector on data/a, no hpo": "detector",
    "train segformer for detection on data/a, no hpo": "detection",
    "train the segformer detector on data/a, no hpo": "detector",
    "train a detector with segformer on data/a, no hpo": "detector",
    "train the detector segformer on data/a, no hpo": "detector",
    "train image classification as a detector on data/a, no hpo": "detector",
    "use rtdetr for segmentation, train it on data/a, no hpo": "segmentation",
    "evaluate segformer job f16b02 as a detector on data/a": "detector",
}


@pytest.mark.parametrize(("text", "words"), OTHERS.items())
def test_a_kind_that_the_named_model_is_not_of_is_asked_about(
    runtime: Runtime, text: str, words: str
) -> None:
    assert words in runtime.read(text).unread


@pytest.mark.parametrize(
    "text",
    [
        "train rtdetr as an object detector on data/a, no hpo",
        "train rtdetr for object detection on data/a, no hpo",
        "train a detector with rtdetr on data/a, no hpo",
        "train segformer for semantic segmentation on data/a, no hpo",
        "train segformer on the detection crops in data/a, no hpo",
        "our detector is fine. Train segformer on data/a, no hpo",
    ],
)
def test_a_kind_that_the_model_is_of_or_that_is_another_ones_asks_nothing(
    runtime: Runtime, text: str
) -> None:
    assert not runtime.read(text).not_understood


@pytest.mark.parametrize(
    "said", ["Segformer later", "segformer tomorrow", "Segformer can wait", "Segformer another day"]
)
def test_a_model_that_is_put_off_is_told(runtime: Runtime, said: str) -> None:
    reading = runtime.read(f"train rtdetr on data/a, no hpo. {said}.")
    assert len(reading.requests) == 1 and not reading.not_understood
    assert f"'{said}' is put off, and nothing of it is started" in reading.notes
