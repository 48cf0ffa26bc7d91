"""The corpus is data beside the repository; without it these tests are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.bank.discovery import Library

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "bank"


@pytest.fixture(scope="session")
def corpus() -> Library:
    if not CORPUS.is_dir():
        pytest.skip(f"the corpus of real skills is not at {CORPUS}")
    return Library([CORPUS], own=False)
