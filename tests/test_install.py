"""What `make` installs the locks with: uv as pip is set, and pip where uv cannot, which is said."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

INSTALL = Path(__file__).parents[1] / "locks" / "install.py"
WANTED = INSTALL.with_name("installer.txt").read_text(encoding="utf-8")
Main = Callable[..., int]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment whose uv writes down what it is told, and a pip without settings."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    uv = tmp_path / "installer" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(f'#!/bin/sh\necho "$UV_DEFAULT_INDEX $*" > {tmp_path}/told\n')
    uv.chmod(0o755)
    (tmp_path / "installer" / "installer.txt").write_text(WANTED)
    (tmp_path / "lock.txt").write_text("# nothing\n")
    return tmp_path


def main_of() -> Main:
    found: Main = runpy.run_path(str(INSTALL))["main"]
    return found


@pytest.mark.parametrize(
    ("name", "value", "index"),
    [
        ("PIP_INDEX_URL", "https://mirror.example/simple", "https://mirror.example/simple"),
        ("PIP_NO_INDEX", "0", ""),
        ("PIP_RETRIES", "1", ""),
    ],
)
def test_uv_is_told_the_index_of_pip(
    place: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, index: str
) -> None:
    monkeypatch.setenv(name, value)
    assert main_of()(str(place / "lock.txt")) == 0
    told = (place / "told").read_text()
    assert told.startswith(f"{index} pip install") and "--require-hashes" in told


@pytest.mark.parametrize(
    ("name", "value"), [("PIP_NO_INDEX", "1"), ("PIP_PROXY", "http://127.0.0.1:9"), ("PIP_NO_BINARY", "x")]
)
def test_what_uv_would_pass_over_is_left_to_pip(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert main_of()(str(place / "lock.txt")) == 0
    assert not (place / "told").exists()
    setting = name.removeprefix("PIP_").replace("_", "-").lower()
    assert f"pip is set to {setting}, which uv does not read: pip does" in capfd.readouterr().err


def test_uv_of_another_version_is_not_taken_and_what_keeps_it_away_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (place / "installer" / "installer.txt").write_text(WANTED.replace("uv==", "uv==0.0."))
    monkeypatch.setenv("PIP_INDEX_URL", place.as_uri())  # where there is none
    assert main_of()(str(place / "lock.txt")) == 0
    assert not (place / "told").exists()
    said = capfd.readouterr().err
    assert "uv==" in said and "uv is not there: pip does" in said
    assert main_of()() == 1
    assert "uv==" in capfd.readouterr().err


def test_a_uv_of_another_machine_gives_way_to_pip(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (place / "installer" / "bin" / "uv").write_bytes(b"\x7fELF of another kind")
    assert main_of()(str(place / "lock.txt")) == 0
    assert "uv did not install what is locked: pip does" in capfd.readouterr().err
