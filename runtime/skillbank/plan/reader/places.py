"""What the places of a request are for: said words first, then the path's own name, else nobody knows.

Roles are the data sources, and ``results``, ``weights``, ``resume``, ``backbone``, ``labels``; ``None`` is
for the action that the place is said of.
"""

from __future__ import annotations

import re

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.place import (
    LINK,
    LIST,
    OF,
    SOURCES,
    WORDS,
    Place,
    bridges,
    claim_place,
    is_model_file,
)
from skillbank.plan.reader.roles import take_references, take_roles
from skillbank.plan.reader.targets import take_models, take_results

__all__ = ["take_places"]

_NAMES = (".txt", ".json", ".names", ".yaml", ".csv")
"""Endings of files that name what is to be found."""


def take_places(text: Text, *, training: bool) -> None:
    """Account for the places of a text and for the words that say what they are for.

    Parameters
    ----------
    training
        Whether the text speaks of a training; see `take_roles`.
    """
    take_results(text)
    take_models(text)
    take_roles(text, training=training)
    _labels(text)
    _data(text)
    _whole(text)
    take_references(text)
    _only_spoken_of(text)
    _around(text)


def _labels(text: Text) -> None:
    """Read files with the names of what is to be found: "with the descriptions of labels.txt"."""
    for match in text.find(
        f"group.prep? group.det* free.adjective* places.labels.before|slots.captions.nouns {LINK}* {LIST}"
    ):
        file = str(text.tokens[match.tokens("list")[0]].value).lower().endswith(_NAMES)
        if file or any(text.within(i, "places.labels.before") for i in match.tokens()):
            claim_place(text, match, "labels")


def _data(text: Text) -> None:
    """Read places with a mere noun of data, and those with no word at all."""
    for source in (
        (
            f"mode.subject places.data.put free.adverb|group.det|'about* @number? {WORDS} "
            f"places.data.nouns+ {OF}* {LINK}* {LIST}"
        ),
        f"group.prep|group.det|'and|',+ n=@number? {WORDS} places.data.nouns+ {OF}* {LINK}* ',? {LIST}",
        f"places.data.nouns+ {OF}* {LINK}* {LIST}",
    ):
        for match in text.find(source):
            if _is_written(text, match):
                text.ledger.mark("unread", match.tokens())
            elif not bridges(text, match) and not _describes_model(text, match):
                claim_place(text, match, None)
    for i, token in enumerate(text.tokens):
        if token.kind == "place" and text.ledger.free(i):
            text.ledger.claim(
                "place", [i], Place(token.value, "weights" if is_model_file(text, token.value) else None)
            )


def _is_written(text: Text, match: Match) -> bool:
    """Whether something is to be written to a place that is no result of a run: "save crops of them to X"."""
    into = any(text.word(i) in ("to", "into") for i in match.tokens())
    told = text.holds(range(match.first - 4, match.first), "grammar.mode.subject")
    found = text.holds(match.tokens(), "actions.words.found_in")  # "put the labelled pictures into X"
    return into and not told and not found and text.within(match.first - 1, "places.results.verbs")


def _whole(text: Text) -> None:
    """Account for a folder that only tells where the data lies whose parts are named with their roles."""
    placed, roles = text.ledger.of("place"), dict[str, set[str]]()
    for place in (c.value for c in placed if c.value.role in SOURCES):
        for slash in re.finditer("/", place.uri):
            roles.setdefault(place.uri[: slash.start()], set()).add(place.role)
    for claim in placed:
        if claim.value.role is None and len(roles.get(claim.value.uri.rstrip("/"), ())) > 1:
            text.ledger.replace(claim, "context")


def _describes_model(text: Text, match: Match) -> bool:
    """Whether the words before a place speak of a model: "an image classifier with the pictures in X"."""
    return any(
        text.within(i, "places.data.models") and text.within(i + 1, "grammar.group.prep")
        for i in match.tokens()[:-2]
    )


def _only_spoken_of(text: Text) -> None:
    """Mark places of which something is said, and not what they are for: "X is for later"."""
    held = "@number|group.det|'about|~word* places.data.nouns"
    for match in text.find(f"'in|'at|'under|'on &^place @place 'is|'are|'lie|'lies {held}"):
        text.ledger.claim("order", text.unclaimed(match.tokens()))  # "in X are 2,000 pictures"
    for match in text.find("^place 'is|'are|'was|'has|'holds|'contains|'were free.adverb*"):
        owner = text.ledger.owner[match.first]
        done_on = match.first and text.tokens[match.first - 1].text in ("on", "with")
        said = match.first and not text.ledger.free(match.end - 1)  # "in X are 2,000 pictures"
        if owner.value.role is not None or owner.tokens != (match.first,) or done_on or said:
            continue
        there = text.match(phrase("placed.there"), match.end)
        if there is not None:
            words = [*match.tokens(), *there.tokens("what")] if _is_worked_on(text, match.end) else []
            text.ledger.claim("order", text.unclaimed(words))
        elif (
            text.match(f"{WORDS} group.det* {WORDS} places.data.nouns|group.it|'which|'where", match.end)
            is None
        ):
            text.ledger.replace(owner, "unread")


def _is_worked_on(text: Text, end: int) -> bool:
    """Whether what is said of the one place leads to what is done on it: "X is in, run MODEL on it"."""
    meant = next(text.phrases("placed.meant"), None)
    return len(text.ledger.of("place")) == 1 and meant is not None and meant.first > end


def _around(text: Text) -> None:
    """Account for words around places that have been understood."""
    for match in text.find("@name|^name|~word|group.det+ places.data.put ^place"):
        owner = text.ledger.owner[match.end - 1]  # not "the pictures nobody has labelled in X"
        if owner.value.role in (None, *SOURCES) and owner is not text.ledger.owner.get(match.first - 1):
            text.ledger.claim("order", [i for i in match.tokens() if text.tokens[i].kind != "name"])
    for match in text.find("'on|'with|'for|'about group.det what=~word|free.noun+ ': &^place"):
        what = match.tokens("what")  # "trained on our pallets: X for training"
        if not any(text.within(i, "told.choosing", "grammar.mode.technical") for i in what):
            text.ledger.claim("context", text.unclaimed(what))
    for match in text.find("^place places.data.more group.prep? &^place"):
        text.ledger.claim("order", match.tokens())
    _counted(text)
    roles = {c.value.role for c in text.ledger.of("place")}
    for role, source in (
        ("resume", "'was|'is|'has|'got|'been|'just+ places.weights.broken"),
        ("backbone", "'only|'just? places.weights.backbone 'only|'alone?"),
    ):
        for match in text.find(source) if role in roles else ():
            text.ledger.claim("order", match.tokens())


def _counted(text: Text) -> None:
    """Account for how many places there are before these: "on these three: A, B, C"."""
    for match in text.find(
        "'these|'those|'the|'all+ n=@number free.adjective|places.data.nouns|'of|':* &^place"
    ):
        behind = range(match.end, text.sentence(match.end).stop)
        if text.said(match) == sum(text.kind(k) == "place" for k in behind):
            text.ledger.claim("order", text.unclaimed(match.tokens()))
