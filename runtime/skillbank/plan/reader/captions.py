"""What is to be found, in the words of the request: "find A and B in P", "captions: a, b".

A list of things goes on over commas and "and" as long as nouns follow. It ends where the words lead to
something else: to the place where to look, to the model to look with, to another thing to do.
"""

from __future__ import annotations

from skillbank.plan.reader.lists import FIND, List, continues, read_list
from skillbank.plan.reader.matching import Match, Text

__all__ = ["take_captions"]

_ROLES = tuple(
    f"places.roles.{r}.{k}"
    for r in ("train_datasets", "eval_dataset", "inference_dataset", "calibration_dataset")
    for k in ("bare", "before", "after")
)
_WISHES = frozenset({"need", "want", "like", "have", "get", "wish"})
_BEFORE_VERB = frozenset({
    "to", "and", "or", "then", "please", "also", "should", "can", "could", "will", "would", "must",
    "may", "might", "shall", "i", "we", "you", "it", "them", "they", "me", "us", "let", "now",
    "just", "n", "kindly", "simply", "go", "help", "never", "not", "dino", ""
})  # fmt: skip
"""Words behind which a verb of finding is one and no noun ("to label", but not "the label")."""


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
    for match in text.find("'i|'we|'am|'are|'be|'m|'mostly|'only|free.adverb* actions.words.interested"):
        if text.tokens[match.first].text == "after":
            continue  # "after that" tells when
        found = read_list(text, match.end, marked=False)
        if found.items:
            text.ledger.claim("captions", [*match.tokens(), *found.used], found.items)
    for match in text.find(f"{FIND}|actions.words.segment"):
        _find(text, match)
    for match in text.find(
        "modal='should|'must|'need|'needs|'to|'are|'have|'has|'be|'shall* actions.words.found_in"
    ):
        _passive(text, match)
    if not any(c.value for c in text.ledger.of("find", "captions")):
        _elsewhere(text, training=training)


def _noun(text: Text, match: Match) -> None:
    """Read "captions: a, b", "the classes are a and b", "prompts 'a', 'b'"."""
    marked = any(text.tokens[i].text in (":", "=", "is", "are", "be") for i in match.tokens("lead"))
    quoted = match.end < len(text.tokens) and text.tokens[match.end].kind == "quote"
    told = [text.tokens[i].text for i in match.tokens("prep")] in (["for"], ["with"])
    if marked or quoted or (told and continues(text, match.end)):
        found = read_list(text, match.end, marked=True)
        if found.items:
            text.ledger.claim("captions", [*match.tokens(), *found.used], found.items)


def _find(text: Text, match: Match) -> None:
    first, end = match.first, match.end
    if not _is_verb(text, first, end):
        return
    at, marked = end, False
    while at < len(text.tokens) and text.ledger.free(at) and (
        text.tokens[at].text in ("me", "us", ":", "out", "up", "for")
        or text.within(at, "grammar.free.adverb", "grammar.operator.only")
    ):  # fmt: skip
        marked = marked or text.tokens[at].text == ":"
        at += 1
    with_what = text.match("'with|'using|'via|'by|^job @name|^name|^job|@job|'(|')|group.det|free.noun+", at)
    at = (
        with_what.end
        if with_what is not None and any(t.kind == "name" for t in text.tokens[at : with_what.end])
        else at
    )
    while (
        first and text.ledger.free(first - 1) and text.tokens[first - 1].text in ("should", "must", "shall")
    ):
        first -= 1
    found = read_list(text, at, marked=marked)
    if _is_said_only(text, first, found):
        return
    kind = "find" if text.within(match.first, FIND) else "segment"
    if found.items and not all(_is_data(text, item) for item in found.items):
        text.ledger.claim("find", [*range(first, at), *found.used], found.items)
        _leave_rest(text, match.first, found)
    elif kind == "segment" and text.ledger.of("find"):
        text.ledger.claim("order", range(first, end))  # "..., give me masks" says of what kind the answer is
    elif text.tokens[match.first].text.startswith("count"):
        text.ledger.claim(
            "unread",
            [
                *range(first, end),
                *(
                    i
                    for i in range(end, at + 1)
                    if i < len(text.tokens) and text.within(i, "grammar.group.it")
                ),
            ],
        )
    else:
        text.ledger.claim("find", range(first, end), [])
    if kind == "segment":
        text.ledger.claim("masks", range(match.first, end))


def _leave_rest(text: Text, verb: int, found: List) -> None:
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
            or text.within(first - 1, "grammar.free.adverb", "grammar.courtesy.words")
        )
    if word.endswith("ing"):
        return True
    return word.endswith("s") and before is not None and before.kind in ("name",)


def _is_said_only(text: Text, first: int, found: List) -> bool:
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
    listed = text.lexicon.classes[FIND] | text.lexicon.classes["actions.words.segment"]
    return (
        frozenset(w for w in listed if f"{w}s" in listed or f"{w}es" in listed or f"{w[:-1]}ies" in listed),
    )


def _is_data(text: Text, item: str) -> bool:
    """Whether what is to be found is only what it is to be found in: "label the images"."""
    words = item.lower().split()
    quiet = (
        "slots.captions.nouns",
        "grammar.free.noun",
        "places.data.nouns",
        "grammar.free.adjective",
        "grammar.group.det",
        "grammar.group.it",
        "grammar.free.glue",
    )
    return all(any(text.lexicon.has(w, c) for c in quiet) for w in words)


def _passive(text: Text, match: Match) -> None:
    """Read "The X in P should be located", "I need all X in P found": what is to be found stands before."""
    at = match.first
    first = next(
        (k + 1 for k in range(at - 1, -1, -1) if text.tokens[k].text in (".", "!", "?", ";", "\n")), 0
    )
    wish = next((k for k in range(first, at) if text.tokens[k].text in _WISHES and _is_open(text, k)), None)
    if wish is not None and all(text.tokens[k].text in ("to", "be") for k in range(wish + 1, at)):
        wish = None  # "the X need to be labelled"
    modal = [k for k in match.tokens("modal") if text.ledger.free(k)]
    if (wish is None and not modal) or not text.ledger.free(match.end - 1):
        return
    found = read_list(text, first if wish is None else wish + 1, marked=False, until=at)
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


def _led(text: Text, i: int, *, finding: bool) -> List | None:
    """Read a list behind a word that may lead to one."""
    word = text.tokens[i].text
    after = text.tokens[i + 1] if i + 1 < len(text.tokens) else None
    if after is None or not text.ledger.free(i + 1) or text.within(i, *_ROLES) or text.within(i + 1, *_ROLES):
        return None
    if after.kind == "quote" and word in ("with", "as", "for", ":"):
        return read_list(text, i + 1, marked=True)
    if word == "as" and finding and not text.within(i, "grammar.mode.reason"):
        return read_list(text, i + 1, marked=False)
    if word == "for" and (
        finding
        or after.text not in ("the", "my", "our", "this", "that", "it", "me", "us", "his", "her", "their")
    ):
        found = read_list(text, i + 1, marked=False)
        return found if not all(_is_data(text, item) for item in found.items) else None
    if word == ":":
        found = read_list(text, i + 1, marked=True)
        return (
            found
            if found.end >= len(text.tokens) or text.tokens[found.end].text in (".", "!", "\n")
            else None
        )
    return None
