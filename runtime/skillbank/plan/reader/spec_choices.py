"""Choices and switches said in the words of a spec: "resnet_50 backbone", "no activation checkpointing"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile

from skillbank.errors import ConflictError
from skillbank.plan.reader.key_phrases import described_behind, zero_at
from skillbank.plan.reader.key_words import canonical, letters
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase, word_list
from skillbank.plan.reader.spec_keys import Keys, name_at, words_before
from skillbank.plan.reader.value import claim_key, denied_before, led_by, set_before

__all__ = ["take_choices", "take_named_choices", "take_switches"]

_OPTIMIZERS = word_list("choices.optimizers")
_KINDS = word_list("choices.kinds")
"""What a value that only one key lists may be called, whatever the key's name."""


def take_named_choices(text: Text, all_keys: Sequence[Keys]) -> None:
    """Account for "prediction Attn": a value behind its key's name, though that is a word of requests."""
    leaves = frozenset[str]().union(*(keys.choices for keys in all_keys))
    for i in range(1, len(text.tokens)):
        name = text.word(i - 1)
        if name not in leaves or text.kind(i) != "word" or len(text.unclaimed((i - 1, i))) < 2:
            continue
        owners = {k: v for keys in all_keys for k, v in keys.enums.get(letters(text.word(i)), {}).items()}
        named = [key for key in owners if _leaf(key).lower() == name]
        if len(named) == 1 and not text.holds(range(i - 4, i), "grammar.operator.not"):
            claim_key(text, [i - 1, i], named[0], owners[named[0]])


def _leaf(key: str) -> str:
    """Return the last name of a key."""
    return key.rpartition(".")[2]


# -- choices -------------------------------------------------------------------------------------


def take_choices(text: Text, keys: Keys) -> None:
    """A word that only one key allows ("resnet_50", "fsdp") sets it, with the key's own name beside it."""
    usable = {i for i in text.unclaimed(range(len(text.tokens))) if text.kind(i) in ("word", "number", "key")}
    for i in sorted(usable):
        for part in (range(i, i + size) for size in (3, 2, 1)):
            if not usable.issuperset(part):
                continue
            owners = keys.enums.get(letters(text.ledger.said(part)), {})
            if owners and _choice(text, part, owners, keys):
                break
    _refuse_unknown(text, keys)


def _choice(text: Text, part: range, owners: dict[str, str], keys: Keys) -> bool:
    """Account for a word as the value of the key that it stands with, or of the only one that lists it."""
    before, links = words_before(text, part.start)
    owners, side = _of_side(text, owners, [*before[-3:][::-1], part.stop])
    telling = len(owners) == 1 and not side and _tells(text, part)
    for key, spelled in owners.items():
        leaf = {*_leaf(key).lower().split("_"), _leaf(key), *side}
        names = leaf | (_KINDS if len(owners) == 1 else set())
        beside = _named_before(text, before, leaf, names if telling else leaf)
        if "student" in side:
            beside = beside or led_by(text, part.start, phrase("choices.to_student"), 4)
        end = _end_of_names(text, part.stop, names, key, keys)
        if telling or beside or end > part.stop:
            tokens = [*beside, *(links if beside else ()), *range(part.start, end)]
            parts = {*leaf, *re.split(r"\W|_", spelled.lower())}
            tokens += _described(text, min(tokens), parts, keys.described(key))
            denied = denied_before(text, min(tokens))
            return claim_key(text, [*denied, *tokens], key, spelled, negated=bool(denied))
    return False


def _named_before(text: Text, before: list[int], leaf: set[str], names: set[str]) -> list[int]:
    """Return the words before a value that name its key, or the one that may: "optimizer sgd"."""
    beside = [k for k in before[-3:] if text.word(k) in leaf]
    return beside or [k for k in before[-1:] if text.word(k) in names]


def _tells(text: Text, part: range) -> bool:
    """Whether a value says by itself that it is one: "resnet_50", "adamw"."""
    said = text.ledger.said(part).lower()
    return (
        bool(re.search(r"[\d_-]", said)) or said in word_list("choices.telling") or _is_optimizer(text, part)
    )


