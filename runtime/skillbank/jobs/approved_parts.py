"""What the approval of a plan covers besides: attempts at half the batch, and the parts of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skillbank.jobs.record import SEARCH
from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path, leaves, set_path

__all__ = ["part_of_search", "same_but", "taken"]

_OF_TRIALS = ("spec", "overrides", "parents", "route", "automl_policy", "automl", "search", "questions")
"""What of a plan is another one in a trial or an evaluation of it."""


def taken(plan: Plan, parents: Sequence[str]) -> set[str]:
    """Return the jobs that a part of a search would take models from."""
    return {*parents, *(ref.job for ref in plan.parents if ref.job is not None)}


def part_of_search(plan: Plan, search: Plan, number: int | None) -> bool:
    """Say whether a plan is what a search runs: a trial, the evaluation of its model, or its baseline.

    Parameters
    ----------
    number
        Of the trial; no search has more than it says. None for what is no trial.
    """
    if search.route.name != SEARCH or plan.route.name == SEARCH:
        return False
    most, needs = (search.automl or {}).get("max_recommendations"), search.search
    if number is not None and isinstance(most, int) and number >= most:
        return False
    others = (needs.evaluation, needs.baseline) if needs is not None else ()
    return any(_alike(plan, part) for part in (search, *others) if part)


def _alike(plan: Plan, part: Plan) -> bool:
    """Say whether a trial runs what a part of its search runs: only values may be others, and no place."""

    def of(each: Plan) -> dict[str, object]:
        return each.model_dump(mode="json", exclude=set(_OF_TRIALS))

    return of(plan) == of(part) and _named(plan.spec) <= _named(part.spec) | _named(part.automl or {})


def _named(document: Mapping[str, object]) -> set[str]:
    """Return the texts of a spec, or of a search's settings, keys among them, that may be places."""
    found: set[str] = set()
    for path, value in leaves(document):
        texts = [*path, *(value if isinstance(value, list) else [value])]
        found |= {text for text in texts if isinstance(text, str) and "/" in text}
    return found


def same_but(first: Plan, plan: Plan, batch_key: str | None) -> bool:
    """Say whether two plans are one but for the size of a batch, which was halved and nothing else."""
    if batch_key is not None and not _halved(get_path(first.spec, batch_key), get_path(plan.spec, batch_key)):
        return False

    def rest(each: Plan) -> object:
        document = each.model_dump(mode="json")
        if batch_key is not None:
            set_path(document["spec"], batch_key, None)
            document["overrides"] = [o for o in document["overrides"] if o["key"] != batch_key]
        document.pop("plan_id", None)
        return document

    return rest(first) == rest(plan)


def _halved(whole: object, part: object) -> bool:
    if whole == part:
        return True
    if type(whole) is not int or type(part) is not int:
        return False
    return 0 < part < whole and part in (whole >> n for n in range(1, whole.bit_length()))
