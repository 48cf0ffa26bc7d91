"""A wish is one whoever has it; a question and a reason are none, and what is put off is told."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
EXPORTED = (
    "Everybody wants an export.",
    "Everyone needs an export.",
    "Bob wants an export.",
    "The director wants an export.",
    "The customer needs an export.",
    "They want an export.",
    "They all need ONNX.",
)
NOT_EXPORTED = (
    "Who wants an export?",
    "Bob wanted an export.",
    "Nobody wants an export.",
    "None of us wants an export.",
    "We train it because Bob wants an export.",
)
PUT_OFF = {
    "Everybody wants an export tomorrow.": "an export tomorrow",
    "I need an export tomorrow.": "I need an export tomorrow",
    "An engine next week.": "An engine next week",
    "Export can wait.": "Export can wait",
}


@pytest.mark.parametrize("wish", EXPORTED)
def test_a_wish_of_others_is_done(runtime: Runtime, wish: str) -> None:
    reading = runtime.read(f"{TRAIN}. {wish}")
    assert [r.action for r in reading.requests] == ["train", "export"]
    assert not reading.not_understood


@pytest.mark.parametrize("told", NOT_EXPORTED)
def test_what_is_no_wish_is_not_done(runtime: Runtime, told: str) -> None:
    assert [r.action for r in runtime.read(f"{TRAIN}. {told}").requests] == ["train"]


@pytest.mark.parametrize(("said", "words"), PUT_OFF.items())
def test_what_is_put_off_is_told(runtime: Runtime, said: str, words: str) -> None:
    reading = runtime.read(f"{TRAIN}. {said}")
    assert [r.action for r in reading.requests] == ["train"]
    assert f"'{words}' is put off, and is not done" in reading.notes
