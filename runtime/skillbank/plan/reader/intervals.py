"""How often and how long: "validate every 2 epochs", "train until epoch 60", "1 hour per trial"."""

from __future__ import annotations

from typing import Any

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.value import UNITS, Value, claim_value, duration

__all__ = ["take_durations", "take_intervals"]

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
    """Whether a number that ends an interval has the unit of others: "100 epochs, validate every 2".

    One above all epochs that are said ("100 epochs, save every 500"), or beside a number of steps, may be of
    these.
    """
    epochs = list(text.find("n=@number slots.epochs.nouns"))
    if text.kind(match.end - 1) != "number" or not epochs or text.has("slots.around.steps"):
        return False
    most = max(text.tokens[k].value for m in epochs for k in m.tokens("n"))
    goes_on = text.word(match.end) in ("on", "and") and text.kind(match.end + 1) != "number"
    ends = text.kind(match.end) in ("", "mark") or goes_on
    return ends and text.tokens[match.end - 1].value <= most


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


_LINK = "slots.around.link*"

_MOST = (
    "'for|'within|'at|'most|'max|'maximum|'up|'to|'no|'more|'than|'not|'longer|'limit"
    "|'limited|'should|'must|'may|'take|'takes|'last|'finish|'only|'about|'around"
)
_BOUND = "'limit|'cap|'restrict|'keep|'bound|'hold|'end|'stop|'finish|'let|'give"
_GIVEN = "'to|'at|'after|'within|'under|'below|'for|'gets|'get|'has|'may|'can|'take|'takes|'run|'most|'max|'="


def take_durations(text: Text, name: str, searching: bool) -> None:
    """Read times of a search: "time budget 8h", "90 minutes per trial"."""
    sources = [
        f"slots.{name}.nouns {_LINK} slots.around.before|slots.around.limit* n=@number unit={{unit}}",
        f"slots.around.before|slots.around.limit* n=@number unit={{unit}} slots.around.adjective* 'of|'as? "
        f"group.det* slots.{name}.nouns",
    ]
    if name == "trial_timeout":
        sources.append(
            "'no|'each|'every|'a|'any|'single? 'trial|'trials "
            "'gets|'get|'has|'have|'longer|'over|'may|'should|'must|'can|'take|'run|'takes|'last|'not|'more|'exceed"
            "|'than|'at|'most|'no|'beyond|'for|'up|'to|'only+ n=@number unit={unit}"
        )
        # The number of trials is not taken yet, or already.
        lead = "lead='trials|^value ',|'(? 'of|'each|'every+"
        sources.append(f"{lead} slots.around.cap|'up|'to|'max* n=@number unit={{unit}}")
        sources.append(
            "',|'(|'and|'of|'with slots.around.cap|'up|'to|'max* n=@number unit={unit} 'for? 'each"
        )
    if name == "time_budget" and searching:
        sources.append(
            f"'the|'whole|'entire|'total|'overall|'thing|'search|'it|'all|'everything* {_MOST}+ "
            f"n=@number unit={{unit}} 'in|'total|'overall|'altogether|'all|'at|'most*"
        )
    if name == "time_budget":
        search = "policy.search.weak|policy.search.nouns|policy.search.doings"
        sources.append(f"{_BOUND}* 'the|'whole|'entire|'total* {search} {_GIVEN}+ n=@number unit={{unit}}")
        sources.append(f"'the|'whole|'entire+ {search} n=@number unit={{unit}}")
        sources.append(f"n=@number unit={{unit}} 'at|'most|'max|'maximum* 'for 'the|'whole|'entire* {search}")
    if name == "time_budget" and searching:
        sources.append("',|'(|'with|'for? n=@number unit={unit} &slots.around.cap")  # "4 hours max"
        sources.append("'have|'got 'only|'just* n=@number unit={unit} 'left|'time|'only* !'of|~word")
        sources.append("',|'(|'and slots.around.cap n=@number unit={unit}")  # ", at most 10 hours"
        both = "lead=@number lead=slots.trials.nouns ',|'and|'or|slots.around.cap+"
        sources.append(f"{both} n=@number unit={{unit}} !'each|'per|'apiece")  # "12 trials and 24 hours"
    for source in sources:
        for unit in UNITS:
            for match in text.find(f"{source.format(unit=f'slots.units.{unit}')} slots.around.cap?"):
                other = name == "time_budget" and _is_of_another(text, match.end)
                if text.ledger.free(match.tokens("n")[0]) and not other:
                    said = Value(name, duration(text.said(match), unit))
                    own = (i for i in match.tokens() if i not in match.tokens("lead"))
                    claim_value(text, text.unclaimed(own), said)


def _is_of_another(text: Text, end: int) -> bool:
    """Whether a time goes on with what it is for, and no search: "2 hours for the evaluation"."""
    match = text.match("'for group.det*", end)
    return match is not None and any(
        text.within(match.end, f"actions.{name}.nouns") for name in ("evaluate", "export", "inference")
    )
