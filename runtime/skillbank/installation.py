"""How to install more of skillbank, where this one came from: an index, a checkout, a wheel, a repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution, requires, version
from pathlib import Path
from types import ModuleType

from skillbank.errors import PlatformError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from packaging import requirements

__all__ = ["how_to_install", "need"]


def how_to_install(extra: str) -> str:
    """Return the command that adds an extra to this installation, as a person would type it.

    Parameters
    ----------
    extra : str
        One of the names under ``optional-dependencies`` in pyproject.toml.

    Returns
    -------
    str
        E.g. ``pip install 'skillbank[engine]'`` where it came from an index, and out of a checkout
        ``pip install -e '/src/skillbank[engine]'``.
    """
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return f"pip install -e '{checkout}[{extra}]'"
    source = _came_from()
    return f"pip install 'skillbank[{extra}]{f' @ {source}' if source else ''}'"


def need(extra: str, what: str, *modules: str | ModuleType) -> None:
    """Import what an extra brings; where a package of it is missing, that is said in one sentence.

    Parameters
    ----------
    extra : str
        Its name.
    what : str
        What needs it, at the beginning of a sentence: ``the page``.
    *modules : str or module
        What is wanted of it later on, and what of ours is built on it (imported lazily); it is imported now.

    Raises
    ------
    PlatformError
        When a package of others is missing, or is there in a version that lacks what is imported.
    """
    try:
        for module in modules:
            import_module(module if isinstance(module, str) else module.__name__)
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "skillbank"):
            raise
        how = f"{how_to_install(extra)} brings it"
        there = f"the package {package} is not installed"
        for name, had, wanted in _others(extra):
            # Whoever installed that version has packages that want it.
            there = f"{name} {had} is installed where {wanted} is wanted"
            how = f"in an environment of its own {how}"
        raise PlatformError(f"{what} needs more than the core of skillbank, and {there}; {how}") from None


def _others(extra: str) -> Iterator[tuple[str, str, str]]:
    """Yield the first package of an extra that is there in another version than it wants."""
    try:
        lines = requires("skillbank") or []
    except PackageNotFoundError:
        return
    for requirement in map(requirements.Requirement, lines):
        if requirement.marker is None or not requirement.marker.evaluate({"extra": extra}):
            continue
        try:
            had = version(requirement.name)
        except PackageNotFoundError:
            continue
        if not requirement.specifier.contains(had, prereleases=True):
            yield requirement.name, had, f"{requirement.name}{requirement.specifier}"
            return


def _came_from() -> str:
    """The address that pip noted when it installed this one, or nothing where that was an index."""
    try:
        noted = json.loads(distribution("skillbank").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    address = str(noted.get("url", ""))
    repository = noted.get("vcs_info")
    if repository:
        return f"{repository['vcs']}+{address}@{repository['commit_id']}"
    return address
