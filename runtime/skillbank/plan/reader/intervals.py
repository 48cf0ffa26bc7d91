"""How often and how long: "validate every 2 epochs", "train until epoch 60", "1 hour per trial"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase
from skillbank.plan.reader.value import Value, claim_value, duration

__all__ = ["take_durations", "take_intervals"]

_INTERVALS = ("validation_interval", "checkpoint_interval")


def take_intervals(text: Text) -> None:
    """Account for intervals of validations and checkpoints, and for the epoch that a training goes on to."""
    for match in text.phrases("intervals.every"):
        if match.tokens("unit") or _is_bare(text, match):
            _claim(text, match, match.tokens())
    for match in text.phrases("intervals.behind_place"):
        [place] = match.tokens("place")
        _claim(text, match, [k for k in match.tokens() if k > place])
    _until(text)


def _is_bare(text: Text, match: Match) -> bool:
    """Whether a number that ends an interval has the unit of others: "100 epochs, validate every 2".

    One above all epochs that are said ("100 epochs, save every 500"), or beside a number of steps, may be of
    these.
    """
    epochs = [text.said(each) for each in text.unread().phrases("intervals.epochs")]
    if text.kind(match.end - 1) != "number" or not epochs or text.has("slots.around.steps"):
        return False
    goes_on = text.word(match.end) in ("on", "and") and text.kind(match.end + 1) != "number"
    ends = text.kind(match.end) in ("", "mark") or goes_on
    return ends and bool(text.said(match) <= max(epochs))


def _claim(text: Text, match: Match, tokens: list[int]) -> None:
    """Account for an interval: of "every 2 epochs", "every other epoch", "each epoch"."""
    what = match.tokens("what")[0]
    name = next(name for name in _INTERVALS if text.within(what, f"slots.{name}.each"))
    steps = any(not text.within(k, "slots.epochs.nouns") for k in match.tokens("unit")[:1])
    if text.has_kind(match.tokens("n"), "number"):
        every = text.said(match)
    else:
        every = int(text.meaning(match, "n", "slots.around.nth") or 1)
    claim_value(text, tokens, Value(name, every, unit="step" if steps else ""))


def _until(text: Text) -> None:
    """Read "train until epoch 60", and the same behind a place of a training that is resumed."""
    resumed = text.has("actions.words.resume")
    for match in text.phrases("intervals.until") if not text.ledger.of("job") else ():
        closed = text.kind(match.end) in ("", "mark")
        trained = text.within(match.first - 1, "actions.train.base", "actions.train.nouns")
        opened = resumed and text.tokens[match.first - 1].kind in ("mark", "place", "name")
        if closed and match.first and (opened or trained):
            claim_value(text, match.tokens(), Value("epochs", text.tokens[match.end - 1].value))


def take_durations(text: Text, *, searching: bool) -> None:
    """Read times of a search: "time budget 8h", "90 minutes per trial"."""
    _take_durations(text, "trial_timeout", "trial_timeout")
    _take_durations(text, "time_budget", "time_budget")
    if searching:
        _take_durations(text, "time_budget", "searching")


def _take_durations(text: Text, name: str, group: str) -> None:
    for match in text.phrases(f"durations.{group}"):
        cap = text.match("slots.around.cap", match.end)
        end = cap.end if cap is not None else match.end
        another = name == "time_budget" and text.match(phrase("durations.of_another"), end) is not None
        if text.ledger.free(match.tokens("n")[0]) and not another:
            own = (i for i in range(match.first, end) if i not in match.tokens("lead"))
            claim_value(text, text.unclaimed(own), Value(name, time_said(text, match)))


def time_said(text: Text, match: Match) -> str:
    """Return the time that a match of ``{time}`` says, as settings write it."""
    return duration(text.said(match), text.meaning(match, "unit", "slots.units"))
