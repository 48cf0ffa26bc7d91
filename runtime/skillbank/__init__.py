"""skillbank: a bank of agent skills and the runtime that compiles and runs them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.errors import SkillbankError
    from skillbank.jobs.record import JobRecord, JobState
    from skillbank.plan.model import Plan
    from skillbank.plan.request import Request
    from skillbank.runtime import Runtime

__version__ = "0.2.0"
__all__ = ["JobRecord", "JobState", "Plan", "Request", "Runtime", "Skill", "SkillbankError", "__version__"]

_HOME = {
    "JobRecord": "skillbank.jobs.record",
    "JobState": "skillbank.jobs.record",
    "Plan": "skillbank.plan.model",
    "Request": "skillbank.plan.request",
    "Runtime": "skillbank.runtime",
    "Skill": "skillbank.bank.skill",
    "SkillbankError": "skillbank.errors",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``import skillbank`` costs nothing."""
    if name not in _HOME:
        raise AttributeError(f"module 'skillbank' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
