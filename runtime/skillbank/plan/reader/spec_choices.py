"""Choices and switches said in the words of a spec: "resnet_50 backbone", "no activation checkpointing"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from skillbank.errors import ConflictError
from skillbank.plan.reader.key_phrases import described_behind, zero_at
from skillbank.plan.reader.key_words import canonical, letters
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.spec_keys import Keys, name_at, words_before
from skillbank.plan.reader.value import Value, denied_before, led_by, set_before

__all__ = ["take_choices", "take_named_choices", "take_switches"]

_TELLING = word_list("spec_choices.telling")
_OPTIMIZERS = word_list("spec_choices.optimizers")


def take_named_choices(text: Text, all_keys: Sequence[Keys]) -> None:
    """Account for "prediction Attn": a value behind its key's name, though that is a word of requests."""
    leaves = frozenset[str]().union(*(keys.choices for keys in all_keys))
    for i in range(1, len(text.tokens)):
        name = text.word(i - 1)
        if name not in leaves or text.kind(i) != "word" or len(text.unclaimed((i - 1, i))) < 2:
            continue
        owners = {k: v for keys in all_keys for k, v in keys.enums.get(letters(text.word(i)), {}).items()}
        named = [key for key in owners if _leaf(key).lower() == name]
        denied = any(text.within(k, "grammar.operator.not") for k in range(i - 4, i))
        if len(named) == 1 and not denied:
            tokens = [*set_before(text, i - 1), i - 1, i]
            text.ledger.claim("value", tokens, Value("", owners[named[0]], key=named[0]))


def _leaf(key: str) -> str:
    """Return the last name of a key."""
    return key.rpartition(".")[2]


def take_choices(text: Text, keys: Keys) -> None:
    """A word that only one key allows ("resnet_50", "fsdp") sets it, with the key's own name beside it."""
    kinds = ("word", "number", "key")
    usable = {i for i, token in enumerate(text.tokens) if token.kind in kinds and text.ledger.free(i)}
    for i in sorted(usable):
        if letters(text.ledger.said([i])) not in keys.openings:
            continue
        for size in (3, 2, 1):
            part = range(i, i + size)
            if not usable.issuperset(part):
                continue
            owners = keys.enums.get(letters(text.ledger.said(part)), {})
            if owners and _choice(text, list(part), owners, keys):
                break
    _refuse_unknown(text, keys)


def _named_behind(text: Text, first: int, named: frozenset[str]) -> int:
    """Return where the words behind a choice that name or describe its key end: "cosine lr decay"."""
    words = []
    for k in range(first, min(first + 4, len(text.tokens))):
        if text.tokens[k].kind != "word" or not text.ledger.free(k):
            break
        words.append(text.tokens[k].text)
    fitting = (n for n in range(len(words), 0, -1) if not text.within(first + n - 1, "grammar.free.glue"))
    return first + next((n for n in fitting if canonical(words[:n]) <= named), 0)


def _choice(text: Text, part: list[int], owners: dict[str, str], keys: Keys) -> bool:
    """Account for a word as the value of the key that it stands with, or of the only one that lists it."""
    before, links = words_before(text, part[0])
    owners, side = _of_side(text, owners, [*before[-3:][::-1], part[-1] + 1])
    telling = len(owners) == 1 and not side and _tells(text, part)
    for key, spelled in owners.items():
        leaf = {*_leaf(key).lower().split("_"), _leaf(key), *side}
        names = leaf | (_KINDS if len(owners) == 1 else set())
        beside = _named_before(text, before, leaf, names if telling else set())
        if "student" in side:
            beside = beside or led_by(text, part[0], "'to|'into group.det|free.adjective|'smaller|'small*", 4)
        end = _end_of_names(text, part[-1] + 1, names, key, keys)
        if telling or beside or end > part[-1] + 1:
            tokens = [*beside, *(links if beside else ()), *range(part[0], end)]
            parts = {*leaf, *re.split(r"\W|_", spelled.lower())}
            tokens = [*_described(text, min(tokens), parts, keys.described(key)), *tokens]
            denied = denied_before(text, min(tokens))
            tokens = [*(denied or set_before(text, min(tokens))), *tokens]
            text.ledger.claim("value", tokens, Value("", spelled, key=key, negated=bool(denied)))
            return True
    return False


