"""Values said in the words of a spec: numbers, lists and texts by the words of the keys' names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from skillbank.plan.reader.gains import take_gains
from skillbank.plan.reader.key_phrases import number_in_phrase
from skillbank.plan.reader.key_words import COMMON, canonical
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.spec_choices import take_choices, take_switches
from skillbank.plan.reader.spec_keys import NUMERIC, Keys, is_of_a_slot, name_at, name_before, words_before
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import SIZE, claim_key
from skillbank.plan.slots import slot

__all__ = ["take_spec_words"]


def take_spec_words(text: Text, keys: Keys, over: frozenset[int]) -> None:
    """Account for what is said in the words of a spec; what is said of what is ``over`` sets nothing."""
    for i, token in enumerate(text.tokens):
        if token.kind == "pair" and text.owner(i) == "value" and "." not in token.value[0]:
            _pair(text, i, text.ledger.owner[i], keys)
    take_gains(text, [keys])
    for i, token in enumerate(text.tokens):
        if not text.ledger.free(i) or i in over:
            continue
        if token.kind in ("number", "percent"):
            any(read(text, i, keys) for read in (_list, _number, _pixels, _sibling, _ellipsis))
        elif token.kind == "range":
            _bounds(text, i, keys)
    take_choices(text, keys)
    take_switches(text, keys)
    for i in range(len(text.tokens)):
        _spelled(text, i, keys)
    for i in range(len(text.tokens)):
        _text(text, i, keys)
    for claim in text.ledger.of("place"):
        _place(text, claim, keys)


# -- numbers -------------------------------------------------------------------------------------


def _number(text: Text, i: int, keys: Keys) -> bool:
    """Read "weight decay 0.05", "900 queries", "a workspace of 4096 MB"."""
    found = number_in_phrase(text, i, keys) or name_before(text, i, keys) or name_at(text, i + 1, keys)
    if found is None or text.word(i + 1) == "of":
        return False  # "10 epochs with 2 of warmup": of what, nobody has said
    tokens, key = found
    if not key or (key in keys.shared and keys.shared[key] not in text.words(tokens)):
        return True  # several keys have this name: which is meant, the plan asks
    if is_of_a_slot(key):
        return False  # what stands with it was no value of the slot
    if _counts_other_epochs(text, tokens, key, keys):
        return True
    memory = text.match(phrase("keys.memory"), i + 1)
    of_memory = memory.tokens() if memory is not None else []
    part = text.kind(i) == "percent" and keys.limits.get(key, 2) > 1
    if part or (of_memory and key not in keys.megabytes):
        return False
    return claim_key(text, [*tokens, i, *of_memory], key, _counted(text, i, of_memory=bool(of_memory)))


def _counted(text: Text, i: int, *, of_memory: bool) -> float:
    """Return a number as a key counts it: in parts of 1, in megabytes."""
    value: float = text.tokens[i].value
    if text.kind(i) == "percent":
        return value / 100
    return value * 1024 if of_memory and text.word(i + 1).startswith("g") else value


def _counts_other_epochs(text: Text, tokens: Sequence[int], key: str, keys: Keys) -> bool:
    """Whether epochs may be no validations that a key counts: not every epoch has one, or nothing says so.

    "early stopping after 5 epochs" may as well end the training then; "without improvement" tells.
    """
    rest = [k for k in tokens if not text.within(k, "slots.epochs.nouns")]
    if len(rest) == len(tokens) or canonical(["epochs"]) <= keys.parts_of(key):
        return False
    words = canonical(text.words(rest)) - keys.parts_of(key) - COMMON
    said = (c.value for c in text.ledger.of("value"))
    others = any(v.slot == "validation_interval" and v.value != 1 for v in said)
    return others or not words & keys.described(key) - canonical(["after", "with"])


def _sibling(text: Text, i: int, keys: Keys) -> bool:
    """Read "opt 4" behind "batch sizes min 1": the key beside the one that was said last."""
    last = next((c for c in text.ledger.of("value")[::-1] if i - 3 <= c.last < i), None)
    if last is None or not last.value.key or i == 0 or not text.ledger.free(i - 1):
        return False
    for part in (parts := last.value.key.rpartition(".")[2].split("_")):
        key = keys.named([text.word(i - 1), *(p for p in parts if p != part)], NUMERIC, whole=True)
        if key is not None and key != last.value.key:
            return claim_key(text, [i - 1, i], key, text.tokens[i].value)
    return False


def _pixels(text: Text, i: int, keys: Keys) -> bool:
    """Read "512 px images", "640 pixels wide": the size of an image, or one side of it."""
    match = text.match(phrase("keys.pixels"), i + 1)
    if match is None or text.word(i - 1) == "of":
        return False  # "crops of 1024 pixels": of something else than the image
    side = next((side for side in ("width", "height") if match.tokens(side)), None)
    key = keys.named(["input", side] if side else ["image", "size"], NUMERIC)
    return key is not None and claim_key(text, [i, *match.tokens()], key, text.tokens[i].value)


def _list(text: Text, i: int, keys: Keys) -> bool:
    """Read "lr steps 9 and 13" for a key that holds a list."""
    at = i - 1
    while at > 0 and text.word(at) in ("at", "epochs", "epoch", "after", "in", "["):
        at -= 1
    found = name_before(text, at + 1, keys, ("array",))
    if found is None:
        return False
    numbers, k = [i], i + 1
    while (match := text.match(phrase("keys.further"), k)) is not None and text.ledger.free(match.end - 1):
        numbers.append(match.end - 1)
        k = match.end
    k += text.word(k) == "]"
    listed = [text.tokens[n].value for n in numbers]
    return claim_key(text, [*found[0], *range(at + 1, k)], found[1], listed)


def _ellipsis(text: Text, i: int, keys: Keys) -> bool:
    """Read "lr 1e-4, 1e-5 for the backbone": the number is of the same kind, of something else."""
    match = text.match("'for|'in|'of group.det?", i + 1)
    before = [c for c in text.ledger.of("value") if c.last < i and i - c.last < 6]
    if match is None or not before or text.kind(match.end) != "word":
        return False
    last = before[-1].value
    names = slot(last.slot).names if last.slot and last.slot != SIZE else (last.key.rpartition(".")[2],)
    said = ((*name.split("_"), text.word(match.end)) for name in names)
    key = next((key for each in said if (key := keys.named(each, NUMERIC)) is not None), None)
    return key is not None and claim_key(text, [i, *match.tokens(), match.end], key, text.tokens[i].value)


def _bounds(text: Text, i: int, keys: Keys) -> None:
    """Read "batch sizes from 1 to 16, tuned for 8" where a spec has a least, a largest and a usual one."""
    words, links = words_before(text, i)
    for first in range(len(words)):
        said = text.words(words[first:])
        low, high, best = (keys.named([which, *said], NUMERIC, whole=True) for which in ("min", "max", "opt"))
        if low is None or high is None:
            continue
        least, most = text.tokens[i].value
        claim_key(text, words[first:], low, least)
        claim_key(text, [*links, i], high, most)
        usual = text.match(phrase("keys.usual"), i + 1)
        if usual is not None and best is not None:
            claim_key(text, usual.tokens(), best, text.said(usual))
        return


# -- what is written, and texts ------------------------------------------------------------------


def _pair(text: Text, i: int, owner: Claim, keys: Keys) -> None:
    """Read "max text length = 128" and "opset=13": the longest words before the sign name the key."""
    if isinstance(owner.value.value, str | list | dict):
        return
    words, name = words_before(text, i)[0], owner.value.slot
    written = text.tokens[i].value[0]
    for first in range(len(words) + 1):
        said = [*text.words(words[first:]), *re.split(r"[-_\s]", written.lower())]
        key = keys.named(said, NUMERIC)
        longer = first < len(words)
        if longer and name and not (key and keys.extends(slot(name).names, said[0])):
            if any(text.lexicon.has(" ".join(said), f"slots.{name}.{c}") for c in ("before", "nouns")):
                text.ledger.claim("context", words[first:])
                return
        elif key is not None and (longer or not (name or keys.spelled(written) is not None)):
            text.ledger.withdraw(owner)
            text.ledger.claim("value", [*words[first:], i], replace(owner.value, slot="", key=key))
            return


def _spelled(text: Text, i: int, keys: Keys) -> None:
    """Read a key's last name as it is spelled, with its value behind: "max_labels to 80"."""
    if text.kind(i) != "word" or "_" not in text.word(i) or not text.ledger.free(i):
        return
    key = keys.spelled(text.word(i))
    listed = text.match(phrase("keys.listed"), i + 1)
    if key is not None and listed is not None and keys.kinds.get(key) == "array":
        said = list(takewhile(text.ledger.free, listed.tokens()))  # "16, 22, 30 epochs"
        claim_key(text, [i, *said], key, [text.tokens[v].value for v in said if text.kind(v) == "number"])
    elif key is not None and (match := text.match(phrase("keys.written"), i + 1)) is not None:
        word = text.tokens[match.tokens("v")[0]]
        plain: Any = {"true": True, "false": False}.get(word.text, word.text)
        claim_key(text, [i, *match.tokens()], key, plain if word.value is None else word.value)


