"""What limits a place: a part of its data, one of its splits or versions, words at the end of its name.

"The test split of X" does not read all of X, and "X minus Y" none of Y: which data is meant, the plan asks.
"""

from __future__ import annotations

import re

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.place import BARE, is_model_file, role_of_path
from skillbank.plan.reader.tokens import Claim

__all__ = ["leave_place", "mark_limits_of_places"]


def leave_place(text: Text, tokens: list[int]) -> None:
    """Leave words unread; a job that they were read as is none, and a place that they name is not used."""
    for place in text.ledger.of("place"):
        if any(i in tokens and text.kind(i) == "place" for i in place.tokens):
            text.ledger.withdraw(place)
    for claim in text.ledger.of("job", "excluded"):
        if any(text.ledger.owner.get(i) is claim for i in tokens):
            text.ledger.withdraw(claim)
    text.ledger.mark("unread", tokens)


def mark_limits_of_places(text: Text, clauses: Clauses) -> None:
    """Leave unread what limits a place, or what is written to it as a part of its name: "a/b[train]"."""
    bare = text.unread()
    _mark_parts(text, clauses.history())
    for match in bare.phrases("unread.of_places", "unread.beside"):
        leave_place(text, match.tokens("what"))
    _mark_splits(text, bare)
    for i in (i for i, token in enumerate(text.tokens) if token.kind == "place"):
        if _goes_on(bare, i):
            leave_place(text, [i, i + 1])
        elif _is_cut(text, i):
            leave_place(text, [i])
    _mark_no_weights(text)


def _mark_no_weights(text: Text) -> None:
    """Leave unread files of weights that are people's, or that nothing starts from."""
    for claim in (c for c in text.ledger.of("place") if c.value.role == "weights"):
        people = _PEOPLE.fullmatch(text.ledger.said(claim.tokens[-1:])) is not None
        people = people and text.word(claim.last - 1) in ("from", "by", "of")
        if people or _may_be_left(text, claim):
            leave_place(text, list(claim.tokens))


def _may_be_left(text: Text, claim: Claim) -> bool:
    """Whether a training does not start from a place: "checkpoints in X", "against X"."""
    training = any(c.value.action == "train" for c in text.ledger.of("action"))
    inside = text.word(claim.last - 1) in _INSIDE and claim.last > claim.first
    begun = _BEGUN.intersection(text.words(range(max(0, claim.first - 2), claim.last)))
    begun -= {"with"} if "checkpoints" in text.words(claim.tokens) else set()  # those that it leaves
    beaten = text.word(claim.last - 1) in ("against", "versus", "vs", "beat", "than")
    return training and (beaten or (inside and not begun and not is_model_file(text, claim.value.uri)))


_BEGUN = word_list("place_limits.begun")
"""Words by which a place beside a training holds what it starts from."""
_INSIDE = frozenset({"in", "inside", "under", "at", "below", "beneath"})
_HOST = re.compile(r"([\w.-]+):\Z")
_PEOPLE = re.compile(r"[A-Z][a-z]+/[A-Z][a-z]+")
"""What two people are called as well as a model of a hub: "weights from Bob/Ann"."""


def _mark_splits(text: Text, bare: Text) -> None:
    """Leave unread which split of a data set is meant: "the test split of X"."""
    training = any(c.value.action == "train" for c in text.ledger.of("action"))
    splits = phrases("unread.split") + (() if training else phrases("unread.split_of_training"))
    for match in (m for source in splits for m in bare.find(source)):
        [place] = [i for i in match.tokens() if text.kind(i) == "place"]
        if role_of_path(text, str(text.tokens[place].value)) is None:
            leave_place(text, match.tokens("what"))


def _goes_on(text: Text, i: int) -> bool:
    """Whether the name of a place seems to go on behind it: "a/b[train]", "a/?, ...", "D:/my train"."""
    if i + 1 == len(text.tokens):
        return False
    place, behind = text.tokens[i], text.tokens[i + 1]
    between = text.ledger.original[place.end : behind.start]
    if between == "":
        sign = text.ledger.original[behind.start : behind.start + 1]
        more = text.word(i + 2) in (",", ";", ")", "/")  # "can you train on X?" asks
        return sign in ("[", "{") or (sign == "?" and more)
    last = text.kind(i + 2) in ("", "mark") and text.word(i + 2) not in (":", "=", "(")
    word = text.within(i + 1, "places.data.nouns") or text.match(f"{BARE}", i + 1, i + 2) is not None
    return between == " " and ":\\" in str(place.value) and word and last


def _is_cut(text: Text, i: int) -> bool:
    """Whether a place is one part of what is written: "host:/a", "/mnt/a/...", "OWNER/NAME@main"."""
    place, original = text.tokens[i], text.ledger.original
    if original[place.end - 1 : place.end + 3].startswith(("/...", "/…")) or original[place.end :][:1] == "@":
        return True
    host = _HOST.search(original[: place.start]) if str(place.value).startswith("/") else None
    return host is not None and (host[1] in ("host", "server") or not text.lexicon.is_word(host[1].lower()))


def _mark_parts(text: Text, over: frozenset[int]) -> None:
    """Leave unread what chooses a part of the data, and places that only the shell of the person knows."""
    for i in range(len(text.tokens)):
        if i not in over and text.within(i, "told.choosing") and _is_of_a_part(text, i):
            text.ledger.mark("unread", [i])
    for claim in text.ledger.of("place"):
        if any(text.tokens[i].kind == "place" and "$" in str(text.tokens[i].value) for i in claim.tokens):
            text.ledger.mark("unread", claim.tokens)


def _is_of_a_part(text: Text, i: int) -> bool:
    """Whether a word chooses some of what lies at a place: "the big images in X"."""
    k = i + 1
    while text.within(k, "grammar.free.adjective") or text.within(k, "told.choosing"):
        k += 1
    return text.owner(i) in ("", "place") and text.within(k, "told.members")
