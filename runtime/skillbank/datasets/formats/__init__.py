"""The formats of data sets, one module each, in the order in which they are tried; those of packages last.

They are entry points of the group ``skillbank.label_formats``; ours stand in ``entry_points.txt`` beside this
file. What a name stands for reads the format, what the name with ``.writer`` behind it stands for writes it.
"""

from __future__ import annotations

from typing import Any

from skillbank.datasets.formats.base import Format, Writer
from skillbank.datasets.formats.foreign import ForeignFormat, ForeignWriter
from skillbank.errors import PluginError
from skillbank.plugins import WRITER, Group, Offer, found, guarded

__all__ = ["BROKEN", "FORMATS", "LAST", "WRITERS", "Format", "Writer", "load_format", "title_of"]

_LAST = "pictures"


def load_format(offer: Offer) -> Any:
    """Return the format or the writer that is offered.

    Raises
    ------
    PluginError
        When it is a package's and cannot be loaded, or lacks what is called of it.
    """
    name = offer.name.removesuffix(WRITER)
    writes = name != offer.name
    verbs = ("folder", "write") if writes else ("title", "recognise", "read")

    def fits(made: object) -> bool:
        return getattr(made, "name", None) == name and all(hasattr(made, verb) for verb in verbs)

    kind = offer.load(fits, f"a class with name = '{name}', {', '.join(verbs)}")
    with guarded(offer, "cannot be made"):
        made = kind()
        if not offer.package:
            return made
        return ForeignWriter(made, offer) if writes else ForeignFormat(made, offer)


def _loaded() -> tuple[list[Format], list[Writer], dict[str, str]]:
    formats: list[Format] = []
    writers: list[Writer] = []
    broken: dict[str, str] = {}
    for name, offer in found().offers[Group.LABEL_FORMATS].items():
        try:
            made = load_format(offer)
        except PluginError as error:
            broken[name] = error.sentence
        else:
            (writers if name.endswith(WRITER) else formats).append(made)
    return formats, writers, broken


_formats, _writers, BROKEN = _loaded()
"""Why formats of packages cannot be used, by name; nothing else is harmed by that."""
FORMATS: tuple[Format, ...] = tuple(each for each in _formats if each.name != _LAST)
"""Every format that has annotations; one that is surer of itself stands first."""
LAST: Format = next(each for each in _formats if each.name == _LAST)
"""What is left where none of them is recognised, in no split folder either."""
WRITERS: tuple[Writer, ...] = tuple(_writers)
"""Every format that can be written."""


def title_of(names: str) -> str:
    """Return what people call a format, or those of split folders that differ in it ("odvg+coco")."""
    titles = {each.name: each.title for each in (*FORMATS, LAST)}
    return " and ".join(titles.get(name, name) for name in names.split("+"))
