"""Numbers of spec keys in a person's own phrase: the words of a key's name, then what its description says.

"early stopping with a patience of 5" holds all that tells ``early_stopping`` from other keys, and
every other word of it means nothing, links, or stands in the key's description. Where two keys fit, or a word
is of neither kind, nothing is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skillbank.plan.reader.key_words import COMMON, canonical, parts_near, spells
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.spec_keys import Keys

__all__ = ["described_behind", "number_in_phrase", "zero_at"]

_REACH = 12
"""Words before or behind a number that may belong to it."""
_BETWEEN = ("grammar.free.glue", "grammar.free.adverb", "slots.around.link", "slots.around.limit")
_NOTHING = frozenset({""})
"""What no words hold: a key that counts no lack."""
_APART = frozenset({"and", "or", "then", "but", "so"})


def number_in_phrase(text: Text, i: int, keys: Keys) -> tuple[list[int], str] | None:
    """Return the tokens around a number that name a key and describe it, and the key, "" for several."""
    value = text.tokens[i].value
    if not isinstance(value, int | float):
        return None
    before, behind = _words(text, i, -1)[::-1], _words(text, i, 1)
    near = parts_near(text.words([*before, *behind]))
    found = {
        key: phrase
        for key, telling in (keys.telling.items() if near else ())
        if telling <= near
        and not keys.lacks.get(key, _NOTHING) <= near  # what ends for want of a gain is told by `gains`
        and (float(value).is_integer() or keys.kinds[key] != "integer")
        and (phrase := _phrase_of(text, key, before, behind, keys))
    }
    best = _closest(found, keys)
    if not best or not _is_clear(text, found[best[0]], best[0], keys):
        return None
    return found[best[0]], best[0] if len(best) == 1 else ""


def _closest(found: Mapping[str, list[int]], keys: Keys) -> list[str]:
    """Return the keys whose phrase is in no longer one, and whose name tells no less than another's."""
    longest = [k for k in found if not any({*found[k]} < {*phrase} for phrase in found.values())]
    return [k for k in longest if not any(keys.telling[k] < keys.telling[other] for other in longest)]


def _phrase_of(text: Text, key: str, before: list[int], behind: list[int], keys: Keys) -> list[int]:
    """Return the words around a number that name a key and describe it; none where they do not."""
    telling = keys.telling[key]
    tail = _described(text, behind, key, keys)
    head = telling - _said(text, tail)
    firsts = (k for k in range(len(before) - 1, -1, -1) if head <= _said(text, before[k:]))
    if head and (first := next(firsts, None)) is not None and _are_own(text, before[first:], key, keys):
        while (
            first and _describes(text, before[first - 1], key, keys) and not _denies(text, before[first - 1])
        ):
            first -= 1  # "gradient" before "accumulation of 4"
        return [*before[first:], *tail]
    named = (behind[:end] for end in range(1, len(behind) + 1) if telling <= _said(text, behind[:end]))
    phrase = next(named, [])
    return phrase if _are_own(text, phrase, key, keys) else []


def _is_clear(text: Text, phrase: list[int], key: str, keys: Keys) -> bool:
    """Whether a key of one telling part is spelled as it is, or described besides: no "labelled 800"."""
    if len(telling := keys.telling[key]) > 1:
        return True
    naming = [k for k in phrase if _said(text, [k]) & telling]
    described = (_said(text, phrase) & keys.described(key)) - telling - COMMON
    return bool(described) or any(spells(key.rpartition(".")[2], text.word(k)) for k in naming)


def zero_at(text: Text, i: int, keys: Keys) -> tuple[list[int], str] | None:
    """Return the words from a token on that name a key for which 0 means none of it, and the key."""
    for end in range(min(i + 4, len(text.tokens)), i, -1):
        said = _said(text, range(i, end))
        fitting = [k for k in keys.telling if _is_named_by(said, k, keys)]
        whole = [k for k in fitting if keys.telling[k] <= said]
        if not whole and any(_denies(text, k) for k in range(i, end)):
            continue  # "the trucks never stop"
        fitting = whole or fitting
        if len(fitting) == 1 and fitting[0] in keys.zero and all(_is_open(text, k) for k in range(i, end)):
            return list(range(i, end)), fitting[0]
    return None


def _is_named_by(said: frozenset[str], key: str, keys: Keys) -> bool:
    """Whether words behind a "no" name a key by what it does: "flipping", "label smoothing"."""
    head = keys.head_of(key) - COMMON
    return bool(head) and head <= said <= keys.telling[key] | keys.described(key)


def described_behind(text: Text, i: int, key: str, keys: Keys) -> list[int]:
    """Return the free words from a token on that a key's description has: "the best checkpoint"."""
    return _described(text, _words(text, i - 1, 1), key, keys)


def _words(text: Text, i: int, step: int) -> list[int]:
    """Return the free words next to a token, up to a mark or to what joins another thing."""
    found: list[int] = []
    k = i + step
    while len(found) < _REACH and _is_open(text, k) and text.word(k) not in _APART:
        found.append(k)
        k += step
    return found


def _is_open(text: Text, k: int) -> bool:
    return text.kind(k) == "word" and text.ledger.free(k)


def _denies(text: Text, k: int) -> bool:
    return text.within(k, "grammar.operator.not")


def _said(text: Text, tokens: Iterable[int]) -> frozenset[str]:
    return canonical(text.words(tokens))


def _describes(text: Text, k: int, key: str, keys: Keys) -> bool:
    """Whether a word is of a key's name or description: "gradient" before "accumulation of 4"."""
    said = _said(text, [k])
    return bool(said) and said <= keys.parts_of(key) | keys.described(key)


def _are_own(text: Text, phrase: list[int], key: str, keys: Keys) -> bool:
    """Whether all words of a phrase name or describe a key, or mean nothing beside one that does."""
    return all(_belongs(text, k, phrase, key, keys) for k in phrase)


def _belongs(text: Text, k: int, phrase: list[int], key: str, keys: Keys) -> bool:
    """Whether a word names or describes a key, or means nothing beside one; a negation never does."""
    if _denies(text, k) and not _said(text, [k]) <= keys.parts_of(key):
        return False
    if text.within(k, *_BETWEEN):
        return True
    without = _said(text, [w for w in phrase if w != k])
    return (_said(text, phrase) - without or _said(text, [k])) <= keys.parts_of(key) | keys.described(key)


def _described(text: Text, words: list[int], key: str, keys: Keys) -> list[int]:
    """Return the words behind a number that its key's description has: "steps of warmup"."""
    end = 0
    for at, k in enumerate(words):
        described = _describes(text, k, key, keys)
        if not described and not text.within(k, "grammar.free.glue"):
            break
        end = at + 1 if described else end
    return words[:end]
