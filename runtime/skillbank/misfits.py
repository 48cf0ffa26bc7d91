"""What does not fit a declared type, in one sentence: what it is called, what was said, what it must be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePath
from typing import Any

from skillbank.errors import UsageError, did_you_mean
from skillbank.visible import one_line

__all__ = ["misfit", "refuse_text"]

_WHOLE = "a whole number alone, such as 20"
_NUMBER = "a number alone, such as 0.2"
_WANTED = {
    "int_parsing": _WHOLE,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "a whole number of fewer digits",
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
}
"""What pydantic's kinds of errors want, for a person."""
_SECRET = frozenset({"code", "database_url", "password", "secret", "token"})
"""Fields whose values are in no answer."""
_BOUNDS = {
    "less_than_equal": ("at most", "le"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "greater_than": ("more than", "gt"),
}


def misfit(detail: Mapping[str, Any], name: str = "", known: Collection[str] = ()) -> str:
    """Return what is wrong with a value, without a full stop.

    Parameters
    ----------
    detail
        One of the ``errors()`` of pydantic's ``ValidationError``.
    name
        What the value is called; its place in the document where nothing is said.
    known
        Names that there are, of which one may be meant.
    """
    called = one_line(name or ".".join(map(str, detail["loc"])) or "the document", 80)
    kind = detail["type"]
    if kind == "extra_forbidden":
        return f"there is no key {called}{did_you_mean(called, list(known))}"
    if kind == "missing":
        return f"{called} is missing"
    said = one_line(str(detail["msg"]).removeprefix("Value error, "), 200).rstrip(".")
    if kind == "value_error" and not said.startswith("must "):
        return f"{called}: {said}"  # a sentence of ours, which names the value
    if kind == "json_invalid" or not _SECRET.isdisjoint(map(str, detail["loc"])):
        return f"{called} {_must(kind, detail, said)}"
    value = detail.get("input")
    given = one_line(str(value).lower() if isinstance(value, bool) else value, 60) or "empty"
    return f"{called} is {given}, but it {_must(kind, detail, said)}"


def refuse_text(values: Iterable[object] | PurePath | None, name: str) -> None:
    """Refuse a text or path where several values are taken: to Python a text is its letters.

    Parameters
    ----------
    name
        Of the argument, which only Python can give so.

    Raises
    ------
    UsageError
        With the list that was meant.
    """
    if isinstance(values, str | PurePath):
        kind = "text" if isinstance(values, str) else "path"
        raise UsageError(f"{name} is one {kind}, but it must be a list: [{one_line(values)!r}].")


def _must(kind: str, detail: Mapping[str, Any], said: str) -> str:
    if kind in _BOUNDS:
        words, limit = _BOUNDS[kind]
        return f"must be {words} {detail['ctx'][limit]:.12g}"
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}"
    if said.startswith("Input should be "):
        return f"must be {said.removeprefix('Input should be ')}"
    return said if said.startswith("must ") else f"does not fit: {said}"
