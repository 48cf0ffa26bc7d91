"""The model hub: whether a model is there, asked before anything starts; programs fetch it by themselves.

All settings are those that programs read too: the hub is the one of ``HF_ENDPOINT``, models that were fetched
before lie below ``HF_HUB_CACHE`` or ``HF_HOME``, ``HF_TOKEN`` or a login opens private ones, and
``HF_HUB_OFFLINE`` forbids to ask.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from skillbank.connections import connections_to
from skillbank.environment import foreign
from skillbank.errors import DataNotFoundError, PlatformError
from skillbank.lazy_imports import lazy_imports
from skillbank.nearby import near_path
from skillbank.plan.products import WEIGHT_FILES
from skillbank.redact import redact

with lazy_imports():
    import urllib3
    from urllib3 import exceptions

if TYPE_CHECKING:
    from urllib3 import PoolManager

__all__ = ["HUB", "answer", "cached", "endpoint", "find", "offline", "revision"]

HUB = "https://huggingface.co"
_SECONDS = 5.0
_SHORTLY = 2.0
_LARGEST = 1 << 20
_WAY_OUT = "download the model and give its folder"


def cached(name: str) -> bool:
    """Say whether a model lies whole in this user's cache of the hub: weights, and all parts of them."""
    held = revision(name)
    if held is None:
        return False
    snapshot = _folder(name) / "snapshots" / held
    try:
        # Files of a snapshot are links; what broke off leaves none.
        there = {path.name for path in snapshot.rglob("*") if path.is_file()}
        indices = [json.loads((snapshot / n).read_bytes()) for n in there if n.endswith(".index.json")]
        parts = {part for index in indices for part in index["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return parts <= there and any(name.endswith(WEIGHT_FILES) for name in there)


def offline() -> bool:
    """Say whether programs are forbidden to ask the hub, so that what is not in the cache is not there."""
    return any(_is_on(foreign(each)) for each in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def revision(name: str) -> str | None:
    """Return which revision of a model lies in this user's cache of the hub; None where there is none."""
    try:
        return (_folder(name) / "refs" / "main").read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def endpoint() -> str:
    """Return the address of the hub that programs ask."""
    return (foreign("HF_ENDPOINT") or HUB).rstrip("/")


def answer(name: str) -> int:
    """Return the hub's status for a model, 0 when none comes within two seconds or ``HF_HUB_ETAG_TIMEOUT``.

    Libraries would try for half a minute, again and again, until they say that a hub is out of reach.
    """
    seconds = _SHORTLY
    with suppress(ValueError):
        seconds = float(foreign("HF_HUB_ETAG_TIMEOUT") or _SHORTLY)
    heard: list[int] = []

    def ask() -> None:
        url = f"{endpoint()}/{name}/resolve/main/config.json"
        with suppress(exceptions.HTTPError, ValueError, OSError), _pool(endpoint(), _token(True)) as pool:
            answer = pool.request(
                "HEAD", url, preload_content=False, retries=False, redirect=False, timeout=seconds
            )
            heard.append(answer.status)

    # A lookup of a host cannot be told to hurry; whoever does it may go on for nobody.
    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return heard[0] if heard else 0


def find(name: str, key: str, *, logged_in: bool = True) -> None:
    """Ask the hub for a model.

    Parameters
    ----------
    name
        ``OWNER/NAME``.
    key
        The spec key that names it, for messages.
    logged_in
        Whether the token of a login on this machine counts where ``HF_TOKEN`` is not set; a job elsewhere
        does not have it.

    Raises
    ------
    DataNotFoundError
        When the hub has no such model, or does not show it to this user.
    PlatformError
        When the hub cannot be asked.
    """
    if offline():
        raise PlatformError(
            f"{name} ({key}) is not in the cache of the model hub, which HF_HUB_OFFLINE forbids to ask; "
            f"{_WAY_OUT}"
        )
    address = endpoint()
    shown = redact(address)
    token = _token(logged_in)
    try:
        with _pool(address, token) as pool:
            status = _status(pool, f"{address}/api/models/{name}")
            near = _nearest(pool, address, name) if status in (401, 403, 404) else ""
            may = _status(pool, f"{address}/api/models/{name}/auth-check") if status == 200 else status
    except (exceptions.HTTPError, ValueError, OSError) as error:
        raise PlatformError(
            f"the model hub {shown} cannot be asked for {name} ({key}): {redact(str(error))[:200]}; "
            f"{_WAY_OUT}"
        ) from None
    if status == 401 and token:
        raise DataNotFoundError(
            f"the model hub {shown} does not take the token of HF_TOKEN or of the login here for {name} "
            f"({key}); give one that is valid, or none"
        )
    if status in (401, 403, 404):
        how = "check the name, or what HF_TOKEN may read" if token else "check the name, or set HF_TOKEN"
        raise DataNotFoundError(
            f"{name} ({key}) is no file or folder here and the model hub {shown} has no such model or does "
            f"not show it to you{near or near_path(Path(name))}; {how}"
        )
    if status != 200:
        raise PlatformError(f"the model hub {shown} answers {status} for {name} ({key}); {_WAY_OUT}")
    if may in (401, 403):
        raise DataNotFoundError(
            f"the model hub {shown} gives {name} ({key}) only to those who accepted its terms; accept them "
            f"at {shown}/{name} and set HF_TOKEN"
        )


def _folder(name: str) -> Path:
    return _cache() / f"models--{name.replace('/', '--')}"


def _cache() -> Path:
    said = foreign("HF_HUB_CACHE") or foreign("HUGGINGFACE_HUB_CACHE")
    return _path(said) if said else _home() / "hub"


def _home() -> Path:
    said = foreign("HF_HOME")
    return _path(said or f"{foreign('XDG_CACHE_HOME') or '~/.cache'}/huggingface")


def _path(text: str) -> Path:
    with suppress(RuntimeError):  # the home of a user who is not there
        return Path(os.path.expandvars(text)).expanduser()
    return Path(text)


def _is_on(value: str | None) -> bool:
    return (value or "").strip().lower() in ("1", "true", "yes", "on")


def _token(logged_in: bool) -> str:
    """Return the token that programs would send; empty for none."""
    said = foreign("HF_TOKEN") or foreign("HUGGING_FACE_HUB_TOKEN") or ""
    if not said and logged_in:
        place = foreign("HF_TOKEN_PATH")
        with suppress(OSError, ValueError):
            said = (_path(place) if place else _home() / "token").read_text(encoding="utf-8")
    if _is_on(foreign("HF_HUB_DISABLE_IMPLICIT_TOKEN")):
        return ""
    return "".join(said.split())


def _pool(endpoint: str, token: str) -> PoolManager:
    """Return connections that send the token to the hub alone: it does not follow to another host."""
    headers = {"User-Agent": "skillbank", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("HF_ENDPOINT must be an address like https://host")
    # A busy server may ask to be left alone for an hour.
    retries = urllib3.Retry(3, connect=1, read=1, redirect=2, respect_retry_after_header=False)
    return connections_to(endpoint, headers=headers, timeout=_SECONDS, retries=retries)


def _status(pool: PoolManager, url: str) -> int:
    """Ask, and return the status alone: what a server says beyond it may never end."""
    with closing(pool.request("GET", url, preload_content=False)) as answer:
        return int(answer.status)


def _nearest(pool: PoolManager, endpoint: str, name: str) -> str:
    """Return `` (did you mean 'x'?)`` for a model of the same owner, or of that name, called nearly so."""
    owner, _, own = name.partition("/")
    for query in (f"author={quote(owner)}&limit=200", f"search={quote(own)}&limit=50"):
        known = {each.casefold(): each for each in _listed(pool, f"{endpoint}/api/models?{query}")}
        if close := get_close_matches(name.casefold(), list(known), n=1, cutoff=0.7):
            return f" (did you mean '{known[close[0]]}'?)"
    return ""


def _listed(pool: PoolManager, url: str) -> Iterator[str]:
    """Yield the names of a list of models; nothing of one that is no such list, or comes too slowly."""
    body, end = b"", time.monotonic() + _SECONDS
    with (
        suppress(exceptions.HTTPError, ValueError),
        closing(pool.request("GET", url, preload_content=False)) as answer,
    ):
        while answer.status == 200 and len(body) < _LARGEST and time.monotonic() < end:
            piece = answer.read1(1 << 16)
            if not piece:
                break
            body += piece
        models = json.loads(body)
        for model in models if isinstance(models, list) else ():
            found = model.get("id") if isinstance(model, Mapping) else None
            if isinstance(found, str):
                yield found
