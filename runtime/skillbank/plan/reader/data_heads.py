"""What a text asks to be done with a data set: a verb that orders or is wished, a noun, a question.

A verb that stands where nothing is ordered ("we check them every week") asks for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from skillbank.plan.reader.data_forms import (
    BROKEN,
    DET,
    FAULT,
    HOLDS,
    IT,
    NOUN,
    ROLE,
    SHARE,
    SOUND,
    form,
    words,
)  # fmt: skip
from skillbank.plan.reader.form_words import FORM

__all__ = [
    "Head",
    "askers",
    "heads",
    "is_of_data",
    "leads",
    "may_ask",
    "sentence_at",
    "speaks_of_a_model",
    "splits_it",
]


class Head(NamedTuple):
    """Where a line asks for something: the action, where its words stand, and where their sentence."""

    action: str
    first: int
    end: int
    sentence: tuple[int, int]
    taken_as: bool = False
    """Whether it is a look or a question, that a check answers."""
    weak: bool = False
    """Whether it asks for a conversion only beside a format: "I need it as COCO"."""


_VERBS = {
    "convert": r"convert|transform|transcode|translate|reformat|re(?:-| )?export|rewrite",
    "check": (
        r"check(?! (?:how|against|on) )|double[- ]check|sanity[- ]check|inspect|audit|lint|examine|"
        r"(?:validate|verify)(?! on)"
    ),
    "split": r"(?:split|divide|partition)(?: up)?",
}
_LOOKS = (
    r"(?:look|go|run) (?:at|over|into|through)|(?:take|have|get) a (?:\w+ )?look (?:at|into|over|through)"
    r"|see (?:what is|what's|what lies) (?:in|at|under)"
)
_ING = {
    "convert": "converting|transforming|translating|turning",
    "check": (
        "checking|inspecting|validating|verifying|examining|looking (?:at|over|into|through)|"
        "going (?:over|through)"
    ),
    "split": "splitting|dividing|partitioning",
}
_DONE = {
    "convert": "converted|transformed|translated|turned|rewritten|changed",
    "check": (
        "checked|double[- ]checked|inspected|validated|verified|examined|audited|looked (?:at|over|through)"
    ),
    "split": "split|divided|partitioned|cut(?= (?:in|into|up) )",
}
_KINDS = rf"(?:{DET}|quick|short|small|full|thorough|proper|sanity|quality|health|format|label|{NOUN}|¤\w*)"
_CHECKS = r"(?:check|check-?up|validation|inspection|verification|audit|once-over)"
_BEHIND = r"(?: (?:on|of|for|over|in|at|into|through|:))?"
_DATA = rf"(?:(?:{DET}|{NOUN}|<FORM>|in|at|from|under|:) )*+§\d+"
_NOUNS = (
    ("check", rf"(?P<head>(?:{_KINDS} )+{_CHECKS}){_BEHIND} {_DATA}"),
    (
        "check",
        rf"(?P<head>(?:do|run|make|perform|start|needs?|requires?|requests?|asks for|wants?|deserves?) "
        rf"(?:{_KINDS} )*{_CHECKS})",
    ),
    (
        "check",
        rf"(?P<head>{_CHECKS}) (?:of|on|for) {_DATA}"
        r"(?= (?:is|would be) (?:requested|needed|required|wanted|due))",
    ),
    ("check", rf"(?P<head>(?:data ?set|data|format|label|annotation)s? {_CHECKS}){_BEHIND} {_DATA}"),
    (
        "split",
        rf"(?P<head>(?:make|create|do|need|want|like|produce|"
        rf"prepare) a [^.;!?§]{{0,40}}?split) (?:of|from|out of|for) {_DATA}",
    ),
    ("split", rf"(?P<head>(?:data ?set|data) split)(?: of|:)? (?:src |source )?{_DATA}"),
    ("check", rf"(?P<head>an? (?:{_KINDS} )*{_CHECKS}) ¤"),
    ("split", rf"(?P<head>{ROLE}(?: ?[/,] ?{ROLE}| and {ROLE})+ split) (?:of|from|for) {_DATA}"),
    (
        "split",
        rf"(?P<head>take|put|set|keep|use) (?:{SHARE}) (?:of|from|out of) {_DATA} "
        r"(?:aside |apart |out |back )?(?:for|as)",
    ),
    ("convert", rf"(?P<head>conversion) of {_DATA}"),
)
_QUESTIONS = (
    r"(?P<head>(?:what is|what's|whats|(?:is there )?anything|something) wrong) (?:with|in) ",
    rf"(?P<head>(?:(?:requesting |requested |need |want )?(?:a )?confirmation )?(?:whether|if|"
    rf"that))(?= )[^.?!;§]{{0,60}}§\d+[^.?!;§]{{0,30}}? (?:is|are|be) (?:{SOUND}|¤\W*\Z)",
    rf"(?P<head>is|are) [^.?!;§]{{0,60}}§\d+[^.?!;§]{{0,30}}? {SOUND}(?: {NOUN})? ?\?",
    rf"(?P<head>(?:is|are) there (?:any )?(?:{BROKEN}|{FAULT}))",
    rf"(?P<head>(?:do|does) )[^.?!;§]{{0,60}}§\d+ (?:have|contain|hold) (?:any )?(?:{BROKEN}|{FAULT})",
)
"""Questions that a check answers."""
_ORDERED = (
    r"(?:turn|change|bring|make|create|generate|produce|export|write|save|store|put|give|get|have|prepare|"
    r"provide|switch)"
)
_WISHED = (
    r"(?:need|needs|want|wants|like|require|requires|prefer|prefers|expect|expects|¤want|"
    r"¤need|¤like|¤have|asks for|asked for|(?:should|must|shall|has to|have to|is to) (?:be|become))"
)
_DUE = (
    r"(?:(?:should|must|shall|can|could|needs? to|has to|have to|is to|are to|ought to|"
    r"would|to) (?:now |also |first )?(?:be|get) |be |gets )?"
)
_PASSIVE = re.compile(
    r"(?:needs?|wants?|wanted|like|requires?|¤want|¤need|¤like|¤to (?:have|get|see)|¤you (?:have|get)|"
    rf"(?<![^ .,;:!?])(?:have|get)(?= (?:{IT}|{DET}|§)))(?![^ ])"
)
"""What wishes that something be done; "we have checked it" does not."""
_MAY = re.compile(r"(?<![^ ])(?:can|could|should|must|shall|would|may)(?= )")
_BEFORE = words(
    "and then to so also first now next finally again afterwards us let's somebody someone anybody anyone"
    " today later or but just only again: hence therefore need want needs wants"
)
_ENDS = re.compile(r"[.!?;¶]|(?<= )-(?= )")
_ABOUT = re.compile(rf"§\d|(?<![^ ])(?:it|them|{NOUN})(?![^ .,;!?])")
_FORMAT = form("<FORM>")
_COPIES = (
    form(rf"(?P<head>(?:a|an|one)) <FORM>(?: (?:copy|export|version|variant|file))? (?:of|from) {_DATA}"),
    re.compile(
        rf"(?:^|[.!?;:¤¶] ?)§\d+ (?P<head>to|into|as|->|=>|in) (?:{FORM})(?: format)?(?= ?[.!,;¶]| ?$)"
    ),
)
"""What is wished without a verb: "a CSV of X would help", "X as COCO, please"."""
_MODEL = re.compile(
    r"(?<!\bbefore the )(?<!\bbefore our )(?<![^ ])(?:models?|detectors?|networks?|classifiers?|"
    r"checkpoints?|weights)(?![^ .,;!?])"
)
_ASKER = re.compile(
    r"(?:(?<![^ ])(?:and|so|because|since|but) |(?<=[.,;:!?(¶¤] )|^)"
    r"(?P<who>(?:the|our|my|a|an|one of (?:the|our|my)|some) (?:[a-z'-]+ ){1,3}?)(?=(?:wants?|"
    r"needs?|requires?|expects?|prefers?|asks|would) )"
)
_THINGS = re.compile(rf"(?<![^ ]){NOUN}(?![^ ])|(?<![^ ])(?:only|not|no|half|other|same)(?![^ ])")
_OPENING = words(
    *(re.sub(r"\W", " ", verbs) for table in (_VERBS, _ING, _DONE) for verbs in table.values()),
    "look go run see have take get hold reserve off aside wrong validation inspection verification audit "
    "once-over check-up checkup conversion okay ok fine valid sound correct broken sane double re-export",
)
_WEAK = words("a an one as to into in then", re.sub(r"\W", " ", _ORDERED), re.sub(r"\W", " ", _WISHED))

_SPLITS_IT = re.compile(
    rf"(?:\A\W*|[.,;:!?]\s*|\b(?:and|then|also|please|first|next)\s+)(?:{_VERBS['split']})\s+"
    r"(?:it|them|that|the|this|these|those|my|our|all)\b",
    re.IGNORECASE,
)


def may_ask(said: frozenset[str], *, formed: bool) -> bool:
    """Whether a text with some words may ask for such a thing; most texts are soon seen not to.

    Parameters
    ----------
    formed
        Whether it names a format.
    """
    return not _OPENING.isdisjoint(said) or (formed and not _WEAK.isdisjoint(said))


def leads(line: str, at: int) -> bool:
    """Whether a word of a line stands where an order begins."""
    before, _, last = line[max(0, at - 40) : at].rstrip().rpartition(" ")
    if last == "to":
        return not before.endswith((" used", " forgot", " failed", " tried"))
    if last in ("could", "can", "would", "will"):
        return before.endswith("you")
    return last in _BEFORE or not last or last[0] == "¤" or not last[-1].isalnum()


def speaks_of_a_model(line: str, head: Head) -> bool:
    """Whether the sentence of a request is of a model: "validate the detector on X"."""
    return _MODEL.search(line, *head.sentence) is not None


def splits_it(text: str) -> bool:
    """Whether a text orders that data be split which it does not name: no step behind it reads the parts."""
    return _SPLITS_IT.search(text) is not None


def is_of_data(word: str) -> bool:
    """Whether a word names data, or a part of them."""
    return re.fullmatch(NOUN, word) is not None


def askers(line: str) -> Iterator[re.Match[str]]:
    """Yield who wishes something in a line: "the customer needs"; pictures that need something do not."""
    for match in _ASKER.finditer(line):
        if not _THINGS.search(match["who"]):
            yield match


def heads(line: str) -> list[Head]:
    """Return where a line asks for what it is after: by orders, wishes, nouns, questions, else a form.

    What asks for the same in other words elsewhere is among them: "they must be checked. Check them."
    """
    found = [list(each(line)) for each in (_orders, _passives, _nouns, _questions)]
    kept = ([head for head in each if _ABOUT.search(line, *head.sentence)] for each in found)
    first = next((each for each in kept if each), None) or list(_wishes(line))
    if not first:
        return []
    first.sort(key=lambda head: head.first)
    same = [head for each in found for head in each if head.action == first[0].action]
    wished = list(_wishes(line)) if first[0].action == "convert" else []
    return list(dict.fromkeys([first[0], *same, *wished]))


def sentence_at(line: str, at: int) -> tuple[int, int]:
    """Return where the sentence begins and ends that a part of a line stands in."""
    first = max((m.end() for m in _ENDS.finditer(line, 0, at)), default=0)
    behind = _ENDS.search(line, at)
    return first, behind.start() if behind else len(line)


def _head(
    line: str, action: str, match: re.Match[str], *, taken_as: bool = False, weak: bool = False
) -> Head:
    first, end = match.span("head")
    return Head(action, first, end, sentence_at(line, first), taken_as, weak)


def _orders(line: str) -> Iterator[Head]:
    for action, verbs in _VERBS.items():
        for match in form(f"(?P<head>{verbs}|{_ING[action]})").finditer(line):
            if leads(line, match.start()) and not _is_noun(line, match):
                yield _head(line, action, match)
    for match in form(rf"(?P<head>{_LOOKS}) {_DATA}").finditer(line):
        if leads(line, match.start()):
            yield _head(line, "check", match, taken_as=True)
    for match in form(rf"(?P<head>{HOLDS}) \S.{{0,60}}? (?:of|from) {_DATA}").finditer(line):
        if leads(line, match.start()):
            yield _head(line, "split", match)


def _is_noun(line: str, match: re.Match[str]) -> bool:
    """Whether a verb is the noun of "a check on it"."""
    return (
        match["head"] in ("check", "split")
        and re.match(r" (?:on|over|of|for)(?= )", line[match.end() :]) is not None
    )


def _passives(line: str) -> Iterator[Head]:
    for action, verbs in _DONE.items():
        for match in form(f"(?P<head>{_DUE}(?:{verbs}))").finditer(line):
            first, _ = sentence_at(line, match.start())
            due = re.search(r" (?:be|get) |^gets ", match["head"]) is not None or (
                match["head"].startswith("be ") and _MAY.search(line, first, match.start()) is not None
            )
            if due or _PASSIVE.search(line, first, match.start()):
                yield _head(line, action, match)


def _nouns(line: str) -> Iterator[Head]:
    for action, source in _NOUNS:
        for match in form(source).finditer(line):
            yield _head(line, action, match)


def _questions(line: str) -> Iterator[Head]:
    for source in _QUESTIONS:
        for match in re.finditer(rf"(?<![^ ]){source}", line):
            yield _head(line, "check", match, taken_as=True)


def _wishes(line: str) -> Iterator[Head]:
    """Yield what is ordered or wished in a form: "turn X into COCO", "they need our labels as YOLO"."""
    for match in form(rf"(?P<head>{_ORDERED}|{_WISHED}(?: an?)?(?: copy| version)?)").finditer(line):
        ordered = re.match(_ORDERED + r"(?![^ ])", match["head"]) is not None
        sentence = sentence_at(line, match.start())
        if (leads(line, match.start()) or not ordered) and _FORMAT.search(line, *sentence):
            yield _head(line, "convert", match, weak=True)
    for match in (m for each in _COPIES for m in each.finditer(line)):
        yield _head(line, "convert", match, weak=True)
