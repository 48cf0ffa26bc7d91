"""How long wrong codes wait, and who can put another file in the place of a code's."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank import approval_code
from skillbank.approval_code import ApprovalCode
from skillbank.jobs.wrong_codes import WrongCodes


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@given(count=st.integers(0, 60), age=st.floats(0, 2000))
def test_each_further_wrong_code_doubles_the_wait(
    tmp_path_factory: pytest.TempPathFactory, count: int, age: float
) -> None:
    file = tmp_path_factory.getbasetemp() / "count"
    file.write_text(json.dumps([count, time.time() - age]))
    whole = 0.0 if count < 4 else min(900.0, 10.0 * 2 ** (count - 4))
    assert WrongCodes(file).wait == pytest.approx(max(0.0, whole - age), abs=0.5)


def test_what_a_file_and_a_process_count_is_the_more_of_both(tmp_path: Path) -> None:
    file = tmp_path / "count"
    mine, theirs = WrongCodes(file), WrongCodes(file)
    for each in (mine, theirs, mine, theirs):
        each.note(wrong=True)
    assert json.loads(file.read_text())[0] == 4
    file.write_text("[1, 0]")
    theirs.note(wrong=True)
    assert json.loads(file.read_text())[0] == 5


def test_the_count_is_its_users_alone_and_is_given_free_again(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with WrongCodes(tmp_path / "looked").alone():
            pass
        WrongCodes(tmp_path / "noted").note(wrong=True)
    finally:
        os.umask(before)
    assert mode(tmp_path / "looked") == mode(tmp_path / "noted") == 0o600
    counted = WrongCodes(tmp_path / "looked")
    for _ in range(2):
        with counted.alone():
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to others")
@pytest.mark.parametrize(
    ("folder", "entry", "bits", "can"),
    [(0, 1001, 0o755, True), (1000, 1001, 0o1777, False), (1000, 0, 0o1777, True), (1000, 1001, 0o777, True)],
)
def test_who_can_put_another_file_in_the_place_of_one(
    tmp_path: Path, folder: int, entry: int, bits: int, can: bool
) -> None:
    place = tmp_path / "folder" / "code"
    place.parent.mkdir()
    place.write_text("x")
    place.parent.chmod(bits)
    os.chown(place, entry, -1)
    os.chown(place.parent, folder, -1)
    assert approval_code._replaceable(place, place.parent) is can


@pytest.mark.parametrize("owner", [os.geteuid(), 1001])
def test_who_can_write_a_file(tmp_path: Path, owner: int) -> None:
    """Its owner can give himself the right, and whoever runs as root needs none."""
    (place := tmp_path / "code").write_text("x")
    place.chmod(0o400)
    if os.geteuid() == 0:
        os.chown(place, owner, -1)
    assert approval_code._writable(place)
    assert not approval_code._writable(tmp_path / "gone")


def test_every_door_can_read_the_file_of_a_code_whatever_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval_code, "_COST", approval_code._LEAST)
    place = tmp_path / "new" / "code"
    before = os.umask(0o077)
    try:
        ApprovalCode.made("tulips in march", place).write()
    finally:
        os.umask(before)
    assert (mode(place), mode(place.parent)) == (0o644, 0o755)
    assert not ApprovalCode.read(place).out_of_reach, "its folder is ours"


@pytest.mark.parametrize("cost", [1 << 13, (1 << 14) + 1, 1 << 21, 1 << 14, 1 << 20])
def test_what_a_code_costs_is_a_power_of_two_in_bounds(tmp_path: Path, cost: int) -> None:
    place = tmp_path / "code"
    place.write_text(json.dumps({"cost": cost, "salt": "00", "public": "AB" * 32}))
    if cost in (1 << 14, 1 << 20):
        assert ApprovalCode.read(place) == ApprovalCode(place, b"\0", cost, "ab" * 32)
    else:
        with pytest.raises(ValueError, match="out of bounds"):
            ApprovalCode.read(place)


def test_a_code_waits_for_those_that_others_look_at(tmp_path: Path) -> None:
    codes = WrongCodes(tmp_path / "looked")
    with codes.alone():
        pass
    held = os.open(tmp_path / "looked", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    start = time.monotonic()
    timer = threading.Timer(0.15, os.close, [held])
    timer.start()
    with codes.alone():
        waited = time.monotonic() - start
    timer.join()
    assert waited >= 0.1


def test_a_folder_that_cannot_be_written_counts_in_the_process_alone(tmp_path: Path) -> None:
    codes = WrongCodes(tmp_path / "gone" / "looked")
    with codes.alone():
        for _ in range(4):
            codes.note(wrong=True)
    assert 9 < codes.wait <= 10 and not (tmp_path / "gone").exists()
    codes.note(wrong=False)
    assert codes.wait == 0


def test_a_code_without_a_file_is_in_reach(tmp_path: Path) -> None:
    assert not ApprovalCode(tmp_path / "gone", b"x", 1 << 14, "ab" * 32).out_of_reach
