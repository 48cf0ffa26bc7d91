"""Folders of classes: what they are called, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from skillbank.datasets.document import Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.class_folders_writer import ClassFoldersWriter, folder_names


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (["dog", "cat"], ["dog", "cat"]),
        (["dog", "Dog", "DOG"], ["dog", "Dog-2", "DOG-3"]),
        (["dog", "Dog-2", "Dog"], ["dog", "Dog-2", "Dog-3"]),
        (["a/b", "a?b", "..", ""], ["a_b", "a_b-2", "_", "_-2"]),
    ],
)
def test_folders_of_classes_are_told_apart_on_every_disk(classes: list[str], names: list[str]) -> None:
    assert folder_names(classes) == names
    assert len({name.casefold() for name in names}) == len(names)


def test_what_has_no_class_and_what_is_called_otherwise_is_said(tmp_path: Path) -> None:
    def part(*labels: int | None) -> Part:
        return Part(
            "train", [Picture(f"{i}", f"{i}.jpg", 9, 9, (), label=each) for i, each in enumerate(labels)]
        )

    writer = ClassFoldersWriter()
    assert (writer.folder("train"), writer.folder("")) == ("images_train", "")
    assert writer.write([part(0, 1), part()], ["dog", "cat"], tmp_path) == []
    assert (tmp_path / "classes.txt").read_text() == "dog\ncat\n"
    told = writer.write([part(0, None), part(None, 1)], ["a/b", "cat"], tmp_path)
    assert told == [
        "classes whose name no folder can have: 'a/b' is called 'a_b'",
        "pictures of no class lie in no folder of one: 2",
    ]
    assert (tmp_path / "classes.txt").read_text() == "a_b\ncat\n"
