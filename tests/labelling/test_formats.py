"""Labels as files, read back by what each format says of itself."""

from __future__ import annotations

import json
import random
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from skillbank.datasets.copying import marks_of
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.opening import open_place
from skillbank.errors import UsageError
from skillbank.labelling.data_sets import DATA_SETS, data_set_pictures
from skillbank.labelling.engine_documents import PictureDocument
from skillbank.labelling.findings import Finding, Labelled
from skillbank.labelling.formats import FORMATS, label_files, see_that_names_differ

PHRASES = ("red circle", "person without a helmet", "Müll")
NAMES = ["a.jpg", "a.png", "b/a.jpg", "b/c.d.png", "a_2.jpg", "c"]


def some_pictures(seed: int) -> list[Labelled]:
    """Pictures of any size with boxes anywhere, often at the edges and often as small as can be."""
    dice = random.Random(seed)

    def stretch(size: int) -> tuple[float, float]:
        cents = 100 * size
        low = dice.choice((0, cents - 1, dice.randrange(cents)))
        high = dice.choice((low + 1, cents, dice.randint(low + 1, cents)))
        return low / 100, high / 100

    made = []
    for name in dice.sample(NAMES, dice.randint(0, 5)):
        width, height = dice.choice((1, dice.randint(1, 20_000))), dice.randint(1, 20_000)
        found = []
        for _ in range(dice.randint(0, 4)):
            (left, right), (top, bottom) = stretch(width), stretch(height)
            score = dice.randint(0, 10_000) / 10_000
            found.append(Finding(dice.choice(PHRASES), score, (left, top, right, bottom)))
        made.append(Labelled(name, width, height, tuple(found)))
    return made


PICTURES = st.integers(0, 2**32).map(some_pictures)


def texts(name: str, labelled: list[Labelled]) -> dict[str, str]:
    files = [(str(place), text) for place, text in label_files(name, labelled, PHRASES)]
    assert len(dict(files)) == len(files), "no file is written twice"
    return dict(files)


@given(labelled=PICTURES)
def test_json_holds_everything(labelled: list[Labelled]) -> None:
    document = json.loads(texts("json", labelled)["labels.json"])
    assert document["descriptions"] == list(PHRASES)
    assert [Labelled.of(entry["image"], entry) for entry in document["images"]] == labelled


@given(labelled=PICTURES)
def test_coco_comes_back_in_pixels(labelled: list[Labelled]) -> None:
    document = json.loads(texts("coco", labelled)["coco.json"])
    assert [c["id"] for c in document["categories"]] == [0, 1, 2], "the family's ids count from 0"
    names = {c["id"]: c["name"] for c in document["categories"]}
    images = {image["id"]: image for image in document["images"]}
    assert [image["file_name"] for image in images.values()] == [picture.name for picture in labelled]
    assert len({a["id"] for a in document["annotations"]}) == len(document["annotations"])
    back: dict[str, list[Any]] = {picture.name: [] for picture in labelled}
    for annotation in document["annotations"]:
        image = images[annotation["image_id"]]
        x, y, w, h = annotation["bbox"]
        assert w > 0 and h > 0 and annotation["area"] == pytest.approx(w * h, abs=0.01)
        assert x >= 0 and y >= 0 and x + w <= image["width"] + 1e-6 and y + h <= image["height"] + 1e-6
        box = tuple(round(v, 2) for v in (x, y, x + w, y + h))
        back[image["file_name"]].append((names[annotation["category_id"]], annotation["score"], box))
    assert back == {p.name: [(f.phrase, f.score, f.box) for f in p.findings] for p in labelled}


