"""Lists of things to be found: "A, B and C", from the first thing to where the words lead elsewhere.

A list goes on over commas and "and" as long as nouns follow. It ends where the words lead to something else:
to the place where to look, to the model to look with, to another thing to do.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from skillbank.plan.reader.lexer import ALONE
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.thing_bounds import AWAY, JOINS, begins_thing, leads_away
from skillbank.plan.reader.wording import is_many

__all__ = [
    "Things",
    "goes_on",
    "is_data",
    "listed",
    "only_describes",
    "read_things",
    "things_at",
]

_ARTICLE = re.compile(
    r"^(?:(?:both|either) (?=an? |the ))?(?:all of the|all the|an?|the|all|any"
    r"|every single|each single|every|each|some|both|either)\s+(?=\S)",
    re.IGNORECASE,
)
_AGAIN = re.compile(r"^for\s+(?=\S)", re.IGNORECASE)
"""What is said once more before a further thing: "looking for X and for Y"."""
_HERE = re.compile(
    r"\s+(?:(?:in |on |over )?(?:there|here)|too|as well|please|now|today|only|and nothing else"
    r"|(?:that|which|who) (?:is|are|lie|lies|stand|stands|you (?:can )?(?:see|find)|there (?:is|are)))$",
    re.IGNORECASE,
)
"""What is said behind the last thing and is no part of it."""
_AS_WELL = re.compile(r"\s+as well as\s+(?:an?\s+|the\s+)?", re.IGNORECASE)
_ENDS = frozenset(".!?;():\n<>[]")
_QUALIFYING = frozenset(
    ["without", "with", "wearing", "holding", "carrying", "say", "namely", "but", "except"]
)
_DOING = frozenset(["wearing", "holding", "carrying", "riding", "pushing", "pulling", "sitting", "standing"])
_SAYING = word_list("things.saying")
"""Words behind which stands what is written on a thing."""
_LONE = word_list("things.lone")
_QUIET = (
    "slots.captions.nouns", "places.data.nouns", "grammar.group.det", "grammar.group.it",
    *(f"grammar.free.{kind}" for kind in ("noun", "adjective", "glue")),
)  # fmt: skip
"""Classes of words that are no things by themselves."""


@dataclass(slots=True)
class Things:
    """A list that has been read: its tokens, what it holds, and where it ends."""

    used: list[int] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    end: int = 0


def read_things(text: Text, at: int, *, marked: bool = False, until: int | None = None) -> Things:
    """Read a list of things that begins at a token.

    Parameters
    ----------
    marked
        Whether a colon or the like leads to it: a semicolon divides it too.
    until
        Where it ends at the latest.
    """
    if text.word(at) == "\n":
        return _read_lines(text, at)
    found, part = Things(end=at), list[int]()
    stop = len(text.tokens) if until is None else until
    while found.end < stop and text.ledger.free(i := found.end):
        what = _next_part(text, found, part, marked=marked)
        if not what:
            break
        if what == "word":
            part.append(i)
        else:
            if what == "join" and _may_be_one(text, part, i):
                text.ledger.mark("unread", [i])
            if what == "join" and not found.items and _shares_noun(text, part, i):
                text.ledger.mark("unread", [*part, i])
            found.items += _named_by(text, part)
            part.clear()
        if what == "quote":
            found.items += listed(text.tokens[i].value, quoted=True)
        found.used.append(i)
        found.end += 1
        if what == "stop":
            break
    _give_back(text, found, part)
    found.items += _named_by(text, part)
    return found


def _next_part(text: Text, found: Things, part: list[int], *, marked: bool) -> str:
    """Return what the next token is in a list; words right behind a quoted thing say something of it.

    Those of '"cats", "dogs" as two classes' are no thing.
    """
    what = _part_of_list(text, found.end, begun=bool(part or found.items), marked=marked)
    behind = not part and bool(found.used) and text.kind(found.used[-1]) == "quote"
    return "" if behind and what == "word" else what


_BULLETS = frozenset("\n-;.)")
"""Marks before a thing that has a line of its own; a number before it has become one of them."""


def _read_lines(text: Text, at: int) -> Things:
    """Read things that have a line each: all with a mark before them, or all in small letters."""
    found, marked = Things(end=at), text.word(at + 1) in _BULLETS
    while text.word(found.end) == "\n":
        start = found.end
        while text.word(start) in _BULLETS:
            start += 1
        alike = (start > found.end + 1) == marked and (marked or text.ledger.said([start])[:1].islower())
        if not alike or not (_is_item(text, start) or _is_alone(text, start)):
            break
        line = read_things(text, start)
        if text.word(line.end) not in ("\n", ""):
            break
        found.used += [*text.unclaimed(range(found.end, start)), *line.used]
        found.items += line.items
        found.end = line.end
    return Things(end=at) if _LONE.issuperset(found.items) else found


def _is_alone(text: Text, i: int) -> bool:
    """Whether a word that is a step elsewhere has a line of its own among things: "- train"."""
    return text.ledger.free(i) and text.word(i) in _LONE and text.word(i + 1) in ("\n", "")


def _give_back(text: Text, found: Things, part: list[int]) -> None:
    """Take from the last thing a preposition that leads to what is none: "cats with" before a file."""
    kind = text.kind(found.end)
    led = kind not in ("", "mark", "word") or (kind == "word" and not text.ledger.free(found.end))
    while led and part and text.within(part[-1], "grammar.group.prep"):
        found.used.remove(part.pop())
        found.end -= 1


def _part_of_list(text: Text, i: int, *, begun: bool, marked: bool) -> str:
    """Return what a token is in a list: a "word" of a thing, a "quote", a "join", the "stop" that ends it.

    It is "" where the token is none of the list.
    """
    token = text.tokens[i]
    if _is_of_one(text, i, begun=begun):
        return "word"
    if token.kind not in ("word", "mark", "number"):
        return "quote" if token.kind == "quote" else ""
    if token.text in JOINS or _divides(text, i, marked=marked):
        return "join" if begins_thing(text, i + 1) else ""
    if token.text == ALONE and (i + 1 == len(text.tokens) or leads_away(text, i + 1, begun=True)):
        return "stop"  # "red circle . blue star ."
    ends = token.kind == "mark" and token.text in {*_ENDS, ALONE}
    return "" if ends or leads_away(text, i, begun=begun) else "word"


def _is_of_one(text: Text, i: int, *, begun: bool) -> bool:
    """Whether a quote, a comma or an "and" stands inside of one thing."""
    if text.kind(i) == "quote":
        return _is_inside(text, i, begun=begun)
    if text.word(i) == ",":
        return _qualifies(text, i + 1)
    # "a person riding a bike and wearing a helmet"
    return text.word(i) == "and" and text.word(i + 1) in _DOING and begun


def _is_inside(text: Text, i: int, *, begun: bool) -> bool:
    """Whether what is quoted is part of a thing: "signs that say "no entry"", "the "no entry" sign"."""
    behind = i + 1 < len(text.tokens) and text.is_plain(i + 1) and not text.begins(AWAY, i + 1)
    noun = behind and not text.within(i + 1, "places.data.nouns", "grammar.courtesy.words", *_GLUE)
    return noun or (begun and text.word(i - 1) in _SAYING)


_GLUE = ("grammar.free.glue", "grammar.group.prep", "grammar.free.adverb", "grammar.mode.reason")


def _divides(text: Text, i: int, *, marked: bool) -> bool:
    """Whether a mark divides one description from the next: "red circle . blue star", "a: b; c"."""
    word = text.tokens[i].text
    return ((word == ALONE or (word == ";" and marked)) and _is_item(text, i + 1)) or _goes_on_alike(text, i)


def _goes_on_alike(text: Text, i: int) -> bool:
    """Whether a semicolon stands between things in the plural: "apples; pears; plums in X"."""
    end = i + 1
    while end < len(text.tokens) and text.is_plain(end) and not text.begins(AWAY, end):
        end += 1
    ends = text.word(end) in (";", "") or text.begins(AWAY, end)
    alike = is_many(text.word(i - 1)) and is_many(text.word(end - 1))
    return text.word(i) == ";" and 0 < end - i - 1 < 3 and ends and alike


def _named_by(text: Text, part: Sequence[int]) -> list[str]:
    """Return the thing that some words name, without its article; none where they name none."""
    said = f"{text.ledger.said(part).strip()} " if part else ""
    said = _ARTICLE.sub("", _AGAIN.sub("", said)).strip().rstrip(".")
    items = (_HERE.sub("", item) for item in _AS_WELL.split(said))
    return [item for item in items if item and not _ARTICLE.match(f"{item} -")]


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


_ADJECTIVES = word_list("things.adjectives")


def only_describes(item: str) -> bool:
    """Whether words name no thing: "red", "left"."""
    words = item.lower().split()
    return bool(words) and _ADJECTIVES.issuperset(words)


def _shares_noun(text: Text, part: list[int], at: int) -> bool:
    """Whether words before "and" may belong to the noun behind it: "red and green apples"."""
    words = text.words(part)
    if only_describes(" ".join(words)):
        return True
    behind = [text.word(k) for k in (at + 1, at + 2)]
    ends = text.kind(at + 3) in ("", "mark") or text.word(at + 3) in JOINS or text.begins(AWAY, at + 3)
    kinds = len(words) == 1 and not is_many(words[0]) and text.word(at) in ("and", "or") and ends
    return kinds and text.is_plain(at + 1) and not is_many(behind[0]) and is_many(behind[1])


def _qualifies(text: Text, i: int) -> bool:
    """Whether a comma stands inside of one description: "a hat, without glasses", "vehicles, e.g. cars"."""
    if text.word(i) not in _QUALIFYING or not text.ledger.free(i) or text.within(i + 1, "actions.words.find"):
        return False  # ", i.e. label cars"
    return not leads_away(text, i, begun=True)


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
    return i > start and begins_thing(text, start)


def is_data(text: Text, item: str) -> bool:
    """Whether what is to be found is only what it is to be found in: "label the images"."""
    words = item.lower().split()
    return all(w.startswith("photograph") or any(text.lexicon.has(w, c) for c in _QUIET) for w in words)


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
    if text.word(at) not in JOINS:
        return [], []
    used, items = things_at(text, at + 1)
    return ([at, *used] if items else []), items


def things_at(text: Text, at: int) -> tuple[list[int], list[str]]:
    """Return the tokens and the items of a list of things that begins at a token."""
    found = read_things(text, at) if begins_thing(text, at) else Things(end=at)
    return found.used, found.items
