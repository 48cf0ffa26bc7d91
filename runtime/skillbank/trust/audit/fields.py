"""Fields of a document: every word with its path, and the line where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import yaml

__all__ = ["Field", "fields_of"]

_MOST = 200_000
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Places:
    """Where the paths of a text stand; looked for when somebody asks."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _found(self) -> dict[tuple[str, ...], int]:
        return _lines(self._text)

    def of(self, keys: tuple[str, ...]) -> int | None:
        """Return the line of a path, or of the nearest that it is part of."""
        while keys and keys not in self._found:
            keys = keys[:-1]
        return self._found.get(keys)


@dataclass(frozen=True, slots=True)
class Field:
    """A scalar of a document."""

    keys: tuple[str, ...]
    value: object
    places: Places

    @property
    def line(self) -> int | None:
        """The 1-based line of the field, or of what it stands in."""
        return self.places.of(self.keys)

    @property
    def path(self) -> str:
        """``actions.train.command``; places in lists are in brackets."""
        return "".join(k if k.startswith("[") or not i else f".{k}" for i, k in enumerate(self.keys))

    @property
    def key(self) -> str:
        """The last name of the path; places in lists are passed over."""
        return next((k for k in reversed(self.keys) if not k.startswith("[")), "")

    def below(self, name: str) -> bool:
        """Whether a name stands anywhere in the path."""
        return name in self.keys


def fields_of(document: object, text: str) -> tuple[Field, ...]:
    """Return the scalars of a document, with the lines of the text that it was read from.

    The document is what the runtime made of the text, aliases filled in, so that what is judged is what would be
    used; a word that an alias brings has the line of the alias, or none.
    """
    places = Places(text)
    found = []
    for keys, value in _walk(document):
        found.append(Field(keys, value, places))
        if len(found) >= _MOST:
            break
    return tuple(found)


def _walk(document: object) -> Iterator[tuple[tuple[str, ...], object]]:
    waiting: list[tuple[tuple[str, ...], object]] = [((), document)]
    while waiting:
        keys, node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(((*keys, str(k)), v) for k, v in reversed(node.items()))
        elif isinstance(node, list):
            waiting.extend(((*keys, f"[{i}]"), v) for i, v in reversed(list(enumerate(node))))
        else:
            yield keys, node


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line of every path of a YAML or JSON text, as far as it can be read."""
    found: dict[tuple[str, ...], int] = {}
    open_: list[_Level] = []
    try:
        for event in yaml.parse(text, Loader=_Loader):
            kind = type(event)
            if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                open_.pop()
                continue
            if kind not in (
                yaml.ScalarEvent,
                yaml.AliasEvent,
                yaml.MappingStartEvent,
                yaml.SequenceStartEvent,
            ):
                continue
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            if open_ and open_[-1].takes_key(event, line):
                continue
            path = open_[-1].next() if open_ else ()
            if path:
                found.setdefault(path, open_[-1].line if open_[-1].mapping else line)
            if kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
                open_.append(_Level(path, kind is yaml.MappingStartEvent))
            if len(found) > _MOST:
                break
    except (yaml.YAMLError, ValueError, IndexError):
        return found
    return found


class _Level:
    """A collection that is being read."""

    __slots__ = ("count", "key", "line", "mapping", "path", "waiting")

    def __init__(self, path: tuple[str, ...], mapping: bool) -> None:
        self.path = path
        self.mapping = mapping
        self.key = ""
        self.line = 0
        self.count = 0
        self.waiting = False

    def takes_key(self, event: object, line: int) -> bool:
        """Take an event as the next key, if one is due."""
        if not self.mapping or self.waiting or type(event) is not yaml.ScalarEvent:
            return False
        self.key, self.line, self.waiting = str(event.value), line, True
        return True

    def next(self) -> tuple[str, ...]:
        """Return the path of the value that comes now."""
        if self.mapping:
            self.waiting = False
            return (*self.path, self.key)
        self.count += 1
        return (*self.path, f"[{self.count - 1}]")
