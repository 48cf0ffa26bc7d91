"""What a program hands over: refused in one sentence where it is another thing than the one that is meant.

`Runtime` is used in notebooks, where nothing checks types before a call. Most such mistakes are one thing in
the place of another that is near: the list that `Runtime.plan` gives for its one plan, or an id for a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skillbank.errors import UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.misfits import refuse_text
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.plan import model
    from skillbank.plan import request as requests

if TYPE_CHECKING:
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.model import Plan
    from skillbank.plan.request import Request

__all__ = ["id_of", "ids_of", "one_plan", "requests_of"]


def one_plan(given: object) -> Plan:
    """Return a plan, or refuse what is none."""
    if isinstance(given, model.Plan):
        return given
    if isinstance(given, list | tuple):
        raise UsageError(
            f"This takes one plan and was given {len(given)} in a list: Runtime.plan returns one for each "
            "step, so take it out ('[plan] = runtime.plan(...)'), or go through them one by one."
        )
    if isinstance(given, str):
        raise UsageError(
            f"This takes a plan and was given the text '{one_line(given, 60)}': Runtime.plan makes plans of "
            "words, and Runtime.jobs.store.get_plan returns one that was kept by its id."
        )
    raise UsageError(f"This takes a plan, as Runtime.plan returns them, and was given {_kind(given)}.")


def id_of(given: object) -> str:
    """Return how a job is named, of its record or as a text; or refuse what is neither."""
    name = given if isinstance(given, str) else getattr(given, "id", None)
    if not isinstance(name, str):
        raise UsageError(
            f"A job is named by its record, which launch returns, or by its id; this is {_kind(given)}."
        )
    return name


def ids_of(given: Sequence[str | JobRecord]) -> list[str]:
    """Return how several jobs are named."""
    refuse_text(given, "parents")
    return [id_of(each) for each in given]


def requests_of(given: object) -> Sequence[Request]:
    """Return the steps that a request is, when it is not in words."""
    several = isinstance(given, list | tuple)
    steps: list[Request] = []
    for each in given if isinstance(given, list | tuple) else [given]:
        if not isinstance(each, requests.Request):
            raise UsageError(
                "A request is one text, or one Request, or a list of a Request for each step; this "
                f"{'holds' if several else 'is'} {_kind(each)}."
            )
        steps.append(each)
    return steps


def _kind(value: object) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
