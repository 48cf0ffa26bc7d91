"""Files that are called pictures and are none: each is called what it is, in every format that needs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.faults import Severity
from skillbank.datasets.no_pictures import why_none
from skillbank.datasets.opening import open_place
from tests.datasets.reading import picture, text

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
FILES = (
    (b"", "it is empty"),
    (POINTER, "git lfs pull"),
    (b"<!DOCTYPE html>\n<html><head><title>403</title>", "a web page"),
    (b"\n <HTML><body>Sign in", "a web page"),
    (b"<!-- saved -->\n<html>", "a web page"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "it is XML"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "it is XML"),
    (HEIC, "it is HEIC"),
    (b"\x00\x00\x00\x18ftypmp42" + bytes(50), "a film"),
    (b"%PDF-1.7\n", "a PDF"),
    (b"PK\x03\x04" + bytes(30), "a ZIP archive"),
    (bytes(4096), "zeros"),
    ("nicht gefunden: München".encode(), "it is text: 'nicht gefunden: München'"),
    ("ü".encode() * 400, "it is text"),
    (b"\x07\x01\xff\xfe unknown", "it is no picture that is known"),
)


@pytest.mark.parametrize(("data", "said"), FILES)
def test_what_a_file_is(data: bytes, said: str) -> None:
    assert said in why_none(data)


def yolo(root: Path) -> Path:
    text(root / "classes.txt", "cat\n")
    for name in ("a", "b"):
        text(root / "labels" / f"{name}.txt", "0 0.5 0.5 0.2 0.2\n")
    picture(root / "images" / "b.jpg")
    return root / "images" / "a.jpg"


def open_images(root: Path) -> Path:
    rows = "".join(f"{name},/m/01,0.1,0.2,0.3,0.4\n" for name in ("a", "b"))
    text(root / "train-annotations-bbox.csv", f"ImageID,LabelName,XMin,YMin,XMax,YMax\n{rows}")
    picture(root / "b.jpg")
    return root / "a.jpg"


def shares(root: Path) -> Path:
    rows = "".join(f"{name}.jpg,cat,0.1,0.2,0.3,0.4\n" for name in ("a", "b"))
    text(root / "all.csv", f"filename,class,xmin,ymin,xmax,ymax\n{rows}")
    picture(root / "b.jpg")
    return root / "a.jpg"


def coco(root: Path) -> Path:
    images = [
        {"id": i, "file_name": f"{name}.jpg", "width": 100, "height": 80} for i, name in enumerate("ab")
    ]
    marks = [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 2, 30, 40]} for i in (0, 1)]
    document = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "cat"}]}
    text(root / "a.json", json.dumps(document))
    picture(root / "b.jpg")
    return root / "a.jpg"


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("make", [yolo, open_images, shares, coco])
@pytest.mark.parametrize(("data", "said"), [FILES[0], FILES[1], FILES[2], FILES[7]])
def test_it_is_said_in_every_format(tmp_path: Path, make, data: bytes, said: str, decode: bool) -> None:  # type: ignore[no-untyped-def]
    text(make(tmp_path), data)
    report = check_data(open_place(tmp_path), decode=decode)
    told = " ".join(report.sentences(Severity.ERROR))
    assert said in told
    assert report.findings.broken == {make(tmp_path).relative_to(tmp_path).as_posix()}


def test_a_link_that_leads_nowhere_says_where_to(tmp_path: Path) -> None:
    yolo(tmp_path).symlink_to("/mnt/gone/a.jpg")
    told = " ".join(check_data(open_place(tmp_path)).sentences(Severity.ERROR))
    assert "it is a link to /mnt/gone/a.jpg, which is not there" in told


@pytest.mark.parametrize("ending", [".HEIC", ".ppm", ".cr2", ".jfif"])
def test_a_picture_of_a_kind_that_is_not_looked_for_is_named(tmp_path: Path, ending: str) -> None:
    text(yolo(tmp_path).with_suffix(ending), HEIC)
    [fault] = check_data(open_place(tmp_path)).tally.examples["picture-missing"]
    assert fault.where == "labels/a.txt (images/a)"
    assert (
        fault.detail == f"'images/a{ending}' is there, and {ending} is not looked for: save it as JPEG or PNG"
    )


def test_two_pictures_of_one_name_are_told(tmp_path: Path) -> None:
    first = coco(tmp_path)
    for folder in ("photos", "thumbs"):
        picture(tmp_path / folder / first.name)
    [fault] = check_data(open_place(tmp_path)).tally.examples["picture-missing"]
    assert fault.detail == "2 files have this name (photos/a.jpg, thumbs/a.jpg)"
