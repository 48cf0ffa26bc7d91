"""Packages that only some actions need; each comes with an extra of skillbank."""

import json
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType

from skillbank_engine.errors import MissingPackageError


def require(package: str, extra: str, purpose: str) -> ModuleType:
    """Import a package that may be missing.

    Parameters
    ----------
    package : str
        Dotted name of the module.
    extra : str
        The extra of skillbank that brings it.
    purpose : str
        What needs it, as the beginning of a sentence.

    Raises
    ------
    MissingPackageError
        It is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        name = package.partition(".")[0]
        raise MissingPackageError(
            f"{purpose} needs the package {name}, which is not installed: {how_to_install(extra)}"
        ) from error


def how_to_install(extra: str) -> str:
    """Return the command that adds an extra of skillbank where this engine came from.

    The runtime has the same sentence; neither of the two packages imports the other.
    """
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return f"pip install -e '{checkout}[{extra}]'"
    source = _came_from()
    return f"pip install 'skillbank[{extra}]{f' @ {source}' if source else ''}'"


def _came_from() -> str:
    """The address that pip noted when it installed skillbank, or nothing where that was an index."""
    try:
        noted = json.loads(distribution("skillbank").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    address = str(noted.get("url", ""))
    repository = noted.get("vcs_info")
    if repository:
        return f"{repository['vcs']}+{address}@{repository['commit_id']}"
    return address
