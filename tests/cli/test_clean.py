"""``skillbank clean``: shown first, removed with a yes, and never what is still needed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skillbank.cli.clean import age_in, size_in
from skillbank.errors import UsageError
from skillbank.home import cache_dir, database_url
from skillbank.jobs.database import JOBS, TRANSITIONS
from skillbank.storage.cache import once
from tests.cli.conftest import Command


def _cached(key: str, size: int, days: float) -> Path:
    def make(work: Path) -> Path:
        (work / "content").mkdir()
        (work / "content" / "data").write_bytes(bytes(size))
        return work / "content"

    folder = once(cache_dir(), key, make)
    then = time.time() - days * 86400
    for path in (folder, cache_dir() / f"{key}.lock"):
        os.utime(path, (then, then))
    return folder


def _aged(days: int) -> None:
    """Let every job of the store have ended so many days earlier."""
    engine = sa.create_engine(database_url())
    with engine.begin() as db:
        db.execute(TRANSITIONS.update().values(at=datetime.now(UTC) - timedelta(days=days)))
        assert db.execute(sa.select(sa.func.count()).select_from(JOBS)).scalar()
    engine.dispose()


def test_what_would_go_is_shown_and_stays(inline: Command) -> None:
    old, new = _cached("a-folder", 3000, 9), _cached("b", 3000, 8)
    shown = inline("clean", "--cache", "4kB", "--dry-run")
    assert shown.code == 0, shown.err
    assert "The cache holds 6.0 kB in 2 things; it may stay 4.0 kB." in shown.out
    assert "a-folder" in shown.out and "folder from elsewhere" in shown.out
    assert old.is_dir() and new.is_dir()


def test_without_a_person_or_a_yes_nothing_goes(inline: Command) -> None:
    folder = _cached("a", 3000, 9)
    refused = inline("clean", "--cache", "0")
    assert refused.code == 4
    assert "nothing was removed: 3.0 kB may go; say so with --yes, or look with --dry-run" in refused.err
    assert folder.is_dir()


def test_a_yes_removes_what_was_shown(inline: Command) -> None:
    old, new = _cached("a", 3000, 9), _cached("b", 3000, 8)
    done = inline("clean", "--cache", "4kB", "--yes", "--json").document
    assert [Path(each["path"]).name for each in done["cache"]] == ["a"]
    assert (done["removed"], done["bytes"], done["left"]) == (True, 3000, [])
    assert not old.exists() and new.is_dir()


def test_what_has_a_name_elsewhere_is_not_said_to_be_freed(inline: Command, tmp_path: Path) -> None:
    (tmp_path / "mine").hardlink_to(_cached("a", 3000, 9) / "data")
    _cached("b", 50, 9)
    shown = inline("clean", "--cache", "0", "--dry-run")
    assert "Of this 3.0 kB would not be free: these files have names elsewhere too." in shown.out
    done = inline("clean", "--cache", "0", "--yes")
    assert "50 bytes freed" in done.out and (tmp_path / "mine").stat().st_size == 3000


def test_a_cache_within_its_size_is_left_alone(inline: Command) -> None:
    _cached("a", 3000, 9)
    assert "Nothing has to go." in inline("clean").out
    assert inline("clean", "--json").document["removed"] is False


@pytest.mark.slow
def test_old_jobs_go_and_what_stands_stays(inline: Command, data: Path) -> None:
    train = ["run", "--skill", "toy-detector", "--action", "train", "--data", f"train={data}", "--yes"]
    for _ in range(2):
        assert inline(*train, "--json").code == 0
    newer, older = (job["id"] for job in inline("jobs", "--json").document["jobs"])
    results = {job: Path(inline("results", job, "--json").document["results_dir"]) for job in (newer, older)}
    assert inline("clean", "--jobs", "30d", "--json").document["jobs"] == []
    _aged(40)
    shown = inline("clean", "--jobs", "30d", "--dry-run")
    assert older in shown.out
    assert f"{newer}: it is the newest training of toy-detector" in shown.out
    done = inline("clean", "--jobs", "30d", "--yes", "--json").document
    assert [each["job"] for each in done["jobs"]] == [older]
    assert not results[older].exists() and results[newer].is_dir()
    assert [job["id"] for job in inline("jobs", "--json").document["jobs"]] == [newer]
    assert inline("status", older).code == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cache", "large"], "--cache large is no size"),
        (["--cache", "-1"], "--cache -1 is no size"),
        (["--jobs", "soon"], "--jobs soon is no age"),
        (["--checkpoints", "30"], "--checkpoints 30 is no age"),
    ],
)
def test_odd_values_are_refused(inline: Command, arguments: list[str], said: str) -> None:
    refused = inline("clean", *arguments)
    assert refused.code == 2
    assert said in refused.err


@given(st.integers(0, 10**6), st.sampled_from(["", "B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB"]))
def test_sizes_read_as_written(count: int, unit: str) -> None:
    base = 1024 if "i" in unit else 1000
    power = "kmgt".find(unit[:1].lower()) + 1 if unit[:1].lower() in tuple("kmgt") else 0
    assert size_in(f"{count}{unit}") == size_in(f"{count} {unit.lower()}") == count * base**power


def test_ages_read_as_written() -> None:
    assert age_in(None, "--jobs") is None
    assert age_in("2w", "--jobs") == age_in("14d", "--jobs") == timedelta(days=14)
    with pytest.raises(UsageError):
        age_in("2 years", "--jobs")


def test_the_document_is_json_alone(inline: Command) -> None:
    assert json.loads(inline("clean", "--dry-run", "--json").out)["cache"] == []


def _two_jobs(inline: Command, data: Path) -> dict[str, Path]:
    """Return two trainings that ended long ago, the older first, with the folders of their results."""
    train = ["run", "--skill", "toy-detector", "--action", "train", "--data", f"train={data}", "--yes"]
    made = [inline(*train, "--json").document for _ in range(2)]
    _aged(40)
    return {job["id"]: Path(job["results_dir"]) for job in made}


@pytest.mark.slow
def test_a_job_whose_results_a_label_set_shows_stays(inline: Command, data: Path) -> None:
    older, folder = next(iter(_two_jobs(inline, data).items()))
    (folder / "images").mkdir()
    Image.new("RGB", (40, 30), "red").save(folder / "images" / "a.png")
    assert inline("sets", "import", str(folder / "images"), "--into", "signs").code == 0
    kept = inline("clean", "--jobs", "30d", "--yes", "--json").document["kept"]
    assert {"job": older, "why": "pictures of the label set signs are in its results"} in kept
    assert (folder / "images" / "a.png").is_file()


@pytest.mark.slow
def test_a_job_without_a_folder_is_forgotten_too(inline: Command, data: Path) -> None:
    older, folder = next(iter(_two_jobs(inline, data).items()))
    shutil.rmtree(folder)
    shown = inline("clean", "--jobs", "30d", "--dry-run")
    assert older in shown.out and "Nothing has to go." not in shown.out
    assert inline("clean", "--jobs", "30d", "--yes", "--json").document["removed"] is True
    assert inline("status", older).code == 5


@pytest.mark.slow
def test_what_the_system_keeps_is_told_and_the_job_is_known_still(inline: Command, data: Path) -> None:
    older, folder = next(iter(_two_jobs(inline, data).items()))
    with _mounted(folder / "job"):
        done = inline("clean", "--jobs", "30d", "--yes")
        assert done.code == 0 and f"{folder} stays: Device or resource busy" in done.out
        assert inline("status", older).code == 0
    assert inline("clean", "--jobs", "30d", "--yes", "--json").document["left"] == []
    assert not folder.exists() and inline("status", older).code == 5


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    """Let a folder be one that cannot be removed."""
    if os.geteuid() != 0 or subprocess.run(["mount", "--bind", folder, folder], check=False).returncode:
        pytest.skip("a folder can be mounted by root alone")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.slow
def test_what_is_launched_while_a_person_thinks_keeps_what_it_needs(
    inline: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, folder = next(iter(_two_jobs(inline, data).items()))
    child = ["run", "--skill", "toy-detector", "--action", "evaluate", "--data", f"eval={data}", "--yes"]

    def think(_: str) -> bool:
        assert inline(*child, "--parent", older).code == 0
        return True

    monkeypatch.setattr("skillbank.cli.terminal.answering", lambda: True)
    monkeypatch.setattr("skillbank.cli.terminal.ask", think)
    done = inline("clean", "--jobs", "30d")
    assert f"0 bytes freed\n{older} stays: it is needed again" in done.out
    assert folder.is_dir() and inline("status", older).code == 0
