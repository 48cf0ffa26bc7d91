"""Where jobs run: four verbs, one module or package per platform."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from skillbank.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from skillbank.platforms.base import Platform

__all__ = ["KNOWN", "checked_platform", "chosen_platform", "get_platform"]

_CLASSES = {
    "local": ("local", "LocalPlatform"),
    "docker": ("docker.platform", "DockerPlatform"),
    "slurm": ("slurm.platform", "SlurmPlatform"),
    "kubernetes": ("kubernetes.platform", "KubernetesPlatform"),
}
KNOWN = tuple(_CLASSES)
"""Platforms that a plan may name."""
_USUAL = "local"
_ALSO_CALLED = {
    "k8s": "kubernetes",
    "kube": "kubernetes",
    "container": "docker",
    "localhost": "local",
    "sbatch": "slurm",
}


def checked_platform(name: str, said: str = "") -> str:
    """Return the name of a platform that there is.

    Parameters
    ----------
    said
        Where the name stands when it is not the request itself, such as a variable of the environment.

    Raises
    ------
    UsageError
        When there is no such platform; nothing else is taken in its place.
    """
    if name not in _CLASSES:
        where = f", which {said} names" if said else ""
        word = name.strip().lower()
        near = did_you_mean(_ALSO_CALLED.get(word, word), KNOWN)
        raise UsageError(f"there is no platform '{name}'{where}{near}; there are: {', '.join(KNOWN)}")
    return name


def chosen_platform(said: str | None) -> str:
    """Return where a request is to run: where it says, else where SKILLBANK_PLATFORM says, else here.

    Raises
    ------
    UsageError
        When there is no such platform.
    """
    if said is not None:
        return checked_platform(said)
    named = os.environ.get("SKILLBANK_PLATFORM")
    return checked_platform(named, "SKILLBANK_PLATFORM") if named else _USUAL


def get_platform(name: str) -> Platform:
    """Return a platform by name; its module is imported only now.

    Raises
    ------
    UsageError
        When there is no such platform.
    """
    checked_platform(name)
    module, class_name = _CLASSES[name]
    platform: Platform = getattr(import_module(f"skillbank.platforms.{module}"), class_name)()
    return platform
