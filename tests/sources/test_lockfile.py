"""The lock: what is written is what is read, and a foreign one cannot name places or banks that are none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.contents import digest_of
from skillbank.errors import SkillFormatError
from skillbank.sources.lockfile import Entry, home_lock, put, read_lock, write_lock

FILES = {"skills/toy/SKILL.md": "a" * 64}


def entry(**more: Any) -> Entry:
    fields: dict[str, Any] = {
        "name": "toys",
        "kind": "git",
        "source": "https://host/o/r",
        "ref": "main",
        "subdir": "",
        "commit": "c" * 40,
        "digest": digest_of(FILES),
        "signers": ("Some Body",),
        "added": "2026-01-01T00:00:00Z",
        "files": FILES,
    }
    return Entry(**{**fields, **more})


def test_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "project" / "skillbank.lock"
    inside = entry(name="b", kind="folder", source=str(file.parent / "banks" / "b"), ref=None, commit=None)
    entries = (entry(), inside, entry(name="a", subdir="x/y", signers=()))
    write_lock(file, entries)
    assert read_lock(file) == entries
    written = file.read_text()
    assert '"./banks/b"' in written and str(tmp_path) not in written  # the project may lie elsewhere
    write_lock(file, read_lock(file))
    assert file.read_text() == written and list(file.parent.iterdir()) == [file]
    write_lock(home_lock(), entries)
    assert read_lock(home_lock()) == entries
    assert read_lock(tmp_path / "none") == ()


def test_order() -> None:
    a, b, c = entry(name="a"), entry(name="b"), entry(name="c")
    assert put((a, b), c) == (a, b, c) and put((a, b), c, first=True) == (c, a, b)
    ahead = entry(name="b", before_own=True)
    assert put((ahead, a), c, first=True) == (ahead, c, a)
    assert put((ahead, a), entry(name="b", commit="d" * 40))[0].before_own
    assert not put((a,), entry(name="c", before_own=True))[1].before_own
    changed = entry(name="a", commit="d" * 40)
    assert put((a, b), changed, first=True) == (changed, b)


WRONG: dict[str, Any] = {
    "name up": {"name": "../x"},
    "name": {"name": "skillbank"},
    "no name": {"name": None},
    "kind": {"kind": "exec"},
    "option": {"source": "--upload-pack=touch x"},
    "ext": {"source": "ext::sh -c x"},
    "fd": {"source": "fd::7"},
    "password": {"source": "https://a:b@host/o/r"},
    "escape": {"source": "https://host/\x1b[2J"},
    "number": {"source": 3},
    "relative": {"source": "somewhere"},
    "ref": {"ref": "--x"},
    "refs": {"ref": ["a"]},
    "subdir": {"subdir": "../.."},
    "commit": {"commit": "--help"},
    "no commit": {"commit": None},
    "digest": {"digest": "0" * 64},
    "files": {"files": ["x"]},
    "sums": {"files": {"a": "b"}},
    "signers": {"signers": "me"},
    "added": {"added": None},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_foreign_lock(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "skillbank.lock"
    document = {**entry().document(), "files": FILES, **WRONG[wrong]}
    file.write_text(json.dumps({"version": 1, "banks": [document]}))
    with pytest.raises(SkillFormatError, match="is no lock of banks"):
        read_lock(file)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "banks": []}',
        '{"version": 1}',
        '{"version": 1, "banks": [3]}',
        "[" * 99999,
    ],
)
def test_a_broken_lock(tmp_path: Path, text: str) -> None:
    file = tmp_path / "skillbank.lock"
    file.write_text(text)
    with pytest.raises(SkillFormatError, match="is no lock of banks"):
        read_lock(file)


def test_a_lock_that_is_no_file_or_names_a_bank_twice(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SkillFormatError, match="no regular file"):
        read_lock(tmp_path / "pipe")
    with pytest.raises(SkillFormatError, match=r"cannot be read|no regular file"):
        read_lock(tmp_path)
    write_lock(tmp_path / "twice", [entry(), entry()])
    with pytest.raises(SkillFormatError, match="names toys twice"):
        read_lock(tmp_path / "twice")
