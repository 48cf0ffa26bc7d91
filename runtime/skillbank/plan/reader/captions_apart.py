"""What is to be found where it is not said behind its verb: "search P for A", "there are A in them"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from skillbank.plan.reader.matching import STOPS, Match, Text
from skillbank.plan.reader.telling import FRAME
from skillbank.plan.reader.thing_bounds import begins_thing
from skillbank.plan.reader.things import Things, is_data, read_things
from skillbank.plan.reader.wording import is_many

__all__ = ["take_apart"]

_LINES = STOPS | {"\n"}
_ROLES = tuple(
    f"places.roles.{r}.{k}"
    for r in ("train_datasets", "eval_dataset", "inference_dataset", "calibration_dataset")
    for k in ("bare", "before", "after")
)
_WISHES = frozenset(
    {"need", "needs", "want", "wants", "like", "love", "have", "get", "wish", "wishes", "request"}
)
_DOING = ("actions.inference.base", "actions.inference.ing", "actions.inference.nouns", "actions.words.apply")


def take_apart(text: Text, *, training: bool) -> None:
    """Account for what is to be found and stands before its verb or in other words than those behind it.

    Parameters
    ----------
    training
        Whether the text speaks of a training: "for X" then says what something is for, and not what to find.
    """
    _take_passives(text)
    for take in (partial(_take_led, training=training), _take_headed, _take_pictured, _take_needed):
        if not any(claim.value for claim in text.ledger.of("find", "captions")):
            take(text)


def _take_passives(text: Text) -> None:
    """Account for "The X in P should be located", "I need all X in P found", "P could be labelled with X"."""
    for modal in (
        "'should|'must|'need|'needs|'to|'are|'have|'has|'be|'shall*",
        # "the data can be found at X" says where it lies
        "'could|'can|'may|'would 'be? !'found|'located|'done|'marked",
    ):
        for match in text.find(f"modal={modal} actions.words.found_in"):
            _passive(text, match)


def _passive(text: Text, match: Match) -> None:
    """Read a passive: what is to be found stands before it."""
    verb, modal = match.end - 1, text.unclaimed(match.tokens("modal"))
    if _lies(text, match) or (not modal and _describes(text, match.end)):
        return
    first = _behind_courtesy(text, match.first)
    wish = _wish(text, range(first, match.first))
    framed = text.owner(first - 1) == "courtesy" and text.word(first - 1) in ("is", ":")
    if (wish is None and not modal and not framed) or not text.ledger.free(verb):
        return
    wished = [] if wish is None else text.unclaimed([wish - (text.word(wish) == "that"), wish])
    _find_before(text, match, first if wish is None else wish + 1, [*wished, *modal, verb])


def _find_before(text: Text, match: Match, at: int, said: list[int]) -> None:
    """Account for a passive with the things that stand before it, else with those behind it."""
    found = read_things(text, at, until=match.first)
    if any(not is_data(text, item) for item in found.items):
        boxed = text.match("'with|'by group.det* 'box|actions.words.boxes", match.end)
        tokens = boxed.tokens() if boxed is not None else []  # "have every car marked with a box"
        text.ledger.claim("find", [*said, *found.used, *tokens], found.items)
    elif found.items or text.kind(at) == "place":
        led, things = _led_behind(text, match.end)
        if led or (len(said) > 1 and found.items):
            text.ledger.claim("find", [*said, *led, *things.used], things.items)


def _led_behind(text: Text, at: int) -> tuple[list[int], Things]:
    """Return what is to be found in the data before a passive: "P should be labelled with X"."""
    lead = text.match("'with|'for|'as", at)
    things = Things() if lead is None else read_things(text, lead.end)
    return (lead.tokens() if lead is not None and things.items else []), things


def _lies(text: Text, match: Match) -> bool:
    """Whether a passive says where something lies: "the validation images can be found in X"."""
    found = text.word(match.end - 1) in ("found", "located")
    return found and text.word(match.first - 1) in ("can", "could", "may")


def _describes(text: Text, at: int) -> bool:
    """Whether a participle describes the noun behind it: "we've got a batch of labelled drone pictures"."""
    noun = text.kind(at) == "word" and not text.within(at, "grammar.group.prep", "grammar.free.adverb")
    return noun and (text.is_plain(at) or text.within(at, "places.data.nouns"))


def _behind_courtesy(text: Text, at: int) -> int:
    """Return where the sentence that a token stands in begins to say something."""
    first = text.sentence(at, _LINES | {":"}).start
    while first < at and (
        text.within(first, "grammar.courtesy.words", "grammar.free.adverb")
        or (first in text.ledger.owner and text.ledger.owner[first].value == FRAME)
    ):
        first += 1
    return first


def _wish(text: Text, words: range) -> int | None:
    """Return the verb of "I need all X found"; none of "the X need to be labelled"."""
    wish = next((k for k in words if text.word(k) in _WISHES and _is_open(text, k)), None)
    if wish is not None and text.word(wish + 1) == "to" and text.word(wish + 2) in _WISHES | {"see"}:
        wish += 2  # "I'd like to have X tagged"
    elif wish is not None and text.word(wish + 1) == "that":
        wish += 1  # "I request that X be tagged"
    if wish is None or all(text.word(k) in ("to", "be") for k in range(wish + 1, words.stop)):
        return None
    return wish


def _is_open(text: Text, i: int) -> bool:
    """Whether a word is free, or only part of a courtesy ("I want")."""
    return text.ledger.free(i) or text.ledger.owner[i].kind == "courtesy"


def _take_led(text: Text, *, training: bool) -> None:
    """Account for what is to be found where the verb has something else behind it: "search P for x"."""
    asked = text.ledger.of("find")
    inferring = [i for i in range(len(text.tokens)) if text.ledger.free(i) and text.within(i, *_DOING)]
    for start in [c.last for c in asked] or ([] if training else inferring[:1]):
        for i in _free_behind(text, start):
            found = _led(text, i, finding=bool(asked))
            if found.items:
                text.ledger.claim("captions", [i, *found.used], found.items)
                return


def _free_behind(text: Text, start: int) -> Iterator[int]:
    """Yield the free words and marks behind a token, up to the free mark that ends its sentence."""
    for i in range(start + 1, len(text.tokens)):
        if text.ledger.free(i) and text.tokens[i].kind in ("word", "mark"):
            if text.tokens[i].text in STOPS:
                return
            yield i


def _led(text: Text, i: int, *, finding: bool) -> Things:
    """Read a list behind a word that may lead to one."""
    word = text.word(i)
    apart = text.within(i, *_ROLES) or text.within(i + 1, *_ROLES)
    if i + 1 == len(text.tokens) or not text.ledger.free(i + 1) or apart:
        return Things()
    if text.kind(i + 1) == "quote" and word in ("with", "as", "for", ":"):
        return read_things(text, i + 1, marked=True)
    return _LED[word](text, i + 1, finding) if word in _LED else Things()


_MARKS = frozenset({"masks", "outlines", "contours", "polygons", "segments", "points", "keypoints", "tags"})
"""Forms of an answer, and no things that are to be found."""


def _behind_with(text: Text, at: int, finding: bool) -> Things:
    """Read "with person and helmet", "with cows", but not "with care"."""
    begins = text.word(at) == "\n" or text.is_plain(at)
    found = read_things(text, at) if finding and begins else Things()
    one = len(found.used) == 1 and is_many(text.word(at)) and text.word(at) not in _MARKS
    several = len(found.items) > 1 or one
    return found if several else Things()


def _behind_as(text: Text, at: int, finding: bool) -> Things:
    told = text.within(at - 1, "grammar.mode.reason")
    return read_things(text, at) if finding and not told else Things()


def _behind_for(text: Text, at: int, finding: bool) -> Things:
    if text.word(at) == ":" and finding:
        return read_things(text, at + 1, marked=True)
    found = read_things(text, at) if finding or text.word(at) not in _OWNED else Things()
    return Things() if all(is_data(text, item) for item in found.items) else found


_OWNED = frozenset(["the", "my", "our", "this", "that", "it", "me", "us", "his", "her", "their"])
"""Words behind a "for" that says for whom or what, where nothing is said to be found."""


def _behind_colon(text: Text, at: int, finding: bool) -> Things:
    begins = text.word(at) == "\n" or begins_thing(text, at)
    return read_things(text, at, marked=True) if begins else Things()


def _behind_dash(text: Text, at: int, finding: bool) -> Things:
    """Read "label P -- a, b", "P -> a, b": a list that a line or an arrow leads to."""
    while text.word(at) in ("-", ">"):
        at += 1
    return _behind_colon(text, at, finding) if finding else Things()


def _in_brackets(text: Text, at: int, finding: bool) -> Things:
    """Read "label P (a, b)": a list in brackets, and nothing else in them."""
    found = read_things(text, at, marked=True) if finding else Things()
    if text.word(found.end) not in (")", "]", "}"):
        return Things()
    return Things([*found.used, found.end], found.items, found.end + 1)


_LED: dict[str, Callable[[Text, int, bool], Things]] = {
    "with": _behind_with, "as": _behind_as, "for": _behind_for, ":": _behind_colon,
    **dict.fromkeys(("-", "|", "then"), _behind_dash), **dict.fromkeys("([{", _in_brackets),
}  # fmt: skip
"""By a word that may lead to things: how they are read from the token behind it on."""
_SHOWN = (
    "'there 'are|'is|'may|'might|'will|'should|'be+",
    "'they|'these|'those|'it|'all|places.data.nouns 'show|'shows|'contain|'contains|'depict",
)
_PICTURED = "'pictures|'picture|'photos|'photo|'images|'image|'shots 'of|'with"


def _take_headed(text: Text) -> None:
    """Account for things that head what is asked for: "helmet, harness: please label these in P"."""
    for claim in text.ledger.of("find"):
        if not any(text.within(k, "grammar.group.it") for k in (claim.last + 1, claim.last + 2)):
            continue
        first = text.sentence(claim.first, _LINES).start
        found = read_things(text, first) if begins_thing(text, first) else Things()
        behind = text.match("',? ^courtesy|free.adverb* ':", found.end)
        if found.items and behind is not None and not all(is_data(text, i) for i in found.items):
            text.ledger.claim("captions", found.used, found.items)
            return


def _take_pictured(text: Text) -> None:
    """Account for what pictures are said to show where nothing but "label them" says what to look for.

    "There are cats and dogs in them. Please label them."
    """
    if not any(
        text.within(k, "grammar.group.it") for c in text.ledger.of("find") for k in (c.last + 1, c.last + 2)
    ):
        return
    for match in [m for lead in _SHOWN for m in text.find(lead)] or list(text.find(_PICTURED)):
        found = read_things(text, match.end)
        if found.items and _are_many(found) and not all(is_data(text, item) for item in found.items):
            text.ledger.claim("captions", text.unclaimed([*match.tokens(), *found.used]), found.items)
            return


def _take_needed(text: Text) -> None:
    """Account for "label them. We need cups, plates and forks" where nothing else says what to look for."""
    for match in text.find("'i|'we 'need|'want") if text.ledger.of("find") else ():
        found = read_things(text, match.end)
        ends = text.kind(found.end) in ("", "mark")
        nouns = _are_many(found) and not any(is_data(text, item) for item in found.items)
        told = any(text.within(k, "actions.words.boxes", "actions.words.metric") for k in found.used)
        if len(found.items) > 1 and ends and nouns and not told:
            text.ledger.claim("captions", text.unclaimed([*match.tokens(), *found.used]), found.items)
            return


def _are_many(found: Things) -> bool:
    """Whether all that is listed has the form of a plural."""
    return all(is_many(item.split()[-1]) for item in found.items)
