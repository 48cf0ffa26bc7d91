"""Who leaves out what is broken in the data: the run that makes it fit, or the program by its own key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError
from skillbank.plan.model import InputBinding
from skillbank.plan.request import Request, Setting

__all__ = ["NAME", "left_to_program", "settled"]

NAME = "on_broken"
"""The slot, and the shorthand under which a skill names a key of its own for it."""


def left_to_program(skill: Skill, action: Action, request: Request) -> Request:
    """Return a request whose word on broken data is a setting, where the skill's program has a key for it."""
    key = skill.shorthands(action).get(NAME)
    if request.on_broken is None or key is None:
        return request
    others = [each.value for each in request.settings if each.key in (NAME, key)]
    if any(value != request.on_broken for value in others):
        raise ConflictError(
            f"{key} is {others[0]}, and {request.on_broken} is said of broken data; keep one."
        )
    added = () if others else (Setting(key=key, value=request.on_broken),)
    return request.model_copy(update={NAME: None, "settings": (*request.settings, *added)})


def settled(request: Request, inputs: Sequence[InputBinding]) -> tuple[Literal["refuse", "skip"], str]:
    """Return what becomes of broken data, and a warning where nothing that is read could be left out."""
    if request.on_broken != "skip":
        return "refuse", ""
    if any(binding.place for binding in inputs):
        return "skip", ""
    return "refuse", f"{request.action} reads its data as it is, so that nothing broken is left out of it"
