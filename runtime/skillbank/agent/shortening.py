"""Sentences as an agent reads them: in the words of the tools, and short."""

from __future__ import annotations

from skillbank.ways import Voice, said

__all__ = ["in_tool_words", "shorten"]


def in_tool_words(sentence: str) -> str:
    """Return a sentence for an agent that has the tools and no terminal."""
    return said(sentence, Voice.TOOLS)


def shorten(text: str, longest: int) -> str:
    """Return a text on one line, cut at `longest` characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"
