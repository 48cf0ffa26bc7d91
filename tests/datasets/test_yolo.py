"""YOLO as tools lay it out, with polygons, oriented boxes, key points, and the paths of other machines."""

from pathlib import Path

import pytest

from skillbank.datasets.checking import check_data
from skillbank.datasets.faults import KINDS, Severity
from skillbank.datasets.formats.yolo_layout import label_files
from skillbank.datasets.opening import open_place
from skillbank.datasets.tree import open_tree
from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

LINE = "1 0.5 0.5 0.2 0.25\n"
BOX = ("cat", 40, 30, 60, 50)
NAMES = "names: [dog, cat]\n"


def pair(root: Path, image: str, label: str, said: str = LINE) -> None:
    picture(root / image)
    text(root / label, said)


def ultralytics(root: Path, said: str = "") -> Path:
    for split, name in (("train", "a"), ("val", "b")):
        pair(root, f"images/{split}/{name}.jpg", f"labels/{split}/{name}.txt")
    text(root / "data.yaml", said or f"train: images/train\nval: images/val\n{NAMES}")
    return root


@pytest.mark.parametrize(
    "places",
    [
        "path: .\ntrain: images/train\nval: images/val\n",
        "path: ../datasets/pets\ntrain: images/train\nval: images/val\n",
        "path: /home/me/datasets/pets\ntrain: images/train\nval: images/val\n",
        "path: C:\\Users\\me\\pets\ntrain: images\\train\nval: images\\val\n",
        "train: /content/pets/images/train\nval: /content/pets/images/val\n",
        "train: ../pets/images/train/\nval: ./images/val\n",
        "train: [images/train]\nvalid: [images/val]\n",
        "train: images/train\nval: images/val\ntest: # none\n",
        "",
    ],
    ids=["dot", "up", "absolute", "windows", "full", "mixed", "lists", "empty test", "no places"],
)
def test_ultralytics_with_any_path(tmp_path: Path, places: str) -> None:
    data = data_of(ultralytics(tmp_path, places + NAMES))
    assert (data.format, data.classes, data.notes, data.faults) == ("yolo", ("dog", "cat"), (), ())
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "train") == {"images/train/a.jpg": [BOX]}
    assert boxes(data, "val") == {"images/val/b.jpg": [BOX]}
    assert not kinds(data)


@pytest.mark.parametrize(
    "names",
    [
        "names: [dog, cat]",
        "names: ['dog', \"cat\"]",
        "names:\n- dog\n- cat",
        "names:\n  0: dog\n  1: cat",
        "names:\n  '0': dog\n  '1': cat",
        "names: dog, cat",
        "names: \"['dog', 'cat']\"",
    ],
)
def test_names_in_any_writing(tmp_path: Path, names: str) -> None:
    assert data_of(ultralytics(tmp_path, f"{names}\ntrain: images/train\nval: images/val\n")).classes == (
        "dog",
        "cat",
    )


def test_names_that_yaml_takes_for_something_else(tmp_path: Path) -> None:
    assert data_of(ultralytics(tmp_path, "names: [no, 12, 1.50, null]\ntrain: images/train\n")).classes == (
        "no",
        "12",
        "1.50",
        "null",
    )


def test_numbers_of_classes_may_have_gaps(tmp_path: Path) -> None:
    data = data_of(ultralytics(tmp_path, "names: {1: cat, 7: dog}\ntrain: images/train\n"))
    assert boxes(data, "train") == {"images/train/a.jpg": [BOX]}


def test_a_count_that_differs_from_the_names_is_said(tmp_path: Path) -> None:
    data = data_of(ultralytics(tmp_path, f"nc: 3\n{NAMES}train: images/train\n"))
    assert data.notes[0] == "data.yaml says nc: 3 and names 2 classes; the names count"


