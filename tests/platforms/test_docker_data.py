"""Data sets that are converted for jobs in real containers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.jobs.service import Jobs
from skillbank.plan.model import Plan
from tests.platforms.data_reading import read_by_jobs


@pytest.mark.slow
def test_a_program_reads_what_was_made_of_its_data_set(
    jobs: Jobs, docker_plan: Callable[..., Plan], tmp_path: Path
) -> None:
    read_by_jobs(jobs, docker_plan, tmp_path / "data sets")
