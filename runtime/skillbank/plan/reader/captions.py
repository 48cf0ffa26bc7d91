"""What is to be found, in the words of the request: "find A and B in P", "captions: a, b".

A list of things goes on over commas and "and" as long as nouns follow. It ends where the words lead to
something else: to the place where to look, to the model to look with, to another thing to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from skillbank.plan.reader.lexer import ALONE
from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.telling import FRAME
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.wording import is_many

__all__ = ["goes_on", "is_next", "listed", "take_captions", "things_at"]

_ARTICLE = re.compile(r"^(?:all of the|all the|an?|the|all|any|every|each|some)\s+(?=\S)", re.IGNORECASE)
_AGAIN = re.compile(r"^for\s+(?=\S)", re.IGNORECASE)
"""What is said once more before a further thing: "looking for X and for Y"."""
_FORM = re.compile(
    r"^(?:pixels?|outlines?|contours?|shapes?|masks?) of (?:(?:every|each|all|any|the|an?) )*",
    re.IGNORECASE,
)
"""What masks are of things: "the pixels of every moss patch" are its mask."""
_THERE = re.compile(r" (?:is|are|lie|lies|stand|stands)$", re.IGNORECASE)
"""What ends a thing that is asked for by its place: "show me where the cracked tiles are"."""
_VAGUE = re.compile(
    r"^(?:what|whatever|everything|anything|so on|so forth|the like|usual|same)\b"
    r"|^all\b.*\b(?:but|except|apart|other)\b|\b(?:except|excluding|apart from|other than|but not)\b"
    r"|\b(?:on|from|in) (?:the|my|our) list$"
    r"|\b(?:listed|mentioned|noted|agreed) (?:on|in|with|above|below|earlier)\b"
    r"|\b(?:last time|before|i said|i told|i mentioned|(?:class|categorie)e?s of)\b"
    r"|(?:^|\s)[-\u2013](?:\s|$)"
    r"|\b(?:bigg|small|larg|tall|long|short|near|clos|heavi|bright|dark|old|new|young|wid|high|low|thick)est\b"
    r"|^(?:exactly |only |top |first |last )?(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve) "
    r"(?:[\w-]+ )*[\w-]+s$",
    re.IGNORECASE,
)
"""Things that only the person knows, that are no things, or that are so many or the largest of them: a model
finds what is described, and neither counts nor compares."""
_ENDS = frozenset(".!?;():\n<>[]")
_QUALIFYING = frozenset(
    ["without", "with", "wearing", "holding", "carrying", "say", "namely", "but", "except"]
)
_JOINS = frozenset({",", "/", "&", "+", "and", "or", "plus", "n"})
_FIND = "actions.words.find"
_THING = "free.adjective|group.det|~word"
_DATA = "places.data.nouns|free.noun"
_UNLABELLED = "places.roles.inference_dataset.before"
_ON = "'in|'on|'from|'at|'inside|'within|'across|'over|'through|'under|'of|'throughout|'among"
_WITH = "'with|'using|'by|'via|'through|'from|'on|'in|'of|'at|'use|'take|'and|'above|'over|'below"
_AWAY = (
    f"{_ON} group.det+ ~word 'of group.det* @place",
    f"{_ON} group.det+ ~word|free.adjective* 'half|'part|'third|'quarter|'rest|'corner|'middle 'of",
    "'in|'on group.det+ free.adjective* told.stills",
    f"{_ON} group.det|free.adjective* @place",
    "'with|'at|'above|'over|'below|'having group.det|free.adjective|~word* slots.threshold.nouns",
    (
        f"{_ON} group.det|free.adjective|~word|@number|^unread* {_DATA}|{_UNLABELLED}+ "
        f"places.data.link|group.prep|group.det|free.adjective|{_DATA}* @place"
    ),
    f"{_ON} group.det|free.adjective* group.it|{_DATA} 'above|'below|'there? !~word",
    "'for 'me|'us|'my|'our|'them|'him|'her",
    "'with|'using|'by|'via|'through 'it|'them|'that|'this !~word",
    f"{_WITH} group.det|free.adjective|places.weights.before|places.data.link|group.prep|{_DATA}"
    "|actions.words.engine* "
    "@name|@job|^job|^name|^value|^engine|^platform|^policy|actions.words.engine",
    (
        f"{_WITH} group.det|free.adjective|places.data.link|free.noun* "
        "places.weights.before|places.results.before"
    ),
)
"""What leads away from a phrase of things to be found: to where they lie or with what they are found."""
_OTHER = (
    (
        "places.results.before|places.weights.before|places.labels.before|places.data.nouns"
        "|free.adjective|group.det+ "
        "places.data.link* @place"
    ),
    (
        "group.prep? group.det? places.roles.inference_dataset.before|places.data.nouns "
        "':|'=|'is|'are|'in|'at|'on|'from"
    ),
    "group.det* @name|@job|^job|^name|^value|^platform|^policy|^report",
    "operator.not|operator.only|free.adverb|courtesy.words|mode.fix|mode.doubt|mode.reason|mode.condition|mode.order|mode.directive|free.light",
    "actions.words.apply|actions.words.convert|actions.words.measure|places.results.verbs",
    "mode.subject free.adverb* mode.copula",
    "'i|'we|'you|'he|'she|'they|'it|'whatever|'etc|'maybe|'perhaps",
    "actions.train.base|actions.evaluate.base|actions.export.base|actions.quantize.base|actions.inference.base",
)
"""What begins something else behind a comma or "and"."""
_ROLES = tuple(
    f"places.roles.{r}.{k}"
    for r in ("train_datasets", "eval_dataset", "inference_dataset", "calibration_dataset")
    for k in ("bare", "before", "after")
)
_WISHES = frozenset({"need", "want", "like", "have", "get", "wish"})
_BEFORE_VERB = word_list("captions.before_verb") | {""}
"""Words behind which a verb of finding is one and no noun ("to label", but not "the label")."""


_QUIET = (
    "slots.captions.nouns", "places.data.nouns", "grammar.group.det", "grammar.group.it",
    *(f"grammar.free.{kind}" for kind in ("noun", "adjective", "glue")),
)  # fmt: skip
"""Classes of words that are no things by themselves."""


@dataclass(slots=True)
class _List:
    """A list that has been read: its tokens, and what it holds."""

    used: list[int]
    items: list[str]
    end: int


def take_captions(text: Text, *, training: bool) -> None:
    """Account for verbs of finding with their things (``find``), and for lists by themselves (``captions``).

    Parameters
    ----------
    training
        Whether the text speaks of a training: "for X" then says what something is for, and not what to find.
    """
    for match in text.find(
        "prep=group.prep? group.det* free.adjective? slots.captions.nouns "
        "lead=':|'=|'is|'are|'of|'to|'being|'like|'set|'be|'as*"
    ):
        _noun(text, match)
    for match in text.find("prep='for|'with group.det* slots.captions.told lead=':|'=?"):
        _noun(text, match)
    cared: list[Claim] = []
    for match in text.find("'i|'we|'am|'are|'be|'m|'mostly|'only|free.adverb* actions.words.interested"):
        if text.tokens[match.first].text == "after":
            continue  # "after that" tells when
        found = _read(text, match.end, marked=False)
        if found.items:
            cared.append(text.ledger.claim("captions", [*match.tokens(), *found.used], found.items))
    for match in text.find(
        f"{_FIND} what='everything|'anything|'all what='you|'i|'we|'they|'that|'there|^courtesy+"
    ):
        text.ledger.mark("unread", match.tokens("what"))  # no description says what that is
    for match in text.find(f"group.model|@name 'that|'which 'can|'could|'will? verb={_FIND}"):
        found = _read(text, match.end, marked=False) if training else _List([], [], match.end)
        if found.items:  # "a model that finds rust": what it is trained for
            text.ledger.claim("context", [*match.tokens("verb"), *found.used])
    for match in text.find(f"{_FIND}|actions.words.segment"):
        if text.ledger.free(match.first):
            _find(text, match)
    for match in text.find(
        "modal='should|'must|'need|'needs|'to|'are|'have|'has|'be|'shall* actions.words.found_in"
    ):
        _passive(text, match)
    for match in text.find(
        "modal='could|'can|'may|'would 'be? !'found|'located|'done|'marked actions.words.found_in"
    ):
        _passive(text, match)  # "the data can be found at X" says where it lies
    _caused(text)
    if not any(c.value for c in text.ledger.of("find", "captions")):
        _elsewhere(text, training=training)
    if not any(c.value for c in text.ledger.of("find", "captions")):
        _in_pictures(text)
    if not any(c.value for c in text.ledger.of("find", "captions")):
        _needed(text)
    if any(c.value and c not in cared for c in text.ledger.of("find", "captions")):
        for claim in cared:  # "find cars. We only care about trucks." is one or the other
            text.ledger.replace(claim, "unread")
    for claim in text.ledger.of("find", "captions"):
        if any(_VAGUE.search(item) for item in claim.value or ()):
            text.ledger.mark("unread", [i for i in claim.tokens if i > claim.first] or claim.tokens)


def _caused(text: Text) -> None:
    """Read "have the pictures in P labelled with 'x'" as an order; who says it of themselves only tells."""
    given = f"group.det|free.adjective|places.data.link|{_DATA}|@place+"
    for match in text.find(f"do='have|'get {given} do=actions.words.found_in"):
        before = text.tokens[match.first - 1] if match.first else None
        ordered = before is None or before.text in ("please", "to", ".", "!", "?", ";", "\n")
        owner = text.ledger.owner.get(match.first - 1)
        polite = owner is not None and owner.kind == "courtesy"
        verb = match.tokens("do")
        if (ordered or polite) and all(map(text.ledger.free, verb)):
            text.ledger.claim("find", verb, [])


def listed(said: str, *, quoted: bool) -> list[str]:
    """Divide what was written as one value: at full stops, as models take them, at commas without quotes."""
    parts = re.split(
        r"\s+\.(?:\s+|$)|\.\s+(?=.*\.$)"
        + (r"|(?<!\d),(?=[^\s\d])" if quoted else r"|\s*[,;]\s*(?:and\s+|or\s+)?"),
        said,
    )
    return [p for part in parts if (p := _ARTICLE.sub("", part.strip(" .\"'")))] or [said.strip()]


def goes_on(text: Text, at: int) -> tuple[list[int], list[str]]:
    """Return the tokens and the items of a list that goes on behind its first item."""
    if at >= len(text.tokens) or text.tokens[at].text not in _JOINS:
        return [], []
    used, items = things_at(text, at + 1)
    return ([at, *used] if items else []), items


def things_at(text: Text, at: int) -> tuple[list[int], list[str]]:
    """Return the tokens and the items of a list of things that begins at a token."""
    found = _read(text, at, marked=False) if _goes_on(text, at) else _List([], [], at)
    return found.used, found.items


def _noun(text: Text, match: Match) -> None:
    """Read "captions: a, b", "the classes are a and b", "prompts 'a', 'b'"."""
    marked = any(text.tokens[i].text in (":", "=", "is", "are", "be") for i in match.tokens("lead"))
    quoted = match.end < len(text.tokens) and text.tokens[match.end].kind == "quote"
    told = [text.tokens[i].text for i in match.tokens("prep")] in (["for"], ["with"])
    if marked or quoted or (told and _goes_on(text, match.end)):
        found = _read(text, match.end, marked=True)
        if found.items:
            text.ledger.claim("captions", [*match.tokens(), *found.used], found.items)


def _find(text: Text, match: Match) -> None:
    first, end = match.first, match.end
    if not _is_verb(text, first, end):
        return
    at, marked = _behind_verb(text, end)
    while (
        first and text.ledger.free(first - 1) and text.tokens[first - 1].text in ("should", "must", "shall")
    ):
        first -= 1
    found = _read(text, at, marked=marked)
    if _is_said_only(text, first, found):
        return
    if "where" in {text.tokens[i].text for i in range(first, at)}:
        found.items = [_THERE.sub("", item) for item in found.items]
    segments = not text.within(match.first, _FIND)
    if segments:
        found.items = [_FORM.sub("", item) for item in found.items]
    if found.items and not all(_is_data(text, item) for item in found.items):
        text.ledger.claim("find", [*range(first, at), *found.used], found.items)
        _leave_rest(text, match.first, found)
        if text.tokens[first].text == "count":
            text.ledger.mark("unread", range(first, end))  # nothing counts what is found
    elif found.items and _VAGUE.search(found.items[0]):
        text.ledger.claim("find", range(first, at), [])
        text.ledger.claim("unread", found.used)  # "find the usual stuff"
    elif segments and text.ledger.of("find"):
        text.ledger.claim("order", range(first, end))  # "..., give me masks" says of what kind the answer is
    elif text.tokens[match.first].text.startswith("count"):
        them = [i for i in range(end, at + 1) if text.within(i, "grammar.group.it")]
        text.ledger.claim("unread", [*range(first, end), *them])
    else:
        text.ledger.claim("find", range(first, end), [])
    if segments:
        text.ledger.claim("masks", range(match.first, end))


def _behind_verb(text: Text, end: int) -> tuple[int, bool]:
    """Return where what is to be found begins behind its verb, and whether a colon leads to it."""
    searched = text.match("group.it 'for", end)  # "search them for A" says where beside what
    at, marked = searched.end if searched is not None else end, False
    while at < len(text.tokens) and text.ledger.free(at) and (
        text.tokens[at].text in ("me", "us", ":", "out", "up", "for")
        or text.within(at, "grammar.free.adverb", "grammar.operator.only")
    ):  # fmt: skip
        marked = marked or text.tokens[at].text == ":"
        at += 1
    model = text.match("'with|'using|'via|'by|^job @name|^name|^job|@job|'(|')|group.det|free.noun+", at)
    if model is not None and any(t.kind == "name" for t in text.tokens[at : model.end]):
        at = model.end
    return at, marked


def _leave_rest(text: Text, verb: int, found: _List) -> None:
    """Mark what is said of things and is no part of their name: "label X as Y", "cats (the small ones)"."""
    renamed = next((i for i in found.used if text.tokens[i].text == "as"), None)
    if renamed is not None and text.tokens[verb].text.startswith(("label", "mark", "tag", "annotate", "box")):
        text.ledger.mark("unread", [i for i in found.used if i >= renamed])
    if found.end < len(text.tokens) and text.tokens[found.end].text == "(":
        close = next((i for i in range(found.end, len(text.tokens)) if text.tokens[i].text == ")"), found.end)
        inside = range(found.end + 1, close)
        if all(text.ledger.free(i) and text.tokens[i].kind == "word" for i in inside):
            text.ledger.mark("unread", inside)


def _is_verb(text: Text, first: int, end: int) -> bool:
    """Whether a word such as "label" or "boxes" is a verb here; phrases of several words are."""
    word = text.tokens[first].text
    if end - first > 1:
        return True
    before = text.tokens[first - 1] if first else None
    word_before = before.text if before is not None and before.kind == "word" else ""
    base = any(word in classes for classes in _bases(text))
    if base:
        owned = first and not text.ledger.free(first - 1)
        return (
            word_before in _BEFORE_VERB
            or bool(owned)
            or is_next(text, first)
            or text.within(
                first - 1, "grammar.free.adverb", "grammar.courtesy.words", "grammar.operator.only"
            )
        )
    if word.endswith("ing"):
        return True
    return word.endswith("s") and before is not None and before.kind in ("name",)


def is_next(text: Text, i: int) -> bool:
    """Whether words before a token say that it comes next: "after that", "afterwards"."""
    return any(i in text.ends(k, "grammar.order.next") for k in range(max(0, i - 3), i))


def _is_said_only(text: Text, first: int, found: _List) -> bool:
    """Whether a verb of finding only tells something ("we count stickers"), or is no verb at all."""
    before = [text.tokens[k].text for k in range(max(0, first - 2), first)]
    content = next(
        (
            k
            for k in found.used
            if not text.within(k, "grammar.group.det", "grammar.free.adjective", "grammar.free.glue")
            and text.tokens[k].text != "every"
        ),
        None,
    )
    showing = text.tokens[first].text == "show"
    place = any(text.tokens[k].kind == "place" for k in range(first, len(text.tokens)))
    heads = found.used if showing else [content] if content is not None and not place else []
    shown = any(text.within(k, "actions.words.shown") for k in heads)
    if shown or (before[-1:] == ["you"] and before[:1] not in (["can"], ["could"], ["would"], ["will"])):
        return True
    if before[:1] == ["you"] and before[1:] in (["will"], ["can"], ["may"], ["should"]):
        return True
    technical = bool(found.used) and text.lexicon.has(
        text.tokens[found.used[0]].text, "grammar.mode.technical"
    )
    numbered = bool(found.used) and (
        text.tokens[found.used[-1]].kind == "number"
        or (found.end < len(text.tokens) and text.tokens[found.end].kind == "number")
    )
    if numbered or (technical and len(found.used) == 1):
        return True  # "label smoothing 0.1"
    start = next((k + 1 for k in range(first - 1, -1, -1) if text.tokens[k].text in (".", "!", "?", ";")), 0)
    end = next(
        (k for k in range(first, len(text.tokens)) if text.tokens[k].text in (".", "!", "?", ";")),
        len(text.tokens),
    )
    return before[-1:] in (["i"], ["we"], ["they"]) and not any(
        text.tokens[k].kind == "place" for k in range(start, end)
    )


def _bases(text: Text) -> tuple[frozenset[str], ...]:
    """Return the verbs of finding as they stand in a request: not "labels", "labelled", "labelling"."""
    listed = text.lexicon.classes[_FIND] | text.lexicon.classes["actions.words.segment"]
    return (
        frozenset(w for w in listed if f"{w}s" in listed or f"{w}es" in listed or f"{w[:-1]}ies" in listed),
    )


def _is_data(text: Text, item: str) -> bool:
    """Whether what is to be found is only what it is to be found in: "label the images"."""
    words = item.lower().split()
    return all(any(text.lexicon.has(w, c) for c in _QUIET) for w in words)


def _passive(text: Text, match: Match) -> None:
    """Read "The X in P should be located", "I need all X in P found": what is to be found stands before."""
    at = match.first
    first = next(
        (k + 1 for k in range(at - 1, -1, -1) if text.tokens[k].text in (".", "!", "?", ";", "\n")), 0
    )
    while first < at and (
        text.within(first, "grammar.courtesy.words", "grammar.free.adverb")
        or (first in text.ledger.owner and text.ledger.owner[first].value == FRAME)
    ):
        first += 1
    wish = next((k for k in range(first, at) if text.tokens[k].text in _WISHES and _is_open(text, k)), None)
    if wish is not None and all(text.tokens[k].text in ("to", "be") for k in range(wish + 1, at)):
        wish = None  # "the X need to be labelled"
    modal = [k for k in match.tokens("modal") if text.ledger.free(k)]
    if (wish is None and not modal) or not text.ledger.free(match.end - 1):
        return
    found = _read(text, first if wish is None else wish + 1, marked=False, until=at)
    if modal and found.items and all(_is_data(text, item) for item in found.items):
        lead = text.match("'with|'for|'as", match.end)
        things = _read(text, lead.end, marked=False) if lead is not None else _List([], [], at)
        verb = [*modal, match.end - 1, *(lead.tokens() if lead is not None and things.items else ())]
        text.ledger.claim("find", [*verb, *things.used], things.items)
        return  # "the pictures could be labelled with cats and dogs"
    if found.items and found.end <= at and not all(_is_data(text, item) for item in found.items):
        text.ledger.claim(
            "find",
            [
                *([wish] if wish is not None and text.ledger.free(wish) else ()),
                *found.used,
                *modal,
                match.end - 1,
            ],
            found.items,
        )


def _is_open(text: Text, i: int) -> bool:
    """Whether a word is free, or only part of a courtesy ("I want")."""
    return text.ledger.free(i) or text.ledger.owner[i].kind == "courtesy"


def _elsewhere(text: Text, *, training: bool) -> None:
    """Read what is to be found where the verb has something else behind it: "search P for x"."""
    asked = text.ledger.of("find")
    doing = (
        "actions.inference.base",
        "actions.inference.ing",
        "actions.inference.nouns",
        "actions.words.apply",
    )
    inferring = [i for i in range(len(text.tokens)) if text.ledger.free(i) and text.within(i, *doing)]
    starts = [c.last for c in asked] or ([] if training else inferring[:1])
    for start in starts:
        for i in range(start + 1, len(text.tokens)):
            token = text.tokens[i]
            if not text.ledger.free(i) or token.kind not in ("word", "mark"):
                continue
            if token.text in (".", "!", "?", ";"):
                break
            found = _led(text, i, finding=bool(asked))
            if found is not None and found.items:
                text.ledger.claim("captions", [i, *found.used], found.items)
                return


_SHOWN = (
    "'there 'are|'is|'may|'might|'will|'should|'be+",
    "'they|'these|'those|'it|'all|places.data.nouns 'show|'shows|'contain|'contains|'depict",
)
_PICTURED = "'pictures|'picture|'photos|'photo|'images|'image|'shots 'of|'with"


def _in_pictures(text: Text) -> None:
    """Read what pictures are said to show where nothing but "label them" says what to look for.

    "There are cats and dogs in them. Please label them."
    """
    if not any(
        text.within(k, "grammar.group.it") for c in text.ledger.of("find") for k in (c.last + 1, c.last + 2)
    ):
        return
    for match in [m for lead in _SHOWN for m in text.find(lead)] or list(text.find(_PICTURED)):
        found = _read(text, match.end, marked=False)
        if not found.items or not all(map(is_many, (item.split()[-1] for item in found.items))):
            continue
        if not all(_is_data(text, item) for item in found.items):
            text.ledger.claim("captions", text.unclaimed([*match.tokens(), *found.used]), found.items)
            return


def _needed(text: Text) -> None:
    """Read "label them. We need cups, plates and forks" where nothing else says what to look for."""
    for match in text.find("'i|'we 'need|'want") if text.ledger.of("find") else ():
        found = _read(text, match.end, marked=False)
        ends = found.end == len(text.tokens) or text.tokens[found.end].kind == "mark"
        nouns = all(is_many(item.split()[-1]) and not _is_data(text, item) for item in found.items)
        told = any(text.within(k, "actions.words.boxes", "actions.words.metric") for k in found.used)
        if len(found.items) > 1 and ends and nouns and not told:
            text.ledger.claim("captions", text.unclaimed([*match.tokens(), *found.used]), found.items)
            return


def _led(text: Text, i: int, *, finding: bool) -> _List | None:
    """Read a list behind a word that may lead to one."""
    word = text.tokens[i].text
    after = text.tokens[i + 1] if i + 1 < len(text.tokens) else None
    if after is None or not text.ledger.free(i + 1) or text.within(i, *_ROLES) or text.within(i + 1, *_ROLES):
        return None
    if after.kind == "quote" and word in ("with", "as", "for", ":"):
        return _read(text, i + 1, marked=True)
    if word == "with" and finding and text.is_plain(i + 1):
        found = _read(text, i + 1, marked=False)
        return found if len(found.items) > 1 else None  # "with person and helmet", but not "with care"
    if word == "as" and finding and not text.within(i, "grammar.mode.reason"):
        return _read(text, i + 1, marked=False)
    if word == "for" and after.text == ":" and finding:
        return _read(text, i + 2, marked=True)
    if word == "for" and (
        finding
        or after.text not in ("the", "my", "our", "this", "that", "it", "me", "us", "his", "her", "their")
    ):
        found = _read(text, i + 1, marked=False)
        return found if not all(_is_data(text, item) for item in found.items) else None
    if word == ":":
        found = _read(text, i + 1, marked=True)
        return (
            found
            if found.end >= len(text.tokens) or text.tokens[found.end].text in (".", "!", "\n")
            else None
        )
    return None


def _read(text: Text, at: int, *, marked: bool, until: int | None = None) -> _List:
    """Read a list of things to be found; behind a colon (``marked``) a semicolon divides it too."""
    ledger, tokens = text.ledger, text.tokens
    found = _List([], [], at)
    part: list[int] = []

    def close() -> None:
        said = f"{ledger.said(part).strip()} " if part else ""
        said = _ARTICLE.sub("", _AGAIN.sub("", said)).strip().rstrip(".")
        said = re.sub(r"\s+(?:there|here|too|as well|please|now|today)$", "", said, flags=re.IGNORECASE)
        if said and not _ARTICLE.match(f"{said} -"):
            found.items.append(said)
        part.clear()

    i, stop = at, len(tokens) if until is None else until
    while i < stop and ledger.free(i):
        token = tokens[i]
        if token.kind == "quote":
            close()
            found.items += listed(token.value, quoted=True)
        elif token.kind not in ("word", "mark", "number"):
            break
        elif token.text == "," and _qualifies(text, i + 1):
            part.append(i)
        elif token.text in _JOINS or (
            token.text in (ALONE, ";") and (marked or token.text == ALONE) and _is_item(text, i + 1)
        ):
            if not _goes_on(text, i + 1):
                break
            if _may_be_one(text, part, i):
                text.ledger.mark("unread", [i])
            close()
        elif token.text == ALONE and (i + 1 == len(tokens) or _leads_away(text, i + 1, begun=True)):
            found.used.append(i)  # "red circle . blue star ."
            i += 1
            break
        elif (token.kind == "mark" and token.text in {*_ENDS, ALONE}) or _leads_away(
            text, i, begun=bool(part or found.items)
        ):
            break
        else:
            part.append(i)
        found.used.append(i)
        i += 1
    close()
    found.end = i
    return found


def _may_be_one(text: Text, part: list[int], at: int) -> bool:
    """Whether "and" may join two things that one has: "a man with a red hat and a blue jacket"."""
    words = [text.tokens[k].text for k in part]
    articles = ("a", "an")
    return (
        text.tokens[at].text == "and"
        and words[:1] in (["a"], ["an"])
        and any(a in ("with", "wearing", "holding", "carrying") and b in articles for a, b in pairwise(words))
        and text.tokens[at + 1].text in articles
    )


def _qualifies(text: Text, i: int) -> bool:
    """Whether a comma stands inside of one description: "a hat, without glasses", "vehicles, e.g. cars"."""
    if i >= len(text.tokens) or text.tokens[i].text not in _QUALIFYING or not text.ledger.free(i):
        return False
    return not _leads_away(text, i, begun=True)


def _is_item(text: Text, i: int) -> bool:
    """Whether nothing but plain words stands up to the next mark."""
    start = i
    while i < len(text.tokens) and not (
        text.tokens[i].kind == "mark" and text.tokens[i].text in {*".;!?\n", ALONE}
    ):
        if not text.ledger.free(i) or (
            text.tokens[i].kind not in ("word", "quote", "number") and text.tokens[i].text != ","
        ):
            return False
        i += 1
    return i > start and _goes_on(text, start)


def _goes_on(text: Text, i: int) -> bool:
    """Whether a list goes on behind a comma or "and": with a noun, and not with something else to do."""
    if i >= len(text.tokens) or not text.ledger.free(i):
        return False
    token = text.tokens[i]
    if token.kind == "quote":
        return True
    if token.text in _JOINS and token.text != "n":
        return _goes_on(text, i + 1)
    if token.kind != "word" or any(text.match(source, i) is not None for source in _AWAY):
        return False
    return _is_thing(text, i) or not any(text.match(source, i) is not None for source in _OTHER)


def _is_thing(text: Text, i: int) -> bool:
    """Whether a word that can be a verb is a thing here ("smoke or fire"): no object follows."""
    if not text.within(i, "actions.words.things"):
        return False
    end = i + 1
    plain = (
        end >= len(text.tokens)
        or text.tokens[end].kind == "mark"
        or text.tokens[end].text in _JOINS
        or text.is_plain(end)
    )
    return plain or any(text.match(source, end) is not None for source in _AWAY)


def _leads_away(text: Text, i: int, *, begun: bool) -> bool:
    """Whether a word leads to where, with what or why things are to be found."""
    word = text.tokens[i].text
    if word in ("please", "then", "but") or text.within(
        i, "grammar.mode.reason", "grammar.mode.fix", "grammar.mode.condition", "grammar.mode.schedule"
    ):  # fmt: skip
        return True
    if any(text.match(source, i) is not None for source in _AWAY):
        return True
    return not begun and word in ("in", "on", "at", "from", "with", "using", "of", "by", "if", "when")
