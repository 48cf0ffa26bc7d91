"""One skill alone pays for what is wrong with it: whatever goes wrong with its content is one sentence."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from skillbank.bank.folder import why_unreadable
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError, SkillFormatError

__all__ = ["said_of_skill"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def said_of_skill(
    function: Callable[Concatenate[Skill, _P], _T],
) -> Callable[Concatenate[Skill, _P], _T]:
    """Let a function of a skill raise our own errors only.

    What a bank says is checked when it is read (`skillbank.bank.shapes`), so nothing should be left that a
    function cannot take. Where something is, the person who asked for that skill gets one sentence, and
    whoever looks for the cause has it as ``__cause__``.
    """

    @wraps(function)
    def said(skill: Skill, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return function(skill, *args, **kwargs)
        except SkillbankError:
            raise
        except Exception as error:
            raise SkillFormatError(
                f"the skill {skill.qualified} in {skill.folder} {why_unreadable(error)}"
            ) from error

    return said
