"""CSV in the shapes that trainers and tools know."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

TENSORFLOW = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


def pictures(root: Path, *names: str) -> None:
    for name in names:
        picture(root / name)


def test_tensorflow(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.jpg", "images/b.jpg")
    text(
        tmp_path / "train_labels.csv", TENSORFLOW + "a.jpg,100,80,cat,10,20,40,60\na.jpg,100,80,dog,1,2,3,4\n"
    )
    text(tmp_path / "test_labels.csv", TENSORFLOW + "b.jpg,100,80,cat,10,20,40,60\n")
    data = data_of(tmp_path)
    assert data.format == "csv"
    assert data.classes == ("cat", "dog")
    assert boxes(data, "train") == {"images/a.jpg": [("cat", 10, 20, 40, 60), ("dog", 1, 2, 3, 4)]}
    assert list(boxes(data, "test")) == ["images/b.jpg"]


def test_roboflow_split_folders(tmp_path: Path) -> None:
    for folder in ("train", "valid"):
        picture(tmp_path / folder / "a.jpg")
        text(tmp_path / folder / "_annotations.csv", TENSORFLOW + "a.jpg,100,80,cat,10,20,40,60\n")
    assert boxes(data_of(tmp_path), "val") == {"valid/a.jpg": [("cat", 10, 20, 40, 60)]}


def test_retinanet(tmp_path: Path) -> None:
    pictures(tmp_path, "imgs/a.jpg", "imgs/b.jpg", "imgs/c.jpg")
    text(
        tmp_path / "annotations.csv", "imgs/a.jpg,10,20,40,60,dog\nimgs/b.jpg,,,,,\nimgs/a.jpg,1,2,3,4,cat\n"
    )
    text(tmp_path / "val_annotations.csv", "/home/me/imgs/c.jpg,10,20,40,60,bird\n")
    text(tmp_path / "classes.csv", "dog,0\ncat,1\n")
    data = data_of(tmp_path)
    assert data.classes == ("dog", "cat")
    assert "2 annotated pictures belong to no split" not in data.notes
    assert kinds(data) == {"unknown-class": 1}


def test_retinanet_undivided(tmp_path: Path) -> None:
    pictures(tmp_path, "imgs/a.jpg", "imgs/b.jpg")
    text(
        tmp_path / "annotations.csv", "imgs/a.jpg,10,20,40,60,dog\nimgs/b.jpg,,,,,\nimgs/a.jpg,1,2,3,4,cat\n"
    )
    assert boxes(data_of(tmp_path)) == {
        "imgs/a.jpg": [("dog", 10, 20, 40, 60), ("cat", 1, 2, 3, 4)],
        "imgs/b.jpg": [],
    }


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("image_id,x,y,w,h,label", "a,10,20,30,40,cat"),
        ("image,bbox_x,bbox_y,bbox_width,bbox_height,category", "a.jpg,10,20,30,40,cat"),
        ("Image Path;X1;Y1;X2;Y2;Class Name", "C:\\data\\a.jpg;10,0;20,0;40,0;60,0;cat"),
        ("img_path\tcx\tcy\tw\th\tname", "./a.jpg\t25\t40\t30\t40\tcat"),
        ("frame,xmin,xmax,ymin,ymax,class_id,class_name", "a.jpg,10,40,20,60,7,cat"),
        ("image_id,width,height,bbox,source,label", 'a,100,80,"[10.0, 20.0, 30.0, 40.0]",usask,cat'),
        ("file_name|left|top|right|bottom|species", "a.jpg|10|20|40|60|cat"),
        ("\ufefffilename,xmin,ymin,xmax,ymax,class", "a.jpg,10,20,40,60,cat"),
        ('"filename","xmin","ymin","xmax","ymax","class"', '"a.jpg","10","20","40","60","cat"\r'),
    ],
)
def test_named_columns(tmp_path: Path, header: str, row: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "labels.csv", f"{header}\n{row}\n")
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("cat", 10, 20, 40, 60)]}
    assert not kinds(data)


def test_column_of_splits(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    rows = "a.jpg,1,2,3,4,cat,train\nb.jpg,1,2,3,4,cat,VALID\nc.jpg,1,2,3,4,cat,later\n"
    text(tmp_path / "data.csv", "filename,x1,y1,x2,y2,class,split\n" + rows)
    data = data_of(tmp_path)
    assert [(split.name, split.said) for split in data.splits] == [("train", "train"), ("val", "VALID")]
    assert list(boxes(data, "val")) == ["b.jpg"]
    assert "belong to no split and are left out" in data.notes[0]


def test_google(tmp_path: Path) -> None:
    pictures(tmp_path, "a.jpg", "b.jpg")
    rows = "TRAIN,gs://bucket/a.jpg,cat,0.1,0.25,,,0.4,0.75,,\nVALIDATION,gs://bucket/b.jpg,cat,0,0,1,0,1,1,0,1\n"
    text(tmp_path / "export.csv", rows)
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"a.jpg": [("cat", 10, 20, 40, 60)]}
    assert boxes(data, "val") == {"b.jpg": [("cat", 0, 0, 100, 80)]}


def test_classes_that_are_numbers(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    rows = "a.jpg,1,2,3,4,10\na.jpg,1,2,3,4,2.0\n"
    text(tmp_path / "labels.csv", "filename,x1,y1,x2,y2,label\n" + rows)
    data = data_of(tmp_path)
    assert data.classes == ("2", "10")
    assert "the classes have no names" in data.notes[0]
    text(tmp_path / "classes.csv", "cat,2\ndog,10\nape,0\n")
    data = data_of(tmp_path)
    assert data.classes == ("ape", "cat", "dog")
    assert [name for name, *_ in boxes(data)["a.jpg"]] == ["dog", "cat"]


def test_a_table_without_classes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "train.csv", 'image_id,width,height,bbox\na,100,80,"[10, 20, 30, 40]"\n')
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"a.jpg": [("object", 10, 20, 40, 60)]}
    assert "names no classes" in data.notes[1]


def test_other_tables_are_none(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "sales.csv", "day,amount\n1,2\n")
    text(tmp_path / "classification.csv", "filename,class\na.jpg,cat\n")
    text(tmp_path / "results.csv", "epoch,x,y\n1,2,3\n")
    assert data_of(tmp_path).format == "pictures"


def test_latin_1(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "labels.csv", (TENSORFLOW + "a.jpg,100,80,Käse,1,2,3,4\n").encode("latin-1"))
    data = data_of(tmp_path)
    assert data.classes == ("Käse",)
    assert kinds(data) == {"not-utf8": 1}


def test_hostile_rows(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    rows = [
        f"a.jpg,100,80,cat,{corners}\n"
        for corners in ("nan,2,3,4", "1e999,2,3,4", "1,2,3", f"{'9' * 5000},2,3,4")
    ]
    rows += [
        "a.jpg,100,80,,1,2,3,4\n",
        "../../etc/a.jpg,100,80,cat,1,2,3,4\n",
        "a.jpg,-5,1e400,cat,5,6,7,8,9,10\n",
    ]
    text(tmp_path / "labels.csv", TENSORFLOW + "".join(rows))
    data = data_of(tmp_path)
    found = list(data.splits[0].pictures())
    assert sum(len(each.boxes) for each in found) == 2
    assert kinds(data) == {"unreadable-annotation": 5}
    assert "labels.csv line 3: its corners are no four numbers" in details(data)


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(
        tmp_path / "labels.csv",
        TENSORFLOW + 'a.jpg,100,80,"cat,1,2,3,4\n' + "a.jpg,100,80,cat,1,2,3,4\n" * 10_000,
    )
    with pytest.raises(DataError, match=r"labels\.csv line \d+ cannot be read .*correct it"):
        data_of(tmp_path)


def test_sku110k(tmp_path: Path) -> None:
    """No header, and the size of the picture behind the class."""
    picture(tmp_path / "images" / "train_0.jpg")
    rows = "train_0.jpg,10,20,40,60,object,100,80\ntrain_0.jpg,1,2,30,40,object,100,80\n"
    text(tmp_path / "annotations" / "annotations_train.csv", rows)
    data = data_of(tmp_path)
    assert data.format == "csv"
    found = boxes(data, "train")
    assert found == {"images/train_0.jpg": [("object", 10, 20, 40, 60), ("object", 1, 2, 30, 40)]}


def test_centres_in_shares(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "x.csv", "image,label,x_center,y_center,width,height\na.jpg,cat,0.25,0.5,0.3,0.5\n")
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("cat", 10, 20, 40, 60)]}
    text(tmp_path / "x.csv", "image,label,x_center,y_center,width,height\na.jpg,cat,25,40,30,40\n")
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("cat", 10, 20, 40, 60)]}


HEADER = "filename,class,xmin,ymin,xmax,ymax\n"


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("a.csv", f"# made by our tool 1.2\n\n{HEADER}a.jpg,dog,10,20,40,60\n"),
        ("a.csv", f"#{HEADER}a.jpg,dog,10,20,40,60\n"),
        ("a.csv", "Filename;Annotation tag;Upper left corner X;Upper left corner Y;Lower right corner X;"
                  "Lower right corner Y\na.jpg;dog;10;20;40;60\n"),
        ("a.csv", 'a.jpg 10 20 40 60 0 "dog"\n'),
        ("labels_pets.csv", "dog,10,20,30,40,a.jpg,100,80\n"),
        ("gt.txt", "a.jpg;10;20;40;60;dog\n"),
        ("list.txt", '"a.jpg", 10, 20, 40, 60, dog\n'),
    ],
)  # fmt: skip
def test_shapes_of_more_tools(tmp_path: Path, file: str, said: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / file, said)
    data = data_of(tmp_path)
    assert (data.format, boxes(data)) == ("csv", {"a.jpg": [("dog", 10, 20, 40, 60)]})


def test_numbers_of_classes_by_a_label_map_of_tensorflow(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "l.csv", f"{HEADER}a.jpg,2,10,20,40,60\n")
    text(tmp_path / "label_map.pbtxt", "item {\n  id: 1\n  name: 'cat'\n}\nitem { name: \"dog\" id: 2 }\n")
    data = data_of(tmp_path)
    assert data.classes == ("cat", "dog") and boxes(data) == {"a.jpg": [("dog", 10, 20, 40, 60)]}


def test_a_column_of_corners_that_is_missing_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "l.csv", "filename,width,height,class,xmin,ymin,xmax\na.jpg,100,80,dog,10,20,40\n")
    with pytest.raises(DataError, match=r"l.csv has corners of boxes and no column of the bottom \(ymax\)"):
        data_of(tmp_path)


def test_a_fault_of_a_row_stands_at_its_own_line(tmp_path: Path) -> None:
    pictures(tmp_path, "images/a.jpg")
    rows = "a.jpg,100,80,cat,10,20,40,60\na.jpg,100,80,dog,1px,2px,3px,4px\n"
    text(tmp_path / "labels.csv", TENSORFLOW + rows)
    [fault] = [each for split in data_of(tmp_path).splits for p in split.pictures() for each in p.faults]
    assert fault.where == "labels.csv line 3"


def test_tables_of_splits_mean_the_pictures_in_the_folder_of_their_own(tmp_path: Path) -> None:
    pictures(tmp_path, "train/a.jpg", "val/a.jpg")
    for split in ("train", "val"):
        text(tmp_path / f"{split}_labels.csv", TENSORFLOW + "a.jpg,100,80,cat,10,20,40,60\n")
    data = data_of(tmp_path)
    assert [list(boxes(data, split)) for split in ("train", "val")] == [["train/a.jpg"], ["val/a.jpg"]]
