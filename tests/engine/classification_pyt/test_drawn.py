"""The demo data set, boxes cut out as pictures, and pictures with their class below."""

import argparse
import json
from pathlib import Path
from pkgutil import resolve_name

import numpy as np
import pytest
from PIL import Image

from skillbank_engine.data.coloured_shapes import COLOURS
from skillbank_engine.errors import DataError
from skillbank_engine.families.classification_pyt.data.crops import CropSource
from skillbank_engine.families.classification_pyt.data.shapes import CLASSES
from skillbank_engine.families.classification_pyt.drawing import draw_class
from skillbank_engine.families.classification_pyt.tools import TOOLS


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def run(word: str, *words: str) -> None:
    parser = argparse.ArgumentParser()
    TOOLS[word].arguments(parser)
    resolve_name(TOOLS[word].run)(parser.parse_args(words))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_shapes_are_the_same_for_a_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run("shapes", str(tmp_path / name), "--train", "2", "--val", "1", "--size", "32", "--seed", str(seed))
    assert tree(tmp_path / "a") == tree(tmp_path / "b") != tree(tmp_path / "c")
    assert f"of each of {len(CLASSES)} classes" in capsys.readouterr().out
    assert (tmp_path / "a" / "classes.txt").read_text(encoding="utf-8").split("\n")[:-1] == list(CLASSES)
    files = tree(tmp_path / "a")
    assert sum(name.startswith("train/") for name in files) == 2 * len(CLASSES)
    assert len({data for name, data in files.items() if name.endswith(".png")}) == len(files) - 1


def test_shapes_show_their_colour_in_the_middle(tmp_path: Path) -> None:
    run("shapes", str(tmp_path), "--train", "1", "--val", "1", "--size", "48")
    for name in CLASSES:
        pixels = np.asarray(opened(tmp_path / "train" / name / "0000.png"))
        assert np.abs(pixels[24, 24].astype(int) - COLOURS[name.split()[0]]).max() <= 19


def coco(folder: Path, part: str) -> tuple[Path, Path]:
    """Two pictures of quarters in four colours; the boxes are two of the quarters, and one too small."""
    images = folder / part / "images"
    images.mkdir(parents=True)
    pixels = np.zeros((40, 60, 3), dtype=np.uint8)
    pixels[:20, :30], pixels[:20, 30:], pixels[20:, :30] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    boxes = [(1, [0, 0, 30, 20]), (2, [30, 0, 30, 20]), (1, [0, 20, 3, 3])]
    for number in range(2):
        Image.fromarray(pixels).save(images / f"{number}.png")
    document = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 60, "height": 40} for n in range(2)],
        "categories": [{"id": 1, "name": "red a/b"}, {"id": 2, "name": "green"}],
        "annotations": [
            {"id": 10 * n + k, "image_id": n, "category_id": c, "bbox": box}
            for n in range(2)
            for k, (c, box) in enumerate(boxes)
        ],
    }
    file = folder / part / "annotations.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file, images


def test_boxes_become_pictures_by_part_and_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = []
    for part in ("train", "valid"):
        file, images = coco(tmp_path, part)
        words += ["--coco", str(file), "--images", str(images)]
    run("crops", str(tmp_path / "out"), *words, "--margin", "0")
    assert sorted(tree(tmp_path / "out")) == [
        "classes.txt",
        *(
            f"{part}/{name}/{n}_00{k}.png"
            for part in ("train", "val")
            for name, k in (("green", 1), ("red a-b", 0))
            for n in range(2)
        ),
    ]
    cut = np.asarray(opened(tmp_path / "out" / "train" / "green" / "0_001.png"))
    assert cut.shape == (20, 30, 3)
    assert (cut == (0, 255, 0)).all()
    assert "4 pictures of 2 classes, 2 smaller boxes left out" in capsys.readouterr().out


def test_a_margin_stays_inside_the_picture(tmp_path: Path) -> None:
    file, images = coco(tmp_path, "train")
    run("crops", str(tmp_path / "out"), "--coco", str(file), "--images", str(images), "--margin", "0.1")
    assert opened(tmp_path / "out" / "train" / "green" / "0_001.png").size == (33, 23)


def test_crops_say_what_is_amiss(tmp_path: Path) -> None:
    file, images = coco(tmp_path, "train")
    pair = ["--coco", str(file), "--images", str(images)]
    with pytest.raises(DataError, match="train is named twice"):
        run("crops", str(tmp_path / "out"), *pair, *pair)
    with pytest.raises(DataError, match="give one --images"):
        run("crops", str(tmp_path / "out"), *pair, "--coco", str(file))
    with pytest.raises(DataError, match="no box of 50 pixels"):
        run("crops", str(tmp_path / "out"), *pair, "--least", "50")
    run("crops", str(tmp_path / "out"), *pair)
    with pytest.raises(DataError, match="is there already"):
        run("crops", str(tmp_path / "out"), *pair)
    (tmp_path / "out" / "classes.txt").write_text("cat\n", encoding="utf-8")
    with pytest.raises(DataError, match="lists other classes"):
        run("crops", str(tmp_path / "out"), *pair, "--part", "val")


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/d/train/annotations.json", "train"),
        ("/d/annotations/instances_val2017.json", "val"),
        ("/d/valid/_annotations.coco.json", "val"),
        ("/d/test.json", "test"),
        ("/d/boxes.json", "train"),
    ],
)
def test_parts_are_told_by_names(path: str, part: str) -> None:
    assert CropSource(path, "").part == part


def test_a_class_is_written_below_its_picture() -> None:
    image = Image.new("RGB", (64, 64), (10, 200, 10))
    page = draw_class(image, "a very long name of a class that does not fit anywhere at all", 0.5)
    assert page.width == 256
    assert page.height > 256
    pixels = np.asarray(page)
    assert (pixels[:256] == (10, 200, 10)).all()
    assert (pixels[256:] > 128).any()
    assert draw_class(Image.new("RGB", (500, 300)), "x", 1.0).size[0] == 500


@pytest.mark.parametrize(
    ("size", "drawn"),
    [((3000, 4), (3000, 4)), ((4, 3000), (240, 3000)), ((200, 2), (2000, 20)), ((1, 1), (240, 240))],
)
def test_a_narrow_picture_is_enlarged_as_far_as_it_still_is_one(
    size: tuple[int, int], drawn: tuple[int, int]
) -> None:
    page = draw_class(Image.new("RGB", size, (10, 200, 10)), "a class", 0.5)
    assert page.width == drawn[0] and drawn[1] < page.height <= drawn[1] + 480
    assert (np.asarray(page)[drawn[1] :] > 128).any(), "its class can be read"
