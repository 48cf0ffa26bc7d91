"""Label Studio's JSON export, whole and "min"."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.document import Where
from skillbank.datasets.formats.gathering import Gathering
from skillbank.datasets.formats.label_studio_marks import _corners, names_of
from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text


def result(kind: str, value: dict[str, Any], number: str = "r1", **more: Any) -> dict[str, Any]:
    return {
        "original_width": 100,
        "original_height": 80,
        "image_rotation": 0,
        "value": value,
        "id": number,
        "from_name": "label",
        "to_name": "image",
        "type": kind,
        "origin": "manual",
        **more,
    }


def rectangle(*names: str, **more: Any) -> dict[str, Any]:
    value = {
        "x": 10.0,
        "y": 25.0,
        "width": 30.0,
        "height": 50.0,
        "rotation": 0,
        "rectanglelabels": list(names),
    }
    return {**value, **more}


def task(image: str, *answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "annotations": list(answers),
        "file_upload": image.rpartition("/")[2],
        "drafts": [],
        "predictions": [],
        "data": {"image": image},
        "meta": {},
        "project": 1,
        **more,
    }


def answer(
    *results: dict[str, Any], cancelled: bool = False, when: str = "2024-01-01T00:00:00Z", **more: Any
) -> Any:
    return {"id": 1, "result": list(results), "was_cancelled": cancelled, "updated_at": when, **more}


def saved(root: Path, *tasks: Any) -> Path:
    return text(root / "project-1-at-2024-05-01-10-00-00.json", json.dumps(list(tasks)))


def test_rectangle(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "0a1b2c3d-a.jpg")
    marked = answer(result("rectanglelabels", rectangle("cat")))
    saved(tmp_path, task("/data/upload/1/0a1b2c3d-a.jpg", marked))
    data = data_of(tmp_path)
    assert data.format == "label_studio"
    assert boxes(data) == {"images/0a1b2c3d-a.jpg": [("cat", 10, 20, 40, 60)]}


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("/data/upload/8/0a1b2c3d-a.jpg", ["/data/upload/8/0a1b2c3d-a.jpg", "/data/upload/8/a.jpg"]),
        ("/data/local-files/?d=my%20photos/b.jpg", ["my photos/b.jpg"]),
        ("/data/local-files/?d=my%5Cb.jpg", ["my/b.jpg"]),
        ("s3://bucket/folder/c.jpg", ["/folder/c.jpg"]),
        ("https://example.com/x/d%20e.jpg?token=1&v=2", ["/x/d e.jpg"]),
        ("photos\\f.jpg", ["photos/f.jpg"]),
        ("what?.jpg", ["what?.jpg"]),
        ("data:image/png;base64,AAAA", []),
        ("http://[broken/x.jpg", ["http://[broken/x.jpg"]),
    ],
)
def test_addresses(address: str, names: list[str]) -> None:
    assert names_of(address) == names


@pytest.mark.parametrize(
    "address",
    [
        "/data/upload/1/0a1b2c3d-a.jpg",
        "/data/local-files/?d=somewhere/photos/a.jpg",
        "s3://bucket/folder/a.jpg",
        "https://example.com/x/a.jpg?token=1",
    ],
)
def test_the_picture_as_it_was_called_before(tmp_path: Path, address: str) -> None:
    picture(tmp_path / "photos" / "a.jpg")
    saved(tmp_path, task(address, answer(result("rectanglelabels", rectangle("cat")))))
    assert list(boxes(data_of(tmp_path))) == ["photos/a.jpg"]


def test_shapes(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    points = [[5, 10], [30, 5], [20, 50]]
    ellipse = {"x": 50, "y": 50, "radiusX": 20, "radiusY": 10, "rotation": 0, "ellipselabels": ["ball"]}
    marked = answer(
        result("polygonlabels", {"points": points, "closed": True, "polygonlabels": ["tree"]}, "1"),
        result("ellipselabels", ellipse, "2"),
        result("keypointlabels", {"x": 1, "y": 2, "width": 0.5, "keypointlabels": ["eye"]}, "3"),
        result("brushlabels", {"format": "rle", "rle": [1, 2], "brushlabels": ["sky"]}, "4"),
        result("choices", {"choices": ["outdoors"]}, "5"),
        result("rectanglelabels", rectangle("cat", rotation=90), "6"),
        result("textarea", {"text": ["hello"]}, "7"),
    )
    saved(tmp_path, task("/data/upload/1/a.jpg", marked))
    data = data_of(tmp_path)
    # A rectangle turns about its upper left corner: 30 wide and 40 high, from (10, 20), a quarter clockwise.
    assert boxes(data) == {
        "a.jpg": [("tree", 5, 4, 30, 40), ("ball", 30, 32, 70, 48), ("cat", -30, 20, 10, 50)]
    }
    assert kinds(data) == {"mark-as-box": 3, "mark-left-out": 3}


def test_shape_and_label_apart(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    place = rectangle()
    del place["rectanglelabels"]
    marked = answer(
        result("rectangle", place, "1"),
        result("labels", {**place, "labels": ["cat", "pet"]}, "1"),
        result("rectangle", place, "2"),
        result("choices", {**place, "choices": ["dog"]}, "2"),
        result("rectangle", place, "3"),
    )
    saved(tmp_path, task("/data/upload/1/a.jpg", marked))
    data = data_of(tmp_path)
    assert [name for name, *_ in boxes(data)["a.jpg"]] == ["cat", "pet", "dog"]
    assert kinds(data) == {"several-classes": 1, "unreadable-annotation": 1}


def test_who_answered_what(tmp_path: Path) -> None:
    for name in "abcdefg":
        picture(tmp_path / f"{name}.jpg")
    cat, dog = (result("rectanglelabels", rectangle(name)) for name in ("cat", "dog"))
    saved(
        tmp_path,
        task("a.jpg", answer(cat, when="2024-01-01"), answer(dog, when="2024-02-01")),
        task("b.jpg", answer(cat, ground_truth=True), answer(dog, when="2025-01-01")),
        task("c.jpg", answer(cat), answer(dog, cancelled=True, when="2025-01-01")),
        task("d.jpg", answer(cat, cancelled=True)),
        task("e.jpg", predictions=[{"result": [cat], "score": 0.9}]),
        task("f.jpg"),
        task("g.jpg", answer()),
    )
    data = data_of(tmp_path)
    assert {name: [box[0] for box in found] for name, found in boxes(data).items()} == {
        "a.jpg": ["dog"],
        "b.jpg": ["cat"],
        "c.jpg": ["cat"],
        "g.jpg": [],
    }
    assert kinds(data) == {"several-answers": 2}
    assert data.notes == (
        "2 tasks that nobody annotated are left out",
        "1 tasks that were skipped in Label Studio are left out",
        "predictions are not taken for annotations",
    )


def test_predictions_alone_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    found = {"result": [result("rectanglelabels", rectangle("cat"))]}
    saved(tmp_path, task("a.jpg", predictions=[found]))
    with pytest.raises(DataError, match="1 tasks of Label Studio that nobody has annotated"):
        data_of(tmp_path)


def test_completions_of_old_versions(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    old = task("a.jpg", completions=[answer(result("rectanglelabels", rectangle("cat")))])
    del old["annotations"]
    saved(tmp_path, old)
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("cat", 10, 20, 40, 60)]}


def test_min(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
    value = rectangle("cat", original_width=100, original_height=80)
    common = {"annotator": 1, "annotation_id": 5, "created_at": "2024", "lead_time": 2.5}
    outline = {"points": [[5, 10], [30, 5], [20, 50]], "polygonlabels": ["tree"], "original_width": 100}
    saved(
        tmp_path,
        {
            "image": "/data/upload/1/0a1b2c3d-a.jpg",
            "id": 1,
            "label": [value],
            "updated_at": "2024-01",
            **common,
        },
        {"image": "/data/upload/1/b.jpg", "id": 2, "poly": [outline], "updated_at": "2024-01", **common},
        {"image": "/data/upload/1/b.jpg", "id": 2, "updated_at": "2025-01", "choice": "x", **common},
        {"image": "/data/upload/1/c.jpg", "id": 3, "poly": [outline], "updated_at": "2024-01", **common},
    )
    data = data_of(tmp_path)
    assert boxes(data) == {
        "a.jpg": [("cat", 10, 20, 40, 60)],
        "b.jpg": [],
        "c.jpg": [("tree", 5, 4, 30, 40)],
    }
    assert kinds(data) == {"several-answers": 1, "mark-as-box": 1}


@pytest.mark.parametrize(("ending", "between"), [("csv", ","), ("tsv", "\t")])
def test_tables(tmp_path: Path, ending: str, between: str) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
    value = rectangle("cat", original_width=100, original_height=80)
    header = ["image", "id", "label", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"]
    rows = [
        [f"/data/upload/1/0a1b2c3d-{name}.jpg", str(number), cell, "1", "5", "2024-01", when, "2.5"]
        for name, number, cell, when in (
            ("a", 1, json.dumps([value]), "2024-01"),
            ("b", 2, "", "2024-01"),
            ("c", 3, json.dumps([{**value, "rectanglelabels": ["dog"]}]), "2024-01"),
            ("c", 3, json.dumps([value, value]), "2025-01"),
        )
    ]
    with (tmp_path / f"project-1-at-2024.{ending}").open("w", newline="") as file:
        csv.writer(file, delimiter=between).writerows([header, *rows])
    data = data_of(tmp_path)
    assert data.format == "label_studio"
    box = ("cat", 10, 20, 40, 60)
    assert boxes(data) == {"a.jpg": [box], "b.jpg": [], "c.jpg": [box]}
    assert kinds(data) == {"several-answers": 1}


def test_long_cells_and_broken_rows_of_tables(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / f"{name}.jpg")
    value = rectangle("cat", original_width=100, original_height=80)
    cell = json.dumps([value] * 2000)
    rows = [["image", "id", "label", "annotation_id"], ["a.jpg", "1", cell, "5"]]
    rows += [["b.jpg", "2", json.dumps([value])[:-9], "5"], ["c.jpg", "3", json.dumps([value])]]
    with (tmp_path / "x.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    limit = csv.field_size_limit()
    assert len(cell) > limit
    data = data_of(tmp_path)
    read = boxes(data)
    assert {name: len(marks) for name, marks in read.items()} == {"a.jpg": 1, "task 2": 0, "task 3": 0}
    assert "x.csv task 2: the row that ends in line 3 holds a list that is no JSON" in details(data)
    assert "x.csv task 3: the row that ends in line 4 has 3 cells of 4" in details(data)
    assert csv.field_size_limit() == limit


def test_upright_size_of_the_file_counts(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (100, 80), orientation=6)  # 80 wide and 100 high where it is looked at
    saved(tmp_path, task("a.jpg", answer(result("rectanglelabels", rectangle("cat")))))
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("cat", 8, 25, 32, 75)]}


def test_size_without_the_picture(tmp_path: Path) -> None:
    bare = result("rectanglelabels", rectangle("cat"))
    sized = answer(bare)
    bare = {key: value for key, value in bare.items() if not key.startswith("original")}
    saved(tmp_path, task("gone.jpg", sized), task("gone too.jpg", answer(bare)))
    data = data_of(tmp_path)
    assert boxes(data) == {"gone.jpg": [("cat", 10, 20, 40, 60)], "gone too.jpg": []}
    assert kinds(data) == {"size-unknown": 1}


def test_splits_from_data_and_folders(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "val/b.jpg", "c.jpg"):
        picture(tmp_path / "photos" / name)
    marked = answer(result("rectanglelabels", rectangle("cat")))
    last = task("c.jpg", marked)
    last["data"]["split"] = "test"
    saved(tmp_path, task("/data/local-files/?d=photos/train/a.jpg", marked), task("b.jpg", marked), last)
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val", "test"]


def test_view_that_was_turned(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    saved(tmp_path, task("a.jpg", answer(result("rectanglelabels", rectangle("cat"), image_rotation=90))))
    assert kinds(data_of(tmp_path)) == {"turned-view": 1}


@pytest.mark.parametrize(
    "said", ['[{"annotations": [], "data": {', '[{"data": {}, "annotations": [' + "[" * 200_000]
)
def test_hostile_exports(tmp_path: Path, said: str) -> None:
    text(tmp_path / "a.json", said)
    with pytest.raises(DataError, match=r"a\.json is (no JSON|nested too deeply).*export it again"):
        data_of(tmp_path)


def test_hostile_tasks(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    good = task("a.jpg", answer(result("rectanglelabels", rectangle("cat"))))
    odd = [
        task("a.jpg", answer(result("rectanglelabels", rectangle("cat", x=value))))
        for value in (float("nan"), float("inf"), "x", None, [1], 10**400)
    ]
    broken = [
        7,
        None,
        {"data": {"image": 5}, "annotations": [answer(result("rectanglelabels", rectangle("cat")))]},
        {"data": {"image": "../../../etc/passwd"}, "annotations": [answer()]},
        {"data": "a.jpg", "annotations": [{"result": [None, 5, {"value": 7}, {"value": {}}]}]},
        {"data": {"images": ["a.jpg", "b.jpg"]}, "annotations": [{"result": "x"}]},
        {"data": {"image": "a.jpg"}, "annotations": "x"},
    ]
    saved(tmp_path, good, *odd, *broken)
    data = data_of(tmp_path)
    found = [each for split in data.splits for each in split.pictures()]
    assert sum(len(each.boxes) for each in found) == 2
    assert {each.path for each in found} <= {"a.jpg", None}
    assert "task 8: it is no task" in details(data) or "task 8: it is not what it should be" in details(data)
    assert kinds(data)["unreadable-annotation"] >= 10


@pytest.mark.parametrize(
    ("size", "stated"),
    [((100, 80), (100, 80)), ((50, 40), (50, 40)), ((80, 100), (80, 100)), ((90, 40), (100, 80))],
)
def test_a_picture_of_other_proportions_is_not_the_one_that_was_annotated(
    tmp_path: Path, size: tuple[int, int], stated: tuple[int, int]
) -> None:
    """Scaled and turned copies are; of another the check says then that its size disagrees."""
    picture(tmp_path / "images" / "a.jpg", size)
    saved(tmp_path, task("/data/upload/1/a.jpg", answer(result("rectanglelabels", rectangle("cat")))))
    [split] = data_of(tmp_path).splits
    [read] = split.pictures()
    assert (read.width, read.height) == stated


@pytest.mark.parametrize(
    ("value", "corners", "as_box"),
    [
        ({"x": 10, "y": 20, "width": 30, "height": 40}, (20, 10, 80, 30), False),
        ({"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 90}, (0, 10, 20, 70), True),
        ({"x": 10, "y": 20, "width": 30, "height": 40, "rotation": None}, (20, 10, 80, 30), False),
        ({"x": 10, "y": 20, "width": 30}, None, False),
        ({"x": 10, "y": 20, "width": 30, "height": "x"}, None, False),
        ({"x": 50, "y": 40, "radiusX": 10, "radiusY": 20}, (80, 10, 120, 30), True),
        ({"x": 50, "y": 40, "radiusX": 10, "radiusY": 20, "rotation": 90}, (90, 0, 110, 40), True),
        ({"x": 50, "y": 40, "radiusX": 10}, None, True),
        ({"points": [[10, 20], [50, 80], [30, 10]]}, (20, 5, 100, 40), True),
        ({"points": [[10, 20], [50, "x"]]}, None, True),
        ({"points": [[10, 20], [50, 60, 70]]}, None, True),
        ({"points": [[10, 20], 5]}, None, True),
        ({"points": []}, None, True),
    ],
)
def test_shapes_in_hundredths_of_a_picture_of_200_x_50(
    value: dict[str, Any], corners: tuple[float, ...] | None, as_box: bool
) -> None:
    here = Gathering(Where("a.json", "task 1"), {})
    found = _corners(here, {"value": value}, (200, 50), "region 1")
    assert (None if found is None else tuple(round(each, 6) for each in found)) == corners
    assert [fault.kind for fault in here.faults] == ["mark-as-box"] * as_box
