"""MOTChallenge as it is released, and as CVAT writes it."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

BOX = (10.0, 20.0, 40.0, 60.0)


def test_the_release(tmp_path: Path) -> None:
    for sequence in ("train/MOT17-02-FRCNN", "train/MOT17-04-FRCNN", "test/MOT17-01-FRCNN"):
        for frame in (1, 2, 3):
            picture(tmp_path / sequence / "img1" / f"{frame:06d}.jpg")
        text(tmp_path / sequence / "det" / "det.txt", "1,-1,10,20,30,40,0.9\n")
    rows = "1,1,10,20,30,40,1,1,0.86\n3,1,10,20,30,40,1,3,1\n1,9,10,20,30,40,0,12,1\n"
    for sequence in ("MOT17-02-FRCNN", "MOT17-04-FRCNN"):
        text(tmp_path / "train" / sequence / "gt" / "gt.txt", rows)
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("mot+pictures", ("pedestrian", "car"))
    read = boxes(data, "train")
    assert len(read) == 6
    assert read["train/MOT17-04-FRCNN/img1/000001.jpg"] == [("pedestrian", *BOX)]
    assert read["train/MOT17-04-FRCNN/img1/000002.jpg"] == []
    assert kinds(data) == {"region-left-out": 2}


def test_classes_of_cvat(tmp_path: Path) -> None:
    for frame in (0, 1):
        picture(tmp_path / "img1" / f"frame_{frame:06d}.PNG")
    text(tmp_path / "gt" / "labels.txt", "dog\ncat\n")
    text(tmp_path / "gt" / "gt.txt", "1,1,10,20,30,40,1,2,1.0\n")
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("mot", ("cat",))
    assert boxes(data) == {"img1/frame_000000.PNG": [], "img1/frame_000001.PNG": [("cat", *BOX)]}


def test_the_first_challenge_and_what_is_wrong(tmp_path: Path) -> None:
    picture(tmp_path / "seq" / "img1" / "000001.jpg")
    rows = (
        "1,1,10,20,30,40,1,-1,-1,-1\n1,2,x,20,30,40,1,1,1\n1,2,3\n9,1,10,20,30,40,1,1,1\n1,1,1,2,3,4,1,77,1\n"
        "1,1,1,2,3,4,1,0,1\n"
    )
    text(tmp_path / "seq" / "gt" / "gt.txt", rows)
    data = data_of(tmp_path)
    assert boxes(data) == {
        "seq/img1/000001.jpg": [("pedestrian", *BOX)],
        "img1/000009": [("pedestrian", *BOX)],
    }
    assert kinds(data) == {"unreadable-annotation": 2, "unknown-class": 2}
    assert "line 5: its class is number 77" in details(data)
    assert "line 6: its class is number 0" in details(data)


def test_the_folders_of_sequences_say_their_splits(tmp_path: Path) -> None:
    for number, sequence in enumerate(("a_train", "b_val"), 1):
        picture(tmp_path / sequence / "img1" / f"{number:06d}.jpg")
        text(tmp_path / sequence / "gt" / "gt.txt", f"{number},1,10,20,30,40,1,1,1\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"a_train/img1/000001.jpg": [("pedestrian", *BOX)]}
    assert boxes(data, "val") == {"b_val/img1/000002.jpg": [("pedestrian", *BOX)]}
