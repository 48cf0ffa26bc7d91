"""Times of a search: its own, and that of one trial."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.value import UNITS, Value, claim_value, duration

__all__ = ["take_durations"]

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
