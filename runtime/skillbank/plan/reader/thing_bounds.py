"""Where a thing to be found ends: at what leads to its place or model, or begins something else to do."""

from __future__ import annotations

from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.wording import is_many

__all__ = ["AWAY", "JOINS", "begins_order", "begins_thing", "leads_away"]

_ALL = frozenset({"all", "any", "every", "each"})
JOINS = ADDING | {"/", "or", "n"}
_PICTURES = word_list("things.pictures")

AWAY, _OTHER = phrases("things.away"), phrases("things.else")

_STEPS = phrases("things.steps")
_ORDERS = phrases("things.verbs") + _STEPS


def begins_thing(text: Text, i: int) -> bool:
    """Whether a list goes on behind a comma or "and": with a noun, and not with something else to do."""
    if i >= len(text.tokens) or not text.ledger.free(i):
        return False
    token = text.tokens[i]
    if token.kind == "quote":
        return True
    if (token.text in JOINS and token.text != "n") or token.text in _ALL:
        return begins_thing(text, i + 1)
    drawn = any(end > i + 1 for end in text.ends(i, "actions.words.find"))  # "draw boxes"
    if token.kind != "word" or drawn or text.begins(AWAY, i):
        return False
    if _is_thing(text, i):
        return True
    named = _is_many_and_last(text, i) or _is_lone(text, i) or not text.begins(_ORDERS, i)
    return named and not text.begins(_OTHER, i)


def begins_order(text: Text, i: int) -> bool:
    """Whether a verb begins something to do there: "train an", but not "trains, buses"."""
    return text.begins(_ORDERS, i) and not _is_thing(text, i)


def _is_thing(text: Text, i: int) -> bool:
    """Whether a word that can be a verb or data is a thing here: "smoke or fire", "weeds and crops in X"."""
    joined = text.word(i - 1) in ("and", "or") and text.within(i, "places.data.nouns")
    if not text.within(i, "actions.words.things") and (not joined or text.word(i) in _PICTURES):
        return False
    end = i + 1
    plain = (
        end >= len(text.tokens)
        or text.tokens[end].kind == "mark"
        or text.tokens[end].text in JOINS
        or text.is_plain(end)
    )
    return plain or text.begins(AWAY, end)


def _is_lone(text: Text, i: int) -> bool:
    """Whether what can be a verb has no object here: "hammer, saw, drill", "work boots", "dump trucks".

    What a step is called is an order by itself: "find cats, then evaluate".
    """
    if text.begins(_STEPS, i):
        return False
    noun = i + 1 < len(text.tokens) and text.is_plain(i + 1) and not text.within(i + 1, "places.data.nouns")
    end = i + 1 + noun
    return text.kind(end) in ("", "mark") or text.word(end) in JOINS or text.begins(AWAY, end)


def _is_many_and_last(text: Text, i: int) -> bool:
    """Whether a word that has the form of an order's third person ends a thing: "apples and leaves in X"."""
    ends = text.kind(i + 1) in ("", "mark") or text.word(i + 1) in JOINS or text.begins(AWAY, i + 1)
    return ends and is_many(text.word(i))


def leads_away(text: Text, i: int, *, begun: bool) -> bool:
    """Whether a word leads to where, with what or why things are to be found."""
    word = text.tokens[i].text
    if word in ("please", "then", "but") or text.within(
        i, "grammar.mode.reason", "grammar.mode.fix", "grammar.mode.condition", "grammar.mode.schedule"
    ):  # fmt: skip
        return True
    if text.begins(AWAY, i) or (begun and word in ("is", "are") and text.word(i - 1) not in _RELATIVE):
        return True
    return not begun and word in ("in", "on", "at", "from", "with", "using", "of", "by", "if", "when")


_RELATIVE = frozenset({"that", "which", "who", "what", "where", "there", "as"})
"""Words behind which a verb is part of a thing: "lights that are off"."""
