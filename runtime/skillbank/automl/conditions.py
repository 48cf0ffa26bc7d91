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
