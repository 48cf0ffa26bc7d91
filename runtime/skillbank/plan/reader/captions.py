"""What is to be found, in the words of the request: "find A and B in P", "captions: a, b"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from skillbank.plan.reader.captions_apart import take_apart
from skillbank.plan.reader.finding import FIND, FINDERS, take_found
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.thing_bounds import begins_order, begins_thing
from skillbank.plan.reader.things import Things, listed, only_describes, read_things
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.vague import is_vague

__all__ = ["take_captions"]


def take_captions(text: Text, *, training: bool) -> None:
    """Account for verbs of finding with their things (``find``), and for lists by themselves (``captions``).

    Parameters
    ----------
    training
        Whether the text speaks of a training: "for X" then says what something is for, and not what to find.
    """
    _take_nouns(text)
    cared = _take_cared(text)
    _take_endless(text)
    if training:
        _take_purposes(text)
    wished = "^courtesy actions.words.found_in"  # "I'd be glad if you labelled cars in P"
    for match in (*text.find(f"{FIND}|actions.words.segment"), *_behind(text.find(wished))):
        if text.ledger.free(match.first):
            take_found(text, match)
    _take_asked_for(text)
    take_apart(text, training=training)
    if any(claim not in cared for claim in _said(text)):
        for claim in cared:  # "find cars. We only care about trucks." is one or the other
            text.ledger.replace(claim, "unread")
    if training:
        _leave_limited(text)
    if not _said(text):
        _leave_unnamed(text)
    _leave_vague(text)


def _behind(matches: Iterable[Match]) -> Iterator[Match]:
    """Yield matches without their first tokens."""
    return (Match(match.end - 1, match.end) for match in matches)


def _leave_unnamed(text: Text) -> None:
    """Leave "find them" unread where nothing says what they are; "label them" is said of pictures."""
    for claim in text.ledger.of("find"):
        if text.word(claim.first) in FINDERS:
            unnamed = text.match("group.it|'some|'any|'these|'those", claim.last + 1)
            text.ledger.mark("unread", unnamed.tokens() if unnamed is not None else ())


def _take_asked_for(text: Text) -> None:
    """Read what a question names before the order: "where are the beehives in P? Search with job J"."""
    for claim in text.ledger.of("question") if not _said(text) else ():
        found = read_things(text, claim.last + 1) if text.word(claim.first) == "where" else Things()
        if found.items:
            text.ledger.claim("captions", found.used, found.items)


def _leave_limited(text: Text) -> None:
    """Leave "to detect only cars" unread: a training learns all classes of its data."""
    for claim in _said(text):
        aim = text.word(claim.first - 1) in ("to", "that", "which", "who")
        if aim and text.holds(claim.tokens, "grammar.operator.only"):
            text.ledger.mark("unread", claim.tokens)


def _leave_vague(text: Text) -> None:
    """Leave unread what no description says; the words of a sign, in quotes, are as they are."""
    quoted = [token.value for token in text.tokens if token.kind == "quote"]
    for claim in _said(text):
        own = [each for each in claim.value if not any(each in quote for quote in quoted)]
        if _is_for_somebody(text, claim) or any(map(_is_open, own)):
            text.ledger.mark("unread", [i for i in claim.tokens if i > claim.first] or claim.tokens)


def _is_open(item: str) -> bool:
    """Whether words are no description, or say beside one whom it is for: "usual stuff", "cats for Bob"."""
    return is_vague(item) or only_describes(item) or _FOR_NAMED.search(item) is not None


_FOR_NAMED = re.compile(r"(?i: for )(?:[A-Z][a-z]+|(?i:me|us|him|her|them))$")


def _is_for_somebody(text: Text, claim: Claim) -> bool:
    """Whether a verb has first what it is done for: "label for the audit all exits"."""
    behind = max(text.ends(claim.first, FIND), default=claim.last)
    if text.word(behind) != "for" or behind >= claim.last:
        return False
    whose = [i for i in (behind + 1, behind + 2) if i <= claim.last]
    things = any(
        text.word(i) in ("all", "every", "each", "any", "the")
        and text.word(i - 1) not in (",", "and", "or", "of")
        for i in range(behind + 2, claim.last + 1)
    )
    things = things and text.word(behind + 1) not in ("me", "us")
    return things or text.within(behind + 1, "grammar.group.det") or "'s" in text.ledger.said(whose)


def _said(text: Text) -> list[Claim]:
    """Return the claims that say what is to be found."""
    return [claim for claim in text.ledger.of("find", "captions") if claim.value]


def _take_nouns(text: Text) -> None:
    """Read "captions: a, b", "the classes are a and b", "with the labels 'x'"."""
    for match in text.find(
        "prep=group.prep? group.det* free.adjective? slots.captions.nouns "
        "lead=':|'=|'is|'are|'of|'to|'being|'like|'set|'be|'as*"
    ):
        _noun(text, match)
    for source in (
        "'what|'objects|'things|'targets lead=':",
        "~word 'of 'interest lead=':",
        "prep='for|'with group.det* slots.captions.told lead=':|'=?",
    ):
        for match in text.find(source):
            _noun(text, match)
    roles = list(text.find(_QUOTED_FOR))
    for match in roles:
        if len(roles) > 1:
            text.ledger.mark("unread", match.tokens("role"))  # '"a" as the prompt and "b" as the class'
            continue
        quotes = (text.tokens[i].value for i in match.tokens() if text.kind(i) == "quote")
        text.ledger.claim(
            "captions", match.tokens(), [item for q in quotes for item in listed(q, quoted=True)]
        )


_QUOTED_FOR = (
    "@quote|',|'and+ role='as|'for|'being role='the|'a|'my|'our|'its* role=slots.captions.nouns "
    "!'other|'but|'except|'save|~word"
)
"""What is quoted, and what it is: '"cats" as the class', but not "as one class", "for classes other than"."""


def _take_cared(text: Text) -> list[Claim]:
    """Read "we only care about trucks"; return what says so."""
    cared: list[Claim] = []
    for match in text.find("'i|'we|'am|'are|'be|'m|'mostly|'only|free.adverb* actions.words.interested"):
        if text.word(match.first) == "after":
            continue  # "after that" tells when
        found = read_things(text, match.end)
        if found.items:
            cared.append(text.ledger.claim("captions", [*match.tokens(), *found.used], found.items))
    return cared


def _take_endless(text: Text) -> None:
    """Leave "find everything you can" unread: no description says what that is."""
    for match in text.find(
        f"{FIND} what='everything|'anything|'all what='you|'i|'we|'they|'that|'there|^courtesy+"
    ):
        text.ledger.mark("unread", match.tokens("what"))


def _take_purposes(text: Text) -> None:
    """Read "a model that finds rust", "to tell ripe from unripe": what it is trained for."""
    for source in (_FINDS, _TELLS_APART):
        for match in text.find(source):
            found = read_things(text, match.end)
            words = [text.word(k) for k in found.used]
            two = source == _FINDS or not _TWO.isdisjoint(words[1:])
            limited = text.holds(
                [*match.tokens(), *found.used], "grammar.operator.only"
            )  # of the data's classes
            if found.items and two and not limited and words[0] not in ("me", "us"):
                text.ledger.claim("context", [*match.tokens("verb"), *found.used])


def _noun(text: Text, match: Match) -> None:
    """Read "captions: a, b", "the classes are a and b", "prompts 'a', 'b'"."""
    marked = any(text.tokens[i].text in (":", "=", "is", "are", "be") for i in match.tokens("lead"))
    quoted = text.kind(match.end) == "quote"
    told = [text.tokens[i].text for i in match.tokens("prep")] in (["for"], ["with"])
    if marked and begins_order(text, match.end):
        return  # "for my class: train an image classifier"
    if marked or quoted or (told and begins_thing(text, match.end)):
        end = match.end
        while quoted and (text.kind(end) == "quote" or text.kind(end + 1) == "quote"):
            end += 1  # 'description "a", the model being that of job J'
        found = read_things(text, match.end, marked=True, until=end if quoted else None)
        if found.items:
            text.ledger.claim("captions", [*match.tokens(), *found.used], found.items)


_FINDS = f"group.model|@name 'that|'which 'can|'could|'will? verb={FIND}"
_TELLS_APART = (
    "group.model|@name actions.train.past? 'to|'that|'which|'for|'can+ verb=actions.words.tell_apart"
)
_TWO = frozenset(["from", "and", "or", "apart"])
"""What stands between things that are told apart."""
