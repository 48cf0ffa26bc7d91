"""Which slot a number is of: by the noun before it, else by the one behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.hardware import is_other_card, is_owned
from skillbank.plan.reader.key_phrases import number_in_phrase
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.place import is_model_file
from skillbank.plan.reader.spec_keys import Keys
from skillbank.plan.reader.tokens import Token
from skillbank.plan.reader.value import Value, claim_value
from skillbank.plan.slots import SLOTS, Kind, Slot

__all__ = ["take_number"]


_EACH, _CAP = "slots.around.each?", "slots.around.cap?"


class _Meaning(NamedTuple):
    """A slot that a number may be of, with the words that say so, and how much these tell."""

    weight: int
    slot: Slot
    match: Match

    @property
    def led(self) -> bool:
        """Whether the noun stands before the number, which tells more than any behind it."""
        return self.weight > _LED


_LED = 100


def take_number(text: Text, clauses: Clauses, keys: Sequence[Keys], i: int, searching: bool) -> None:
    """Find the slot of one number: by the noun before it, else by the one behind it."""
    best = max(_meanings(text, i), key=lambda meaning: meaning.weight, default=None)
    if best is None or _is_of_a_key(text, keys, i, best, searching):
        return
    token, found, match = text.tokens[i], best.slot, best.match
    if found.name in ("gpus", "nodes") and is_owned(text, clauses, match):
        _told(text, match, Value(found.name, int(token.value)))
        return
    tokens = _tokens_of(text, best)
    most = any(text.tokens[k].text in _MOST for k in tokens)
    if _is_no_value(text, i, found, match, most=most, searching=searching):
        text.ledger.claim("unread", tokens)
    else:
        claim_value(text, tokens, Value(found.name, _amount(token, found), most=most))


def _amount(token: Token, found: Slot) -> float:
    """Return what a number is in the unit of its slot."""
    value: float = token.value
    if token.kind == "percent":
        return value / 100
    return int(value) if found.kind is Kind.COUNT else value


def _tokens_of(text: Text, meaning: _Meaning) -> list[int]:
    """Return the words of a number and its noun, with the memory of a GPU and a "max" before them."""
    match = meaning.match
    tokens = [k for k in text.unclaimed(match.tokens()) if k not in match.tokens("by")]
    if meaning.slot.name == "gpus" and _is_a_type(text, match.end - 1):
        memory = text.match("'-? @number 'gb|'gib 'memory|'vram?", match.end)
        tokens += memory.tokens() if memory else []
    if meaning.led and text.word(match.first - 1) in _MOST:
        tokens = [*text.unclaimed([match.first - 1]), *tokens]
    return tokens


def _is_a_type(text: Text, i: int) -> bool:
    """Whether a noun names a type of GPU: "A100"."""
    return re.search(r"\d", text.ledger.said([i])) is not None


def _meanings(text: Text, i: int) -> Iterator[_Meaning]:
    """Yield the slots that a number may be of."""
    kind, value = text.tokens[i].kind, text.tokens[i].value
    near = frozenset[str]().union(*text.classes[max(0, i - 9) : i + 9])
    for each, nouns in _NOUNS:
        if nouns.isdisjoint(near) or not _fits(each, kind, value):
            continue
        own = f"slots.{each.name}"
        hedges = "slots.around.least" if each.name == "threshold" else "slots.around.vague|slots.around.limit"
        more = f"slots.around.adjective|{hedges}|'as|^policy* group.det?"
        more += " by=slots.algorithm.values?" if each.name == "trials" else ""  # "8 random trials"
        for led, source in (
            (True, f"{own}.nouns|{own}.before slots.around.link|{hedges}* @{kind} {own}.unit? {_EACH}"),
            (False, f"slots.around.before|{hedges}* @{kind} {more} {own}.nouns|{own}.after {_EACH} {_CAP}"),
        ):
            match = _reaching(text, source, i, sections=nouns if led else None)
            if match is not None and _is_meant(text, each, match, i, led):
                yield _Meaning(match.end - match.first + _LED * led, each, match)


_NOUNS = tuple(
    (each, frozenset(f"slots.{each.name}.{place}" for place in ("nouns", "before", "after")))
    for each in SLOTS
    if each.kind in (Kind.NUMBER, Kind.COUNT)
)
"""The slots whose numbers are told by a noun, with the classes of such nouns."""


def _is_of_a_key(text: Text, keys: Sequence[Keys], i: int, meaning: _Meaning, searching: bool) -> bool:
    """Whether a longer phrase gives a number to a key: "accumulate gradients over 4 batches".

    Patience is the slot's in a search alone; what stands behind "lr 1e-4" takes the number from none.
    """
    match = meaning.match
    if meaning.led and (meaning.slot.name == "patience" and not searching):
        return True
    if meaning.led and _is_longer(text, meaning.slot, match, keys):
        return True
    phrases = (number_in_phrase(text, i, each) for each in keys)
    longer = (p[0] for p in phrases if p is not None and {*match.tokens()} - {i} < {*p[0]})
    return any(not (meaning.led and match.first == min(p)) for p in longer)


def _told(text: Text, match: Match, value: Value) -> None:
    """Account for GPUs or nodes that somebody only has, with their memory."""
    memory = text.match("'with|'of|'(|'each* @number 'gb|'gib 'memory|'vram|'ram|'of|'each|')*", match.end)
    text.ledger.claim("report", [*match.tokens(), *(memory.tokens() if memory else ())], value)


def _is_no_value(text: Text, i: int, found: Slot, match: Match, *, most: bool, searching: bool) -> bool:
    """Whether words name a type of GPU ("an A100 80GB"), one of several batches ("label cars in batch 8").

    Nor is the bound of what a search varies a value.
    """
    if found.name == "batch_size" and match.first == i - 1 and text.word(i - 1) == "batch":
        finds = "actions.words.find", "actions.words.label"
        if text.word(i - 2) in ("in", "of", "from") or text.within(i - 2, *finds):
            return True
    typed = found.name == "gpus" and _is_a_type(text, match.end - 1)
    kind = typed and text.ledger.said([i]).lower() in ("a", "an")
    return kind or (most and searching and found.name == "learning_rate")


_MOST = frozenset({"most", "max", "maximum", "maximal", "largest", "biggest"})


def _fits(each: Slot, kind: str, value: float) -> bool:
    """Whether a slot can have this number."""
    if kind == "percent":
        return each.name == "threshold"
    return each.kind is not Kind.COUNT or float(value).is_integer()


def _reaching(text: Text, source: str, i: int, sections: frozenset[str] | None) -> Match | None:
    """Return the longest match of a pattern whose number is this token, begun by one of some classes."""
    for start in range(max(0, i - 7), i + 1):
        if sections is not None and not text.within(start, *sections):
            continue
        match = text.match(source, start)
        numbers = [k for k in match.tokens() if k == i or text.tokens[k].kind == "number"] if match else []
        if numbers == [i]:
            return match
    return None


def _is_meant(text: Text, each: Slot, match: Match, i: int, led: bool) -> bool:
    """Whether a noun and a number are one value: not in "epoch 12", "at epochs 9 and 13"."""
    means = _MEANT.get(each.name)
    return means is None or means(text, match, i, led)


def _is_for_one_gpu(text: Text, match: Match, i: int, led: bool) -> bool:
    """Whether a batch is that of one GPU, as the slot's is: "batch size 16 in total" is none."""
    together = "slots.around.together"
    behind = f"'over|'across|'on|'for|'with @number slots.gpus.nouns {together}"
    shared = text.match(together, match.end) or text.match(behind, match.end)
    return shared is None and not text.within(match.first - 1, together)


