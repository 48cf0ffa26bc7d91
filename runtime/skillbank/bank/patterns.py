"""Regular expressions that come from a bank: the one engine that runs them takes time linear in the text.

Schemas (``pattern``) and error patterns are run on values and logs while people wait. Python's own engine
tries every way through ``^(a+)+$`` and never comes back, so what a bank writes is run by RE2 alone. It has no
look-arounds, no back-references and no possessive repeats: such a pattern is not applied, and whoever would
have applied it says so (a finding of the skill, a warning of the plan). There is no second engine behind it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    import re2

__all__ = ["MAX_PATTERN", "MAX_TEXT", "BankPattern", "PatternError", "compiled"]

MAX_PATTERN = 1000
"""Characters of a pattern."""
MAX_TEXT = 10_000
"""Characters of a text that a pattern is searched in."""
_MEMORY = 4 << 20
"""Bytes that RE2 may use for one pattern."""


class PatternError(ValueError):
    """A pattern is not applied; the text says why, as the end of a sentence."""


class _Engine(Protocol):
    """What RE2 compiles a pattern to, as far as it is used here."""

    def search(self, text: str, /) -> object: ...


@dataclass(frozen=True)
class BankPattern:
    """A pattern that can be searched; ``text`` is as the bank wrote it."""

    text: str
    _engine: _Engine = field(repr=False, compare=False)

    def search(self, text: str) -> bool:
        """Whether the first `MAX_TEXT` characters of a text hold what the pattern describes."""
        try:
            return self._engine.search(text[:MAX_TEXT]) is not None
        except UnicodeEncodeError:
            # Half surrogate pairs, as bytes of a log may give them.
            plain = text[:MAX_TEXT].encode("utf-8", "replace").decode()
            return self._engine.search(plain) is not None


@lru_cache(maxsize=512)
def compiled(text: str, *, ignore_case: bool = False) -> BankPattern:
    """Return a pattern of a bank, ready to be searched.

    Raises
    ------
    PatternError
        When it is longer than `MAX_PATTERN`, no regular expression, too costly, or needs more than RE2 can.
    """
    if len(text) > MAX_PATTERN:
        raise PatternError(f"it has {len(text)} of at most {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.case_sensitive = not ignore_case
    try:
        return BankPattern(text, re2.compile(text, options))
    except UnicodeEncodeError:
        raise PatternError("it holds half of a surrogate pair") from None
    except re2.error as error:
        raise PatternError(_reason(error)) from None


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    for sign, kind in (
        ("(?=", "look-ahead"),
        ("(?!", "look-ahead"),
        ("(?<", "look-behind"),
        ("(?>", "atomic"),
    ):
        if text.endswith(f": {sign}") or f"operator: {sign}" in text:
            return f"it needs a {kind} group, which is not run on a bank's behalf"
    return f"it cannot be run in linear time: {one_line(text, 80)}"
