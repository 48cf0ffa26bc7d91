"""The files that a program asks of a data set, told by their names: what each of them is to hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from skillbank.datasets.document import Marks

__all__ = ["AREAS", "Wanted", "wanted_files", "wanted_of"]

_PICTURES = re.compile(r"(?:.*[_/-])?(?:images?|pictures?)(?:\.(?:tar|tar\.gz|tgz|zip))?", re.IGNORECASE)
_LINES = re.compile(r".*odvg.*\.jsonl", re.IGNORECASE)
_LABEL_MAP = re.compile(r".*label_?map.*\.json", re.IGNORECASE)
_COCO = re.compile(r"(?:.*[_/-])?(?:annotations?|instances|coco)(?:[_.-].*)?\.json", re.IGNORECASE)
_CLASS_FOLDERS = re.compile(r"images?(?:_(?:train|val|test))?(?:\.(?:tar|tar\.gz|tgz|zip))?", re.IGNORECASE)
_CLASS_LIST = re.compile(r"classes\.txt", re.IGNORECASE)
_CLASSES = re.compile(r".*(?:label_?map|class_?map|classes|labels).*\.txt", re.IGNORECASE)


AREAS = ("segmentation", "semantic_segmentation")
"""Types of data sets whose pictures bear areas."""


@dataclass(frozen=True)
class Wanted:
    """Names of the files, empty where there is no such one.

    Attributes
    ----------
    pictures
        The folder of pictures, or its archive.
    lines
        Training annotations as ODVG, one JSON document a line.
    label_map
        Names of the classes by number, as JSON.
    coco
        Annotations as a COCO document.
    classes
        Names of the classes, one a line.
    marks
        What the files say of the pictures: boxes; the class of each by its folder; or areas, where the place
        as a whole holds ``images/<split>`` and ``masks/<split>``.
    """

    pictures: str = ""
    lines: str = ""
    label_map: str = ""
    coco: str = ""
    classes: str = ""
    marks: Marks = "boxes"

    @property
    def annotated(self) -> bool:
        """Whether something is to be learned or measured, or pictures alone are asked for."""
        return bool(self.lines or self.coco) or self.marks != "boxes"

    @property
    def annotations(self) -> str:
        """Names of the files that are written, for a sentence."""
        if self.marks == "areas":
            return "images and masks of each split, and palette.json"
        if self.marks == "classes":
            return " and ".join(name for name in (self.pictures, self.classes) if name)
        return " and ".join(name for name in (self.lines, self.label_map, self.coco, self.classes) if name)


def wanted_of(names: Iterable[str], data_type: str, *, learns: bool) -> Wanted | None:
    """Return what files of some names hold, for the type of data sets that a skill says it takes.

    Parameters
    ----------
    data_type
        ``object_detection``, ``image_classification`` or ``segmentation``; empty where it says none.
    learns
        Whether they are learned from or measured on, and not only looked at.

    Returns
    -------
    Wanted or None
        None where one of them is nothing that can be made of a data set.
    """
    if data_type in ("", "object_detection"):
        return wanted_files(names)
    if data_type == "image_classification":
        return _class_folders(dict.fromkeys(names), learns=learns)
    if data_type in AREAS and set(names) == {""}:
        return Wanted(marks="areas") if learns else Wanted()  # pictures alone, in the place itself
    return None


def _class_folders(names: Iterable[str], *, learns: bool) -> Wanted | None:
    found: dict[str, str] = {}
    for name in names:
        kind = (
            "pictures"
            if _CLASS_FOLDERS.fullmatch(name)
            else "classes"
            if _CLASS_LIST.fullmatch(name)
            else None
        )
        if kind is None or kind in found:
            return None
        found[kind] = name
    if "pictures" not in found:
        return None
    marks: Marks = "classes" if learns else "boxes"
    return Wanted(pictures=found["pictures"], classes=found.get("classes", ""), marks=marks)


def wanted_files(names: Iterable[str]) -> Wanted | None:
    """Return what files of some names hold; None where one of them is nothing that can be made of boxes."""
    kinds = (
        ("lines", _LINES),
        ("label_map", _LABEL_MAP),
        ("coco", _COCO),
        ("classes", _CLASSES),
        ("pictures", _PICTURES),
    )
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        kind = next((kind for kind, pattern in kinds if pattern.fullmatch(name)), None)
        if kind is None or kind in found:
            return None
        found[kind] = name
    if "pictures" not in found:
        return None
    return Wanted(**found, marks="boxes")