def _is_optimizer(text: Text, part: range) -> bool:
    """Whether a word that is a person's name as well stands by itself as an optimizer: ", adam, lr 1e-4"."""
    said, led = text.ledger.said(part), part.start - 1
    alone = text.kind(led) == "mark" or text.word(led) in ("with", "using")
    return said in _OPTIMIZERS and alone and text.match(phrase("choices.ends"), part.stop - 1) is not None


def _end_of_names(text: Text, at: int, names: set[str], key: str, keys: Keys) -> int:
    """Return where the words behind a value end that name its key: "cosine lr decay", "sgd as optimizer"."""
    named = canonical([*names, *keys.beside(key)]) | keys.described(key)
    words = takewhile(lambda k: text.kind(k) == "word" and text.ledger.free(k), range(at, at + 4))
    ends = [k + 1 for k in words if not text.within(k, "grammar.free.glue")]
    end = next((e for e in ends[::-1] if canonical(text.words(range(at, e))) <= named), at)
    match = text.match("'as|'for|'is group.det*", end)
    return match.end + 1 if match is not None and text.word(match.end) in names else end


def _of_side(text: Text, owners: dict[str, str], near: list[int]) -> tuple[dict[str, str], set[str]]:
    """Leave of a teacher's and its student's key the one that is named near a value, else the student's."""
    sides: dict[str, dict[str, str]] = {"teacher": {}, "student": {}}
    for key, spelled in owners.items():
        sides["teacher" if "teacher" in key.split(".") else "student"][key] = spelled
    if not all(sides.values()):
        return owners, set()
    side = next((word for word in map(text.word, near) if word in sides), "student")
    return sides[side], {side}


def _described(text: Text, first: int, parts: set[str], told: frozenset[str]) -> list[int]:
    """Return the words before a choice that only describe it: "swin base backbone (swin_base_384_22k)".

    They are ``parts`` of its name and, where it stands in brackets behind them, what is ``told`` of its key.
    """
    bracketed, k = text.word(first - 1) == "(", first - 1
    while k >= 0 and text.ledger.free(k):
        described = text.kind(k) == "word" and canonical([text.word(k)]) <= told
        beside = bracketed and (described or text.within(k, "grammar.free.adverb"))
        if not beside and text.word(k) not in parts | {"(", ":"}:
            break
        k -= 1
    found = range(k + 1, first)
    return list(found) if text.has_kind(found, "word") else []


def _refuse_unknown(text: Text, keys: Keys) -> None:
    """Refuse a value that a key with a closed list of values does not have ("the backbone vgg16").

    Raises
    ------
    ConflictError
        Naming the value and those that there are.
    """
    for i, token in enumerate(text.tokens):
        if token.kind == "word" and token.text in keys.choices and text.ledger.free(i):
            key, choices = keys.choices[token.text]
            for k in _beside(text, i):
                if _is_code(text, k):
                    listed = ", ".join(sorted(choices))
                    raise ConflictError(f"{key} cannot be '{text.word(k)}'; it is one of {listed}.")


def _beside(text: Text, i: int) -> Iterable[int]:
    """Yield where a value of a key that is named at a token may stand: before it, behind it or its link."""
    before = range(i - 1, max(-1, i - 5), -1)
    yield next((k for k in before if text.word(k) not in ("as", "the", "a", "for")), -1)
    yield i + 1
    if text.within(i + 1, "slots.around.link"):
        yield i + 2


def _is_code(text: Text, k: int) -> bool:
    """Whether a free word looks like a value that somebody lists: "vgg16", "swin_tiny", "adam"."""
    said = text.word(k) if text.kind(k) == "word" and text.ledger.free(k) else ""
    return said in _OPTIMIZERS or re.fullmatch(r"[a-z]+[-_]?\d[\w.-]*|[a-z]+_\w+", said) is not None


# -- switches ------------------------------------------------------------------------------------


def take_switches(text: Text, keys: Keys) -> None:
    """Read "no activation checkpointing", "enable wandb", "turn wandb on", "pin memory: off"."""
    for on, lead in ((True, "switches.on"), (False, "switches.off")):
        for match in text.phrases(lead):
            _switch_behind(text, match, keys, on=on)
    for i in range(len(text.tokens)):
        if text.kind(i) == "word" and text.ledger.free(i):
            _switch_by_name(text, i, keys)


