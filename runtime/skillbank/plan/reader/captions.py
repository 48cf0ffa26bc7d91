"""What is to be found, in the words of the request: "find A and B in P", "captions: a, b"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile

from skillbank.plan.reader.captions_apart import take_apart
from skillbank.plan.reader.lexicon import Lexicon
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.things import (
    Things,
    begins_order,
    begins_thing,
    is_data,
    listed,
    only_describes,
    read_things,
)  # fmt: skip
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.vague import is_vague
from skillbank.plan.reader.wording import is_regular_past, of

__all__ = ["is_next", "take_captions"]

_FORM = re.compile(
    r"^(?:pixels?|outlines?|contours?|shapes?|masks?) of (?:(?:every|each|all|any|the|an?) )*",
    re.IGNORECASE,
)
"""What masks are of things: "the pixels of every moss patch" are its mask."""
_THERE = re.compile(r" (?:is|are|lie|lies|stand|stands)$", re.IGNORECASE)
"""What ends a thing that is asked for by its place: "show me where the cracked tiles are"."""
_FIND = "actions.words.find"
_BEFORE_VERB = word_list("captions.before_verb") | {""}
"""Words behind which a verb of finding is one and no noun ("to label", but not "the label")."""


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
    for match in (*text.find(f"{_FIND}|actions.words.segment"), *_behind(text.find(wished))):
        if text.ledger.free(match.first):
            _find(text, match)
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
        if text.word(claim.first) in _FINDERS:
            unnamed = text.match("group.it|'some|'any|'these|'those", claim.last + 1)
            text.ledger.mark("unread", unnamed.tokens() if unnamed is not None else ())


_FINDERS = word_list("captions.finders")
"""Verbs whose object is what is to be found, and never the pictures."""


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
    """Whether a verb has first what it is done for: "label for the audit all X"."""
    behind = max(text.ends(claim.first, _FIND), default=claim.last)
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
        f"{_FIND} what='everything|'anything|'all what='you|'i|'we|'they|'that|'there|^courtesy+"
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


_FINDS = f"group.model|@name 'that|'which 'can|'could|'will? verb={_FIND}"
_TELLS_APART = (
    "group.model|@name actions.train.past? 'to|'that|'which|'for|'can+ verb=actions.words.tell_apart"
)
_TWO = frozenset(["from", "and", "or", "apart"])
"""What stands between things that are told apart."""


def _find(text: Text, match: Match) -> None:
    """Read a verb of finding with what stands behind it: things, the data to look at, nothing yet."""
    if not _is_verb(text, match.first, match.end):
        return
    first = _with_modal(text, match.first)
    at, marked = _behind_verb(text, match.end)
    found = read_things(text, at, marked=marked)
    if _is_said_only(text, first, found):
        return
    segments = not text.within(match.first, _FIND)
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
    pictures = ("places.data.nouns", "grammar.group.det", "grammar.free.noun")
    text.ledger.mark("unread", [i for i in found.used[len(every) :] if not _is_all(text, i, pictures)])
    return every


def _is_all(text: Text, i: int, pictures: tuple[str, ...]) -> bool:
    return text.word(i) not in _CHOOSING and text.within(i, *pictures)


_CHOOSING = frozenset({"other", "another", "some", "few", "any", "one", "half", "most", "several"})
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
    return text.word(verb.first) in _FINDERS and max(nouns, default=0) > 1


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
    listed = words.classes[_FIND] | words.classes["actions.words.segment"]
    return frozenset(w for w in listed if f"{w}s" in listed or f"{w}es" in listed or f"{w[:-1]}ies" in listed)
