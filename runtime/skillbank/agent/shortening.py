"""Sentences as an agent reads them: in the words of the tools, and short."""

from __future__ import annotations

from skillbank.ways import Voice, said

__all__ = ["in_tool_words", "shorten"]

_WAY_OUT = "; way out: "
"""What the reports of data sets say between what is wrong and what can be done."""


def in_tool_words(sentence: str) -> str:
    """Return a sentence for an agent that has the tools and no terminal."""
    return said(sentence, Voice.TOOLS)


def shorten(text: str, longest: int) -> str:
    """Return a text on one line of `longest` characters at most, cut at its end, or before its way out."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    _, mark, way = line.rpartition(_WAY_OUT)
    if not mark or len(mark + way) > longest // 2:
        mark = way = ""
    return f"{line[: longest - len(mark + way) - 1].rstrip()}…{mark}{way}"
