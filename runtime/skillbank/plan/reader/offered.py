"""Words for what is registered and not listed: platforms and algorithms, ours and those of packages."""

from __future__ import annotations

import tomllib
from typing import Any

from skillbank.plugins import Group, Offer, found

__all__ = ["also_called", "offered_words"]

_WORDS = "words.toml"
_SAYINGS = (
    "on {}, via {}, using {}, through {}, under {}, platform {}, on platform {}, on the {} platform, "
    "on the {} cluster, on our {} cluster, the {} platform, the {} cluster"
)
"""How a platform is said whose package has no words of its own; the name alone may mean anything."""


def offered_words(*, packaged: bool) -> dict[str, dict[str, Any]]:
    """Return classes of words in the form of a file of the lexicon, by file.

    Parameters
    ----------
    packaged
        Whether those of packages are returned, or our own.
    """
    there = {
        group: {name: each for name, each in offers.items() if bool(each.package) == packaged}
        for group, offers in found().offers.items()
    }
    platforms = {name: _said(each) for name, each in there[Group.PLATFORMS].items()}
    names = [name for name in there[Group.AUTOML_ALGORITHMS] if name != "llm"]
    return {
        "places": {"platform": platforms},
        # "llm" alone is the model that somebody chats with; "llm search" stands among the aliases.
        "slots": {"algorithm": {"values": ", ".join(names)}},
    }


def also_called() -> dict[str, str]:
    """Return names by which a platform is asked for that are not its own: ``k8s`` for ``kubernetes``."""
    there = found().offers[Group.PLATFORMS]
    return {
        word.strip(): name
        for name, each in there.items()
        for word in str(_file(each).get("also", "")).split(",")
        if word.strip()
    }


def _said(offer: Offer) -> str:
    said = _file(offer).get("said")
    if isinstance(said, str) and said.strip():
        return said
    return ", ".join(
        _SAYINGS.replace("{}", form) for form in dict.fromkeys((offer.name, offer.name.replace("_", " ")))
    )


def _file(offer: Offer) -> dict[str, Any]:
    """Read the words beside a platform; a package's that cannot be read are as good as none."""
    path = offer.beside(_WORDS)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        if not offer.package:
            raise
        return {}
