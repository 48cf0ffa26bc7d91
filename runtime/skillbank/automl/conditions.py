"""When a parameter counts, and how it must stand to others: conditions, relations, ``math_cond``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Values = Mapping[str, Any]
Lookup = Callable[[str], Any]
"""Gives the value that a key has in one configuration, or None: searched values first, then the spec's."""

_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_BOUND = re.compile(rf"(>=|<=|==|!=|>|<)\s*({_NUMBER}|depends_on)")
_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


@dataclass(frozen=True)
class Condition:
    """A parameter counts only while another key has one of some values.

    Attributes
    ----------
    key
        Dotted key that decides.
    accepts
        What its value may be; judged on the lower-case text of the value.
    reason
        Says in words when the parameter counts, e.g. ``only with train.optim.optimizer=SGD``.
    """

    key: str
    accepts: Callable[[str], bool]
    reason: str

    def holds(self, lookup: Lookup) -> bool:
        """Whether the parameter counts; a key that the spec lacks decides nothing."""
        value = lookup(self.key)
        return value is None or self.accepts(str(value).strip().lower())


@dataclass(frozen=True)
class Relation:
    """A parameter must be in order with a product of other keys and numbers.

    Attributes
    ----------
    operator
        One of ``>``, ``>=``, ``<``, ``<=``; the parameter stands left of it.
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
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
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
        """Whether it bounds the parameter from below."""
        return self.operator.startswith(">")

    @property
    def is_strict(self) -> bool:
        """Whether equality is refused."""
        return len(self.operator) == 1

    def __str__(self) -> str:
        terms = [*self.keys] if self.factor == 1 else [f"{self.factor:g}", *self.keys]
        return f"{self.operator} {' * '.join(terms)}"


@dataclass(frozen=True)
class MathCondition:
    """What one ``math_cond`` says.

    Attributes
    ----------
    low, high
        Bounds with whether they are open: ``(value, open)``, or None.
    multiple
        The value is a multiple of this number.
    power
        The value is a power of this number.
    forbidden
        Values it must not have.
    order
        Operator of ``> depends_on`` and the like.
    """

    low: tuple[float, bool] | None = None
    high: tuple[float, bool] | None = None
    multiple: int | None = None
    power: int | None = None
    forbidden: tuple[float, ...] = ()
    order: str | None = None

    @classmethod
    def parse(cls, text: Any) -> MathCondition:
        """Read ``> 0.0 <= 1.0``, ``!= 0``, ``/ 8``, ``^ 2``, ``> depends_on``; other text says nothing."""
        if not isinstance(text, str):
            return cls()
        low: tuple[float, bool] | None = None
        high: tuple[float, bool] | None = None
        forbidden: list[float] = []
        order = None
        for operator, word in _BOUND.findall(text):
            if word == "depends_on":
                order = operator if operator in _FLIPPED else order
                continue
            bound = float(word)
            if operator in (">", ">=", "=="):
                low = max(low or (-math.inf, False), (bound, operator == ">"))
            if operator in ("<", "<=", "=="):
                high = min(
                    high or (math.inf, False), (bound, operator == "<"), key=lambda b: (b[0], not b[1])
                )
            if operator == "!=":
                forbidden.append(bound)
        multiple = re.search(r"/\s*(\d+)", text)
        power = re.search(r"\^\s*(\d+)", text)
        return cls(
            low, high,
            int(multiple[1]) if multiple and int(multiple[1]) > 0 else None,
            int(power[1]) if power and int(power[1]) > 1 else None,
            tuple(forbidden), order,
        )  # fmt: skip


def parse_relation(text: Any) -> Relation | None:
    """Read a schema's ``relation`` word, e.g. ``<= model.num_queries * model.max_text_len``."""
    found = (
        re.fullmatch(r"\s*(>=|<=|>|<)\s*(\S+(?:\s*\*\s*\S+)*)\s*", text) if isinstance(text, str) else None
    )
    if not found:
        return None
    keys, factor = [], 1.0
    for term in re.split(r"\s*\*\s*", found[2]):
        if re.fullmatch(_NUMBER, term):
            factor *= float(term)
        else:
            keys.append(term)
    return Relation(found[1], tuple(keys), factor) if keys else None


_ADAPTIVE = re.compile(r"ada|adam|lamb|radam")
_SIBLINGS_OPTIMIZER = ("optimizer", "optim", "type", "name", "optimizer_type", "optm_name")
_SIBLINGS_SCHEDULE = ("lr_scheduler", "scheduler", "policy", "lr_policy")


def conditions_of(key: str, exists: Callable[[str], bool]) -> tuple[Condition, ...]:
    """Return when a parameter counts, by what its name means in this family.

    Parameters
    ----------
    key
        Dotted key of the parameter.
    exists
        Whether a dotted key is in the schema or the spec.

    Returns
    -------
    tuple of Condition
        Momentum needs an optimiser that has it, betas an adaptive one, a step size the schedule ``StepLR``,
        milestones ``MultiStep``, and what lies beside an ``enable`` switch needs the switch on.
    """
    section, _, leaf = key.rpartition(".")

    def sibling(names: tuple[str, ...]) -> str | None:
        return next((f for n in names if n != leaf and exists(f := f"{section}.{n}" if section else n)), None)

    found = []
    optimizer, schedule = sibling(_SIBLINGS_OPTIMIZER), sibling(_SIBLINGS_SCHEDULE)
    if leaf == "momentum" and optimizer:
        found.append(
            Condition(optimizer, lambda v: not _ADAPTIVE.match(v), f"not when {optimizer} is Adam-like")
        )
    if re.fullmatch(r"betas?[12]?|beta_[12]", leaf) and optimizer:
        found.append(Condition(optimizer, lambda v: "sgd" not in v, f"not when {optimizer} is SGD"))
    if leaf in ("lr_step_size", "step_size") and schedule:
        found.append(Condition(schedule, lambda v: v in _STEPPED, f"only when {schedule} is StepLR"))
    if leaf in ("lr_steps", "milestones") and schedule:
        found.append(
            Condition(schedule, lambda v: v.startswith("multi"), f"only when {schedule} is MultiStep")
        )
    switch = sibling(("enable", "enabled"))
    if switch and leaf not in ("enable", "enabled"):
        found.append(
            Condition(switch, lambda v: v in ("true", "1", "yes", "on"), f"only when {switch} is true")
        )
    return tuple(found)


_STEPPED = ("steplr", "step", "step_lr")
