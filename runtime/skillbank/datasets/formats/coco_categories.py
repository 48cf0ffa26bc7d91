"""The categories of a COCO document: numbered from anywhere, in any order, with parents among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from skillbank.datasets.document import labels_of
from skillbank.datasets.formats.numbers import key
from skillbank.errors import DataError
from skillbank.visible import one_line

__all__ = ["Categories"]


@dataclass(frozen=True)
class Categories:
    """Names in the order of the ids.

    Attributes
    ----------
    index
        Index in `names` by id. Ids of the same name share one.
    parents
        Names that only say what others are a kind of: Roboflow's category 0 is such.
    merged
        Names that stood under several ids.
    """

    names: tuple[str, ...]
    index: dict[int | str, int]
    parents: frozenset[str] = frozenset()
    merged: tuple[str, ...] = ()

    @classmethod
    def read(cls, entries: list[Any], file: str) -> Categories:
        """Read the list of a document.

        Raises
        ------
        DataError
            When an entry has no id or no name, or an id has two names.
        """
        names: dict[int | str, str] = {}
        above: dict[str, str] = {}
        for place, entry in enumerate(entries):
            said, name = _id(entry, f"{file} categories[{place}]"), _name(entry)
            if said is None or not name:
                missing = "id" if said is None else "name"
                raise DataError(f"{file} categories[{place}] has no {missing}: give it one")
            if names.setdefault(said, name) != name:
                raise DataError(
                    f"{file} calls category {one_line(said)} both '{one_line(names[said])}' and "
                    f"'{one_line(name)}': give them ids of their own"
                )
            above.setdefault(name, str(entry.get("supercategory") or ""))
        ordered = sorted(names.items(), key=_by_id)
        classes = tuple(dict.fromkeys(name for _, name in ordered))
        places = labels_of(classes)
        counts = Counter(names.values())
        return cls(
            classes,
            {said: places[name] for said, name in ordered},
            _kinds(classes, above),
            tuple(name for name in classes if counts[name] > 1),
        )


def _id(entry: object, what: str) -> int | str | None:
    """Return the id of a category; None where it has none."""
    found = entry.get("id") if isinstance(entry, dict) else None
    said = key(found)
    if said is None and found not in (None, ""):
        raise DataError(
            f"{what} has the id {one_line(found, 40)}, which is neither a whole number nor a word: "
            "give it one that is"
        )
    return said


def _kinds(classes: Iterable[str], above: Mapping[str, str]) -> frozenset[str]:
    """Return the classes that are kinds of others, but for those that are said to be a kind of their own."""
    kinds = {parent for name, parent in above.items() if parent != name}
    own = {name for name, parent in above.items() if parent == name}
    return frozenset({*classes} & kinds - own)


def _name(entry: object) -> str:
    found = entry.get("name") if isinstance(entry, dict) else None
    if isinstance(found, int | float) and not isinstance(found, bool):
        return str(found)
    return found.strip() if isinstance(found, str) else ""


def _by_id(item: tuple[int | str, str]) -> tuple[bool, int, str]:
    said = item[0]
    return (False, said, "") if isinstance(said, int) else (True, 0, said)
