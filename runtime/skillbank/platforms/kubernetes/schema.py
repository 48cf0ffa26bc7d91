"""Documents against the API's own types, as the installed client has them: no unknown key, no wrong type.

A server drops keys that it does not know, unless it is asked to be strict, and then runs something else than
was meant. The client's models check less: neither unknown keys in plain documents nor the types of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from kubernetes.client import models

from skillbank.errors import did_you_mean

__all__ = ["schema_problems"]

_CONTAINER = re.compile(r"(list|dict)(?:\[|\()(.*)(?:\]|\))")
_PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "datetime": (str,),
    "bytearray": (str,),
    "file": (str,),
}


def schema_problems(document: object, kind: str, path: str = "") -> Iterator[str]:
    """Yield what is wrong with a document, one sentence each.

    Parameters
    ----------
    kind
        A type of the client, like ``V1Job`` or ``list[V1Toleration]``.
    path
        Where the document stands in the whole one, for the sentences.
    """
    if match := _CONTAINER.fullmatch(kind):
        yield from _inside(document, match, path)
    elif kind in _PLAIN:
        # A bool is an int in Python and not in JSON.
        right = isinstance(document, _PLAIN[kind]) and isinstance(document, bool) == (kind == "bool")
        if not right or (kind == "datetime" and isinstance(document, str) and not _is_time(document)):
            yield _wrong(path, kind, document)
    elif (model := getattr(models, kind, None)) is not None:
        if not isinstance(document, dict):
            yield _wrong(path, "mapping", document)
            return
        # The client writes the names of Python; documents have those of the API.
        types = {model.attribute_map[name]: each for name, each in model.openapi_types.items()}
        for key, value in document.items():
            place = f"{path}.{key}" if path else str(key)
            if key not in types:
                yield f"{place} is no key of Kubernetes{did_you_mean(str(key), tuple(types))}"
            elif value is None:
                yield f"{place} has no value; leave it out"
            else:
                yield from schema_problems(value, types[key], place)


def _inside(document: object, match: re.Match[str], path: str) -> Iterator[str]:
    container, inner = match.groups()
    if not isinstance(document, list if container == "list" else dict):
        yield _wrong(path, "list" if container == "list" else "mapping", document)
    elif isinstance(document, list):
        for i, value in enumerate(document):
            yield from schema_problems(value, inner, f"{path}[{i}]")
    else:
        for key, value in document.items():
            if not isinstance(key, str):
                yield _wrong(f"{path}.{key}, a name,", "str", key)
            yield from schema_problems(value, inner.partition(",")[2].strip(), f"{path}.{key}")


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _wrong(path: str, wanted: str, value: object) -> str:
    names = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}
    return f"{path or 'the document'} must be {names.get(wanted, f'a {wanted}')} and is {value!r:.60}"
