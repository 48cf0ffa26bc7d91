"""What may be a part of a data set above it is told from names, and nobody's home is looked through."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.parts import inside, is_part, levels, may_be_there, may_hold


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("images", True), ("JPEGImages", True), ("labels", True), ("Main", True), ("train", True),
        ("val2017", True), ("obj_Train_data", True), ("photos", False), ("train_val", False), ("", False),
    ],
)  # fmt: skip
def test_folders_that_are_called_as_parts(name: str, part: bool) -> None:
    assert is_part(name) is part


@pytest.mark.parametrize(
    ("place", "above"),
    [
        ("set/train", ["set"]),
        ("set/images/train", ["set/images", "set"]),
        ("data/VOC/ImageSets/Main/val.txt", ["data/VOC/ImageSets/Main", "data/VOC/ImageSets", "data/VOC"]),
        ("set/train/val/test/0.jpg", ["set/train/val/test", "set/train/val", "set/train"]),
        ("gone/images/train", ["gone"]),
        ("set/images", ["set"]),
    ],
)  # fmt: skip
def test_folders_above_a_place_as_far_as_parts_lead(tmp_path: Path, place: str, above: list[str]) -> None:
    file = tmp_path / place
    gone = place.startswith("gone")
    (tmp_path / "gone" if gone else file.parent).mkdir(parents=True)
    assert [each.relative_to(tmp_path).as_posix() for each in levels(file)] == above


def test_no_home_and_no_disk_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    (tmp_path / "me" / "images").mkdir(parents=True)
    assert [may_hold(each) for each in (tmp_path / "me", Path("/"), tmp_path / "gone")] == [False] * 3
    assert may_hold(tmp_path / "me" / "images")
    assert list(levels(tmp_path / "me" / "images" / "train")) == [tmp_path / "me" / "images"]


@pytest.mark.parametrize(
    ("place", "beside", "there"),
    [
        ("set/a.json", "", True),
        ("set/b.json", "a.txt", False),
        ("set/train", "", True),
        ("set/val", "", True),
        ("set/photos", "", False),
        ("set/photos", "all.tar.gz", True),
        ("set/b.json", "rows.parquet", True),
        ("set/b.json", "b.json.gz", True),
        ("set/caf\u0065\u0301", "", True),
        ("gone/b.json", "", False),
    ],
)
def test_what_may_be_there_though_no_such_file_is(
    tmp_path: Path, place: str, beside: str, there: bool
) -> None:
    (tmp_path / "set").mkdir()
    for name in filter(None, ("a.json", "caf\u00e9", beside)):
        (tmp_path / "set" / name).touch()
    assert may_be_there(tmp_path / place) is there


def test_the_name_of_a_packed_file_is_that_of_the_file(tmp_path: Path) -> None:
    names = {"a/b.json": "a/b.json", "a/b.json.gz": "a/b.json", "caf\u0065\u0301": "caf\u00e9"}
    assert {name: inside(tmp_path / name, tmp_path) for name in names} == names
