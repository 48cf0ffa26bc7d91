"""From a place to its data set: the whole, split folders, parts by their path, and what else lies there."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.opening import Opened, UnrecognisedError, open_place
from skillbank.errors import DataError, DataNotFoundError
from tests.datasets.reading import boxes, picture, text


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """An empty folder whose name is no split's.

    pytest's own is called ``test_...``: what is not recognised there is looked for above as well, which is
    among the files of all the tests before.
    """
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def coco(root: Path, file: str, *names: str, category: str = "dog") -> None:
    document = {
        "images": [
            {"id": at, "file_name": name, "width": 100, "height": 80} for at, name in enumerate(names)
        ],
        "annotations": [
            {"id": at, "image_id": at, "category_id": 1, "bbox": [1, 2, 3, 4]} for at, _ in enumerate(names)
        ],
        "categories": [{"id": 1, "name": category}],
    }
    text(root / file, json.dumps(document))


def odvg(root: Path, file: str, *names: str, category: str = "cat") -> None:
    instance: dict[str, Any] = {"bbox": [1, 2, 3, 4], "label": 0}
    lines = (json.dumps({"file_name": name, "detection": {"instances": [instance]}}) for name in names)
    text(root / file, "\n".join(lines))
    text((root / file).parent / "labelmap.json", json.dumps({"0": category}))


def yolo(root: Path) -> Path:
    for split, name in (("train", "a"), ("val", "b")):
        picture(root / f"images/{split}/{name}.jpg")
        text(root / f"labels/{split}/{name}.txt", "0 0.5 0.5 0.2 0.25\n")
    text(root / "data.yaml", "train: images/train\nval: images/val\nnames: [dog]\n")
    return root


def names(opened: Opened) -> list[str]:
    return [split.name for split in opened.data.splits]


def paths(opened: Opened) -> list[str | None]:
    assert opened.split is not None
    return [each.path for each in opened.split.pictures()]


def test_split_folders_of_different_formats(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / split / "images" / "a.jpg")
    odvg(tmp_path, "train/annotations_odvg.jsonl", "a.jpg")
    coco(tmp_path, "val/annotations.json", "a.jpg")
    data = open_place(tmp_path).data
    assert (data.format, data.classes) == ("odvg+coco", ("cat", "dog"))
    assert boxes(data, "train") == {"train/images/a.jpg": [("cat", 1, 2, 3, 4)]}
    assert boxes(data, "val") == {"val/images/a.jpg": [("dog", 1, 2, 4, 6)]}
    assert [split.annotations for split in data.splits] == [
        ("train/annotations_odvg.jsonl",),
        ("val/annotations.json",),
    ]


def test_faults_of_split_folders_name_their_folder(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.jpg")
    text(
        tmp_path / "train" / "lines.jsonl",
        '{"file_name": "a.jpg", "detection": {"instances": [{"bbox": 1}]}}',
    )
    text(tmp_path / "train" / "labelmap.json", '{"0": "dog"}')
    first = next(open_place(tmp_path).data.splits[0].pictures())
    assert [fault.where for fault in first.faults] == ["train/lines.jsonl line 1 box 0"]


def test_files_of_different_formats_that_each_hold_a_split(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        picture(tmp_path / "images" / name)
    odvg(tmp_path, "train_odvg.jsonl", "a.jpg")
    coco(tmp_path, "val_coco.json", "b.jpg")
    data = open_place(tmp_path).data
    assert boxes(data, "train") == {"images/a.jpg": [("cat", 1, 2, 3, 4)]}
    assert boxes(data, "val") == {"images/b.jpg": [("dog", 1, 2, 4, 6)]}


def test_two_formats_of_the_same_pictures_are_asked_about(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    odvg(tmp_path, "annotations_odvg.jsonl", "a.jpg")
    coco(tmp_path, "annotations.json", "a.jpg")
    with pytest.raises(
        DataError, match=r"can be read as ODVG .* and COCO .*; say which is meant with --format"
    ):
        open_place(tmp_path)
    assert open_place(tmp_path, form="coco").data.classes == ("dog",)
    assert open_place(tmp_path, form="odvg").data.classes == ("cat",)


def test_split_folders_count_more_than_a_file_of_everything(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / split / f"{split}.jpg")
        coco(tmp_path, f"{split}/annotations.json", f"{split}.jpg")
    coco(tmp_path, "annotations.json", "train.jpg", "val.jpg")
    data = open_place(tmp_path).data
    assert [split.name for split in data.splits] == ["train", "val"]
    assert data.notes == ("annotations.json beside the folders of the splits is not divided and left aside",)


def test_folders_of_one_split_are_one(tmp_path: Path) -> None:
    for folder, name in (("train_day", "a.jpg"), ("train_night", "b.jpg"), ("val", "c.jpg")):
        picture(tmp_path / folder / name)
        coco(tmp_path, f"{folder}/annotations.json", name)
    data = open_place(tmp_path).data
    assert [(split.name, split.said) for split in data.splits] == [
        ("train", "train_day and train_night"),
        ("val", "val"),
    ]
    assert list(boxes(data, "train")) == ["train_day/a.jpg", "train_night/b.jpg"]


def test_test_pictures_without_annotations_are_a_split(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.jpg")
    picture(tmp_path / "test" / "b.jpg")
    coco(tmp_path, "train/annotations.json", "a.jpg")
    data = open_place(tmp_path).data
    assert [split.name for split in data.splits] == ["train", "test"]
    assert data.notes == ("test holds pictures without annotations",)
    assert not data.faults


def test_validation_pictures_without_annotations_are_a_fault(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.jpg")
    picture(tmp_path / "val" / "b.jpg")
    coco(tmp_path, "train/annotations.json", "a.jpg")
    assert [fault.kind for fault in open_place(tmp_path).data.faults] == ["split-unmarked"]


@pytest.mark.parametrize("beside", [None, "README.md", "LICENSE.txt"])
def test_the_only_folder_is_the_data_set(tmp_path: Path, beside: str | None) -> None:
    yolo(tmp_path / "outer" / "pets")
    if beside:
        text(tmp_path / "outer" / beside, "Pets.")
    opened = open_place(tmp_path / "outer")
    assert opened.tree.root == tmp_path / "outer" / "pets"
    assert names(opened) == ["train", "val"]


@pytest.mark.parametrize("part", ["images/val", "labels/val"])
def test_a_folder_of_a_split(tmp_path: Path, part: str) -> None:
    yolo(tmp_path)
    opened = open_place(tmp_path / part)
    assert opened.tree.root == tmp_path
    assert opened.split is not None
    assert opened.split.name == "val"
    assert paths(opened) == ["images/val/b.jpg"]


@pytest.mark.parametrize("part", ["val", "valid", "validation"])
def test_a_split_by_its_name_alone(tmp_path: Path, part: str) -> None:
    yolo(tmp_path)
    assert paths(open_place(tmp_path / part)) == ["images/val/b.jpg"]


def test_a_name_that_is_no_split_is_not_found(tmp_path: Path) -> None:
    yolo(tmp_path)
    with pytest.raises(
        DataNotFoundError, match=r"no data set at .*valdation; the data set in .* has train, val"
    ):
        open_place(tmp_path / "valdation")
    with pytest.raises(DataNotFoundError):
        open_place(tmp_path / "test")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("b.zip.7z", "is packed in a way that is not read (.zip, .tar and .tar.gz are); unpack it"),
        ("notes.md", "is no annotation file that is recognised; name the folder of the data set"),
        ("other/valdation", "other/valdation; name the folder that holds it"),
        ("valdation", "valdation; name the folder that holds it"),
    ],
)
def test_the_way_out_of_a_place_that_is_no_data_set(tmp_path: Path, place: str, said: str) -> None:
    coco(tmp_path, "all.json", "a.jpg")
    picture(tmp_path / "a.jpg")
    (tmp_path / "other").mkdir()
    for name in ("b.zip.7z", "notes.md"):
        (tmp_path / name).write_text("anything")
    with pytest.raises(DataNotFoundError) as caught:
        open_place(tmp_path / place)
    assert str(caught.value).endswith(said)


def test_for_a_place_that_is_missing_no_home_and_no_disk_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yolo(tmp_path)
    said = r"no data set at .*; name the folder that holds it"
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(DataNotFoundError, match=said):
        open_place(tmp_path / "valdation")
    monkeypatch.setattr("skillbank.datasets.tree.listed", lambda root, _: pytest.fail(f"{root} is listed"))
    with pytest.raises(DataNotFoundError, match=said):
        open_place(Path("/a-folder-that-is-not-there"))


def test_the_folder_of_all_pictures_is_the_whole(tmp_path: Path) -> None:
    yolo(tmp_path)
    opened = open_place(tmp_path / "images")
    assert (opened.tree.root, opened.split) == (tmp_path, None)


def test_the_folder_of_annotations_is_the_whole(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    coco(tmp_path, "annotations/instances_default.json", "a.jpg")
    opened = open_place(tmp_path / "annotations")
    assert (opened.tree.root, opened.split) == (tmp_path, None)


def test_an_annotation_file_is_its_split(tmp_path: Path) -> None:
    for split in ("train", "val"):
        picture(tmp_path / f"{split}2017" / "a.jpg")
        coco(tmp_path, f"annotations/instances_{split}2017.json", "a.jpg")
    opened = open_place(tmp_path / "annotations" / "instances_val2017.json")
    assert opened.tree.root == tmp_path
    assert paths(opened) == ["val2017/a.jpg"]
    assert paths(open_place(tmp_path / "val2017")) == ["val2017/a.jpg"]


def test_an_annotation_file_that_the_whole_leaves_aside(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    coco(tmp_path, "annotations/instances_default.json", "a.jpg")
    coco(tmp_path, "annotations/mine.json", "a.jpg", category="cat")
    assert open_place(tmp_path).data.classes == ("dog",)
    opened = open_place(tmp_path / "annotations" / "mine.json")
    assert opened.data.classes == ("cat",)
    assert boxes(opened.data) == {"images/a.jpg": [("cat", 1, 2, 4, 6)]}


def test_one_of_files_that_could_all_be_meant(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    odvg(tmp_path, "first.jsonl", "a.jpg")
    coco(tmp_path, "first.json", "a.jpg")
    coco(tmp_path, "second.json", "a.jpg", category="bird")
    with pytest.raises(DataError, match="could be meant"):
        open_place(tmp_path)
    assert open_place(tmp_path / "second.json").data.classes == ("bird",)
    assert open_place(tmp_path / "first.jsonl").data.classes == ("cat",)


def test_a_folder_of_photos_has_nothing_to_do_with_what_lies_above(tmp_path: Path) -> None:
    yolo(tmp_path / "pets")
    picture(tmp_path / "pets" / "holiday" / "x.jpg")
    opened = open_place(tmp_path / "pets" / "holiday")
    assert (opened.data.format, opened.tree.root) == ("pictures", tmp_path / "pets" / "holiday")


def test_a_folder_named_as_a_split_of_another_data_set_is_not_that_split(tmp_path: Path) -> None:
    yolo(tmp_path / "pets")
    picture(tmp_path / "photos" / "val" / "x.jpg")
    opened = open_place(tmp_path / "photos" / "val")
    assert opened.data.format == "pictures"
    assert [each.path for each in opened.data.splits[0].pictures()] == ["x.jpg"]


def test_a_part_that_is_recognised_needs_what_lies_above(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "images" / f"{split}.jpg")
        text(tmp_path / split / "labels" / f"{split}.txt", "0 0.5 0.5 0.2 0.25\n")
    text(tmp_path / "data.yaml", "train: ../train/images\nval: ../valid/images\nnames: [dog]\n")
    opened = open_place(tmp_path / "valid")
    assert opened.data.classes == ("dog",)
    assert paths(opened) == ["valid/images/valid.jpg"]


def test_annotations_of_a_second_format_in_the_split_folders_are_said(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "images" / f"{split}.jpg")
        text(tmp_path / split / "labels" / f"{split}.txt", "0 0.5 0.5 0.2 0.25\n")
        coco(tmp_path, f"{split}/_annotations.coco.json", f"{split}.jpg")
    text(tmp_path / "data.yaml", "train: ../train/images\nval: ../valid/images\nnames: [dog]\n")
    data = open_place(tmp_path).data
    assert data.format == "yolo"
    assert [(fault.kind, fault.where) for fault in data.faults] == [
        ("format-aside", "train/_annotations.coco.json"),
        ("format-aside", "valid/_annotations.coco.json"),
    ]
    assert open_place(tmp_path, form="coco").data.faults == ()


def test_archives(tmp_path: Path) -> None:
    yolo(tmp_path / "unpacked")
    archive = tmp_path / "pets.zip"
    archive.write_bytes(b"packed")
    assert names(open_place(archive, lambda _: tmp_path / "unpacked")) == ["train", "val"]
    with pytest.raises(DataError, match=r"pets\.zip is an archive"):
        open_place(archive)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("meta.json", r"it holds 2 \.jpg, 1 \.json; meta\.json may be annotations, in a format that is not"),
        ("train/_annotations.txt", r"; train/_annotations\.txt may be annotations"),
        ("data.rar", r"it holds 2 \.jpg, 1 \.rar; unpack data\.rar"),
        ("train/dog/c.jpg", "which may be classes or not"),
        ("notes.txt", r"1 \.txt$"),
    ],
)
def test_what_may_have_been_taken_for_annotations_is_named(tmp_path: Path, name: str, said: str) -> None:
    root = tmp_path / "things"  # a folder whose name says "test" is looked for in what lies above
    others = ("val/cat/b.jpg",) if not name.endswith(".jpg") else (name,)
    for file in ("train/cat/a.jpg", *others):
        picture(root / file)
    if not name.endswith(".jpg"):
        text(root / name, "{}")
    with pytest.raises(UnrecognisedError, match=said):
        open_place(root)


def test_a_folder_of_which_the_data_set_above_holds_nothing_is_no_part_of_it(tmp_path: Path) -> None:
    root = tmp_path / "things"
    for split in ("train", "test_photos"):
        picture(root / split / "a.jpg")
        coco(root, f"{split}/_annotations.coco.json", "a.jpg")
    text(root / "test_sheets" / "x.xyz", "?")
    with pytest.raises(UnrecognisedError, match=r"it holds 1 \.xyz"):
        open_place(root / "test_sheets")


def test_a_packed_file_of_another_kind_is_said(tmp_path: Path) -> None:
    text(tmp_path / "pets.7z", "?")
    with pytest.raises(
        DataNotFoundError, match=r"pets\.7z is packed in a way that is not read .*; unpack it"
    ):
        open_place(tmp_path / "pets.7z")


def test_what_is_not_recognised_is_said_with_what_is_there(tmp_path: Path) -> None:
    text(tmp_path / "thing.xyz", "?")
    text(tmp_path / "other.xyz", "?")
    with pytest.raises(UnrecognisedError, match=r"no data set that is recognised .*; it holds 2 \.xyz"):
        open_place(tmp_path)
    with pytest.raises(DataError, match="there is no format 'jpeg2000'; known are odvg"):
        open_place(tmp_path, form="jpeg2000")


def test_moving_a_data_set_changes_nothing(tmp_path: Path) -> None:
    yolo(tmp_path / "one")
    before = [boxes(open_place(tmp_path / "one").data, split) for split in ("train", "val")]
    shutil.move(tmp_path / "one", tmp_path / "two")
    assert [boxes(open_place(tmp_path / "two").data, split) for split in ("train", "val")] == before


@pytest.mark.parametrize("place", ["data/train", "data/train/images", "data/val"])
def test_what_lies_above_and_says_nothing_of_a_place_is_not_told(tmp_path: Path, place: str) -> None:
    """Others' annotations, whose pictures are elsewhere, are no annotations of a folder called train."""
    picture(tmp_path / "data" / "train" / "images" / "mine.jpg")
    text(tmp_path / "data" / "val" / "note.md", "gone")
    for file in ("train.json", "data/val.json"):
        coco(tmp_path, file, "secret.jpg")
    try:
        opened = open_place(tmp_path / place)
    except DataError as error:
        assert "secret" not in str(error)
        return
    assert opened.data.format == "pictures" and opened.tree.root == tmp_path / place


