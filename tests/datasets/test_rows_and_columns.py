"""Tables of text: what is one, how its cells are parted, and which of its columns holds what."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from skillbank.datasets.formats.rows import Table, is_blank, split_of_file, table_of, together
from skillbank.datasets.formats.table_columns import Columns, columns_of, lacking_columns
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError


def looked(root: Path, content: str | bytes) -> Table | None:
    (file := root / "a.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return table_of(Tree(root, {"a.csv": file}), "a.csv")


@pytest.mark.parametrize(
    ("content", "delimiter", "first", "comments"),
    [
        ("a,b\n1,2\n", ",", (("a", "b"), ("1", "2")), 0),
        ("a;b\n1,5;2\n", ";", (("a", "b"), ("1,5", "2")), 0),
        ("a\tb,c\td\n1,2,3,4\n", "\t", (("a", "b,c", "d"), ("1,2,3,4",)), 0),
        ("a|b\n", "|", (("a", "b"),), 0),
        ("a,b;c\n1;2;3;4\n", ",", (("a", "b;c"), ("1;2;3;4",)), 0),
        ("a b\n1 2\n", " ", (("a", "b"), ("1", "2")), 0),
        ('" a ", b\n\n \n"x,y",2\n', ",", (("a", "b"), ("x,y", "2")), 0),
        ("# said\n# more\na,b\n", ",", (("a", "b"),), 2),
        ("# said\n#a,b\n1,2\n", ",", (("#a", "b"), ("1", "2")), 1),
        ("#a,b\n1,2,3\n", ",", (("1", "2", "3"),), 1),
        ("# said\n1\n", None, (), 0),
        ("a\n1\n", None, (), 0),
        ("", None, (), 0),
        ("\n \n", None, (), 0),
        ("a,b\n1,\0\n", None, (), 0),
        ("a,b\n".encode("utf-16"), ",", (("a", "b"),), 0),
    ],
)
def test_what_is_a_table(
    tmp_path: Path,
    content: str | bytes,
    delimiter: str | None,
    first: tuple[tuple[str, ...], ...],
    comments: int,
) -> None:
    found = looked(tmp_path, content)
    said = None if found is None else (found.delimiter, found.first, found.comments)
    assert said == (None if delimiter is None else (delimiter, first, comments))


def test_of_a_long_table_the_first_rows_are_looked_at(tmp_path: Path) -> None:
    found = looked(tmp_path, "a,b\n" + "1,2\n" * 30)
    assert found is not None and len(found.first) == 25
    wide = "x" * 40_000
    found = looked(tmp_path, f"a,b\n{wide},1\n{wide},2\n")
    assert found is not None and [row[1] for row in found.first] == ["b", "1"], "the last may be cut off"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a,b\né,1\n".encode(), "utf-8"),
        (codecs.BOM_UTF8 + b"a,b\n", "utf-8-sig"),
        ("a,b\né,1\n".encode("utf-16"), "utf-16"),
        ("a,b\né,1\n".encode("latin-1"), "cp1252"),
        (b"a,b\n" + b"x" * (1 << 20) + b",1\n\xc3", "cp1252"),
    ],
)
def test_encodings_of_tables(tmp_path: Path, content: bytes, encoding: str) -> None:
    found = looked(tmp_path, content)
    assert found is not None and found.encoding() == encoding
    (tmp_path / "a.csv").unlink()
    with pytest.raises(DataError, match=r"a\.csv cannot be read"):
        found.encoding()
    with pytest.raises(DataError, match=r"a\.csv cannot be opened"):
        list(found.rows("utf-8"))


def test_rows_have_the_line_at_which_they_end(tmp_path: Path) -> None:
    found = looked(tmp_path, '# said\na,b\n\n" x ","two\nlines"\n,\n3,4\n')
    assert found is not None
    assert list(found.rows("utf-8")) == [(2, ["a", "b"]), (5, ["x", "two\nlines"]), (7, ["3", "4"])]
    assert found.value("1,5") == "1,5"
    parted = looked(tmp_path, "a;b\n")
    assert parted is not None and parted.value("1,5") == "1.5"
    (tmp_path / "a.csv").write_text("a;b\n" + '"' + "x" * 200_000)
    with pytest.raises(DataError, match=r"a\.csv line \d+ cannot be read \(.*\); correct it"):
        list(parted.rows("utf-8"))


@pytest.mark.parametrize(
    ("cell", "blank"), [("", True), ("NaN", True), ("n/a", True), ("0", False), ("-", False)]
)
def test_blank_cells(cell: str, blank: bool) -> None:
    assert is_blank(cell) is blank


@pytest.mark.parametrize(
    ("name", "split"),
    [("d/train_labels.csv", "train"), ("Val2017.csv", "Val"), ("labels.csv", ""), ("train/labels.csv", ""),
     ("a_test.train.csv", "test")],
)  # fmt: skip
def test_splits_of_files(name: str, split: str) -> None:
    assert split_of_file(name) == split


def test_rows_of_one_name_come_together() -> None:
    rows = [(1, ["a"]), (2, ["a"]), (3, ["b"]), (4, ["a"])]
    grouped = [
        (name, [line for line, _ in some]) for name, some in together(rows, lambda r: r[0], grouped=True)
    ]
    assert grouped == [("a", [1, 2]), ("b", [3]), ("a", [4])]
    held = [
        (name, [line for line, _ in some]) for name, some in together(rows, lambda r: r[0], grouped=False)
    ]
    assert held == [("a", [1, 2, 4]), ("b", [3])]


def columns(*rows: str) -> Columns | None:
    return columns_of(Table(Tree(Path(), {}), "a.csv", ",", tuple(tuple(row.split(",")) for row in rows)))


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (
            ["filename,width,height,class,xmin,ymin,xmax,ymax"],
            Columns("xyxy", 0, (4, 5, 6, 7), 3, None, (1, 2)),
        ),
        (["image,x1,y1,x2,y2"], Columns("xyxy", 0, (1, 2, 3, 4), None)),
        (["split,path,label,X-Min,Y Min,X-Max,Y Max"], Columns("xyxy", 1, (3, 4, 5, 6), 2, 0)),
        (
            ["image,width,x1,y1,x2,y2,image_width,image_height"],
            Columns("xyxy", 0, (2, 3, 4, 5), None, None, (6, 7)),
        ),
        (["image,width,x1,y1,x2,y2"], Columns("xyxy", 0, (2, 3, 4, 5), None)),
        (["image,x,y,w,h,class"], Columns("xywh", 0, (1, 2, 3, 4), 5)),
        (["image,x,y,width,height"], Columns("xywh", 0, (1, 2, 3, 4), None)),
        (["image,xmin,ymin,width,height,x2"], None),
        (["image,cx,cy,w,h", "a.jpg,5,6,2,2"], Columns("cxcywh", 0, (1, 2, 3, 4), None)),
        (["image,cx,cy,w,h", "a.jpg,.5,.5,1,1"], Columns("centred shares", 0, (1, 2, 3, 4), None)),
        (["image,cx,cy,w,h", "a.jpg,0,1,1,1"], Columns("cxcywh", 0, (1, 2, 3, 4), None)),
        (["image,cx,cy,w,h", "a.jpg,.5,.5,1.5,1"], Columns("cxcywh", 0, (1, 2, 3, 4), None)),
        (
            ["image,cx,cy,w,h", "a.jpg,.5,.5,nan,", "b.jpg,.5"],
            Columns("centred shares", 0, (1, 2, 3, 4), None),
        ),
        (["image,bbox,width,height,name"], Columns("xywh", 0, (1,), 4, None, (2, 3))),
        (["x1,y1,x2,y2"], None),
        (["image,x1,y1,x2"], None),
        (["a.jpg,1,2,3,4,dog", "b.jpg,,,,,"], Columns("xyxy", 0, (1, 2, 3, 4), 5, has_header=False)),
        (["a.jpg,1,2,3,4,dog", "image,1,2,3,4,dog"], None),
        (["a.jpg,1,2,3,4,0,dog"], Columns("xyxy", 0, (1, 2, 3, 4), 6, has_header=False)),
        (["a.jpg,1,2,3,4,2,dog"], None),
        (["a.jpg,1,2,3,4,dog,10,20"], Columns("xyxy", 0, (1, 2, 3, 4), 5, size=(6, 7), has_header=False)),
        (["dog,1,2,3,4,a.jpg,10,20"], Columns("xywh", 5, (1, 2, 3, 4), 0, size=(6, 7), has_header=False)),
        (["dog,1,2,3,4,a.jpg,10,x"], None),
        (
            ["TRAIN,gs://b/a.jpg,dog,.1,.2,,,.3,.4,,"],
            Columns("shares", 1, (3, 4, 7, 8), 2, 0, has_header=False),
        ),
        (["UNASSIGNED,a.jpg,dog,.1,.2,,,.3,.4,"], Columns("shares", 1, (3, 4, 7, 8), 2, 0, has_header=False)),
        (["x,a.jpg,dog,.1,.2,,,.3,.4,"], None),
    ],
)
def test_columns_by_their_names_or_their_contents(rows: list[str], found: Columns | None) -> None:
    assert columns(*rows) == found
    if found is not None:
        assert found.last == max(found.picture, *found.corners)


@pytest.mark.parametrize(
    ("header", "lacking"),
    [
        ("image,x1,y1,x2", "the bottom (ymax)"),
        ("image,x1,y1", "the right (xmax) and the bottom (ymax)"),
        ("image,x1", ""),
        ("x1,y1,x2", ""),
        ("image,x1,y1,x2,y2", ""),
        ("image,x,y,w,h,x1,y1,x2", "the bottom (ymax)"),
        ("image,xmin,ymin,width,height", ""),
    ],
)
def test_columns_that_a_table_lacks(header: str, lacking: str) -> None:
    assert lacking_columns(Table(Tree(Path(), {}), "a", ",", (tuple(header.split(",")),))) == lacking
