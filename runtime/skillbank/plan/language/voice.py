"""From the passive to the active voice: "an export is needed" is "need an export"."""

from __future__ import annotations

import re
from collections.abc import Callable

from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx

_SOFT = (
    r"(?:(?:now|also|still|urgently|then|next|soon|here|always|first|all|both|just|really|please|again) )*"
)
_NEEDED = rx(
    rf"(?:is|are|would be|will be) {_SOFT}(?:needed|wanted|required|requested|desired|due|called for|asked"
    rf" for"
    r"|what (?:i|we) (?:need|want)|to be (?:made|produced|created|done|delivered)"
    r"|<det?>(?:first |second |next |last |final |other )?(?:step|task|item|number)(?: D| one)?(?="
    r" (?:[,.;!)]|and)|$| $))"
)
_MODAL = r"(?:should|must|shall|(?:has|have|needs?|is|are|ought) to)"
_FOUND = rx(
    rf"{_MODAL} {_SOFT}(?:be|get) {_SOFT}(?P<verb>found|detected|located|labell?ed|annotated|marked|tagged"
    r"|highlighted|spotted|identified|outlined|boxed|segmented|cut out|pinpointed|recogni[sz]ed)"
)
_WHAT_WE_NEED = rx(
    r"(?:what|all|the only thing|everything)(?: that)? (?:i|we) (?:really |now |just )*(?:need|want|ask for|"
    r"would like|am asking for|are asking for)(?: (?:now|here|today|from you|you to do|to do))* (?:is|:)"
)
_BASE = {
    "found": "find", "labelled": "label", "labeled": "label", "tagged": "tag", "spotted": "spot",
    "boxed": "find", "cut": "find", "segmented": "segment", "annotated": "annotate", "located": "locate",
    "outlined": "outline", "recognised": "recognise", "recognized": "recognize",
}  # fmt: skip
_EDGE = words(". ; ! ? : but because so then if when since whether what where while until oops")
_STORY = words("if when since whether what which that who where while until because")
_NO = words("no not nobody nothing none neither nor never hardly")


def activate(text: Text) -> None:
    """Move what is needed or to be found behind a verb that asks for it."""
    text.rewrite(_WHAT_WE_NEED, lambda found: [found.one("need")])
    text.rewrite(_LEARN, _train)
    _move(text, _NEEDED, lambda found: "need")
    _move(text, _FOUND, lambda found: _base(found.tokens("verb")[0].text))


_LEARN = rx(r"(?:is to|should|shall|must|has to|needs to) learn (?:from|on|with)")


def _train(found: Found) -> list[Token]:
    first, last = found.tokens()[0], found.tokens()[-1]
    return [Token("train", first.start, last.start), Token("on", last.start, last.end)]


def _base(verb: str) -> str:
    return _BASE.get(verb) or verb.removesuffix("ed")


def _move(text: Text, pattern: re.Pattern[str], verb: Callable[[Found], str]) -> None:
    at = 0
    while (found := next((f for f in text.find(pattern) if f.first >= at), None)) is not None:
        at = found.first + 1
        first = _clause_start(text.tokens, found.first)
        subject = text.tokens[first : found.first]
        before = text.tokens[first - 1].text if first else "."
        if not subject or before in _STORY or any(t.text in _NO for t in subject):
            continue
        if subject[0].text in _STORY or all(t.text in _EMPTY for t in subject):
            continue
        if (
            pattern is _FOUND
            and found.match["verb"] in ("found", "located")
            and _has_place(text, found, subject)
        ):
            continue
        mark = subject[0].start
        said = Token(verb(found), mark, mark)
        text.replace(first, found.last, [said, *subject])
        at = found.last


def _has_place(text: Text, found: Found, subject: list[Token]) -> bool:
    """Whether it is said where data or a model lies: "the images are to be found in X"."""
    after = [t.text for t in text.tokens[found.last : found.last + 3]]
    heads = any(rx.is_one_of(t.text, "data") or rx.is_one_of(t.text, "model") for t in subject)
    return "P" in after and heads and not any(t.text == "P" for t in subject)


_EMPTY = words("it this that they them there i we you he she these those all what everything")


_LONGEST = 40
"""How many tokens a subject has at most."""


def _clause_start(tokens: list[Token], end: int) -> int:
    first = end
    while first > max(0, end - _LONGEST) and tokens[first - 1].text not in _EDGE:
        if tokens[first - 1].text == "," and any(t.text.islower() for t in tokens[first:end]):
            break
        first -= 1
    while first < end and tokens[first].text in ("and", ",", "please", "also", "now", "then", "first"):
        first += 1
    return first