def test_missing_pictures_that_annotations_above_look_for_in_a_place_are_said(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "train" / "other.jpg")
    coco(tmp_path, "train.json", "images\\train\\gone.jpg")
    opened = open_place(tmp_path / "images" / "train")
    assert opened.data.format == "coco"
    assert [each.path for each in opened.data.splits[0].pictures()] == [None]


def test_a_document_of_all_is_divided_by_the_folders_of_its_pictures(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "val/b.jpg", "more/c.jpg"):
        picture(tmp_path / name)
    coco(tmp_path, "annotations.json", "train/a.jpg", "b.jpg", "more/c.jpg")
    data = open_place(tmp_path).data
    assert names(Opened(open_place(tmp_path).tree, data)) == ["train", "val"]
    assert list(boxes(data, "val")) == ["val/b.jpg"]
    assert data.notes == (
        "the splits of annotations.json are those of the folders of its pictures",
        "1 pictures lie in no folder of a split and are left out",
    )


def test_an_empty_archive_is_named_and_not_where_it_was_unpacked(tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    archive = text(tmp_path / "pets.zip", "")
    with pytest.raises(DataError, match=r"/pets.zip holds no data set") as caught:
        open_place(archive, lambda _: tmp_path / "unpacked")
    assert "unpacked" not in str(caught.value)
