"""A long JSON document entry by entry: each is parsed on its own, so that a broken one spoils no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from skillbank.datasets.formats.files import UnreadableError, content, json_as
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError

__all__ = ["Entries", "entries_of"]

T = TypeVar("T")
PartT = TypeVar("PartT")
_MOST = 1 << 32


@dataclass(frozen=True)
class Entries(Generic[T]):
    """The entries of a list.

    Attributes
    ----------
    form
        What an entry is parsed as.
    rest
        What else the document holds, by its keys; empty where the list is the whole document.
    """

    form: type[T]
    pieces: list[msgspec.Raw]
    rest: dict[str, msgspec.Raw]

    def each(self) -> Iterator[tuple[int, T | str]]:
        """Yield number, from 1, and entry; of what is none half a sentence on why."""
        for position, piece in enumerate(self.pieces, 1):
            try:
                yield position, json_as(bytes(piece), self.form)
            except UnreadableError as error:
                yield position, f"it {error}"

    def part(self, key: str, form: type[PartT]) -> PartT | None:
        """Return another part of the document; None where there is none of that form."""
        try:
            return json_as(bytes(self.rest[key]), form) if key in self.rest else None
        except UnreadableError:
            return None


def entries_of(tree: Tree, file: str, form: type[T], within: str = "") -> Entries[T]:
    """Return the entries of a list, which is a whole file, or stands in a document under a key."""
    try:
        raw = content(tree.path(file), _MOST)
        rest: dict[str, msgspec.Raw] = {}
        if not within:
            pieces = _parsed(raw, list[msgspec.Raw])
        else:
            rest = _parsed(raw, dict[str, msgspec.Raw])
            pieces = msgspec.json.decode(rest.pop(within, b"null"), type=list[msgspec.Raw] | None) or []
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}: correct it, or export it again") from None
    except msgspec.MsgspecError:
        raise DataError(f"{tree.path(file)} holds no list of {within}: export it again") from None
    return Entries(form, pieces, rest)


def _parsed(raw: bytes, form: type[T]) -> T:
    """Parse what `json_as` does, and leave the parts as they stand where nothing had to be mended."""
    try:
        return msgspec.json.decode(raw, type=form)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return json_as(raw, form)
