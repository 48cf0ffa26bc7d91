"""WIDER FACE as it is released."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

BOX = ("face", 10.0, 20.0, 40.0, 60.0)
ROW = "10 20 30 40 0 0 0 0 0 0 \n"
INVALID = "10 20 30 40 0 0 0 1 2 0 \n"


def test_the_release(tmp_path: Path) -> None:
    for split in ("train", "val"):
        for name in ("0--Parade/a.jpg", "1--Handshaking/a.jpg"):
            picture(tmp_path / f"WIDER_{split}" / "images" / name)
        said = f"0--Parade/a.jpg\n2\n{ROW}{INVALID}1--Handshaking/a.jpg\n0\n0 0 0 0 0 0 0 0 0 0 \n"
        text(tmp_path / "wider_face_split" / f"wider_face_{split}_bbx_gt.txt", said)
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("wider", ("face",))
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "val") == {
        "WIDER_val/images/0--Parade/a.jpg": [BOX],
        "WIDER_val/images/1--Handshaking/a.jpg": [],
    }
    assert kinds(data) == {"region-left-out": 2}


def test_counts_and_rows_that_are_wrong(tmp_path: Path) -> None:
    for name in "abcd":
        picture(tmp_path / f"{name}.jpg")
    said = f"a.jpg\n1\n{ROW}{ROW}b.jpg\n2\n{ROW}c.jpg\nmany\n{ROW}d.jpg\n1\n10 20 30\n"
    text(tmp_path / "faces.txt", said)
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [BOX], "b.jpg": [BOX], "c.jpg": [], "d.jpg": []}
    assert kinds(data) == {"unreadable-annotation": 4}
    assert "faces.txt line 1: more lines stand behind it than it counts" in details(data)
    assert "faces.txt line 5: fewer lines" in details(data)