def test_roboflow(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        pair(tmp_path, f"{split}/images/a.jpg", f"{split}/labels/a.txt")
    text(tmp_path / "README.roboflow.txt", "1 2 3")
    text(
        tmp_path / "data.yaml",
        f"train: ../train/images\nval: ../valid/images\ntest: ../test/images\nnc: 2\n{NAMES}",
    )
    data = data_of(tmp_path)
    assert [(split.name, split.said) for split in data.splits] == [
        ("train", "train"),
        ("val", "valid"),
        ("test", "test"),
    ]
    assert boxes(data, "val") == {"valid/images/a.jpg": [BOX]}
    assert not data.faults


def test_a_split_that_is_not_there(tmp_path: Path) -> None:
    data = data_of(
        ultralytics(tmp_path, f"train: images/train\nval: images/valdation\ntest: images/test\n{NAMES}")
    )
    assert [split.name for split in data.splits] == ["train"]
    assert [(fault.kind, fault.detail) for fault in data.faults] == [
        ("split-missing", "names 'images/valdation' for val, which is not there or holds no picture")
    ]
    assert data.notes == (
        "data.yaml names 'images/test' for test, which is not there or holds no picture: there is no test",
        "1 pictures with label files stand in no split of data.yaml and are left out (images/val/b.jpg)",
    )


def test_folders_without_a_description(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    (tmp_path / "data.yaml").unlink()
    text(tmp_path / "classes.txt", "dog\r\ncat\r\n")
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val"]
    assert boxes(data, "val") == {"images/val/b.jpg": [BOX]}


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/a.jpg", "labels/a.txt"),
        ("a.jpg", "a.txt"),
        ("images/a.jpg", "a.txt"),
        ("a.jpg", "labels/a.txt"),
        ("images/deep/a.jpg", "labels/deep/a.txt"),
        ("pictures/a.JPG", "annotations/a.txt"),
    ],
)
def test_undivided_layouts(tmp_path: Path, image: str, label: str) -> None:
    pair(tmp_path, image, label)
    text(tmp_path / "classes.txt", "dog\ncat\n")
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == [""]
    assert boxes(data) == {image: [BOX]}


def test_of_folders_called_images_the_innermost_has_the_labels_beside_it(tmp_path: Path) -> None:
    pair(tmp_path, "images/set/images/a.jpg", "images/set/labels/a.txt")
    text(tmp_path / "labels/set/images/a.txt", "0 0.1 0.1 0.1 0.1\n")
    text(tmp_path / "classes.txt", "dog\ncat\n")
    assert boxes(data_of(tmp_path))["images/set/images/a.jpg"] == [BOX]
    (tmp_path / "images/set/labels/a.txt").rename(tmp_path / "images/set/images/a.txt")
    assert boxes(data_of(tmp_path))["images/set/images/a.jpg"] == [BOX]


def test_classes_beside_the_labels(tmp_path: Path) -> None:
    pair(tmp_path, "images/a.jpg", "labels/a.txt")
    text(tmp_path / "labels" / "classes.txt", "dog\ncat\n")
    assert boxes(data_of(tmp_path)) == {"images/a.jpg": [BOX]}


