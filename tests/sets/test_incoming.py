"""A data set with faults comes into a label set: nothing is lost without a word or taken for empty."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank.datasets.opening import open_place
from skillbank.errors import DataError
from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.sets.importing import Imported, import_data
from skillbank.sets.incoming import incoming
from skillbank.sets.label_set import LabelSet
from skillbank.sets.store import SetStore
from tests.datasets.reading import picture, text

Take = Callable[[Path], tuple[Imported, LabelSet]]
SIZE = (100, 80)


@pytest.fixture
def take(home: Path, tmp_path: Path) -> Iterator[Take]:
    with JobStore(database_url()) as store:

        def call(root: Path) -> tuple[Imported, LabelSet]:
            cache = tmp_path / "cache"
            data = incoming(open_place(root), cache)
            labels = SetStore(store.engine).create("taken", who="ann", val=0)
            return import_data(
                labels, data, "ann", to_review=False, cache=cache, keep=tmp_path / "keep"
            ), labels

        yield call


def coco(
    root: Path, boxes: list[tuple[int, int, object]], count: int, size: tuple[int, int] = SIZE, **more: object
) -> Path:
    images = []
    for number in range(1, count + 1):
        colour = (number * 20, 40, 90)
        (root / "images").mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZE, colour).save(root / "images" / f"{number}.png")
        images.append({"id": number, "file_name": f"{number}.png", "width": size[0], "height": size[1]})
    annotations: list[dict[str, Any]] = [
        {"id": at, "image_id": image, "category_id": kind, "bbox": bbox, **more}
        for at, (image, kind, bbox) in enumerate(boxes, 1)
    ]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    whole = {"images": images, "annotations": annotations, "categories": categories}
    text(root / "annotations.json", json.dumps(whole))
    return root


def states(labels: LabelSet) -> dict[str, tuple[str, int]]:
    """State and number of boxes of each picture."""
    return {
        Path(row.name).name: (row.state, len(labels.picture(row.number).boxes))
        for row in labels.pictures(limit=50)
    }


GOOD = [10, 10, 30, 30]


def test_what_is_lost_is_counted_and_its_pictures_are_to_be_reviewed(take: Take, tmp_path: Path) -> None:
    odd: list[tuple[int, int, object]] = [
        (1, 1, GOOD),
        (2, 1, [1, 2, 3]),
        (3, 9, GOOD),
        (4, 1, [10, 10, 0, 10]),
        (4, 2, GOOD),
        (5, 1, [30, 30, -10, 10]),
    ]
    found, labels = take(coco(tmp_path / "data", odd, 6))
    assert states(labels) == {
        "1.png": ("reviewed", 1),
        "2.png": ("todo", 0),
        "3.png": ("todo", 0),
        "4.png": ("todo", 1),
        "5.png": ("todo", 0),
        "6.png": ("reviewed", 0),
    }
    assert found.left == {
        "entries that cannot be read": 1,
        "boxes of a class that the list of classes lacks": 1,
        "boxes without width or height": 1,
        "boxes whose second corner lies before the first": 1,
    }
    assert "pictures whose marks did not all come in are to be reviewed: 4" in found.notes


def test_boxes_of_pictures_that_were_made_smaller_come_along(take: Take, tmp_path: Path) -> None:
    """They were left out, and the pictures counted as reviewed: as such without an object."""
    root = coco(tmp_path / "data", [(1, 1, [20, 20, 60, 60]), (2, 2, [20, 20, 60, 60])], 2, (200, 160))
    found, labels = take(root)
    assert (found.boxes, found.left) == (2, {})
    assert [box.corners for box in labels.picture(1).boxes] == [(10, 10, 40, 40)]
    assert any("made smaller or larger" in note for note in found.notes)


def test_sizes_as_stored_of_pictures_that_their_exif_turns(take: Take, tmp_path: Path) -> None:
    root = coco(tmp_path / "data", [(1, 1, GOOD)], 1)
    (root / "images" / "1.png").unlink()
    picture(root / "images" / "1.jpg", SIZE, orientation=6)
    text(root / "annotations.json", (root / "annotations.json").read_text().replace("1.png", "1.jpg"))
    found, labels = take(root)
    assert (found.boxes, found.left) == (1, {}) and states(labels) == {"1.jpg": ("reviewed", 1)}
    assert any("EXIF" in note for note in found.notes)


def test_boxes_of_crowds_are_counted(take: Take, tmp_path: Path) -> None:
    """A set has no word for them, and a picture of nothing else is not one without an object."""
    found, labels = take(coco(tmp_path / "data", [(1, 1, GOOD)], 2, iscrowd=1))
    assert (found.boxes, found.left) == (0, {"boxes of crowds, which a set does not know,": 1})
    stands = labels.summary()
    assert (stands.todo, stands.reviewed) == (1, 1)
    assert any("are to be reviewed: 1" in note for note in found.notes)


def test_boxes_that_are_all_written_otherwise_are_refused(take: Take, tmp_path: Path) -> None:
    """In fractions: they had been left out as outside of their pictures, which counted as empty then."""
    boxes: list[tuple[int, int, object]] = [(number, 1, [0.1, 0.2, 0.3, 0.4]) for number in range(1, 9)]
    with pytest.raises(DataError, match="boxes in fractions") as caught:
        take(coco(tmp_path / "data", boxes, 8))
    assert "nothing was taken" in str(caught.value)


def test_marks_that_are_no_boxes_are_said(take: Take, tmp_path: Path) -> None:
    root = tmp_path / "data"
    picture(root / "a.jpg")
    shapes = [
        {"label": "cat", "points": points, "shape_type": kind}
        for kind, points in (("polygon", [[5, 5], [40, 5], [40, 40]]), ("point", [[3, 3]]))
    ]
    document: dict[str, object] = {
        "version": "5",
        "flags": {},
        "shapes": shapes,
        "imagePath": "a.jpg",
        "imageData": None,
    }
    text(root / "a.json", json.dumps(document | {"imageHeight": 80, "imageWidth": 100}))
    found, labels = take(root)
    assert states(labels) == {"a.jpg": ("reviewed", 1)}
    told = " ".join(found.notes)
    assert "taken as the boxes around them: 1" in told and "marks that enclose nothing" in told


def test_a_picture_that_is_not_there_is_said_with_what_is(take: Take, tmp_path: Path) -> None:
    root = coco(tmp_path / "data", [(1, 1, GOOD), (2, 1, GOOD)], 2)
    (root / "images" / "2.png").rename(root / "images" / "2.PNG")
    found, _ = take(root)
    assert found.unread == (("2.png", "did you mean 'images/2.PNG'?"),)


def test_a_split_that_is_not_where_the_data_set_says_is_told(take: Take, tmp_path: Path) -> None:
    root = tmp_path / "data"
    picture(root / "images/train/a.jpg")
    text(root / "labels/train/a.txt", "0 0.5 0.5 0.2 0.2\n")
    text(root / "data.yaml", "train: images/train\nval: images/valid\nnames: [cat]\n")
    found, _ = take(root)
    assert found.boxes == 1 and any(
        "'images/valid' for val, which is not there" in note for note in found.notes
    )
