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
from skillbank.plan.reader.spec_choices import take_choices, take_switches
from skillbank.plan.reader.spec_keys import NUMERIC, Keys, is_of_a_slot, name_at, name_before, words_before
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import SIZE, Value, set_before
from skillbank.plan.slots import slot

__all__ = ["take_spec_words"]


def take_spec_words(text: Text, keys: Keys, over: frozenset[int]) -> None:
    """Account for what is said in the words of a spec; what is said of what is ``over`` sets nothing."""
    _pairs(text, keys)
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
    _snake(text, keys)
    _texts(text, keys)
    _places(text, keys)


def _places(text: Text, keys: Keys) -> None:
    """Read a place that the words before it give to a key: "timing cache at /cache/trt.bin"."""
    for claim in text.ledger.of("place"):
        apart = text.tokens[claim.first - 1].text in (",", ";", ".")
        if apart or claim.value.role is not None or len(claim.tokens) > 1:
            continue
        if (found := name_before(text, claim.first, keys, ("string",))) is not None:
            tokens, key = found
            text.ledger.withdraw(claim)
            text.ledger.claim("value", [*tokens, *claim.tokens], Value("", claim.value.uri, key=key))


def _claim(text: Text, tokens: Sequence[int], value: Any, key: str) -> bool:
    """Claim a value with a verb that sets it before it, and its unit and "is enough" behind it."""
    more = set_before(text, min(tokens))
    enough = text.match("slots.around.enough", max(tokens) + 1)
    text.ledger.claim(
        "value", [*more, *tokens, *(enough.tokens() if enough else ())], Value("", value, key=key)
    )
    return True


def _number(text: Text, i: int, keys: Keys) -> bool:
    """Read "weight decay 0.05", "900 queries", "a workspace of 4096 MB"."""
    found = number_in_phrase(text, i, keys) or name_before(text, i, keys) or name_at(text, i + 1, keys)
    if found is None or text.word(i + 1) == "of":
        return False  # "10 epochs with 2 of warmup": of what, nobody has said
    tokens, key = found
    if not key:
        return True  # several keys have this name: which is meant, the plan asks
    if key in keys.shared and keys.shared[key] not in text.words(tokens):
        return True  # as here
    if is_of_a_slot(key):
        return False  # what stands with it was no value of the slot
    if _counts_other_epochs(text, tokens, key, keys):
        return True
    value, unit = text.tokens[i].value, []
    if text.tokens[i].kind == "percent":
        if keys.limits.get(key, 2) > 1:
            return False
        value /= 100
    match = text.match("'mb|'mib|'megabytes|'megabyte|'gb|'gib|'gigabytes", i + 1)
    if match is not None:
        if key not in keys.megabytes:
            return False
        unit = match.tokens()
        value *= 1024 if text.tokens[i + 1].text.startswith("g") else 1
    return _claim(text, [*tokens, i, *unit], value, key)


def _counts_other_epochs(text: Text, tokens: Sequence[int], key: str, keys: Keys) -> bool:
    """Whether epochs may be no validations that a key counts: not every epoch has one, or nothing says so.

    "early stopping after 5 epochs" may as well end the training then; "without improvement" tells.
    """
    rest = [k for k in tokens if not text.within(k, "slots.epochs.nouns")]
    if len(rest) == len(tokens) or canonical(["epochs"]) <= keys.parts_of(key):
        return False
    words = canonical([text.tokens[k].text for k in rest]) - keys.parts_of(key) - COMMON
    said = (c.value for c in text.ledger.of("value"))
    others = any(v.slot == "validation_interval" and v.value != 1 for v in said)
    return others or not words & keys.described(key) - canonical(["after", "with"])


def _sibling(text: Text, i: int, keys: Keys) -> bool:
    """Read "opt 4" behind "batch sizes min 1": the key beside the one that was said last."""
    last = next((c for c in text.ledger.of("value")[::-1] if i - 3 <= c.last < i), None)
    if last is None or not last.value.key or i == 0 or not text.ledger.free(i - 1):
        return False
    for part in (parts := last.value.key.rpartition(".")[2].split("_")):
        said = [text.tokens[i - 1].text, *(other for other in parts if other != part)]
        key = keys.named(said, NUMERIC, whole=True)
        if key is not None and key != last.value.key:
            return _claim(text, [i - 1, i], text.tokens[i].value, key)
    return False


def _pixels(text: Text, i: int, keys: Keys) -> bool:
    """Read "512 px images", "640 pixels wide": the size of an image, or one side of it."""
    sides = "side='wide|'width|'high|'tall|'height|'images|'image|'pictures?"
    match = text.match(f"'px|'pixel|'pixels {sides}", i + 1)
    if match is None or (i and text.tokens[i - 1].text == "of"):
        return False  # "crops of 1024 pixels": of something else than the image
    side = next((_SIDES.get(text.tokens[k].text) for k in match.tokens("side")), None)
    key = keys.named(["input", side] if side else ["image", "size"], NUMERIC)
    return key is not None and _claim(text, [i, *match.tokens()], text.tokens[i].value, key)


_SIDES = {"wide": "width", "width": "width", "high": "height", "tall": "height", "height": "height"}