def _is_how_many(text: Text, match: Match, i: int, led: bool) -> bool:
    """Whether a number counts epochs or nodes, and is not that of one, or of when something is."""
    links = {text.tokens[k].text for k in range(match.first + 1, i)}
    if led and text.word(match.first) in ("epoch", "node") and links.isdisjoint(_COUNTING):
        return match.first == i - 1 and _is_alone(text, match)
    before = range(max(0, match.first - 3), match.first)
    stops = any(text.ends(k, "slots.search_settings.stop") for k in before)
    if text.word(match.first - 1) in _WHEN and not stops:
        return False
    return not (led and text.match("'and|',|'& @number !slots.around.named", match.end))


def _is_alone(text: Text, match: Match) -> bool:
    """Whether a phrase stands by itself between two marks, and is no epoch of a model: ", epoch 25."."""
    between = text.kind(match.first - 1) == "mark" and text.kind(match.end) in ("", "mark")
    if not between or text.word(match.first - 1) == "(" or text.ledger.of("job"):
        return False
    files = any(t.kind == "place" and is_model_file(text, t.value) for t in text.tokens)
    return not files and not any(text.within(k, "actions.words.resume") for k in range(len(text.tokens)))


_MEANT: dict[str, Callable[[Text, Match, int, bool], bool]] = {
    "batch_size": _is_for_one_gpu, "epochs": _is_how_many, "nodes": _is_how_many,
    "gpus": lambda text, match, i, led: not (led and is_other_card(text, match.first)),
}  # fmt: skip
"""By slot: whether its noun and a number are one value of it."""
_COUNTING = frozenset([":", "=", "is", "of", "to"])
"""Words behind which the number behind "epoch" counts them."""
_WHEN = frozenset(["at", "after", "from", "until", "till", "by", "since", "before", "first", "last", "past"])
"""Words before epochs that say when something is, not for how long."""


def _is_longer(text: Text, found: Slot, match: Match, keys: Sequence[Keys]) -> bool:
    """Whether a noun is only part of the name of a spec key: "backbone learning rate"."""
    k = match.first - 1
    if k < 0 or text.tokens[k].kind != "word" or not text.ledger.free(k):
        return False
    return any(each.extends(found.names, text.tokens[k].text) for each in keys)
