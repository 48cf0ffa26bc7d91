"""Numbers, choices and sizes that belong to a slot: each by the noun that stands with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.slots import SLOTS, Kind, Slot, slot

__all__ = ["SIZE", "Value", "take_values"]

SIZE = "size"
"""The slot-like name of a width and height."""
_NUMBERS = (Kind.NUMBER, Kind.COUNT, Kind.DURATION)
_LINK = "slots.around.link*"
_UNITS = ("seconds", "minutes", "hours", "days")
_SHORT = {"seconds": "s", "minutes": "m", "hours": "h", "days": "d"}
_NOT = "operator.not"


@dataclass(frozen=True, slots=True)
class Value:
    """A value as it was said.

    Attributes
    ----------
    slot
        Name of a slot, `SIZE`, or empty for a spec key.
    key
        The spec key or shorthand, where one was written.
    negated
        Whether it was said not to be so.
    """

    slot: str
    value: Any
    key: str = ""
    negated: bool = False
    total: bool = False
    """Whether a number of GPUs is that of all nodes together."""


def take_values(text: Text, *, searching: bool) -> None:
    """Account for the values of slots.

    Parameters
    ----------
    searching
        Whether the text speaks of a search: a time without a noun is then the search's.
    """
    _every(text)
    _sizes(text)
    _gpu_ids(text)
    _no_gpus(text)
    for each in (s for s in SLOTS if s.name in ("gpu_hours", "trial_timeout", "time_budget")):
        _durations(text, each, searching)
    _search_settings(text)
    for i, token in enumerate(text.tokens):
        if token.kind == "number" and text.ledger.free(i):
            _number(text, i)
    for each in (s for s in SLOTS if s.kind is Kind.CHOICE and s.name in ("precision", "algorithm")):
        _choices(text, each)


def _claim(text: Text, tokens: list[int], value: Value) -> None:
    """Claim a value, with a negation that stands right before it."""
    first = min(tokens)
    for start in range(max(0, first - 5), first):
        match = text.match(f"{_NOT} group.det|slots.around.before|free.light|free.glue*", start, first)
        if match is not None and match.end == first:
            tokens = [*match.tokens(), *tokens]
            value = Value(value.slot, value.value, value.key, True, value.total)
            break
    text.ledger.claim("value", tokens, value)


def _number(text: Text, i: int) -> None:
    """Find the slot of one number: by the noun before it, else by the one behind it."""
    best: tuple[int, Slot, Match] | None = None
    value = text.tokens[i].value
    for each in SLOTS:
        if each.kind not in _NUMBERS or each.kind is Kind.DURATION:
            continue
        if each.kind is Kind.COUNT and not isinstance(value, int):
            if not float(value).is_integer():
                continue
        for source in (
            f"slots.{each.name}.nouns|slots.{each.name}.before {_LINK} @number slots.{each.name}.unit?",
            f"slots.around.before* @number slots.around.adjective* slots.{each.name}.nouns|slots.{each.name}.after",
        ):
            match = _reaching(text, source, i)
            if match is not None:
                led = source.startswith("slots.a") is False
                size = (match.end - match.first) if not led else 100 + match.end - match.first
                if led and not _is_bound(text, match, i):
                    continue
                if best is None or size > best[0]:
                    best = (size, each, match)
    if best is None:
        return
    _, found, match = best
    tokens = [k for k in match.tokens() if text.ledger.free(k)]
    total = found.name == "gpus" and text.match("slots.gpus.nouns|free.glue* 'over|'across|'on|'in|'spread|'split|'total+ free.glue* @number slots.nodes.nouns", match.end - 1) is not None
    _claim(text, tokens, Value(found.name, int(value) if found.kind is Kind.COUNT else value, total=total))


def _reaching(text: Text, source: str, i: int) -> Match | None:
    """Return the longest match of a pattern whose number is this token."""
    for start in range(max(0, i - 7), i + 1):
        match = text.match(source, start)
        if match is not None and i in match.tokens() and not any(
            text.tokens[k].kind == "number" and k != i for k in match.tokens()
        ):  # fmt: skip
            return match
    return None


def _is_bound(text: Text, match: Match, i: int) -> bool:
    """Whether the noun before a number is this number's: in "10 epochs 4 gpus" it is that of the one before."""
    return match.first == 0 or text.tokens[match.first - 1].kind != "number" or not text.ledger.free(match.first)


def _every(text: Text) -> None:
    """Read "validate every 2 epochs", "checkpoints each epoch"."""
    for name in ("validation_interval", "checkpoint_interval"):
        for match in text.find(f"slots.{name}.each group.it|group.det|free.noun|free.glue|free.adverb|@name* 'every|'each|'after|'once|'per n=@number|'single|'other|'second|'third? slots.epochs.nouns"):
            words = [text.tokens[k] for k in match.tokens("n")]
            count = 1 if not words else words[0].value if words[0].kind == "number" else {"other": 2, "second": 2, "third": 3}.get(words[0].text, 1)
            if any(text.tokens[k].text in ("every", "each", "per", "once") for k in match.tokens()):
                _claim(text, match.tokens(), Value(name, count))


def _sizes(text: Text) -> None:
    for match in text.find("free.glue* 'size|'resolution|'input|'shape|'image|'dimensions|'at|'with* slots.around.link* n=@size 'pixels|'px|'resolution|'input|'images?"):
        [i] = match.tokens("n")
        _claim(text, [k for k in match.tokens() if text.ledger.free(k)], Value(SIZE, text.tokens[i].value))


