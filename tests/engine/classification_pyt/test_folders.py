"""Reading folders of pictures by class: what is found, and what is said where something is amiss."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank_engine.errors import DataError
from skillbank_engine.families.classification_pyt.config.family import SPECS_OF_FAMILY
from skillbank_engine.families.classification_pyt.data.folders import (
    class_names,
    read_labelled,
    renumbered,
)
from skillbank_engine.families.classification_pyt.data.sets import read_test_set, read_training_sets
from skillbank_engine.profile import prepare_start

NAMES = ("blue", "green", "red")
KEY = "dataset.train_dataset.images_dir"


def test_folders_are_classes_sorted_by_name(folders: Path, make_spec: Callable[..., Any]) -> None:
    said: list[str] = []
    data = read_training_sets(make_spec(), said.append)
    assert data.train.names == NAMES
    assert data.train.counts() == [4, 4, 4]
    assert data.validation is not None
    assert not said
    assert all(
        image.parent.name == NAMES[number]
        for image, number in zip(data.train.images, data.train.classes, strict=True)
    )


def test_a_list_of_classes_gives_the_order(folders: Path, make_spec: Callable[..., Any]) -> None:
    (folders / "classes.txt").write_text("red\r\n\ngreen\nblue\n", encoding="utf-8")
    for more in (
        {"dataset__root_dir": str(folders)},
        {"dataset__classes_file": str(folders / "classes.txt")},
    ):
        spec = make_spec(**more, dataset__num_classes=3)
        said: list[str] = []
        assert read_training_sets(spec, said.append).train.names == ("red", "green", "blue")
        assert not said


def test_another_number_of_classes_is_refused(make_spec: Callable[..., Any]) -> None:
    for wrong in (5, 20):  # 20 is the family's default
        with pytest.raises(DataError, match=f"num_classes is {wrong}, but there are 3 classes: set it to 3"):
            read_training_sets(make_spec(dataset__num_classes=wrong), lambda _: None)


def test_classes_are_counted_where_nobody_has_said_how_many(
    folders: Path, make_spec: Callable[..., Any]
) -> None:
    spec = make_spec(dataset__num_classes=20)
    prepared, changed = prepare_start(SPECS_OF_FAMILY, spec, "train", [])
    assert prepared.dataset.num_classes == 3 and changed == {"dataset.num_classes": 3}
    assert prepare_start(SPECS_OF_FAMILY, spec, "train", ["dataset.num_classes=20"])[1] == {}
    said = make_spec(dataset__num_classes=5)
    assert prepare_start(SPECS_OF_FAMILY, said, "train", []) == (said, {})


def test_all_classes_without_pictures_are_named(folders: Path, make_spec: Callable[..., Any]) -> None:
    (folders / "classes.txt").write_text("red\ngreen\nblue\npink\ngrey\n", encoding="utf-8")
    spec = make_spec(dataset__classes_file=str(folders / "classes.txt"))
    with pytest.raises(DataError, match="no picture of 'pink', 'grey'"):
        read_training_sets(spec, lambda _: None)


def test_folders_that_are_no_classes_are_named(folders: Path) -> None:
    with pytest.raises(DataError, match=r"folders 'blue', 'green' are no classes \(there are 'red'\)"):
        read_labelled(str(folders / "train"), KEY, ["red"])


@pytest.mark.parametrize(
    ("text", "words"), [("", "lists no class"), ("red\nred\nblue\n", "lists 'red' more than once")]
)
def test_lists_that_cannot_be_used(
    folders: Path, make_spec: Callable[..., Any], text: str, words: str
) -> None:
    (folders / "classes.txt").write_text(text, encoding="utf-8")
    spec = make_spec(dataset__classes_file=str(folders / "classes.txt"))
    with pytest.raises(DataError, match=words):
        class_names(spec, folders / "train", KEY)


def test_pictures_without_folders_are_refused(tmp_path: Path, make_spec: Callable[..., Any]) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    Image.new("RGB", (8, 8)).save(loose / "a.png")
    with pytest.raises(DataError, match="no folder for a class"):
        read_training_sets(make_spec(dataset__train_dataset__images_dir=str(loose)), lambda _: None)


def test_one_class_is_too_few(folders: Path, make_spec: Callable[..., Any]) -> None:
    for name in ("red", "green"):
        for file in (folders / "train" / name).iterdir():
            file.unlink()
        (folders / "train" / name).rmdir()
    with pytest.raises(DataError, match="one class only, 'blue'"):
        read_training_sets(make_spec(), lambda _: None)


def test_companions_and_other_files_are_no_pictures(folders: Path) -> None:
    place = folders / "train" / "red"
    (place / "._0.png").write_bytes(b"mac")
    (place / "notes.txt").write_text("x", encoding="utf-8")
    (folders / "train" / ".cache").mkdir()
    assert read_labelled(str(folders / "train"), KEY, NAMES).counts() == [4, 4, 4]


def test_broken_pictures_are_left_out_where_that_is_said(folders: Path) -> None:
    (folders / "train" / "red" / "9.png").write_bytes(b"no picture")
    assert read_labelled(str(folders / "train"), KEY, NAMES, skip_broken=True).counts() == [4, 4, 4]
    assert read_labelled(str(folders / "train"), KEY, NAMES).counts() == [4, 4, 5]


def test_a_set_gets_the_models_numbers(folders: Path) -> None:
    data = read_labelled(str(folders / "val"), KEY, NAMES)
    renamed = renumbered(data, ("red", "pink", "blue", "green"), "the model")
    assert renamed.counts() == [4, 0, 4, 4]
    with pytest.raises(DataError, match="pictures of 'blue', which the model does not know"):
        renumbered(data, ("red", "green"), "the model")


def test_without_validation_training_says_so(make_spec: Callable[..., Any]) -> None:
    said: list[str] = []
    data = read_training_sets(make_spec(dataset__val_dataset__images_dir=""), said.append)
    assert data.validation is None
    assert "without validation" in said[-1]


def test_evaluate_measures_val_else_test(folders: Path, make_spec: Callable[..., Any]) -> None:
    both = make_spec("evaluate", dataset__test_dataset__images_dir=str(folders / "train"))
    assert read_test_set(both).images[0].is_relative_to(folders / "val")
    alone = make_spec(
        "evaluate",
        dataset__val_dataset__images_dir="",
        dataset__test_dataset__images_dir=str(folders / "train"),
    )
    assert read_test_set(alone).images[0].is_relative_to(folders / "train")


def test_pictures_without_classes_join_a_distillation(folders: Path, make_spec: Callable[..., Any]) -> None:
    spec = make_spec("distill", dataset__train_nolabel__folder_path=str(folders / "val"))
    train = read_training_sets(spec, lambda _: None).train
    assert len(train) == 24
    assert train.counts() == [4, 4, 4]