def _list(text: Text, i: int, keys: Keys) -> bool:
    """Read "lr steps 9 and 13" for a key that holds a list."""
    at = i - 1
    while at > 0 and text.tokens[at].text in ("at", "epochs", "epoch", "after", "in", "["):
        at -= 1
    found = name_before(text, at + 1, keys, ("array",))
    if found is None:
        return False
    numbers, k = [i], i + 1
    while (match := text.match("',|'and|'&|'epoch|'epochs|'after|'at* @number", k)) is not None:
        if not text.ledger.free(match.end - 1):
            break  # "drops at 9 and 11, 12 epochs"
        numbers.append(match.end - 1)
        k = match.end
    k += text.word(k) == "]"
    return _claim(text, [*found[0], *range(at + 1, k)], [text.tokens[n].value for n in numbers], found[1])


def _ellipsis(text: Text, i: int, keys: Keys) -> bool:
    """Read "lr 1e-4, 1e-5 for the backbone": the number is of the same kind, of something else."""
    match = text.match("'for|'in|'of group.det?", i + 1)
    before = [c for c in text.ledger.of("value") if c.last < i and i - c.last < 6]
    if match is None or not before or text.kind(match.end) != "word":
        return False
    last = before[-1].value
    names = slot(last.slot).names if last.slot and last.slot != SIZE else (last.key.rpartition(".")[2],)
    what = match.end
    for name in names:
        key = keys.named([*name.split("_"), text.tokens[what].text], NUMERIC)
        if key is not None:
            return _claim(text, [i, *match.tokens(), what], text.tokens[i].value, key)
    return False


def _bounds(text: Text, i: int, keys: Keys) -> bool:
    """Read "batch sizes from 1 to 16, tuned for 8" where a spec has a least, a largest and a usual one."""
    words, links = words_before(text, i)
    for first in range(len(words)):
        said = [text.tokens[k].text for k in words[first:]]
        low, high = (keys.named([which, *said], NUMERIC, whole=True) for which in ("min", "max"))
        if low is None or high is None:
            continue
        least, most = text.tokens[i].value
        text.ledger.claim("value", words[first:], Value("", least, key=low))
        text.ledger.claim("value", [*links, i], Value("", most, key=high))
        usual = text.match(
            "',? 'tuned|'optimized|'optimised|'optimal|'best|'ideally|'opt|'typically|'usually"
            "|'mostly 'for|'at|'is|'of? n=@number",
            i + 1,
        )
        key = keys.named(["opt", *said], NUMERIC, whole=True)
        if usual is not None and key is not None:
            text.ledger.claim("value", usual.tokens(), Value("", text.said(usual), key=key))
        return True
    return False


def _pairs(text: Text, keys: Keys) -> None:
    """Read "max text length = 128", where only the last word stands before the sign, and "opset=13"."""
    for i, token in enumerate(text.tokens):
        owner = text.ledger.owner.get(i)
        if token.kind != "pair" or owner is None or owner.kind != "value" or "." in token.value[0]:
            continue
        if not isinstance(owner.value.value, str | list | dict):
            _pair(text, i, owner, keys)


def _pair(text: Text, i: int, owner: Claim, keys: Keys) -> None:
    """Give a pair to the key that the longest words before its sign name, where that is not a slot's own."""
    words, name = words_before(text, i)[0], owner.value.slot
    written = text.tokens[i].value[0]
    spoken = re.split(r"[-_\s]", written.lower())
    for first in range(len(words) + 1):
        said = [*(text.tokens[k].text for k in words[first:]), *spoken]
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


def _texts(text: Text, keys: Keys) -> None:
    """Read "project kelp-watch" where the section of the key is spoken of: "wandb"."""
    spoken = {t.text for t in text.tokens if t.kind == "word"}
    for i, token in enumerate(text.tokens):
        if token.kind != "word" or not text.ledger.free(i):
            continue
        mine = [k for k in keys.leaves.get(token.text, ()) if keys.kinds.get(k) == "string"]
        mine = [k for k in mine if k.split(".")[0] in spoken]
        source = "'is|'=|':|'name|'called|'named* v=@quote|~word"
        if len(mine) == 1 and (match := text.match(source, i + 1)) is not None:
            value, end = _text_at(text, match.tokens("v")[0])
            section = [i - 1] if text.word(i - 1) == mine[0].split(".")[0] else []
            text.ledger.claim("value", [*section, *range(i, end)], Value("", value, key=mine[0]))


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


def _snake(text: Text, keys: Keys) -> None:
    """Read a key's last name as it is spelled, with its value behind: "max_labels to 80"."""
    for i, token in enumerate(text.tokens):
        if token.kind != "word" or "_" not in token.text or not text.ledger.free(i):
            continue
        key = keys.spelled(token.text)
        listed = text.match("slots.around.link* '[|'(? v=@number|',+ ']|')?", i + 1)
        if key is not None and listed is not None and keys.kinds.get(key) == "array":
            said = list(takewhile(text.ledger.free, listed.tokens()))  # "16, 22, 30 epochs"
            numbers = [text.tokens[v].value for v in said if text.kind(v) == "number"]
            text.ledger.claim("value", [i, *said], Value("", numbers, key=key))
            continue
        match = text.match("slots.around.link* v=@number|@quote|'true|'false|~word", i + 1)
        if key is not None and match is not None:
            [v] = match.tokens("v")
            word = text.tokens[v]
            plain: Any = {"true": True, "false": False}.get(word.text, word.text)
            value = word.value if word.value is not None else plain
            text.ledger.claim("value", [i, *match.tokens()], Value("", value, key=key))
