"""Masks of segmentation beside pictures: named, and neither pictures to learn from nor silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from skillbank.datasets.checking import check_data
from skillbank.datasets.opening import open_place
from skillbank.datasets.tree import open_tree
from skillbank.jobs.checks import check
from tests.datasets.reading import picture, text
from tests.datasets.running import plan_of, staged
from tests.datasets.test_in_a_run import WORDS, coco, home

__all__ = ["home"]


def grey(file: Path, mode: str = "L") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (20, 10)).save(file)


LAYOUTS = [
    ("images/{}.jpg", "masks/{}.png"),
    ("images/{}.jpg", "masks/{}_mask.png"),
    ("images/image_{}.jpg", "masks/mask_{}.png"),
    ("{}.jpg", "{}_mask.png"),
    ("{}.jpg", "{}_seg.png"),
    ("JPEGImages/{}.jpg", "SegmentationClass/{}.png"),
    ("JPEGImages/{}.jpg", "SegmentationObject/{}.png"),
    ("leftImg8bit/train/x/{}_leftImg8bit.png", "gtFine/train/x/{}_gtFine_labelIds.png"),
    ("images/{}.jpg", "annotations/trimaps/{}.png"),
    ("images/training/{}.jpg", "annotations/training/{}.png"),
    ("701/{}.png", "labels/{}_L.png"),
    ("images/sat_{}.jpg", "masks/field-{}.png"),
]


@pytest.mark.parametrize(("image", "mask"), LAYOUTS)
def test_masks_are_named_and_a_training_on_them_is_refused(tmp_path: Path, image: str, mask: str) -> None:
    for name in ("a1", "b2"):
        picture(tmp_path / "set" / image.format(name))
        grey(tmp_path / "set" / mask.format(name))
    tree = open_tree(tmp_path / "set")
    assert sorted(tree.masks) == sorted(mask.format(name) for name in ("a1", "b2"))
    assert sorted(tree.pictures) == sorted(image.format(name) for name in ("a1", "b2"))
    report = check_data(open_place(tmp_path / "set"))
    assert sum(split.pictures for split in report.splits) == 2
    if report.format != "masks":  # they tell objects apart, or are called like no picture
        found = report.tally.examples["annotations-unread"]
        assert [fault.where for fault in found] == sorted(tree.masks) and "mask" in found[0].detail
    problems = " ".join(check(plan_of(WORDS.format(tmp_path / "set"))).problems)
    assert "COCO, YOLO or Pascal VOC" in problems


def test_masks_beside_split_folders_belong_to_them(tmp_path: Path) -> None:
    picture(tmp_path / "set/train/a.jpg")
    grey(tmp_path / "set/train_masks/a_mask.gif")
    data = open_place(tmp_path / "set").data
    [split] = data.splits
    [found] = split.pictures()
    assert (data.format, split.name) == ("masks", "train")
    assert found.mask is not None and found.mask.path == "train_masks/a_mask.gif"


@pytest.mark.parametrize(
    "names",
    [
        ("masks/a.jpg", "masks/b.jpg"),
        ("with_mask/a.jpg", "without_mask/b.jpg"),
        ("segmentation/images/a.png", "segmentation/images/b.png"),
        ("images/a.jpg", "images/face_mask.jpg"),
        ("labelled/a.jpg", "labelled/b.jpg", "unlabelled/c.jpg"),
        ("images/a.jpg", "masks/other.jpg"),
    ],
)
def test_photos_are_no_masks(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        picture(tmp_path / name)
    tree = open_tree(tmp_path)
    assert not tree.masks and len(tree.pictures) == len(names)


def test_what_is_annotated_is_a_picture_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("face", "face_mask"):
        picture(tmp_path / f"images/{name}.jpg", (80, 60))
        text(tmp_path / f"labels/{name}.txt", "0 0.5 0.5 0.2 0.2\n")
    text(tmp_path / "classes.txt", "mask\n")
    report = check_data(open_place(tmp_path))
    assert not report.has_errors and report.splits[0].pictures == 2
    assert "masks-aside" not in report.tally.counts


def test_masks_beside_annotations_are_noted_and_no_picture_is_doubted(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / f"images/{name}.png", (80, 60))
        grey(tmp_path / f"masks/{name}.png")
    coco(tmp_path / "annotations.json", ["a.png", "b.png"])
    report = check_data(open_place(tmp_path))
    assert not report.has_errors and report.splits[0].pictures == 2
    assert report.tally.counts["masks-aside"] == 2 and "picture-unnamed" not in report.tally.counts
    assert all(
        found.path and found.path.startswith("images/")
        for found in open_place(tmp_path).data.splits[0].pictures()
    )


@pytest.mark.parametrize("folder", ["", "images/"])
def test_an_inference_looks_at_no_mask(tmp_path: Path, folder: str) -> None:
    place = tmp_path / "set"
    for name in ("a", "b"):
        picture(place / f"{folder}{name}.jpg")
        grey(place / f"{folder}{name}_mask.png")
    said = f"run inference of Grounding DINO on {place} with checkpoint {place}/{folder}a.jpg, find cat"
    given = staged(plan_of(said))
    [staged_folder] = [
        given.path(each.key)
        for each in given.plan.inputs
        if each.source == "inference_dataset" and each.place
    ]
    assert sorted(file.name for file in staged_folder.rglob("*.*")) == ["a.jpg", "b.jpg"]
    assert any("a_mask.png" in note for note in given.checks.notes)
