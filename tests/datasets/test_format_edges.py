"""What readers make of files whose pictures are 127 x 83: a number of one side is none of the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank.datasets.document import DataSet
from skillbank.datasets.formats.coordinates import around_ellipse, around_turned
from skillbank.datasets.formats.yolo_names import class_list, is_class_list
from skillbank.datasets.tree import open_tree
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

W, H = 127, 83
Four = tuple[float, float, float, float]


def one(data: DataSet, split: str = "") -> list[tuple[str, float, float, float, float]]:
    [found] = boxes(data, split).values()
    return found


def table(root: Path, header: str, *rows: str, name: str = "boxes.csv") -> DataSet:
    picture(root / "a.jpg", (W, H))
    text(root / name, "\n".join([header, *rows]) + "\n" if header else "\n".join(rows) + "\n")
    return data_of(root)


@pytest.mark.parametrize(
    ("header", "row", "box"),
    [
        ("filename,xmin,ymin,xmax,ymax,class", "a.jpg,10,20,50,60,cat", (10, 20, 50, 60)),
        ("filename,class,x,y,width,height", "a.jpg,cat,10,20,50,60", (10, 20, 60, 80)),
        ("image,label,x_center,y_center,width,height", "a.jpg,cat,50,40,20,10", (40, 35, 60, 45)),
        ("image,label,cx,cy,w,h", "a.jpg,cat,0.5,0.5,0.5,0.25", (31.75, 31.125, 95.25, 51.875)),
        ("image_id,bbox,label", 'a.jpg,"[10, 20, 30, 40]",cat', (10, 20, 40, 60)),
        ("img_name,left,top,right,bottom,tag", "a.jpg,1,2,3,4,cat", (1, 2, 3, 4)),
        ("", "a.jpg,10,20,50,60,cat", (10, 20, 50, 60)),
        ("", "a.jpg,10,20,50,60,1,cat", (10, 20, 50, 60)),
        ("", "a.jpg,10,20,50,60,cat,127,83", (10, 20, 50, 60)),
        ("", "cat,10,20,50,60,a.jpg,127,83", (10, 20, 60, 80)),
        ("", "TRAIN,a.jpg,cat,0.5,0.25,,,1,0.75,,", (63.5, 20.75, 127, 62.25)),
    ],
)
def test_a_table_is_read_by_the_names_of_its_columns_or_by_its_rows(
    tmp_path: Path, header: str, row: str, box: Four
) -> None:
    data = table(tmp_path, header, row)
    [split] = data.splits
    assert one(data, split.name) == [("cat", *box)] and split.name == ("train" if "TRAIN" in row else "")
    [entry] = split.pictures()
    assert (entry.width, entry.height, entry.faults) == (W, H, ())
    assert [each.at for each in entry.boxes] == [f"line {2 if header else 1}"]


def test_rows_of_a_picture_are_put_together_wherever_they_stand(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg", (W, H))
    rows = ["a.jpg,1,2,30,40,dog", "b.jpg,5,6,70,80,ant", "a.jpg,3,4,50,60,cat", "b.jpg,,,,,"]
    data = table(tmp_path, "filename,xmin,ymin,xmax,ymax,class", *rows)
    assert data.classes == ("ant", "cat", "dog")
    assert boxes(data) == {
        "a.jpg": [("dog", 1, 2, 30, 40), ("cat", 3, 4, 50, 60)],
        "b.jpg": [("ant", 5, 6, 70, 80)],
    }


def test_a_row_that_is_none_is_said_by_its_line(tmp_path: Path) -> None:
    rows = ["a.jpg,1,2,30,40,dog", "a.jpg,1,x,30,40,dog", "a.jpg,1,2,30,40,"]
    data = table(tmp_path, "filename,xmin,ymin,xmax,ymax,class", *rows)
    assert kinds(data) == {"unreadable-annotation": 2} and len(one(data)) == 1
    assert "boxes.csv line 3: its corners are no four numbers" in details(data)
    assert "boxes.csv line 4: it has no class" in details(data)


def service(root: Path, *entries: dict[str, object]) -> DataSet:
    picture(root / "a.jpg", (W, H))
    text(root / "data.jsonl", "".join(f"{json.dumps(entry)}\n" for entry in entries * 2))
    return data_of(root, "service_json")


VERTEX = {"displayName": "cat", "xMin": 0.5, "yMin": 0.25, "xMax": 1, "yMax": 0.75}


@pytest.mark.parametrize(
    ("entry", "box"),
    [
        ({"imageGcsUri": "gs://b/a.jpg", "boundingBoxAnnotations": [VERTEX]}, (63.5, 20.75, 127, 62.25)),
        (
            {"image_url": "a.jpg", "label": [
                {"label": "cat", "topX": 0.5, "topY": 0.25, "bottomX": 1, "bottomY": 0.75, "isCrowd": 0}
            ]},
            (63.5, 20.75, 127, 62.25),
        ),
        (
            {"image": "a.jpg", "prefix": "detect", "suffix": "<loc0256><loc0512><loc0768><loc1024> cat"},
            (63.5, 20.75, 127, 62.25),
        ),
        (
            {"image": "a.jpg", "prefix": "<OD>", "suffix": "cat<loc_500><loc_250><loc_1000><loc_750>"},
            (63.5, 20.75, 127, 62.25),
        ),
        (
            {"ID": "a", "gtboxes": [{"tag": "cat", "fbox": [10, 20, 30, 40], "extra": {}}]},
            (10, 20, 40, 60),
        ),
        (
            {
                "source-ref": "s3://b/a.jpg",
                "task": {
                    "annotations": [{"class_id": 0, "left": 10, "top": 20, "width": 30, "height": 40}],
                    "image_size": [{"width": W, "height": H}],
                },
                "task-metadata": {"class-map": {"0": "cat"}},
            },
            (10, 20, 40, 60),
        ),
    ],
)  # fmt: skip
def test_each_service_has_its_order_and_its_unit(tmp_path: Path, entry: dict[str, object], box: Four) -> None:
    data = service(tmp_path, entry)
    entries = list(data.splits[0].pictures())
    assert [(each.width, each.height) for each in entries] == [(W, H)] * 2
    for each in entries:
        [found] = each.boxes
        assert (found.x1, found.y1, found.x2, found.y2) == pytest.approx(box) and not found.crowd
        assert found.at == "mark 1" and each.faults == ()
    assert data.classes == ("cat",) and [str(each.where) for each in entries] == [
        "data.jsonl line 1", "data.jsonl line 2",
    ]  # fmt: skip


def labels(root: Path, *lines: str) -> DataSet:
    picture(root / "images" / "a.jpg", (W, H))
    text(root / "labels" / "a.txt", "\n".join(lines) + "\n")
    text(root / "data.yaml", "train: images\nnames: [cat, dog]\n")
    return data_of(root)


@pytest.mark.parametrize(
    ("line", "box", "kind"),
    [
        ("1 0.5 0.25 0.5 0.5", (31.75, 0, 95.25, 41.5), None),
        ("1.0 0.5 0.25 0.5 0.5", (31.75, 0, 95.25, 41.5), None),
        ("dog 0.5 0.25 0.5 0.5", (31.75, 0, 95.25, 41.5), None),
        ("1,0.5,0.25,0.5,0.5", (31.75, 0, 95.25, 41.5), None),
        ("1 0.5 0.25 0.5 0.5 0.9", (31.75, 0, 95.25, 41.5), "mended"),
        ("1 0 0 1 0 1 0.5 0 0.5", (0, 0, 127, 41.5), "mended"),
        ("1 0 0 1 0 1 0.5", (0, 0, 127, 41.5), "mended"),
        ("1 1.5 0.25 0.5 0.5", (158.75, 0, 222.25, 41.5), None),
        ("1 1.51 0.25 0.5 0.5", None, "boxes-pixels"),
        ("1 0.5 0.25 0.5 -1.51", None, "boxes-pixels"),
        ("1 0.5 0.25 0.5", None, "unreadable-annotation"),
        ("1 0.5 0.25 0.5 0.5 0.1 0.1 0.2", None, "unreadable-annotation"),
        ("1 0.5 0.25 x 0.5", None, "unreadable-annotation"),
        ("2 0.5 0.25 0.5 0.5", None, "unknown-class"),
        ("-1 0.5 0.25 0.5 0.5", None, "unknown-class"),
        ("bird 0.5 0.25 0.5 0.5", None, "unknown-class"),
    ],
)
def test_a_line_of_labels(tmp_path: Path, line: str, box: Four | None, kind: str | None) -> None:
    data = labels(tmp_path, "0 0.5 0.5 0.5 0.5", "", line)
    found = one(data, "train")
    assert found[0] == ("cat", 31.75, 20.75, 95.25, 62.25)
    assert found[1:] == ([("dog", *box)] if box else [])
    assert kinds(data) == ({kind: 1} if kind else {})
    [entry] = data.splits[0].pictures()
    assert [each.at for each in entry.boxes] == ["line 1", "line 3"][: len(found)]
    assert not kind or "labels/a.txt line 3: " in details(data)


@pytest.mark.parametrize(
    ("file", "content", "names"),
    [
        ("classes.txt", "cat\n\ndog\n", {0: "cat", 2: "dog"}),
        ("x.names", "0: cat\n1: dog\n", {0: "cat", 1: "dog"}),
        ("classes.txt", "1 = 'cat',\n2 = \"dog\"\n", {1: "cat", 2: "dog"}),
        ("classes.txt", "2: cat\n3: dog\n", {0: "2: cat", 1: "3: dog"}),
        ("classes.txt", "0: cat\n2: dog\n", {0: "0: cat", 1: "2: dog"}),
        ("classes.txt", "0: cat\ndog\n", {0: "0: cat", 1: "dog"}),
        ("obj.names", "2-door car\n4 wheels\n", {0: "2-door car", 1: "4 wheels"}),
        ("notes.json", '{"categories": [{"id": 1, "name": " dog "}, {"id": 0, "name": "cat"}, 7]}',
         {1: "dog", 0: "cat"}),
    ],
)  # fmt: skip
def test_a_list_of_classes(tmp_path: Path, file: str, content: str, names: dict[int, str]) -> None:
    text(tmp_path / file, content)
    tree = open_tree(tmp_path)
    assert is_class_list(tree, file) and class_list(tree, file).names == names


def test_frames_of_a_video_have_the_marks_of_their_number(tmp_path: Path) -> None:
    for number in (2, 3, 4, 5, 9):
        picture(tmp_path / "images" / f"frame_{number:06}.png", (W, H))
    meta = (
        "<meta><task><labels><label><name>dog</name></label><label><name>cat</name></label></labels>"
        f"<start_frame>3</start_frame><stop_frame>6</stop_frame>"
        f"<original_size><width>{W}</width><height>{H}</height></original_size></task></meta>"
    )

    def mark(frame: int, *, outside: int = 0) -> str:
        corners = f'xtl="{frame}" ytl="2" xbr="{frame + 40}" ybr="50"'
        return f'<box frame="{frame}" outside="{outside}" {corners}/>'

    def track(number: int, label: str, *marks: str) -> str:
        return f'<track id="{number}" label="{label}">{"".join(marks)}</track>'

    cat, dog = track(0, "cat", mark(3), mark(4), mark(5, outside=1)), track(1, "dog", mark(4), mark(6))
    text(tmp_path / "annotations.xml", f"<annotations>{meta}{cat}{dog}</annotations>")
    data = data_of(tmp_path)
    assert data.classes == ("dog", "cat") and len(data.notes) == 2
    assert data.notes[1].startswith("1 times a track says nothing of some frames between two boxes")
    assert boxes(data) == {
        "images/frame_000003.png": [("cat", 3, 2, 43, 50)],
        "images/frame_000004.png": [("cat", 4, 2, 44, 50), ("dog", 4, 2, 44, 50)],
        "images/frame_000005.png": [],
        "frame_000006": [("dog", 6, 2, 46, 50)],
    }
    assert {(each.width, each.height) for each in data.splits[0].pictures()} == {(W, H)}
    text(tmp_path / "annotations.xml", f"<annotations>{meta}{cat}</annotations>")
    assert data_of(tmp_path).notes == ("tracks of a video are taken as boxes of its single frames",)


OPEN = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsGroupOf\n"


def test_open_images_has_both_x_before_both_y_in_shares(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.jpg", (W, H))
    rows = [
        "a,x,/m/02,1,0.5,1,0.25,0.75,0", "a,x,/m/01,1,0.1,0.2,0.3,0.4,1",
        "a,x,/m/01,1,10,20,30,40,0", "a,x,/m/01,1,,0.2,0.3,0.4,0", "b,x,/m/03,1,0.1,0.2,0.3,0.4,0",
    ]  # fmt: skip
    text(tmp_path / "train-annotations-bbox.csv", OPEN + "\n".join(rows) + "\n")
    text(tmp_path / "class-descriptions-boxable.csv", "/m/09,Bird\n/m/02,Dog\n")
    data = data_of(tmp_path)
    assert data.classes == ("Dog", "/m/01")
    [entry] = data.splits[0].pictures()
    assert [(box.label, box.crowd, box.at) for box in entry.boxes] == [
        (0, False, "line 2"),
        (1, True, "line 3"),
    ]
    assert one(data, "train")[0] == ("Dog", 63.5, 20.75, 127, 62.25)
    assert one(data, "train")[1] == ("/m/01", 12.7, 24.9, 25.4, 33.2)
    assert kinds(data) == {"boxes-pixels": 1, "unreadable-annotation": 1}
    assert "line 4: its corners are 10, 30, 20, 40" in details(data)
    assert "line 5: its corners are no four numbers: ['', '0.3', '0.2', '0.4']" in details(data)
    assert "1 pictures of train-annotations-bbox.csv are not here and are left out" in data.notes
    assert "1 classes of the list have no box and are left out" in data.notes
    assert any(
        note.startswith("classes without a name are called by their code (/m/01)") for note in data.notes
    )


def test_items_of_datumaro(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "train" / "a.jpg", (W, H))
    marks = [
        {"type": "bbox", "label_id": 1, "bbox": [10, 20, 30, 40], "attributes": {"is_crowd": True}},
        {"type": "bbox", "label_id": 2, "bbox": [1, 2, 3, 4]},
        {"type": "polygon", "label_id": 0, "points": [5, 6, 50, 6, 20, 60]},
        {"type": "polygon", "label_id": 0, "points": [5, 6, 50]},
        {"type": "polyline", "label_id": 0, "points": [5, 6, 50, 6]},
        {"type": "bbox", "label_id": 0, "bbox": [1, 2, 3]},
    ]
    items = [
        {"id": "a", "annotations": marks, "image": {"path": "a.jpg", "size": [H, W]}},
        {"id": 5, "annotations": 7},
        {"id": "c", "annotations": [], "video": {}, "image": {"path": "c.jpg"}},
    ]
    names = {"label": {"labels": [{"name": "cat"}, {"name": " dog "}]}}
    text(tmp_path / "annotations/train.json", json.dumps({"info": {}, "categories": names, "items": items}))
    data = data_of(tmp_path)
    first, second, third = data.splits[0].pictures()
    assert data.classes == ("cat", "dog") and (first.width, first.height) == (W, H)
    assert [(box.label, box.crowd, box.x1, box.y1, box.x2, box.y2, box.at) for box in first.boxes] == [
        (1, True, 10, 20, 40, 60, "annotation 1"), (0, False, 5, 6, 50, 60, "annotation 3"),
    ]  # fmt: skip
    assert [(fault.kind, fault.where.rpartition(" ")[2]) for fault in first.faults] == [
        ("unknown-class", "2"), ("mark-as-box", "3"), ("unreadable-annotation", "4"), ("mark-left-out", "5"),
        ("unreadable-annotation", "6"),
    ]  # fmt: skip
    assert [fault.kind for fault in (*second.faults, *third.faults)] == ["unreadable-annotation"] * 2
    assert (second.path, second.boxes) == (None, ()) and "number 2" in first.faults[0].detail
    assert third.faults[0].detail == "it is a part of a video or a cloud of points, and no picture"


@pytest.mark.parametrize(
    ("degrees", "pivot", "box"),
    [
        (0, None, (10, 20, 50, 30)),
        (90, None, (25, 5, 35, 45)),
        (180, (10, 20), (-30, 10, 10, 20)),
        (90, (10, 20), (0, 20, 10, 60)),
        (-90, (10, 20), (10, -20, 20, 20)),
        (45, (10, 20), (2.929, 20, 38.284, 55.355)),
    ],
)
def test_a_box_is_turned_clockwise_about_a_point(
    degrees: float, pivot: tuple[int, int] | None, box: Four
) -> None:
    assert around_turned((10, 20, 50, 30), degrees, pivot) == pytest.approx(box, abs=0.001)


@pytest.mark.parametrize(
    ("degrees", "box"), [(0, (30, 45, 70, 55)), (90, (45, 30, 55, 70)), (30, (32.5, 39.103, 67.5, 60.897))]
)
def test_an_ellipse_is_turned_about_its_centre(degrees: float, box: Four) -> None:
    assert around_ellipse(50, 50, 20, 5, degrees) == pytest.approx(box, abs=0.001)
