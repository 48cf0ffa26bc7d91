"""Which place of a line is the data set that is worked on, and which one takes what comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from skillbank.plan.reader.data_forms import DET, IT, NOUN, PLACE, form
from skillbank.plan.reader.data_heads import Head

__all__ = ["Places", "places_in"]

_INTO = r"(?:in|into|to|under|below|inside|at|as|on|onto|->|=>|:|=)"
_FOLDER = rf"(?:{DET} |new |fresh |folder |directory |bucket |path |called |named )*"
_WRITES = (
    r"(?:write|writes|save|put|store|place|drop|leave|keep|deliver|dump|send|land|"
    r"writing|saving|storing|putting|placing|keeping|leaving|written|saved|stored|placed|kept)"
)
_WHAT = (
    r"(?:(?:it|them|that|this|all|everything|both|results?|outputs?|report|copy|conversion|converted|version|"
    rf"<FORM>|{NOUN}|{DET}) )*"
)
_RESULTS = (
    r"(?:results?|outputs?|report|destination|target|dest|dst|goes|go|lands?|belongs?)"
    r"(?: (?:is|are|be|goes?|should|shall|must|will|belongs?|folder|directory|dir|place|path|"
    r"to|in|into|under|at|as|->|:|=))*"
)
_WRITTEN = (
    form(rf"{_WRITES} {_WHAT}{_INTO} {_FOLDER}{PLACE}"),
    form(rf"{_RESULTS} {_FOLDER}{PLACE}(?! (?:was|were|had|looked)(?![^ .,;!?]))"),
)
_DIRECTED = form(rf"(?:into|to|->|=>|as(?! in )|and write|and save) {_FOLDER}{PLACE}")
"""Where something is written to, where another place is the data set."""
_BEHIND = form(
    r"(?<!as )(?<!like )(?<!was )(?<!were )(?:in|into|to|under|below|inside|at|as(?! in )|onto|->|=>) "
    rf"{_FOLDER}{PLACE}"
)
"""Where it goes that stands behind the data set, and is neither an example ("as in B") nor what was."""
_NAMED = form(
    r"(?:src|source|input|original|data ?set|data)(?: (?:is|are|lies|lie|folder|path|directory|in|at|"
    r"under|:|=))* "
    rf"{PLACE}"
)
_FROM = form(rf"(?:from|out of|of) (?:(?:{DET}|{NOUN}) )*{PLACE}")
_PLACE = form(PLACE)
_REFERS = re.compile(rf" {IT}(?! (?:(?:in|at|from|under|of|:) )?§)(?![^ .,;:!?])")
"""A data set that is only called something, as "it" or "that data set", where it has been named before."""
_RIGHT_BEFORE = re.compile(r"§(\d+) \Z")
_MOVED = form(
    rf"(?:renamed|moved|relocated|shifted|transferred|migrated) (?:{DET} |{NOUN} |from )*§(?P<old>\d+) "
    rf"(?:to|into|as|->|=>|under) {_FOLDER}{PLACE}"
)
"""Where a data set was, and where it is now, which "it" stands for: no result goes there."""
_Spans = dict[str, tuple[int, int]]


class Places(NamedTuple):
    """The tokens of the data set and of where its result goes, and the parts of the line that say so."""

    source: str
    out: str | None
    spans: tuple[tuple[int, int], ...]


def places_in(line: str, head: Head, uri: Mapping[str, str]) -> Places | None:
    """Return the places of a line; None where none can be the data set. Others are left to be asked about.

    Parameters
    ----------
    uri
        The location of each place, by the number of its token.
    """
    found, named = _spans(line, _PLACE), _spans(line, _NAMED)
    written = _spans(line, *_WRITTEN)
    directed = _spans(line, _DIRECTED) | written
    for moved in _MOVED.finditer(line):  # the old place stays unread, and is told or asked about
        found.pop(moved["old"], None)
        directed.pop(moved["place"], None)
    source = _source(line, head, found, directed)
    if source is None:
        return None
    behind = _spans(line[found[source][1] :], _BEHIND, since=found[source][1]) | directed
    out = next((p for p in (*written, *behind) if p != source and uri[p] != uri[source]), None)
    ours = {uri[source], *([uri[out]] if out else [])}
    spans = (
        behind.get(p, found[p]) if p != source else named.get(p, found[p]) for p in found if uri[p] in ours
    )
    return Places(source, out, tuple(spans))


def _spans(line: str, *forms: re.Pattern[str], since: int = 0) -> _Spans:
    """Return where each place stands that some forms find."""
    return {m["place"]: (since + m.start(), since + m.end()) for each in forms for m in each.finditer(line)}


def _source(line: str, head: Head, found: _Spans, directed: _Spans) -> str | None:
    """Return the place that is worked on: that of the request's sentence, or that which "it" stands for."""
    into = _spans(line, _DIRECTED).keys() - {m["place"] for m in _MOVED.finditer(line)}
    free = [p for p in found if p not in directed] or [p for p in found if p not in into]
    own = [p for p in free if head.first <= found[p][0] < head.sentence[1]]
    if (before := _before(line, head, [p for p in free if found[p][0] < head.first])) is not None:
        return before
    led = [p for p in _spans(line, _FROM) if p in own]
    return next(iter((*led, *own, *_named(line, free), *free)), None)


def _before(line: str, head: Head, places: list[str]) -> str | None:
    """Return the last place before a verb that refers to it or is said of it: "we need A converted to B"."""
    done = _RIGHT_BEFORE.findall(line, 0, head.first)
    meant = places and (_REFERS.match(line, head.end) or done == places[-1:])
    return places[-1] if meant else None


def _named(line: str, free: list[str]) -> list[str]:
    return [p for p in _spans(line, _NAMED) if p in free]