def _text(text: Text, i: int, keys: Keys) -> None:
    """Read "project kelp-watch" where the section of the key is spoken of: "wandb"."""
    word = text.word(i)
    if text.kind(i) != "word" or word not in keys.leaves or not text.ledger.free(i):
        return
    texts = [k for k in keys.leaves[word] if keys.kinds.get(k) == "string"]
    mine = [k for k in texts if any(t.kind == "word" and t.text == k.split(".")[0] for t in text.tokens)]
    if len(mine) == 1 and (match := text.match(phrase("keys.text"), i + 1)) is not None:
        value, end = _text_at(text, v := match.tokens("v")[0])
        if text.within(v, "grammar.free.glue"):
            return  # "with its checkpoint and a threshold", "the checkpoint being that of"
        section = text.word(i - 1) == mine[0].split(".")[0]
        claim_key(text, range(i - section, end), mine[0], value)


def _text_at(text: Text, i: int) -> tuple[str, int]:
    """Return what is quoted at a token, or written there without a blank, and where it ends."""
    token, end = text.tokens[i], i + 1
    if token.value is not None:
        return str(token.value), end
    whole = re.match(r"[\w.-]*\w", text.ledger.original[token.start :])
    value = whole[0] if whole else token.text
    while end < len(text.tokens) and text.tokens[end].end <= token.start + len(value):
        end += 1
    return value, end


def _place(text: Text, claim: Claim, keys: Keys) -> None:
    """Read a place that the words before it give to a key: "timing cache at /cache/trt.bin"."""
    apart = text.word(claim.first - 1) in (",", ";", ".")
    if apart or claim.value.role is not None or len(claim.tokens) > 1:
        return
    found = name_before(text, claim.first, keys, ("string",))
    if found is not None and not all(text.within(k, *_OF_MODELS) for k in found[0]):
        text.ledger.withdraw(claim)
        claim_key(text, [*found[0], *claim.tokens], found[1], claim.value.uri)


_OF_MODELS = (
    "places.weights.before", "places.results.objects", "grammar.group.prep",
    "grammar.group.det",
)  # fmt: skip
"""Words of what a run starts from or leaves, which by themselves name no key: "checkpoints to X"."""
