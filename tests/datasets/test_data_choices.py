"""Which part of a data set a plan takes, and what is said of data before it is there."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.album import place_file
from skillbank.datasets.copying import Portion, write_copy, writer_of
from skillbank.datasets.document import DataSet, Split
from skillbank.datasets.opening import Opened
from skillbank.datasets.tree import Tree
from skillbank.datasets.wanted import Wanted
from skillbank.errors import DataError
from skillbank.jobs.data_groups import DataGroup
from skillbank.jobs.data_looks import DataLook, PlanData, look_from_here
from skillbank.jobs.data_places import (
    Found,
    _own_files,
    _staged_archive,
    _why_made,
    chosen_split,
    find,
    find_brought,
)
from skillbank.jobs.data_sets import look_at
from skillbank.plan.model import InputBinding, Plan, Policy, Route, SkillRef
from tests.datasets.reading import picture, text


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))


def plan(action: str = "train", inputs: tuple[InputBinding, ...] = (), **fields: Any) -> Plan:
    return Plan(
        skill=SkillRef(name="toy", version="1", digest="d", bank="b"),
        action=action,
        route=Route(name="direct", reason="made by a test"),
        automl_policy=Policy(value="off", source="user"),
        platform="local",
        image=None,
        command=("toy",),
        spec={},
        inputs=inputs,
        **fields,
    )


def opened(*splits: str, root: Path = Path("/d"), named: str = "") -> Opened:
    made = [Split(name, name, lambda: iter(())) for name in splits]
    data = DataSet("coco", ("cat",), tuple(made))
    return Opened(Tree(root, {}), data, next((each for each in made if each.name == named), None))


def group(
    source: str = "train_datasets", place: str = "/d", wanted: Wanted | None = None, **fields: Any
) -> DataGroup:
    return DataGroup(place, source, fields.pop("bindings", ()), wanted, **fields)


@pytest.mark.parametrize(
    ("source", "action", "splits", "taken", "said"),
    [
        ("train_datasets", "train", ["train", "val"], "train", ""),
        ("train_datasets", "train", ["", "val"], "", ""),
        ("train_datasets", "train", ["val"], "val", "has only the split 'val', which is trained on"),
        ("train_datasets", "train", ["val", "test"], None, "has no split to train on for train_datasets"),
        ("eval_dataset", "train", ["train", "val"], "val", ""),
        ("eval_dataset", "train", ["test"], None, "has no split to measure on for eval_dataset"),
        ("eval_dataset", "evaluate", ["train", "test"], "test", "is measured on its test split"),
        ("eval_dataset", "evaluate", ["train", "val", "test"], "val", ""),
        ("eval_dataset", "evaluate", ["train"], None, "/d/train"),
        ("train_datasets", "evaluate", ["test", "val"], None, "to train on"),
    ],
)
def test_the_split_that_a_role_takes(
    source: str, action: str, splits: list[str], taken: str | None, said: str
) -> None:
    if taken is None:
        with pytest.raises(DataError, match=said):
            chosen_split(opened(*splits), group(source), plan(action))
    else:
        split, notes = chosen_split(opened(*splits), group(source), plan(action))
        assert split.name == taken and (said in notes[0] if said else notes == ())


def test_the_split_that_was_named_is_taken_whatever_the_role() -> None:
    split, notes = chosen_split(opened("train", "test", named="test"), group(), plan())
    assert (split.name, notes) == ("test", ())


LINES = Wanted("images", "lines.jsonl", "map.json")


def bound(place: Path, *names: str) -> tuple[InputBinding, ...]:
    return tuple(InputBinding(key=name, uri=f"{place}/{name}", place=str(place)) for name in names)


def test_what_cannot_be_made_of_boxes_is_not_looked_for(tmp_path: Path) -> None:
    there = text(tmp_path / "lines.jsonl", "").parent
    assert find(group(place=str(there), bindings=bound(there, "lines.jsonl")), plan(), there, Path) is None
    assert find_brought(group(), plan(), {}) is None
    assert find_brought(group(wanted=Wanted("images")), plan(), {}) is None
    with pytest.raises(DataError, match="is said to be read as yolo, and toy takes data of its own format"):
        find(group(form="yolo"), plan(), there, Path)
    picture(tmp_path / "other" / "a.jpg")
    other = tmp_path / "other"
    with pytest.raises(DataError, match="a folder with x\\.csv; only files with boxes can be made of it"):
        find(group(place=str(other), bindings=bound(other, "x.csv")), plan(), other, Path)
    nothing = tmp_path / "nothing"
    assert find(group(place=str(nothing), bindings=bound(nothing, "x.csv")), plan(), nothing, Path) is None


def test_own_files_are_opened_where_they_are_there(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    wanted = group(wanted=Wanted("images", "lines.jsonl", "map.json"))
    assert _own_files(wanted, tmp_path, Path) is None
    assert _own_files(group(), tmp_path, Path) is None
    cat = {"bbox": [1, 2, 3, 4], "label": 0, "category": "cat"}
    line = {"file_name": "a.jpg", "detection": {"instances": [cat]}}
    text(tmp_path / "lines.jsonl", json.dumps(line) + "\n")
    text(tmp_path / "map.json", '{"0": "cat"}')
    found = _own_files(wanted, tmp_path, Path)
    assert found is not None and found.data.classes == ("cat",)
    assert _own_files(wanted, tmp_path / "lines.jsonl", Path) is None, "a file is no place of others"
    fine = group(
        place=str(tmp_path),
        wanted=LINES,
        bindings=bound(tmp_path, "gone", "images", "lines.jsonl", "map.json"),
    )
    assert _why_made(fine, plan(), Path) == ""
    assert _why_made(group(), plan(), Path) == ""


def test_an_archive_is_staged_as_the_program_gets_it(tmp_path: Path) -> None:
    picture(tmp_path / "x" / "a.jpg")
    archive = tmp_path / "images.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(tmp_path / "x" / "a.jpg", "images/a.jpg")
    unpacked: list[Path] = []

    def unpack(path: Path) -> Path:
        unpacked.append(path)
        return path

    binding = InputBinding(key="images", uri=str(archive), runtime="extracted_folder")
    staged = _staged_archive(binding, archive, unpack)
    assert unpacked == [archive] and [each.name for each in staged.rglob("*.jpg")] == ["a.jpg"]


@pytest.mark.parametrize(
    ("source", "measured", "whole", "said"),
    [
        (
            "train_datasets",
            True,
            False,
            "was not looked into: what it holds is recognised at the launch; 'skillbank",
        ),
        ("train_datasets", False, False, "at the launch, and this plan validates on no split of it"),
        ("eval_dataset", False, False, "at the launch; 'skillbank plan"),
    ],
)
def test_what_lies_elsewhere_is_said_not_to_be_looked_into(
    source: str, measured: bool, whole: bool, said: str
) -> None:
    there = group(source, "s3://bucket/d", LINES)
    [note] = look_from_here(there, whole=whole, measured=measured).notes
    assert note.startswith("s3://bucket/d lies elsewhere") and said in note
    assert look_from_here(group(source, "s3://bucket/d"), whole=whole).notes == ()
    assert not look_from_here(there, whole=whole, measured=measured).later


def test_a_plan_that_measures_elsewhere_says_nothing_of_a_missing_split() -> None:
    def looked(*sources: str) -> list[str]:
        inputs = tuple(
            InputBinding(
                key=f"{source}{name}", uri=f"s3://b/{source}/{name}", place=f"s3://b/{source}", source=source
            )
            for source in sources
            for name in ("images", "annotations_odvg.jsonl", "labelmap.json")
        )
        looks = look_at(plan(inputs=inputs), whole=False).looks
        return [
            "validates on no split" for look in looks if any("validates on no split" in n for n in look.notes)
        ]

    assert (
        looked("train_datasets") == ["validates on no split"]
        and looked("train_datasets", "eval_dataset") == []
    )


def test_how_an_input_stands_whose_file_need_not_be_there(tmp_path: Path) -> None:
    [lines, classes] = bound(tmp_path, "lines.jsonl", "classes.txt")
    classes = classes.model_copy(update={"optional": True})
    of = group(
        place=str(tmp_path),
        wanted=Wanted("images", "lines.jsonl", classes="classes.txt"),
        bindings=(lines, classes),
    )
    made = Found(of, opened("train"), Split("train", "train", lambda: iter(())), "it has no lines.jsonl")
    assert PlanData((DataLook(of, made),)).state(lines) == "made"
    assert PlanData((DataLook(of, made),)).state(classes) == "made"
    assert PlanData((DataLook(of, later=True),)).state(lines) == "unseen"
    assert PlanData((DataLook(of),)).state(lines) is None
    assert PlanData(()).state(lines) is None
    assert DataLook(of, made).split_report is None and DataLook(of, made).pictures is None
    assert DataLook(of, made).root == Path("/d") and DataLook(of).root is None


def test_a_file_that_cannot_be_linked_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = text(tmp_path / "a.jpg", "x")
    assert not place_file(source, tmp_path / "in" / "b.jpg")
    assert (tmp_path / "in" / "b.jpg").samefile(source)

    def refuse(self: Path, target: Path) -> None:
        raise OSError("another file system")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert not place_file(source, tmp_path / "in" / "b.jpg"), "what is there is left"
    assert place_file(source, tmp_path / "in" / "c.jpg")
    assert (tmp_path / "in" / "c.jpg").read_text() == "x"


def test_a_data_set_without_a_picture_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    portions = [Portion("train", (), "")]
    with pytest.raises(DataError, match="has no picture to write"):
        write_copy(
            Tree(tmp_path / "d", {}),
            portions,
            ("cat",),
            writer_of("coco"),
            tmp_path / "out",
            story=dict[str, Any],
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("there", "place", "later"),
    [
        (["images", "lines.jsonl", "map.json"], True, ()),
        (["images"], True, ("lines.jsonl, map.json",)),
        (["images", "lines.jsonl"], True, ("map.json",)),
        ([], True, ("images, lines.jsonl, map.json",)),
        ([], False, ()),
    ],
)
def test_what_a_server_lacks_of_a_data_set_is_recognised_later(
    tmp_path: Path, there: list[str], place: bool, later: tuple[str, ...]
) -> None:
    """Of a place on this machine it is answered as of one on a server."""
    root = tmp_path / "d"
    for name in there:
        (root / name).mkdir(parents=True) if name == "images" else (root / name).write_text("x")
    if place:
        root.mkdir(exist_ok=True)
    looked = look_from_here(
        group(place=str(root), wanted=LINES, bindings=bound(root, "images", "lines.jsonl", "map.json")),
        whole=True,
    )
    brought = "it is brought as a whole and recognised when the job is launched"
    assert looked.notes == tuple(f"{root} has no {files}: {brought}" for files in later)
    assert looked.later is bool(later)


LOOKED_AT = Wanted("images")


@pytest.mark.parametrize(
    ("place", "form", "names", "why"),
    [
        ("d/a.jpg", "", ["a.jpg"], "one that was named"),
        ("d/A.PNG", "", ["A.PNG"], "one that was named"),
        ("d", "", ["A.PNG", "a.jpg", "deep/b.jpg"], "all of the folder"),
        ("d.tar.gz", "", ["A.PNG", "a.jpg", "deep/b.jpg"], "all of the folder"),
        ("masked", "", ["images/a.jpg"], "all of the folder but masks"),
        ("coco", "coco", ["images/a.jpg"], "those of the data set that was named"),
        ("coco/annotations.json", "", ["images/a.jpg"], "those of the data set that was named"),
    ],
)
def test_pictures_to_look_at(tmp_path: Path, place: str, form: str, names: list[str], why: str) -> None:
    for name in ("d/a.jpg", "d/A.PNG", "d/deep/b.jpg", "masked/images/a.jpg", "masked/masks/a.png"):
        picture(tmp_path / name)
    (tmp_path / "d.tar.gz").touch()
    picture(tmp_path / "coco" / "images" / "a.jpg")
    image = {"id": 1, "file_name": "a.jpg", "width": 100, "height": 80}
    document = {"images": [image], "annotations": [], "categories": [{"id": 1, "name": "dog"}]}
    text(tmp_path / "coco" / "annotations.json", json.dumps(document))
    there = tmp_path / place
    looked = group("inference_dataset", str(there), LOOKED_AT, bindings=bound(there, "images.zip"), form=form)
    found = find(looked, plan("inference"), there, lambda _: tmp_path / "d")
    assert found is not None and found.why == why
    assert sorted(each.path or "" for each in found.split.pictures()) == names
    assert bool(found.notes) is (place == "masked")


def test_a_folder_without_pictures_and_one_with_masks_among_them(tmp_path: Path) -> None:
    (empty := tmp_path / "empty").mkdir()
    looked = group("inference_dataset", str(empty), LOOKED_AT, bindings=bound(empty, "images.zip"))
    with pytest.raises(DataError, match="empty holds no picture"):
        find(looked, plan("inference"), empty, Path)
    place = tmp_path / "place"
    for held, why in (("images/a.jpg", ""), ("images/a_mask.png", "masks lie among them")):
        picture(place / held)
        fields: dict[str, Any] = {"bindings": bound_folder(place)}
        found = find(
            group("inference_dataset", str(place), LOOKED_AT, **fields), plan("inference"), place, Path
        )
        assert found is not None and found.why == why
    (place / "images" / "a.jpg").unlink()
    found = find(group("inference_dataset", str(place), LOOKED_AT, **fields), plan("inference"), place, Path)
    assert found is not None and not found.why, "what is called a mask without a picture is a picture"


def bound_folder(place: Path) -> tuple[InputBinding, ...]:
    return (InputBinding(key="i", uri=f"{place}/images", place=str(place), type="folder", runtime="folder"),)
