"""Keep secrets out of everything that is shown or stored: their values are replaced in text.

A secret is known by the *name* of the environment variable that holds it. Standard library only: the keeper
of a local job uses this module without the installed packages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import quote, urlsplit

from skillbank.environment import everything, snapshot

__all__ = ["MARK", "StreamRedactor", "looks_secret", "redact", "redact_stream", "secret_values"]

MARK = "[redacted]"

_SECRET_WORDS = frozenset(
    {
        "AUTH", "CREDENTIAL", "CREDENTIALS", "DSN", "KEY", "KEYS", "PASS", "PASSPHRASE", "PASSWD",
        "PASSWORD", "PAT",
    }
    | {"PRIVATE", "PW", "SECRET", "SECRETS", "TOKEN", "TOKENS"}
)  # fmt: skip
_GLUED = re.compile(r"APIKEY|ACCESSKEY|SECRET|PASSWORD|PASSWD|AUTHTOKEN")
_POINTERS = frozenset(
    {"FILE", "PATH", "DIR", "FOLDER", "URL", "URI", "NAME", "ID", "TTL", "TYPE", "SOCK", "EXPIRES", "TIMEOUT"}
)
_SHORTEST = 6
"""Shorter values (``1``, ``true``) would hide ordinary words and protect nothing."""


@lru_cache(maxsize=4096)
def looks_secret(name: str) -> bool:
    """Say whether a variable of this name holds a secret; one that points to a place or a name does not."""
    words = [w for w in re.split(r"[^A-Z0-9]+", name.upper()) if w]
    if not words or (words[-1] in _POINTERS and name.upper() != "AWS_ACCESS_KEY_ID"):
        return False
    return not _SECRET_WORDS.isdisjoint(words) or bool(_GLUED.search(name.upper()))


def secret_values(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the values to hide, longest first: those of secret names, and passwords inside URLs."""
    global _last
    if environment is not None:
        return _values_in(environment)
    held = snapshot()
    if _last is None or _last[0] != held:
        _last = held, _values_in(everything())
    return _last[1]


_last: tuple[object, tuple[str, ...]] | None = None
"""The environment of this process as it was found last, and its values: asked for with every text."""


def _values_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    values: set[str] = set()
    for name, value in environment.items():
        if looks_secret(name):
            values.add(value.strip())
        if "://" in value and "@" in value:
            try:
                values.add(urlsplit(value).password or "")
            except ValueError:
                continue
    values |= {quote(v, safe="") for v in values}
    return tuple(sorted((v for v in values if len(v) >= _SHORTEST), key=lambda v: (-len(v), v)))


def redact(text: str, values: Iterable[str] | None = None) -> str:
    """Replace every secret value in a text; ``values`` defaults to those of this process's environment."""
    pattern = _pattern(_ordered(values))
    return text if pattern is None else pattern.sub(MARK, text)


def redact_stream(chunks: Iterable[str], values: Iterable[str] | None = None) -> Iterator[str]:
    """Redact a stream: a secret that is cut in two by a chunk's end is still found."""
    redactor = StreamRedactor(values)
    for chunk in chunks:
        if out := redactor.feed(chunk):
            yield out
    if out := redactor.close():
        yield out


def _ordered(values: Iterable[str] | None) -> tuple[str, ...]:
    if values is None:
        return secret_values()
    return tuple(sorted(set(values) - {""}, key=lambda v: (-len(v), v)))


@lru_cache(maxsize=16)
def _pattern(values: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(re.escape, values))) if values else None


class StreamRedactor:
    """Replaces secrets in text that comes in pieces.

    Parameters
    ----------
    values
        What to hide; those of this process's environment when not given.
    """

    def __init__(self, values: Iterable[str] | None = None) -> None:
        self._values = _ordered(values)
        self._pattern = _pattern(self._values)
        self._kept = ""

    def feed(self, chunk: str) -> str:
        """Take the next piece and return what can be shown; what may be a secret's beginning is kept back."""
        if self._pattern is None:
            return chunk
        text = self._kept + chunk
        shown = self._hold_from(text)
        done, out = 0, []
        for match in self._pattern.finditer(text):
            if match.start() >= shown:
                break
            out += [text[done : match.start()], MARK]
            done = match.end()
        if done < shown:
            out.append(text[done:shown])
            done = shown
        self._kept = text[done:]
        return "".join(out)

    def close(self) -> str:
        """Return what was kept back: no more text comes."""
        text, self._kept = self._kept, ""
        return self._pattern.sub(MARK, text) if self._pattern else text

    def _hold_from(self, text: str) -> int:
        """Return the first position from which the text could be the beginning of a secret."""
        longest = len(self._values[0])
        for start in range(max(0, len(text) - longest + 1), len(text)):
            tail = text[start:]
            if any(len(v) > len(tail) and v.startswith(tail) for v in self._values):
                return start
        return len(text)
