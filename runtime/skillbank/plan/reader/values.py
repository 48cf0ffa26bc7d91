"""Numbers, choices and sizes that belong to a slot: each by the noun that stands with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.durations import take_durations
from skillbank.plan.reader.hardware import (
    is_owned,
    take_gpu_ids,
    take_no_gpus,
    take_owned,
    take_the_gpu,
    take_totals,
)
from skillbank.plan.reader.key_phrases import number_in_phrase
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.policy import UNCERTAIN
from skillbank.plan.reader.spec_keys import Keys
from skillbank.plan.reader.tokens import Claim, is_number
from skillbank.plan.reader.value import SIZE, Value, claim_value, denied_before
from skillbank.plan.slots import SLOTS, Kind, Slot

__all__ = ["take_values"]

_NUMBERS = (Kind.NUMBER, Kind.COUNT, Kind.DURATION)
_LINK = "slots.around.link*"


def take_values(text: Text, clauses: Clauses, keys: Sequence[Keys], *, searching: bool) -> None:
    """Account for the values of slots.

    Parameters
    ----------
    keys
        Spec keys of the skills that are named: a noun in a longer name ("backbone learning rate")
        is left to them.
    searching
        Whether the text speaks of a search: a time without a noun is then the search's.
    """
    _every(text)
    _until(text)
    _sizes(text)
    take_gpu_ids(text)
    take_no_gpus(text)
    _scores(text)
    for name in ("trial_timeout", "time_budget"):
        take_durations(text, name, searching)
    for i, token in enumerate(text.tokens):
        if token.kind in ("number", "percent") and text.ledger.free(i):
            _number(text, clauses, keys, i, searching)
    take_totals(text)
    take_the_gpu(text)
    take_owned(text)
    _ellipses(text)
    for each in (s for s in SLOTS if s.kind is Kind.CHOICE and s.name in ("precision", "algorithm")):
        _choices(text, each)


_WHAT = "'everything|'anything|'all|'boxes|'box|'detections|'hits|'those|'what|'whatever|'findings|'ones"
_SCORED = "'with|'that|'which|'scores|'score|'scoring|'scored|'confidence|'conf|'a|'is|'are|'has|'have|'of"
_KEPT = "'keep|'keeping|'show|'return|'only|'just|'but"
_DROPPED = "operator.not|slots.on_broken.skip|'hide|'suppress"
_SCORES = tuple(
    f"{lead} {bound} n=@number|@percent slots.threshold.nouns*"
    for lead, bound in (
        (f"{_KEPT}* {_WHAT}+ {_SCORED}*", "slots.around.least"),
        (f"'a? 'scores|'score|'confidence|'conf {_SCORED}*", "slots.around.least"),
        (f"{_DROPPED} {_WHAT}+ {_SCORED}*", "slots.around.below"),
        ("'at|'more 'least|'than 'a", "slots.threshold.nouns 'of"),
    )
)


def _scores(text: Text) -> None:
    """Read "keep boxes above 0.4", "drop everything under 45 percent": the least score that is shown."""
    for match in [m for source in _SCORES for m in text.find(source)]:
        [i] = match.tokens("n")
        value = text.tokens[i].value / (100 if text.tokens[i].kind == "percent" else 1)
        if value > 1 or not text.ledger.free(i):
            continue
        if denied := denied_before(text, match.first):
            text.ledger.claim("unread", [*denied, *match.tokens()])  # "drop boxes above 0.9"
        else:
            claim_value(text, text.unclaimed(match.tokens()), Value("threshold", value))


def _number(text: Text, clauses: Clauses, keys: Sequence[Keys], i: int, searching: bool) -> None:
    """Find the slot of one number: by the noun before it, else by the one behind it."""
    best = max(_meanings(text, i), key=lambda found: found[0], default=None)
    if best is None:
        return
    size, found, match = best
    led = size > 100
    if _is_of_a_key(text, keys, i, match) or (
        led and (_is_longer(text, found, match, keys) or (found.name == "patience" and not searching))
    ):
        return
    value = text.tokens[i].value
    if found.name in ("gpus", "nodes") and is_owned(text, clauses, match):
        _told(text, match, Value(found.name, int(value)))
        return
    tokens = text.unclaimed(match.tokens())
    if found.name == "gpus" and re.search(r"\d", text.ledger.said([match.end - 1])):
        memory = text.match("'-? @number 'gb|'gib 'memory|'vram?", match.end)
        tokens += memory.tokens() if memory else []
    if led and match.first and text.tokens[match.first - 1].text in _MOST:
        tokens = [*text.unclaimed([match.first - 1]), *tokens]
    most = any(text.tokens[k].text in _MOST for k in tokens)
    if _is_no_value(text, i, found, match, most=most, searching=searching):
        text.ledger.claim("unread", tokens)
        return
    said = (
        value / 100 if text.tokens[i].kind == "percent" else int(value) if found.kind is Kind.COUNT else value
    )
    claim_value(text, tokens, Value(found.name, said, most=most))


def _meanings(text: Text, i: int) -> Iterator[tuple[int, Slot, Match]]:
    """Yield the slots that a number may be of, with the words that say so, and how much these tell."""
    kind, value = text.tokens[i].kind, text.tokens[i].value
    spans = [span for part in text.spans[max(0, i - 9) : i + 9] for span in part]
    near = frozenset[str]().union(*(span.classes for span in spans))
    for each in SLOTS:
        own = f"slots.{each.name}"
        nouns = {f"{own}.{place}" for place in ("nouns", "before", "after")}
        if nouns.isdisjoint(near) or not _fits(each, kind, value):
            continue
        hedges = "slots.around.least" if each.name == "threshold" else "slots.around.vague|slots.around.limit"
        more = f"slots.around.adjective|{hedges}|^policy*"
        for led, source in (
            (True, f"{own}.nouns|{own}.before slots.around.link|{hedges}* @{kind} {own}.unit? {_EACH}"),
            (False, f"slots.around.before|{hedges}* @{kind} {more} {own}.nouns|{own}.after {_EACH} {_CAP}"),
        ):
            match = _reaching(text, source, i, sections=nouns if led else None)
            if match is not None and _is_meant(text, each, match, i, led):
                yield match.end - match.first + 100 * led, each, match


_EACH, _CAP = "slots.around.each?", "slots.around.cap?"


def _is_of_a_key(text: Text, keys: Sequence[Keys], i: int, match: Match) -> bool:
    """Whether a longer phrase gives a number to a key: "accumulate gradients over 4 batches"."""
    phrases = (number_in_phrase(text, i, each) for each in keys)
    return any(phrase is not None and {*match.tokens()} - {i} < {*phrase[0]} for phrase in phrases)


def _told(text: Text, match: Match, value: Value) -> None:
    """Account for GPUs or nodes that somebody only has, with their memory."""
    memory = text.match("'with|'of|'(|'each* @number 'gb|'gib 'memory|'vram|'ram|'of|'each|')*", match.end)
    text.ledger.claim("report", [*match.tokens(), *(memory.tokens() if memory else ())], value)


def _is_no_value(text: Text, i: int, found: Slot, match: Match, *, most: bool, searching: bool) -> bool:
    """Whether words name a type of GPU ("an A100 80GB"), or the bound of what a search varies."""
    typed = found.name == "gpus" and re.search(r"\d", text.ledger.said([match.end - 1])) is not None
    kind = typed and text.ledger.said([i]).lower() in ("a", "an")
    return kind or (most and searching and found.name == "learning_rate")


_MOST = frozenset({"most", "max", "maximum", "maximal", "largest", "biggest"})


def _fits(each: Slot, kind: str, value: float) -> bool:
    """Whether a slot can have this number."""
    if each.kind not in _NUMBERS or each.kind is Kind.DURATION:
        return False
    if kind == "percent":
        return each.name == "threshold"
    return each.kind is not Kind.COUNT or float(value).is_integer()


def _reaching(text: Text, source: str, i: int, sections: set[str] | None) -> Match | None:
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
    before = text.tokens[match.first - 1] if match.first else None
    if led and before is not None and before.kind == "number" and text.ledger.free(match.first - 1):
        return False  # in "10 epochs 4 gpus" the noun is that of the number before it
    if each.name == "batch_size":  # the slot's is that of one GPU
        together = text.match("slots.around.together", match.end)
        return together is None and not (
            before is not None and text.within(match.first - 1, "slots.around.together")
        )
    if each.name not in ("epochs", "nodes"):
        return True
    links = {text.tokens[k].text for k in range(match.first + 1, i)}
    if (
        led
        and text.tokens[match.first].text in ("epoch", "node")
        and not {":", "=", "is", "of", "to"} & links
    ):
        return False
    stops = before is not None and any(
        text.ends(k, "slots.search_settings.stop") for k in range(max(0, match.first - 3), match.first)
    )
    if before is not None and before.text in _WHEN and not stops:
        return False
    return not (led and text.match("'and|',|'& @number !slots.around.named", match.end))


_WHEN = frozenset(["at", "after", "from", "until", "till", "by", "since", "before", "first", "last", "past"])
"""Words before epochs that say when something is, not for how long."""


def _is_longer(text: Text, found: Slot, match: Match, keys: Sequence[Keys]) -> bool:
    """Whether a noun is only part of the name of a spec key: "backbone learning rate"."""
    k = match.first - 1
    if k < 0 or text.tokens[k].kind != "word" or not text.ledger.free(k):
        return False
    return any(each.extends(found.names, text.tokens[k].text) for each in keys)


def _every(text: Text) -> None:
    """Read "validate every 2 epochs", "checkpoints after each epoch", "save every 500 steps"."""
    often = "'after|'once|'at|'per? 'every|'each|'per n=@number|'single|'other|'second|'third?"
    for name in ("validation_interval", "checkpoint_interval"):
        each = f"slots.{name}.each group.it|group.det|free.noun|free.glue|free.adverb|@name* {often}"
        for match in text.find(f"{each} unit=slots.epochs.nouns|slots.around.steps"):
            count = _each(text, match)
            unit = "" if text.within(match.tokens("unit")[0], "slots.epochs.nouns") else "step"
            claim_value(text, match.tokens(), Value(name, count, unit=unit))


def _until(text: Text) -> None:
    """Read "train until epoch 60", and the same behind a place of a training that is resumed."""
    resumed = any(text.within(i, "actions.words.resume") for i in range(len(text.tokens)))
    for match in text.find("'until|'till|'to|'up+ 'epoch @number") if not text.ledger.of("job") else ():
        closed = match.end == len(text.tokens) or text.tokens[match.end].kind == "mark"
        trained = text.within(match.first - 1, "actions.train.base", "actions.train.nouns")
        opened = resumed and text.tokens[match.first - 1].kind in ("mark", "place", "name")
        if closed and match.first and (opened or trained):
            claim_value(text, match.tokens(), Value("epochs", text.tokens[match.end - 1].value))


def _each(text: Text, match: Match) -> Any:
    """Return the number of "every 2 epochs", "every other epoch", "each epoch"."""
    words = [text.tokens[k] for k in match.tokens("n")]
    if words and words[0].kind == "number":
        return words[0].value
    return _OTHER.get(words[0].text, 1) if words else 1


_OTHER = {"other": 2, "second": 2, "third": 3}


def _ellipses(text: Text) -> None:
    """Read a number that stands in for another: "10 epochs, no, make it 20", "5 instead of 8 epochs"."""
    denied = "^value ',? operator.instead|'not|'no|'never group.det? @number"
    for match in [*text.find(denied), *text.find("operator.not @number ',? 'but &^value")]:
        owners = [text.ledger.owner.get(k) for k in (match.first, match.end)]
        if any(c is not None and c.kind == "value" and is_number(c) for c in owners):
            text.ledger.claim("excluded", match.tokens())
    for i, token in enumerate(text.tokens):
        if token.kind == "number" and text.ledger.free(i) and (stood_for := _stood_for(text, i)) is not None:
            claim_value(text, [i], replace(stood_for, value=token.value, negated=False))
    for match in text.find("'on|'for|'with|'using 'just|'only? 'one"):
        alone = match.end == len(text.tokens) or text.tokens[match.end].text in _AFTER_ONE
        if alone and any(is_number(c) and c.last < match.first for c in text.ledger.of("value")):
            text.ledger.mark("unread", match.tokens())  # "on 4 GPUs, then export on one"


def _stood_for(text: Text, i: int) -> Value | None:
    """Return the value that a bare number stands in for: the one it replaces, or the last, corrected."""
    values = [c for c in text.ledger.of("value") if is_number(c)]
    after = text.match("'and? operator.instead|operator.not ^value", i + 1)
    if after is not None and (owner := text.ledger.owner[after.end - 1]) in values:
        return _value_of(owner)
    last = next((c for c in values[::-1] if i - 8 < c.last < i), None)
    between = range(last.last + 1 if last else i, i)
    if last is None or any(text.tokens[k].kind not in ("word", "mark") for k in between):
        return None
    said = {text.tokens[k].text for k in between} & {"but", "only", "just", "use", "rather"}
    instead = last.value.negated and (said or text.match("slots.around.enough", i + 1))
    fixed = instead or any(text.within(k, "grammar.mode.fix") for k in between)
    return _value_of(last) if fixed else None


def _value_of(claim: Claim) -> Value:
    value: Value = claim.value
    return value


_AFTER_ONE = frozenset([",", ".", ";", "!", ")", "and", "then", "on", "in", "at"])


def _sizes(text: Text) -> None:
    for match in text.find(
        "free.glue* 'size|'resolution|'input|'shape|'image|'dimensions|'at|'with* "
        "slots.around.link* n=@size 'pixels|'px|'resolution|'input|'images?"
    ):
        claim_value(text, text.unclaimed(match.tokens()), Value(SIZE, text.said(match)))


def _choices(text: Text, each: Slot) -> None:
    """Read a choice by its value, with the slot's noun beside it where the value may mean something else."""
    alias = f"slots.{each.name}.alias."
    meanings = {s: s.removeprefix(alias) for s in text.lexicon.classes if s.startswith(alias)}
    values = "|".join([f"slots.{each.name}.values", *meanings])
    link = f"{_LINK[:-1]}|'in|'with*"
    nouns = f"slots.{each.name}.nouns"
    for match in text.find(f"slots.around.before* before={nouns}? {link} v={values} after={nouns}?"):
        said = match.tokens("v")
        if not said or not all(map(text.ledger.free, said)):
            continue
        word = " ".join(text.tokens[k].text for k in said)
        value = next(
            (m for section, m in meanings.items() if said[-1] + 1 in text.ends(said[0], section)), word
        )
        beside = match.tokens("before") or match.tokens("after")
        if each.name == "algorithm" and word in UNCERTAIN and not beside:
            continue
        if value == "?" or value not in each.choices:
            continue
        claim_value(text, text.unclaimed(match.tokens()), Value(each.name, value))
