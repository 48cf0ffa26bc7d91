"""The files that a program asks of a data set, told by their names: what each of them is to hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Wanted", "wanted_files"]

_PICTURES = re.compile(r"(?:.*[_/-])?(?:images?|pictures?)(?:\.(?:tar|tar\.gz|tgz|zip))?", re.IGNORECASE)
_LINES = re.compile(r".*odvg.*\.jsonl", re.IGNORECASE)
_LABEL_MAP = re.compile(r".*label_?map.*\.json", re.IGNORECASE)
_COCO = re.compile(r"(?:.*[_/-])?(?:annotations?|instances|coco)(?:[_.-].*)?\.json", re.IGNORECASE)
_CLASSES = re.compile(r".*(?:label_?map|class_?map|classes|labels).*\.txt", re.IGNORECASE)


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
    """

    pictures: str = ""
    lines: str = ""
    label_map: str = ""
    coco: str = ""
    classes: str = ""

    @property
    def annotated(self) -> bool:
        """Whether boxes are asked for, or pictures alone."""
        return bool(self.lines or self.coco)

    @property
    def annotations(self) -> str:
        """Names of the files that are written, for a sentence."""
        return " and ".join(name for name in (self.lines, self.label_map, self.coco, self.classes) if name)


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
    return Wanted(**found) if "pictures" in found else None
