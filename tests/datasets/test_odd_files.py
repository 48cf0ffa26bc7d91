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
from tests.datasets.reading import data_of, details, kinds
from tests.datasets.samples import CLASSES_OF, SAMPLES

NAMED = sorted({*SAMPLES} - {*CLASSES_OF, "pictures", "cvat"})
"""Formats whose files name classes; XML of another encoding without a declaration is no XML."""
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


@pytest.mark.parametrize("form", NAMED)
def test_a_name_in_latin_1_is_read(form: str, tmp_path: Path) -> None:
    SAMPLES[form](tmp_path)
    for file in annotation_files(tmp_path):
        file.write_bytes(file.read_bytes().replace(b"dog", b"d\xf6g"))
    data = data_of(tmp_path)
    assert [name.removeprefix("/m/0") for name in data.classes] == ["cat", "dög"]
    seen = {box.label for split in data.splits for each in split.pictures() for box in each.boxes}
    assert seen == {0, 1}


@pytest.mark.parametrize(
    "form",
    [
        "bdd100k",
        "create_ml",
        "csv",
        "dota",
        "hugging_face",
        "kitti",
        "labelme",
        "oidv4",
        "supervisely",
        "voc",
    ],
)
def test_each_picture_with_a_name_in_latin_1_says_so(form: str, tmp_path: Path) -> None:
    SAMPLES[form](tmp_path)
    for file in annotation_files(tmp_path):
        file.write_bytes(file.read_bytes().replace(b"dog", b"d\xf6g"))
    assert kinds(data_of(tmp_path))["not-utf8"] == 3


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
