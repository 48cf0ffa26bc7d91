"""Label sets in a text: "on set signs", "from the label set signs", ``set:signs``.

A set is a place like any other. What it is called may be a word of requests only where "label" stands before
it, or where there is such a set: "on the set of images" names none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from skillbank.plan.reader.tokens import Token
from skillbank.plan.set_places import NAME, PARTS, as_place

__all__ = ["SetNames", "sets_named"]

SetNames = Callable[[], Collection[str]]
"""Returns the names of the label sets that there are."""
_PART = r"(?:/[\w.-]+)*/?"
"""Whether a set has such a part is for whoever opens it to say: it is no path of anything else."""
_SAID = re.compile(
    r"(?<![\w/.:@-])(?:(?:the|my|our|this)\s+)?"
    r"(?:(?P<label>label(?:l?ing)?[ -]set)|(?<![\w/.-])set)\s+(?:(?:named|called)\s+)?"
    rf"(?P<quote>[\"'`]?)(?P<name>{NAME}{_PART})(?P=quote)(?![\w/])(?!\s*[:=\\]|://)",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"(?<![\w:/.@-])set:(?://)?{NAME}(?:/[0-9a-f]{{16}})?{_PART}(?![\w/:])", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?:^|[\s(])(?:on|with|from|of|over|using|against|in|to|for|use|at)(?:\s+(?:both|just|only))?\s+$", re.I
)
_BEGINS = re.compile(r"(?:^|[.;:!?\n])\s*$")
_ENDS = ".,;:!?-"


def sets_named(text: str, is_word: Callable[[str], bool], names: SetNames) -> Iterator[Token]:
    """Yield a place for every label set that a text names.

    Parameters
    ----------
    is_word
        Whether a word means something in requests.
    names
        Called only where a word could be a set's name.
    """
    found = [*_said(text, is_word, names)]
    for match in _PLAIN.finditer(text):
        place = match[0].rstrip(_ENDS)
        start = match.start()
        found.append(Token("place", "place", start, start + len(place), as_place(place)))
    yield from sorted(found, key=lambda token: token.start)


def _said(text: str, is_word: Callable[[str], bool], names: SetNames) -> Iterator[Token]:
    for match in _SAID.finditer(text):
        name = match["name"].rstrip(_ENDS)
        before = text[: match.start()]
        clear = match["label"] or _BEFORE.search(before)
        if not clear and _BEGINS.search(before):
            continue  # "Set signs aside" asks for something else
        bare, _, part = name.partition("/")
        is_sure = clear and not is_word(bare.lower()) and part in ("", *PARTS)
        if not is_sure and bare not in names():
            continue
        end = match.start("name") + len(name) + (len(match["quote"]) if name == match["name"] else 0)
        yield Token("place", "place", match.start(), end, as_place(f"set:{name}"))