def _named_before(text: Text, before: list[int], leaf: set[str], kinds: set[str]) -> list[int]:
    """Return the words before a value that name its key, or the one that may: "optimizer sgd"."""
    beside = [k for k in before[-3:] if text.tokens[k].text in leaf]
    return beside or [k for k in before[-1:] if text.tokens[k].text in kinds]


_KINDS = {"optimizer", "strategy", "scheduler", "backbone"}
"""What a value that only one key lists may be called, whatever the key's name."""


def _tells(text: Text, part: list[int]) -> bool:
    """Whether a value says by itself that it is one: "resnet_50", "adamw"."""
    said = text.ledger.said(part).lower()
    return bool(re.search(r"[\d_-]", said)) or said in _TELLING or _is_optimizer(text, part)


def _end_of_names(text: Text, at: int, names: set[str], key: str, keys: Keys) -> int:
    """Return where the words behind a value end that name its key: "cosine lr decay", "sgd as optimizer"."""
    end = _named_behind(text, at, canonical([*names, *keys.beside(key)]) | keys.described(key))
    match = text.match("'as|'for|'is group.det*", end)
    return match.end + 1 if match is not None and text.word(match.end) in names else end


def _of_side(text: Text, owners: dict[str, str], near: list[int]) -> tuple[dict[str, str], set[str]]:
    """Leave of a teacher's and its student's key the one that is named near a value, else the student's."""
    sides: dict[str, dict[str, str]] = {"teacher": {}, "student": {}}
    for key, spelled in owners.items():
        sides["teacher" if "teacher" in key.split(".") else "student"][key] = spelled
    if not all(sides.values()):
        return owners, set()
    said = [text.tokens[k].text for k in near if k < len(text.tokens)]
    side = next((word for word in said if word in sides), "student")
    return sides[side], {side}


def _is_optimizer(text: Text, part: list[int]) -> bool:
    """Whether a word that is a person's name as well stands by itself as an optimizer: ", adam, lr 1e-4"."""
    said, led, end = text.ledger.said(part), text.tokens[part[0] - 1], part[-1] + 1
    alone = part[0] > 0 and (led.kind == "mark" or led.text in ("with", "using"))
    ends = end == len(text.tokens) or text.match("',|'.|';|'and|@number|'lr", end) is not None
    return said.islower() and said in _OPTIMIZERS and alone and ends


def _described(text: Text, first: int, parts: set[str], told: frozenset[str]) -> list[int]:
    """Return the words before a choice that only describe it: "swin base backbone (swin_base_384_22k)".

    They are ``parts`` of its name and, where it stands in brackets behind them, what is ``told`` of its key.
    """
    bracketed, k = text.word(first - 1) == "(", first - 1
    while k >= 0 and text.ledger.free(k):
        described = bracketed and text.kind(k) == "word" and canonical([text.word(k)]) <= told
        adverb = bracketed and text.within(k, "grammar.free.adverb")
        if not (described or adverb or text.word(k) in parts | {"(", ":"}):
            break
        k -= 1
    found = list(range(k + 1, first))
    return found if any(text.kind(i) == "word" for i in found) else []


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


def _beside(text: Text, i: int) -> list[int]:
    """Return where a value of a key that is named at a token may stand: before it, behind it or its link."""
    behind = range(i - 1, max(-1, i - 5), -1)
    before = next((k for k in behind if text.tokens[k].text not in ("as", "the", "a", "for")), -1)
    return [before, i + 1, *([i + 2] if text.within(i + 1, "slots.around.link") else [])]


def _is_code(text: Text, k: int) -> bool:
    """Whether a free word looks like a value that somebody lists: "vgg16", "swin_tiny", "adam"."""
    said = text.word(k) if text.kind(k) == "word" and text.ledger.free(k) else ""
    return said in _OPTIMIZERS or re.fullmatch(r"[a-z]+[-_]?\d[\w.-]*|[a-z]+_\w+", said) is not None


_ON = "'on|'enabled|'true|'activated"
_BE = "slots.around.link|'turned|'switched*"
_OFF = "'off|'disabled|'false|'deactivated"


def take_switches(text: Text, keys: Keys) -> None:
    """Read "no activation checkpointing", "enable wandb", "turn wandb on", "pin memory: off"."""
    report = "'log|'report|'track|'send|'logging free.noun|group.it|group.det* 'to|'in|'with|'into"
    for on, source in (
        (True, "operator.enable|'with group.det*"),
        (True, f"{report} group.det*"),
        (False, "operator.not group.det|free.light*"),
    ):
        for match in text.find(source):
            _switch_behind(text, match, keys, on=on)
    for i in range(len(text.tokens)):
        if text.tokens[i].kind == "word" and text.ledger.free(i):
            _switch_by_name(text, i, keys)