def _state_at(text: Text, i: int) -> tuple[list[int], bool | None]:
    """Return the words from a token on that say that something is on or off, and which."""
    for on, name in ((True, "switches.is_on"), (False, "switches.is_off")):
        if (match := text.match(phrase(name), i)) is not None:
            return match.tokens(), on
    return [], None


def _switch_behind(text: Text, match: Match, keys: Keys, *, on: bool) -> None:
    """Read a switch behind a word that turns it on or off, or what there is to be none of."""
    if (found := _switch_at(text, match.end, keys)) is not None:
        tokens, key, yes = found
        state, is_on = _state_at(text, tokens[-1] + 1)
        if is_on in (None, on):
            claim_key(text, [*match.tokens(), *tokens, *state], key, on is yes)
    elif not on and (none := zero_at(text, match.end, keys)) is not None:
        tokens, key = none
        counted = bool(keys.zero[key])
        claim_key(text, [*match.tokens(), *tokens], key, 0 if counted else True, negated=not counted)


def _switch_by_name(text: Text, i: int, keys: Keys) -> None:
    """Read a switch by its name, with "on" or "off" behind it or as an order."""
    if (found := _switch_at(text, i, keys)) is None:
        return
    tokens, key, yes = found
    state, on = _state_at(text, tokens[-1] + 1)
    if on is not None:
        turned = text.word(i - 1) in ("turn", "switch", "turning", "switching")
        claim_key(text, [*range(i - turned, i), *tokens, *state], key, on is yes)
    elif _is_order(text, i, tokens):
        claim_key(text, tokens, key, yes)


def _is_order(text: Text, i: int, tokens: Sequence[int]) -> bool:
    """Whether what names a switch is said as an order: "freeze the backbone", "keep the backbone frozen"."""
    if not {"keep", "keeping"}.isdisjoint(text.words(set_before(text, i))):
        return True
    after = text.match("group.det|free.adjective* group.model|@name|@mark", tokens[-1] + 1)
    if len(tokens) == 1 and after is None and tokens[-1] + 1 < len(text.tokens):
        return False  # "compile the results"
    opens = text.kind(i - 1) != "word" or text.word(i - 1) in ("and", "please", "but")
    return opens and text.word(i) in word_list("switches.orders")


def _switch_at(text: Text, i: int, keys: Keys) -> tuple[list[int], str, bool] | None:
    """Return the words from a token on that name a switch, its key, and whether they say it to be on."""
    if (inverse := _inverse_at(text, i, keys)) is not None:
        return inverse
    found = name_at(text, i, keys, ("boolean",), most=4)
    if found is None or keys.kinds.get(found[1]) != "boolean":
        return None
    tokens, key = found
    tokens = [tokens[0], *_without_state(text, tokens[1:])]  # "ema enabled", of a key enable_ema
    head, _, leaf = key.rpartition(".")
    name = head.rpartition(".")[2] if leaf in ("enable", "enabled") else leaf
    if not canonical(text.words(tokens)) >= canonical(name.split("_")) - canonical(["enable", "use"]):
        return None
    return [*tokens, *_without_state(text, described_behind(text, tokens[-1] + 1, key, keys))], key, True


def _without_state(text: Text, tokens: list[int]) -> list[int]:
    """Leave out "on" and "off" at the end, which a name or a description may have as well."""
    while tokens and text.match(phrase("switches.state"), tokens[-1]) is not None:
        tokens = tokens[:-1]
    return tokens


def _inverse_at(text: Text, i: int, keys: Keys) -> tuple[list[int], str, bool] | None:
    """Return what a description says of a switch that is off: "freeze the backbone"."""
    for end in range(i + 4, i + 1, -1) if keys.inverse else ():
        words = [k for k in range(i, end) if text.kind(k) == "word"]
        said = canonical(text.words(k for k in words if not text.within(k, "slots.around.link")))
        if said in keys.inverse and len(words) == end - i and all(map(text.ledger.free, words)):
            return words, keys.inverse[said], False
    return None
