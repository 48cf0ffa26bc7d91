"""A time of the day is one thing: asked about where a run is to start, and no part of it where it is told."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "train rtdetr on data/a, val data/b, no hpo"
ASKED = {
    f"{TRAIN}, at 22:00": "22:00",
    f"{TRAIN}, tonight at 22:00": "tonight at 22:00",
    f"{TRAIN}, after 18:00": "after 18:00",
    f"{TRAIN}, not before 20:30 please": "not before 20:30",
    f"{TRAIN}, from 6:15 on": "6:15",
    "export 0fd673 at 10:30 pm": "10:30 pm",
    "evaluate 0fd673 on data/b at 07:45": "07:45",
    "check data/a at 22:00": "22:00",
    "tomorrow at 6:30 start a rtdetr training on data/a, val data/b, no hpo": "tomorrow at 6:30",
    "start a rtdetr training on data/a tomorrow, val data/b, no hpo": "tomorrow",
    "later start an evaluation of 0fd673 on data/b": "later",
    "convert data/a to coco after 18:00": "after 18:00",
}
PUT_OFF = (
    "Export 0fd673. Tomorrow I will start an evaluation.",
    "Export 0fd673. The evaluation can start tomorrow.",
)
TOLD = (
    "The pictures arrived at 09:30. evaluate 0fd673 on data/b",
    "We meet at 14:00. Export 0fd673.",
    "the trap was emptied at 6:15 and the lens cleaned. Run c25a97 on data/b for moths",
)


@pytest.mark.parametrize(("text", "words"), ASKED.items())
def test_when_a_run_is_to_start_is_asked_about_as_it_was_said(
    own_bank: Runtime, text: str, words: str
) -> None:
    assert own_bank.read(text).not_understood == (words,)


@pytest.mark.parametrize("text", TOLD)
def test_a_time_that_is_told_changes_nothing(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert not read.not_understood
    assert any(":" in note for note in read.notes)


@pytest.mark.parametrize("text", PUT_OFF)
def test_what_somebody_puts_off_is_not_done(own_bank: Runtime, text: str) -> None:
    assert [each.action for each in own_bank.read(text).requests] == ["export"]


def test_a_share_is_no_time(own_bank: Runtime) -> None:
    read = own_bank.read("split data/a at 80:20")
    assert [(each.key, str(each.value)) for each in read.requests[0].settings] == [("split.val", "0.2")]
