"""Where jobs run: four verbs, one module per platform."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError, did_you_mean

if TYPE_CHECKING:
    from skillbank.platforms.base import Platform

__all__ = ["AVAILABLE", "KNOWN", "get_platform"]

_MODULES = {
    "local": "LocalPlatform",
    "docker": "DockerPlatform",
    "slurm": "SlurmPlatform",
    "kubernetes": "KubernetesPlatform",
}
AVAILABLE = tuple(_MODULES)
"""Platforms that this version can run jobs on."""
KNOWN = ("local", "docker", "slurm", "kubernetes")
"""Platforms that a plan may name."""


def get_platform(name: str) -> Platform:
    """Return a platform by name; its module is imported only now.

    Raises
    ------
    PlatformError
        When this version does not have the platform, or nobody has.
    """
    if name in _MODULES:
        module = import_module(f"skillbank.platforms.{name}")
        platform: Platform = getattr(module, _MODULES[name])()
        return platform
    there = ", ".join(AVAILABLE)
    if name in KNOWN:
        raise PlatformError(
            f"platform '{name}' is not available in this version of skillbank; it has: {there}"
        )
    raise PlatformError(
        f"there is no platform '{name}'{did_you_mean(name, KNOWN)}; this version has: {there}"
    )
