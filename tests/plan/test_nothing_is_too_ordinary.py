"""A clause of which nothing was understood is asked about, though each of its words is an ordinary one."""

from __future__ import annotations

import pytest

from skillbank.runtime import Runtime

REQUEST = "train segformer on ./a, no hpo"
ASKED = [
    "exported too", "quantized", "and then evaluated", "with another model", "from the other bucket",
    "use the provided labels", "tiny", "as usual but smaller", "for 1h30", "both of them", "≈5 epochs",
    "~~lr: 1e-4~~",
]  # fmt: skip
SILENT = ["please", "as usual", "thanks a lot", "quick one", "nothing fancy", "plain training please", "🙏🏽"]
NO_STEP = "- [x] train rtdetr on ./b\n- [ ] train segformer on ./a, no hpo"


def _asks(sets_bank: Runtime, text: str) -> bool:
    return any(request.questions for request in sets_bank.read(text).requests)


@pytest.mark.parametrize("clause", ASKED)
def test_a_clause_of_ordinary_words_asks(sets_bank: Runtime, clause: str) -> None:
    assert _asks(sets_bank, f"{REQUEST}, {clause}")
    assert _asks(sets_bank, f"{REQUEST}, {clause}. Thanks a lot!")


@pytest.mark.parametrize("clause", SILENT)
def test_politeness_and_manner_ask_nothing(sets_bank: Runtime, clause: str) -> None:
    assert not _asks(sets_bank, f"{REQUEST}, {clause}")


def test_what_is_marked_as_done_asks(sets_bank: Runtime) -> None:
    assert _asks(sets_bank, NO_STEP)
