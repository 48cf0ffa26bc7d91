"""Open Images' tables, of which people have some of the pictures."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,"
    "IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
)


def row(image: str, label: str, corners: str = "0.1,0.4,0.25,0.75", group: str = "0") -> str:
    return f"{image},xclick,{label},1,{corners},0,0,{group},0,0\n"


def test_official_layout(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "000a1.jpg")
    picture(tmp_path / "validation" / "000b2.jpg")
    picture(tmp_path / "test" / "000c3.jpg")
    rows = row("000a1", "/m/0k4j") + row("000a1", "/m/01g317", group="1") + row("not here", "/m/0zzz")
    text(tmp_path / "oidv6-train-annotations-bbox.csv", HEADER + rows)
    text(tmp_path / "validation-annotations-bbox.csv", HEADER + row("000b2", "/m/0k4j"))
    text(tmp_path / "test-annotations-bbox.csv", HEADER + row("000c3", "/m/0k4j"))
    text(
        tmp_path / "class-descriptions-boxable.csv",
        "/m/0zzz,Zebra\n/m/0k4j,Car\n/m/01g317,Person\n/m/0no,Nothing\n",
    )
    data = data_of(tmp_path)
    assert data.format == "open_images"
    assert data.classes == ("Car", "Person")
    assert boxes(data, "train") == {"train/000a1.jpg": [("Car", 10, 20, 40, 60), ("Person", 10, 20, 40, 60)]}
    assert [split.name for split in data.splits] == ["train", "val", "test"]
    assert [box.crowd for box in next(iter(data.splits[0].pictures())).boxes] == [False, True]
    assert data.notes == (
        "2 classes of the list have no box and are left out",
        "1 pictures of oidv6-train-annotations-bbox.csv are not here and are left out",
    )


def test_one_table_of_ones_own(tmp_path: Path) -> None:
    picture(tmp_path / "data" / "a.jpg")
    rows = row("a", "/m/0k4j") + row("b", "/m/0k4j") + row("a", "/m/0k4j", "0,1,0,1")
    text(tmp_path / "labels" / "detections.csv", HEADER + rows)
    data = data_of(tmp_path)
    assert data.classes == ("/m/0k4j",)
    assert "classes without a name are called by their code (/m/0k4j)" in data.notes[0]
    # The rows of a stand apart; b is missing, which is for the check to say.
    assert boxes(data) == {
        "data/a.jpg": [("/m/0k4j", 10, 20, 40, 60), ("/m/0k4j", 0, 0, 100, 80)],
        "b": [],
    }
    assert kinds(data) == {"size-unknown": 1}


def test_descriptions_with_a_header(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "annotations-bbox.csv", HEADER + row("a", "/m/0k4j"))
    text(tmp_path / "oidv7-class-descriptions-boxable.csv", 'LabelName,DisplayName\n/m/0k4j,"Car, old"\n')
    assert data_of(tmp_path).classes == ("Car, old",)


def test_hostile_rows(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    odd = [row("a", "/m/0k4j", corners) for corners in ("nan,1,0,1", "1e999,1,0,1", ",,,", "x,1,0,1")]
    text(
        tmp_path / "bbox.csv", HEADER + "".join(odd) + row("a", "") + "a,b\n" + row("../../etc/a", "/m/0k4j")
    )
    data = data_of(tmp_path)
    assert kinds(data)["unreadable-annotation"] == 5
    assert "bbox.csv line 2: its corners are no four numbers" in details(data)
    assert {each.path for each in data.splits[0].pictures()} == {"a.jpg"}
