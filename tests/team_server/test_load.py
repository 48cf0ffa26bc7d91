"""The load test of a team's server, small: agents and reviewers at once, kills, nothing lost or doubled."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import Cluster

pytestmark = pytest.mark.slow
_CLIENTS = "--seconds 20 --agents 4 --reviewers 2 --plans 60 --launches 4 --kills 1"
_BEFORE = "--jobs 200 --pictures 40 --each 0"


def test_nothing_is_lost_or_doubled_under_load_and_kills(postgres: Cluster) -> None:
    """The fixture says whether there is a PostgreSQL; the benchmark runs one of its own."""
    command = [sys.executable, "-m", "benchmarks.team_server", *f"{_CLIENTS} {_BEFORE}".split()]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing was lost or doubled, every answer was right" in done.stdout
    counts = [int(count) for count in re.findall(r"(\d+) (?:launches|decisions)", done.stdout)]
    assert len(counts) == 2 and all(counts), done.stdout
