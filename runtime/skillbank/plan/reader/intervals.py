"""How often something is done, and until when: "validate every 2 epochs", "train until epoch 60"."""

from __future__ import annotations

from typing import Any

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.value import Value, claim_value

__all__ = ["take_intervals"]

_OTHER = {"other": 2, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "tenth": 10}
_NTH = "|".join(f"'{word}" for word in _OTHER)


def take_intervals(text: Text) -> None:
    """Account for intervals of validations and checkpoints, and for the epoch that a training goes on to."""
    _every(text)
    _until(text)


def _every(text: Text) -> None:
    """Read "validate every 2 epochs", "checkpoints after each epoch", "save every 500 steps"."""
    often = f"'after|'once|'at|'per? 'every|'each|'per n=@number|'single|{_NTH}? 'st|'nd|'rd|'th?"
    for name in ("validation_interval", "checkpoint_interval"):
        each = f"slots.{name}.each group.it|group.det|free.noun|free.glue|free.adverb|@name* {often}"
        unit = "unit=slots.epochs.nouns|slots.around.steps"
        for match in text.find(f"{each} {unit}?"):
            if match.tokens("unit") or _is_bare(text, match):
                _claim(text, match, name, match.tokens())
        led = "group.it|group.prep|group.det|places.data.nouns|places.roles.eval_dataset.before|@name*"
        for match in text.find(f"slots.{name}.each {led} place=@place {often} {unit}"):
            [place] = match.tokens("place")  # "validate on X every 2 epochs": its place has a role by itself
            _claim(text, match, name, [k for k in match.tokens() if k > place])


def _is_bare(text: Text, match: Match) -> bool:
    """Whether a number that ends an interval has the unit of others: "100 epochs, validate every 2"."""
    numbered = text.kind(match.end - 1) == "number" and text.has("slots.epochs.nouns")
    return numbered and (text.kind(match.end) in ("", "mark") or text.word(match.end) in ("on", "and"))


def _claim(text: Text, match: Match, name: str, tokens: list[int]) -> None:
    steps = bool(unit := match.tokens("unit")) and not text.within(unit[0], "slots.epochs.nouns")
    claim_value(text, tokens, Value(name, _each(text, match), unit="step" if steps else ""))


def _until(text: Text) -> None:
    """Read "train until epoch 60", and the same behind a place of a training that is resumed."""
    resumed = any(text.within(i, "actions.words.resume") for i in range(len(text.tokens)))
    for match in text.find("'until|'till|'to|'up+ 'epoch @number") if not text.ledger.of("job") else ():
        closed = text.kind(match.end) in ("", "mark")
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
