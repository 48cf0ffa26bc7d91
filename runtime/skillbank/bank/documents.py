"""Reading YAML and JSON from skills that nobody vouches for: capped, alias-free, never surprising."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from skillbank.errors import SkillFormatError

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 64

_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):  # type: ignore[misc]
    """Safe loader of what JSON can hold.

    ``1e-5`` is a number, as in YAML 1.2 and not in 1.1. A date stays the text that somebody wrote,
    and tags that make other objects (sets, bytes, pairs) are refused: a plan is a JSON document.
    """


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}
_Loader.yaml_constructors = {
    tag: make
    for tag, make in _BaseLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in ("null", "bool", "int", "float", "str", "seq", "map")
}

_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9_]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def read_text(path: Path) -> str:
    """Read a UTF-8 file of at most `MAX_BYTES`.

    Raises
    ------
    SkillFormatError
        When the file is missing, too large or not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SkillFormatError(f"{path} is larger than {MAX_BYTES >> 20} MiB; split it.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SkillFormatError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except OSError as error:
        raise SkillFormatError(f"{path} cannot be read: {error.strerror or error}.") from None


def parse_yaml(text: str, where: str) -> Any:
    """Parse YAML without aliases, at most `MAX_DEPTH` levels deep.

    Aliases are refused because a few hundred bytes of them expand to hundreds of millions of
    nodes; depth is capped because parsing time grows steeply with it.
    """
    if len(text) > MAX_BYTES:
        raise SkillFormatError(f"{where} is larger than {MAX_BYTES >> 20} MiB; split it.")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise SkillFormatError(f"{where}:{line} uses a YAML alias; write the value out instead.")
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise SkillFormatError(f"{where} is nested deeper than {MAX_DEPTH} levels; flatten it.")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise SkillFormatError(f"{place} is not valid YAML: {problem}.") from None
    except (ValueError, RecursionError, TypeError, OverflowError) as error:
        # PyYAML lets these through for impossible dates, huge integers and unhashable keys.
        raise SkillFormatError(f"{where} is not valid YAML: {error}.") from None


def parse_json(text: str, where: str) -> Any:
    """Parse JSON; the family's bare ``Infinity`` and ``NaN`` are read, callers decide about them."""
    if len(text) > MAX_BYTES:
        raise SkillFormatError(f"{where} is larger than {MAX_BYTES >> 20} MiB; split it.")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SkillFormatError(f"{where} is not valid JSON: {error}.") from None
    if _deeper_than(document, MAX_DEPTH):
        raise SkillFormatError(f"{where} is nested deeper than {MAX_DEPTH} levels; flatten it.")
    return document


def _deeper_than(document: Any, limit: int) -> bool:
    level = [document]
    for _ in range(limit + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
        if not level:
            return False
    return True


def read_yaml(path: Path) -> Any:
    """Read and parse one YAML file."""
    return parse_yaml(read_text(path), str(path))


def read_json(path: Path) -> Any:
    """Read and parse one JSON file."""
    return parse_json(read_text(path), str(path))


@lru_cache(maxsize=256)
def _line_starts(text: str) -> tuple[str, ...]:
    return tuple(text.splitlines())


def line_of(text: str, needle: str) -> int | None:
    """Return the 1-based line of the first line that holds `needle`, for diagnostics."""
    return next((i for i, line in enumerate(_line_starts(text), 1) if needle in line), None)
