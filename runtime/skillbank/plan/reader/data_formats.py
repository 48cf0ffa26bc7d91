"""Which format of a line a data set is in, and which one it is to be written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from skillbank.plan.reader.data_forms import NOUN, form
from skillbank.plan.reader.form_words import form_of

__all__ = ["Named", "formats_in", "unknown_format"]


class Named(NamedTuple):
    """A format that a line names: what for (``to``, ``was``, or ``""`` where nothing says it), and where."""

    role: str
    name: str
    first: int
    end: int


_NOUNS = (
    r"(?: (?:format|formatted|style|layout|data ?sets?|annotations?|labels?|files?|json|txt|xml|ones?|version|"
    r"variant|copy|boxes|flavou?r|thing|convention|standard))*"
)
_FORMAT = form(rf"(?P<name><FORM>)(?P<nouns>{_NOUNS})")
_ADJ = r"(?:(?:a|an|the|our|their|proper|valid|correct|plain|pure|currently|still|all|now|both|already|in|good|old|simple|standard) )*"
_CONVERTED = form(r"(?:to|into|->|=>|then|2) (?:a |the )?<FORM>")
_FROM = re.compile(rf"(?<![^ ])(?:from|against) {_ADJ}\Z")
_IS = re.compile(
    rf"(?<![^ ])(?:(?:it|they|this|these|those|that|which|theirs|{NOUN}|§\d+) (?:is|are|was|were)|it's|'s|being) {_ADJ}\Z"
)
"""What states the format of the data; "mine are COCO" may be said of others."""
_STATED = re.compile(rf"(?<![^ ])(?:the |their )?(?:it|they|which|{NOUN}) (?:is|are|was|were) {_ADJ}\Z")
"""What leads to a format that a clause states: "the format is VOC"."""
_DUE = re.compile(
    rf"(?:output|target|result|destination|wanted|desired|should be|must be|to be|to have)\b[^.;§]{{0,20}} {_ADJ}\Z"
    rf"|(?<![^ ])(?:output|target|export)(?: format)?(?: is| as| in|:| :| =)* {_ADJ}\Z"
)
_TO = re.compile(rf"(?<![^ ])(?:to|into|->|=>|then) (?:a |an |the |our |proper |valid |plain |clean )*\Z")
_AS = re.compile(rf"(?<![^ ])(?:as|in|for) {_ADJ}\Z")
_MADE = re.compile(
    r"(?<![^ ])(?:need|needs|want|wants|make|create|give|produce|get|like|have|require|requires|provide|prepare|generate|"
    r"export|write|wanting|¤\w*) (?:me |us |you |to have |to get |him |her |them )?(?:a |an |the |some )?\Z"
)
_HOLDS = re.compile(rf"(?: (?:{NOUN}|in|at|from|under|of|:|the|my|our))* §")
_OF = re.compile(r" (?:out of|of|from) ")
_BEHIND_PLACE = re.compile(r"§\d+ (?:, |\( ?|, \( ?)?\Z")
_WRITES = re.compile(r"(?<![^ ])(?:write|save|written|saved|store|put|export)\b[^.;]{0,40}\Z")
_MEANT = re.compile(
    r"(?<![^ ])(?:need|needs|want|wants|requires?|output|format|target|prefers?|says?|the|:|=|in) (?:a |the |it |them |only |: )*\Z"
)


def formats_in(line: str, action: str) -> list[Named]:
    """Return the formats of a line with what each is for.

    "As COCO" is what a data set is converted to, where nothing else is, and else what it is.
    """
    found = list(_roles(line, action))
    if action == "convert" and not any(each.role == "to" for each in found):
        loose = [e for e in found if e.role == "as"] or [
            e
            for e in found
            if not e.role and e.name not in _EVERYDAY and _MEANT.search(line, max(0, e.first - 40), e.first)
        ]
        return [each._replace(role="to") if each in loose else each for each in found]
    known = {each.name for each in found if each.role in ("to", "was")}
    return [
        each._replace(role="was") if each.role == "as" and each.name not in known else each for each in found
    ]


def _roles(line: str, action: str) -> Iterator[Named]:
    for match in _FORMAT.finditer(line):
        name = form_of(match["name"])
        if name is not None:
            stated = _STATED.search(line, max(0, match.start() - 60), match.start())
            first = stated.start() if stated else match.start()
            yield Named(_role(line, action, name, match), name, first, match.end())


def _role(line: str, action: str, name: str, match: re.Match[str]) -> str:
    first, end = match.span()
    since = max(0, first - 60)

    def led(by: re.Pattern[str]) -> bool:
        return by.search(line, since, first) is not None

    if led(_FROM):
        return "was"
    if action == "convert" and (led(_DUE) or led(_TO)):
        return "to"
    if _CONVERTED.match(line, end + 1) is not None:
        return "was"
    if action == "split" and (led(_AS) or led(_TO)) and led(_WRITES):
        return "to"
    if name in _EVERYDAY and not match["nouns"] and not led(_AS):
        return ""
    if action == "convert" and led(_MADE):
        copied = re.search(r"copy|version|variant|files?", match["nouns"]) or _OF.match(line, end)
        return "to" if copied else "was" if _HOLDS.match(line, end) else "to"
    if led(_AS):
        return "as"
    return "was" if _HOLDS.match(line, end) or led(_IS) or led(_BEHIND_PLACE) else ""


_EVERYDAY = frozenset({"masks", "class_folders"})
"""Formats whose names are everyday words: what is said to be, or to become, one is one."""
_UNKNOWN = re.compile(
    r"(?<![^ ])(?:to|into) (?:a |an |the )?(?P<unknown>[a-z]\w*(?: \w+){0,2})(?= ?[,.!?¶]| and | ¤|$)"
)


def unknown_format(line: str, first: int) -> str | None:
    """Return what a data set is to become that is no format, said behind a place of a line."""
    found = _UNKNOWN.search(line, first)
    return found["unknown"] if found is not None else None
