"""How long a training on little data lasts: passes over it until as much was seen as usually."""

from __future__ import annotations

import math
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.plan.request import Request, Setting
from skillbank.plan.slot_keys import key_of, meant
from skillbank.plan.slots import slot

__all__ = ["enough_epochs"]

_SEEN = 2000
"""Pictures that a fine-tuning should see, counted with repetition. Of 48 pictures the usual ten passes are 60
steps of eight: a model has hardly begun (``benchmarks/loop``)."""
_MOST = 100


def enough_epochs(
    request: Request, skill: Skill, action: Action, pictures: int, what: str
) -> tuple[Request, tuple[str, ...]]:
    """Return a training's request with more epochs than its default where the data is little, and say so.

    Nothing changes where epochs were said, or the skill has no such value or no usual number of it.

    Parameters
    ----------
    pictures
        That are trained on.
    what
        The data, for the sentence.
    """
    epochs = key_of(skill, action, slot("epochs"))
    if epochs is None or pictures < 1 or request.settled:
        return request, ()
    key = meant(skill, action, epochs)
    if any(meant(skill, action, each.key) == key for each in request.settings):
        return request, ()
    usual = _at(skill.template(action)[0], key)
    if not isinstance(usual, int) or isinstance(usual, bool):
        return request, ()
    wanted = min(_MOST, math.ceil(_SEEN / pictures))
    if wanted <= usual:
        return request, ()
    why = f"not said, and {what} has only {pictures:,} pictures to train on"
    settings = (*request.settings, Setting(key=epochs, value=wanted, why=why))
    said = (
        f"{what} has {pictures:,} pictures to train on, so {wanted} epochs are meant instead of {usual}; "
        "say how many you want if it should be others"
    )
    return request.model_copy(update={"settings": settings}), (said,)


def _at(document: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(document, dict) or part not in document:
            return None
        document = document[part]
    return document