@pytest.mark.parametrize("name", DATA_SETS)
@given(seed=st.integers(0, 2**32))
def test_data_sets_come_back_through_their_room(
    name: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Within a millionth of the sides: all formats but those that have shares keep pixels as they are."""
    labelled = [picture for picture in some_pictures(seed) if "." in picture.name]
    if not labelled:
        return
    folder = tmp_path_factory.mktemp("set")
    for place, text in texts(name, labelled).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(text.encode())
    places = dict(data_set_pictures(name, labelled))
    assert len(set(places.values())) == len(labelled)
    for there in places.values():
        (folder / there).parent.mkdir(parents=True, exist_ok=True)
        with Image.new("L", (1, 1)) as image:
            image.save(folder / there)
    if not any(picture.findings for picture in labelled):
        return
    opened = open_place(folder / name, form=name)
    read = {each.path: each for split in opened.data.splits for each in split.pictures()}
    for picture in labelled:
        back = read[str(places[picture.name].relative_to(name))]
        marks = [(opened.data.classes[box.label], box) for box in back.boxes if box.label is not None]
        assert [said for said, _ in marks] == [finding.phrase for finding in picture.findings]
        if name in ("yolo", "label_studio"):
            continue  # shares of the picture's own size, which is none here
        for finding, (_, box) in zip(picture.findings, marks, strict=True):
            assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx(finding.box, abs=1e-6)


def test_every_format_of_the_room_can_be_asked_for() -> None:
    assert {*DATA_SETS, "coco"} == {writer.name for writer in WRITERS if marks_of(writer) == "boxes"}


@given(labelled=PICTURES)
def test_yolo_comes_back_within_a_millionth_and_inside(labelled: list[Labelled]) -> None:
    files = texts("yolo", labelled)
    data = yaml.safe_load(files.pop("yolo/data.yaml"))
    undivided = {"train": "images", "val": None, "nc": 3, "names": dict(enumerate(PHRASES))}
    assert data == undivided, "no path, and nothing is validation"
    places = dict(data_set_pictures("yolo", labelled))
    assert len(files) == len(labelled)
    for picture in labelled:
        # As trainers do it: the last "images" becomes "labels".
        label = "/labels/".join(str(places[picture.name]).rsplit("/images/", 1))
        sides = (picture.width, picture.height) * 2
        rows = [line.split() for line in files[str(PurePosixPath(label).with_suffix(".txt"))].splitlines()]
        assert [PHRASES[int(row[0])] for row in rows] == [f.phrase for f in picture.findings]
        for finding, (_, *shares) in zip(picture.findings, rows, strict=True):
            x, y, w, h = map(float, shares)
            corners = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
            assert w > 0 and h > 0 and all(-1e-12 <= corner <= 1 + 1e-12 for corner in corners)
            for corner, side, value in zip(corners, sides, finding.box, strict=True):
                assert corner * side == pytest.approx(value, abs=2.1e-6 * side)


@given(labelled=PICTURES)
def test_the_familys_lines_come_back(labelled: list[Labelled]) -> None:
    for picture, text in zip(labelled, texts("kitti", labelled).values(), strict=True):
        rows = [line.split(" ") for line in text.splitlines()]
        assert all(len(row) == 16 for row in rows)
        back = [(row[0].replace("_", " "), float(row[15]), tuple(map(float, row[4:8]))) for row in rows]
        assert back == [(f.phrase, f.score, f.box) for f in picture.findings]


def test_files_of_pictures_with_equal_stems_are_told_apart() -> None:
    labelled = [Labelled(name, 9, 9, ()) for name in ("a.jpg", "a.png", "a_2.jpg", "b/a.jpg")]
    assert list(texts("kitti", labelled)) == [
        "kitti/a.txt",
        "kitti/a_2.txt",
        "kitti/a_2_2.txt",
        "kitti/b/a.txt",
    ]


def test_nothing_found_leaves_complete_files() -> None:
    for name in FORMATS:
        assert texts(name, [Labelled("a.jpg", 9, 9, ())])


def test_boxes_without_an_area_are_no_labels() -> None:
    flat: PictureDocument = {
        "width": 9,
        "height": 9,
        "detections": [{"phrase": "x", "score": 0.5, "box": [3, 1, 3, 8]}],
    }
    assert Labelled.of("a.jpg", flat).findings == ()


def test_descriptions_that_one_format_cannot_tell_apart() -> None:
    see_that_names_differ(["yolo", "coco"], ["exit sign", "exit_sign"])
    with pytest.raises(UsageError, match=r"both 'exit_sign' in kitti files"):
        see_that_names_differ(["yolo", "kitti"], ["exit sign", "exit_sign"])
