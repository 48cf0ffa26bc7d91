"""What stands beside something else in a data set: it neither hides that nor is taken for it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank.datasets.crops import crop_all
from skillbank.datasets.dealing import By
from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.gathering import divided
from skillbank.datasets.formats.image_sets import list_bases
from skillbank.datasets.formats.masks_writer import palette_of
from skillbank.datasets.formats.odvg_writer import write_lines
from skillbank.datasets.formats.pairing import Pairs
from skillbank.datasets.grouping import grouped
from skillbank.datasets.kept_looks import KeptLooks, stamp_of
from skillbank.datasets.looks import look_at
from skillbank.datasets.naming import Names, safe_name
from skillbank.datasets.tree import Tree, open_tree
from tests.datasets import test_odvg as odvg
from tests.datasets import test_supervisely as supervisely
from tests.datasets import test_via as via
from tests.datasets.made import Made
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text


def grounded(*regions: Any) -> str:
    return json.dumps({"file_name": "a.jpg", "grounding": {"caption": "a dog", "regions": list(regions)}})


def test_lines_that_name_no_category_say_nothing_of_categories(tmp_path: Path) -> None:
    odvg.made(tmp_path, grounded({"phrase": "dog", "bbox": [1, 2, 3, 4]}), names=None)
    assert data_of(tmp_path).notes == ()


def test_categories_without_numbers_are_classes_by_name(tmp_path: Path) -> None:
    both = line_of({"category": "red"}, {"category": "blue"}, {"category": "green", "label": 0})
    odvg.made(tmp_path, both, names=None)
    assert data_of(tmp_path).classes == ("green", "blue", "red")


def line_of(*said: dict[str, Any]) -> str:
    return odvg.line("a.jpg", *(([1, 2, 30, 40], each) for each in said))


def test_of_two_pictures_of_a_stem_the_one_that_the_file_names_is_meant(tmp_path: Path) -> None:
    supervisely.meta(tmp_path, "dog")
    supervisely.saved(tmp_path / "ds0", "a.jpg", supervisely.mark(points=supervisely.CORNERS))
    picture(tmp_path / "ds0" / "img" / "a.png")
    assert boxes(data_of(tmp_path)) == {"ds0/img/a.jpg": [("dog", *supervisely.BOX)]}


def test_an_empty_line_of_a_table_is_no_row(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / f"{name}.jpg")
    text(tmp_path / "via_export_csv.csv", via.TABLE.replace("\n", "\n\n").replace("\nb", "\n,,,,,,\nb"))
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("dog", *via.BOX), ("cat", *via.BOX)], "b.jpg": []}
    assert not kinds(data)


def test_the_boxes_of_a_line_are_counted_from_one(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "_annotations.txt", "a.jpg 10,20,40,60,0 x,2,3,4,0\n")
    text(tmp_path / "_classes.txt", "dog\n")
    data = data_of(tmp_path)
    assert boxes(data) == {"a.jpg": [("dog", 10, 20, 40, 60)]}
    assert "line 1, box 2" in details(data)


def test_lists_of_pictures_and_a_folder_of_another_part(tmp_path: Path) -> None:
    for name in ("images/train/a", "images/val/b"):
        picture(tmp_path / f"{name}.jpg")
        text(tmp_path / f"{name.replace('images', 'labels')}.txt", "0 0.5 0.5 0.2 0.25\n")
    text(tmp_path / "train.txt", "images/train/a.jpg\n")
    text(tmp_path / "classes.txt", "dog\n")
    assert [split.name for split in data_of(tmp_path).splits] == ["train"]


def test_folders_of_lists_lie_below_the_data_set(tmp_path: Path) -> None:
    for name in ("ImageSets/Main/train.txt", "VOC2007/ImageSets/Main/train.txt", "a/b/ImageSets/val.txt"):
        text(tmp_path / name, "a\n")
    assert list_bases(open_tree(tmp_path)) == ["VOC2007/", "a/b/"]


def test_a_corner_that_is_left_out_is_nought(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    mark = {"displayName": "cat", "xMax": 0.5, "yMax": 0.75}
    text(tmp_path / "a.jsonl", json.dumps({"imageGcsUri": "gs://b/a.jpg", "boundingBoxAnnotations": [mark]}))
    assert boxes(data_of(tmp_path)) == {"a.jpg": [("cat", 0, 0, 50, 60)]}


def test_a_part_without_entries_is_no_split() -> None:
    entries: dict[str, list[str]] = {"train": ["a"], "validation": []}
    splits, notes = divided(
        entries, lambda some: (Picture(name, name, 1, 1, ()) for name in some), lambda some: some
    )
    assert ([split.name for split in splits], notes) == (["train"], [])


def test_the_size_of_a_picture_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    sizes = [(5, 7), (5, None), (None, 7), (None, None)]
    pictures = [Picture(f"{at}.jpg", None, *size, ()) for at, size in enumerate(sizes)]
    left = type("Nothing", (), {"out": None})()
    write_lines(tmp_path / "lines.jsonl", pictures, ["dog"], left)
    lines = [json.loads(line) for line in (tmp_path / "lines.jsonl").read_text().splitlines()]
    assert [(each.get("width"), each.get("height")) for each in lines] == [(5, 7), *[(None, None)] * 3]


def test_the_greys_of_written_masks_have_three_channels() -> None:
    palette = json.loads(palette_of(["road", "sky"]))["palette"]
    assert [each["rgb"] for each in palette] == [[0] * 3, [1] * 3, [palette[2]["label_id"]] * 3]


@pytest.mark.parametrize(("side", "kept"), [(2.0, 1), (1.99, 0)])
def test_boxes_that_show_nothing_are_no_pictures(tmp_path: Path, side: float, kept: int) -> None:
    picture(tmp_path / "a.jpg")
    flat, narrow = Box(10, 20, 40, 20 + side, 0), Box(10, 20, 10 + side, 60, 0)
    lost: Counter[str] = Counter()
    seen = [Picture("a.jpg", "a.jpg", 100, 80, (flat, narrow))]
    assert len(list(crop_all(open_tree(tmp_path), seen, ["dog"], tmp_path / "out", lost))) == 2 * kept
    assert sum(lost.values()) == 2 - 2 * kept


def test_pictures_that_look_alike_are_a_group_though_their_bytes_differ(tmp_path: Path) -> None:
    made = Made(tmp_path)
    first, second = made.add("", 2)
    with Image.open(tmp_path / str(first.path)) as opened:
        opened.save(tmp_path / "all/again.jpg", quality=60)
    again = made.put("", "all/again.jpg", (160, 120), [])
    tree = open_tree(tmp_path)
    assert grouped(tree, [first, second, again], By.NEAR_DUPLICATES, tmp_path / "kept", None) == [[0, 2], [1]]
    assert grouped(tree, [first, second, again], By.PICTURE, tmp_path / "kept", None) == [[0], [1], [2]]


def test_a_mask_goes_to_the_picture_in_folders_that_are_called_alike(tmp_path: Path) -> None:
    for place in ("north/images", "south/images", "north/masks", "south/masks"):
        (tmp_path / place).mkdir(parents=True)
        shade = 1 if place.startswith("north") else 2
        made = Image.new("L", (8, 8), shade) if "masks" in place else Image.new("RGB", (8, 8), (9, 99, 199))
        made.save(tmp_path / place / "a.png")
    [split] = data_of(tmp_path).splits
    seen = {each.path: each.mask.draw().numbers.max() for each in split.pictures() if each.mask is not None}
    assert seen["north/images/a.png"] != seen["south/images/a.png"]


def test_what_was_seen_is_kept_until_the_file_is_another(tmp_path: Path) -> None:
    file, kept = picture(tmp_path / "a.jpg"), tmp_path / "kept" / "looks.sqlite"
    look, stamp = look_at(file), stamp_of(file)
    store = KeptLooks(kept)
    store.put(file, stamp, look)
    assert store.get(file, stamp) is None  # it is written when the store is closed
    store.close()
    assert store.get(file, stamp) is None
    again = KeptLooks(kept)
    assert again.get(file, stamp) == look
    assert again.get(file, f"{stamp}0") is None and again.get(tmp_path / "b.jpg", stamp) is None
    again.close()


@pytest.mark.parametrize("broken", [b"no store at all", b"SQLite format 3\x00" + b"\x00" * 84])
def test_a_store_of_looks_that_is_broken_is_made_anew(tmp_path: Path, broken: bytes) -> None:
    file, kept = picture(tmp_path / "a.jpg"), tmp_path / "looks.sqlite"
    kept.write_bytes(broken)
    store = KeptLooks(kept)
    store.put(file, stamp_of(file), look_at(file))
    store.close()
    again = KeptLooks(kept)
    assert again.get(file, stamp_of(file)) == look_at(file)
    again.close()


def test_without_a_place_for_looks_nothing_is_kept(tmp_path: Path) -> None:
    file = picture(tmp_path / "a.jpg")
    store = KeptLooks(file / "looks.sqlite")
    store.put(file, stamp_of(file), look_at(file))
    assert store.get(file, stamp_of(file)) is None
    store.close()


def test_a_file_that_is_gone_has_no_stamp(tmp_path: Path) -> None:
    assert stamp_of(tmp_path / "gone.jpg") == ""


NEAREST = [
    ("a/x.json", ["a/x.jpg", "b/x.jpg"], "a/x.jpg"),
    ("Annotations/x.xml", ["JPEGImages/x.jpg", "more/deep/x.jpg"], "JPEGImages/x.jpg"),
    ("p/q/Annotations/x.xml", ["p/q/more/x.jpg", "r/s/JPEGImages/x.jpg"], "p/q/more/x.jpg"),
    ("p/q/r/ann/x.xml", ["p/q/x.jpg", "p/x.jpg"], "p/q/x.jpg"),
    ("ann/label_2/x.txt", ["far/off/image_2/x.jpg", "far/off/image_3/x.jpg"], "far/off/image_2/x.jpg"),
    ("ann/label_3/x.txt", ["far/off/image_2/x.jpg", "far/off/image_3/x.jpg"], "far/off/image_3/x.jpg"),
    ("ann/x.txt", ["far/off/Pictures/x.jpg", "far/off/left/x.jpg"], "far/off/Pictures/x.jpg"),
    ("ann/x.txt", ["far/off/left/x.jpg", "far/off/thumbs/x.jpg"], "far/off/left/x.jpg"),
    ("ann/x.txt", ["far/off/left/x.jpg", "far/off/right/x.jpg"], None),
    ("ann/x.txt", ["far/off/left/y.jpg"], None),
    ("ann/x.jpg.json", ["img/x.jpg", "img/x.png"], "img/x.jpg"),
    ("ann/x.jpg.json", ["img/x.png"], None),
]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(("annotation", "pictures", "own"), NEAREST)
def test_of_pictures_of_a_name_the_nearest_is_that_of_an_annotation(
    tmp_path: Path, annotation: str, pictures: list[str], own: str | None, turned: bool
) -> None:
    names = pictures[::-1] if turned else pictures
    pairs = Pairs(Tree(tmp_path, {each: tmp_path / each for each in [annotation, *names]}))
    assert pairs.of(annotation) == (own, None)


@pytest.mark.parametrize(
    ("name", "own", "found"),
    [
        ("x.jpg", "a/x.jpg", ("a/x.jpg", None)),
        ("y.jpg", "a/x.jpg", ("a/x.jpg", "a/y.jpg")),
        ("z.jpg", "a/x.jpg", ("a/x.jpg", None)),
        ("y.jpg", "a/w.jpg", ("a/y.jpg", None)),
        ("y", "a/w.jpg", ("a/y.jpg", None)),
        ("C:\\mine\\y.jpg", "a/w.jpg", ("a/y.jpg", None)),
        ("", "a/w.jpg", (None, None)),
        ("z", "a/w.jpg", (None, None)),
    ],
)
def test_a_picture_of_an_annotations_name_goes_before_the_one_that_it_names(
    tmp_path: Path, name: str, own: str, found: tuple[str | None, str | None]
) -> None:
    names = ["a/x.json", "a/y.jpg", own]
    assert Pairs(Tree(tmp_path, {each: tmp_path / each for each in names})).of("a/x.json", name) == found


@pytest.mark.parametrize(
    ("stem", "ending", "kept"),
    [
        ("a" * 115, ".jpeg", True),
        ("a" * 116, ".jpeg", False),
        ("ä" * 57, ".jpeg", True),
        ("ä" * 58, ".jpeg", False),
    ],
)
def test_a_name_has_a_hundred_and_twenty_bytes_and_keeps_its_ending(
    stem: str, ending: str, kept: bool
) -> None:
    given = Names().give("", stem + ending)
    assert (given == stem + ending) is kept
    assert given.endswith(ending) and len(given.encode()) in (119, 120)


@pytest.mark.parametrize(("ending", "kept"), [(".seven77", True), (".eight888", False)])
def test_a_long_ending_is_none(ending: str, kept: bool) -> None:
    assert safe_name("a" * 130 + ending).endswith(ending) is kept


def test_a_class_that_a_list_names_twice_is_said_once_for_each_time(tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        picture(tmp_path / name / "a.jpg")
    text(tmp_path / "classes.txt", "cat\ndog\ncat\ncat\n")
    data = data_of(tmp_path)
    assert data.classes == ("cat", "dog")
    assert [(fault.kind, fault.detail) for fault in data.faults] == [("class-twice", "cat")] * 2
