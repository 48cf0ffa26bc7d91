"""Numbers, choices and sizes that belong to a slot: each by the noun that stands with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.durations import take_durations
from skillbank.plan.reader.hardware import is_owned, take_gpu_ids, take_no_gpus, take_totals
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.policy import UNCERTAIN
from skillbank.plan.reader.value import SIZE, Value, claim_value
from skillbank.plan.slots import SLOTS, Kind, Slot

if TYPE_CHECKING:
    from skillbank.plan.reader.spec_keys import Keys

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
    _sizes(text)
    take_gpu_ids(text)
    take_no_gpus(text)
    for name in ("gpu_hours", "trial_timeout", "time_budget"):
        take_durations(text, name, searching)
    _kept(text)
    for i, token in enumerate(text.tokens):
        if token.kind in ("number", "percent") and text.ledger.free(i):
            _number(text, clauses, keys, i, searching)
    take_totals(text)
    _ellipses(text)
    for each in (s for s in SLOTS if s.kind is Kind.CHOICE and s.name in ("precision", "algorithm")):
        _choices(text, each)


def _number(text: Text, clauses: Clauses, keys: Sequence[Keys], i: int, searching: bool) -> None:
    """Find the slot of one number: by the noun before it, else by the one behind it."""
    best: tuple[int, Slot, Match] | None = None
    kind, value = text.tokens[i].kind, text.tokens[i].value
    near = {
        c
        for k in range(max(0, i - 9), min(i + 9, len(text.tokens)))
        for span in text.spans[k]
        for c in span.classes
    }
    for each in SLOTS:
        nouns = {f"slots.{each.name}.{kind}" for kind in ("nouns", "before", "after")}
        if nouns.isdisjoint(near) or not _fits(each, kind, value):
            continue
        link = "slots.around.link|slots.around.least*" if each.name == "threshold" else _LINK
        for led, source in (
            (
                True,
                f"slots.{each.name}.nouns|slots.{each.name}.before {link} @{kind} "
                f"slots.{each.name}.unit? slots.around.each?",
            ),
            (
                False,
                f"slots.around.before|slots.around.least* @{kind} "
                f"slots.around.adjective|^policy* "
                f"slots.{each.name}.nouns|slots.{each.name}.after slots.around.each?",
            ),
        ):
            match = _reaching(text, source, i, sections=nouns if led else None)
            if match is None or not _is_meant(text, each, match, i, led):
                continue
            size = match.end - match.first + 100 * led
            if best is None or size > best[0]:
                best = (size, each, match)
    if best is None:
        return
    size, found, match = best
    if (size > 100 and _is_longer(text, found, match, keys)) or (
        found.name == "patience" and not searching and size > 100
    ):
        return
    if found.name in ("gpus", "nodes") and is_owned(text, clauses, match):
        memory = text.match(
            "'with|'of|'(|'each* @number 'gb|'gib 'memory|'vram|'ram|'of|'each|')*", match.end
        )
        text.ledger.claim("report", [*match.tokens(), *(memory.tokens() if memory else ())])
        return
    tokens = [k for k in match.tokens() if text.ledger.free(k)]
    if found.name == "gpus" and re.search(r"\d", text.tokens[match.end - 1].text):
        memory = text.match("'-? @number 'gb|'gib 'memory|'vram?", match.end)
        tokens += memory.tokens() if memory else []  # "an A100 80GB"
    words = text.ledger.said(match.tokens()).lower()
    if (found.name != "threshold" and _MORE.search(words)) or (
        searching and found.name == "learning_rate" and _BOUND.search(words)
    ):
        text.ledger.claim("unread", tokens)
        return
    said = value / 100 if kind == "percent" else int(value) if found.kind is Kind.COUNT else value
    most = any(text.tokens[k].text in ("up", "most", "max", "maximum") for k in match.tokens())
    claim_value(text, tokens, Value(found.name, said, most=most))


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
        if match is not None and i in match.tokens() and not any(
            text.tokens[k].kind == "number" and k != i for k in match.tokens()
        ):  # fmt: skip
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
    links = [text.tokens[k].text for k in range(match.first + 1, i)]
    if (
        led
        and text.tokens[match.first].text in ("epoch", "node")
        and not {":", "=", "is", "of", "to"} & set(links)
    ):
        return False
    stops = before is not None and any(
        text.ends(k, "slots.search_settings.stop") for k in range(max(0, match.first - 3), match.first)
    )
    if before is not None and before.text in _WHEN and not stops:
        return False
    return not (led and text.match("'and|',|'& @number !slots.around.named", match.end))


_MORE = re.compile(r"(?<!no )(?<!not )\b(?:more|greater|higher|larger) than\b")
"""Words that bound a value from below: none is meant exactly."""
_BOUND = re.compile(r"\b(?:not|no) (?:above|more|larger|higher|bigger|greater)\b|\bat most\b|\bup to\b|\bmax")
"""Words that bound from above what a search varies: the bound is not its value."""
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
            words = [text.tokens[k] for k in match.tokens("n")]
            count = (
                1
                if not words
                else words[0].value
                if words[0].kind == "number"
                else _OTHER.get(words[0].text, 1)
            )
            unit = "" if text.within(match.tokens("unit")[0], "slots.epochs.nouns") else "step"
            claim_value(text, match.tokens(), Value(name, count, unit=unit))

    for match in text.find(f"^place {often} slots.epochs.nouns"):
        if text.ledger.owner[match.first].value.role == "eval_dataset":
            words = [text.tokens[k] for k in match.tokens("n")]
            count = (
                1
                if not words
                else words[0].value
                if words[0].kind == "number"
                else _OTHER.get(words[0].text, 1)
            )
            text.ledger.claim(
                "value",
                [k for k in match.tokens() if text.ledger.free(k)],
                Value("validation_interval", count),
            )


_OTHER = {"other": 2, "second": 2, "third": 3}


def _kept(text: Text) -> None:
    """Read "keep only boxes above 0.4" and "drop detections below 30 %" as the threshold."""
    section, scored = "slots.threshold", "'with|'scoring|'that|'are|'a|'of|'having|slots.threshold.nouns*"
    for source in (
        f"{section}.keep 'only|'just|'those|group.det* {section}.objects? {scored} "
        f"slots.around.least n=@number|@percent",
        f"{section}.drop group.det* {section}.objects {scored} slots.around.below n=@number|@percent",
        f"'only {section}.objects {scored} slots.around.least n=@number|@percent",
    ):
        for match in text.find(source):
            [n] = match.tokens("n")
            value = text.tokens[n].value / (100 if text.tokens[n].kind == "percent" else 1)
            if text.ledger.free(n) and 0 <= value <= 1:
                text.ledger.claim("value", match.tokens(), Value("threshold", value))


def _ellipses(text: Text) -> None:
    """Read a number that stands in for another: "10 epochs, no, make it 20", "5 instead of 8 epochs"."""
    for match in [
        *text.find("^value ',? operator.instead|operator.not group.det? @number"),
        *text.find("operator.not @number ',? 'but &^value"),
    ]:
        kept = next(
            (
                k
                for k in (match.first, match.end)
                if k in text.ledger.owner and text.ledger.owner[k].kind == "value"
            ),
            None,
        )
        if kept is not None and isinstance(text.ledger.owner[kept].value.value, int | float):
            text.ledger.claim("excluded", [k for k in match.tokens() if text.ledger.free(k)])
    for i, token in enumerate(text.tokens):
        if token.kind != "number" or not text.ledger.free(i):
            continue
        values = [c for c in text.ledger.of("value") if isinstance(c.value.value, int | float)]
        after = text.match("'and? operator.instead|operator.not ^value", i + 1)
        if after is not None and (owner := text.ledger.owner[after.end - 1]) in values:
            claim_value(text, [i], replace(owner.value, value=token.value, negated=False))
            continue
        before = [c for c in values if c.last < i and i - c.last < 8]
        enough = text.match("slots.around.enough", i + 1)
        if before:
            last = before[-1]
            between = range(last.last + 1, i)
            fixed = any(text.within(k, "grammar.mode.fix") for k in between) or (
                last.value.negated
                and (
                    enough
                    or any(text.tokens[k].text in ("but", "only", "just", "use", "rather") for k in between)
                )
            )
            if fixed and all(text.tokens[k].kind in ("word", "mark") for k in between):
                claim_value(text, [i], replace(last.value, value=token.value, negated=False))


def _sizes(text: Text) -> None:
    for match in text.find(
        "free.glue* 'size|'resolution|'input|'shape|'image|'dimensions|'at|'with* "
        "slots.around.link* n=@size 'pixels|'px|'resolution|'input|'images?"
    ):
        [i] = match.tokens("n")
        claim_value(
            text, [k for k in match.tokens() if text.ledger.free(k)], Value(SIZE, text.tokens[i].value)
        )


def _choices(text: Text, each: Slot) -> None:
    """Read a choice by its value, with the slot's noun beside it where the value may mean something else."""
    meanings: dict[str, str] = {}
    for section in text.lexicon.classes:
        if section.startswith(f"slots.{each.name}.alias."):
            meanings[section] = section.rpartition(".")[2]
    values = "|".join([f"slots.{each.name}.values", *meanings])
    nouns = f"slots.{each.name}.nouns"
    for match in text.find(f"slots.around.before* before={nouns}? {_LINK} v={values} after={nouns}?"):
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
        claim_value(text, [k for k in match.tokens() if text.ledger.free(k)], Value(each.name, value))
