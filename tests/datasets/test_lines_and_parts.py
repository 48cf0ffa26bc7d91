"""Marks that enclose nothing are left out of every format, with a count; parts read together are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.faults import Severity
from skillbank.datasets.opening import open_place
from tests.datasets import test_cvat as cvat
from tests.datasets import test_datumaro as datumaro
from tests.datasets import test_labelme as labelme
from tests.datasets import test_scalabel as scalabel
from tests.datasets import test_supervisely as supervisely
from tests.datasets import test_via as via
from tests.datasets.reading import boxes, data_of, kinds, picture, text


def make_cvat(root: Path) -> None:
    picture(root / "a.jpg")
    marks = [cvat.box("car"), '<polyline label="car" points="1,2;3,9;30,40"/>']
    cvat.saved(root, cvat.meta("car"), cvat.image(0, "a.jpg", *marks))


def make_labelme(root: Path) -> None:
    picture(root / "a.jpg")
    line = labelme.shape("rope", "linestrip", (1, 2), (3, 9), (30, 40))
    labelme.saved(root / "a.json", labelme.shape("car", "rectangle", (1, 2), (30, 40)), line)


def make_via(root: Path) -> None:
    picture(root / "a.jpg")
    line = {"name": "polyline", "all_points_x": [5, 30, 20], "all_points_y": [9, 3, 40]}
    via.saved(root, via.entry("a.jpg", via.region(kind="car"), via.region(line, kind="rope")))


def make_datumaro(root: Path) -> None:
    picture(root / "images" / "train" / "a.jpg")
    line = datumaro.mark(kind="polyline", points=[5.0, 9.0, 30.0, 3.0, 20.0, 40.0])
    datumaro.saved(root, "train", datumaro.item("a", datumaro.mark(), line))


def make_supervisely(root: Path) -> None:
    supervisely.meta(root, "dog")
    marks = [supervisely.mark(points=supervisely.CORNERS)]
    marks.append(supervisely.mark(kind="line", points=supervisely.CORNERS))
    supervisely.saved(root / "ds0", "a.jpg", *marks)


def make_scalabel(root: Path) -> None:
    picture(root / "a.jpg")
    area = [{"vertices": [[1, 2], [9, 40], [30, 5]], "types": "LLL", "closed": True}]
    marks = [scalabel.label("area", poly2d=area), scalabel.label("lane", poly2d=scalabel.LANE)]
    text(root / "export.json", json.dumps([scalabel.frame("a.jpg", *marks)]))


@pytest.mark.parametrize(
    "make", [make_cvat, make_labelme, make_via, make_datumaro, make_supervisely, make_scalabel]
)
def test_a_line_is_no_box(tmp_path: Path, make) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path)
    data = data_of(tmp_path)
    assert sum(len(each.boxes) for split in data.splits for each in split.pictures()) == 1
    assert kinds(data)["mark-left-out"] == 1
    assert not {"rope", "lane"} & set(data.classes)
    told = " ".join(check_data(open_place(tmp_path)).sentences(Severity.WARNING))
    assert "marks that enclose nothing (points, lines, tags, brushes without corners)" in told


def test_a_skeleton_of_one_point_is_a_point(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    point = '<skeleton label="car"><points label="1" outside="0" points="5,6"/></skeleton>'
    cvat.saved(tmp_path, cvat.meta("car"), cvat.image(0, "a.jpg", cvat.box("car"), point))
    assert kinds(data_of(tmp_path)) == {"mark-left-out": 1}


@pytest.mark.parametrize("data", [None, ""])
def test_no_picture_inside_where_none_is(tmp_path: Path, data: str | None) -> None:
    picture(tmp_path / "b.jpg")
    labelme.saved(tmp_path / "b.json", labelme.shape("car", "rectangle", (1, 2), (30, 40)), path="b.jpg")
    file = labelme.saved(tmp_path / "a.json", labelme.shape("car", "rectangle", (1, 2), (30, 40)))
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "imageData": data}))
    assert "picture-inside" not in kinds(data_of(tmp_path))
    file.write_text(json.dumps({**document, "imageData": "/9j/4AAQSkZJRg"}))
    assert kinds(data_of(tmp_path))["picture-inside"] == 1


def test_val_and_valid_are_told(tmp_path: Path) -> None:
    for split in ("train", "val", "valid"):
        picture(tmp_path / split / f"{split}.jpg")
        images = [{"id": 1, "file_name": f"{split}.jpg", "width": 100, "height": 80}]
        marks = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40]}]
        document = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "cat"}]}
        text(tmp_path / split / "a.json", json.dumps(document))
    data = data_of(tmp_path)
    assert "val and valid are read together as val" in data.notes
    assert len(boxes(data, "val")) == 2


def test_the_attribute_of_via_that_tells_classes_apart_is_taken(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    marks = [via.region(name="not_defined", type=each, side="left") for each in ("cat", "dog")]
    via.saved(tmp_path, via.entry("a.jpg", *marks))
    data = data_of(tmp_path)
    assert data.classes == ("cat", "dog")
    assert "the class is what the attribute 'type' says; 'side' left aside" in data.notes


def test_pixels_where_shares_are_meant_are_called_so(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    rows = "a,/m/01,10,40,20,60\na,/m/01,0.1,0.4,0.2,0.6\n"
    header = "ImageID,LabelName,XMin,XMax,YMin,YMax\n"
    text(tmp_path / "train-annotations-bbox.csv", header + rows)
    data = data_of(tmp_path)
    assert kinds(data) == {"boxes-pixels": 1}
    assert boxes(data, "train") == {"a.jpg": [("/m/01", 10, 16, 40, 48)]}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("output.manifest", '{"source-ref": "s3://b/a.jpg"}\n'),
        ("train.odgt", '{"ID": "a", "gtboxes": []}\n'),
    ],
)
def test_more_files_may_be_annotations(tmp_path: Path, name: str, said: str) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / name, said)
    text(tmp_path / "notes.txt", "taken in May\n")
    [fault] = check_data(open_place(tmp_path)).tally.examples["annotations-unread"]
    assert fault.where == name


def test_an_empty_list_of_categories(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    marks = [{"id": i, "image_id": 1, "category_id": 1 + i % 3, "bbox": [1, 2, 30, 40]} for i in range(12)]
    images = [{"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}]
    text(tmp_path / "a.json", json.dumps({"images": images, "annotations": marks, "categories": []}))
    for decode in (False, True):
        [told] = check_data(open_place(tmp_path), decode=decode).sentences(Severity.ERROR)
        assert "a class that the list of classes lacks: 12" in told and "the file has no category 1" in told
