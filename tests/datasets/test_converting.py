"""Data sets written anew: whole or not at all, with every picture, box and class, and nothing silent."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from skillbank.datasets.converting import convert
from skillbank.datasets.copying import MANIFEST, marks_of
from skillbank.datasets.document import Box
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.opening import Opened, open_place
from skillbank.datasets.placing import Placement
from skillbank.datasets.progress import Step
from skillbank.datasets.repairing import Mode
from skillbank.errors import DataError, UsageError
from tests.datasets.made import Made

NAMES = [writer.name for writer in WRITERS if marks_of(writer) == "boxes"]


def content(opened: Opened) -> dict[str, Counter[tuple[object, ...]]]:
    """What a data set says, by split, without its names: sizes, and boxes with the words of their class."""
    found: dict[str, Counter[tuple[object, ...]]] = {}
    for split in opened.data.splits:
        for picture in split.pictures():
            boxes = sorted(
                (
                    opened.data.classes[box.label or 0],
                    *(round(v, 1) for v in (box.x1, box.y1, box.x2, box.y2)),
                )
                for box in picture.boxes
            )
            found.setdefault(split.name, Counter())[picture.width, picture.height, tuple(boxes)] += 1
    return found


def whole_pixels(made: Made) -> Made:
    """Round all boxes, which some formats hold in whole pixels alone."""
    for pictures in made.splits.values():
        for index, picture in enumerate(pictures):
            boxes = tuple(
                Box(round(box.x1), round(box.y1), round(box.x2), round(box.y2), box.label)
                for box in picture.boxes
            )
            pictures[index] = type(picture)(
                picture.name, picture.path, picture.width, picture.height, boxes, where=picture.where
            )
    return made


@pytest.fixture
def made(tmp_path: Path) -> Made:
    found = Made(tmp_path / "data")
    found.add("train", 6)
    found.add("train", 1, boxes=0)
    found.add("val", 3, size=(90, 130))
    return whole_pixels(found)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("to", NAMES)
def test_every_picture_box_and_class_arrives(made: Made, to: str, tmp_path: Path) -> None:
    opened = made.opened()
    copy = convert(opened, to, tmp_path / "new")
    read = open_place(tmp_path / "new")
    assert read.data.format == to
    assert content(read) == content(opened)
    assert {name: count.pictures for name, count in copy.splits.items()} == {"train": 7, "val": 3}
    assert {name: count.boxes for name, count in copy.splits.items()} == {"train": 18, "val": 9}


@pytest.mark.parametrize("to", NAMES)
def test_an_undivided_data_set_stays_undivided(to: str, tmp_path: Path) -> None:
    made = Made(tmp_path / "data")
    made.add("", 4)
    convert(whole_pixels(made).opened(), to, tmp_path / "new")
    read = open_place(tmp_path / "new")
    assert [len(list(split.pictures())) for split in read.data.splits] == [4]
    assert list(content(read).values()) == list(content(made.opened()).values())


@pytest.mark.parametrize("to", NAMES)
def test_hostile_names_of_pictures_and_classes_arrive_in_every_format(to: str, tmp_path: Path) -> None:
    made = Made(tmp_path / "data", ('<b>"x"</b>', "person's: # hat", "größe, 大きさ"))
    stems = ["a b", "A B", "café", "x" * 120, "100%", "[1]", "a,b;c", "#1", "labels", "'q'", "images"]
    for number, stem in enumerate(stems):
        name = f"images/{number % 2}/images/{stem}.jpg"
        (made.root / name).parent.mkdir(parents=True, exist_ok=True)
        made.add("train", 1, boxes=2)
        drawn = made.splits["train"].pop()
        assert drawn.path is not None
        (made.root / drawn.path).rename(made.root / name)
        made.put("train", name, (160, 120), drawn.boxes)
    opened = whole_pixels(made).opened()
    convert(opened, to, tmp_path / "new")
    read = open_place(tmp_path / "new")
    assert content(read) == content(opened)
    assert all(picture.path for split in read.data.splits for picture in split.pictures())


def test_pictures_are_linked_or_copied_or_left_where_they_are(made: Made, tmp_path: Path) -> None:
    source = made.root / "train/00000.jpg"
    for how, alike in ((Placement.LINK, True), (Placement.COPY, False)):
        copy = convert(made.opened(), "coco", tmp_path / how, placement=how)
        target = tmp_path / how / "train/images/00000.jpg"
        assert target.samefile(source) is alike
        assert target.read_bytes() == source.read_bytes()
        assert (copy.linked, copy.copied) == ((10, 0) if alike else (0, 10))
    convert(made.opened(), "coco", tmp_path / "none", placement=Placement.NONE)
    assert not [path for path in files_below(tmp_path / "none") if path.suffix == ".jpg"]
    noted = json.loads((tmp_path / "none" / MANIFEST).read_text())["notes"]
    assert f"the pictures of train stay where they are, below {made.root / 'train'}" in noted


def test_a_linked_picture_behind_a_symbolic_link_is_the_picture(made: Made, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.jpg"
    (made.root / "train/00000.jpg").rename(real)
    (made.root / "train/00000.jpg").symlink_to(real)
    convert(made.opened(), "coco", tmp_path / "new")
    target = tmp_path / "new/train/images/00000.jpg"
    assert not target.is_symlink() and target.samefile(real)


def test_the_manifest_says_where_it_comes_from(made: Made, tmp_path: Path) -> None:
    convert(made.opened(), "coco", tmp_path / "new")
    manifest = json.loads((tmp_path / "new" / MANIFEST).read_text())
    assert manifest["from"] == {"place": str(made.root), "format": "made"}
    assert manifest["format"] == "coco" and manifest["made_by"] == "skillbank data convert"
    assert manifest["splits"]["train"]["pictures_without_boxes"] == 1
    seen = manifest["splits"]["train"]["classes"]
    assert sum(each["boxes"] for each in seen.values()) == 18
    assert set(seen) <= set(made.classes)


def test_faulty_data_is_refused_with_all_that_is_wrong_and_nothing_is_written(
    made: Made, tmp_path: Path
) -> None:
    spoil(made)
    with pytest.raises(DataError) as caught:
        convert(made.opened(), "coco", tmp_path / "new")
    told = str(caught.value)
    assert "pictures that are not there: 1" in told and "boxes without width or height: 1" in told
    assert "--on-broken skip" in told
    assert list(tmp_path.iterdir()) == [made.root]


def test_what_is_broken_is_left_out_and_counted_when_told(made: Made, tmp_path: Path) -> None:
    spoil(made)
    copy = convert(made.opened(), "coco", tmp_path / "new", mode=Mode.SKIP)
    assert copy.splits["val"].pictures == 4 and copy.splits["train"].pictures == 7
    assert copy.splits["val"].boxes == 10  # nine, and the sound one of two
    assert copy.manifest["repairs"]["box-empty"]["count"] == 1
    assert copy.manifest["repairs"]["picture-missing"]["count"] == 1
    assert any("boxes without width or height" in each for each in copy.lost)


def spoil(made: Made) -> None:
    """Add a picture with a sound box and one without width, and a picture that is not there."""
    made.add("val", 1, boxes=0)
    drawn = made.splits["val"].pop()
    made.put("val", drawn.name, (160, 120), [Box(5, 5, 50, 50, 0), Box(9, 9, 9, 40, 1)])
    made.put("train", "train/not-there.jpg", (160, 120), [Box(5, 5, 50, 50, 0)])


def test_broken_pictures_are_found_where_all_are_decoded(made: Made, tmp_path: Path) -> None:
    broken = made.root / "train/00001.jpg"
    broken.write_bytes(broken.read_bytes()[:700])
    with pytest.raises(DataError, match="00001"):
        convert(made.opened(), "coco", tmp_path / "new", decode=True)
    copy = convert(made.opened(), "coco", tmp_path / "new", decode=True, mode=Mode.SKIP)
    assert copy.splits["train"].pictures == 6
    copy = convert(made.opened(), "coco", tmp_path / "more")
    assert any("not decoded" in note for note in copy.notes)


def test_a_folder_with_something_in_it_is_never_written_to(made: Made, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        convert(made.opened(), "coco", there)
    with pytest.raises(UsageError, match="lies in the data set"):
        convert(made.opened(), "coco", made.root / "new")
    assert files_below(there) == [there / "notes.txt"]
    (tmp_path / "empty").mkdir()
    convert(made.opened(), "coco", tmp_path / "empty")


def test_what_fails_on_the_way_leaves_nothing_behind(made: Made, tmp_path: Path) -> None:
    opened = made.opened()
    (made.root / "val/00002.jpg").unlink()  # after its folder was listed
    with pytest.raises(DataError, match=r"00002\.jpg"):
        convert(opened, "coco", tmp_path / "new")
    assert list(tmp_path.iterdir()) == [made.root]


def test_folders_that_mean_the_same_split_become_one(made: Made, tmp_path: Path) -> None:
    opened = made.opened()
    split = opened.data.splits[0]
    data = type(opened.data)("made", made.classes, (split, type(split)("train", "more", split.pictures)))
    copy = convert(Opened(opened.tree, data), "coco", tmp_path / "new")
    assert copy.splits["train"].pictures == 14
    assert any("7 entries are of a picture that an earlier entry has" in note for note in copy.notes)
    assert len(names(open_place(tmp_path / "new"))) == 14


def names(opened: Opened) -> set[str | None]:
    return {picture.path for split in opened.data.splits for picture in split.pictures()}


def test_only_the_split_that_is_named_is_written(made: Made, tmp_path: Path) -> None:
    convert(made.opened(), "coco", tmp_path / "new", splits=["val"])
    assert list(content(open_place(tmp_path / "new"))) == ["val"]


@pytest.mark.parametrize("name", ["tfrecord", "", "cocoo"])
def test_a_format_that_nothing_writes_is_refused_with_those_that_are(
    made: Made, name: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="odvg, coco, yolo"):
        convert(made.opened(), name, tmp_path / "new")


def test_progress_is_told(made: Made, tmp_path: Path) -> None:
    steps: list[str] = []
    made.add("train", 200, size=(20, 20), boxes=0)
    convert(made.opened(), "coco", tmp_path / "new", report=lambda step: steps.append(step.name))
    assert {"annotations read", "writing"} <= set(steps)


def test_what_only_a_training_minds_comes_along_and_is_told(tmp_path: Path) -> None:
    made = Made(tmp_path / "data", ("Person", "person"))
    made.add("train", 2)
    made.add("val", 2, boxes=0)
    copy = convert(made.opened(), "coco", tmp_path / "new")
    assert copy.classes == ("Person", "person") and copy.splits["val"].pictures == 2
    assert any("nothing to measure" in note for note in copy.notes)
    assert any("one to a prompt" in note for note in copy.notes)


def test_an_interruption_leaves_nothing_behind(tmp_path: Path) -> None:
    made = Made(tmp_path / "data")
    made.add("train", 150, size=(20, 20), boxes=0)

    def interrupt(step: Step) -> None:
        if step.name == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(made.opened(), "coco", tmp_path / "new", report=interrupt)
    assert list(tmp_path.iterdir()) == [made.root]
