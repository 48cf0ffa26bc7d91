"""Whether a *change* of a spec value is allowed, and which type it takes.

Shipped defaults are not judged when a plan is made; lint does that.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from skillbank.bank.schema import Node, SpecSchema
from skillbank.errors import SpecError, did_you_mean


def coerce(value: Any, node: Node | None) -> Any:
    """Turn a YAML reading into what the schema's type wants: ``off`` to text, ``"1e-5"`` to a number."""
    if node is None:
        return value
    kind = node.kind
    if kind == "number" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind == "integer":
        if isinstance(value, str) and re.fullmatch(r"[-+]?\d+", value.strip()):
            return int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
    if kind == "string" and value is not None and not isinstance(value, str | dict | list):
        return "true" if value is True else "false" if value is False else str(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    options = node.words.get("enum")
    if isinstance(options, list) and value not in options and isinstance(value, bool | str):
        # Case is forgiven ("fp16" for "FP16"), and YAML's booleans for words such as 'no'.
        spellings = _SPELLINGS[value] if isinstance(value, bool) else (value.lower(),)
        return next((o for o in options if str(o).lower() in spellings), value)
    if kind == "array" and isinstance(value, list) and node.item is not None:
        return [coerce(v, node.item) for v in value]
    if kind == "array" and isinstance(value, str | int | float) and not isinstance(value, bool):
        return [coerce(value, node.item)]
    if kind == "object" and isinstance(value, dict):
        return {k: coerce(v, node.children.get(k)) for k, v in value.items()}
    return value


_SPELLINGS = {True: ("on", "yes", "true"), False: ("off", "no", "false")}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def check(key: str, value: Any, node: Node | None, known: tuple[str, ...] = ()) -> None:
    """Refuse a changed value that the schema forbids.

    Raises
    ------
    SpecError
        One sentence with the key, the value, the rule, and what would be accepted.
    """
    if node is None or (value is None and node.nullable):
        return
    words = node.words
    if value is None:
        # The family leaves optional values unset with null; only a declared default forbids that.
        if words.get("default", None) is None:
            return
        raise SpecError(f"{key} cannot be empty; it is {_article(node.kind)}, default {words['default']!r}.")
    if isinstance(value, str) and "{" in value and node.kind in ("string", "any"):
        return
    if not _has_kind(value, node.kind):
        raise SpecError(f"{key} must be {_article(node.kind)}, not {_show(value)}.")
    options = words.get("enum")
    entries = value if isinstance(value, list) and not _lists_among(options) else [value]
    if isinstance(options, list) and options and any(entry not in options for entry in entries):
        listed = ", ".join(str(o) for o in options)
        raise SpecError(f"{key} is {_show(value)}, but it must be one of {listed}.")
    if isinstance(value, int | float) and not isinstance(value, bool):
        _check_bounds(key, value, words)
    if isinstance(value, str) and isinstance(words.get("pattern"), str) and value:
        _check_pattern(key, value, words["pattern"])
    if isinstance(value, list) and node.item is not None:
        for i, entry in enumerate(value):
            check(f"{key}[{i}]", entry, node.item, known)
    if isinstance(value, dict) and node.children:
        for name, entry in value.items():
            if name not in node.children and node.closed:
                full = f"{key}.{name}" if key else name
                raise SpecError(f"{full} is not a key of this spec{did_you_mean(full, known)}.")
            check(f"{key}.{name}" if key else name, entry, node.children.get(name), known)


def check_relations(schema: SpecSchema, changed: Iterable[str], value_of: Callable[[str], Any]) -> None:
    """Refuse changes that put two related keys out of order; shipped defaults are not judged.

    Raises
    ------
    SpecError
        Naming both keys and their values.
    """
    touched = set(changed)
    for key, operator, other in schema.relations:
        if not touched & {key, other}:
            continue
        mine, theirs = _number(value_of(key)), _number(value_of(other))
        if mine is not None and theirs is not None and not _ORDERS[operator](mine, theirs):
            raise SpecError(f"{key} is {mine:g}, but it must be {operator} {other}, which is {theirs:g}.")


_ORDERS: dict[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}


def _lists_among(options: Any) -> bool:
    """Whether an enum names whole lists; otherwise it names what a list may be made of."""
    return isinstance(options, list) and any(isinstance(o, list) for o in options)


def _check_bounds(key: str, value: float, words: Mapping[str, Any]) -> None:
    if not math.isfinite(value):
        raise SpecError(f"{key} is {value}, but it must be a finite number.")
    low, high = _number(words.get("minimum")), _number(words.get("maximum"))
    above, below = _number(words.get("exclusiveMinimum")), _number(words.get("exclusiveMaximum"))
    condition = str(words.get("math_cond", ""))
    for operator, bound in re.findall(r"(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)", condition):
        if operator == ">":
            above = float(bound) if above is None else max(above, float(bound))
        elif operator == "<":
            below = float(bound) if below is None else min(below, float(bound))
        elif operator == ">=":
            low = float(bound) if low is None else max(low, float(bound))
        else:
            high = float(bound) if high is None else min(high, float(bound))
    for factor in re.findall(r"/\s*(\d+)", condition):
        if int(factor) and value % int(factor):
            raise SpecError(f"{key} is {value:g}, but it must be a multiple of {factor}.")
    if re.search(r"\^\s*2\b", condition) and (value < 1 or math.log2(value) % 1):
        raise SpecError(f"{key} is {value:g}, but it must be a power of 2.")
    for forbidden in re.findall(r"!=\s*(-?\d+(?:\.\d+)?)", condition):
        if value == float(forbidden):
            raise SpecError(f"{key} must not be {forbidden}.")
    if (low is not None and value < low) or (above is not None and value <= above):
        rule = (
            f"at least {low:g}" if above is None or (low is not None and low > above) else f"above {above:g}"
        )
        raise SpecError(f"{key} is {value:g}, but it must be {rule}.")
    if (high is not None and value > high) or (below is not None and value >= below):
        rule = (
            f"at most {high:g}"
            if below is None or (high is not None and high < below)
            else f"below {below:g}"
        )
        raise SpecError(f"{key} is {value:g}, but it must be {rule}.")


def _check_pattern(key: str, value: str, pattern: str) -> None:
    try:
        if re.search(pattern, value[:2000]) is None:
            raise SpecError(f"{key} is {_show(value)}, but it must match {pattern}.")
    except re.error:
        return


def _has_kind(value: Any, kind: str) -> bool:
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    wanted: dict[str, type] = {"boolean": bool, "string": str, "array": list, "object": dict}
    return isinstance(value, wanted.get(kind, object))


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None


def _article(kind: str) -> str:
    words = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "text"}
    return {**words, "array": "a list", "object": "a mapping"}.get(kind, "a value")


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
