"""``skillbank review`` before its page: which set, and who may reach it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.sets import make_set, store_of


def review(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "skillbank", "review", *options, "--no-open", "--port", "0"]
    environment = {"SKILLBANK_HOME": str(home), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


@pytest.mark.slow
def test_a_set_that_is_not_there_and_an_open_door(tmp_path: Path) -> None:
    with store_of(tmp_path / "home") as store:
        make_set(store, "signs", [], propose=False)
    missing = review(tmp_path / "home", "sings")
    assert missing.returncode == 5 and "no label set 'sings'" in missing.stderr and "signs" in missing.stderr
    opened = review(tmp_path / "home", "signs", "--host", "0.0.0.0")
    assert opened.returncode == 2 and "SKILLBANK_WEB_TOKEN is not set" in opened.stderr
