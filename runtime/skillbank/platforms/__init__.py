"""Where jobs run: four verbs, one module or package per platform."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError, did_you_mean

if TYPE_CHECKING:
    from skillbank.platforms.base import Platform

__all__ = ["KNOWN", "get_platform"]

_CLASSES = {
    "local": ("local", "LocalPlatform"),
    "docker": ("docker.platform", "DockerPlatform"),
    "slurm": ("slurm.platform", "SlurmPlatform"),
    "kubernetes": ("kubernetes.platform", "KubernetesPlatform"),
}
KNOWN = tuple(_CLASSES)
"""Platforms that a plan may name."""


def get_platform(name: str) -> Platform:
    """Return a platform by name; its module is imported only now.

    Raises
    ------
    PlatformError
        When there is no such platform.
    """
    if name not in _CLASSES:
        raise PlatformError(
            f"there is no platform '{name}'{did_you_mean(name, KNOWN)}; there are: {', '.join(KNOWN)}"
        )
    module, class_name = _CLASSES[name]
    platform: Platform = getattr(import_module(f"skillbank.platforms.{module}"), class_name)()
    return platform
