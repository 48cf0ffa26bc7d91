"""automl_policy and route: whether a train action is searched over or run once."""

from __future__ import annotations

from skillbank.bank.skill import Skill
from skillbank.plan.model import Policy, Route
from skillbank.plan.products import SEARCHED
from skillbank.plan.request import Request

NOT_RUNNABLE = "AutoML is enabled but not runnable for this skill until schemas are generated"


def resolve_policy(request: Request) -> Policy:
    """Explicit value, else plain words, else auto."""
    if request.automl is not None:
        return Policy(value=request.automl, source=request.automl_source)
    return Policy(value="auto", source="default")


SEARCH_SKILL = "tao-run-automl"
"""The skill that a search goes through, with the model skill's folder."""


def resolve_route(skill: Skill, action: str, policy: Policy) -> Route:
    """Decide between AutoML and a direct run, and say why and through which skill."""
    route = _route(skill, action, policy)
    through = SEARCH_SKILL if route.name == "automl" else skill.name
    return route.model_copy(update={"skill": through, "skill_dir": skill.folder})


def _route(skill: Skill, action: str, policy: Policy) -> Route:
    if action != SEARCHED:
        return Route(
            name="direct", reason=f"only the {SEARCHED} action is searched over, '{action}' runs once"
        )
    if policy.value == "off":
        return Route(name="direct", reason=f"automl_policy is off ({policy.source})")
    if not skill.info.automl_enabled:
        reason = "the skill is not AutoML-enabled"
        return Route(name="direct", reason=reason)
    problem = skill.automl_problem
    if problem is not None:
        reason = f"{NOT_RUNNABLE}: {problem}"
        return Route(name="direct", reason=reason)
    reason = f"automl_policy is {policy.value}, the skill is AutoML-enabled and its train schema is packaged"
    return Route(name="automl", reason=reason)
