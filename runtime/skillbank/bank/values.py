"""Whether a *change* of a spec value is allowed, and which type it takes.

Shipped defaults are not judged when a plan is made; lint does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from skillbank.bank.limits import is_number, options_of, shown
from skillbank.bank.schema import Node, SpecSchema
from skillbank.errors import SpecError, did_you_mean


def coerce(value: Any, node: Node | None) -> Any:
    """Turn a YAML reading into what the schema's type wants: ``off`` to text, ``"1e-5"`` to a number."""
    if node is None:
        return value
    if node.branches and options_of(node.words) is None:
        return _coerced_to_one(value, node)
    kind = node.kind
    if kind == "number" and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 10**308 else value
    if kind == "integer":
        if isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,300}", value.strip()):
            return int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            return int(value)
    if kind == "string" and value is not None and not isinstance(value, str | dict | list):
        return "true" if value is True else "false" if value is False else str(value)
    if kind == "boolean" and isinstance(value, str) and value.lower() in _BOOLEANS:
        return _BOOLEANS[value.lower()]
    options = options_of(node.words)
    if options is not None and value not in options and isinstance(value, bool | str):
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


def _coerced_to_one(value: Any, node: Node) -> Any:
    """Leave a value as it is where one of several types takes it, else read it as the first that can."""
    from skillbank.bank.grammar import problems

    # One word is not made a list of one here: it would fit whatever it says.
    wanted = [b for b in node.branches if b.kind != "array" or isinstance(value, list)]
    for read in (value, *(coerce(value, branch) for branch in wanted)):
        if any(not problems(read, branch) for branch in node.branches):
            return read
    return value


def check(key: str, value: Any, node: Node | None, known: tuple[str, ...] = ()) -> None:
    """Refuse a changed value that the schema forbids.

    Raises
    ------
    SpecError
        One sentence for each place of the value: the key, the value, the rule, and what would be accepted.
    """
    if node is None:
        return
    # Here, because most plans change nothing that has to be checked and start faster without it.
    from skillbank.bank.grammar import UNKNOWN, problems

    sentences = []
    for path, problem in problems(value, node):
        full = _joined(key, path)
        hint = did_you_mean(full, known) if problem == UNKNOWN else ""
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


def check_relations(schema: SpecSchema, changed: Iterable[str], value_of: Callable[[str], Any]) -> None:
    """Refuse changes that put related keys out of order; shipped defaults are not judged.

    Raises
    ------
    SpecError
        Naming the keys and their values.
    """
    touched = set(changed)
    for key, relation in schema.relations:
        mine = value_of(key) if touched & {key, *relation.keys} else None
        if is_number(mine) and not relation.holds(mine, value_of):
            side = relation.side(value_of)
            raise SpecError(
                f"{key} is {shown(mine)}, but it must be {relation}, which is {shown(side or 0)}."
            )
