"""Whether a *change* of a spec value is allowed, and which type it takes.

Shipped defaults are not judged when a plan is made; lint does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain

from skillbank.bank.limits import is_number, options_of, shown
from skillbank.bank.schema import Node, SpecSchema
from skillbank.errors import SpecError, did_you_mean
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.bank import grammar


def coerce(value: object, node: Node | None) -> object:
    """Turn a YAML reading into what the schema's type wants: ``off`` to text, ``"1e-5"`` to a number."""
    if node is None:
        return value
    options = options_of(node.words)
    if node.branches and options is None:
        return _coerced_to_one(value, node)
    read_as = _SCALARS.get(node.kind)
    read = None if read_as is None else read_as(value)
    if read is not None:
        return read
    if options is not None and value not in options and isinstance(value, bool | str):
        return _option_meant(value, options)
    if node.kind == "array":
        return _entries(value, node.item)
    if node.kind == "object" and isinstance(value, dict):
        return {k: coerce(v, node.children.get(k)) for k, v in value.items()}
    return value


def _as_number(value: object) -> object:
    """Return a text or a whole number as a float where it can be one; None for what is not read as one."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 10**308 else value
    return None


def _as_integer(value: object) -> int | None:
    """Return digits, or a float without a fraction, as a whole number; None for what is not read as one."""
    if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,300}", value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return None


def _as_text(value: object) -> str | None:
    """Return a number or a switch as text; None for what is text already, or no scalar."""
    if value is None or isinstance(value, str | dict | list):
        return None
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _as_switch(value: object) -> bool | None:
    """Return what a word says of a switch; None for what says nothing of one."""
    return _BOOLEANS.get(value.lower()) if isinstance(value, str) else None


def _option_meant(value: bool | str, options: list[object]) -> object:
    """Return the listed value that is meant in another case ("fp16" for "FP16"), or by a YAML boolean."""
    spellings = _SPELLINGS[value] if isinstance(value, bool) else (value.lower(),)
    return next((o for o in options if str(o).lower() in spellings), value)


def _entries(value: object, item: Node | None) -> object:
    """Return a list with each entry read; one word or number alone is a list of one."""
    if isinstance(value, list) and item is not None:
        return [coerce(v, item) for v in value]
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return [coerce(value, item)]
    return value


_SCALARS: dict[str, Callable[[object], object]] = {
    "number": _as_number, "integer": _as_integer, "string": _as_text, "boolean": _as_switch,
}  # fmt: skip
"""How a value is read as a scalar of each kind; None where it is left as it is."""


_SPELLINGS = {True: ("on", "yes", "true"), False: ("off", "no", "false")}
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _coerced_to_one(value: object, node: Node) -> object:
    """Leave a value as it is where one of several types takes it, else read it as the first that can."""
    # One word is not made a list of one here: it would fit whatever it says.
    wanted = [b for b in node.branches if b.kind != "array" or isinstance(value, list)]
    # One after another: types of types of types would take long to be read in every way.
    for read in chain([value], (coerce(value, branch) for branch in wanted)):
        if any(not grammar.problems(read, branch) for branch in node.branches):
            return read
    return value


def check(key: str, value: object, node: Node | None, known: Callable[[], tuple[str, ...]] = tuple) -> None:
    """Refuse a changed value that the schema forbids.

    Raises
    ------
    SpecError
        One sentence for each place of the value: the key, the value, the rule, and what would be accepted.
    """
    if node is None:
        return
    sentences = []
    for path, problem in grammar.problems(value, node):
        full = _joined(key, path)
        hint = did_you_mean(full, known()) if problem == grammar.UNKNOWN else ""
        sentences.append(f"{full} {problem}{hint}.")
    if sentences:
        more = f" And {len(sentences) - SHOWN} more." if len(sentences) > SHOWN else ""
        raise SpecError(" ".join(sentences[:SHOWN]) + more)


SHOWN = 5
"""So many faults of one value are listed."""


def _joined(key: str, path: Iterable[str | int]) -> str:
    for part in path:
        key = f"{key}[{part}]" if isinstance(part, int) else f"{key}.{part}" if key else part
    return key


def check_relations(schema: SpecSchema, changed: Iterable[str], value_of: Callable[[str], object]) -> None:
    """Refuse changes that put related keys out of order; shipped defaults are not judged."""
    touched = set(changed)
    for key, relation in schema.relations:
        mine = value_of(key) if touched & {key, *relation.keys} else None
        if is_number(mine) and not relation.holds(mine, value_of):
            side = relation.side(value_of)
            raise SpecError(
                f"{key} is {shown(mine)}, but it must be {relation}, which is {shown(side or 0)}."
            )
