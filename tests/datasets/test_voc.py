"""Pascal VOC in the layouts of the challenge, LabelImg, Roboflow and CVAT."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skillbank.datasets.faults import KINDS
from skillbank.datasets.opening import open_place
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text


def mark(name: str, corners: tuple[object, ...] = (10, 20, 40, 60), more: str = "") -> str:
    sides = "".join(
        f"<{tag}>{value}</{tag}>"
        for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    return f"<object><name>{name}</name>{more}<bndbox>{sides}</bndbox></object>"


def xml(*marks: str, filename: str = "", size: tuple[int, int] | None = (100, 80), path: str = "") -> str:
    said = f"<filename>{filename}</filename>" if filename else ""
    said += f"<path>{path}</path>" if path else ""
    if size is not None:
        said += f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>"
    return f"<annotation><folder>x</folder>{said}{''.join(marks)}</annotation>"


def challenge(root: Path, year: str = "") -> Path:
    base = root / year if year else root
    for name in ("a", "b", "c", "d"):
        picture(base / "JPEGImages" / f"{name}.jpg")
        text(base / "Annotations" / f"{name}.xml", xml(mark("dog"), filename=f"{name}.jpg"))
    text(base / "Annotations" / "a.xml", xml(mark("cat"), mark("dog", (1, 2, 3, 4)), filename="a.jpg"))
    sets = base / "ImageSets" / "Main"
    text(sets / "train.txt", "a\nb\n")
    text(sets / "val.txt", "c\n")
    text(sets / "trainval.txt", "a\nb\nc\n")
    text(sets / "test.txt", "d\n")
    text(sets / "dog_train.txt", "a  1\nb -1\n")
    return root


def test_challenge(tmp_path: Path) -> None:
    data = data_of(challenge(tmp_path))
    assert data.format == "voc"
    assert data.classes == ("cat", "dog")
    assert [(split.name, split.said) for split in data.splits] == [
        ("train", "train"),
        ("val", "val"),
        ("test", "test"),
    ]
    assert boxes(data, "train") == {
        "JPEGImages/a.jpg": [("cat", 10, 20, 40, 60), ("dog", 1, 2, 3, 4)],
        "JPEGImages/b.jpg": [("dog", 10, 20, 40, 60)],
    }
    assert list(boxes(data, "test")) == ["JPEGImages/d.jpg"]
    assert data.notes == ()
    assert not kinds(data)


def test_a_part_is_named_by_its_list(tmp_path: Path) -> None:
    challenge(tmp_path)
    opened = open_place(tmp_path / "ImageSets" / "Main" / "val.txt")
    assert opened.split is not None and opened.split.name == "val"


def test_two_years_below_one_folder(tmp_path: Path) -> None:
    challenge(tmp_path, "VOC2007")
    challenge(tmp_path, "VOC2012")
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == [
        "VOC2007/JPEGImages/a.jpg",
        "VOC2007/JPEGImages/b.jpg",
        "VOC2012/JPEGImages/a.jpg",
        "VOC2012/JPEGImages/b.jpg",
    ]


def test_trainval_is_train_where_there_is_no_other(tmp_path: Path) -> None:
    challenge(tmp_path)
    (tmp_path / "ImageSets" / "Main" / "train.txt").unlink()
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == ["JPEGImages/a.jpg", "JPEGImages/b.jpg"]
    assert "trainval.txt is taken for training without" in data.notes[0]


def test_listed_and_not_annotated(tmp_path: Path) -> None:
    challenge(tmp_path)
    picture(tmp_path / "JPEGImages" / "e.jpg")
    text(tmp_path / "ImageSets" / "Main" / "val.txt", "c\ne\n")
    text(tmp_path / "ImageSets" / "Main" / "test.txt", "e\n")
    data = data_of(tmp_path)
    assert kinds(data) == {"annotation-missing": 1}  # a whole list without annotations is a test set
    assert any("none of the 1 pictures of the list for test" in note for note in data.notes)
    assert any("1 annotated pictures stand in no list" in note for note in data.notes)


def test_labelimg_beside_the_pictures(tmp_path: Path) -> None:
    picture(tmp_path / "IMG 1.JPG")
    picture(tmp_path / "two.png")
    picture(tmp_path / "nobody looked.png")
    text(tmp_path / "IMG 1.xml", xml(mark("cat"), filename="IMG 1.JPG", path="C:\\Users\\me\\IMG 1.JPG"))
    text(tmp_path / "two.xml", xml(filename="two"))  # some tools leave out the ending
    data = data_of(tmp_path)
    assert boxes(data) == {"IMG 1.JPG": [("cat", 10, 20, 40, 60)], "two.png": []}


def test_roboflow_split_folders(tmp_path: Path) -> None:
    for folder in ("train", "valid", "test"):
        picture(tmp_path / folder / "x_jpg.rf.0123.jpg")
        outline = "<polygon><x1>10</x1><y1>20</y1><x2>40</x2><y2>60</y2></polygon>"
        text(
            tmp_path / folder / "x_jpg.rf.0123.xml",
            xml(mark("cat", more=outline), filename="x_jpg.rf.0123.jpg", path="x_jpg.rf.0123.jpg"),
        )
    data = data_of(tmp_path)
    assert [(split.name, split.said) for split in data.splits] == [
        ("train", "train"),
        ("val", "valid"),
        ("test", "test"),
    ]
    assert boxes(data, "val") == {"valid/x_jpg.rf.0123.jpg": [("cat", 10, 20, 40, 60)]}


def test_cvat_with_its_list_of_classes(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "sub" / "a.jpg")
    text(tmp_path / "Annotations" / "sub" / "a.xml", xml(mark("cat"), mark("ape"), filename="sub/a.jpg"))
    text(tmp_path / "ImageSets" / "Main" / "default.txt", "sub/a\n")
    text(
        tmp_path / "labelmap.txt",
        "# label:color_rgb:parts:actions\nbackground:::\ncat:1,2,3::\nape:4,5,6::\n",
    )
    data = data_of(tmp_path)
    assert data.classes == ("cat", "ape")
    assert boxes(data) == {"JPEGImages/sub/a.jpg": [("cat", 10, 20, 40, 60), ("ape", 10, 20, 40, 60)]}


def test_lists_beside_other_folders(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / "pets" / "images" / f"{name}.jpg")
        text(tmp_path / "pets" / "labels" / f"{name}.xml", xml(mark("cat"), filename=f"{name}.jpg"))
    text(tmp_path / "pets" / "ImageSets" / "train.txt", "images/a.jpg\n")
    text(tmp_path / "pets" / "ImageSets" / "val.txt", "/home/me/pets/images/b.jpg\n")
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == ["pets/images/a.jpg"]
    assert list(boxes(data, "val")) == ["pets/images/b.jpg"]


def test_a_listed_name_that_two_files_have(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        picture(tmp_path / "JPEGImages" / folder / "a.jpg")
        text(tmp_path / "Annotations" / folder / "a.xml", xml(mark("cat"), filename="a.jpg"))
    text(tmp_path / "ImageSets" / "Main" / "train.txt", "a\none/a\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"a": [], "JPEGImages/one/a.jpg": [("cat", 10, 20, 40, 60)]}
    assert kinds(data) == {"annotation-missing": 1}


def test_old_labelme_xml(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((5, 9), (30, 3), (20, 40)))
    kept, gone = (
        f"<object><name>{name}</name><deleted>{deleted}</deleted><polygon>{points}</polygon></object>"
        for name, deleted in (("tree", 0), ("bush", 1))
    )
    text(tmp_path / "a.xml", xml(kept, gone, filename="a.jpg", size=None))
    data = data_of(tmp_path)
    assert data.classes == ("tree",)
    assert boxes(data) == {"a.jpg": [("tree", 5, 3, 30, 40)]}


def test_splits_of_folders_of_the_pictures(tmp_path: Path) -> None:
    for split, name in (("train", "a"), ("val", "b")):
        picture(tmp_path / "images" / split / f"{name}.jpg")
        text(tmp_path / "annotations" / f"{name}.xml", xml(mark("cat"), filename=f"{name}.jpg"))
    data = data_of(tmp_path)
    assert boxes(data, "val") == {"images/val/b.jpg": [("cat", 10, 20, 40, 60)]}


def test_the_picture_not_its_mask(tmp_path: Path) -> None:
    challenge(tmp_path)
    picture(tmp_path / "SegmentationClass" / "b.png")
    text(tmp_path / "Annotations" / "b.xml", xml(mark("dog"), filename="b"))
    assert "JPEGImages/b.jpg" in boxes(data_of(tmp_path), "train")


def test_name_of_the_file_goes_before_what_it_says(tmp_path: Path) -> None:
    picture(tmp_path / "0001.jpg")
    picture(tmp_path / "0002.jpg")
    text(tmp_path / "0001.xml", xml(mark("cat"), filename="IMG_7713.jpg", path="/home/me/old/IMG_7713.jpg"))
    text(tmp_path / "0002.xml", xml(mark("cat"), filename="0001.jpg"))
    data = data_of(tmp_path)
    assert list(boxes(data)) == ["0001.jpg", "0002.jpg"]
    assert kinds(data) == {"names-another": 1}


def test_numbers_as_tools_write_them(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(
        tmp_path / "a.xml",
        xml(mark(" cat ", ("10.5", " 20 ", "4e1", "60.25"), "<difficult>1</difficult>"), size=(0, 0)),
    )
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("cat", 10.5, 20, 40, 60.25)]}
    assert kinds(data) == {"difficult": 1}
    first = next(iter(data.splits[0].pictures()))
    assert (first.width, first.height) == (100, 80)  # LabelImg's 0 is no size


def test_swapped_corners_stay(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.xml", xml(mark("cat", (40, 60, 10, 20))))
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("cat", 40, 60, 10, 20)]}


def test_turned_boxes_and_polygons(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    turned = (
        "<object><name>ship</name><robndbox><cx>50</cx><cy>40</cy><w>40</w><h>20</h>"
        "<angle>1.5707963</angle></robndbox></object>"
    )
    outline = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((5, 9), (30, 3), (20, 40)))
    text(tmp_path / "a.xml", xml(turned, f"<object><name>tree</name><polygon>{outline}</polygon></object>"))
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("ship", 40, 20, 60, 60), ("tree", 5, 3, 30, 40)]}
    assert kinds(data) == {"mark-as-box": 2}


def test_latin_1_and_chinese(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b.jpg")
    text(tmp_path / "a.xml", xml(mark("Käse")).encode("latin-1"))
    declared = '<?xml version="1.0" encoding="gbk"?>'
    text(tmp_path / "b.xml", (declared + xml(mark("猫"))).encode("gbk"))
    data = data_of(tmp_path)
    assert data.classes == ("Käse", "猫")
    assert kinds(data) == {"not-utf8": 1}


@pytest.mark.parametrize(
    "said",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><annotation>&b;</annotation>',
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotation><filename>&e;</filename></annotation>',
        "<annotation><object>",
        "<annotation>" + "<a>" * 200_000,
        "",
        b"\xff\xfe<\x00a",
        "<annotation>\x00</annotation>",
    ],
)
def test_hostile_files_are_faults_of_their_picture(tmp_path: Path, said: str | bytes) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b.jpg")
    text(tmp_path / "a.xml", said)
    text(tmp_path / "b.xml", xml(mark("cat")))
    data = data_of(tmp_path)
    assert kinds(data) == {"unreadable-annotation": 1}
    assert boxes(data) == {"a.jpg": [], "b.jpg": [("cat", 10, 20, 40, 60)]}


@pytest.mark.parametrize("encoding", ["utf-16", "cp037", "cp500"])
@pytest.mark.parametrize("blanks", [1, 9000])
def test_a_bomb_in_letters_that_are_not_ascii(tmp_path: Path, encoding: str, blanks: int) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b.jpg")
    start = f'<?xml version="1.0"{" " * blanks}encoding="{encoding}"?>'
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + xml(mark("&b;"))
    text(tmp_path / "a.xml", (start + bomb).encode(encoding))
    # The parser reads a declaration in ASCII, and what stands behind it in the code page that it names.
    text(tmp_path / "b.xml", start.encode() + bomb.encode(encoding))
    text(tmp_path / "c.xml", xml(mark("cat")))
    data = data_of(tmp_path)
    assert data.classes == ("cat",)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.xml", xml(mark("cat")))
    os.mkfifo(tmp_path / "z.xml")
    assert "z.xml: it is no plain file" in details(data_of(tmp_path))


@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "9" * 5000, "abc", "", "0x10"])
def test_numbers_that_are_none(tmp_path: Path, number: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.xml", xml(mark("cat", (1, 2, number, 4)), mark("dog")))
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("dog", 10, 20, 40, 60)]}
    assert kinds(data) == {"unreadable-annotation": 1}


def test_objects_without_name_or_box(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.xml", xml(mark(" "), "<object><name>cat</name></object>"))
    said = details(data_of(tmp_path))
    assert "a.xml object 1: it has no class" in said
    assert "a.xml object 2: it has no bndbox" in said


@pytest.mark.parametrize("name", ["../../secret.jpg", "/etc/secret.jpg", "..\\secret.jpg"])
def test_no_path_leads_out(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "secret.jpg")
    picture(tmp_path / "data" / "b.jpg")
    text(tmp_path / "data" / "a.xml", xml(mark("cat"), filename=name, path=f"../{name}"))
    data = data_of(tmp_path / "data")
    assert [each.path for each in data.splits[0].pictures()] == [None]


def test_every_fault_is_of_a_known_kind(tmp_path: Path) -> None:
    challenge(tmp_path)
    text(tmp_path / "Annotations" / "a.xml", "<annotation>")
    assert kinds(data_of(tmp_path)).keys() <= KINDS.keys()
