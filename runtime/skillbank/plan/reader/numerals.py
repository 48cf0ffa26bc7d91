"""Numbers as people write them, made one token each: words, ranges, percentages, numbered items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile

from skillbank.plan.reader.lexicon import Lexicon
from skillbank.plan.reader.phrases import words_in_order
from skillbank.plan.reader.tokens import Token

__all__ = ["NUMBERS", "count_words"]

_ONES = {word: i for i, word in enumerate(words_in_order("normal.ones"))}
_TENS = {word: 10 * i for i, word in enumerate(words_in_order("normal.tens"), start=2)}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000}
NUMBERS = {**_ONES, **_TENS, **_SCALES}
_TIMES = re.compile(r"(\d+)x([a-z]\w*)")


def count_words(tokens: list[Token], words: Lexicon) -> list[Token]:
    """Read numbers in words ("half a dozen", "twenty-five"), ranges ("3 to 5") and percents."""
    made: list[Token] = []
    at = 0
    tokens = [t for i, t in enumerate(tokens) if not _is_hyphen(tokens, i)]
    while at < len(tokens):
        stop, token = _number(tokens, at, words)
        made += _times(tokens[at]) if token is None else [token]
        at = stop
    return list(_ranges(_unnumbered(made)))


def _times(token: Token) -> list[Token]:
    """Divide "2xgpu" into a number and what it counts."""
    if (times := _TIMES.fullmatch(token.text)) is None:
        return [token]
    cut = token.start + len(times[1])
    number = Token("number", "number", token.start, cut, int(times[1]))
    return [number, Token("word", times[2], cut, token.end)]


def _is_hyphen(tokens: list[Token], i: int) -> bool:
    """Whether a mark is the hyphen of "24-epoch"."""
    if tokens[i].text != "-" or not 0 < i < len(tokens) - 1:
        return False
    before, after = tokens[i - 1], tokens[i + 1]
    touches = before.end == tokens[i].start and tokens[i].end == after.start
    return touches and before.kind == "number" and after.kind == "word"


def _unnumbered(tokens: list[Token]) -> list[Token]:
    """Make the numbers of a list's items marks: "1) train 2) export"; "Epochs: 3. Seed: 2." are values."""
    items = [i for i, token in enumerate(tokens[:-2]) if _is_item(tokens, i, token)]
    said = [tokens[i].value for i in items]
    if said != list(range(1, len(said) + 1)) or all(i and tokens[i - 1].text in (":", "=") for i in items):
        return tokens
    return [replace(t, kind="mark", text=";", value=None) if i in items else t for i, t in enumerate(tokens)]


def _is_item(tokens: list[Token], i: int, token: Token) -> bool:
    """Whether a number may be that of an item of a list."""
    after, before = tokens[i + 1].text, tokens[i - 1] if i else None
    if token.kind != "number" or after not in (")", "."):
        return False
    counted = isinstance(token.value, int) and 0 < token.value < 20
    opened = before is not None and before.text == "(" and after == ")"
    starts = before is None or before.kind == "mark" or after == ")"
    return counted and starts and not opened and tokens[i + 2].kind == "word"


def _number(tokens: list[Token], at: int, words: Lexicon) -> tuple[int, Token | None]:
    """Read one number at a token; return where it ends."""
    if tokens[at].kind != "number" and tokens[at].text not in _OPENING:
        return at + 1, None
    word = [t.text if t.kind == "word" else "" for t in tokens[at : at + 5]] + [""] * 5
    for read in (_group, _scaled, _one):
        found = read(tokens, at, word, words)
        if found is not None:
            return found
    return _words_of_a_number(tokens, at, word)


_Read = tuple[int, Token | None]


def _group(tokens: list[Token], at: int, word: list[str], words: Lexicon) -> _Read | None:
    """Read "half a dozen", "a couple of"; "dozen" alone only before what is counted."""
    for said, value in _GROUPS.items():
        size = len(said)
        if tuple(word[:size]) == said and (size > 1 or _counts(tokens, at + 1, words)):
            return _whole(tokens, at, at + size + (word[size] == "of"), value)
    return None


_GROUPS = {
    ("half", "a", "dozen"): 6, ("a", "dozen"): 12, ("dozen",): 12,
    ("a", "couple", "of"): 2, ("a", "pair", "of"): 2,
}  # fmt: skip


def _scaled(tokens: list[Token], at: int, word: list[str], words: Lexicon) -> _Read | None:
    """Read "20 thousand"."""
    if tokens[at].kind != "number" or word[1] not in _SCALES:
        return None
    return _whole(tokens, at, at + 2, tokens[at].value * _SCALES[word[1]])


def _one(tokens: list[Token], at: int, word: list[str], words: Lexicon) -> _Read | None:
    """Read "a single GPU", "just one epoch", "both GPUs"; "5 epochs a trial" has no further number."""
    alone = word[1] in ("one", "single")
    if word[0] in ("a", "an") and not alone and at and _counts(tokens, at - 1, words):
        return at + 1, None
    if word[0] not in _SINGLE and not (word[0] in ("just", "only") and alone):
        return None
    size = 2 if alone else 1
    if _counts(tokens, at + size, words):
        return _whole(tokens, at, at + size, 2 if word[0] == "both" else 1)
    begins = word[0] == "one" and (word[1] in NUMBERS or _is_power(word[1:]))
    return None if begins else (at + 1, None)


