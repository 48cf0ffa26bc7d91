"""COCO as tools and people write it: Roboflow, CVAT, pandas; ids of any kind, lists in any order."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from skillbank.errors import DataError
from tests.datasets.reading import boxes, data_of, details, kinds, picture, text

DOG_AND_CAT = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]


def document(
    images: list[dict[str, Any]] | None = None,
    annotations: list[dict[str, Any]] | None = None,
    categories: list[Any] | None = None,
) -> dict[str, Any]:
    """A document of two pictures with a box each, or with other lists."""
    return {
        "images": [image(1, "a.jpg"), image(2, "b.jpg")] if images is None else images,
        "annotations": [box(1, 1), box(2, 2)] if annotations is None else annotations,
        "categories": DOG_AND_CAT if categories is None else categories,
    }


def image(number: Any, name: str = "a.jpg", **fields: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": 100, "height": 80} | fields


NUMBERS = itertools.count(1)


def box(image_id: Any, category: Any, bbox: Any = (10, 20, 30, 40), **fields: Any) -> dict[str, Any]:
    return {
        "id": next(NUMBERS),
        "image_id": image_id,
        "category_id": category,
        "bbox": bbox,
        "iscrowd": 0,
    } | fields


def made(root: Path, said: dict[str, Any] | str, file: str = "annotations.json") -> Path:
    for name in ("a.jpg", "b.jpg"):
        picture(root / "images" / name)
    text(root / file, said if isinstance(said, str) else json.dumps(said))
    return root


BOTH = {"images/a.jpg": [("dog", 10, 20, 40, 60)], "images/b.jpg": [("cat", 10, 20, 40, 60)]}


@pytest.mark.parametrize(
    "file",
    [
        "annotations.json",
        "labels.json",
        "annotations/instances_default.json",
        "whatever.jsonl",
        "result.json",
    ],
)
def test_recognised_under_any_name(tmp_path: Path, file: str) -> None:
    data = data_of(made(tmp_path, document(), file))
    assert (data.format, data.classes, data.notes, data.faults) == ("coco", ("dog", "cat"), (), ())
    assert boxes(data) == BOTH
    assert not kinds(data)


@pytest.mark.parametrize("first", ["images", "annotations", "categories"])
def test_the_order_of_the_keys_does_not_matter(tmp_path: Path, first: str) -> None:
    whole = {"info": {"year": 2026}, "licenses": []} | document()
    assert boxes(data_of(made(tmp_path, json.dumps({first: whole[first]} | whole)))) == BOTH


@pytest.mark.parametrize("order", ["images", "annotations", "categories"])
def test_the_order_of_the_lists_does_not_matter(tmp_path: Path, order: str) -> None:
    whole = document()
    data = data_of(made(tmp_path, whole | {order: whole[order][::-1]}))
    assert data.classes == ("dog", "cat")
    assert boxes(data) == BOTH


@pytest.mark.parametrize(
    "kind", [str, float, lambda number: f"{number}.0"], ids=["text", "float", "float text"]
)
def test_ids_of_any_kind(tmp_path: Path, kind: Any) -> None:
    whole = document(
        [image(kind(1), "a.jpg"), image(2, "b.jpg")],
        [box(1, kind(1)), box(kind(2), 2)],
        [{"id": 1, "name": "dog"}, {"id": kind(2), "name": "cat"}],
    )
    assert boxes(data_of(made(tmp_path, whole))) == BOTH


def test_ids_may_be_words(tmp_path: Path) -> None:
    whole = document(
        [image("one", "a.jpg"), image("two", "b.jpg")],
        [box("one", "d"), box("two", "c")],
        [{"id": "d", "name": "dog"}, {"id": "c", "name": "cat"}],
    )
    data = data_of(made(tmp_path, whole))
    assert data.classes == ("cat", "dog")
    assert boxes(data) == BOTH


def test_ids_with_gaps(tmp_path: Path) -> None:
    whole = document(None, [box(1, 17), box(2, 90)], [{"id": 90, "name": "cat"}, {"id": 17, "name": "dog"}])
    assert boxes(data_of(made(tmp_path, whole))) == BOTH


def roboflow(root: Path, split: str, used: int = 1) -> None:
    categories = [
        {"id": 0, "name": "animals", "supercategory": "none"},
        {"id": 1, "name": "dog", "supercategory": "animals"},
        {"id": 2, "name": "cat", "supercategory": "animals"},
    ]
    picture(root / split / "a.jpg")
    whole = document([image(0)], [box(0, used)], categories)
    text(root / split / "_annotations.coco.json", json.dumps(whole))


def test_roboflow(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        roboflow(tmp_path, split)
    data = data_of(tmp_path)
    assert [(split.name, split.said) for split in data.splits] == [
        ("train", "train"),
        ("val", "valid"),
        ("test", "test"),
    ]
    assert data.classes == ("dog", "cat")
    assert data.notes == (
        "the category 'animals' only groups the others and no box bears it: it is left out",
    )
    assert boxes(data, "val") == {"valid/a.jpg": [("dog", 10, 20, 40, 60)]}


def test_a_supercategory_that_a_box_bears_is_a_class(tmp_path: Path) -> None:
    roboflow(tmp_path, "train")
    roboflow(tmp_path, "valid", used=0)
    data = data_of(tmp_path)
    assert set(data.classes) == {"animals", "dog", "cat"}
    assert boxes(data, "val") == {"valid/a.jpg": [("animals", 10, 20, 40, 60)]}


def test_a_class_that_is_its_own_supercategory_stays(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "person", "supercategory": "person"}, {"id": 2, "name": "dog"}]
    data = data_of(made(tmp_path, document(None, [box(1, 2)], categories)))
    assert data.classes == ("person", "dog")


def test_the_layout_of_coco(tmp_path: Path) -> None:
    for split, name in (("train", "a.jpg"), ("val", "a.jpg")):
        picture(tmp_path / f"{split}2017" / name)
        whole = document([image(1, name)], [box(1, 1 if split == "train" else 2)])
        text(tmp_path / "annotations" / f"instances_{split}2017.json", json.dumps(whole))
        keypoints = [{"id": 1, "name": "dog", "keypoints": ["nose"]}]
        text(
            tmp_path / "annotations" / f"person_keypoints_{split}2017.json",
            json.dumps(document(None, None, keypoints)),
        )
        captions = {"images": [image(1, name)], "annotations": [{"image_id": 1, "id": 1, "caption": "a dog"}]}
        text(tmp_path / "annotations" / f"captions_{split}2017.json", json.dumps(captions))
    data = data_of(tmp_path)
    assert boxes(data, "train") == {"train2017/a.jpg": [("dog", 10, 20, 40, 60)]}
    assert boxes(data, "val") == {"val2017/a.jpg": [("cat", 10, 20, 40, 60)]}
    assert len(data.notes) == 2
    assert "only annotations/instances_train2017.json is read" in data.notes[0]


def test_of_files_of_one_split_none_is_guessed(tmp_path: Path) -> None:
    made(tmp_path, document(), "first.json")
    text(tmp_path / "second.json", json.dumps(document()))
    with pytest.raises(DataError, match=r"could be meant: first\.json, second\.json; name one of them"):
        data_of(tmp_path)


def test_a_file_of_no_split_beside_those_of_splits_is_left_aside(tmp_path: Path) -> None:
    made(tmp_path, document(), "train.json")
    text(tmp_path / "all.json", json.dumps(document()))
    data = data_of(tmp_path)
    assert [split.name for split in data.splits] == ["train"]
    assert data.notes == ("all.json names no split and is left aside",)


def test_faults_are_kept_with_their_picture(tmp_path: Path) -> None:
    whole = document(
        [
            image(1, "a.jpg"),
            {"id": 2, "width": 100, "height": 80},
            image(1, "b.jpg"),
            image(4, "b.jpg", width="100"),
        ],
        [
            box(1, 1),
            box(1, 9),
            box(1, None),
            box(1, 1, [1, 2, 3]),
            box(1, 1, None),
            box(1, 1, ["1", "2", "3", "4"], iscrowd=True),
        ],
    )
    data = data_of(made(tmp_path, whole))
    assert kinds(data) == {"unknown-class": 2, "unreadable-annotation": 3, "id-twice": 2}
    assert boxes(data)["images/a.jpg"] == [("dog", 10, 20, 40, 60), ("dog", 1, 2, 4, 6)]
    said = details(data)
    assert "annotations.json annotations[1]: the file has no category 9" in said
    assert "annotations.json annotations[3]: its bbox is not four numbers" in said
    assert "annotations.json images[1]: it has no file_name" in said
    assert "annotations.json images[2]: 'b.jpg' has id 1, as 'a.jpg' has" in said
    assert "annotations.json images[0]: 'a.jpg' has id 1, as 'b.jpg' has" in said


def test_crowds_are_kept(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, document(None, [box(1, 1, iscrowd=1), box(1, 2)])))
    assert [each.crowd for each in next(data.splits[0].pictures()).boxes] == [True, False]


def test_a_picture_that_is_listed_twice_counts_once(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, document([image(1), image(1)], [box(1, 1)])))
    assert boxes(data) == {"images/a.jpg": [("dog", 10, 20, 40, 60)]}
    assert kinds(data) == {"mended": 1}


def test_annotations_of_pictures_that_are_not_listed_are_counted(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, document(None, [box(1, 1), *[box(77, 1)] * 1000])))
    assert {fault.kind for fault in data.faults} == {"unlisted-picture"}
    assert sum(fault.count for fault in data.faults) == 1000
    assert len(data.faults) < 10


def test_polygons_without_a_box(tmp_path: Path) -> None:
    polygons = [[10, 20, 40, 20, 40, 60], [5, 30, 6, 31, 7, 30]]
    whole = document(
        None, [box(1, 1, None, segmentation=polygons), box(1, 1, [], segmentation={"counts": "x"})]
    )
    data = data_of(made(tmp_path, whole))
    assert boxes(data)["images/a.jpg"] == [("dog", 5, 20, 40, 60)]
    assert kinds(data) == {"mended": 1, "unreadable-annotation": 1}


def test_numbers_that_json_does_not_have(tmp_path: Path) -> None:
    said = json.dumps(document(None, [box(1, 1, [float("nan"), 1, 2, float("inf")]), box(2, 2)]))
    assert "NaN" in said
    data = data_of(made(tmp_path, said))
    assert boxes(data)["images/b.jpg"] == BOTH["images/b.jpg"]
    assert kinds(data) == {"unreadable-annotation": 1}


def test_a_name_that_says_nan_stays(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": 'NaN "Infinity"'}, {"id": 2, "name": "cat"}]
    said = json.dumps(document(None, [box(1, 1, [float("nan")] * 4), box(1, 1)], categories))
    assert data_of(made(tmp_path, said)).classes[0] == 'NaN "Infinity"'


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    picture(tmp_path / "größe.jpg")
    said = json.dumps(document([image(1, "größe.jpg")], [box(1, 1)]), ensure_ascii=False)
    text(tmp_path / "annotations.json", said.encode(encoding))
    data = data_of(tmp_path)
    assert list(boxes(data)) == ["größe.jpg"]
    assert kinds(data)["not-utf8"] == (encoding == "cp1252")


@pytest.mark.parametrize(
    ("categories", "said"),
    [
        ([{"id": 1}], r"categories\[0\] has no name"),
        ([{"name": "dog"}], r"categories\[0\] has no id"),
        ([{"id": 1, "name": "dog"}, {"id": 1, "name": "cat"}], "calls category 1 both 'dog' and 'cat'"),
    ],
)
def test_categories_that_cannot_be_read(tmp_path: Path, categories: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        data_of(made(tmp_path, document(categories=categories)))


def test_one_name_under_two_ids_is_one_class(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": "dog"}, {"id": 2, "name": "dog"}]
    data = data_of(made(tmp_path, document(categories=categories)))
    assert data.classes == ("dog",)
    assert boxes(data)["images/b.jpg"] == [("dog", 10, 20, 40, 60)]
    assert data.notes == (
        "annotations.json has the category 'dog' under several ids, which are taken as one",
    )


def test_a_document_that_ends_in_the_middle(tmp_path: Path) -> None:
    said = json.dumps(document())[:-30]
    with pytest.raises(DataError, match=r"annotations\.json is no JSON .*: correct it, or export it again"):
        data_of(made(tmp_path, said))


def test_a_large_document_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    many = [image(number, f"{number}.jpg") for number in range(3000)]
    data = data_of(made(tmp_path, document(many, [box(2999, 2)])))
    assert sum(len(each.boxes) for each in data.splits[0].pictures()) == 1


def test_pictures_without_annotations(tmp_path: Path) -> None:
    whole = document(annotations=[])
    data = data_of(made(tmp_path, whole))
    assert boxes(data) == {"images/a.jpg": [], "images/b.jpg": []}


@pytest.mark.parametrize(
    "name",
    [
        "images/a.jpg",
        "images\\a.jpg",
        "./a.jpg",
        "C:\\data\\x\\a.jpg",
        "/home/me/x/a.jpg",
        "train/deep/a.jpg",
    ],
)
def test_names_of_other_machines(tmp_path: Path, name: str) -> None:
    data = data_of(made(tmp_path, document([image(1, name)], [box(1, 1)])))
    assert boxes(data) == {"images/a.jpg": BOTH["images/a.jpg"]}


def test_annotations_that_share_an_id_are_all_read_and_said(tmp_path: Path) -> None:
    data = data_of(made(tmp_path, document(None, [box(1, 1, id=5), box(1, 2, id=5), box(2, 2, id=None)])))
    assert len(boxes(data)["images/a.jpg"]) == 2
    assert [(fault.kind, fault.count) for fault in data.faults] == [("mended", 1)]


def test_numbers_beyond_all_bounds(tmp_path: Path) -> None:
    huge = 10**400
    whole = document(
        [image(1, width=huge), image(huge, "b.jpg", height=-5)], [box(1, 1, [huge, 1, 2, 3]), box(huge, 2)]
    )
    data = data_of(made(tmp_path, whole))
    assert [(each.width, each.height) for each in data.splits[0].pictures()] == [(100, 80), (100, 80)]
    assert boxes(data)["images/b.jpg"] == BOTH["images/b.jpg"]
    assert kinds(data) == {"unreadable-annotation": 1}


def test_a_document_nested_without_end(tmp_path: Path) -> None:
    said = json.dumps(document())
    deep = "[" * 100_000
    with pytest.raises(DataError, match="is nested too deeply"):
        data_of(made(tmp_path, said[:-1] + f', "info": {deep}'))


def test_lvis_names_pictures_by_address(tmp_path: Path) -> None:
    picture(tmp_path / "train2017" / "0001.jpg")
    image = {"id": 1, "width": 100, "height": 80, "coco_url": "http://images.example.org/train2017/0001.jpg"}
    marked = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
    said = document([image], [marked])
    text(tmp_path / "lvis_v1_train.json", json.dumps(said))
    assert boxes(data_of(tmp_path), "train") == {"train2017/0001.jpg": [("dog", 1, 2, 4, 6)]}


@pytest.mark.parametrize("layout", ["{split}2017", "images/{split}"])
def test_a_namesake_in_the_folder_of_another_split_is_not_the_picture_of_a_list(
    tmp_path: Path, layout: str
) -> None:
    for split, names in (("train", ["a.jpg"]), ("val", ["a.jpg", "b.jpg"])):
        for name in names:
            picture(tmp_path / layout.format(split=split) / name)
        text(tmp_path / f"annotations/instances_{split}2017.json", json.dumps(document()))
    data = data_of(tmp_path)
    home = layout.format(split="train")
    assert boxes(data, "train").keys() == {f"{home}/a.jpg", "b.jpg"}, "b.jpg of val shows something else"
    assert boxes(data, "val").keys() == {layout.format(split="val") + f"/{name}.jpg" for name in "ab"}


def test_lists_of_several_splits_may_lie_beside_one_folder_that_is_called_after_one(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        picture(tmp_path / "train2017" / name)
    text(tmp_path / "instances_train.json", json.dumps(document()))
    text(
        tmp_path / "instances_val.json",
        json.dumps(document(images=[image(3, "c.jpg")], annotations=[box(3, 1)])),
    )
    data = data_of(tmp_path)
    assert boxes(data, "val").keys() == {"train2017/c.jpg"} and not kinds(data)


def test_an_id_that_is_none_is_named_and_where_it_stands(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a.jpg")
    picture(tmp_path / "val" / "a.jpg")
    broken = document(categories=[{"id": 1.5, "name": "dog"}, {"id": 2, "name": "cat"}])
    for split, said in (("train", document()), ("val", broken)):
        text(tmp_path / split / "_annotations.coco.json", json.dumps(said))
    with pytest.raises(DataError, match=r"^in val: _annotations.coco.json categories\[0\] has the id 1.5, "):
        data_of(tmp_path)


@pytest.mark.parametrize(
    ("fields", "kind", "said"),
    [
        (
            {"bbox": None, "segmentation": [[1, 2, 9, 2, 9, 8]]},
            "mended",
            "the box around its polygons is taken",
        ),
        (
            {"bbox": [], "segmentation": [[1, 2, 9, 2, 9, 8]]},
            "mended",
            "the box around its polygons is taken",
        ),
        ({"bbox": None}, "unreadable-annotation", "its bbox is not four numbers"),
        (
            {"bbox": [1, 2, 3], "segmentation": [[1, 2, 9, 2, 9, 8]]},
            "unreadable-annotation",
            "not four numbers",
        ),
        ({"bbox": None, "segments_info": []}, "unreadable-annotation", "bring instances_*.json"),
        ({"category_id": 9}, "unknown-class", "the file has no category 9"),
        ({"category_id": None}, "unknown-class", "it has no category_id"),
    ],
)
def test_what_is_wrong_with_one_annotation(
    tmp_path: Path, fields: dict[str, Any], kind: str, said: str
) -> None:
    place = made(tmp_path, document(annotations=[box(1, 1, **fields), box(2, 2)]))
    data = data_of(place)
    assert kinds(data) == {kind: 1} and said in details(data)
    assert len(boxes(data)["images/a.jpg"]) == (kind == "mended")
