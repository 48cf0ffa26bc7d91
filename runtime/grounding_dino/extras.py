"""Packages that only some actions need; each comes with an extra of skillbank."""

from importlib import import_module
from typing import Any

from grounding_dino.errors import MissingPackageError


def require(package: str, extra: str, purpose: str) -> Any:
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
            f"{purpose} needs the package {name}, which is not installed: pip install 'skillbank[{extra}]'"
        ) from error