def test_darknet(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pair(tmp_path, f"obj_train_data/{name}.jpg", f"obj_train_data/{name}.txt")
    text(tmp_path / "obj.names", "dog\ncat\n")
    text(
        tmp_path / "obj.data",
        "classes = 2\ntrain = data/train.txt\nvalid = data/valid.txt\nnames = data/obj.names\nbackup = b/\n",
    )
    text(tmp_path / "train.txt", "data/obj_train_data/a.jpg\n")
    text(tmp_path / "valid.txt", "data/obj_train_data/b.jpg\ndata/obj_train_data/gone.jpg\n")
    data = data_of(tmp_path)
    assert [(split.name, split.annotations) for split in data.splits] == [
        ("train", ("train.txt",)),
        ("val", ("valid.txt",)),
    ]
    assert boxes(data, "train") == {"obj_train_data/a.jpg": [BOX]}
    last = list(data.splits[1].pictures())[-1]
    assert (last.name, last.path) == ("data/obj_train_data/gone.jpg", None)


def test_lists_in_data_yaml(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        pair(tmp_path, f"images/{name}.jpg", f"labels/{name}.txt")
    text(tmp_path / "train.txt", "./images/a.jpg\r\n/data/pets/images/b.jpg\r\n")
    text(tmp_path / "val.txt", "images\\c.jpg\n")
    text(tmp_path / "data.yaml", f"train: train.txt\nval: val.txt\n{NAMES}")
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == ["images/a.jpg", "images/b.jpg"]
    assert boxes(data, "val") == {"images/c.jpg": [BOX]}


def test_several_folders_of_a_split(tmp_path: Path) -> None:
    for folder in ("day", "night", "dusk"):
        pair(tmp_path, f"images/{folder}/a.jpg", f"labels/{folder}/a.txt")
    text(tmp_path / "data.yaml", f"train: [images/day, images/night]\nval: images/dusk\n{NAMES}")
    data = data_of(tmp_path)
    assert list(boxes(data, "train")) == ["images/day/a.jpg", "images/night/a.jpg"]
    assert boxes(data, "val") == {"images/dusk/a.jpg": [BOX]}


@pytest.mark.parametrize(
    ("said", "found", "fault"),
    [
        ("1 0.5 0.5 0.2 0.25 0.93", BOX, "confidence"),
        ("1 0.4 0.375 0.6 0.375 0.6 0.625 0.4 0.625", BOX, "oriented box or polygon of four points"),
        ("1 0.4 0.375 0.6 0.5 0.5 0.625", BOX, "polygon"),
        ("1.0\t0.5\t0.5\t0.2\t0.25", BOX, ""),
        ("1,0.5,0.5,0.2,0.25", BOX, ""),
        ("cat 0.5 0.5 0.2 0.25", BOX, ""),
    ],
)
def test_lines(tmp_path: Path, said: str, found: tuple[str, float, float, float, float], fault: str) -> None:
    ultralytics(tmp_path)
    text(tmp_path / "labels/train/a.txt", f"{LINE}{said}\n\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"images/train/a.jpg": [BOX, found]}
    assert kinds(data) == ({"mended": 1} if fault else {})
    assert fault in details(data)


def test_key_points_are_left_out_where_the_description_has_them(tmp_path: Path) -> None:
    ultralytics(tmp_path, f"train: images/train\nkpt_shape: [2, 3]\n{NAMES}")
    text(tmp_path / "labels/train/a.txt", "1 0.5 0.5 0.2 0.25 0.1 0.1 2 0.2 0.2 2\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"images/train/a.jpg": [BOX]}
    assert kinds(data) == {"mended": 1}


@pytest.mark.parametrize(
    ("said", "kind", "detail"),
    [
        ("5 0.5 0.5 0.2 0.2", "unknown-class", "the list of classes has no 5"),
        ("-1 0.5 0.5 0.2 0.2", "unknown-class", "no -1"),
        ("bird 0.5 0.5 0.2 0.2", "unknown-class", "no bird"),
        ("1 0.5 0.5 0.2", "unreadable-annotation", "4 numbers are no box and no polygon"),
        ("1 0.5 0.5 x 0.2", "unreadable-annotation", "not a class and numbers"),
        ("1 0.5 0.5 nan 0.2", "unreadable-annotation", "not a class and numbers"),
        ("1 50 40 20 20", "boxes-pixels", "its numbers are no shares of the picture"),
    ],
)
def test_lines_that_cannot_be_read(tmp_path: Path, said: str, kind: str, detail: str) -> None:
    ultralytics(tmp_path)
    text(tmp_path / "labels/train/a.txt", f"{LINE}{said}\n")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"images/train/a.jpg": [BOX]}
    assert kinds(data) == {kind: 1}
    assert "labels/train/a.txt line 2: " in details(data)
    assert detail in details(data)


def test_shares_are_of_the_upright_picture(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    picture(tmp_path / "images/train/a.jpg", (100, 80), orientation=6)
    first = next(data_of(tmp_path).splits[0].pictures())
    assert (first.width, first.height) == (80, 100)
    assert (first.boxes[0].x1, first.boxes[0].y1) == pytest.approx((32, 37.5))


def test_pictures_and_labels_that_have_no_other(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    picture(tmp_path / "images/train/plain.jpg")
    text(tmp_path / "labels/train/empty.txt", "")
    picture(tmp_path / "images/train/empty.jpg")
    text(tmp_path / "labels/val/lost.txt", LINE)
    data = data_of(tmp_path)
    assert boxes(data, "train")["images/train/empty.jpg"] == []
    assert kinds(data) == {"label-file-missing": 1}
    assert [each.name for each in data.splits[1].pictures() if each.path is None] == ["images/val/lost"]


def test_a_picture_of_the_same_name_in_another_split_lends_no_label(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    picture(tmp_path / "images/val/a.jpg")
    assert boxes(data_of(tmp_path), "val")["images/val/a.jpg"] == []


def test_a_label_of_another_split_is_not_taken(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    picture(tmp_path / "images/val/lonely.jpg")
    text(tmp_path / "labels/train/lonely.txt", LINE)
    assert boxes(data_of(tmp_path), "val")["images/val/lonely.jpg"] == []


def test_labels_without_classes_are_named(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    (tmp_path / "data.yaml").unlink()
    with pytest.raises(
        DataError, match=r"YOLO labels and no list of classes; write the names into classes\.txt"
    ):
        data_of(tmp_path)


def test_two_lists_of_classes_that_differ(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    text(tmp_path / "classes.txt", "dog\nbird\n")
    data = data_of(tmp_path)
    assert data.classes == ("dog", "cat")
    assert data.notes == ("classes.txt names other classes than data.yaml, which is read",)


def test_two_descriptions_are_named(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    (tmp_path / "data.yaml").rename(tmp_path / "pets.yaml")
    text(tmp_path / "other.yaml", f"train: images/train\n{NAMES}")
    with pytest.raises(DataError, match=r"several descriptions of a data set: other\.yaml, pets\.yaml"):
        data_of(tmp_path)


def test_pictures_beside_the_folders_of_splits_are_said(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    (tmp_path / "data.yaml").unlink()
    text(tmp_path / "classes.txt", "dog\ncat\n")
    for name in ("c", "d"):
        picture(tmp_path / f"images/{name}.jpg")
    data = data_of(tmp_path)
    assert (boxes(data, "train"), boxes(data, "val")) == (
        {"images/train/a.jpg": [BOX]},
        {"images/val/b.jpg": [BOX]},
    )
    assert "2 pictures lie in no folder of a split and are left aside" in data.notes


def test_labelled_pictures_of_no_split_are_said(tmp_path: Path) -> None:
    ultralytics(tmp_path, f"train: images/train\n{NAMES}")
    picture(tmp_path / "images/val/unlabelled.jpg")
    [note] = data_of(tmp_path).notes
    assert note == (
        "1 pictures with label files stand in no split of data.yaml and are left out (images/val/b.jpg)"
    )


@pytest.mark.parametrize("line", ["0 50 40 20 10\n", "9 0.5 0.5 0.2 0.25\n"])
def test_boxes_that_cannot_be_read_are_not_said_to_be_missing(tmp_path: Path, line: str) -> None:
    ultralytics(tmp_path)
    for split, name in (("train", "a"), ("val", "b")):
        text(tmp_path / f"labels/{split}/{name}.txt", line)
    counts = check_data(open_place(tmp_path)).tally.counts
    assert not {"nothing-to-learn", "nothing-to-measure"} & counts.keys()
    errors = [name for name in counts if KINDS[name].severity is Severity.ERROR]
    assert errors == ["boxes-pixels" if "50" in line else "split-lost"], "one cause is told once"


@pytest.mark.parametrize("decode", [True, False])
def test_boxes_of_a_picture_without_a_size_are_not_lost_silently(tmp_path: Path, decode: bool) -> None:
    ultralytics(tmp_path)
    pair(tmp_path, "images/train/c.jpg", "labels/train/c.txt")
    text(tmp_path / "images/train/c.jpg", "no picture")
    report = check_data(open_place(tmp_path), decode=decode)
    assert report.tally.counts["picture-broken"] == 1
    assert report.findings.broken == {"images/train/c.jpg"}


def test_two_data_sets_side_by_side_are_not_read_as_one(tmp_path: Path) -> None:
    for site, names in (("a", "[dog, cat]"), ("b", "[car, bus]")):
        ultralytics(tmp_path / site, f"train: images/train\nval: images/val\nnames: {names}\n")
    with pytest.raises(DataError, match=r"describes its classes in a/data\.yaml, b/data\.yaml; name the"):
        data_of(tmp_path)
    text(tmp_path / "classes.txt", "dog\ncat\n")
    with pytest.raises(DataError, match=r"several YOLO data sets \(a/data\.yaml, b/data\.yaml\); name the"):
        data_of(tmp_path)


def test_folders_with_the_same_list_of_classes_are_one_data_set(tmp_path: Path) -> None:
    for folder in ("day", "night"):
        pair(tmp_path, f"{folder}/{folder}.jpg", f"{folder}/{folder}.txt")
        text(tmp_path / folder / "classes.txt", "dog\ncat\n")
    data = data_of(tmp_path)
    assert boxes(data) == {"day/day.jpg": [BOX], "night/night.jpg": [BOX]}
    text(tmp_path / "night" / "classes.txt", "cat\ndog\n")
    with pytest.raises(DataError, match=r"several YOLO data sets \(day/classes\.txt, night/classes\.txt\)"):
        data_of(tmp_path)


@pytest.mark.parametrize("label", ["", "1 0,5 0,5 0,2 0,25\n", "cat 0.5 0.5 0.2 0.25\n", "Apple 1 2 3 4\n"])
def test_a_description_without_labels_that_can_be_read_is_an_error(tmp_path: Path, label: str) -> None:
    ultralytics(tmp_path)
    for split, name in (("train", "a"), ("val", "b")):
        file = tmp_path / "labels" / split / f"{name}.txt"
        file.write_text(label)
        if not label:
            file.unlink()
    with pytest.raises(DataError, match=r"data\.yaml describes a YOLO data set, and .*: (bring|correct)"):
        data_of(tmp_path)


def test_a_label_file_of_two_pictures_is_said(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    assert kinds(data_of(tmp_path)) == {}
    picture(tmp_path / "images/train/a.png")
    data = data_of(tmp_path)
    assert kinds(data) == {"label-shared": 1}
    assert "labels/train/a.txt: of images/train/a.jpg and of images/train/a.png" in details(data)


def test_a_second_description_is_said(tmp_path: Path) -> None:
    ultralytics(tmp_path)
    text(tmp_path / "same.yaml", (tmp_path / "data.yaml").read_text())
    assert data_of(tmp_path).notes == ()
    text(tmp_path / "old.yaml", "train: images/train\nnames: [a, b]\n")
    assert data_of(tmp_path).notes == ("beside data.yaml, which is read, old.yaml is left aside",)


@pytest.mark.parametrize("name", ["cfg/pets.yaml", "config/data.yml"])
def test_a_description_in_a_folder_of_its_own(tmp_path: Path, name: str) -> None:
    ultralytics(tmp_path)
    (tmp_path / name).parent.mkdir()
    (tmp_path / "data.yaml").rename(tmp_path / name)
    text(tmp_path / name, "path: ..\n" + (tmp_path / name).read_text())
    data = data_of(tmp_path)
    assert (data.classes, data.faults) == (("dog", "cat"), ())
    assert boxes(data, "val") == {"images/val/b.jpg": [BOX]}


def test_a_data_set_below_describes_itself_alone(tmp_path: Path) -> None:
    picture(tmp_path / "photos" / "x.jpg")
    ultralytics(tmp_path / "pets")
    with pytest.raises(DataError, match=r"describes its classes in pets/data\.yaml; name"):
        data_of(tmp_path)


@pytest.mark.parametrize("line", ["684,8,273,116,0,0,0,9", "1,1,100,90,20,30,1,-1,-1"])
def test_lines_of_corners_with_commas_are_no_labels(tmp_path: Path, line: str) -> None:
    pair(tmp_path, "images/a.jpg", "annotations/a.txt", line)
    text(tmp_path / "classes.txt", "dog\ncat\n")
    assert data_of(tmp_path).format == "pictures"


def test_another_program_s_yaml_is_no_description(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "config.yaml", "model: yolo\nepochs: 3\n")
    assert data_of(tmp_path).format == "pictures"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    ultralytics(tmp_path)
    text(tmp_path / "data.yaml", "train: images/train\nnames:\n  0: größe\n  1: cat\n".encode(encoding))
    text(tmp_path / "labels/train/a.txt", f"{LINE}0 0.5 0.5 0.2 0.25\r\n".encode(encoding))
    data = data_of(tmp_path)
    assert data.classes == ("größe", "cat")
    assert len(boxes(data, "train")["images/train/a.jpg"]) == 2


def test_label_studio_s_export(tmp_path: Path) -> None:
    pair(tmp_path, "images/a.jpg", "labels/a.txt")
    text(tmp_path / "notes.json", '{"categories": [{"id": 0, "name": "dog"}, {"id": 1, "name": "cat"}]}')
    assert boxes(data_of(tmp_path)) == {"images/a.jpg": [BOX]}


def described(root: Path, names: str, at: str = "data.yaml") -> Path:
    ultralytics(root, f"path: .\ntrain: images/train\nval: images/val\n{names}")
    if at != "data.yaml":
        text(root / at, (root / "data.yaml").read_bytes())
        (root / "data.yaml").unlink()
    return root


@pytest.mark.parametrize("at", ["data.yaml", "cfg/pets.yaml"])
@pytest.mark.parametrize("other", [NAMES, "names: [cat, dog]\n"])
def test_descriptions_in_several_folders_are_named(tmp_path: Path, other: str, at: str) -> None:
    one, two = described(tmp_path / "a", NAMES, at), described(tmp_path / "b", other, at)
    with pytest.raises(DataError) as caught:
        data_of(tmp_path)
    for named in (f"a/{at}", f"b/{at}", str(one), str(two)):
        assert named in str(caught.value)
    assert "classes.txt" not in str(caught.value)
    assert data_of(one).classes == ("dog", "cat")
    if at == "data.yaml":  # what contradicts a nearer list is not read, and one that agrees is
        text(tmp_path / "classes.txt", "dog\ncat\n")
        if other == NAMES:
            assert data_of(tmp_path).classes == ("dog", "cat")
            return
        with pytest.raises(DataError, match=r"several YOLO data sets \(a/data\.yaml, b/data\.yaml\)"):
            data_of(tmp_path)


def test_a_description_of_one_folder_is_not_read_for_another(tmp_path: Path) -> None:
    described(tmp_path / "a", NAMES)
    pair(tmp_path, "b/images/x.jpg", "b/labels/x.txt")
    with pytest.raises(DataError, match=r"describes its classes in a/data\.yaml; name the folder"):
        data_of(tmp_path)


@pytest.mark.parametrize("file", ["classes.txt", "data/obj.names", "labels/classes.txt"])
def test_lists_of_folders_that_contradict_each_other(tmp_path: Path, file: str) -> None:
    for folder, names in (("a", "dog\ncat\n"), ("b", "cat\ndog\n")):
        (ultralytics(tmp_path / folder) / "data.yaml").unlink()
        text(tmp_path / folder / file, names)
    with pytest.raises(DataError, match=r"contradict each other|several YOLO data sets"):
        data_of(tmp_path)
    text(tmp_path / "b" / file, "dog\ncat\n")
    assert data_of(tmp_path).classes == ("dog", "cat")


def test_lists_deep_in_several_folders_are_named(tmp_path: Path) -> None:
    for folder, names in (("a", "dog\ncat\n"), ("b", "cat\ndog\n")):
        (ultralytics(tmp_path / folder) / "data.yaml").unlink()
        text(tmp_path / folder / "labels/train/classes.txt", names)
    with pytest.raises(DataError, match=r"in a/labels/train/classes\.txt, b/.*; name the folder") as said:
        data_of(tmp_path)
    assert str(said.value).endswith(f"{tmp_path / 'a'}, {tmp_path / 'b'}")
    assert data_of(tmp_path / "b").classes == ("cat", "dog")


def test_a_list_beside_the_labels_that_contradicts_the_description(tmp_path: Path) -> None:
    text(ultralytics(tmp_path) / "labels/classes.txt", "cat\ndog\n")
    with pytest.raises(DataError, match=r"data\.yaml, and .* labels/classes\.txt; leave only the list"):
        data_of(tmp_path)


def test_a_list_in_a_split_s_folder_that_contradicts_the_root_s(tmp_path: Path) -> None:
    for split in ("train", "val"):
        pair(tmp_path, f"{split}/images/{split}.jpg", f"{split}/labels/{split}.txt")
    text(tmp_path / "data.yaml", f"train: train/images\nval: val/images\n{NAMES}")
    text(tmp_path / "val/classes.txt", "dog\ncat\n")
    assert data_of(tmp_path).classes == ("dog", "cat")
    text(tmp_path / "val/classes.txt", "cat\ndog\n")
    with pytest.raises(DataError, match=r"contradict each other: data\.yaml, and .* val/classes\.txt"):
        data_of(tmp_path)


@pytest.mark.parametrize("at", ["cfg/dataset.yaml", "cfg/yolo/pets.yaml"])
def test_the_only_description_may_lie_in_a_folder(tmp_path: Path, at: str) -> None:
    described(tmp_path, NAMES, at)
    data = data_of(tmp_path)
    assert (data.format, data.classes, data.notes, data.faults) == ("yolo", ("dog", "cat"), (), ())
    assert boxes(data, "train") == {"images/train/a.jpg": [BOX]}


def test_darknet_keeps_its_description_above_the_pictures(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / "data" / "obj" / f"{name}.jpg")
        text(tmp_path / "data" / "obj" / f"{name}.txt", "0 0.5 0.5 0.2 0.25\n")
    text(tmp_path / "data" / "obj.names", "dog\n")
    text(tmp_path / "data" / "train.txt", "data/obj/a.jpg\n")
    text(tmp_path / "data" / "test.txt", "data/obj/b.jpg\n")
    text(
        tmp_path / "data" / "obj.data",
        "train = data/train.txt\nvalid = data/test.txt\nnames = data/obj.names\n",
    )
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train", "val"]


def test_a_name_of_two_numbers_is_said(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.txt", "0 0.5 0.5 0.2 0.25\n2 0.5 0.5 0.4 0.25\n")
    text(tmp_path / "classes.txt", "dog\ncat\ndog\n")
    data = data_of(tmp_path)
    assert data.classes == ("dog", "cat")
    assert data.notes == ("classes.txt has the class 'dog' under several numbers, which are taken as one",)


def test_nothing_to_validate_on_beside_a_test_part_divides_all_the_same(tmp_path: Path) -> None:
    data = data_of(ultralytics(tmp_path, f"train: images\nval:\ntest: images/val\n{NAMES}"))
    assert "test" in {split.name for split in data.splits}


def test_label_files_whose_ending_is_in_capitals(tmp_path: Path) -> None:
    pair(tmp_path, "images/train/a.JPG", "labels/train/a.TXT")
    pair(tmp_path, "images/val/b.jpg", "labels/val/b.txt")
    text(tmp_path / "data.yaml", f"train: images/train\nval: images/val\n{NAMES}")
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"images/train/a.JPG": [BOX]} and not kinds(data)


@pytest.mark.parametrize("names", ["nc: 0\nnames: {}\n", "names: []\n"])
def test_a_list_that_says_that_there_are_no_classes_is_one(tmp_path: Path, names: str) -> None:
    pair(tmp_path, "images/train/a.jpg", "labels/train/a.txt", "")
    pair(tmp_path, "images/val/b.jpg", "labels/val/b.txt", "")
    text(tmp_path / "data.yaml", f"train: images/train\nval: images/val\n{names}")
    assert data_of(tmp_path).classes == ()
    text(tmp_path / "labels/train/a.txt", LINE)
    assert kinds(data_of(tmp_path)) == {"unknown-class": 1}


@pytest.mark.parametrize(
    ("name", "said", "labels"),
    [
        ("labels/a.txt", "0 .5 .5 .1 .1\n", True),
        ("labels/a.txt", "", True),
        ("train.txt", "images/a.jpg\n", False),
        ("train.txt", "0 .5 .5 .1 .1\n", True),
        ("lists/VAL.TXT", "images/a.jpg\n", False),
        ("lists/trained.txt", "images/a.jpg\n", True),
        ("classes.txt", "dog\n", False),
        ("README.txt", "0 .5 .5 .1 .1\n", False),
    ],
)
def test_text_files_that_may_hold_labels(tmp_path: Path, name: str, said: str, labels: bool) -> None:
    text(tmp_path / name, said)
    assert list(label_files(open_tree(tmp_path))) == ([name] if labels else [])


def test_names_in_another_encoding_are_said(tmp_path: Path) -> None:
    """Those of Windows in other countries came as "êîò" without a word."""
    pair(tmp_path, "a.jpg", "a.txt", "0 0.5 0.5 0.2 0.25\n")
    text(tmp_path / "classes.txt", "кот\nдым\n".encode("cp1251"))
    data = data_of(tmp_path)
    [fault] = data.faults
    assert (fault.where, fault.detail) == ("classes.txt line 1", "'êîò' is read as Windows-1252")
    text(tmp_path / "classes.txt", "кот\nдым\n")
    assert (data_of(tmp_path).classes, data_of(tmp_path).faults) == (("кот", "дым"), ())


def test_what_is_said_twice_is_told(tmp_path: Path) -> None:
    said = "train: images/train\nval: images/val\nnames: [one, two]\nnames: [dog, cat]\n"
    data = data_of(ultralytics(tmp_path, said))
    assert data.classes == ("dog", "cat")
    assert data.notes == ("data.yaml says names several times, and the last counts",)
