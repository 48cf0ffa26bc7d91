"""What all pictures show and when a result is wanted is told; what bars or judges some of them asks."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

TRAIN = "Train grounding dino on ./a, no hpo."
TOLD = (
    f"Our pictures show cars, some of them blurry. {TRAIN}",
    f"The images are thermal, taken from a helicopter at night, and show people in the sea. {TRAIN}",
    f"{TRAIN} It would be great to have it tomorrow.",
    f"{TRAIN} We'd need the model by the end of the month.",
    f"Since the night shift doesn't need the cluster, {TRAIN}",
)
ASKED = (
    f"Our pictures show cars, leave out the blurry ones. {TRAIN}",
    f"The pictures are sorted, only the second half is labelled. {TRAIN}",
    f"The images are all broken, and show cars. {TRAIN}",
    f"Since the customer does not need masks, {TRAIN}",
    f"Because the boss does not want augmentation, {TRAIN}",
)


@pytest.mark.parametrize("text", TOLD)
def test_what_is_told_is_noted(own_bank: Runtime, text: str) -> None:
    read = own_bank.read(text)
    assert not read.not_understood
    assert read.notes


@pytest.mark.parametrize("text", ASKED)
def test_what_may_matter_for_a_run_asks(own_bank: Runtime, text: str) -> None:
    assert own_bank.read(text).not_understood


def test_what_is_needed_first_and_ordered_later_runs_where_it_is_ordered(own_bank: Runtime) -> None:
    read = own_bank.read("We need an engine. Export job 0fd673 and build an engine.")
    assert [each.action for each in read.requests] == ["export", "gen_trt_engine"]
