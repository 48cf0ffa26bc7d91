"""Whether files are what a program reads as they lie: the first thing that it would stumble over is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.fitting import misfit
from skillbank.datasets.wanted import Wanted

WANTED = Wanted("images", "lines.jsonl", "map.json", "coco.json")
BOM = b"\xef\xbb\xbf"


def fits(root: Path, first: int | None = None, **files: str | bytes) -> str:
    """Return what does not fit of files, each written under its name in `WANTED`."""
    (root / "images" / "deep").mkdir(parents=True)
    for name in ("a.jpg", "deep/b.jpg"):
        (root / "images" / name).touch()
    (root / "other.jpg").touch()
    (root / "images" / "link.jpg").symlink_to(root / "other.jpg")
    (root / "images" / "broken.jpg").symlink_to(root / "gone.jpg")
    paths = {"images": root / "images"}
    for kind, content in files.items():
        paths[name] = root / (name := getattr(WANTED, kind))
        paths[name].write_bytes(content if isinstance(content, bytes) else content.encode())
    return misfit(WANTED, paths, first)


def line(name: str = "a.jpg", **more: Any) -> str:
    held = more or {"detection": {"instances": [{"bbox": [1, 2, 3, 4], "label": 0}]}}
    return json.dumps({"file_name": name, **held})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (line(), ""),
        (f"\n{line()}\n\n{line('deep/b.jpg')}\n", ""),
        ('{"filename": "a.jpg", "grounding": {"regions": [{"bbox": [1], "phrase": "x"}]}}', ""),
        (BOM + line().encode(), "lines.jsonl begins with a byte order mark"),
        (line().encode() + b'\n{"file_name": "a", "note": "\xf6"}', "lines.jsonl line 2: it is not UTF-8"),
        (f"{line()}\n{line('c.jpg')}", "lines.jsonl line 2: c.jpg is not in images under this name"),
        (line("deep"), "lines.jsonl line 1: deep is not in images under this name"),
        (line("link.jpg"), ""),
        (line("broken.jpg"), "lines.jsonl line 1: broken.jpg is not in images under this name"),
        (line("deep/c.jpg"), "lines.jsonl line 1: deep/c.jpg is not in images under this name"),
        (line("../other.jpg"), "lines.jsonl line 1: ../other.jpg leads out of images"),
        (line("/etc/hosts"), "lines.jsonl line 1: /etc/hosts leads out of images"),
        (line(""), "lines.jsonl line 1: an entry has no file_name"),
        (line(width=5), "lines.jsonl line 1 has neither detection nor grounding"),
        (line(detection={"instances": [{"bbox": [1, 2, 3], "label": 0}]}), "lines.jsonl line 1: expected"),
        (line(detection={"instances": [{"bbox": [1, 2, 3, 4], "label": 0.5}]}),
         "lines.jsonl line 1: expected int, got float at detection.instances"),
        ("{", "lines.jsonl line 1: input data was truncated"),
    ],
)  # fmt: skip
def test_lines(tmp_path: Path, content: str | bytes, said: str) -> None:
    found = fits(tmp_path, lines=content)
    assert found.startswith(said) if said else found == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"0": "a", "1": "b"}', ""),
        ('{"1": "b", "0": "a"}', ""),
        ('{"1": "a", "2": "b"}', "map.json does not count from 0 without a gap"),
        ('{"0": "a", "2": "b"}', "map.json does not count from 0 without a gap"),
        ('{"x": "a"}', "map.json: invalid literal"),
        ('{"0": 1}', "map.json: expected str, got int"),
        (BOM + b'{"0": "a"}', "map.json: it begins with a byte order mark"),
        ("[", "map.json: expected object, got array"),
        ('{"0": "ö"}'.encode("cp1252"), "map.json: it is not UTF-8"),
    ],
)
def test_label_maps(tmp_path: Path, content: str | bytes, said: str) -> None:
    found = fits(tmp_path, label_map=content, lines=line())
    assert found.startswith(said) if said else found == ""


IMAGES = [{"id": 7, "file_name": "a.jpg"}, {"id": 8, "file_name": "deep/b.jpg"}]
CLASSES = [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]


@pytest.mark.parametrize(
    ("images", "boxes", "classes", "first", "said"),
    [
        (IMAGES, [(7, 1), (8, 2)], CLASSES, 1, ""),
        (IMAGES, [(7, 1)], CLASSES, None, ""),
        (IMAGES, [(7, 1)], CLASSES[::-1], None, ""),
        (IMAGES, [(7, 1)], CLASSES[::-1], 1, "the ids of its categories do not count from 1 in their order"),
        (IMAGES, [(7, 1)], CLASSES, 0, "the ids of its categories do not count from 0 in their order"),
        (IMAGES[:1] * 2, [(7, 1)], CLASSES, 1, "coco.json has ids of images that stand twice"),
        (IMAGES, [(9, 1)], CLASSES, 1, "coco.json has an annotation of an image or category that it does"),
        (IMAGES, [(7, 3)], CLASSES, 1, "coco.json has an annotation of an image or category that it does"),
        ([*IMAGES, {"id": 9, "file_name": "c.jpg"}], [], CLASSES, 1, "c.jpg is not in images under this"),
        ([{"id": 9}], [], CLASSES, 1, "coco.json: object missing required field file_name"),
    ],
)
def test_coco(
    tmp_path: Path, images: list[Any], boxes: list[Any], classes: list[Any], first: int | None, said: str
) -> None:
    document = {
        "images": images,
        "annotations": [{"image_id": i, "category_id": c, "bbox": [1, 2, 3, 4]} for i, c in boxes],
        "categories": classes,
    }
    found = fits(tmp_path, first, coco=json.dumps(document))
    assert found.startswith(said) if said else found == ""


def test_a_document_behind_a_mark_and_nothing_at_all(tmp_path: Path) -> None:
    assert fits(tmp_path / "a", coco=BOM + b"{}") == "coco.json: it begins with a byte order mark"
    assert fits(tmp_path / "b") == ""
