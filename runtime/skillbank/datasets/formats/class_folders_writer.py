"""Writes folders of classes: ``images_<split>/<class>/``, and the names of the classes in classes.txt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skillbank.datasets.document import Marks
from skillbank.datasets.formats.base import Part
from skillbank.datasets.naming import safe_name
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = ["CLASSES_FILE", "ClassFoldersWriter", "folder_names", "write_classes"]

CLASSES_FILE = "classes.txt"


class ClassFoldersWriter:
    """Pictures lie in the folder of their class; what none says the class of is left out."""

    name = "class_folders"
    marks: Marks = "classes"

    def folder(self, split: str) -> str:
        """Return where the folders of a split's classes lie; of what is not divided beside the list."""
        return f"images_{split}" if split else ""

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the list of classes; the pictures are the rest."""
        lost = 0
        for part in parts:
            lost += sum(picture.label is None for picture in part.pictures)
        told = write_classes(folder / CLASSES_FILE, classes)
        return [*told, *([f"pictures of no class lie in no folder of one: {lost:,}"] if lost else [])]


def folder_names(classes: Sequence[str]) -> list[str]:
    """Return what the folder of each class is called: its name, as every file system can hold it."""
    found: list[str] = []
    for name in classes:
        safe = safe_name(name)
        taken = {each.casefold() for each in found}
        number, free = 2, safe
        while free.casefold() in taken:
            free, number = f"{safe}-{number}", number + 1
        found.append(free)
    return found


def write_classes(file: Path, classes: Sequence[str]) -> list[str]:
    """Write the list of the classes as their folders are called; say which are called otherwise."""
    names = folder_names(classes)
    file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    other = [f"'{one_line(a, 60)}' is called '{b}'" for a, b in zip(classes, names, strict=True) if a != b]
    return [f"classes whose name no folder can have: {a_few(other, 5)}"] if other else []
