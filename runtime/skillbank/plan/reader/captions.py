"""What is to be found, in the words of the request: "find A and B in P", "captions: a, b", "look for 'x'"."""

from __future__ import annotations

import re

from skillbank.plan.reader.matching import Match, Text

__all__ = ["take_captions"]

_ARTICLE = re.compile(r"^(?:a|an|the|all|any|every|each|some|all the|all of the)\s+(?=\S)", re.IGNORECASE)
_ENDS = frozenset(".!?;():\n")
_WHERE = frozenset("in on from at inside within of across over through with using by via under".split())


def take_captions(text: Text) -> None:
    """Account for verbs of finding with what is to be found (``find``), and for lists of captions (``value``)."""
    for match in text.find("group.prep? group.det* free.adjective? slots.captions.nouns lead=':|'=|'is|'are|'of|'to|'being|'like|'set|'be|'as* &@quote|~word|'the|'a|'an"):
        marked = any(text.tokens[i].text in (":", "=", "is", "are", "be") for i in match.tokens("lead"))
        if marked or (match.end < len(text.tokens) and text.tokens[match.end].kind == "quote"):
            used, items = _list(text, match.end)
            if items:
                text.ledger.claim("captions", [*match.tokens(), *used], items)
    for match in text.find("actions.words.find ':|'for|'me|'all|'out|'every|'any|'up|'us|free.glue*"):
        _find(text, match)


def _find(text: Text, match: Match) -> None:
    at = match.first + 1
    verb_end = max(text.ends(match.first, "actions.words.find"))
    at = verb_end
    while at < len(text.tokens) and text.tokens[at].text in ("me", "us", ":", "out", "up") and text.ledger.free(at):
        at += 1
    used, items = _list(text, at)
    verb = list(range(match.first, verb_end))
    if not items:
        text.ledger.claim("find", verb, [])
        return
    text.ledger.claim("find", [*verb, *range(verb_end, at), *used], items)


def _list(text: Text, at: int) -> tuple[list[int], list[str]]:
    """Read a list of things to be found, up to where they are to be found or the clause ends."""
    ledger, tokens = text.ledger, text.tokens
    used: list[int] = []
    items: list[str] = []
    part: list[int] = []

    def close() -> None:
        if part:
            said = _ARTICLE.sub("", ledger.said(part).strip()).strip().rstrip(".")
            if said:
                items.append(said)
            part.clear()

    i = at
    while i < len(tokens):
        token = tokens[i]
        if token.kind == "quote" and ledger.free(i):
            close()
            items.append(token.value)
            used.append(i)
        elif not ledger.free(i) or token.kind not in ("word", "mark", "number"):
            break
        elif token.kind == "mark" and token.text in _ENDS:
            break
        elif token.text in (",", "/", "&", "+") or (token.text in ("and", "or", "plus") and _goes_on(text, i + 1)):
            if token.text == "," and not _goes_on(text, i + 1):
                break
            close()
            used.append(i)
        elif token.kind == "word" and token.text in ("and", "then", "but", "please"):
            break
        elif _leads_away(text, i, bool(part or items)):
            break
        else:
            part.append(i)
            used.append(i)
        i += 1
    close()
    while used and tokens[used[-1]].text in (",", "and", "or"):
        used.pop()
    return used, items


def _goes_on(text: Text, i: int) -> bool:
    """Whether a list goes on behind a comma or "and": with a noun, and not with something else to do."""
    if i >= len(text.tokens) or not text.ledger.free(i):
        return False
    token = text.tokens[i]
    if token.kind == "quote" or token.text in ("and", "or"):
        return token.kind == "quote" or _goes_on(text, i + 1)
    if token.kind != "word" or token.text in _WHERE:
        return False
    return not text.within(
        i, "grammar.operator.not", "grammar.free.adverb", "grammar.courtesy.words", "grammar.mode.fix", "grammar.mode.reason",
        "grammar.mode.condition", "actions.words.find", "actions.words.apply", "actions.words.convert", "actions.words.measure", "grammar.free.light",
        *(f"actions.{a}.base" for a in ("train", "evaluate", "export", "quantize", "inference")),
        "grammar.mode.order", "grammar.mode.subject", "places.results.verbs",
    )  # fmt: skip


def _leads_away(text: Text, i: int, begun: bool) -> bool:
    """Whether a word leads to where, with what or why things are to be found."""
    word = text.tokens[i].text
    if not begun:
        return word in ("in", "on", "at", "from", "with", "using") and not text.within(i, "actions.words.find")
    if word in _WHERE:
        target = text.match(
            "group.prep group.det|free.adjective|free.glue|places.data.nouns|free.noun|~word|places.weights.before* @place|@job|@name|^place|^job|^value|^platform", i
        )
        return target is not None or text.match("group.prep group.det* free.adjective* places.data.nouns|actions.words.engine|free.noun", i) is not None
    return text.within(i, "grammar.mode.reason", "grammar.mode.fix") or word == "please"
