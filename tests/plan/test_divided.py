"""Data named as a whole: which part each source of an action takes, the same way at every door."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from skillbank.bank.discovery import Library
from skillbank.plan.datasets import Binding, bindings
from skillbank.plan.divided import divided, local_place
from skillbank.plan.request import DataLocation, Request

TRAIN, EVAL, INFERENCE = "train_datasets", "eval_dataset", "inference_dataset"


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Binding]]:
    skill = Library().get("tao-train-grounding-dino")
    actions = ("train", "evaluate", "inference", "quantize", "export")
    return {
        name: bindings(skill, skill.action(name), skill.template(skill.action(name))[0])[0]
        for name in actions
    }


def request(action: str, *data: tuple[str, Path | str], settled: bool = False) -> Request:
    given = tuple(DataLocation(source=source, uri=str(uri)) for source, uri in data)
    return Request(skill="tao-train-grounding-dino", action=action, data=given, settled=settled)


def folders(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
    return root


def parts(made: Request) -> list[tuple[str, str]]:
    return [(location.source, location.uri) for location in made.data]


def test_a_root_of_folders_is_divided_by_roles(rows: dict[str, list[Binding]], tmp_path: Path) -> None:
    root = folders(tmp_path, "train", "valid", "test", "infer")
    made, notes = divided(request("train", (TRAIN, root)), rows["train"], lambda *_: ())
    assert parts(made) == [(TRAIN, f"{root}/train"), (EVAL, f"{root}/valid")]
    assert notes == (f"{root} holds train_datasets (train/), eval_dataset (valid/)",)
    made, _ = divided(request("inference", (INFERENCE, root)), rows["inference"], lambda *_: ())
    assert parts(made) == [(INFERENCE, f"{root}/infer")]


def test_what_is_divided_is_settled(rows: dict[str, list[Binding]], tmp_path: Path) -> None:
    root = folders(tmp_path, "train", "val")
    made, _ = divided(request("train", (TRAIN, root)), rows["train"], lambda *_: ())
    assert divided(made, rows["train"], lambda *_: ("train", "val")) == (made, ())
    whole = request("train", (TRAIN, root), settled=True)
    assert divided(whole, rows["train"], lambda *_: ("train", "val")) == (whole, ())


@pytest.mark.parametrize("action", ["train", "quantize"])
def test_a_data_set_is_validated_on_its_own_split(
    rows: dict[str, list[Binding]], tmp_path: Path, action: str
) -> None:
    root = folders(tmp_path, "images")
    made, [note] = divided(request(action, (TRAIN, root)), rows[action], lambda *_: ("train", "val", "test"))
    assert parts(made) == [(TRAIN, str(root)), (EVAL, str(root))] and "no other data was named" in note


@pytest.mark.parametrize("splits", [(), ("",), ("train",), ("train", "test")])
def test_nothing_else_is_validated_on(
    rows: dict[str, list[Binding]], tmp_path: Path, splits: tuple[str, ...]
) -> None:
    root = folders(tmp_path, "test", "images")
    made, notes = divided(request("train", (TRAIN, root)), rows["train"], lambda *_: splits)
    assert parts(made) == [(TRAIN, str(root))] and notes == ()


def test_an_evaluation_takes_the_test_folder_where_there_is_no_other(
    rows: dict[str, list[Binding]], tmp_path: Path
) -> None:
    root = folders(tmp_path, "train", "test")
    made, _ = divided(request("evaluate", (EVAL, root)), rows["evaluate"], lambda *_: ())
    assert parts(made) == [(EVAL, f"{root}/test")]
    folders(root, "val")
    made, _ = divided(request("evaluate", (EVAL, root)), rows["evaluate"], lambda *_: ())
    assert parts(made) == [(EVAL, f"{root}/val")]


def test_what_was_said_stays(rows: dict[str, list[Binding]], tmp_path: Path) -> None:
    root = folders(tmp_path, "images", "other")
    said = request("train", (TRAIN, root), (EVAL, "s3://b/val"))
    made, notes = divided(said, rows["train"], lambda *_: ("train", "val"))
    assert parts(made) == parts(said) and notes == ()
    far = request("train", (TRAIN, "s3://b/root"))
    assert parts(divided(far, rows["train"], lambda *_: ())[0]) == parts(far)
    seen, _ = divided(far, rows["train"], lambda *_: ("train", "val"))
    assert parts(seen) == [(TRAIN, "s3://b/root"), (EVAL, "s3://b/root")]
    assert divided(request("export"), rows["export"], lambda *_: ("train", "val"))[0] == request("export")


def row(source: str, path: str, kind: Any = "data", **more: Any) -> Binding:
    made = Binding(f"data.{path}", kind, source, path, None, False, False, "")
    return replace(made, **more)


@pytest.mark.parametrize(
    ("held", "rows", "uri"),
    [
        (["a.json"], [row(TRAIN, "a.json")], ""),
        (["a.json"], [row(TRAIN, "a.json"), row(TRAIN, "b.json")], "/train"),
        (["a.json"], [row(TRAIN, "a.json"), row(TRAIN, "b.json", "prose")], ""),
        (["a.json"], [row(TRAIN, "a.json"), row(EVAL, "b.json")], ""),
        (["a.json"], [row(TRAIN, "a.json"), row(TRAIN, "b.json", may_lack=True)], ""),
        (["a.json"], [row(TRAIN, "a.json"), row(TRAIN, "b.json", optional=True)], "/train"),
        (["images"], [row(TRAIN, "images.tar.gz")], ""),
        (["images.tar.gz"], [row(TRAIN, "images.tar.gz")], ""),
        ([], [row(TRAIN, "a.json", "prose")], ""),
        ([], [row(EVAL, "a.json")], ""),
    ],
)
def test_a_source_takes_the_part_that_has_its_files(
    tmp_path: Path, held: list[str], rows: list[Binding], uri: str
) -> None:
    root = folders(tmp_path / "set", "train", *held)
    made, notes = divided(request("train", (TRAIN, root)), rows, lambda *_: ("train",))
    assert [place for source, place in parts(made) if source == TRAIN] == [str(root)]
    folders(root / "train", "a.json", "b.json")
    made, notes = divided(request("train", (TRAIN, root)), rows, lambda *_: ("train",))
    assert [place for source, place in parts(made) if source == TRAIN] == [f"{root}{uri}"]
    assert notes == ((f"{root} holds train_datasets (train/)",) if uri else ())


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://b/d", None), ("https://h/d", None), ("/data/set", "/data/set"),
        ("file:///data/set", "/data/set"), ("~/set", "HOME/set"),
    ],
)  # fmt: skip
def test_places_of_this_machine(monkeypatch: pytest.MonkeyPatch, uri: str, place: str | None) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    found = local_place(uri)
    assert found == (None if place is None else Path(place.replace("HOME", "/home/me")))


def test_a_folder_with_the_very_files_is_not_divided(rows: dict[str, list[Binding]], tmp_path: Path) -> None:
    root = folders(tmp_path, "train", "val", "images")
    for name in ("annotations_odvg.jsonl", "annotations_odvg_labelmap.json"):
        (root / name).touch()
    made, _ = divided(request("train", (TRAIN, root)), rows["train"], lambda *_: ("train", "val"))
    assert parts(made) == [(TRAIN, str(root))]


def test_a_file_that_is_called_like_a_folder_is_none(rows: dict[str, list[Binding]], tmp_path: Path) -> None:
    root = folders(tmp_path, "train", "validation")
    (root / "val").write_text("a list of pictures")
    made, _ = divided(request("train", (TRAIN, root)), rows["train"], lambda *_: ())
    assert parts(made) == [(TRAIN, f"{root}/train"), (EVAL, f"{root}/validation")]
