"""A clause of which nothing was understood is asked about, though each of its words is an ordinary one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.requests.answers import alone, open_with_jobs

from skillbank.runtime import Runtime

REQUEST = "train segformer on ./a, no hpo"
ASKED = [
    "exported too", "quantized", "and then evaluated", "with another model", "from the other bucket",
    "use the provided labels", "tiny", "as usual but smaller", "for 1h30", "both of them", "≈5 epochs",
    "~~lr: 1e-4~~",
]  # fmt: skip
SILENT = ["please", "as usual", "thanks a lot", "quick one", "nothing fancy", "plain training please", "🙏🏽"]
NO_STEP = "- [x] train rtdetr on ./b\n- [ ] train segformer on ./a, no hpo"


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with alone(), open_with_jobs(Path(__file__).resolve().parent.parent / "requests") as opened:
        yield opened


def _asks(runtime: Runtime, text: str) -> bool:
    return any(request.questions for request in runtime.read(text).requests)


@pytest.mark.parametrize("clause", ASKED)
def test_a_clause_of_ordinary_words_asks(runtime: Runtime, clause: str) -> None:
    assert _asks(runtime, f"{REQUEST}, {clause}")
    assert _asks(runtime, f"{REQUEST}, {clause}. Thanks a lot!")


@pytest.mark.parametrize("clause", SILENT)
def test_politeness_and_manner_ask_nothing(runtime: Runtime, clause: str) -> None:
    assert not _asks(runtime, f"{REQUEST}, {clause}")


def test_what_is_marked_as_done_asks(runtime: Runtime) -> None:
    assert _asks(runtime, NO_STEP)
