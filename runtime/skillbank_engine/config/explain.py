"""What is wrong with a spec, in one sentence: the dotted key, the rule, the value, the likely intention."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_TYPE_WORDS = {
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
}
_BOUND_WORDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def explain(kind: type[BaseModel], detail: ErrorDetails, prefix: str) -> tuple[str, str]:
    """Put a finding of pydantic into words.

    Parameters
    ----------
    kind
        The class that was validated.
    detail
        The finding.
    prefix
        Dotted key of the block that was validated; empty for a whole spec.

    Returns
    -------
    tuple
        The sentence and the dotted key at fault.
    """
    steps = ((prefix,) if prefix else ()) + tuple(detail["loc"])
    key = dotted(steps)
    code, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if code == "extra_forbidden":
        return f"{key} is not a known key{_suggest(kind, detail['loc'], prefix)}", key
    if code == "invalid_key" or steps[-1] == "[key]":
        parent = dotted(steps[:-2] if steps[-1] == "[key]" else steps[:-1]) or "the spec"
        return f"{parent} has the key {given!r}, and keys must be text", parent
    if code in _TYPE_WORDS:
        return f"{key} must be {_TYPE_WORDS[code]}, not {_show(given)}", key
    if code in _BOUND_WORDS:
        words, name = _BOUND_WORDS[code]
        return f"{key} must be {words} {context[name]}, not {_show(given)}", key
    if code == "literal_error":
        expected = context["expected"]
        return f"{key} must be one of {expected}, not {_show(given)}", key
    if code == "string_pattern_mismatch":
        return f"{key} must match {context['pattern']}, not {_show(given)}", key
    if code == "value_error":
        message = str(context["error"])
        # Relations between keys name them in full; a check of one value does not.
        return (message if "." in message.split(" ")[0] else f"{key} {message}"), key
    return f"{key}: {detail['msg']}", key


def _suggest(kind: type[BaseModel], loc: tuple[int | str, ...], prefix: str) -> str:
    parent = tuple(step for step in loc[:-1] if isinstance(step, str))
    wrong = str(loc[-1])
    every = list(_keys(kind))
    siblings = [path[-1] for path in every if path[:-1] == parent]
    close = difflib.get_close_matches(wrong, siblings, n=1, cutoff=0.6)
    if close:
        start = ((prefix,) if prefix else ()) + tuple(loc[:-1])
        return f"; did you mean {dotted((*start, close[0]))}?"
    # The right name in the wrong place, e.g. num_epochs at the top.
    exact = [path for path in every if path[-1] == wrong] or [
        path for path in every if difflib.SequenceMatcher(None, path[-1], wrong).ratio() >= 0.85
    ]
    if exact:
        start = (prefix,) if prefix else ()
        return f"; did you mean {dotted((*start, *min(exact, key=len)))}?"
    return f"; known here: {', '.join(siblings)}" if siblings else ""


def _keys(kind: type[BaseModel], parent: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in kind.model_fields.items():
        yield (*parent, name)
        candidates = (field.annotation, *get_args(field.annotation))
        for candidate in candidates:
            if isinstance(candidate, type) and issubclass(candidate, BaseModel):
                yield from _keys(candidate, (*parent, name))


def dotted(steps: Sequence[str | int]) -> str:
    """Write steps as people do: text joined by dots, indices in brackets."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def value_at(values: object, steps: Sequence[str]) -> object:
    """Give what stands in nested plain data; None where nothing does: specs of older versions lack some."""
    for step in steps:
        values = values.get(step) if isinstance(values, Mapping) else None
    return values


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
