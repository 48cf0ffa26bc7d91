"""The walk through a folder that nobody vouches for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillbank.walk import TooManyError, walk


def _never(_: str, __: os.DirEntry[str]) -> bool:
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    for name in ("b/two", "b/one", "a/deep/er", "c"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    (top / "empty").mkdir()
    (top / "link").symlink_to("a")
    (top / "out").symlink_to("/etc/passwd")
    os.mkfifo(top / "pipe")
    return top


def test_all_that_is_no_folder_comes_once_and_no_link_is_followed(folder: Path) -> None:
    found = [name for name, _ in walk(folder, 100, passed=_never)]
    assert found == ["c", "link", "out", "pipe", "b/one", "b/two", "a/deep/er"]


def test_what_is_passed_by_is_asked_for_once_and_nothing_below_it_comes(folder: Path) -> None:
    asked = []

    def passed(name: str, entry: os.DirEntry[str]) -> bool:
        asked.append(name)
        return entry.name in ("a", "pipe")

    assert [name for name, _ in walk(folder, 100, passed=passed)] == ["c", "link", "out", "b/one", "b/two"]
    assert sorted(asked) == ["a", "b", "b/one", "b/two", "c", "empty", "link", "out", "pipe"]


def test_files_folders_and_what_is_passed_by_are_counted(folder: Path) -> None:
    entries = len(list(folder.rglob("*")))
    assert len(list(walk(folder, entries, passed=_never))) == 7
    with pytest.raises(TooManyError):
        list(walk(folder, entries - 1, passed=_never))
    with pytest.raises(TooManyError):
        next(walk(folder, 6, passed=lambda name, _: name != "c"))


def test_a_folder_that_cannot_be_listed_is_told_or_raised(folder: Path) -> None:
    told = []

    def gone(name: str, entry: os.DirEntry[str]) -> bool:
        if name == "b/two":
            (folder / "a/deep/er").unlink()
            (folder / "a/deep").rmdir()
            (folder / "a").rmdir()
        return False

    def tell(name: str, error: OSError) -> None:
        told.append((name, error.strerror))

    walked = walk(folder, 100, passed=gone, unreadable=tell)
    assert [name for name, _ in walked] == ["c", "link", "out", "pipe", "b/one", "b/two"]
    assert told == [("a", "No such file or directory")]
    with pytest.raises(FileNotFoundError):
        list(walk(folder / "nowhere", 100, passed=_never))
    assert list(walk(folder / "nowhere", 100, passed=_never, unreadable=tell)) == []
    assert told[1:] == [("", "No such file or directory")]
