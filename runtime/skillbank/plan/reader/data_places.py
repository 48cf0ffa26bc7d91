"""Which place of a line is the data set that is worked on, and which one takes what comes of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from skillbank.plan.reader.data_forms import DET, NOUN, PLACE, form
from skillbank.plan.reader.data_heads import Head

__all__ = ["Places", "places_in"]

_INTO = r"(?:in|into|to|under|below|inside|at|as|on|onto|->|=>|:|=)"
_FOLDER = rf"(?:{DET} |new |fresh |folder |directory |bucket |path |called |named )*"
_WRITES = (
    r"(?:write|writes|save|put|store|place|drop|leave|keep|deliver|dump|send|land|writing|saving|storing|putting|"
    r"written|saved|stored|placed)"
)
_WHAT = rf"(?:(?:it|them|that|this|all|everything|both|result|results|outputs?|report|copy|conversion|converted|version|<FORM>|{NOUN}|{DET}) )*+"
_RESULTS = (
    r"(?:results?|outputs?|report|destination|target|dest|goes|go|belongs?)"
    r"(?: (?:is|are|be|goes?|should|shall|must|will|belongs?|folder|directory|dir|place|path|to|in|into|under|at|as|->|:|=))*"
)
_WRITTEN = (form(rf"{_WRITES} {_WHAT}{_INTO} {_FOLDER}{PLACE}"), form(rf"{_RESULTS} {_FOLDER}{PLACE}"))
_DIRECTED = form(rf"(?:into|to|->|=>|as) {_FOLDER}{PLACE}")
"""Where something is written to, where another place is the data set."""
_BEHIND = form(rf"(?:in|into|to|under|below|inside|at|as|on|onto|->|=>) {_FOLDER}{PLACE}")
_NAMED = form(
    rf"(?:source|input|original|data ?set|data)(?: (?:is|are|lies|lie|folder|path|directory|in|at|under|:|=))* {PLACE}"
)
_FROM = form(rf"(?:from|out of|of) (?:(?:{DET}|{NOUN}) )*{PLACE}")
_PLACE = form(PLACE)


class Places(NamedTuple):
    """The tokens of the data set and of where its result goes, and the parts of the line that say so."""

    source: str
    out: str | None
    spans: tuple[tuple[int, int], ...]


def places_in(line: str, head: Head, uri: dict[str, str]) -> Places | None:
    """Return the places of a line; None where none can be the data set. Others are left to be asked about.

    Parameters
    ----------
    uri
        The location of each place, by the number of its token.
    """
    found = {m["place"]: m.span() for m in _PLACE.finditer(line)}
    if not found:
        return None
    written = {m["place"]: m.span() for each in _WRITTEN for m in each.finditer(line)}
    directed = {m["place"]: m.span() for m in _DIRECTED.finditer(line)} | written
    named = {m["place"]: m.span() for m in _NAMED.finditer(line)}
    led = [m["place"] for m in _FROM.finditer(line)]
    into = {m["place"] for m in _DIRECTED.finditer(line)}
    free = [p for p in found if p not in directed] or [p for p in found if p not in into]
    if not free:
        return None  # "write the label set as YOLO into D"
    own = [p for p in free if head.first <= found[p][0] < head.sentence[1]]
    source = next((p for p in (*(p for p in own if p in led), *own, *named, *led) if p in free), free[0])
    behind = {m["place"]: m.span() for m in _BEHIND.finditer(line, found[source][1])} | directed
    out = next((p for p in (*written, *behind) if p in behind and uri[p] != uri[source]), None)
    same = [p for p in found if uri[p] in (uri[source], uri[out] if out else "")]
    spans = [behind[p] if p != source and p in behind else named.get(p, found[p]) for p in same]
    return Places(source, out, tuple(spans))
