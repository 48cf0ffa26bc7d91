"""The platforms that there are: ours, and those of packages that are installed."""

from __future__ import annotations

from skillbank.environment import PLATFORM
from skillbank.errors import UsageError, did_you_mean
from skillbank.lazy_imports import lazy_imports
from skillbank.platforms.base import Platform
from skillbank.platforms.foreign import ForeignPlatform
from skillbank.plugins import Group, guarded, names, offer

with lazy_imports():
    from skillbank.plan.reader import offered

__all__ = ["checked_platform", "chosen_platform", "get_platform", "known_platforms"]

_USUAL = "local"


def known_platforms() -> tuple[str, ...]:
    """Return the platforms that a plan may name: ours, and those of packages that are installed."""
    return names(Group.PLATFORMS)


def checked_platform(name: str, said: str = "") -> str:
    """Return the name of a platform that there is.

    Parameters
    ----------
    said
        Where the name stands when it is not the request itself, such as a variable of the environment.
    """
    if offer(Group.PLATFORMS, name) is None:
        where = f", which {said} names" if said else ""
        word = name.strip().lower()
        known = known_platforms()
        near = did_you_mean(offered.also_called().get(word, word), known)
        raise UsageError(f"there is no platform '{name}'{where}{near}; there are: {', '.join(known)}")
    return name


def chosen_platform(said: str | None) -> str:
    """Return where a request is to run: where it says, else where SKILLBANK_PLATFORM says, else here."""
    if said is not None:
        return checked_platform(said)
    named = PLATFORM.value
    return checked_platform(named, PLATFORM.name) if named else _USUAL


def get_platform(name: str) -> Platform:
    """Return a platform by name; its module is imported only now."""
    checked_platform(name)
    found = offer(Group.PLATFORMS, name)
    assert found is not None

    def fits(made: object) -> bool:
        return isinstance(made, type) and issubclass(made, Platform) and getattr(made, "name", "") == name

    kind = found.load(fits, f"a subclass of skillbank.platforms.base.Platform with name = '{name}'")
    with guarded(found, "cannot be started"):
        platform: Platform = kind()
        if not found.package:
            return platform

        return ForeignPlatform(platform, found)
