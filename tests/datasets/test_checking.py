"""Every kind of fault, made into a clean data set, is found and counted, and nothing else is."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.checking import check_data, chosen_splits
from skillbank.datasets.document import Box, Picture, Where
from skillbank.datasets.faults import KINDS, Fault, Severity
from skillbank.datasets.kept_looks import KeptLooks, stamp_of
from skillbank.datasets.looks import Look, look_at
from skillbank.datasets.opening import Opened
from skillbank.datasets.picture_checks import names_no_picture
from skillbank.datasets.progress import Step
from skillbank.datasets.report import DataReport
from skillbank.errors import DataError
from tests.datasets.made import Made, scene


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = Made(tmp_path / "set", seed=21)
    made.add("train", 30)
    made.add("val", 15)
    return made


def loud(report: DataReport) -> dict[str, int]:
    """Counts of what is more than a note."""
    return {k: n for k, n in report.tally.counts.items() if KINDS[k].severity is not Severity.NOTE}


def reboxed(made: Made, split: str, change: Callable[[Box, Picture], Box]) -> None:
    made.splits[split] = [
        replace(each, boxes=tuple(change(box, each) for box in each.boxes)) for each in made.splits[split]
    ]


def with_box(made: Made, split: str, number: int, box: Box) -> None:
    held = made.splits[split][number]
    made.splits[split][number] = replace(held, boxes=(*held.boxes, box))


@pytest.mark.parametrize(
    ("corners", "kind"),
    [
        ((50, 50, 50, 90), "box-empty"),
        ((50, 50, 90, 50), "box-empty"),
        ((90, 50, 50, 90), "box-reversed"),
        ((50, 90, 90, 50), "box-reversed"),
        ((math.nan, 1, 50, 50), "box-not-finite"),
        ((1, 1, math.inf, 50), "box-not-finite"),
        ((100, 50, 190, 90), "box-outside"),
        ((-30, 50, 90, 90), "box-outside"),
        ((200, 50, 290, 90), "box-beyond"),
        ((-90, -90, -10, -10), "box-beyond"),
        ((50, 50, 51, 90), "box-tiny"),
    ],
)
def test_one_odd_box(made: Made, corners: tuple[float, float, float, float], kind: str) -> None:
    with_box(made, "train", 7, Box(*corners, 1, at="box 9"))
    report = check_data(made.opened())
    assert loud(report) == {kind: 1}
    [fault] = report.tally.examples[kind]
    assert "train.json box 9 (train/00007.jpg)" in fault.where


def test_a_box_that_rounding_pushes_over_the_edge_is_a_note(made: Made) -> None:
    with_box(made, "train", 0, Box(100, 50, 161, 90, 1))
    report = check_data(made.opened())
    assert loud(report) == {}
    assert report.tally.counts["box-rounded"] == 1


def test_fractions(made: Made) -> None:
    reboxed(
        made, "train", lambda b, p: replace(b, x1=b.x1 / 160, x2=b.x2 / 160, y1=b.y1 / 120, y2=b.y2 / 120)
    )
    report = check_data(made.opened())
    assert loud(report) == {"boxes-fractions": 90}
    assert "all of its 90 lie within 0 to 1" in report.tally.examples["boxes-fractions"][0].detail


def test_some_fractions_among_pixels(made: Made) -> None:
    with_box(made, "train", 3, Box(0.1, 0.2, 0.5, 0.75, 1))
    assert loud(check_data(made.opened()))["boxes-fractions"] == 1


def test_width_and_height_for_a_corner(made: Made) -> None:
    reboxed(made, "train", lambda b, p: replace(b, x2=b.x2 - b.x1, y2=b.y2 - b.y1))
    report = check_data(made.opened())
    assert loud(report) == {"boxes-xywh": 90}
    assert "fit as x, y, width, height" in report.tally.examples["boxes-xywh"][0].detail


def test_a_corner_for_width_and_height(made: Made) -> None:
    reboxed(made, "val", lambda b, p: replace(b, x2=b.x2 + b.x1, y2=b.y2 + b.y1))
    assert loud(check_data(made.opened())) == {"boxes-xyxy": 45}


@pytest.mark.parametrize("boxes", [8, 200])
@pytest.mark.parametrize("kind", ["boxes-two-corners", "boxes-corners"])
def test_corners_where_a_centre_is_meant(tmp_path: Path, kind: str, boxes: int) -> None:
    made = Made(tmp_path, seed=boxes)
    made.add("train", boxes // 2, boxes=2)

    def misread(box: Box) -> Box:
        across = box.x2 if kind == "boxes-two-corners" else box.x2 - box.x1
        down = box.y2 if kind == "boxes-two-corners" else box.y2 - box.y1
        x, y = box.x1 - across / 2, box.y1 - down / 2
        return replace(box, x1=x, y1=y, x2=x + across, y2=y + down)

    made.splits["train"] = [
        replace(each, boxes=tuple(map(misread, each.boxes))) for each in made.splits["train"]
    ]
    assert kind in check_data(made.opened()).tally.counts
    assert not {"box-outside", "box-beyond"} & check_data(made.opened()).tally.counts.keys()


def test_centres(made: Made) -> None:
    def centred(b: Box, _: Picture) -> Box:
        return replace(b, x1=(b.x1 + b.x2) / 2, y1=(b.y1 + b.y2) / 2, x2=b.x2 - b.x1, y2=b.y2 - b.y1)

    reboxed(made, "train", centred)
    assert loud(check_data(made.opened())) == {"boxes-centres": 90}
    reboxed(made, "train", lambda b, p: replace(b, x2=b.x1 + b.x2, y2=b.y1 + b.y2))
    assert loud(check_data(made.opened())) == {"boxes-centres": 90}


def test_x_and_y_exchanged(tmp_path: Path) -> None:
    made = Made(tmp_path / "set", seed=22)
    made.add("train", 30, size=(400, 100))
    reboxed(made, "train", lambda b, p: Box(b.y1, b.x1, b.y2, b.x2, b.label))
    assert loud(check_data(made.opened())) == {"boxes-yxyx": 90}


def test_thousandths(tmp_path: Path) -> None:
    made = Made(tmp_path / "set", seed=23)
    made.add("train", 60, size=(320, 240))
    reboxed(
        made,
        "train",
        lambda b, p: replace(b, x1=b.x1 / 0.32, x2=b.x2 / 0.32, y1=b.y1 / 0.24, y2=b.y2 / 0.24),
    )
    assert loud(check_data(made.opened())) == {"boxes-scaled": 180}


def test_percent_of_large_pictures(tmp_path: Path) -> None:
    made = Made(tmp_path / "set", seed=24)
    made.add("train", 60, size=(640, 480))
    reboxed(
        made,
        "train",
        lambda b, p: replace(b, x1=b.x1 / 6.4, x2=b.x2 / 6.4, y1=b.y1 / 4.8, y2=b.y2 / 4.8),
    )
    assert "boxes-perhaps-scaled" in loud(check_data(made.opened()))


def test_a_missing_picture_and_the_one_that_may_be_meant(made: Made) -> None:
    made.put("train", "train/00003.JPG", (160, 120), [made.box((160, 120))])
    made.put("train", "train/gone.jpg", (160, 120), [made.box((160, 120))])
    report = check_data(made.opened())
    assert loud(report) == {"picture-missing": 2}
    near, gone = report.tally.examples["picture-missing"]
    assert near.detail == "did you mean 'train/00003.jpg'?"
    assert gone.detail == ""


def test_pictures_in_archives_that_nobody_opened_are_not_missing(made: Made, tmp_path: Path) -> None:
    opened = made.opened()
    packed = replace(opened.tree, files={}, archives=("images.tar.gz",))
    made.splits = {name: [replace(p, path=None) for p in held] for name, held in made.splits.items()}
    report = check_data(Opened(packed, made.opened().data), decode=False)
    assert loud(report) == {}
    assert any("images.tar.gz" in note for note in report.notes)


def test_broken_pictures_of_every_sort(made: Made) -> None:
    made.add("train", 1, ending=".png")
    for name, keep in (("00001.jpg", 0.6), ("00002.jpg", 0.0), ("00030.png", 0.5)):
        file = made.root / "train" / name
        file.write_bytes(file.read_bytes()[: int(file.stat().st_size * keep)])
    (made.root / "train" / "00004.jpg").write_text("<html>404</html>")
    report = check_data(made.opened())
    assert loud(report) == {"picture-broken": 4}
    details = {fault.detail for fault in report.tally.examples["picture-broken"]}
    page = "it is a web page (HTML), as a failed download leaves it: download it again"
    assert details == {"it ends too early", "it is empty", page}
    assert report.findings.broken == {
        f"train/{n}" for n in ("00001.jpg", "00002.jpg", "00030.png", "00004.jpg")
    }


def test_a_jpeg_whose_end_was_never_written(made: Made) -> None:
    file = made.root / "train" / "00001.jpg"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2] + bytes(len(data) // 2))
    found = loud(check_data(made.opened()))
    assert found in ({"picture-cut": 1}, {"picture-broken": 1})


def test_nothing_is_decoded_where_that_is_not_wanted(made: Made) -> None:
    file = made.root / "train" / "00004.jpg"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    report = check_data(made.opened(), decode=False)
    assert loud(report) == {}
    assert not report.decoded
    file.write_text("no picture")
    report = check_data(made.opened(), decode=False)
    assert loud(report) == {"picture-broken": 1}
    assert report.findings.broken == {"train/00004.jpg"}


def test_sizes(made: Made) -> None:
    made.splits["train"][0] = replace(made.splits["train"][0], width=320, height=240)
    made.splits["train"][1] = replace(made.splits["train"][1], width=120, height=160)
    made.splits["train"][2] = replace(made.splits["train"][2], width=500, height=120)
    held = made.splits["train"][3]
    made.splits["train"][3] = replace(
        held, width=80, height=60, boxes=(*held.boxes, Box(90, 70, 150, 110, 0))
    )
    report = check_data(made.opened())
    assert loud(report) == {"size-scaled": 1, "size-disagrees": 1, "size-mistaken": 2}
    assert "exchanged" in report.tally.examples["size-mistaken"][0].detail


def test_labels_that_count_from_one(made: Made) -> None:
    beyond = Fault("unknown-class", "train.json", "the list of classes has no 3", 12)
    reboxed(made, "train", lambda b, p: replace(b, label=1 + (b.label or 0) % 2))
    made.splits["train"][0] = replace(made.splits["train"][0], faults=(beyond,))
    report = check_data(made.opened())
    assert loud(report) == {"unknown-class": 12, "labels-shifted": 102, "class-not-learned": 1}
    assert [kind.name for kind, *_ in report.blocking(skip=True)] == ["labels-shifted"]


def test_boxes_on_the_stored_picture_where_the_size_is_upright(made: Made) -> None:
    turned(made, "train", 10)
    made.splits["train"][:10] = [
        replace(each, boxes=(Box(10, 90, 110, 158, 0),)) for each in made.splits["train"][:10]
    ]
    assert loud(check_data(made.opened())) == {"boxes-stored": 10}


def test_one_odd_box_on_a_turned_picture_is_its_own_fault(made: Made) -> None:
    turned(made, "train", 10)
    made.splits["train"][:9] = [
        replace(each, boxes=(Box(100, 10, 158, 110, 0),)) for each in made.splits["train"][:9]
    ]
    made.splits["train"][9] = replace(made.splits["train"][9], boxes=(Box(10, 90, 110, 158, 0),))
    assert loud(check_data(made.opened())) == {"box-outside": 1}


def turned(made: Made, split: str, count: int) -> None:
    """Let the files be stored on their side, as telephones do."""
    for picture in made.splits[split][:count]:
        with Image.open(made.root / picture.name) as image:
            exif = image.getexif()
            exif[0x0112] = 8
            image.transpose(Image.Transpose.ROTATE_270).save(made.root / picture.name, exif=exif)


@pytest.mark.parametrize("decode", [True, False])
def test_sizes_as_stored_with_upright_boxes_name_exif(made: Made, decode: bool) -> None:
    turned(made, "train", 10)
    stored = [replace(each, width=120, height=160) for each in made.splits["train"][:10]]
    stored = [replace(each, boxes=(*each.boxes, Box(100, 10, 159, 60, 0))) for each in stored]
    made.splits["train"][:10] = stored
    report = check_data(made.opened(), decode=decode)
    assert loud(report) == {"size-turned": 10}
    assert "EXIF" in report.tally.examples["size-turned"][0].detail


def test_boxes_on_the_stored_picture(made: Made) -> None:
    turned(made, "train", 10)
    made.splits["train"][:10] = [
        replace(each, width=120, height=160, boxes=(Box(10, 90, 110, 158, 0),))
        for each in made.splits["train"][:10]
    ]
    assert loud(check_data(made.opened()))["boxes-stored"] == 10


def test_the_same_box_twice_and_with_two_classes(made: Made) -> None:
    box = made.splits["train"][0].boxes[0]
    assert box.label is not None
    with_box(made, "train", 0, box)
    with_box(made, "train", 1, replace(made.splits["train"][1].boxes[0], label=None, phrase="dog"))
    report = check_data(made.opened())
    assert loud(report) == {"box-twice": 1}
    assert report.tally.counts["box-two-classes"] == 1


def test_copies_across_and_within_splits(made: Made) -> None:
    for target in ("val/again.jpg", "train/again.jpg"):
        (made.root / target).write_bytes((made.root / "train/00005.jpg").read_bytes())
        made.put(target[:-10], target, (160, 120), [made.box((160, 120))])
    report = check_data(made.opened())
    assert loud(report) == {"picture-copies": 1, "picture-shared": 1}
    assert report.findings.shared == {"train/00005.jpg", "train/again.jpg"}


def test_a_picture_that_was_stored_again_is_found_across_splits(made: Made) -> None:
    for number, (quality, size) in enumerate(((50, (160, 120)), (90, (320, 240)), (80, (80, 60)))):
        with Image.open(made.root / f"train/0000{number}.jpg") as image:
            image.resize(size).save(made.root / f"val/copy{number}.jpg", quality=quality)
        made.put("val", f"val/copy{number}.jpg", size, [made.box(size)])
    report = check_data(made.opened())
    assert loud(report) == {"picture-near": 3}
    told = {fault.where.split()[0]: fault.detail for fault in report.tally.examples["picture-near"]}
    assert told["val/copy1.jpg"] == "it looks like train/00001.jpg of train"


def test_one_picture_in_two_entries(made: Made) -> None:
    made.splits["train"].append(made.splits["train"][4])
    made.splits["train"].append(replace(made.splits["train"][5], boxes=(made.box((160, 120)),)))
    report = check_data(made.opened())
    assert loud(report) == {"picture-twice": 2}
    assert [f.detail for f in report.tally.examples["picture-twice"]] == [
        "with the same boxes",
        "with other boxes",
    ]


@pytest.mark.parametrize("shift", [1, 2])
def test_labels_that_are_one_off(made: Made, shift: int) -> None:
    reboxed(made, "train", lambda b, p: replace(b, phrase=made.classes[((b.label or 0) + shift) % 3]))
    report = check_data(made.opened())
    assert loud(report) == {"label-contradicts": 90}
    side = "below" if shift == 1 else "above"
    first = report.tally.examples["label-contradicts"][0].detail
    assert first == f"in every box the label is one {side} that of its category: off by one?"


def test_a_single_contradiction_is_told_as_such(made: Made) -> None:
    box = made.splits["train"][0].boxes[0]
    other = made.classes[((box.label or 0) + 1) % 3]
    made.splits["train"][0] = replace(made.splits["train"][0], boxes=(replace(box, phrase=other),))
    report = check_data(made.opened())
    assert loud(report) == {"label-contradicts": 1}


def test_capitals_are_no_contradiction(made: Made) -> None:
    reboxed(made, "train", lambda b, p: replace(b, phrase=made.classes[b.label or 0].upper()))
    assert loud(check_data(made.opened())) == {}


@pytest.mark.parametrize(
    ("split", "kind"),
    [("train", "nothing-to-learn"), ("val", "nothing-to-measure"), ("", "nothing-to-learn")],
)
def test_splits_without_a_box(tmp_path: Path, split: str, kind: str) -> None:
    made = Made(tmp_path / "set")
    if split:
        made.add("val" if split == "train" else "train", 12)
    made.add(split, 12, boxes=0)
    assert kind in loud(check_data(made.opened()))


@pytest.mark.parametrize(("split", "kind"), [("train", "nothing-to-learn"), ("val", "nothing-to-measure")])
def test_splits_of_crowds_alone(made: Made, split: str, kind: str) -> None:
    """A crowd is no object that could be learned or missed."""
    reboxed(made, split, lambda b, p: replace(b, crowd=True))
    report = check_data(made.opened())
    assert loud(report) == {kind: 1}
    first = made.splits[split][0]
    made.splits[split][0] = replace(first, boxes=tuple(replace(b, crowd=False) for b in first.boxes))
    assert loud(check_data(made.opened())) == {}


def test_pictures_without_annotations_beside_a_split_that_has_some(made: Made) -> None:
    made.add("test", 5, boxes=0)
    made.splits = {"train": made.splits["test"], "val": made.splits["val"]}
    opened = made.opened()
    bare = tuple(
        replace(each, annotations=()) if each.name == "train" else each for each in opened.data.splits
    )
    assert loud(check_data(replace(opened, data=replace(opened.data, splits=bare)))) == {
        "nothing-to-learn": 1
    }
    alone = replace(opened.data, splits=bare[:1], format="pictures")
    assert loud(check_data(replace(opened, data=alone))) == {}
    (made.root / "test" / "00000.txt").write_text("0 .5 .5 .1")
    (made.root / "readme.txt").write_text("these are photos")
    opened = made.opened()
    assert loud(check_data(replace(opened, data=alone))) == {"annotations-unread": 1}


def test_a_class_that_is_spelled_otherwise_in_validation(made: Made) -> None:
    made.classes = (*made.classes, "hard-hats")
    reboxed(made, "val", lambda b, p: replace(b, label=3 if b.label == 1 else b.label))
    report = check_data(made.opened())
    assert loud(report) == {"class-not-learned": 1}
    assert report.tally.examples["class-not-learned"][0].detail.endswith("; is 'hard hat' the same?")


def test_a_test_split_without_a_box_is_warned_of(made: Made) -> None:
    made.add("test", 5, boxes=0)
    assert loud(check_data(made.opened())) == {"test-unmarked": 1}


def test_a_test_split_that_nobody_annotated_need_not_be_there(made: Made) -> None:
    for number in range(5):
        made.put("test", f"{number}.jpg", (160, 120), [])
    report = check_data(made.opened())
    assert loud(report) == {"test-unmarked": 1}
    assert not report.has_errors
    assert "5 of them not there" in report.tally.examples["test-unmarked"][0].detail
    made.put("test", "marked.jpg", (160, 120), [made.box((160, 120))])
    assert loud(check_data(made.opened()))["split-lost"] == 1


def test_an_empty_split(made: Made) -> None:
    made.splits["test"] = []
    assert loud(check_data(made.opened())) == {"split-empty": 1}


def test_where_nothing_can_be_used_skipping_is_no_way_out(made: Made) -> None:
    made.splits["val"] = [
        replace(each, path=None, name=f"elsewhere/{each.name}x") for each in made.splits["val"]
    ]
    report = check_data(made.opened())
    assert loud(report) == {"split-lost": 1}, "one cause is told once"
    assert "pictures that are not there: 15, the first" in report.tally.examples["split-lost"][0].detail
    assert [kind.name for kind, *_ in report.blocking(skip=True)] == ["split-lost"]


def test_what_a_split_was_lost_to_is_told_unless_all_boxes_are_wrong(made: Made) -> None:
    made.splits["val"] = [replace(each, path=None, name=f"gone/{each.name}x") for each in made.splits["val"]]
    reboxed(made, "val", lambda b, p: replace(b, phrase="zebra"))
    report = check_data(made.opened())
    assert loud(report) == {"split-lost": 1, "label-contradicts": 45}
    assert report.tally.examples["split-lost"][0].detail.startswith("none of its 15 pictures can be used: ")
    reboxed(made, "train", lambda b, p: replace(b, x1=b.x2, x2=b.x1))
    told = check_data(made.opened()).tally.examples["split-lost"][0]
    assert (told.where, told.detail.partition(":")[0]) == ("train.json", "none of its 90 boxes can be used")
    reboxed(made, "train", lambda b, p: Box(b.x1 / 160, b.y1 / 120, b.x2 / 160, b.y2 / 120, b.label))
    assert "train.json" not in [each.where for each in check_data(made.opened()).tally.examples["split-lost"]]


@pytest.mark.parametrize(
    ("path", "boxes", "where", "kind", "none"),
    [
        (None, (), "a.json entry 1", "unreadable-annotation", True),
        ("a.jpg", (), "a.json entry 1", "unreadable-annotation", False),
        (None, (Box(1, 1, 9, 9, 0),), "a.json entry 1", "unreadable-annotation", False),
        (None, (), "a.json entry 1 box 2", "unreadable-annotation", False),
        (None, (), "a.json entry 1", "picture-missing", False),
    ],
)
def test_an_entry_names_no_picture_where_nothing_of_it_was_read(
    path: str | None, boxes: tuple[Box, ...], where: str, kind: str, none: bool
) -> None:
    faults = (Fault(kind, where),)
    found = Picture("a.jpg", path, 10, 10, boxes, where=Where("a.json", "entry 1"), faults=faults)
    assert names_no_picture(found) is none


def test_classes_that_splits_do_not_share(made: Made) -> None:
    made.classes = (*made.classes, "zebra", "rhino")
    with_box(made, "val", 0, Box(10, 10, 50, 50, 3))
    report = check_data(made.opened())
    assert loud(report) == {"class-not-learned": 1}
    assert report.tally.examples["class-unused"] == [Fault("class-unused", "rhino")]


def test_imbalance(made: Made) -> None:
    made.classes = (*made.classes, "zebra")
    for _ in range(4):
        for number in range(30):
            for _ in range(3):
                with_box(made, "train", number, replace(made.box((160, 120)), label=0))
    with_box(made, "train", 0, Box(10, 10, 50, 50, 3))
    with_box(made, "val", 0, Box(10, 10, 50, 50, 3))
    report = check_data(made.opened())
    assert loud(report) == {"class-imbalance": 1}
    assert report.tally.examples["class-imbalance"][0].where == "zebra"


def test_pictures_of_other_kinds_are_notes(made: Made) -> None:
    def deep(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        values = np.asarray(scene(numbers, size).convert("L")).astype(np.uint16) * 16
        return Image.fromarray(values)

    def real(numbers: random.Random, size: tuple[int, int]) -> Image.Image:
        return Image.fromarray(np.asarray(scene(numbers, size).convert("L")).astype(np.float32) / 300)

    made.add("train", 2, ending=".png", draw=deep)
    made.add("train", 2, ending=".tif", draw=real)
    made.add("train", 3, ending=".jpg", draw=lambda n, s: scene(n, s).convert("CMYK"))
    film = [scene(made.numbers, (160, 120)) for _ in range(3)]
    film[0].save(made.root / "train/film.gif", save_all=True, append_images=film[1:])
    made.put("train", "train/film.gif", (160, 120), [made.box((160, 120))])
    report = check_data(made.opened())
    assert loud(report) == {}
    counts = report.tally.counts
    assert (counts["picture-deep"], counts["picture-colours"], counts["picture-frames"]) == (4, 3, 1)


def test_pictures_that_nothing_names_and_those_without_a_box(made: Made) -> None:
    scene(made.numbers, (50, 50)).save(made.root / "stray.png")
    made.add("train", 2, boxes=0)
    counts = check_data(made.opened()).tally.counts
    assert (counts["picture-unnamed"], counts["picture-unmarked"]) == (1, 2)


def test_faults_of_readers_count(made: Made) -> None:
    fault = Fault("unreadable-annotation", "train.json entry 1", "its bbox is not four numbers", 4)
    made.splits["train"][0] = replace(made.splits["train"][0], faults=(fault,))
    assert loud(check_data(made.opened())) == {"unreadable-annotation": 4}


def test_an_entry_that_cannot_be_read_is_no_picture(made: Made) -> None:
    entry = Where("train.json", "line 3")
    fault = Fault("unreadable-annotation", str(entry), "it is no JSON")
    made.splits["train"].append(Picture("line 3", None, None, None, (), where=entry, faults=(fault,)))
    report = check_data(made.opened())
    assert loud(report) == {"unreadable-annotation": 1}
    assert (report.splits[0].pictures, report.splits[0].unmarked) == (30, 0)


def test_only_the_split_that_is_named(made: Made) -> None:
    with_box(made, "train", 0, Box(1, 1, 1, 9, 0))
    assert loud(check_data(made.opened(), splits=["val"])) == {}
    opened = made.opened()
    assert [each.name for each in chosen_splits(replace(opened, split=opened.data.splits[1]))] == ["val"]
    with pytest.raises(DataError, match="no split 'tests'; it has train, val"):
        check_data(opened, splits=["tests"])


def test_the_document_holds_everything_once(made: Made) -> None:
    with_box(made, "train", 0, Box(1, 1, 1, 9, 0))
    document = check_data(made.opened()).document()
    assert document["ok"] is False
    assert [each["kind"] for each in document["errors"]] == ["box-empty"]
    assert [each["pictures"] for each in document["splits"]] == [30, 15]
    assert sum(document["splits"][0]["boxes_by_class"].values()) == 91


def test_looks_are_kept_until_a_file_changes(made: Made, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert loud(check_data(made.opened(), cache=cache)) == {}
    file = made.root / "train" / "00003.jpg"
    file.write_bytes(file.read_bytes()[:900])
    assert loud(check_data(made.opened(), cache=cache)) == {"picture-broken": 1}
    assert loud(check_data(made.opened(), cache=cache)) == {"picture-broken": 1}
    (cache / "looks.sqlite").write_bytes(b"rubbish" * 1000)
    assert loud(check_data(made.opened(), cache=cache)) == {"picture-broken": 1}


def test_a_file_that_could_not_be_read_is_looked_at_again(tmp_path: Path) -> None:
    kept, file = KeptLooks(tmp_path / "looks.sqlite"), tmp_path / "x.jpg"
    scene(random.Random(1), (50, 50)).save(file)
    stamp = stamp_of(file)
    kept.put(file, stamp, Look("it cannot be read: Permission denied"))
    kept.close()
    kept = KeptLooks(tmp_path / "looks.sqlite")
    assert kept.get(file, stamp) is None
    look = look_at(file)
    kept.put(file, stamp, look)
    kept.close()
    kept = KeptLooks(tmp_path / "looks.sqlite")
    assert kept.get(file, stamp) == look
    assert kept.get(file, f"{stamp} of another day") is None
    kept.close()


def test_a_cache_that_cannot_be_written_keeps_nothing(made: Made, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert loud(check_data(made.opened(), cache=tmp_path / "file" / "cache")) == {}


def test_progress_is_told(made: Made) -> None:
    told: list[Step] = []
    check_data(made.opened(), report=told.append)
    assert told[-1].done == told[-1].total == 45


def from_centre(b: Box, _: Picture) -> Box:
    """As a YOLO reader takes a box whose corners stand where centre, width and height are meant."""
    return Box(b.x1 - b.x2 / 2, b.y1 - b.y2 / 2, b.x1 + b.x2 / 2, b.y1 + b.y2 / 2, b.label)


def moved_to_centre(b: Box, _: Picture) -> Box:
    """The same of an upper left corner where the centre is meant."""
    across, down = (b.x2 - b.x1) / 2, (b.y2 - b.y1) / 2
    return Box(b.x1 - across, b.y1 - down, b.x2 - across, b.y2 - down, b.label)


@pytest.mark.parametrize("pictures", [3, 8, 30])
@pytest.mark.parametrize("seed", range(4))
def test_corners_where_centre_and_size_are_meant(tmp_path: Path, seed: int, pictures: int) -> None:
    made = Made(tmp_path / "set", seed=seed)
    made.add("train", pictures)
    reboxed(made, "train", from_centre)
    assert "boxes-two-corners" in loud(check_data(made.opened()))
    assert check_data(made.opened()).blocking(skip=True)


@pytest.mark.parametrize("seed", range(4))
def test_an_upper_left_corner_where_the_centre_is_meant(tmp_path: Path, seed: int) -> None:
    made = Made(tmp_path / "set", seed=seed)
    made.add("train", 12)
    spread = [(0, 0, 40, 30), (120, 90, 158, 119), (0, 60, 30, 90), (70, 0, 110, 40)]
    made.splits["train"] = [
        replace(each, boxes=tuple(Box(*corners, number % 3) for number, corners in enumerate(spread)))
        for each in made.splits["train"]
    ]
    assert not {"boxes-corners", "boxes-reach-out"} & loud(check_data(made.opened())).keys()
    reboxed(made, "train", moved_to_centre)
    report = check_data(made.opened())
    assert loud(report)["boxes-corners"] == 48
    assert "box-outside" not in report.tally.counts
    assert [kind.name for kind, *_ in report.blocking(skip=True)] == ["boxes-corners"]


def test_small_boxes_of_which_few_reach_out_tell_how_they_are_written(tmp_path: Path) -> None:
    made = Made(tmp_path / "set", seed=5)
    made.add("train", 12)
    places = [(2, 50), (60, 40), (90, 80), (140, 100), (100, 20)]
    made.splits["train"] = [
        replace(
            each,
            boxes=tuple(
                Box(x, y, x + 12, y + 10, 1) for place, (x, y) in enumerate(places) if place or number < 4
            ),
        )
        for number, each in enumerate(made.splits["train"])
    ]
    reboxed(made, "train", moved_to_centre)
    assert loud(check_data(made.opened()))["boxes-corners"] == 52
    with_box(made, "train", 9, Box(130, 90, 158, 118, 1))  # one that lies as it can only where it is meant
    assert loud(check_data(made.opened()))["box-outside"] == 4


@pytest.mark.parametrize(("count", "refused"), [(3, False), (9, False), (12, True)])
def test_boxes_that_often_reach_out_are_not_cut(made: Made, count: int, refused: bool) -> None:
    for number in range(count):
        corners = ((-30, 5, 90, 60), (100, 50, 190, 90))[number % 2]
        with_box(made, "train", number, Box(*corners, 1))
    report = check_data(made.opened())
    assert loud(report) == {"boxes-reach-out" if refused else "box-outside": count}
    assert bool(report.blocking(skip=True)) == refused
    if refused:
        [fault] = report.tally.examples["boxes-reach-out"]
        assert fault.detail == "12 of its 102, as -30, 5, 90, 60 in a picture of 160 x 120 pixels"
