"""How one key must stand to others: ``> depends_on``, a bare ``depends_on``, and the word ``relation``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillbank.bank.limits import Limits, is_number

if TYPE_CHECKING:
    from skillbank.bank.schema import SpecSchema

__all__ = ["Lookup", "Relation", "parse_relation", "relation_of"]

Lookup = Callable[[str], object]
"""Gives the value that a key has in one configuration, or None."""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Relation:
    """A number must be in order with a product of other keys and numbers.

    Attributes
    ----------
    operator
        One of ``>``, ``>=``, ``<``, ``<=``; the number stands left of it.
    keys
        Dotted keys that are multiplied.
    factor
        Number that their product is multiplied by.
    """

    operator: str
    keys: tuple[str, ...]
    factor: float = 1.0

    def side(self, lookup: Lookup) -> float | None:
        """Return the right side's value, or None when a key holds no number."""
        product = self.factor
        for key in self.keys:
            value = lookup(key)
            if not is_number(value) or not math.isfinite(value):
                return None
            product *= value
        return product

    def holds(self, value: float, lookup: Lookup) -> bool:
        """Whether a value is in order; a right side without a number forbids nothing."""
        side = self.side(lookup)
        if side is None:
            return True
        return {">": value > side, ">=": value >= side, "<": value < side, "<=": value <= side}[self.operator]

    @property
    def is_floor(self) -> bool:
        """Whether it bounds the number from below."""
        return self.operator.startswith(">")

    @property
    def is_strict(self) -> bool:
        """Whether equality is refused."""
        return len(self.operator) == 1

    def __str__(self) -> str:
        terms = [*self.keys] if self.factor == 1 else [f"{self.factor:g}", *self.keys]
        return f"{self.operator} {' * '.join(terms)}"


def parse_relation(text: object) -> Relation | None:
    """Read a schema's ``relation`` word, e.g. ``<= model.num_queries * model.max_text_len``."""
    if not isinstance(text, str):
        return None
    operator = re.match(r"\s*(>=|<=|>|<)", text)
    terms = [t.strip() for t in text[operator.end() :].split("*")] if operator else []
    if not operator or not all(re.fullmatch(r"\S+", t) for t in terms):
        return None
    keys, factor = [], 1.0
    for term in terms:
        if _NUMBER.fullmatch(term):
            factor *= float(term)
        else:
            keys.append(term)
    return Relation(operator[1], tuple(keys), factor) if keys else None


def relation_of(schema: SpecSchema, key: str) -> Relation | None:
    """Return the order that a schema demands between this key and others, or None.

    The word ``relation`` speaks first. A bare ``depends_on`` between numbers means "no more than": selected
    queries of all queries.
    """
    node = schema.node(key)
    if node is None:
        return None
    relation = parse_relation(node.words.get("relation"))
    other = node.words.get("depends_on")
    if relation is not None or not isinstance(other, str):
        return relation
    target = schema.node(other)
    if target is None or target.kind not in ("integer", "number"):
        return None
    if node.kind not in ("integer", "number") and not is_number(node.words.get("default")):
        return None
    return Relation(Limits.of(node.words).order or "<=", (other,))
