"""Which format of a line a data set is in, and which one it is to be written in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from skillbank.plan.reader.data_forms import NOUN, form
from skillbank.plan.reader.data_heads import Head, sentence_at
from skillbank.plan.reader.form_words import FORM, form_of

__all__ = ["Named", "formats_in", "unknown_format"]


class Named(NamedTuple):
    """A format that a line names: what for (``to``, ``was``, or ``""`` where nothing says it), and where."""

    role: str
    name: str
    first: int
    end: int


class _Rule(NamedTuple):
    """What a format is for where some words stand before it, and some behind it."""

    role: str
    before: re.Pattern[str] | None = None
    behind: re.Pattern[str] | None = None
    actions: frozenset[str] = frozenset({"convert", "check", "split"})


_CONVERT, _SPLIT = frozenset({"convert"}), frozenset({"split"})
_EVERYDAY = frozenset({"masks", "class_folders"})
"""Formats whose names are everyday words: what is said to be, or to become, one is one."""
_REACH = 60
"""Characters before a format that say what it is for."""
_NOUNS = (
    r"(?: (?:format|formatted|style|layout|data ?sets?|annotations?|labels?|files?|json|txt|xml|ones?|"
    r"version|variant|copy|boxes|flavou?r|thing|convention|standard))*"
)
_FORMAT = form(rf"(?P<name><FORM>)(?P<nouns>{_NOUNS})")
_ADJ = (
    r"(?:(?:a|an|the|our|their|proper|valid|correct|plain|pure|currently|still|all|now|both|already|in|"
    r"good|old|simple|standard) )*"
)


def _before(source: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^ ])(?:{source})\Z")


_STATED = _before(rf"(?:the |their )?(?:it|they|which|{NOUN}) (?:is|are|was|were) {_ADJ}")
"""What leads to a format that a clause states: "the format is VOC"; "mine are COCO" may be said of others."""
_COPY = _before(rf"(?:a |the )?(?:copy|export|version|variant) (?:in|as) {_ADJ}|(?:the )?format (?:: )?")
_AS = _before(rf"(?<!well )(?:as|in|for) {_ADJ}")
_MADE = _before(
    r"(?:needs?|wants?|make|create|give|produce|get|like|have|requires?|provide|prepare|generate|"
    r"export|write|"
    r"wanting|¤\w*) (?:me |us |you |to have |to get |him |her |them )?(?:a |an |the |some )?"
)
_HOLDS = re.compile(rf"(?: (?:{NOUN}|in|at|from|under|of|:|the|my|our))* §")
_RULES = (
    _Rule(
        "", _before(rf"(?:next to|alongside|besides?|along with|like|unlike) {_ADJ}")
    ),  # "as A next to the B"
    _Rule("", behind=re.compile(r"(?: format)? instead(?! of)")),  # "oh, they want COCO instead"
    _Rule("was", _before(rf"(?:from|against) {_ADJ}")),
    _Rule(
        "to",
        _before(
            r"(?:output|target|result|destination|wanted|desired|should be|must be|become|to be|to have)"
            rf"(?: [^.;§]{{0,20}})? {_ADJ}|(?:output|target|export)(?: format)?(?: is| as| in|:|"
            rf" :| =)* {_ADJ}"
        ),
        actions=_CONVERT,
    ),
    _Rule(
        "to",
        _before(
            r"(?:to|into|->|=>|(?<!, )(?<!and )then) "
            r"(?:a |an |the |our |proper |valid |plain |clean |format |: )*"
        ),
        actions=_CONVERT,
    ),
    _Rule(
        "was",
        behind=re.compile(rf"(?: format)? (?:to|into|->|=>|then|2) (?:a |the )?(?:{FORM})(?![^ ,.;!?)])"),
    ),
    _Rule(
        "to",
        _before(
            rf"(?:write|save|written|saved|store|put|export) (?:[^.;]{{0,30}} )?(?:as|in|to|into) {_ADJ}"
        ),
        actions=_SPLIT,
    ),
)
"""What says most plainly what a format is for, in the order in which it counts."""
_LOOSER = (
    _Rule(
        "to",
        _before("(?:a|an|one) "),
        re.compile(r"(?: (?:copy|export|version|variant|file))? (?:of|from)(?= )"),
        _CONVERT,
    ),
    _Rule(
        "to", _MADE, re.compile(r"(?: \w+)?? (?:copy|version|variant|files?|out of|of|from)(?= )"), _CONVERT
    ),
    _Rule("was", _MADE, _HOLDS, _CONVERT),
    _Rule("to", _MADE, actions=_CONVERT),
    _Rule("as", _AS),
    _Rule("was", behind=_HOLDS),
    _Rule("was", _STATED),
    _Rule(
        "was", _before(rf"(?:(?:this|these|those|that|theirs|§\d+) (?:is|are|was|were)|it's|'s|being) {_ADJ}")
    ),
    _Rule("was", _before(r"§\d+ (?:, |\( ?|, \( ?)?")),
)
"""The same of a format whose name is no everyday word."""
_MEANT = _before(
    r"(?:needs?|wants?|requires?|output|format|target|prefers?|says?|the|:|=|in) (?:a |the |it |"
    r"them |only |: )*"
)
"""What may lead to the format that is wanted, where nothing else says which one is."""


def formats_in(line: str, head: Head) -> list[Named]:
    """Return the formats of a line with what each is for.

    "As COCO" is what a data set is converted to, where nothing else is, and else what it is, if that is said
    where the data set is spoken of.
    """
    found = list(_roles(line, head.action))
    if head.action == "convert" and not any(each.role == "to" for each in found):
        loose = [each for each in found if each.role == "as"] or [e for e in found if _is_meant(line, e)]
        return [each._replace(role="to") if each in loose else each for each in found]
    known = {each.name for each in found if each.role in ("to", "was")}
    return [_settled(line, head, each, known) if each.role == "as" else each for each in found]


def _settled(line: str, head: Head, named: Named, known: Collection[str]) -> Named:
    """Return a format that is said with "as" or "in" as that of the data set, if it is said of that one."""
    was = named.name not in known and _is_of_data(line, head, named)
    return named._replace(role="was" if was else "")


def _is_meant(line: str, named: Named) -> bool:
    since = max(0, named.first - _REACH)
    meant = _MEANT.search(line, since, named.first) is not None
    return meant and not named.role and named.name not in _EVERYDAY


def _is_of_data(line: str, head: Head, named: Named) -> bool:
    """Whether a format is named in the sentence of a request, or in one that names a place."""
    first, end = sentence_at(line, named.first)
    return (first, end) == head.sentence or "§" in line[first:end]


def _roles(line: str, action: str) -> Iterator[Named]:
    for match in _FORMAT.finditer(line):
        name = form_of(match["name"])
        if name is not None:
            since = max(0, match.start() - _REACH)
            led = (each.search(line, since, match.start()) for each in (_STATED, _COPY))
            first = min((m.start() for m in led if m is not None), default=match.start())
            yield Named(_role(line, action, name, match), name, first, match.end())


def _role(line: str, action: str, name: str, match: re.Match[str]) -> str:
    first, end = match.span("name")
    since = max(0, first - _REACH)

    def holds(rule: _Rule) -> bool:
        before = rule.before is None or rule.before.search(line, since, first) is not None
        behind = rule.behind is None or rule.behind.match(line, end) is not None
        return action in rule.actions and before and behind

    said = name not in _EVERYDAY or match["nouns"] or _AS.search(line, since, first) is not None
    rules = (*_RULES, *_LOOSER) if said else _RULES
    return next((rule.role for rule in rules if holds(rule)), "")


_UNKNOWN = re.compile(
    r"(?<![^ ])(?:to|into) (?:a |an |the )?(?P<unknown>[a-z]\w*(?: \w+){0,2})(?= ?[,.!?¶]| and | ¤|$)"
)


def unknown_format(line: str, first: int) -> str | None:
    """Return what a data set is to become that is no format, said behind a place of a line."""
    found = _UNKNOWN.search(line, first)
    return found["unknown"] if found is not None else None
