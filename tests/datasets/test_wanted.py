"""The files that a program asks of a data set, by their names: each kind once, or nothing can be made."""

from __future__ import annotations

import pytest

from skillbank.datasets.wanted import Wanted, wanted_of

DETECTION, CLASSES, AREAS = "object_detection", "image_classification", "segmentation"


@pytest.mark.parametrize(
    ("names", "kind", "found"),
    [
        (["images"], "", Wanted("images")),
        (["images.tar.gz"], DETECTION, Wanted("images.tar.gz")),
        (["train_images", "a_odvg.jsonl"], DETECTION, Wanted("train_images", "a_odvg.jsonl")),
        (["image", "annotations.json", "label_map.txt"], DETECTION,
         Wanted("image", coco="annotations.json", classes="label_map.txt")),
        (["images", "odvg.jsonl", "odvg_labelmap.json"], "",
         Wanted("images", "odvg.jsonl", "odvg_labelmap.json")),
        (["images", "images"], "", Wanted("images")),
        (["images", "pictures"], "", None),
        (["images", "a.csv"], "", None),
        (["annotations.json"], "", None),
        ([], "", None),
        (["images"], CLASSES, Wanted("images", marks="classes")),
        (["images_train.tar.gz", "classes.txt"], CLASSES,
         Wanted("images_train.tar.gz", classes="classes.txt", marks="classes")),
        (["images_train", "images_val"], CLASSES, None),
        (["images", "annotations.json"], CLASSES, None),
        (["classes.txt"], CLASSES, None),
        ([""], AREAS, Wanted(marks="areas")),
        (["", ""], "semantic_segmentation", Wanted(marks="areas")),
        (["images"], AREAS, None),
        ([], AREAS, None),
        (["images"], "keypoints", None),
    ],
)  # fmt: skip
def test_files_that_can_be_made(names: list[str], kind: str, found: Wanted | None) -> None:
    assert wanted_of(names, kind, learns=True) == found


def test_what_is_only_looked_at_needs_no_marks() -> None:
    assert wanted_of(["images"], CLASSES, learns=False) == Wanted("images")
    assert wanted_of(["images"], DETECTION, learns=False) == Wanted("images")
    assert wanted_of([""], AREAS, learns=False) == Wanted()


@pytest.mark.parametrize(
    ("wanted", "annotated", "told"),
    [
        (Wanted("images"), False, ""),
        (Wanted("images", "a.jsonl", "map.json"), True, "a.jsonl and map.json"),
        (Wanted("images", coco="a.json", classes="b.txt"), True, "a.json and b.txt"),
        (Wanted("images", classes="b.txt"), False, "b.txt"),
        (Wanted("images", classes="b.txt", marks="classes"), True, "images and b.txt"),
        (Wanted("images", marks="classes"), True, "images"),
        (Wanted(marks="areas"), True, "images and masks of each split, and palette.json"),
    ],
)
def test_what_is_written_is_told(wanted: Wanted, annotated: bool, told: str) -> None:
    assert (wanted.annotated, wanted.annotations) == (annotated, told)
