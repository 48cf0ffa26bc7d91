"""YAML as far as JSON goes, built straight from the parser's events.

PyYAML's own way is events, then nodes, then objects; a skill's files need no more than mappings, lists
and scalars, so the middle is left out. It is faster, and depth, foreign tags, repeated keys and what
aliases expand to are seen while reading, before anything has grown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from skillbank.bank.diagnostics import Repeated
from skillbank.bank.yaml_anchors import Anchored, Anchors, YamlError, merged
from skillbank.visible import named

__all__ = ["YamlError", "load"]

_BaseLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CORE = "tag:yaml.org,2002:"
_LEFT_OUT = {f"{_CORE}timestamp", f"{_CORE}value", f"{_CORE}merge"}
# 1e-5 is a number in YAML 1.2 and text in 1.1; skills are full of it.
_EXPONENT = re.compile(r"^[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)[eE][-+]?[0-9]+$")
_RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _LEFT_OUT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _first in "-+.0123456789":
    _RESOLVERS[_first] = [*_RESOLVERS.get(_first, ()), (f"{_CORE}float", _EXPONENT)]
_NUMBERS = yaml.constructor.SafeConstructor()
_TAGS_OF_COLLECTIONS = {f"{_CORE}map", f"{_CORE}seq", "!", None}
# A union that is written where it is asked for is made anew each time, which takes longer than the question.
_COLLECTIONS = (dict, list)


def load(text: str, max_depth: int, *, repeated: list[Repeated] | None = None, most: int = 1_000_000) -> Any:
    """Build the document of a YAML text; None for an empty one.

    A date stays the text that somebody wrote. Of a repeated key the last value counts, as in PyYAML. An
    alias stands for a copy of what its anchor names, and ``<<`` lays the keys of other mappings under a
    mapping's own; what aliases add is held to a budget (`skillbank.bank.yaml_anchors`).

    Parameters
    ----------
    repeated
        Gets every key that stands in its mapping once more, with its line.
    most
        Values and keys that the text may hold, those inside of aliases not counted.

    Raises
    ------
    YamlError
        For broken YAML, more than `max_depth` levels, aliases that name nothing, themselves or too much,
        other than JSON's types, several documents, and keys that are no scalars.
    """
    try:
        return _build(text, max_depth, [] if repeated is None else repeated, most)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        if "depth" in problem:
            # The scanner looks ahead, so a bound of its own may be met before ours.
            problem = _too_deep(max_depth)
        raise YamlError(problem, mark.line + 1 if mark else None) from None
    except UnicodeEncodeError:
        raise YamlError("it holds half of a surrogate pair", None) from None


def _build(text: str, max_depth: int, repeated: list[Repeated], most: int) -> object:
    stack: list[_Open] = []
    anchors = Anchors(max_depth)
    document: object = None
    documents = 0
    for count, event in enumerate(_events(text)):
        if count > 2 * most:
            raise YamlError(f"it holds more than {most} values; split it", _line(event))
        kind = type(event)
        if kind is yaml.ScalarEvent:
            value = _scalar(event)
            if event.anchor is not None:
                anchors.name(event.anchor, value)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            stack.append(_opened(event, kind is yaml.MappingStartEvent, len(stack), anchors))
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            value = stack.pop().closed(anchors)
        elif kind is yaml.AliasEvent:
            value = anchors.copy(event.anchor, len(stack), _line(event))
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise YamlError("it holds several documents; keep one", _line(event))
            continue
        else:
            continue
        if stack:
            stack[-1].add(value, event, repeated)
        else:
            document = value
    return document


def _events(text: str) -> Iterator[Any]:
    """Yield the events of a text; `yaml.parse` asks whether there is one before it takes each."""
    loader = _BaseLoader(text)
    try:
        yield from iter(loader.get_event, None)
    finally:
        loader.dispose()


def _too_deep(levels: int) -> str:
    return f"it is nested deeper than {levels} levels; flatten it"


def _opened(event: yaml.CollectionStartEvent, mapping: bool, depth: int, anchors: Anchors) -> _Open:
    if depth >= anchors.max_depth:
        raise YamlError(_too_deep(anchors.max_depth), _line(event))
    if event.tag not in _TAGS_OF_COLLECTIONS:
        raise YamlError(f"the tag {event.tag} is not read here", _line(event))
    anchored = anchors.open(event.anchor) if event.anchor is not None else None
    return _Open({} if mapping else [], anchored)


_LARGE = 2**53
_LONGEST_NUMBER = 300
"""Characters of a number: more are more than a number of any program can hold (1e308)."""
_DIGITS = re.compile(r"[-+]?(0x[0-9a-fA-F_]+|[0-9][0-9_.:]*([eE][-+]?[0-9]+)?)")

_MERGE: object = object()
"""Stands for the key ``<<`` that nobody has quoted."""


class _Open:
    """A collection that is not complete yet."""

    __slots__ = ("anchored", "key", "merges", "value", "waiting")

    def __init__(self, value: dict[object, object] | list[object], anchored: Anchored | None) -> None:
        self.value = value
        self.anchored = anchored
        self.key: object = None
        self.waiting = False
        self.merges: list[dict[object, object]] = []

    def add(self, value: object, event: yaml.Event, repeated: list[Repeated]) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.waiting:
            self.waiting = False
            if self.key is _MERGE:
                self.merges.append(merged(value, _line(event)))
            else:
                self.value[self.key] = value
        elif isinstance(value, _COLLECTIONS):
            raise YamlError("a key must be a word, not a collection", _line(event))
        else:
            value = _MERGE if value == "<<" and _is_plain(event) else _name(value)
            if self.merges if value is _MERGE else value in self.value:
                repeated.append(("<<" if value is _MERGE else str(value)[:40], _line(event)))
            self.key, self.waiting = value, True

    def closed(self, anchors: Anchors) -> object:
        """Return the complete value: keys that were merged in come first and lose against its own."""
        if self.merges and isinstance(self.value, dict):
            below: dict[object, object] = {}
            for keys in self.merges:
                below |= keys
            self.value = below | self.value
        if self.anchored is not None:
            anchors.fill(self.anchored, self.value)
        return self.value


def _name(value: object) -> object:
    """Return a key; a large number becomes text, as any count of such keys can hash to the same."""
    if isinstance(value, str):
        return value
    large = isinstance(value, int | float) and not -_LARGE < value < _LARGE
    return str(value) if large else value


def _is_plain(event: object) -> bool:
    return type(event) is yaml.ScalarEvent and event.tag is None and bool(event.implicit[0])


def _scalar(event: yaml.ScalarEvent) -> object:
    value: str = event.value
    tag = event.tag
    try:
        if tag is not None and tag != "!":
            return _typed(tag, value)
        if not event.implicit[0]:
            return value  # quoted, or a block of text
        if len(value) <= _LONGEST_NUMBER:
            return _plain(value)
        if _DIGITS.fullmatch(value):
            raise _too_long(value)
        return value  # the patterns of types would take time that grows with its square
    except YamlError as error:
        raise YamlError(str(error), _line(event)) from None


@lru_cache(maxsize=8192)
def _plain(value: str) -> object:
    """Return what a text without quotes and tag is; documents say the same words again and again."""
    for tag, pattern in _RESOLVERS.get(value[:1], ()):
        if pattern.match(value):
            return _typed(tag, value)
    return value


def _typed(tag: str, value: str) -> object:
    kind = tag.removeprefix(_CORE)
    try:
        if kind == "str":
            return value
        if kind == "null":
            return None
        if kind == "bool":
            return yaml.constructor.SafeConstructor.bool_values[value.lower()]
        if kind in ("int", "float"):
            if len(value) > _LONGEST_NUMBER:
                raise _too_long(value)
            node = yaml.ScalarNode(tag, value)
            read = _NUMBERS.construct_yaml_int if kind == "int" else _NUMBERS.construct_yaml_float
            return read(node)
    except YamlError:
        raise
    except (ValueError, KeyError, IndexError, OverflowError):
        raise YamlError(f"'{named(value, 40)}' is no {kind}", None) from None
    raise YamlError(f"the tag {tag} is not read here", None)


def _too_long(value: str) -> YamlError:
    told = (
        f"a number has {len(value)} characters, and {_LONGEST_NUMBER} can be read; quote it if text is meant"
    )
    return YamlError(told, None)


def _line(event: yaml.Event) -> int | None:
    return event.start_mark.line + 1 if event.start_mark else None
