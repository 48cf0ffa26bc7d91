"""The model hub: whether a model is there, asked before anything starts; programs fetch it by themselves.

The hub is the one of ``HF_ENDPOINT``, a model that was fetched before lies below ``HF_HUB_CACHE`` or
``HF_HOME``, and ``HF_TOKEN`` opens private ones, as everywhere.
"""

from __future__ import annotations

import os
from pathlib import Path

from skillbank.errors import DataNotFoundError, PlatformError
from skillbank.redact import redact

__all__ = ["HUB", "cached", "find"]

HUB = "https://huggingface.co"
_SECONDS = 5.0


def cached(name: str) -> bool:
    """Say whether a model lies whole or in part in this user's cache of the hub."""
    said = os.environ.get("HF_HUB_CACHE")
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    folder = (Path(said) if said else Path(home) / "hub").expanduser()
    snapshots = folder / f"models--{name.replace('/', '--')}" / "snapshots"
    return snapshots.is_dir() and any(snapshots.iterdir())


def find(name: str, key: str) -> None:
    """Ask the hub for a model.

    Parameters
    ----------
    name
        ``OWNER/NAME``.
    key
        The spec key that names it, for messages.

    Raises
    ------
    DataNotFoundError
        When the hub has no such model, or does not show it to this user.
    PlatformError
        When the hub cannot be asked.
    """
    import urllib3

    endpoint = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    way_out = "download the model and give its folder"
    if os.environ.get("HF_HUB_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on"):
        raise PlatformError(
            f"{name} ({key}) is not in the cache of the model hub, which HF_HUB_OFFLINE forbids to ask; "
            f"{way_out}"
        )
    token = os.environ.get("HF_TOKEN")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib3.PoolManager(timeout=_SECONDS, retries=urllib3.Retry(2, redirect=3)) as pool:
            answer = pool.request("GET", f"{endpoint}/api/models/{name}", headers=headers)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise PlatformError(
            f"the model hub {endpoint} cannot be asked for {name} ({key}): {redact(str(error))[:200]}; "
            f"{way_out}"
        ) from None
    if answer.status in (401, 403, 404):
        raise DataNotFoundError(
            f"{name} ({key}) is no file or folder here and the model hub {endpoint} has no such model or "
            "does not show it to you; check the name, or set HF_TOKEN"
        )
    if answer.status != 200:
        raise PlatformError(f"the model hub {endpoint} answers {answer.status} for {name} ({key}); {way_out}")