_SINGLE = frozenset(["one", "a", "an", "single", "both"])
_OPENING = {*NUMBERS, *_SINGLE, "half", "just", "only", "point"}
"""Words with which a number may begin."""


def _words_of_a_number(tokens: list[Token], at: int, word: list[str]) -> _Read:
    """Read "twenty-five", "two hundred and fifty", "one e minus four"; "a few dozen" is no number."""
    end = at
    if word[0] == "point" and (digits := _behind_point(tokens, at)):
        return _whole(tokens, at, at + 1 + len(digits), float(f"0.{digits}"))
    while end < len(tokens) and tokens[end].kind == "word" and tokens[end].text in NUMBERS:
        end += 1
        further = [token.text for token in tokens[end : end + 2]]
        if tokens[end - 1].text in _SCALES and further[:1] == ["and"] and further[-1] in NUMBERS:
            end += 1
    if end == at or word[0] == "dozen":
        return at + 1, None
    counted = _value([t.text for t in tokens[at:end]])
    if digits := _behind_point(tokens, end):
        return _whole(tokens, at, end + 1 + len(digits), float(f"{counted}.{digits}"))
    if _is_power(word[end - at :]):
        return _whole(tokens, at, end + 3, float(f"{counted}e-{NUMBERS[word[end - at + 2]]}"))
    return _whole(tokens, at, end, counted)


def _behind_point(tokens: list[Token], at: int) -> str:
    """Return the digits behind a point: "zero point four"."""
    if at >= len(tokens) or tokens[at].text != "point":
        return ""
    digits = takewhile(_DIGIT.__contains__, (t.text for t in tokens[at + 1 : at + 7]))
    return "".join(str(NUMBERS[digit]) for digit in digits)


_DIGIT = frozenset(word for word, value in NUMBERS.items() if 0 <= value < 10)


def _is_power(word: list[str]) -> bool:
    """Whether words are "e minus four"; a single "e" has been read as the foreign "and" before."""
    return word[0] in ("e", "and") and word[1] == "minus" and word[2] in NUMBERS


def _counts(tokens: list[Token], at: int, words: Lexicon) -> bool:
    """Whether what begins at a token is counted in requests: "a single GPU", but not "a model"."""
    if at >= len(tokens):
        return False
    starts = [at, at + 1] if tokens[at].text in ("full", "nvidia", "gpu") and at + 1 < len(tokens) else [at]
    classes = {c for k in starts for span in words.spans(tokens, k) for c in span.classes}
    return bool(classes & _COUNTED) and tokens[at].text not in ("d", "h", "m", "s", "card", "boxes")


_COUNTED = {f"slots.{slot}.nouns" for slot in ("gpus", "nodes", "epochs", "trials")} | {
    f"slots.units.{unit}" for unit in ("hours", "minutes", "days", "weeks")
}


def _whole(tokens: list[Token], first: int, end: int, value: float) -> tuple[int, Token]:
    return end, Token("number", "number", tokens[first].start, tokens[end - 1].end, value)


def _value(said: list[str]) -> int:
    whole = part = 0
    for word in said:
        if word in ("dozen", "hundred"):
            part = max(part, 1) * _SCALES[word]
        elif word in _SCALES:
            whole, part = whole + max(part, 1) * _SCALES[word], 0
        elif word != "and":
            part += NUMBERS[word]
    return whole + part


def _ranges(tokens: list[Token]) -> Iterator[Token]:
    """Put one token in the place of a range ("2 to 8", "between 2 and 8"), a percentage, a negative."""
    at = 0
    while at < len(tokens):
        token, window = tokens[at], tokens[at : at + 5]
        found = _RANGE.match("".join(map(_shape, window))) if _shape(token) in "BFNM" else None
        if found is None:
            yield token
            at += 1
            continue
        inside = [window[k] for k in (found.start(g) for g in range(1, 6)) if k >= 0]
        end, first, last = window[found.end() - 1].end, inside[0].value, inside[-1].value
        if len(inside) == 2:
            yield Token("range", "range", token.start, end, (first, last))
        elif found[3]:
            yield replace(inside[0], start=token.start)
        elif found[4]:
            yield Token("percent", "percent", token.start, end, first)
        else:
            yield replace(inside[0], start=token.start, value=-first)
        at += found.end()


def _shape(token: Token) -> str:
    return _SHAPES.get(token.kind) or _SHAPES.get(token.text, "_")


_RANGE = re.compile(r"[BF]?(N)(?:T|(?<=[BF]N)[A]|(?<=[BF]N)UT)(N)|[BF](R)|(N)%|M(N)")
_SHAPES = {
    "number": "N", "range": "R", "to": "T", "and": "A", "up": "U", "%": "%", "percent": "%", "minus": "M",
    "negative": "M", "between": "B", "from": "F",
}  # fmt: skip
"""A letter for each token that ranges are made of."""
