"""Data sets that are converted for jobs on a real Slurm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skillbank.errors import PlatformError
from skillbank.jobs.record import JobState
from skillbank.jobs.service import Jobs
from skillbank.platforms.base import job_dir
from tests.platforms.data_reading import lay_out, looking_at, read_by_jobs
from tests.platforms.slurm_jobs import jobs, plan, profile, slurm, store  # noqa: F401

# ruff: noqa: F811
pytestmark = pytest.mark.slow


def test_a_program_reads_what_was_made_of_its_data_set(
    jobs: Jobs, profile: Callable[[str], Path], tmp_path: Path
) -> None:
    profile(f"shared: {tmp_path}\ncontainer: none\n")
    read_by_jobs(jobs, plan, tmp_path / "data sets", shared=True)


def test_what_the_nodes_do_not_see_is_refused(
    jobs: Jobs, profile: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    place, _ = lay_out(shared, "folder")
    profile(f"shared: {shared}\ncontainer: none\n")
    made = plan(**looking_at(place), results_root=str(shared))
    cache = tmp_path / "home/cache"
    unseen = rf"{cache}, where data is unpacked or made, is not below .* \({shared}\); set SKILLBANK_HOME"
    with pytest.raises(PlatformError, match=unseen):
        jobs.launch(made)
    assert jobs.store.list() == []
    monkeypatch.setenv("SKILLBANK_HOME", str(shared / "home"))
    (place / "images").rename(tmp_path / "disk")
    (place / "images").mkdir()
    (place / "images/all").symlink_to(tmp_path / "disk")
    (place / "labels").rename(place / "all")
    (place / "labels").mkdir()
    (place / "all").rename(place / "labels/all")
    listing = (place / "data.yaml").read_text().replace("images/", "images/all/")
    (place / "data.yaml").write_text(listing)
    # Only who has looked into the data set knows where a link in it leads.
    with pytest.raises(PlatformError, match=rf"{tmp_path}/disk, which the job reads, is not below"):
        jobs.launch(made)
    [record] = jobs.store.list()
    assert (
        record.state is JobState.ERROR and not (job_dir(Path(record.results_dir)) / "slurm_job.sh").exists()
    )
