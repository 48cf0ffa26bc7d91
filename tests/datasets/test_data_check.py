"""``skillbank data check`` as a person calls it, on files of real formats."""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skillbank.cli import main
from skillbank.datasets.document import SPLITS
from tests.datasets.made import Made

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command; returns exit code, stdout and stderr."""
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))

    def call(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["skillbank", "data", "check", *map(str, words)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        return int(stopped.value.code or 0), said.out, said.err

    return call


def coco(made: Made, split: str) -> dict[str, Any]:
    """What a split is as COCO."""
    held = made.splits[split]
    boxes = [(number, box) for number, picture in enumerate(held, 1) for box in picture.boxes]
    return {
        "images": [
            {"id": n, "file_name": p.name.partition("/")[2], "width": p.width, "height": p.height}
            for n, p in enumerate(held, 1)
        ],
        "annotations": [
            {
                "id": n,
                "image_id": image,
                "category_id": (box.label or 0) + 1,
                "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
                "area": 1,
                "iscrowd": 0,
            }
            for n, (image, box) in enumerate(boxes, 1)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(made.classes, 1)],
    }


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A clean data set of two splits in COCO."""
    made = Made(tmp_path / "data", seed=41)
    for split, count in (("train", 20), ("val", 10)):
        made.add(split, count)
        file = made.root / split / "annotations.json"
        file.write_text(json.dumps(coco(made, split)))
    return made.root


def changed(place: Path, change: Callable[[dict[str, Any]], None], split: str = "train") -> None:
    file = place / split / "annotations.json"
    document = json.loads(file.read_text())
    change(document)
    file.write_text(json.dumps(document))


