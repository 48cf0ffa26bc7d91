"""What follows the box in a line of YOLO's labels: told by what all lines have in common, or asked about."""

from __future__ import annotations

import random
from pathlib import Path

from skillbank.datasets.formats.yolo_columns import KEY_POINTS, TRACKS
from tests.datasets.reading import boxes, data_of, kinds, picture, text

BOX = ("cat", 40.0, 32.0, 60.0, 48.0)


def labelled(root: Path, *lines: str, names: str = "cat\ndog\n") -> Path:
    text(root / "classes.txt", names)
    for number, line in enumerate(lines):
        picture(root / "images" / f"{number}.jpg")
        text(root / "labels" / f"{number}.txt", f"0 0.5 0.5 0.2 0.2 {line}\n")
    return root


def test_key_points_that_lie_in_their_box(tmp_path: Path) -> None:
    rng = random.Random(3)
    points = [" ".join(str(rng.uniform(0.42, 0.58)) for _ in range(10)) for _ in range(4)]
    data = data_of(labelled(tmp_path, *points, "0 0 0.5 0.5 0.45 0.55 0 0 0.41 0.4"))
    assert set(map(tuple, boxes(data).values())) == {(BOX,)}
    assert any(KEY_POINTS in note for note in data.notes)


def test_key_points_with_whether_they_are_seen(tmp_path: Path) -> None:
    data = data_of(labelled(tmp_path, *["0.45 0.5 2 0 0 0 0.55 0.5 1 0.5 0.5 2"] * 3))
    assert set(map(tuple, boxes(data).values())) == {(BOX,)}


def test_key_points_outside_of_their_box_that_are_seen(tmp_path: Path) -> None:
    data = data_of(labelled(tmp_path, "0.9 0.9 2 0 0 0", "0.1 0.5 1 0.2 0.2 2", "0 0 0 0 0 0"))
    assert set(map(tuple, boxes(data).values())) == {(BOX,)}


def test_a_few_of_many_key_points_reach_out(tmp_path: Path) -> None:
    inside = ["0.45 0.5 0.55 0.5 0.5 0.55"] * 9
    data = data_of(labelled(tmp_path, *inside, "0.45 0.5 0.9 0.5 0.5 0.55"))
    assert set(map(tuple, boxes(data).values())) == {(BOX,)}


def test_tracks(tmp_path: Path) -> None:
    data = data_of(labelled(tmp_path, "0.91 1", "0.5 2", "0.73 17"))
    assert set(map(tuple, boxes(data).values())) == {(BOX,)}
    assert any(TRACKS in note for note in data.notes)


def test_outlines_stay_outlines(tmp_path: Path) -> None:
    data = data_of(labelled(tmp_path, "0.9 0.9", "0.1 0.9", "0.1 0.1 0.4 0.3"))
    assert not data.notes
    assert kinds(data) == {"mended": 3}
    assert boxes(data)["images/0.jpg"] == [("cat", 20, 16, 90, 72)]


def test_outlines_of_one_length_are_asked_about(tmp_path: Path) -> None:
    data = data_of(labelled(tmp_path, *["0.9 0.9 0.1 0.9 0.1 0.1"] * 4))
    assert [note for note in data.notes if "kpt_shape" in note]
    assert kinds(data) == {"mended": 4}


def test_a_list_that_says_its_numbers(tmp_path: Path) -> None:
    data = data_of(labelled(tmp_path, "", names="0: cat\n1: dog\n"))
    assert data.classes == ("cat", "dog")
    one = data_of(labelled(tmp_path / "one", "", names="1) bird\n2) cat\n"))
    assert kinds(one) == {"unknown-class": 1}


def test_names_that_begin_with_numbers_stay(tmp_path: Path) -> None:
    assert data_of(labelled(tmp_path, "", names="2-door\n4-door\n")).classes == ("2-door", "4-door")
    plain = data_of(labelled(tmp_path / "b", "", names="0 euro\n1 euro\n"))
    assert plain.classes == ("0 euro", "1 euro")


def test_names_in_a_file_of_their_own(tmp_path: Path) -> None:
    root = labelled(tmp_path, "")
    (root / "classes.txt").rename(root / "my.names")
    text(root / "data.yaml", "train: images\nval: images\nnc: 2\nnames: data/my.names\n")
    data = data_of(root)
    assert data.classes == ("cat", "dog")
    assert "data.yaml leaves the names of classes to my.names" in data.notes