def _gpu_ids(text: Text) -> None:
    for match in text.find("slots.around.before* noun=slots.gpu_ids.before ':|'=|'number|'numbers|'ids|'id* n=@number|@range more=',|'and|'&|@number* 'only?"):
        noun = " ".join(text.tokens[k].text for k in match.tokens("noun"))
        numbers = [text.tokens[k].value for k in match.tokens() if text.tokens[k].kind == "number"]
        ranged = [text.tokens[k].value for k in match.tokens("n") if text.tokens[k].kind == "range"]
        end = match.end
        while text.tokens[end - 1].kind not in ("number", "range") and text.tokens[end - 1].text != "only":
            end -= 1
        if end < len(text.tokens) and any(text.within(end, f"slots.{s.name}.nouns") for s in SLOTS if s.name != "gpus") and len(numbers) > 1:
            continue
        plural = noun in ("gpus", "cards", "devices")
        linked = any(text.tokens[k].text in (":", "=") for k in match.tokens())
        if len(numbers) == 1 and not ranged and (plural or linked) and "id" not in noun:
            continue  # a count
        for low, high in ranged:
            numbers += list(range(int(low), int(high) + 1)) if high >= low else []
        if numbers and all(isinstance(n, int) for n in numbers):
            _claim(text, [k for k in range(match.first, end) if text.ledger.free(k)], Value("gpu_ids", sorted(set(numbers))))


def _no_gpus(text: Text) -> None:
    for match in text.find("slots.gpus.none 'only?"):
        _claim(text, match.tokens(), Value("gpus", 0))


def _search_settings(text: Text) -> None:
    """Read further numbers of a search, and when it is to stop: "population 8", "stop when 6 trials bring nothing"."""
    section = "slots.search_settings"
    stop = f"{section}.stop 'the|'search|'it|'hpo|'automl* 'when|'after|'once|'if|'as|'soon* 'the|'a|'its? "
    for match in text.find(f"{stop}slots.around.before* n=@number slots.patience.after"):
        _claim(text, match.tokens(), Value("patience", text.tokens[match.tokens("n")[0]].value))
    for match in text.find(f"{stop}{section}.reached 'gets|'is|'reaches|'to|'at|'has|'hits|'above|'over|'least|'of|'exceeds|'reached* n=@number"):
        _claim(text, match.tokens(), Value("", text.tokens[match.tokens("n")[0]].value, key="automl.target"))
    for unit in _UNITS:
        for match in text.find(f"{stop}slots.around.before* n=@number slots.units.{unit}"):
            if not any(text.within(i, f"actions.{a}.nouns") for i in range(max(0, match.first - 3), match.end) for a in ("train",)):
                amount = text.tokens[match.tokens("n")[0]].value
                _claim(text, match.tokens(), Value("time_budget", f"{amount:g}{_SHORT[unit]}"))
    for name in [s.rpartition(".")[2] for s in text.lexicon.classes if s.startswith(f"{section}.words.")]:
        for source in (f"{section}.words.{name} {_LINK} n=@number slots.epochs.unit?", f"slots.around.before* n=@number {section}.words.{name}"):
            for match in text.find(source):
                if text.ledger.free(match.tokens("n")[0]):
                    _claim(text, match.tokens(), Value("", text.tokens[match.tokens("n")[0]].value, key=f"automl.{name}"))


def _durations(text: Text, each: Slot, searching: bool) -> None:
    """Read times of a search: "time budget 8h", "90 minutes per trial", "at most 40 GPU hours"."""
    name = each.name
    if name == "gpu_hours":
        for match in text.find(f"slots.around.before* n=@number slots.{name}.nouns"):
            _claim(text, match.tokens(), Value(name, text.tokens[match.tokens("n")[0]].value))
        for match in text.find(f"slots.{name}.nouns {_LINK} n=@number"):
            _claim(text, match.tokens(), Value(name, text.tokens[match.tokens("n")[0]].value))
        return
    sources = [
        f"slots.{name}.nouns {_LINK} slots.around.before* n=@number unit={{unit}}",
        f"slots.around.before* n=@number unit={{unit}} slots.around.adjective* 'of|'as? group.det* slots.{name}.nouns",
    ]
    if name == "time_budget" and searching:
        sources += ["^policy 'for|'with|'within|'in|'at|'most|'about|'up|'to|'of|'limited|'capped|'max|'budget* n=@number unit={unit}",
                    "'within|'for|'max|'maximum|'at 'most? n=@number unit={unit} ^policy"]  # fmt: skip
    for source in sources:
        for unit in _UNITS:
            for match in text.find(source.format(unit=f"slots.units.{unit}")):
                [i] = match.tokens("n")
                if text.ledger.free(i):
                    amount = text.tokens[i].value
                    tokens = [k for k in match.tokens() if text.ledger.free(k)]
                    _claim(text, tokens, Value(name, f"{amount:g}{_SHORT[unit]}"))


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
        value = next((m for section, m in meanings.items() if said[-1] + 1 in text.ends(said[0], section)), word)
        beside = match.tokens("before") or match.tokens("after")
        if each.name == "algorithm" and word in ("random", "grid", "hybrid", "bayes") and not beside:
            continue
        if value == "?" or value not in each.choices:
            continue
        _claim(text, [k for k in match.tokens() if text.ledger.free(k)], Value(each.name, value))


def slot_names() -> set[str]:
    """Return the names of the slots that have a value in words."""
    return {slot(s.name).name for s in SLOTS}
