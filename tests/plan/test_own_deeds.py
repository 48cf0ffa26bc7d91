"""What people do themselves beside a request is no order, and an order before another holds its place."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

BASE = "train rtdetr on /trees/train, val /trees/val, no hpo"


@pytest.mark.parametrize(
    "said",
    [
        "Then I can export it.", "Then we can export it.", "Now I can evaluate it on /trees/test.",
        "After that I may export it.", "My colleague does the export and the evaluation on /trees/test.",
    ],
)  # fmt: skip
def test_what_somebody_may_do_is_asked_about(sets_bank: Runtime, said: str) -> None:
    assert any(request.questions for request in sets_bank.read(f"{BASE}. {said}").requests)


@pytest.mark.parametrize("said", ["I'll do the export", "We'll do the export"])
def test_what_somebody_does_oneself_is_noted(sets_bank: Runtime, said: str) -> None:
    read = sets_bank.read(f"{BASE}. {said}.")
    assert [request.action for request in read.requests] == ["train"]
    assert f"'{said}' is taken as told, and is not done" in read.notes


@pytest.mark.parametrize("said", ["Then you can export it.", "I'd like to export it then."])
def test_what_is_left_to_the_one_addressed_is_an_order(sets_bank: Runtime, said: str) -> None:
    train, export = sets_bank.read(f"{BASE}. {said}").requests
    assert (train.action, export.action, train.questions, export.questions) == ("train", "export", (), ())


@pytest.mark.parametrize("said", ["before you export", "before you export it", "before exporting it"])
def test_what_is_done_before_another_is_its_first(sets_bank: Runtime, said: str) -> None:
    read = sets_bank.read(f"export rtdetr, but evaluate it on /trees/test {said}")
    assert [request.action for request in read.requests] == ["evaluate", "export"]
