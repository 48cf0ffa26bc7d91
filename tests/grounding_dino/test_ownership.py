"""Results folders of inference: files of two runs never mix."""

from pathlib import Path

import pytest

from skillbank_engine.errors import DataError
from skillbank_engine.ownership import MADE_WITH, claim

MADE = {"checkpoint": "a", "captions": ["x", "y"], "conf_threshold": 0.3}


def written(folder: Path, *names: str) -> list[Path]:
    return [folder / "labels" / name for name in names]


def run(folder: Path, made: dict[str, object], *names: str) -> None:
    files = written(folder, *names)
    claim(folder, made, files, "results_dir")
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("label")


def test_the_same_run_leaves_what_a_fresh_one_would(tmp_path: Path) -> None:
    run(tmp_path, MADE, "a.txt", "b.txt")
    (tmp_path / "labels" / "mine.txt").write_text("mine")
    run(tmp_path, MADE, "b.txt", "c.txt")
    assert sorted(p.name for p in (tmp_path / "labels").iterdir()) == ["b.txt", "c.txt", "mine.txt"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"captions": ["y", "x"]}, "captions"),
        ({"checkpoint": "b", "conf_threshold": 0.1}, "checkpoint, conf_threshold"),
    ],
)
def test_another_run_is_refused(tmp_path: Path, other: dict[str, object], words: str) -> None:
    run(tmp_path, MADE, "a.txt")
    with pytest.raises(DataError, match=f"other values of {words}: set another results_dir"):
        claim(tmp_path, {**MADE, **other}, written(tmp_path, "b.txt"), "results_dir")
    assert (tmp_path / "labels" / "a.txt").is_file()


def test_labels_of_nobody_knows_which_run_are_refused(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "status.json").touch()
    claim(tmp_path, MADE, written(tmp_path, "a.txt"), "results_dir")
    (tmp_path / MADE_WITH).unlink()
    (tmp_path / "labels" / "old.txt").touch()
    with pytest.raises(DataError, match=r"old\.txt is there already and no made-with\.json"):
        claim(tmp_path, MADE, written(tmp_path, "a.txt"), "results_dir")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 3}'])
def test_what_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / MADE_WITH).write_text(text)
    with pytest.raises(DataError, match="cannot be read"):
        claim(tmp_path, MADE, written(tmp_path, "a.txt"), "results_dir")


def test_nothing_outside_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    run(tmp_path / "out", MADE, "a.txt")
    text = (tmp_path / "out" / MADE_WITH).read_text().replace("labels/a.txt", "../mine.txt")
    (tmp_path / "out" / MADE_WITH).write_text(text)
    run(tmp_path / "out", MADE, "b.txt")
    assert (tmp_path / "mine.txt").is_file()
