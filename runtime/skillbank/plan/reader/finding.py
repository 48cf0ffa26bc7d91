"""Verbs of finding with what stands behind them: things, the data to look at, or nothing yet."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile

from skillbank.plan.reader.lexicon import Lexicon
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.thing_bounds import begins_thing
from skillbank.plan.reader.things import Things, is_data, read_things
from skillbank.plan.reader.vague import is_vague
from skillbank.plan.reader.wording import is_regular_past, of

__all__ = ["FIND", "FINDERS", "is_next", "take_found"]

FIND = "actions.words.find"
FINDERS = word_list("finding.finders")
"""Verbs whose object is what is to be found, and never the pictures."""
_FORM = re.compile(
    r"^(?:pixels?|outlines?|contours?|shapes?|masks?) of (?:(?:every|each|all|any|the|an?) )*",
    re.IGNORECASE,
)
"""What masks are of things: "the pixels of every moss patch" are its mask."""
_THERE = re.compile(r" (?:is|are|lie|lies|stand|stands)$", re.IGNORECASE)
"""What ends a thing that is asked for by its place: "show me where the cracked tiles are"."""
_BEFORE_VERB = word_list("finding.before_verb") | {""}
"""Words behind which a verb of finding is one and no noun ("to label", but not "the label")."""


def take_found(text: Text, match: Match) -> None:
    """Read a verb of finding with what stands behind it: things, the data to look at, nothing yet."""
    if not _is_verb(text, match.first, match.end):
        return
    first = _with_modal(text, match.first)
    at, marked = _behind_verb(text, match.end)
    found = read_things(text, at, marked=marked)
    if _is_said_only(text, first, found):
        return
    segments = not text.within(match.first, FIND)
    found.items = _without_forms(text, range(first, at), found.items, segments=segments)
    if found.items and text.within(match.first, "actions.words.searched") and text.match(_PLACED, found.end):
        text.ledger.claim("find", [*range(first, at), *_leave_chosen(text, found)], [])
    elif found.items and not all(is_data(text, item) for item in found.items):
        text.ledger.claim("find", [*range(first, at), *found.used], found.items)
        _leave_rest(text, match, found)
    elif found.items and (is_vague(found.items[0]) or _is_sought(text, match, found)):
        text.ledger.claim("find", range(first, at), [])
        text.ledger.claim("unread", found.used)  # "find the usual stuff"
    else:
        _find_in_data(text, match, range(first, at), segments=segments)
    if segments:
        text.ledger.claim("masks", match.tokens())


def _leave_chosen(text: Text, found: Things) -> list[int]:
    """Return "every" of "search every picture in X for adverts"; what chooses some of them stays unread."""
    every = list(takewhile(lambda i: text.word(i) in ("every", "each", "all", "single"), found.used))
    pictures = ("places.data.nouns", "grammar.group.det", "grammar.free.noun", "told.seen")
    text.ledger.mark("unread", [i for i in found.used[len(every) :] if not _is_all(text, i, pictures)])
    return every


def _is_all(text: Text, i: int, pictures: tuple[str, ...]) -> bool:
    return text.word(i) not in _CHOOSING and text.within(i, *pictures)


_CHOOSING = frozenset({"other", "another", "some", "few", "any", "one", "half", "most", "several", "couple"})
"""Words of determiners that leave pictures out: "every other picture"."""


def _without_forms(text: Text, verb: range, items: list[str], *, segments: bool) -> list[str]:
    """Return things without what asks for their place or their masks."""
    if "where" in text.words(verb):
        items = [_THERE.sub("", item) for item in items]
    return [_FORM.sub("", item) for item in items] if segments else items


def _is_sought(text: Text, verb: Match, found: Things) -> bool:
    """Whether words of data name what is to be found and not where: "find batch labels in X"."""
    nouns = (
        sum(text.lexicon.has(w, "places.data.nouns") for w in item.lower().split()) for item in found.items
    )
    return text.word(verb.first) in FINDERS and max(nouns, default=0) > 1


def _find_in_data(text: Text, match: Match, verb: range, *, segments: bool) -> None:
    """Account for a verb that has the data behind it, or nothing: "label the images", "count them"."""
    words = range(verb.start, match.end)
    if segments and text.ledger.of("find"):
        text.ledger.claim("order", words)  # "..., give me masks" says of what kind the answer is
    elif text.word(match.first).startswith("count"):
        them = [i for i in range(match.end, verb.stop + 1) if text.within(i, "grammar.group.it")]
        text.ledger.claim("unread", [*words, *them])
    else:
        text.ledger.claim("find", words, [])


def _with_modal(text: Text, first: int) -> int:
    """Return where a verb begins with the modals before it: "should label"."""
    while first and text.ledger.free(first - 1) and text.word(first - 1) in ("should", "must", "shall"):
        first -= 1
    return first


def _behind_verb(text: Text, end: int) -> tuple[int, bool]:
    """Return where what is to be found begins behind its verb, and whether a colon leads to it."""
    searched = text.match("group.it 'for", end)  # "search them for A" says where beside what
    at, marked = searched.end if searched is not None else end, False
    if text.match("'request|'job|'task|'order ':", end) is not None:
        at = end + 1  # "prelabel request: bottles, knives"
    while at < len(text.tokens) and text.ledger.free(at) and (
        text.tokens[at].text in ("me", "us", ":", "out", "up", "for", "there", "here")
        or text.within(at, "grammar.free.adverb", "grammar.operator.only")
    ):  # fmt: skip
        marked = marked or text.tokens[at].text == ":"
        at += 1
    model = text.match("'with|'using|'via|'by|^job @name|^name|^job|@job|'(|')|group.det|free.noun+", at)
    if model is not None and any(t.kind == "name" for t in text.tokens[at : model.end]):
        at = model.end
    return at, marked


_PLACED = "group.prep group.det|places.data.nouns|places.data.link* @place ',? 'for ~word|@quote"
"""What stands between what is looked through and what is looked for."""
_MORE = frozenset(["stuff", "everything", "anything", "things", "all", "more"])


def _leave_rest(text: Text, verb: Match, found: Things) -> None:
    """Mark what is said of things and is no part of their name: "label X as Y", "cats (the small ones)"."""
    renamed = next((i for i in found.used if text.tokens[i].text == "as"), None)
    if renamed is not None and text.word(verb.first).startswith(("label", "mark", "tag", "annotate", "box")):
        text.ledger.mark("unread", [i for i in found.used if i >= renamed])
    if text.word(found.end) == "(":
        close = next((i for i in range(found.end, len(text.tokens)) if text.tokens[i].text == ")"), found.end)
        inside = range(found.end + 1, close)
        if all(text.ledger.free(i) and text.tokens[i].kind == "word" for i in inside):
            text.ledger.mark("unread", inside)
    if text.word(verb.first) == "count":
        text.ledger.mark("unread", verb.tokens())  # nothing counts what is found
    text.ledger.mark("unread", _more(text, found.end))


def _more(text: Text, at: int) -> range:
    """Return the words that list more behind things, and not what: "cats and everything in X"."""
    first = at + (text.word(at) == ",")
    if text.word(first) == "whatever":
        return range(first, first + 1)
    end = first + 1
    while text.word(end) in ("other", "any", "the"):
        end += 1
    listed = text.word(first) in ("and", "or") and text.word(end) in _MORE
    return range(first, end + 1) if listed and not begins_thing(text, end + 1) else range(0)


def _is_verb(text: Text, first: int, end: int) -> bool:
    """Whether a word such as "label" or "boxes" is a verb here; phrases of several words are."""
    word = text.tokens[first].text
    if end - first > 1:
        return text.owner(first - 1) == "courtesy" or not _is_over(text, first)
    if text.owner(first - 1) == "courtesy" and text.within(first, "actions.words.found_in"):
        return text.word(first - 1) in of("addressed")  # "I'd be glad if you labelled X"
    if word not in _bases(text.lexicon):
        # "three weeks of labelling", "the counting matters"
        labouring = word.endswith("ing") and text.word(first - 1) not in ("of", "the", "our", "my", "your")
        return labouring or (word.endswith("s") and text.kind(first - 1) == "name")
    before = text.word(first - 1) if text.kind(first - 1) == "word" else ""
    return (
        before in _BEFORE_VERB
        or (first > 0 and not text.ledger.free(first - 1))
        or is_next(text, first)
        or text.within(first - 1, "grammar.free.adverb", "grammar.courtesy.words", "grammar.operator.only")
    )


def _is_over(text: Text, first: int) -> bool:
    """Whether a phrase tells of what is done: "the training went through", "we have boxes around cars"."""
    there = text.word(first - 1) in of("having") and text.word(first - 2) not in _TO_HAVE
    return there or text.word(first) in of("past") or is_regular_past(text.word(first))


_TO_HAVE = frozenset({"to", "would", "could", "can", "please", "let", ""})
"""Before "have boxes around cars" where it is wished for: "we have boxes around the cars" has them."""


def is_next(text: Text, i: int) -> bool:
    """Whether words before a token say that it comes next: "after that", "afterwards"."""
    return any(i in text.ends(k, "grammar.order.next") for k in range(max(0, i - 3), i))


def _is_said_only(text: Text, first: int, found: Things) -> bool:
    """Whether a verb of finding only tells something ("we count stickers"), or is no verb at all."""
    two, one = text.word(first - 2), text.word(first - 1) if text.owner(first - 1) != "courtesy" else ""
    if (one == "you" and text.owner(first - 1) != "courtesy" and two not in _ASKING) or (
        two == "you" and one in _TELLING
    ):
        return True
    if _is_of_showing(text, first, found) or _is_setting(text, found):
        return True
    return one in ("i", "we", "they") and all(text.kind(k) != "place" for k in text.sentence(first))


_ASKING = frozenset(["can", "could", "would", "will"])
_TELLING = frozenset(["will", "can", "may", "should"])
"""What stands before "you find" where it asks for it, and behind "you" where it does not."""


def _is_of_showing(text: Text, first: int, found: Things) -> bool:
    """Whether what is shown or found first is a thing of a run and none of a picture: "find the results"."""
    if text.word(first) == "show":
        heads = found.used
    elif any(token.kind == "place" for token in text.tokens[first:]):
        heads = []
    else:
        heads = [k for k in found.used if not text.within(k, *_DESCRIBING) and text.word(k) != "every"][:1]
    return any(text.within(k, "actions.words.shown") for k in heads)


_DESCRIBING = ("grammar.group.det", "grammar.free.adjective", "grammar.free.glue")


def _is_setting(text: Text, found: Things) -> bool:
    """Whether the words are names of settings: "label smoothing 0.1", "search lr and weight decay"."""
    if not found.used:
        return False
    inside = found.used if text.word(found.used[0] - 1) == "box" else found.used[-1:]
    numbered = "number" in (*map(text.kind, inside), text.kind(found.end))
    technical = text.lexicon.has(text.word(found.used[0]), "grammar.mode.technical")
    tuned = any(text.lexicon.has(item.lower(), "policy.search.things") for item in found.items)
    return numbered or tuned or (technical and len(found.used) == 1)


@lru_cache(maxsize=4)
def _bases(words: Lexicon) -> frozenset[str]:
    """Return the verbs of finding as they stand in a request: not "labels", "labelled", "labelling"."""
    listed = words.classes[FIND] | words.classes["actions.words.segment"]
    return frozenset(w for w in listed if f"{w}s" in listed or f"{w}es" in listed or f"{w[:-1]}ies" in listed)
