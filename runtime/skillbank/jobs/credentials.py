"""The variables that a plan names, and whether its jobs would have them; their values play no part."""

from __future__ import annotations

from skillbank.errors import PlatformError
from skillbank.plan.model import Plan
from skillbank.platforms.base import Platform, Supply
from skillbank.visible import one_line

__all__ = ["credential_notes", "credential_problems", "shown_variables"]

_MISSING = {
    Supply.EMPTY: ("which is empty here", "which are empty here"),
    Supply.NOWHERE: ("which is not set here", "which are not set here"),
    Supply.NO_SECRET: ("for which no Secret is named", "for which no Secret is named"),
}
_SHOWN = {
    Supply.EMPTY: "empty here",
    Supply.NOWHERE: "not set here",
    Supply.NO_SECRET: "no Secret is named for it",
    Supply.PLATFORM: "set by {}",
    Supply.UNSEEN: "not set here, perhaps in a Secret of {}",
}


def credential_problems(plan: Plan, platform: Platform) -> list[str]:
    """Return which variables a skill needs and no job of the plan would get, each with the way out.

    A profile that cannot be read, so that nobody knows, is a problem of its own.
    """
    missing: dict[Supply, list[str]] = {}
    try:
        for name in _required(plan):
            if (found := platform.supply(plan, name)) in _MISSING:
                missing.setdefault(found, []).append(name)
    except PlatformError as error:
        return [error.sentence]
    who = one_line(plan.skill.name, 60)
    return [
        f"{who} needs the variable{'s' * (len(names) > 1)} {_listed(names)}, "
        f"{_MISSING[found][len(names) > 1]}; {platform.way_to_supply(plan, names)}"
        for found, names in missing.items()
    ]


def credential_notes(plan: Plan, platform: Platform) -> list[str]:
    """Return which variables a skill needs of which nobody here can say whether a job gets them."""
    try:
        unseen = [n for n in _required(plan) if platform.supply(plan, n) is Supply.UNSEEN]
    except PlatformError:
        return []  # said as a problem
    if not unseen:
        return []
    return [
        f"{one_line(plan.skill.name, 60)} needs {_listed(unseen)}, which nothing here sets: the Secrets that "
        f"the profile of {plan.platform} names must hold {'them' if len(unseen) > 1 else 'it'}"
    ]


def shown_variables(plan: Plan, platform: Platform) -> list[str]:
    """Return the names that a plan hands over, each with what is to be known when it is not set."""
    required = _required(plan)
    shown = []
    for name in dict.fromkeys(name for part in plan.parts() for name in part.env_names):
        try:
            said = _SHOWN.get(platform.supply(plan, name), "").format(plan.platform)
        except PlatformError:
            said = "not known whether it is set"
        needed = "needed, and " if said and name in required else ""
        shown.append(one_line(name, 100) + (f" ({needed}{said})" if said else ""))
    return shown


def _required(plan: Plan) -> list[str]:
    return list(dict.fromkeys(name for part in plan.parts() for name in part.env_required))


def _listed(names: list[str]) -> str:
    shown = [one_line(name, 100) for name in names]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
