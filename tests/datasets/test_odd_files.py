"""What lies in a file's place in the sample of each format: another encoding, or a pipe."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from skillbank.datasets.document import DataSet
from skillbank.errors import DataError
from tests.datasets.reading import data_of, details, kinds, picture, text
from tests.datasets.samples import CLASSES_OF, SAMPLES

NAMED = sorted({*SAMPLES} - {*CLASSES_OF, "pictures"})
"""Formats whose files name classes."""
KITTI = "Käse 0.00 0 -1.58 1.00 2.00 3.00 4.00 1.65 1.67 3.64 -0.65 1.71 46.70 -1.59"
A_TEXT_A_PICTURE = ("dota", "kitti", "labelme", "oidv4", "supervisely", "visdrone", "voc")


def annotation_files(root: Path) -> list[Path]:
    return sorted(each for each in root.rglob("*") if each.is_file() and each.suffix not in (".jpg", ".png"))


@contextmanager
def soon(seconds: int = 20) -> Iterator[None]:
    """End what waits for a file that nobody writes."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError("it is waited for")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def recoded(root: Path, encoding: str, name: str) -> set[str]:
    """Write all texts of a data set in another encoding, and return those that hold the name now."""
    held = set()
    for file in annotation_files(root):
        said = file.read_text("utf-8").replace("dog", name)
        file.write_bytes(said.encode(encoding))
        if name in said:
            held.add(file.relative_to(root).as_posix())
    return held


def names_of(data: DataSet) -> list[str]:
    """Return the classes, all of which boxes bear."""
    seen = {box.label for split in data.splits for each in split.pictures() for box in each.boxes}
    assert seen == set(range(len(data.classes)))
    return [name.removeprefix("/m/0") for name in data.classes]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("form", NAMED)
def test_any_unicode_is_read(form: str, encoding: str, tmp_path: Path) -> None:
    SAMPLES[form](tmp_path)
    recoded(tmp_path, encoding, "dög")
    data = data_of(tmp_path)
    assert (data.format, names_of(data)) == (form, ["cat", "dög"])
    assert not kinds(data)


@pytest.mark.parametrize(
    ("encoding", "name", "read"),
    [("cp1252", "dögš", "dögš"), ("cp1251", "кот", "êîò"), ("shift_jis", "車", "ŽÔ")],
)
@pytest.mark.parametrize("form", NAMED)
def test_a_guess_is_said_with_file_line_and_word(
    form: str, encoding: str, name: str, read: str, tmp_path: Path
) -> None:
    SAMPLES[form](tmp_path)
    held = recoded(tmp_path, encoding, name)
    data = data_of(tmp_path)
    assert (data.format, names_of(data)) == (form, ["cat", read])
    assert kinds(data) == {"not-utf8": len(held)}
    found = {fault.where.rpartition(" line ")[0]: fault.detail for fault in data.faults}
    assert found.keys() == held
    for detail in found.values():
        assert detail.endswith(f"{read}' is read as Windows-1252")


@pytest.mark.parametrize("listed", ["classes.txt", "labels.txt"])
def test_a_list_of_the_classes_of_folders_is_said_too(listed: str, tmp_path: Path) -> None:
    for name in ("kot", "dög"):
        picture(tmp_path / "train" / name / "a.jpg")
    text(tmp_path / listed, "kot\ndög\n".encode("cp1252"))
    data = data_of(tmp_path)
    assert (data.format, data.classes) == ("class_folders", ("kot", "dög"))
    assert [(each.where, each.detail) for each in data.faults] == [
        (f"{listed} line 2", "'dög' is read as Windows-1252")
    ]


def test_a_letter_that_windows_has_not_is_shown_by_its_number(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text(tmp_path / "a.xml", b"<annotation>\n<object><name>\x81\xf6</name></object></annotation>")
    [fault] = data_of(tmp_path).faults
    assert (fault.where, fault.detail) == ("a.xml line 2", "'\\x81ö' is read as Latin-1")


def test_of_many_files_the_first_are_looked_into(tmp_path: Path) -> None:
    for number in range(8):
        picture(tmp_path / "images" / f"{number}.png")
        text(tmp_path / "labels" / f"{number}.txt", f"{KITTI}\n{KITTI}\n".encode("cp1252"))
    data = data_of(tmp_path)
    assert [(each.where, each.detail) for each in data.faults] == [
        *((f"labels/{number}.txt line 1", "'Käse' is read as Windows-1252") for number in range(5)),
        *((f"labels/{number}.txt", "it is read as Windows-1252") for number in range(5, 8)),
    ]


def read(root: Path) -> DataSet | None:
    """Return a data set with its pictures read; None where it is refused in a sentence with its place."""
    try:
        data = data_of(root)
        kinds(data)
    except DataError as error:
        assert str(root) in str(error)
        return None
    return data


@pytest.mark.parametrize("form", SAMPLES)
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(form: str, tmp_path: Path) -> None:
    SAMPLES[form](tmp_path)
    for file in annotation_files(tmp_path):
        held = file.read_bytes()
        file.unlink()
        os.mkfifo(file)
        with soon():
            data = read(tmp_path)
        if form in A_TEXT_A_PICTURE and file.name.startswith(("a.", "b.")):
            assert data is not None and "it is no plain file" in details(data)
        file.unlink()
        file.write_bytes(held)
