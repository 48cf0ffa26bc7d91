"""What a check says of each picture and box: where it stands, how many there are, and where the edges are."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skillbank.datasets.box_orders import PERCENT, SHARES, Order, Written, written_as
from skillbank.datasets.box_statistics import BoxStatistics
from skillbank.datasets.box_verdicts import verdicts
from skillbank.datasets.checking import check_data
from skillbank.datasets.crops import crop_all
from skillbank.datasets.document import Box, Picture, Where
from skillbank.datasets.faults import Fault, Tally
from skillbank.datasets.fixing import format_of_copy
from skillbank.datasets.heads import FileSize
from skillbank.datasets.likeness import Likeness, groups
from skillbank.datasets.looks import look_at
from skillbank.datasets.picture_checks import framed, size_fault, where_of
from skillbank.datasets.placing import Placement, Placer
from skillbank.datasets.report import DataReport, SplitReport
from skillbank.datasets.tree import open_tree
from tests.datasets.made import Made
from tests.datasets.reading import picture

SIZE = (127, 83)
GOOD = Box(11, 7, 61, 42, 0)


def made_of(root: Path, *boxes: Box, split: str = "train", **more: object) -> Made:
    made = Made(root / "data", ("a", "b"))
    picture(made.root / "x.jpg", SIZE)
    made.put(split, "x.jpg", SIZE, boxes)
    [entry] = made.splits[split]
    made.splits[split] = [replace(entry, **more)]  # type: ignore[arg-type]
    return made


def told(made: Made, *, decode: bool = False) -> dict[str, list[tuple[str, str]]]:
    tally = check_data(made.opened(), decode=decode).tally
    return {kind: [(each.where, each.detail) for each in some] for kind, some in tally.examples.items()}


def test_a_box_without_a_place_of_its_own_is_told_by_its_number(tmp_path: Path) -> None:
    empty, tiny = Box(9, 9, 9, 30, 0), Box(9, 9, 10, 30, 1, at="object 7")
    found = told(made_of(tmp_path, GOOD, empty, tiny, where=Where("a.json", "")))
    assert found["box-empty"][0][0] == "a.json box 2 (x.jpg)"
    assert found["box-tiny"][0][0] == "a.json object 7 (x.jpg)"
    [(where, _)] = told(made_of(tmp_path / "o", GOOD, empty, where=Where("a.json", "line 4")))["box-empty"]
    assert where == "a.json line 4 (x.jpg)"


def test_boxes_in_one_place_stand_twice_or_are_of_two_classes(tmp_path: Path) -> None:
    near = replace(GOOD, x1=GOOD.x1 + 0.004)
    apart = replace(GOOD, x1=GOOD.x1 + 0.01)
    found = told(made_of(tmp_path, GOOD, replace(GOOD, label=1), near, apart, where=Where("a.json")))
    assert found["box-two-classes"] == [("a.json box 2 (x.jpg)", "")]
    assert found["box-twice"] == [("a.json box 3 (x.jpg)", "")]


def test_a_picture_that_its_reader_has_missed_is_said_once(tmp_path: Path) -> None:
    said = Fault("picture-missing", "a.json line 1", "the reader says so")
    other = Fault("box-tiny", "a.json line 1")
    for fault, where in ((said, "a.json line 1"), (other, "train.json entry 1 (x.jpg)")):
        made = made_of(tmp_path / fault.kind, GOOD, path=None, faults=(fault,))
        made.put("train", "x.jpg", SIZE, [GOOD])
        assert [each for each, _ in told(made)["picture-missing"]] == [where]


@pytest.mark.parametrize("same", [True, False])
def test_a_picture_that_stands_twice_has_the_same_boxes_or_others(tmp_path: Path, same: bool) -> None:
    made = made_of(tmp_path, GOOD)
    made.put("train", "x.jpg", SIZE, [GOOD if same else replace(GOOD, y2=43)])
    [(where, detail)] = told(made)["picture-twice"]
    assert where == "train.json entry 2 (x.jpg)"
    assert detail == ("with the same boxes" if same else "with other boxes")
    made.splits["train"] = [replace(each, caption="a cat") for each in made.splits["train"]]
    assert "picture-twice" not in told(made)  # one picture has as many entries as captions


def test_counts_of_a_split_are_those_of_its_boxes(tmp_path: Path) -> None:
    made = made_of(tmp_path, GOOD, Box(1, 2, 30, 40, 1, crowd=True), Box(3, 4, 50, 60, None, "a cat"))
    made.put("train", "x.jpg", SIZE, [Box(5, 6, 70, 80, 1), Box(6, 7, 71, 80, 1)])
    picture(made.root / "y.jpg", SIZE)
    made.put("train", "y.jpg", SIZE, [])
    [split] = check_data(made.opened(), decode=False).splits
    assert (split.pictures, split.boxes, split.unmarked, split.phrases, split.crowds) == (3, 5, 1, 1, 1)
    assert split.by_class == {"a": 1, "b": 3}
    assert split.document()["boxes_by_class"] == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("split", "boxes", "kind", "detail"),
    [
        ("train", (), "nothing-to-learn", "1 pictures, no box"),
        ("val", (), "nothing-to-measure", "1 pictures, no box"),
        ("test", (), "test-unmarked", "1 pictures, no box"),
        (
            "train",
            (replace(GOOD, crowd=True),) * 2,
            "nothing-to-learn",
            "1 pictures, all 2 boxes are of crowds",
        ),
    ],
)
def test_a_split_without_boxes(
    tmp_path: Path, split: str, boxes: tuple[Box, ...], kind: str, detail: str
) -> None:
    assert told(made_of(tmp_path, *boxes, split=split))[kind] == [(f"{split}.json", detail)]


def test_a_split_of_which_nothing_is_left_says_to_what_it_was_lost(tmp_path: Path) -> None:
    empty = Box(9, 9, 9, 30, 0)
    [(where, detail)] = told(made_of(tmp_path, empty, empty))["split-lost"]
    assert where == "train.json" and detail.startswith(
        "none of its 2 boxes can be used: boxes without width or "
    )
    assert "height: 2, the first train.json entry 1 (x.jpg)" in detail
    assert "split-lost" not in told(made_of(tmp_path / "o", empty, GOOD))
    [(_, gone)] = told(made_of(tmp_path / "p", GOOD, path=None))["split-lost"]
    assert gone.startswith("none of its 1 pictures can be used")


def test_copies_name_the_first_picture_and_its_split(tmp_path: Path) -> None:
    made = Made(tmp_path / "data")
    first, *_ = made.add("train", 3, size=SIZE)
    for split, name in (("train", "again.jpg"), ("val", "shared.jpg"), ("test", "shared.jpg")):
        target = made.root / split / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((made.root / first.name).read_bytes())
        made.put(split, f"{split}/{name}", SIZE, [made.box(SIZE)])
    found = told(made, decode=True)
    assert found["picture-copies"] == [("train/again.jpg", "it is train/00000.jpg again")]
    assert found["picture-shared"] == [
        ("val/shared.jpg of val", "it is train/00000.jpg of train"),
        ("test/shared.jpg of test", "it is train/00000.jpg of train"),
    ]
    assert check_data(made.opened()).findings.shared == {"train/00000.jpg", "train/again.jpg"}


def test_files_without_an_entry_are_counted(tmp_path: Path) -> None:
    made = made_of(tmp_path, GOOD)
    picture(made.root / "left" / "y.jpg", SIZE)
    assert told(made)["picture-unnamed"] == [("left/y.jpg", "")]
    assert check_data(made.opened(), decode=False).tally.counts["picture-unnamed"] == 1


@pytest.mark.parametrize(
    ("stated", "file", "box", "kind"),
    [
        (SIZE, FileSize(*SIZE), GOOD, ""),
        ((None, 83), FileSize(*SIZE), GOOD, ""),
        ((83, 127), FileSize(*SIZE, True), GOOD, "size-turned"),
        ((83, 127), FileSize(*SIZE), GOOD, "size-mistaken"),
        ((83, 127), FileSize(*SIZE), Box(1, 90, 20, 120, 0), "size-disagrees"),
        ((254, 166), FileSize(*SIZE), Box(1, 90, 20, 120, 0), "size-scaled"),
        ((254, 166), FileSize(*SIZE), GOOD, "size-scaled"),
        ((60, 83), FileSize(*SIZE), Box(90, 10, 120, 40, 0), "size-mistaken"),
        ((60, 83), FileSize(*SIZE), Box(10, 10, 50, 40, 0), "size-disagrees"),
        ((1000, 500), FileSize(500, 251), GOOD, "size-scaled"),
        ((1000, 500), FileSize(500, 254), GOOD, "size-disagrees"),
    ],
)
def test_a_stated_size_is_held_against_the_file(
    stated: tuple[int | None, int | None], file: FileSize, box: Box, kind: str
) -> None:
    entry = Picture("x.jpg", "x.jpg", *stated, (box,), where=Where("a.json", "line 1"))
    assert size_fault(entry, file) == kind
    frame = framed(entry, file)
    assert frame.kind == kind and frame.file == file
    assert frame.size == (stated if kind == "size-scaled" else (file.width, file.height))
    assert framed(entry, None).size == (stated if all(stated) else None)
    turned = " by its EXIF orientation" if kind == "size-turned" else ", which is width and height exchanged"
    said = f"{stated[0]} x {stated[1]} is stated, the file has {file.width} x {file.height}"
    assert frame.detail == (f"{said}{turned if stated == (83, 127) else ''}" if kind else "")
    assert where_of(entry) == "a.json line 1 (x.jpg)" and where_of(replace(entry, where=Where(""))) == "x.jpg"


def kind_of(written: Written, size: tuple[int, int], *boxes: tuple[float, float, float, float]) -> list[str]:
    statistics = BoxStatistics(written)
    for box in boxes:
        statistics.add(Box(*box, 0), size)
    return [each.kind for each in verdicts(statistics)]


IN, OUT = (10, 10, 40, 40), (300, 100, 900, 500)


@pytest.mark.parametrize(("out", "within", "kinds"), [(3, 0, []), (4, 36, []), (4, 35, ["boxes-reach-out"])])
def test_four_boxes_that_reach_out_and_more_than_a_tenth_are_no_slips(
    out: int, within: int, kinds: list[str]
) -> None:
    reaching = (-50.0, 10.0, 30.0, 40.0)
    assert kind_of(written_as("voc"), (640, 480), *[reaching] * out, *[IN] * within) == kinds


@pytest.mark.parametrize(
    ("order", "boxes", "kinds"),
    [
        # x, y, width, height read as two corners: sizes end before they begin.
        ("voc", [(50, 40, 40, 30)] * 2 + [(5, 6, 40, 30)] * 4, ["boxes-xywh"]),
        ("voc", [(50, 40, 40, 30)] * 1 + [(5, 6, 40, 30)] * 5, []),
        ("voc", [(50, 40, 40, 30)] * 2 + [(5, 6, 40, 30)] * 3, []),
        ("voc", [(50, 40, 40, 30)] * 3 + [(5, 6, 40, 30)] * 2, ["boxes-xywh"]),
        # Two corners read as x, y, width, height.
        ("coco", [(60, 50, 180, 130)] * 2 + [(1, 2, 41, 32)] * 4, ["boxes-xyxy"]),
        ("coco", [(60, 50, 180, 130)] * 1 + [(1, 2, 41, 32)] * 5, []),
    ],
)
def test_how_many_boxes_tell_another_order(
    order: str, boxes: list[tuple[float, float, float, float]], kinds: list[str]
) -> None:
    assert kind_of(written_as(order), SIZE, *boxes) == kinds


def test_fractions_are_told_from_pixels() -> None:
    shares, pixels = (0.1, 0.2, 0.5, 0.75), (10.0, 20.0, 30.0, 40.0)
    assert kind_of(written_as("voc"), SIZE, shares) == ["boxes-fractions"]
    assert kind_of(written_as("voc"), SIZE, shares, pixels) == ["boxes-fractions"]
    assert kind_of(written_as("voc"), SIZE, (0, 0, 1, 1), pixels) == []
    statistics = BoxStatistics(written_as("voc"))
    for box in (shares, pixels, shares):
        statistics.add(Box(*box, 0), SIZE)
    [verdict] = verdicts(statistics)
    assert (verdict.count, verdict.evidence) == (2, "2 of 3 lie within 0 to 1")


def test_percent_that_are_shares_or_pixels() -> None:
    percent = Written((Order.SIZED,), PERCENT)
    shares = [
        (x / 100 * 640, 0.2 / 100 * 480, (x + 0.3) / 100 * 640, 0.6 / 100 * 480) for x in (0.1, 0.4, 0.7)
    ]
    assert kind_of(percent, (640, 480), *shares) == ["boxes-no-percent"]
    pixels = [(x * 6.4, 100 * 4.8, (x + 90) * 6.4, 200 * 4.8) for x in (10, 300, 500)]
    assert kind_of(percent, (640, 480), *pixels) == ["boxes-no-percent"]
    assert kind_of(Written((Order.SIZED,), SHARES), (640, 480), *shares) == []


def test_a_crop_is_what_the_box_holds_in_the_size_that_the_file_has(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60, 3), "u1")
    pixels[10:20, 30:50] = (200, 10, 10)
    tree_root = tmp_path / "data"
    tree_root.mkdir()
    Image.fromarray(pixels).save(tree_root / "x.png")
    tree = open_tree(tree_root)
    red, crowd, none = Box(100, 40, 60, 20, 1), Box(1, 1, 50, 50, 1, crowd=True), Box(1, 1, 50, 50, None)
    thin = Box(0, 0, 3.9, 60, 0)
    whole = Picture("x.png", "x.png", 120, 80, (red, crowd, none, thin))
    counts: Counter[str] = Counter()
    bare = [replace(whole, boxes=()), replace(whole, path=None)]
    assert list(crop_all(tree, [whole, *bare], ("cat", "dog"), tmp_path / "out", counts)) == [1]
    assert sorted(counts.values()) == [1, 2, 2]
    assert counts["pictures without a box are left out"] == 2
    [file] = (tmp_path / "out").rglob("*.png")
    assert file.relative_to(tmp_path / "out").as_posix() == "dog/x-1.png"
    with Image.open(file) as cut:
        assert cut.size == (20, 10) and (np.asarray(cut) == (200, 10, 10)).all()


@pytest.mark.parametrize("how", [Placement.LINK, Placement.COPY])
def test_copies_are_told_only_where_links_were_asked_for(
    tmp_path: Path, how: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("os.link", refused)
    placer = Placer(tmp_path / "new", how)
    for name in "ab":
        placer.place(picture(tmp_path / f"{name}.jpg", SIZE), f"images/{name}.jpg")
    assert (placer.copied, placer.linked) == (2, 0)
    asked = "2 pictures are copied: their file system cannot link them here"
    assert placer.note == (asked if how is Placement.LINK else "")
    assert (tmp_path / "new/images/b.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


def test_look_alikes_are_grouped_with_the_first_of_them(tmp_path: Path) -> None:
    made = Made(tmp_path / "data")
    names = [each.name for each in made.add("train", 4, size=(160, 120), ending=".png")]
    small = bytearray()
    for at in (0, 1, 0, 2, 1, 3):
        with Image.open(made.root / names[at]) as image:
            image.resize((image.width * (1 + at % 2), image.height * (1 + at % 2))).save(tmp_path / "x.jpg")
        small += look_at(tmp_path / "x.jpg").small
    assert groups(Likeness(small)) == [0, 1, 0, 3, 1, 5]


@pytest.mark.parametrize(
    ("form", "phrases", "copy"),
    [
        ("yolo", 0, "yolo"),
        ("kitti", 0, "coco"),
        ("kitti", 1, "odvg"),
        ("odvg", 1, "odvg"),
        ("coco+yolo", 0, "coco"),
    ],
)
def test_a_repaired_copy_has_its_own_format_or_one_that_holds_it_all(
    form: str, phrases: int, copy: str
) -> None:
    split = SplitReport("train", "train", (), 1, 2, 0, {"a": 2}, phrases)
    assert format_of_copy(DataReport("D", form, ("a",), (split,), Tally(), (), True)) == copy
