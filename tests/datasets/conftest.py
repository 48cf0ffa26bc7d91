"""A place for data sets that is no part of one itself."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """An empty folder whose name is no split's.

    pytest's own is called ``test_...``: what is not recognised there is looked for above as well, which is
    among the files of all the tests before.
    """
    folder = tmp_path / "place"
    folder.mkdir()
    return folder
