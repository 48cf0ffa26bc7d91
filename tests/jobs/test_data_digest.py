"""What stands for the data of a plan: it changes with the data, and is made quickly at any size."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from skillbank.jobs import data_digest as module
from skillbank.jobs.data_digest import data_digest
from skillbank.labelling.manifest import MANIFEST


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "annotations.json"
    file.write_bytes(b"{}")
    assert data_digest(file) == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"


def test_a_large_file_is_known_by_its_size_and_its_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WHOLE", 100)
    monkeypatch.setattr(module, "_ENDS", 10)
    file = tmp_path / "pictures.tar"
    seen = set()
    for content in (b"a" * 200, b"b" + b"a" * 199, b"a" * 199 + b"b", b"a" * 201):
        file.write_bytes(content)
        seen.add(data_digest(file))
    assert len(seen) == 4 and all(digest.startswith("ends:") for digest in seen)
    with file.open("wb") as out:
        out.truncate(1 << 42)
    assert data_digest(file).startswith("ends:")


def test_a_folder_is_known_by_names_sizes_and_its_labels(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "a.png").write_bytes(b"12")
    seen = [data_digest(folder)]
    os.utime(folder / "pictures" / "a.png", (1, 1))
    assert data_digest(folder) == seen[0]
    for name, content in (("pictures/a.png", b"123"), ("b.png", b""), (MANIFEST, b"1"), (MANIFEST, b"2")):
        (folder / name).write_bytes(content)
        seen.append(data_digest(folder))
    (folder / "loop").symlink_to(folder)
    seen.append(data_digest(folder))
    assert len(set(seen)) == 6 and all(digest.startswith("names:") for digest in seen)


def test_what_cannot_be_said_is_left_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert data_digest(tmp_path / "pipe") == data_digest(tmp_path / "nothing") == ""
    monkeypatch.setattr(module, "_MOST_ENTRIES", 0)
    assert data_digest(tmp_path) == ""
