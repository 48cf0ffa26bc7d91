"""Dotted paths into specs: ``dataset.train_data_sources[0].image_dir``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from skillbank.bank.keys import is_key

Path = tuple[str | int, ...]
MISSING: object = object()
"""Returned by `get_path` when nothing is there."""

_PART = re.compile(r"([^.\[\]]+)|\[(\d{1,6})\]")


@lru_cache(maxsize=4096)
def parse_path(text: str) -> Path:
    """Split a dotted, indexed path into keys (str) and list indices (int)."""
    if not is_key(text):
        raise ValueError(f"'{text[:80]}' is not a dotted path such as train.optim.lr or sources[0].file")
    return tuple(m[1] if m[1] is not None else int(m[2]) for m in _PART.finditer(text))


_NO_NODE = (str, int, float, type(None))
"""What holds nothing else."""
_MAPPINGS = (dict, Mapping)
"""Most are dictionaries; whether anything else is a mapping takes a call of Python."""


def format_path(path: Sequence[str | int]) -> str:
    """Write a parsed path as text; the inverse of `parse_path`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def get_path(document: object, path: str | Path) -> Any:
    """Return the value at a path, or `MISSING`."""
    node = document
    for part in parse_path(path) if isinstance(path, str) else path:
        if isinstance(part, int):
            if not isinstance(node, list) or part >= len(node):
                return MISSING
            node = node[part]
        elif not isinstance(node, _MAPPINGS) or part not in node:
            return MISSING
        else:
            node = node[part]
    return node


def set_path(document: dict[str, Any], path: str | Path, value: object) -> None:
    """Set the value at a path in place; missing parents are made, a scalar in the way gives place.

    A list grows by empty entries of the kind that the rest of the path needs.
    """
    parts = parse_path(path) if isinstance(path, str) else path
    node: Any = document
    for i, part in enumerate(parts[:-1]):
        wanted: type = list if isinstance(parts[i + 1], int) else dict
        if isinstance(part, int):
            while len(node) <= part:
                node.append(wanted())
        if not isinstance(part, int) and part not in node:
            node[part] = wanted()
        if not isinstance(node[part], wanted):
            node[part] = wanted()
        node = node[part]
    last = parts[-1]
    if isinstance(last, int):
        while len(node) <= last:
            node.append(None)
    node[last] = value


def strings_in(value: object) -> Iterator[str]:
    """Yield every string that a value is or holds, in lists and mappings too."""
    for _, leaf in leaves(value):
        for part in leaf if isinstance(leaf, list | tuple) else (leaf,):
            if isinstance(part, str):
                yield part


def leaves(document: object, prefix: Path = ()) -> Iterator[tuple[Path, object]]:
    """Walk a nested document; an empty mapping or list counts as a leaf."""
    if isinstance(document, _NO_NODE) or not document:
        yield prefix, document
    elif isinstance(document, _MAPPINGS):
        for key, value in document.items():
            if isinstance(value, _NO_NODE):  # most are, and no walk of its own
                yield (*prefix, str(key)), value
            else:
                yield from leaves(value, (*prefix, str(key)))
    elif isinstance(document, list) and any(isinstance(v, dict | list) for v in document):
        for i, value in enumerate(document):
            yield from leaves(value, (*prefix, i))
    else:
        yield prefix, document
