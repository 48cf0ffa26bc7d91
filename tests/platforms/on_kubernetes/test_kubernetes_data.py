"""Data sets that are converted for jobs in pods."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.jobs.service import Jobs
from tests.platforms.data_reading import read_by_jobs
from tests.platforms.on_kubernetes.conftest import MakePlan

pytestmark = pytest.mark.slow


def test_a_program_reads_what_was_made_of_its_data_set(
    jobs: Jobs, make_plan: MakePlan, tmp_path: Path
) -> None:
    read_by_jobs(jobs, make_plan, tmp_path / "shared/data sets")
