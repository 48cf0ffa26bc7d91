"""A model and a process that runs it, made once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank.labelling.engine import Engine
from tests.labelling.models import write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("model") / "tiny.pth")


@pytest.fixture(scope="module")
def engine(tiny: Path) -> Iterator[Engine]:
    with Engine(str(tiny), window=50) as running:
        running.ready()
        yield running
