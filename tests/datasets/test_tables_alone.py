"""Tables of boxes read by their format alone: what rows become, their classes, splits and order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from skillbank.datasets.document import DataSet
from skillbank.datasets.formats.tables import Tables
from tests.datasets.reading import boxes, details, tree_of

HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
PICTURES = ("a.jpg", "b.jpg", "day/c.jpg", "day/train/d.jpg", "val/e.jpg")


def read(root: Path, texts: Mapping[str, str | bytes], *pictures: str) -> DataSet:
    tree = tree_of(root, texts, pictures or PICTURES)
    found = Tables().recognise(tree)
    assert found is not None and not found.lacking
    return Tables().read(tree)


@pytest.mark.parametrize(
    ("said", "found", "told"),
    [
        (HEAD + "a.jpg,100,80,cat,1,2,30,40\n", {"a.jpg": [("cat", 1, 2, 30, 40)]}, ""),
        (HEAD + "a,100,80, cat ,1,2,30,40\na,9,9,,,,,\n", {"a.jpg": [("cat", 1, 2, 30, 40)]}, ""),
        (HEAD + "a.jpg,100,80,cat,,,,\n", {"a.jpg": []}, ""),
        (
            HEAD + "a.jpg,100,80,cat,1,,30,40\n",
            {"a.jpg": []},
            "a.csv line 2: its corners are no four numbers: ['1', '', '30', '40']",
        ),
        (HEAD + "a.jpg,100,80,,1,2,30,40\n", {"a.jpg": []}, "a.csv line 2: it has no class"),
        (
            HEAD + "a.jpg,100,80,cat,1,2,30,40\na.jpg,100,80,dog,x,2,30,40\n",
            {"a.jpg": [("cat", 1, 2, 30, 40)]},
            "a.csv line 3: its corners are no four numbers: ['x', '2', '30', '40']",
        ),
        ("image,x,y,w,h\na.jpg,1,2,30,40\n", {"a.jpg": [("object", 1, 2, 31, 42)]}, ""),
        ("image,cx,cy,w,h\na.jpg,20,30,10,20\n", {"a.jpg": [("object", 15, 20, 25, 40)]}, ""),
        ("image,cx,cy,w,h\na.jpg,.5,.5,.1,.5\n", {"a.jpg": [("object", 45, 20, 55, 60)]}, ""),
        (
            "image,cx,cy,w,h\ngone.jpg,.5,.5,.1,.5\na.jpg,,,,\n",
            {"gone.jpg": [], "a.jpg": []},
            "a.csv line 2: the boxes of gone.jpg are shares of a picture: it is not there",
        ),
        ("train,a.jpg,cat,.1,.25,,,.5,.75,,\n", {}, ""),
        ("cat,10,20,30,40,a.jpg,100,80\n", {"a.jpg": [("cat", 10, 20, 40, 60)]}, ""),
        ("image;x1;y1;x2;y2\na.jpg;1,5;2;30,5;40\n", {"a.jpg": [("object", 1.5, 2, 30.5, 40)]}, ""),
        ('image,bbox\na.jpg,"[1, 2, 30, 40]"\n', {"a.jpg": [("object", 1, 2, 31, 42)]}, ""),
        (
            'image,bbox\na.jpg,"[60, 40, 90, 70]"\nb.jpg,"[60, 40, 95, 70]"\nday/c.jpg,"[60, 40, 90, 75]"\n',
            {
                "a.jpg": [("object", 60, 40, 90, 70)],
                "b.jpg": [("object", 60, 40, 95, 70)],
                "day/c.jpg": [("object", 60, 40, 90, 75)],
            },
            "",
        ),
        (
            "image,bbox\na.jpg,{}\n",
            {"a.jpg": []},
            "a.csv line 2: its corners are no four numbers: ['{}']",
        ),
        (
            'image,bbox\na.jpg,"[1, 2, 3]"\n',
            {"a.jpg": []},
            "a.csv line 2: its corners are no four numbers: [1, 2, 3]",
        ),
    ],
)  # fmt: skip
def test_what_rows_become(tmp_path: Path, said: str, found: dict[str, object], told: str) -> None:
    data = read(tmp_path, {"a.csv": said})
    if not found:
        assert [split.name for split in data.splits] == ["train"]
        found = {"a.jpg": [("cat", 10, 20, 50, 60)]}
    assert boxes(data, data.splits[0].name) == found
    assert details(data) == told


@pytest.mark.parametrize(
    ("said", "sizes"),
    [
        (HEAD + "a.jpg,50,40,cat,1,2,3,4\n", (50, 40)),
        (HEAD + "a.jpg,50,,cat,1,2,3,4\n", (100, 80)),
        (HEAD + "a.jpg,0,0,cat,1,2,3,4\n", (100, 80)),
        (HEAD + "gone.jpg,50,,cat,1,2,3,4\n", (50, None)),
        ("image,x1,y1,x2,y2\na.jpg,1,2,3,4\n", (100, 80)),
    ],
)
def test_sizes_are_those_of_the_rows_else_of_the_file(
    tmp_path: Path, said: str, sizes: tuple[int, int | None]
) -> None:
    [split] = read(tmp_path, {"a.csv": said}).splits
    assert [(each.width, each.height) for each in split.pictures()] == [sizes]
    assert [str(each.where) for each in split.pictures()] == ["a.csv line 2"]


MAP = "item { id: 1 name: 'cat' }\nitem { id: 2 name: 'dog' }"
ROWS = "a.jpg,,,{},1,2,3,4\nb.jpg,,,{},1,2,3,4\n"


@pytest.mark.parametrize(
    ("words", "beside", "classes", "first"),
    [
        (("dog", "cat"), {}, ("cat", "dog"), "dog"),
        (("10", "9"), {}, ("9", "10"), "10"),
        (("1.0", "0.0"), {}, ("0", "1"), "1"),
        (("1", "one"), {}, ("1", "one"), "1"),
        (("1", "01"), {}, ("01", "1"), "1"),
        (("dog", "cat"), {"classes.csv": "dog,0\ncat,1\n"}, ("dog", "cat"), "dog"),
        (("dog", "cat"), {"classes.csv": "1,cat\n0,dog\n"}, ("dog", "cat"), "dog"),
        (("7", "3"), {"class_list.csv": "dog,7\ncat,3\nowl,12\n"}, ("cat", "dog", "owl"), "dog"),
        (("7.0", "3"), {"labelmap.tsv": "name\tid\ndog\t7\ncat\t3\n"}, ("cat", "dog"), "dog"),
        (("dog", "cat"), {"names.csv": "dog,0\ncat,1\n"}, ("cat", "dog"), "dog"),
        (("dog", "cat"), {"classes.csv": "a,b,c\ndog,0,1\n"}, ("cat", "dog"), "dog"),
        (("7", "3"), {"classes.csv": "dog,7\nfox,7\ncat,3\nfar,12345678901\n"}, ("cat", "dog"), "dog"),
        (("7", "3"), {"classes.csv": "dog,7\ndog,3\n"}, ("dog",), "dog"),
        (
            ("2", "1"),
            {"map.pbtxt": "item {\n id: 1\n name: 'cat'\n}\nitem {\n id: 2\n name: \"dog\"\n}\n"},
            ("cat", "dog"),
            "dog",
        ),
        (("dog", "1"), {"map.pbtxt": MAP}, ("cat", "dog"), "dog"),
        (("dog", "owl"), {"map.pbtxt": MAP}, ("dog", "owl"), "dog"),
    ],
)  # fmt: skip
def test_classes_are_those_of_a_list_else_the_words_in_use(
    tmp_path: Path, words: tuple[str, str], beside: dict[str, str], classes: tuple[str, ...], first: str
) -> None:
    data = read(tmp_path, {"a.csv": HEAD + ROWS.format(*words), **beside})
    assert data.classes == classes and boxes(data)["a.jpg"] == [(first, 1, 2, 3, 4)]
    numbered = "the classes have no names, only numbers; classes.csv would name them"
    assert (numbered in data.notes) is (classes[0].isdecimal() and classes[-1].isdecimal())


@pytest.mark.parametrize(
    ("file", "names", "split"),
    [
        ("train.csv", ("a.jpg",), "train"),
        ("a.csv", ("day/train/d.jpg",), "train"),
        ("a.csv", ("d.jpg",), "train"),
        ("a.csv", ("d.jpg", "e.jpg"), ""),
        ("a.csv", ("a.jpg", "e.jpg"), ""),
        ("a.csv", ("gone\\test\\f.jpg",), "test"),
    ],
)
def test_the_split_is_that_of_the_file_else_of_all_its_pictures(
    tmp_path: Path, file: str, names: tuple[str, ...], split: str
) -> None:
    rows = "".join(f"{name},,,cat,1,2,3,4\n" for name in names)
    data = read(tmp_path, {file: HEAD + rows})
    assert [(each.name, each.annotations) for each in data.splits] == [(split, (file,))]


def test_a_column_of_splits_goes_before_the_name_of_the_file(tmp_path: Path) -> None:
    rows = (
        "a.jpg,cat,1,2,3,4,train\nb.jpg,dog,1,2,3,4,valid\na.jpg,cat,5,6,7,8,train\nval/e.jpg,cat,1,2,3,4\n"
    )
    data = read(tmp_path, {"test.csv": f"image,class,x1,y1,x2,y2,split\n{rows}"})
    assert boxes(data, "train") == {"a.jpg": [("cat", 1, 2, 3, 4), ("cat", 5, 6, 7, 8)]}
    assert boxes(data, "val") == {"b.jpg": [("dog", 1, 2, 3, 4)]}
    assert boxes(data, "test") == {"val/e.jpg": [("cat", 1, 2, 3, 4)]}


def test_rows_of_a_picture_are_put_together_wherever_they_stand(tmp_path: Path) -> None:
    rows = "a.jpg,,,cat,1,2,3,4\nb.jpg,,,cat,1,2,3,4\na.jpg,,,dog,5,6,7,8\n,,,cat,1,2,3,4\n"
    data = read(tmp_path, {"a.csv": HEAD + rows})
    [split] = data.splits
    assert [(each.path, len(each.boxes)) for each in split.pictures()] == [("a.jpg", 2), ("b.jpg", 1)]
    assert [box.at for each in split.pictures() for box in each.boxes] == ["line 2", "line 4", "line 3"]


@pytest.mark.parametrize(
    ("said", "order"),
    [('"[1, 2, 30, 40]"', "x, y, width and height"), ('"[60, 40, 90, 70]"', "corners")],
)
def test_in_which_order_numbers_of_one_cell_are_taken_is_said(tmp_path: Path, said: str, order: str) -> None:
    rows = "".join(f"{name},{said}\n" for name in ("a.jpg", "b.jpg", "day/c.jpg"))
    data = read(tmp_path, {"a.csv": f"image,bbox\n{rows}"})
    [taken, classless] = data.notes
    assert taken.startswith("the boxes of a.csv are taken as ") and order in taken
    assert classless == "a.csv names no classes; all boxes are of the class 'object'"


def test_texts_are_tables_too_unless_they_bear_the_name_of_a_picture(tmp_path: Path) -> None:
    table = HEAD + "a.jpg,100,80,cat,1,2,30,40\n"
    found = {
        name: Tables().recognise(tree_of(tmp_path / str(number), {name: table}, PICTURES))
        for number, name in enumerate(("list.txt", "x/list.txt", "x/y/list.txt", "a.txt", "x/c.txt"))
    }
    assert [name for name, each in found.items() if each is not None] == ["list.txt", "x/list.txt"]
    assert found["x/list.txt"] is not None and found["x/list.txt"].files == ("x/list.txt",)


def test_a_column_that_is_missing_is_said_and_another_table_is_none(tmp_path: Path) -> None:
    short = "filename,class,xmin,ymin,xmax\na.jpg,cat,1,2,3\n"
    lacking = Tables().recognise(tree_of(tmp_path / "a", {"x.csv": "a,b\n1,2\n", "y.csv": short}, PICTURES))
    assert lacking is not None and (lacking.files, lacking.why) == ((), "y.csv")
    assert lacking.lacking == (
        f"{tmp_path}/a/y.csv has corners of boxes and no column of the bottom (ymax): add what is missing"
    )
    assert Tables().recognise(tree_of(tmp_path / "b", {"x.csv": "a,b\n1,2\n"}, PICTURES)) is None