def _switch_behind(text: Text, match: Match, keys: Keys, *, on: bool) -> None:
    """Read a switch behind a word that turns it on or off, or what there is to be none of."""
    if (found := _switch_at(text, match.end, keys)) is not None:
        tokens, key, yes = found
        state = text.match(f"{_BE} {_ON if on else _OFF}", tokens[-1] + 1)
        if text.match(f"{_BE} {_OFF if on else _ON}", tokens[-1] + 1) is None:
            tokens = [*match.tokens(), *tokens, *(state.tokens() if state else ())]
            text.ledger.claim("value", tokens, Value("", on is yes, key=key))
    elif not on and (none := zero_at(text, match.end, keys)) is not None:
        tokens, key = none
        value = Value("", 0, key=key) if keys.zero[key] else Value("", True, key=key, negated=True)
        text.ledger.claim("value", [*match.tokens(), *tokens], value)


def _switch_by_name(text: Text, i: int, keys: Keys) -> None:
    """Read a switch by its name, with "on" or "off" behind it or as an order."""
    if (found := _switch_at(text, i, keys)) is None:
        return
    tokens, key, yes = found
    state = text.match(f"{_BE} v={_ON}|{_OFF}", tokens[-1] + 1)
    if state is not None:
        turned = text.word(i - 1) in ("turn", "switch", "turning", "switching")
        verb = [i - 1] if turned else set_before(text, i)
        on = f"'{text.word(state.tokens('v')[0])}" in _ON.split("|")
        text.ledger.claim("value", [*verb, *tokens, *state.tokens()], Value("", on is yes, key=key))
    elif _is_order(text, i, tokens):
        text.ledger.claim("value", [*set_before(text, i), *tokens], Value("", yes, key=key))


def _is_order(text: Text, i: int, tokens: Sequence[int]) -> bool:
    """Whether what names a switch is said as an order: "freeze the backbone", "keep the backbone frozen"."""
    if any(text.tokens[k].text in ("keep", "keeping") for k in set_before(text, i)):
        return True
    after = text.match("group.det|free.adjective* group.model|@name|@mark", tokens[-1] + 1)
    if len(tokens) == 1 and after is None and tokens[-1] + 1 < len(text.tokens):
        return False  # "compile the results"
    opens = i == 0 or text.tokens[i - 1].kind != "word" or text.tokens[i - 1].text in ("and", "please", "but")
    return opens and text.tokens[i].text in _ORDERS


_ORDERS = word_list("spec_choices.orders")


def _switch_at(text: Text, i: int, keys: Keys) -> tuple[list[int], str, bool] | None:
    """Return the words from a token on that name a switch, its key, and whether they say it to be on."""
    if (inverse := _inverse_at(text, i, keys)) is not None:
        return inverse
    found = name_at(text, i, keys, ("boolean",), most=4)
    if found is None or keys.kinds.get(found[1]) != "boolean":
        return None
    while len(found[0]) > 1 and text.match(f"{_ON}|{_OFF}", found[0][-1]):
        found[0].pop()  # "ema enabled", where the key is called enable_ema: it says the state
    head, _, leaf = found[1].rpartition(".")
    name = head.rpartition(".")[2] if leaf in ("enable", "enabled") else leaf
    said = canonical([text.tokens[k].text for k in found[0]])
    if not said >= canonical(name.split("_")) - canonical(["enable", "use"]):
        return None
    behind = described_behind(text, found[0][-1] + 1, found[1], keys)
    while behind and text.match(f"{_ON}|{_OFF}", behind[-1]):
        behind.pop()  # "activation checkpointing on", where a description may say "on" too
    return [*found[0], *behind], found[1], True


def _inverse_at(text: Text, i: int, keys: Keys) -> tuple[list[int], str, bool] | None:
    """Return what a description says of a switch that is off: "freeze the backbone"."""
    if not (keys.may_say_off(text.word(i)) or text.within(i, "slots.around.link")):
        return None
    for end in range(i + 4, i + 1, -1):
        words = [k for k in range(i, end) if text.kind(k) == "word"]
        said = canonical([text.tokens[k].text for k in words if not text.within(k, "slots.around.link")])
        if said in keys.inverse and len(words) == end - i and all(map(text.ledger.free, words)):
            return words, keys.inverse[said], False
    return None
