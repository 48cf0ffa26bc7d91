"""CVAT's XML of images and of videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text


def meta(*names: str, more: str = "") -> str:
    labels = "".join(f"<label><name>{name}</name><color>#fff</color></label>" for name in names)
    return f"<meta><task><id>1</id>{more}<labels>{labels}</labels></task><dumped>now</dumped></meta>"


def image(number: int, name: str, *marks: str, subset: str | None = None) -> str:
    said = f' subset="{subset}"' if subset is not None else ""
    return f'<image id="{number}" name="{name}"{said} width="100" height="80">{"".join(marks)}</image>'


def box(label: str, corners: tuple[object, ...] = (10, 20, 40, 60), more: str = "") -> str:
    sides = " ".join(
        f'{side}="{value}"' for side, value in zip(("xtl", "ytl", "xbr", "ybr"), corners, strict=True)
    )
    return f'<box label="{label}" source="manual" occluded="0" {sides} z_order="0" {more}></box>'


def saved(root: Path, *parts: str) -> Path:
    start = '<?xml version="1.0" encoding="utf-8"?><annotations><version>1.1</version>'
    return text(root / "annotations.xml", f"{start}{''.join(parts)}</annotations>")


def test_marks_of_images(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    picture(tmp_path / "images" / "sub" / "b.jpg")
    saved(
        tmp_path,
        meta("van", "car", "unused"),
        image(
            0,
            "a.jpg",
            box("car", ("10.50", "20.00", "40.25", "60")),
            box("car", (40, 30, 80, 50), 'rotation="90.0"'),
            '<polygon label="van" points="5,9;30,3;20,40"><attribute name="x">1</attribute></polygon>',
            '<polyline label="van" points="1,2;3,9"/>',
            '<points label="van" points="7,7"/>',
            '<mask label="van" rle="1, 2" left="3" top="4" width="10" height="20"/>',
            '<ellipse label="van" cx="50" cy="40" rx="20" ry="10"/>',
            '<skeleton label="van"><points label="1" outside="0" points="5,6"/>'
            '<points label="2" outside="1" points="0,0"/>'
            '<points label="3" outside="0" points="9,16"/></skeleton>',
            '<tag label="van"/>',
        ),
        image(1, "sub/b.jpg"),
    )
    data = data_of(tmp_path)
    assert data.format == "cvat"
    assert data.classes == ("van", "car", "unused")
    assert boxes(data) == {
        "images/a.jpg": [
            ("car", 10.5, 20, 40.25, 60),
            ("car", 50, 20, 70, 60),
            ("van", 5, 3, 30, 40),
            ("van", 3, 4, 13, 24),
            ("van", 30, 30, 70, 50),
            ("van", 5, 6, 9, 16),
        ],
        "images/sub/b.jpg": [],
    }
    assert kinds(data) == {"mark-as-box": 5, "mark-left-out": 3}


def test_cuboid(tmp_path: Path) -> None:
    corners = " ".join(
        f'x{side}{number}="{10 * number}" y{side}{number}="{5 + number}"'
        for number in (1, 2)
        for side in ("tl", "bl", "tr", "br")
    )
    picture(tmp_path / "a.jpg")
    saved(tmp_path, meta("car"), image(0, "a.jpg", f'<cuboid label="car" {corners}/>'))
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("car", 10, 6, 20, 7)]}


def test_subsets_are_splits(tmp_path: Path) -> None:
    for subset, name in (("Train", "a"), ("Validation", "b"), ("default", "c")):
        picture(tmp_path / "images" / subset / f"{name}.jpg")
    saved(
        tmp_path,
        meta("car"),
        image(0, "a.jpg", box("car"), subset="Train"),
        image(1, "b.jpg", box("car"), subset="Validation"),
        image(2, "c.jpg", box("car"), subset="default"),
    )
    data = data_of(tmp_path)
    assert [(split.name, split.said) for split in data.splits] == [("train", "Train"), ("val", "Validation")]
    assert boxes(data, "val") == {"images/Validation/b.jpg": [("car", 10, 20, 40, 60)]}
    assert "belong to no split and are left out" in data.notes[0]


def test_folders_of_images_are_splits(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "val/a.jpg"):
        picture(tmp_path / "images" / name)
    saved(tmp_path, meta("car"), image(0, "train/a.jpg", box("car")), image(1, "val\\a.jpg", box("car")))
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == ["images/train/a.jpg"]
    assert list(boxes(data, "val")) == ["images/val/a.jpg"]


def test_one_name_in_two_subsets(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "val/a.jpg"):
        picture(tmp_path / "images" / name)
    saved(tmp_path, meta("car"), image(0, "a.jpg", subset="train"), image(1, "a.jpg", subset="val"))
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == ["images/train/a.jpg"]
    assert list(boxes(data, "val")) == ["images/val/a.jpg"]


def test_skeleton_points_are_no_classes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    labels = (
        "<meta><job><labels><label><name>man</name><type>skeleton</type></label>"
        "<label><name>nose</name><type>points</type><parent>man</parent></label></labels></job></meta>"
    )
    saved(tmp_path, labels, image(0, "a.jpg", box("man")))
    assert data_of(tmp_path).classes == ("man",)


def track(number: int, label: str, *frames: tuple[int, int]) -> str:
    marks = "".join(
        f'<box frame="{frame}" outside="{outside}" occluded="0" keyframe="1" '
        f'xtl="{frame}" ytl="1" xbr="{frame + 5}" ybr="6" z_order="0"/>'
        for frame, outside in frames
    )
    return f'<track id="{number}" label="{label}" source="manual">{marks}</track>'


def test_tracks_of_a_video(tmp_path: Path) -> None:
    for frame in range(4):
        picture(tmp_path / "images" / f"frame_{frame:06}.PNG")
    size = "<original_size><width>100</width><height>80</height></original_size>"
    saved(
        tmp_path,
        meta("car", "dog", more=size),
        track(0, "car", (0, 0), (1, 0), (2, 1)),
        track(1, "dog", (1, 0)),
    )
    data = data_of(tmp_path)
    assert boxes(data) == {
        "images/frame_000000.PNG": [("car", 0, 1, 5, 6)],
        "images/frame_000001.PNG": [("car", 1, 1, 6, 6), ("dog", 1, 1, 6, 6)],
        "images/frame_000002.PNG": [],
        "images/frame_000003.PNG": [],
    }
    assert data.notes == ("tracks of a video are taken as boxes of its single frames",)


@pytest.mark.parametrize(
    ("more", "frames"),
    [
        ("", [0, 1, 2, 3, 4, 7]),
        ("<start_frame>1</start_frame>", [0, 1, 2, 3, 4, 7]),
        ("<start_frame>2</start_frame><stop_frame>3</stop_frame>", [0, 2, 3, 7]),
        ("<start_frame>0</start_frame><stop_frame>9</stop_frame>", [0, 1, 2, 3, 4, 7]),
    ],
)
def test_frames_of_a_job_and_those_with_marks(tmp_path: Path, more: str, frames: list[int]) -> None:
    for frame in range(5):
        picture(tmp_path / "images" / f"frame_{frame:06}.PNG")
    saved(tmp_path, meta("car", more=more), track(0, "car", (0, 0), (7, 0), (8, 1)))
    [split] = data_of(tmp_path).splits
    found = list(split.pictures())
    assert [int(each.name[-10:-4] if each.path else each.name[-6:]) for each in found] == frames
    assert [each.path is not None for each in found] == [frame < 5 for frame in frames]


def test_frames_that_a_track_skips(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "frame_000000.PNG")
    saved(tmp_path, meta("car"), track(0, "car", (0, 0), (5, 0), (6, 1), (9, 0)))
    assert "1 times a track says nothing of some frames between two boxes" in data_of(tmp_path).notes[1]


def test_a_video_without_its_frames(tmp_path: Path) -> None:
    picture(tmp_path / "cover.jpg")
    saved(tmp_path, meta("car"), track(0, "car", (0, 0)), track(1, "car", (0, 0)))
    said = r"holds 2 tracks of a video whose frames are not there as pictures .* 'CVAT for images 1.1'"
    with pytest.raises(DataError, match=said):
        data_of(tmp_path)


@pytest.mark.parametrize(
    "said",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotations><meta>&b;</meta></annotations>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotations><meta>&e;</meta></annotations>',
        '<annotations><image id="0" name="a.jpg">',
    ],
)
def test_hostile_files(tmp_path: Path, said: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "annotations.xml", said)
    with pytest.raises(DataError, match=r"annotations\.xml .*export the task from CVAT again"):
        data_of(tmp_path)


def test_marks_that_are_none(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    marks = [box("car", corners) for corners in ((1, 2, "nan", 4), (1, 2, "1e999", 4), (1, 2, "", 4))]
    marks += ['<polygon label="car" points="1,2;x"/>', '<mask label="car"/>', box(""), box("unlisted")]
    saved(tmp_path, meta("car"), image(0, "../../etc/a.jpg", *marks), image(1, "nowhere.jpg"))
    data = data_of(tmp_path)
    assert data.classes == ("car", "unlisted")
    assert kinds(data)["unreadable-annotation"] == 6
    assert "annotations.xml image 0, mark 1: it has no corners" in details(data)
    assert [each.path for each in data.splits[0].pictures()] == ["a.jpg", None]


def test_a_label_that_the_task_does_not_list_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    saved(tmp_path, meta("car"), image(0, "a.jpg", box("car"), box("crr")))
    data = data_of(tmp_path)
    assert data.classes == ("car", "crr")
    assert data.notes == ("boxes bear classes that the data set's own list lacks, and they are added: crr",)


@pytest.mark.parametrize("near", ["", "task/"])
def test_of_pictures_of_a_name_those_of_the_folder_of_images_are_meant(tmp_path: Path, near: str) -> None:
    for folder in (f"{near}images", f"{near}other", "far/images"):
        picture(tmp_path / folder / "a.jpg")
    saved(tmp_path / near, meta("car"), image(0, "a.jpg", box("car")))
    assert [*boxes(data_of(tmp_path))] == [f"{near}images/a.jpg"]
