"""The formats of data sets as people say them ("COCO", "YOLOv8"), and the places that they are said of."""

from __future__ import annotations

import re
from functools import lru_cache

from skillbank.plan.reader.coordination import ADDING
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.place import SOURCES
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.slots import slot

__all__ = ["FORM", "form_of", "names_form", "take_forms"]

_LONGEST = 3
"""Words of a format's name."""
_YOLO = re.compile(r"yolo(?:v?\d{1,2}\w?)?")
_MARKED = word_list("form_words.marked")
"""Formats whose name is an everyday word: only what is said to be a format is one."""


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    each = slot("format")
    said = [*((name, name) for name in each.choices), *each.spellings]
    return {name.replace("_", " "): form for name, form in said if form not in word_list("form_words.never")}


FORM = "|".join(
    (*sorted((re.escape(n).replace(r"\ ", " ?") for n in _names()), key=len, reverse=True), _YOLO.pattern)
)
"""A regular expression for the name of a format in small letters."""


@lru_cache(maxsize=1)
def _joined_names() -> dict[str, str]:
    return {name.replace(" ", ""): form for name, form in _names().items()}


@lru_cache(maxsize=1)
def _openings() -> frozenset[str]:
    """Return what the first word of a name may be, whatever stands between its parts."""
    return frozenset(name[:end] for name in _joined_names() for end in range(1, len(name) + 1))


def form_of(said: str) -> str | None:
    """Return the format that a name in small letters means; None where it means none."""
    words = " ".join(said.split())
    return _joined_names().get(words.replace(" ", "")) or ("yolo" if _YOLO.fullmatch(words) else None)


def take_forms(text: Text) -> None:
    """Account for formats that are said of places: "on X as COCO", "the YOLO data set X", "X (VOC)".

    A claim ``format`` holds the locations and the format; "the annotations are in COCO format" is the field
    of the request, which is said of all its data.
    """
    for i in range(len(text.tokens)):
        if (found := _form_at(text, i)) is None:
            continue
        form, end = found
        noun = _is(text, end, "form_words.nouns")
        marked = noun or _is(text, i - 1, "form_words.leads")
        if form in _MARKED and not marked:
            continue
        for take in (_behind, _before, _of_all):
            if take(text, i, end, form):
                break


def names_form(text: Text) -> bool:
    """Whether a text names a format anywhere."""
    return any(_form_at(text, i) is not None for i in range(len(text.tokens)))


def _form_at(text: Text, i: int) -> tuple[str, int] | None:
    """Return the format that free words from one on name, and where they end."""
    if text.word(i) not in _openings() and _YOLO.fullmatch(text.word(i)) is None:
        return None
    for count in range(_LONGEST, 0, -1):
        tokens = range(i, i + count)
        if i + count > len(text.tokens) or not all(text.ledger.free(k) for k in tokens):
            continue
        if any(text.tokens[k].kind != "word" for k in tokens):
            continue
        if (form := form_of(" ".join(text.tokens[k].text for k in tokens))) is not None:
            return form, i + count
    return None


def _is(text: Text, i: int, words: str) -> bool:
    return text.word(i) in word_list(words)


def _past(text: Text, i: int, words: str, step: int = 1) -> int:
    """Return the first token from one on, in a direction, that is none of some words."""
    while _is(text, i, words) and text.ledger.free(i):
        i += step
    return i


def _data_at(text: Text, i: int) -> Claim | None:
    """Return the claim of a place of data that stands at a token."""
    owner = text.ledger.owner.get(i)
    if owner is None or owner.kind != "place" or text.kind(i) != "place":
        return None
    return owner if owner.value.role in (None, *SOURCES) else None


def _behind(text: Text, i: int, end: int, form: str) -> bool:
    """Read "X as COCO", "X, in COCO format", "X (COCO)"; "find cats in X with YOLO" names a model."""
    start = _past(text, i - 1, "form_words.before", -1)
    claim = _data_at(text, start)
    stop = _past(text, end, "form_words.nouns")
    said = {text.tokens[k].text for k in range(start + 1, i)} - ({"with"} if stop == end else set())
    led = bool(said & word_list("form_words.leads"))
    if claim is None or not (led or stop > end):
        return False
    if _labels(text, start):  # "label cats in X as COCO": what is written, where no action takes a form
        text.ledger.claim("unread", [k for k in range(start + 1, stop) if text.ledger.free(k)])
        return True
    if led and text.tokens[start + 1].text == "(" and _is(text, stop, "form_words.closing"):
        stop += 1
    _claim(text, range(start + 1, stop), [claim, *_listed_before(text, claim, start)], form)
    return True


def _labels(text: Text, end: int) -> bool:
    """Whether a place stands behind what is to be labelled there."""
    found = (claim for claim in text.ledger.of("find") if claim.first < end)
    return any(text.holds(claim.tokens, "actions.words.label") for claim in found)


def _before(text: Text, i: int, end: int, form: str) -> bool:
    """Read "the COCO data set X", "YOLO annotations in X"."""
    k = end
    while k < len(text.tokens) and text.tokens[k].kind != "place":
        mine = text.ledger.owner.get(k)
        inside = mine is not None and mine.kind == "place" and mine.value.role in (None, *SOURCES)
        if not (inside or _is(text, k, "form_words.nouns") or _is(text, k, "form_words.links")):
            return False
        k += 1
    claim = _data_at(text, k)
    if claim is None:
        return False
    _claim(text, [j for j in range(i, k) if text.ledger.free(j)], [claim], form)
    return True


def _of_all(text: Text, i: int, end: int, form: str) -> bool:
    """Read "the annotations are in COCO format"."""
    start = _past(text, i - 1, "form_words.before", -1)
    said = [text.tokens[k].text for k in range(start + 1, i)]
    if not (set(said) & {"is", "are"}) or not _is(text, start, "form_words.nouns"):
        return False
    first = _past(text, start, "form_words.subjects", -1) + 1
    stop = _past(text, end, "form_words.nouns")
    text.ledger.claim("field", [k for k in range(first, stop) if text.ledger.free(k)], ("format", form))
    return True


def _listed_before(text: Text, claim: Claim, at: int) -> list[Claim]:
    """Return the places of the same role that are listed with one: "on A and B as COCO"."""
    found: list[Claim] = []
    while at >= 2 and text.word(at - 1) in ADDING:
        before = _data_at(text, at - 2)
        if before is None or before.value.role != claim.value.role:
            break
        found.append(before)
        at -= 2
    return found


def _claim(text: Text, tokens: range | list[int], places: list[Claim], form: str) -> None:
    uris = tuple(str(place.value.uri) for place in places)
    text.ledger.claim("format", tokens, (uris, form))
