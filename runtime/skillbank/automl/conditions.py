"""When a parameter counts: conditions on other keys, by what its name means in this family."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from skillbank.bank.relations import Lookup


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


_ADAPTIVE = re.compile(r"ada|adam|lamb|radam")
_OPTIMIZER = ("optimizer", "optim", "type", "name", "optimizer_type", "optm_name")
_SCHEDULE = ("lr_scheduler", "scheduler", "policy", "lr_policy")
_SWITCH = ("enable", "enabled")
_STEPPED = ("steplr", "step", "step_lr")
_RULES: tuple[tuple[re.Pattern[str], tuple[str, ...], Callable[[str], bool], str], ...] = (
    (re.compile("momentum"), _OPTIMIZER, lambda v: not _ADAPTIVE.match(v), "not when {} is Adam-like"),
    (re.compile(r"betas?[12]?|beta_[12]"), _OPTIMIZER, lambda v: "sgd" not in v, "not when {} is SGD"),
    (re.compile("(lr_)?step_size"), _SCHEDULE, lambda v: v in _STEPPED, "only when {} is StepLR"),
    (
        re.compile("lr_steps|milestones"),
        _SCHEDULE,
        lambda v: v.startswith("multi"),
        "only when {} is MultiStep",
    ),
    (
        re.compile(r"(?!enabled?$).*"),
        _SWITCH,
        lambda v: v in ("true", "1", "yes", "on"),
        "only when {} is true",
    ),
)
"""Names of parameters; of each, the key beside it that decides, the values of that with which it counts."""


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

    def beside(names: tuple[str, ...]) -> str | None:
        keys = (f"{section}.{name}" if section else name for name in names if name != leaf)
        return next((other for other in keys if exists(other)), None)

    rules = ((names, accepts, reason) for name, names, accepts, reason in _RULES if name.fullmatch(leaf))
    return tuple(
        Condition(other, accepts, reason.format(other))
        for names, accepts, reason in rules
        if (other := beside(names)) is not None
    )