def tree_of(place: Path) -> dict[str, tuple[int, int]]:
    files = (path for path in place.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def test_a_clean_set(run: Run, place: Path) -> None:
    code, out, err = run(place)
    assert (code, err) == (0, "")
    assert "COCO, 3 classes" in " ".join(out.split())
    assert "nothing is wrong" in out
    assert "warning" not in out


def test_everything_at_once(run: Run, place: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        document["annotations"][0]["bbox"] = [10, 10, 0, 20]
        document["annotations"][1]["bbox"] = [10, 10, 400, 20]
        document["images"][4]["file_name"] = "nowhere.jpg"

    changed(place, spoil)
    (place / "val" / "00003.jpg").write_bytes(b"\xff\xd8\xff")
    code, out, _ = run(place)
    assert code == 1
    for words in (
        "boxes without width or height",
        "boxes that reach out of their picture",
        "pictures that are not there",
        "pictures that cannot be decoded",
        "val/annotations.json",
        "nowhere.jpg",
        "--fix: drop the box",
    ):
        assert words in out
    code, out, _ = run(place, "--json")
    document = json.loads(out)
    assert code == 1
    assert {each["kind"]: each["count"] for each in document["errors"]} == {
        "picture-missing": 1,
        "picture-broken": 1,
        "box-empty": 1,
        "box-outside": 1,
    }


def test_the_repaired_copy_is_clean_and_the_original_untouched(run: Run, place: Path, tmp_path: Path) -> None:
    def spoil(document: dict[str, Any]) -> None:
        document["annotations"][0]["bbox"] = [10, 10, 0, 20]
        document["annotations"][1]["bbox"] = [10, 10, 400, 20]

    changed(place, spoil)
    (place / "val" / "00003.jpg").write_bytes(b"\xff\xd8\xff")
    before = tree_of(place)
    code, out, _ = run(place, "--fix", "-o", tmp_path / "copy", "--json")
    document = json.loads(out)
    assert code == 0
    repairs = {kind: said["count"] for kind, said in document["repaired"]["repairs"].items()}
    assert repairs == {"picture-broken": 1, "box-empty": 1, "box-outside": 1}
    assert tree_of(place) == before
    code, out, _ = run(tmp_path / "copy", "--json")
    document = json.loads(out)
    assert (code, document["format"], document["errors"], document["warnings"]) == (0, "coco", [], [])
    assert [each["pictures"] for each in document["splits"]] == [20, 9]


def test_what_only_a_person_can_mend_is_not_written(run: Run, place: Path, tmp_path: Path) -> None:
    def fractions(document: dict[str, Any]) -> None:
        for each in document["annotations"]:
            x, y, width, height = each["bbox"]
            each["bbox"] = [x / 160, y / 120, width / 160, height / 120]

    changed(place, fractions)
    code, _, err = run(place, "--fix", "-o", tmp_path / "copy")
    assert code == 1
    assert "fractions" in err
    assert not (tmp_path / "copy").exists()


def test_a_split_without_boxes_is_repaired_and_still_no_success(
    run: Run, place: Path, tmp_path: Path
) -> None:
    changed(place, lambda document: document["annotations"][0].update(bbox=[1, 1, 0, 5]))
    changed(place, lambda document: document["annotations"].clear(), "val")
    code, out, _ = run(place, "--fix", "-o", tmp_path / "copy")
    assert code == 1
    assert "there is nothing to measure" in out
    assert run(tmp_path / "copy" / "train")[0] == 0


def test_a_copy_never_goes_into_the_data_set_or_over_something(run: Run, place: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine")
    for target in (full, place, place / "fixed"):
        code, _, err = run(place, "--fix", "-o", target)
        assert code == 2, err
    assert [each.name for each in full.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("words", [["--fix"], ["-o", "somewhere"]])
def test_fix_and_where_to_belong_together(run: Run, place: Path, words: list[str]) -> None:
    code, _, err = run(place, *words)
    assert code == 2
    assert "--fix and -o DIR belong together" in err


def test_one_split_and_a_part_by_name(run: Run, place: Path) -> None:
    changed(place, lambda document: document["annotations"][0].update(bbox=[1, 1, 0, 5]))
    assert run(place, "--split", "val")[0] == 0
    assert run(place / "val")[0] == 0
    assert run(place / "train")[0] == 1
    code, _, err = run(place, "--split", "test")
    assert (code, "no split 'test'" in err) == (1, True)


@pytest.mark.parametrize("top", ["", "another-name/"])
@pytest.mark.parametrize("ending", [".zip", ".tar.gz"])
def test_an_archive_with_any_top_folder(run: Run, place: Path, tmp_path: Path, top: str, ending: str) -> None:
    archive = tmp_path / f"export{ending}"
    files = [path for path in sorted(place.rglob("*")) if path.is_file()]
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w") as bundle:
            for path in files:
                bundle.write(path, f"{top}{path.relative_to(place)}")
    else:
        with tarfile.open(archive, "w:gz") as tar:
            for path in files:
                tar.add(path, f"{top}{path.relative_to(place)}")
    code, out, _ = run(archive, "--json")
    document = json.loads(out)
    assert code == 0, document
    assert [each["split"] for each in document["splits"]] == list(SPLITS[:2])


def test_a_bucket(run: Run, place: Path, s3: Any) -> None:
    for path in place.rglob("*"):
        if path.is_file():
            s3.upload_file(str(path), "bucket", f"sets/mine/{path.relative_to(place)}")
    code, out, err = run("s3://bucket/sets/mine", "--json")
    assert (code, err) == (0, "")
    assert [each["pictures"] for each in json.loads(out)["splits"]] == [20, 10]


def test_places_that_are_not_there_or_hold_nothing(run: Run, place: Path, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "dat")
    assert code == 5
    assert f"did you mean '{place}'?" in err
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = run(empty)
    assert code == 1
    assert "no data set that is recognised" in err
    code, _, err = run(place, "--format", "cocoa")
    assert code == 1
    assert "there is no format 'cocoa'" in err


def test_hidden_text_in_names_is_made_visible(run: Run, place: Path) -> None:
    changed(place, lambda document: document["categories"][0].update(name="\x1b[31mred\u202e"), "train")
    changed(place, lambda document: document["categories"][0].update(name="\x1b[31mred\u202e"), "val")
    _, out, _ = run(place)
    assert "\x1b" not in out
    assert "\u202e" not in out
