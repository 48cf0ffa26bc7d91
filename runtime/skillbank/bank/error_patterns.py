"""Error patterns of a skill that the one engine for foreign patterns does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skillbank.bank.patterns import PatternError, compiled

__all__ = ["pattern_text", "taken_as_words"]


def pattern_text(entry: Mapping[str, object]) -> str:
    """Return what is searched for: the pattern, or where there is none the name."""
    return str(entry.get("pattern") or entry.get("name") or "")


def taken_as_words(entries: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """Yield each pattern that is looked for as it stands, letter by letter, and why it is not run."""
    for entry in entries:
        text = pattern_text(entry)
        try:
            compiled(text, ignore_case=True)
        except PatternError as error:
            yield text, str(error)
