"""Folders of labels: fresh or their own, never of two runs, and nothing looks complete before it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.errors import DataError, SkillbankError, UsageError
from skillbank.labelling.exports import Export
from skillbank.labelling.findings import Finding, Labelled
from skillbank.labelling.formats import FORMATS
from skillbank.labelling.manifest import MANIFEST, digest, digest_file, read_manifest
from tests.labelling.models import write_picture

NAMES = ("red circle", "blue star")
KINDS = (*FORMATS, "pictures")
MADE: dict[str, Any] = {
    "model": "tiny",
    "model_sha256": "a" * 64,
    "threshold": 0.3,
    "nms": 0.7,
    "across": 0.7,
}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("a.jpg", "a.png", "images/b.jpg"):
        write_picture(tmp_path / "photos" / name)
    return tmp_path / "photos"


def begin(
    folder: Path,
    photos: Path,
    descriptions: tuple[str, ...] = NAMES,
    kinds: tuple[str, ...] = KINDS,
    replace: bool = False,
    **made: Any,
) -> Export:
    export = Export.open(folder, kinds, descriptions, replace)
    export.settle(photos, **{**MADE, **made})
    return export


def add(export: Export, photos: Path, *names: str) -> Export:
    for name in names or ("a.jpg", "a.png", "images/b.jpg"):
        found = (Finding(export.descriptions[0], 0.5, (30, 20, 60, 40)),)
        data = (photos / name).read_bytes()
        export.add(Labelled(name, 120, 80, found), photos / name, digest(data), b"drawn")
    return export


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_the_manifest_lists_what_was_made_of_what(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    written = add(begin(out, photos), photos).finish()
    assert written[-1] == out / MANIFEST and all(path.exists() for path in written)
    document = json.loads((out / MANIFEST).read_text())
    assert document["state"] == "complete" and document["descriptions"] == list(NAMES)
    assert document["model_sha256"] == "a" * 64 and document["threshold"] == 0.3
    assert {p["name"]: p["sha256"] for p in document["pictures"]} == {
        name: digest_file(photos / name) for name in ("a.jpg", "a.png", "images/b.jpg")
    }
    there = files_of(out)
    del there[MANIFEST]
    assert document["files"] == {place: digest(data) for place, data in there.items()}


def test_yolo_pictures_stand_beside_their_labels(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(begin(out, photos, kinds=("yolo",)), photos).finish()
    data = yaml.safe_load((out / "yolo" / "data.yaml").read_text())
    # Trainers open it from anywhere: both keys are there, beside the file, and nothing is called validation.
    assert data == {"train": "images", "val": None, "nc": 2, "names": dict(enumerate(NAMES))}
    images = [p for p in (out / "yolo" / "images").rglob("*") if p.is_file()]
    assert len(images) == 3 and not any(image.is_symlink() for image in images)
    for image in images:  # as ultralytics does it: the last "images" becomes "labels"
        label = "/labels/".join(str(image).rsplit("/images/", 1)).rsplit(".", 1)[0] + ".txt"
        assert Path(label).read_text().startswith("0 ")


def test_pictures_that_trainers_do_not_read_are_named(photos: Path, tmp_path: Path) -> None:
    write_picture(photos / "c.gif")
    export = add(begin(tmp_path / "out", photos, kinds=("yolo",)), photos, "a.jpg", "c.gif")
    export.finish()
    assert "c.gif" in export.notes[0] and "a.jpg" not in export.notes[0]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (
            {"descriptions": ("crack", "rust")},
            r"descriptions \(red circle \. blue star, now crack \. rust\)",
        ),
        ({"descriptions": NAMES[::-1]}, "other descriptions"),
        ({"kinds": ("yolo",)}, "other formats"),
        ({"model_sha256": "b" * 64}, "other model"),
        ({"threshold": 0.5}, "other threshold"),
        ({"nms": 0.5}, "other overlap"),
        ({"across": 1.0}, "other overlap of different names"),
    ],
)
def test_labels_of_another_run_are_not_mixed_in(
    other: dict[str, Any], words: str, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos).finish()
    before = files_of(out)
    with pytest.raises(UsageError, match=rf"{words}.*another --output, or --replace"):
        begin(out, photos, **other)
    assert files_of(out) == before
    add(begin(out, photos, replace=True, **other), photos, "a.jpg").finish()
    fresh = tmp_path / "fresh"
    add(begin(fresh, photos, **other), photos, "a.jpg").finish()
    assert files_of(out) == files_of(fresh), "as if nothing had been there"


def test_the_same_run_adds_pictures_and_knows_those_that_are_there(photos: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    add(begin(out, photos), photos, "a.jpg").finish()
    export = begin(out, photos)
    assert export.known("a.jpg", digest_file(photos / "a.jpg")) is not None
    assert export.known("a.jpg", "other") is None and export.known("a.png", "x") is None
    add(export, photos, "a.png", "images/b.jpg").finish()
    add(begin(whole, photos), photos).finish()
    assert files_of(out) == files_of(whole)


@pytest.mark.parametrize("replace", [False, True])
def test_what_a_person_did_stays(photos: Path, tmp_path: Path, replace: bool) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos).finish()
    (out / "yolo" / "labels" / "mine.txt").write_text("0 .5 .5 .1 .1\n")
    (out / "notes.md").write_text("mine")
    export = begin(out, photos, replace=replace)
    add(export, photos).finish()
    assert (out / "yolo" / "labels" / "mine.txt").is_file() and (out / "notes.md").read_text() == "mine"
    assert any("yolo/labels/mine.txt not written by skillbank" in note for note in export.notes)
    (out / "yolo" / "labels" / "a.txt").write_text("1 .5 .5 .1 .1\n")
    with pytest.raises(UsageError, match=r"yolo/labels/a\.txt changed"):
        begin(out, photos, replace=replace)


def test_a_file_in_the_way_is_not_written_over(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos, "a.jpg").finish()
    (out / "kitti" / "a_2.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"a_2\.txt was not written by skillbank"):
        add(begin(out, photos), photos).finish()
    assert (out / "kitti" / "a_2.txt").read_text() == "mine"


def test_folders_that_hold_something_else_are_refused(photos: Path, tmp_path: Path) -> None:
    for replace in (False, True):
        with pytest.raises(UsageError, match=rf"holds a\.jpg, a\.png, images and no {MANIFEST}"):
            Export.open(photos, KINDS, NAMES, replace)
    with pytest.raises(UsageError, match="is a file"):
        Export.open(photos / "a.jpg", KINDS, NAMES, False)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".DS_Store").touch()
    Export.open(tmp_path / "empty", KINDS, NAMES, False)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', "\x00"])
def test_a_manifest_that_cannot_be_read_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(DataError, match="no manifest that this version reads"):
        Export.open(tmp_path, KINDS, NAMES, False)


def test_a_manifest_cannot_name_files_elsewhere(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos).finish()
    document = json.loads((out / MANIFEST).read_text())
    document["files"]["../photos/a.jpg"] = digest_file(photos / "a.jpg")
    (out / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(DataError, match="not inside the folder"):
        begin(out, photos, replace=True)
    assert (photos / "a.jpg").is_file()


def test_an_interrupted_run_leaves_no_labels_and_goes_on(photos: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    export = add(begin(out, photos), photos, "a.jpg")
    assert export.keep()
    shown = {p for p in files_of(out) if not p.startswith(".")}
    assert shown == {MANIFEST} and json.loads((out / MANIFEST).read_text())["state"] == "unfinished"
    export = begin(out, photos)
    assert export.known("a.jpg", digest_file(photos / "a.jpg")) is not None
    add(export, photos, "a.png", "images/b.jpg").finish()
    add(begin(whole, photos), photos).finish()
    assert files_of(out) == files_of(whole)


def test_an_interrupted_replacement_leaves_what_was_there(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos).finish()
    before = files_of(out)
    assert not add(begin(out, photos, ("crack",), replace=True), photos, "a.jpg").keep()
    assert files_of(out) == before


@pytest.mark.parametrize("stop", range(7))
def test_a_run_that_dies_while_writing_is_never_complete(
    stop: int, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    add(begin(out, photos), photos).finish()
    export = add(begin(out, photos, ("crack",), replace=True), photos)
    write, count = Export._put, 0

    def dying(self: Export, place: str, made: Any) -> None:
        nonlocal count
        count += 1
        if count > stop:
            raise KeyboardInterrupt
        write(self, place, made)

    monkeypatch.setattr(Export, "_put", dying)
    with pytest.raises(KeyboardInterrupt):
        export.finish()
    manifest = read_manifest(out)
    assert manifest is not None and manifest.state == "unfinished"
    assert not (out / "yolo" / "data.yaml").exists()
    monkeypatch.undo()
    with pytest.raises(UsageError, match="other descriptions"):
        begin(out, photos)
    add(begin(out, photos, ("crack",)), photos).finish()
    add(begin(whole, photos, ("crack",)), photos).finish()
    assert files_of(out) == files_of(whole)


def test_a_trainers_cache_of_other_labels_goes(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos).finish()
    (out / "yolo" / "labels.cache").write_bytes(b"0 is a red circle")
    add(begin(out, photos), photos).finish()
    assert (out / "yolo" / "labels.cache").is_file(), "nothing has changed"
    export = begin(out, photos, NAMES[::-1], replace=True)
    add(export, photos).finish()
    assert not (out / "yolo" / "labels.cache").exists() and "labels.cache" in export.notes[0]


def test_two_runs_at_once_do_not_mix(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    one, two = (add(begin(out, photos, (name,)), photos) for name in NAMES)
    one.finish()
    with pytest.raises(DataError, match="Another run has written"):
        two.finish()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a place that nobody can write to")
def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_done(photos: Path) -> None:
    export = begin(Path("/proc/self/labels"), photos)
    with pytest.raises(DataError, match=r"/proc/self/labels cannot be written to \(.*\); give another"):
        export.prepare()


def test_a_run_that_comes_to_nothing_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    export = begin(tmp_path / "out", photos)
    export.prepare()
    assert not export.keep() and not (tmp_path / "out").exists()
    add(begin(tmp_path / "out", photos), photos).finish()
    export = begin(tmp_path / "out", photos, replace=True)
    export.prepare()
    there = files_of(tmp_path / "out")
    assert not export.keep() and files_of(tmp_path / "out") == there


def test_an_interrupted_run_leaves_what_another_wrote_meanwhile(photos: Path, tmp_path: Path) -> None:
    """Its labels would be nobody's: listed by no manifest, and in the way of both."""
    out = tmp_path / "out"
    one, two = begin(out, photos), begin(out, photos)
    add(one, photos).finish()
    there = files_of(out)
    assert not add(two, photos, "a.jpg").keep()
    manifest = read_manifest(out)
    assert manifest is not None and manifest.state == "complete"
    assert {place: data for place, data in files_of(out).items() if place in there} == there
    add(begin(out, photos), photos).finish()


def test_a_picture_that_changes_meanwhile_is_not_written(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export = add(begin(out, photos, kinds=("yolo",)), photos)
    write_picture(photos / "a.png", colour="navy")
    with pytest.raises(SkillbankError, match=r"a\.png has changed"):
        export.finish()
    assert not (out / "yolo" / "data.yaml").exists()


def test_pictures_from_elsewhere_would_have_other_names(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    add(begin(out, photos), photos).finish()
    with pytest.raises(UsageError, match="is not below it"):
        Export.open(out, KINDS, NAMES, False).settle(tmp_path, **MADE)
