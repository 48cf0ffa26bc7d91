"""What the values of masks mean, by each way to say it; and how values and outlines become classes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.areas import draw_mask, draw_outlines, pixels_of, values_in
from skillbank.datasets.document import LEFT_OUT
from skillbank.datasets.formats.mask_classes import Meant, mask_classes
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError


def meant(root: Path, masks: Mapping[str, list[list[Any]]], **beside: str) -> Meant:
    """Return what masks of some rows of values mean, with files beside them."""
    files = {}
    for name, rows in masks.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.array(rows, np.uint8)).save(root / name)
    for name, said in beside.items():
        file = root / name.replace("_", ".")
        file.write_text(said)
        files[file.name] = file
    return mask_classes(Tree(root, files | {name: root / name for name in masks}), list(masks))


def test_a_list_names_numbers_by_its_lines(tmp_path: Path) -> None:
    found = meant(tmp_path, {"a.png": [[9]]}, labels_txt="\n sky \n\nroof\n")
    assert found == Meant(
        ("sky", "roof"),
        {(0,): 0, (1,): 1, (255,): LEFT_OUT},
        ("the numbers of masks are the lines of labels.txt, from 0; 255 is left out",),
    )


@pytest.mark.parametrize(
    ("name", "count", "some"),
    [
        ("x_gtFine_labelTrainIds.png", 20, {(0,): 0, (18,): 18, (255,): LEFT_OUT}),
        ("x_gtFine_labelIds.png", 35, {(6,): LEFT_OUT, (7,): 0, (26,): 13, (33,): 18, (255,): LEFT_OUT}),
    ],
)
def test_ids_of_cityscapes_are_told_by_the_names_of_masks(
    tmp_path: Path, name: str, count: int, some: dict[tuple[int, ...], int]
) -> None:
    found = meant(tmp_path, {name: [[7, 8]]})
    assert (len(found.classes), len(found.meanings)) == (19, count)
    assert found.meanings == {**found.meanings, **some}
    assert "Cityscapes" in found.notes[0]
    both = meant(tmp_path, {name: [[7]], "other.png": [[7]]})
    assert both.classes == ("class 7",), "all masks must be called so"


PALETTE = [
    {"seg_class": "roof", "rgb": [0, 128, 0], "label_id": 3},
    {"seg_class": "grass", "mapping_class": "ground", "rgb": [1, 2, 3], "label_id": 1},
    {"seg_class": "soil", "mapping_class": "ground", "rgb": [7, 7, 7], "label_id": 1},
    {"seg_class": "edge", "rgb": [9, 9, 9], "label_id": 255},
]


def test_a_palette_orders_classes_by_their_numbers(tmp_path: Path) -> None:
    found = meant(tmp_path, {"a.png": [[0]]}, palette_json=json.dumps({"palette": PALETTE}))
    assert found.classes == ("ground", "roof")
    assert found.meanings == {
        (0, 128, 0): 1, (1, 2, 3): 0, (7,): 0, (7, 7, 7): 0, (9,): LEFT_OUT, (9, 9, 9): LEFT_OUT,
    }  # fmt: skip
    plain = [{"seg_class": "b", "rgb": [0, 0, 0]}, {"seg_class": "a", "rgb": [1, 1, 1]}]
    document = {"palette": plain, "label_transform": "norm"}
    found = meant(tmp_path, {"a.png": [[0]]}, palette_json=json.dumps(document))
    assert (found.classes, found.meanings) == (
        ("b", "a"),
        {(0,): 0, (0, 0, 0): 0, (255,): 1, (255, 255, 255): 1},
    )


@pytest.mark.parametrize("said", ["{", "[]", "{}", '{"palette": [{"rgb": [1]}]}', '{"palette": [7]}'])
def test_a_palette_that_cannot_be_read_is_named(tmp_path: Path, said: str) -> None:
    with pytest.raises(DataError, match=r"palette\.json does not list seg_class, rgb and label_id"):
        meant(tmp_path, {"a.png": [[0]]}, palette_json=said)


def test_colours_of_a_label_map_keep_their_places(tmp_path: Path) -> None:
    listed = "# label:color_rgb:parts:actions\nsky:0,0,0::\n roof:128,0,0\nnonsense\nsky:1,1,1::\n"
    found = meant(tmp_path, {"a.png": [[0]]}, labelmap_txt=listed)
    assert found.classes == ("sky", "roof")
    assert found.meanings == {
        (0,): 0, (0, 0, 0): 0, (1,): 0, (1, 1, 1): 0, (128, 0, 0): 1, (255,): LEFT_OUT,
    }  # fmt: skip
    white = meant(tmp_path, {"a.png": [[0]]}, labelmap_txt="sky:255,255,255\n")
    assert white.meanings == {(0,): 0, (255,): 0, (255, 255, 255): 0}
    assert meant(tmp_path, {"a.png": [[5]]}, labelmap_txt="nothing\n").classes == ("class 5",)


VOC = "SegmentationClass/a.png"


@pytest.mark.parametrize(
    ("name", "rows", "classes", "told"),
    [
        ("a.png", [[0, 255]], ("background", "foreground"), "masks hold 0 and 255, taken as"),
        ("a.png", [[255]], ("background", "foreground"), "masks hold 0 and 255, taken as"),
        ("a.png", [[0]], ("class 0",), "those in use are classes (class 0); palette.json"),
        ("a.png", [[3, 255, 1]], ("class 1", "class 3"), "(class 1, class 3); 255 is left out; palette.json"),
        ("a.png", [[[1, 2, 3], [4, 4, 4]]], ("colour 1-2-3", "colour 4-4-4"), "those in use are classes"),
        (VOC, [[0, 20, 255]], ("background", "aeroplane"), "those of Pascal VOC; 255 is left out"),
        (VOC, [[0, 21]], ("class 0", "class 21"), "those in use are classes"),
        (VOC, [[[1, 2, 3], [4, 4, 4]]], ("colour 1-2-3", "colour 4-4-4"), "those in use are classes"),
        ("a.png", [[0, 20]], ("class 0", "class 20"), "those in use are classes"),
    ],
)
def test_values_in_use(
    tmp_path: Path, name: str, rows: list[list[Any]], classes: tuple[str, ...], told: str
) -> None:
    found = meant(tmp_path, {name: rows})
    assert found.classes[: len(classes)] == classes
    assert (len(found.classes) == 21) is ("Pascal VOC" in told)
    assert told in found.notes[0]
    foreground = 1 if "foreground" in classes else LEFT_OUT
    assert found.meanings[(255,)] == foreground
    assert sorted({*found.meanings.values()} - {LEFT_OUT}) == [*range(len(found.classes))]


@pytest.mark.parametrize("grey", [0, 7, 255])
def test_a_mask_of_one_grey_among_masks_of_colours_holds_that_colour(tmp_path: Path, grey: int) -> None:
    found = meant(tmp_path, {"a.png": [[[9, 0, 0], [grey] * 3]], "b.png": [[[grey] * 3] * 2]})
    assert sorted(found.classes) == sorted(["colour 9-0-0", f"colour {grey}-{grey}-{grey}"])
    assert found.meanings[(grey,)] == found.meanings[(grey, grey, grey)] >= 0
    assert "left out" not in found.notes[0]


def test_of_very_many_masks_some_are_looked_at_and_too_many_values_are_no_classes(tmp_path: Path) -> None:
    many = {f"{number:03}.png": [[number % 2 * 9 + 1]] for number in range(400)}
    found = meant(tmp_path, many)
    assert found.classes == ("class 1",) and "; 200 of 400 masks were looked at" in found.notes[0]
    (tmp_path / "000.png").write_bytes(b"broken")
    few = meant(tmp_path, {name: rows for name, rows in many.items() if name[0] != "3"})
    assert few.classes == ("class 1", "class 10") and "looked at" not in few.notes[0]
    colours = [[[number, 0, 7] for number in range(255)]]
    assert len(meant(tmp_path, {"a.png": [colours[0][:254]]}).classes) == 254
    with pytest.raises(DataError, match=r"has masks with more than 254 values \(a\.png\)"):
        meant(tmp_path, {"a.png": colours})


@pytest.mark.parametrize(
    ("mode", "pixels", "values"),
    [
        ("1", [0, 1], {(0,): 1, (255,): 1}),
        ("L", [0, 7], {(0,): 1, (7,): 1}),
        ("P", [1, 0], {(0,): 1, (1,): 1}),
        ("LA", [(3, 0), (4, 255)], {(3,): 1, (4,): 1}),
        ("I;16", [300, 65535], {(300,): 1, (65535,): 1}),
        ("RGB", [(4, 4, 4), (9, 9, 9)], {(4,): 1, (9,): 1}),
        ("RGB", [(4, 4, 5), (9, 9, 9)], {(9, 9, 9): 1, (4, 4, 5): 1}),
        ("RGB", [(255, 0, 0), (0, 255, 255)], {(255, 0, 0): 1, (0, 255, 255): 1}),
        ("RGBA", [(1, 2, 3, 0), (1, 2, 3, 9)], {(1, 2, 3): 2}),
    ],
)
def test_values_of_a_mask_in_every_mode(
    tmp_path: Path, mode: str, pixels: list[Any], values: dict[tuple[int, ...], int]
) -> None:
    picture = Image.new(mode, (2, 1))
    for place, value in enumerate(pixels):
        picture.putpixel((place, 0), value)
    picture.save(tmp_path / "a.png")
    assert values_in(pixels_of(tmp_path / "a.png")) == values
    chosen = dict.fromkeys(list(values)[:1], 4)
    drawn = draw_mask(tmp_path / "a.png", chosen)
    assert sorted({*drawn.numbers.ravel().tolist()}) == sorted({4} | {LEFT_OUT for _ in list(values)[1:]})
    told = {str(key[0]) if len(key) == 1 else str(key): count for key, count in list(values.items())[1:]}
    assert drawn.unknown == told


def test_a_turned_mask_is_read_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.array([[1, 2, 3]], np.uint8)).save(tmp_path / "a.png", exif=exif)
    assert pixels_of(tmp_path / "a.png").tolist() == [[1], [2], [3]]


def test_a_grey_is_the_same_class_in_masks_of_colours_and_in_those_that_are_all_grey(tmp_path: Path) -> None:
    masks = {"a.png": [[[0, 0, 0], [128, 0, 0], [1, 1, 1]]], "b.png": [[[0, 0, 0]] * 3]}
    meanings = meant(tmp_path, masks, labelmap_txt="sky:0,0,0\nroof:128,0,0\n").meanings
    drawn = [draw_mask(tmp_path / name, meanings) for name in masks]
    assert [each.numbers.tolist() for each in drawn] == [[[0, 1, LEFT_OUT]], [[0, 0, 0]]]
    assert [each.unknown for each in drawn] == [{"(1, 1, 1)": 1}, {}]


SQUARE = [[1, 1, 3, 1, 3, 3, 1, 3]]
RUNS = {"size": [4, 5], "counts": [4, 2, 13, 1]}


@pytest.mark.parametrize(
    ("outline", "pixels"),
    [
        (SQUARE, [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2), (3, 3)]),
        ([[0, 0, 0, 0, 0, 0], [4, 3, 4, 3, 4, 3]], [(0, 0), (3, 4)]),
        ([[0, 0, 1, 1], [4, 3, 4, 3, 4, 3]], [(3, 4)]),
        ([[0, 0, 1, 1, 2, 2, 3], [4, 3, 4, 3, 4, 3]], [(3, 4)]),
        (RUNS, [(0, 1), (1, 1), (3, 4)]),
        ({"size": [5, 4], "counts": [4, 2, 13, 1]}, []),
        ({"size": [4, 5], "counts": [4, 2, 13, 2]}, []),
        ({"size": [4, 5], "counts": [4]}, []),
        ([[0, 0, 1, 1]], []),
        ([], []),
        (None, []),
        (["x"], []),
    ],
)
def test_outlines_are_drawn_or_counted(outline: object, pixels: list[tuple[int, int]]) -> None:
    drawn = draw_outlines((5, 4), [(7, outline)], background=2)
    assert drawn.numbers.shape == (4, 5)
    assert [(int(y), int(x)) for y, x in zip(*np.nonzero(drawn.numbers == 7), strict=True)] == pixels
    assert np.count_nonzero(drawn.numbers == 2) == 20 - len(pixels)
    assert drawn.undrawn == (not pixels)


def test_a_later_outline_lies_over_the_earlier_ones() -> None:
    drawn = draw_outlines((5, 4), [(0, SQUARE), (1, [[3, 3, 3, 3, 3, 3]]), (1, None), (1, [])])
    assert drawn.undrawn == 2
    assert [np.count_nonzero(drawn.numbers == each) for each in (LEFT_OUT, 0, 1)] == [11, 8, 1]
