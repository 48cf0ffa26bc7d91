"""Where a language model answers and with which key, before anything is sent: what no request could hold."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from skillbank.errors import UsageError
from skillbank.redact import redact
from skillbank.visible import visible

__all__ = ["endpoint_address"]

_USUAL = "https://api.openai.com/v1"
_HELD = re.compile("[!-~]+")
"""What a header holds: neither blanks and line ends nor letters beyond ASCII."""


def endpoint_address(
    address: str | None, key: str | None, *, of: str = "OPENAI_BASE_URL", key_of: str = "OPENAI_API_KEY"
) -> str:
    """Return an endpoint's address; OpenAI's own where none is named.

    Parameters
    ----------
    of, key_of
        What the address and the key are settings of, to name them.

    Raises
    ------
    UsageError
        When the address is none, or no header can hold the key, which is not shown.
    """
    if key and not _HELD.fullmatch(key):
        raise UsageError(
            f"{key_of} holds a blank, a line end or a letter that is not ASCII, as no key does; set it anew"
        )
    if address is None:
        return _USUAL
    if not address.strip():
        raise UsageError(f"{of} is empty; give it an address, or unset it for {_USUAL}")
    if not _is_address(address):
        shown = visible(redact(re.sub("//.*@", "//", address)))[:200]  # with the blanks at its ends
        raise UsageError(f"{of} is '{shown}', which is no address; write it as http://HOST:PORT/v1")
    return address


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # which is read only here
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text)
