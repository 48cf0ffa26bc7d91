"""The cache made smaller: the longest unused goes, and never what somebody uses."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from skillbank.storage.cache import lock, once
from skillbank.storage.cleaning import RESTING, Entry, drop, entries, freed, over

_LONG_AGO = 10 * RESTING


def _made(cache: Path, key: str, size: int, age: float) -> Path:
    def make(work: Path) -> Path:
        folder = work / "content"
        folder.mkdir()
        (folder / "data").write_bytes(bytes(size))
        return folder

    folder = once(cache, key, make)
    then = time.time() - age
    for path in (folder, cache / f"{key}.lock"):
        os.utime(path, (then, then))
    return folder


def _never(_: Entry) -> bool:
    return False


def test_the_longest_unused_goes_until_the_rest_fits(tmp_path: Path) -> None:
    for key, age in (("b", 3), ("a", 2), ("c", 1)):
        _made(tmp_path, key, 100, age * _LONG_AGO)
    found = entries(tmp_path)
    assert [entry.path.name for entry in found] == ["b", "a", "c"]
    assert [entry.bytes for entry in found] == [100, 100, 100]
    assert [entry.path.name for entry in over(found, 150, time.time(), _never)] == ["b", "a"]
    assert list(over(found, 300, time.time(), _never)) == []


def test_a_use_makes_it_the_last_to_go(tmp_path: Path) -> None:
    for key in ("a", "b"):
        _made(tmp_path, key, 100, _LONG_AGO)
    once(tmp_path, "a", lambda work: work)
    assert [entry.path.name for entry in entries(tmp_path)] == ["b", "a"]
    assert [entry.path.name for entry in over(entries(tmp_path), 0, time.time(), _never)] == ["b"]


def test_what_is_in_use_stays_whatever_the_cap(tmp_path: Path) -> None:
    kept = _made(tmp_path, "a", 100, _LONG_AGO)
    _made(tmp_path, "b", 100, _LONG_AGO)
    going = list(over(entries(tmp_path), 0, time.time(), lambda entry: entry.path == kept))
    assert [entry.path.name for entry in going] == ["b"]


def test_what_was_used_since_it_was_looked_at_is_not_dropped(tmp_path: Path) -> None:
    folder = _made(tmp_path, "a", 100, _LONG_AGO)
    (entry,) = entries(tmp_path)
    once(tmp_path, "a", lambda work: work)
    assert not drop(entry)
    assert folder.is_dir()


def test_what_somebody_is_making_is_not_dropped(tmp_path: Path) -> None:
    folder = _made(tmp_path, "a", 100, _LONG_AGO)
    (entry,) = entries(tmp_path)
    before = (tmp_path / "a.lock").stat()
    with lock(tmp_path / "a.lock"):
        os.utime(tmp_path / "a.lock", (before.st_atime, before.st_mtime))
        assert not drop(entry)
    assert folder.is_dir()


def test_a_dropped_thing_is_made_anew(tmp_path: Path) -> None:
    folder = _made(tmp_path, "a", 100, _LONG_AGO)
    (entry,) = entries(tmp_path)
    assert drop(entry)
    assert not folder.exists()
    assert not list(tmp_path.glob("a.gone*"))
    assert (_made(tmp_path, "a", 7, 0) / "data").stat().st_size == 7


def test_what_is_left_of_a_removal_that_broke_off_goes_next_time(tmp_path: Path) -> None:
    _made(tmp_path, "a", 100, _LONG_AGO).rename(tmp_path / "a.gone")
    (entry,) = entries(tmp_path)
    assert entry.kind == "left from a removal"
    assert drop(entry)
    assert entries(tmp_path) == []


def test_no_cache_holds_nothing(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_cache_that_others_fill_is_read(tmp_path: Path) -> None:
    folder = _made(tmp_path, "a", 1, 0)
    tmp_path.chmod(0o500)
    try:
        assert once(tmp_path, "a", lambda work: work) == folder
    finally:
        tmp_path.chmod(0o700)


def test_only_what_has_no_name_elsewhere_is_freed(tmp_path: Path) -> None:
    for folder in ("pictures", "made", "copy"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pictures" / "a").write_bytes(bytes(1000))
    (tmp_path / "made" / "a").hardlink_to(tmp_path / "pictures" / "a")
    (tmp_path / "made" / "b").write_bytes(bytes(10))
    (tmp_path / "copy" / "b").hardlink_to(tmp_path / "made" / "b")
    (tmp_path / "made" / "c").symlink_to(tmp_path / "pictures" / "a")
    link = os.lstat(tmp_path / "made" / "c").st_size
    assert freed([tmp_path / "made"]) == link
    assert freed([tmp_path / "made", tmp_path / "copy"]) == 10 + link
    assert freed([tmp_path / "made" / "b", tmp_path / "copy" / "b", tmp_path / "none"]) == 10
