"""What a request says about hyperparameter search: each mention is judged by the words around it."""

from __future__ import annotations

from skillbank.errors import ConflictError
from skillbank.plan.reader.corrections import runs
from skillbank.plan.reader.exclusions import excluding
from skillbank.plan.reader.judging import REACH, Said, judge, operator_before
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrase, phrases
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import led_by

__all__ = ["UNCERTAIN", "Said", "held", "take_policy"]

_BESIDE = frozenset([",", "-", ".", ";", ":", "(", ")", "and", "or", "\n", "just", "", "a"])
UNCERTAIN = frozenset(["random", "grid", "hybrid", "bayes", "llm"])
"""Names of algorithms that mean other things where nothing of a search stands beside them."""
_SPOKEN = ("policy.search.nouns", "policy.search.weak", "policy.search.things")


def take_policy(text: Text) -> None:
    """Account for what is said about the policy.

    A negated "off" ("don't turn off AutoML") demands nothing: it is ``auto``. Words after a correction hold.
    """
    for match in text.phrases("mentions.verb"):
        judge(text, match, verb=True)
    # From left to right: "no AutoML or HPO" is said of both.
    for match in sorted(text.phrases("mentions.noun"), key=lambda m: (m.first, -m.end)):
        if all(map(text.ledger.free, match.tokens())) and _is_mention(text, match):
            judge(text, match, verb=False)
    if text.has("slots.trials.nouns", "slots.algorithm.values"):
        for match in text.phrases("mentions.model"):
            judge(text, match, verb=True)
    _methods(text)
    _plain(text)
    for match in text.phrases("mentions.both"):  # both have it anyway
        text.ledger.claim("context", match.tokens("w"))
    _turned(text)
    for match in text.phrases("mentions.without_it"):
        if text.holds(range(match.first), *_SPOKEN):
            _says(text, "off", match.tokens())
    _reversed(text)
    _corrected(text)


def held(text: Text) -> Said | None:
    """Return what holds of all that is said about the policy.

    Raises
    ------
    ConflictError
        When the text asks for a search and for none.
    """
    said = [c.value for c in text.ledger.of("policy")]
    demands = {each.value: each for each in said if each.value != "auto"}
    if len(demands) > 1:
        raise ConflictError(
            f"The request asks for a hyperparameter search ('{demands['on'].words}') and for none "
            f"('{demands['off'].words}'); keep one of them."
        )
    holds = next(iter(demands.values()), said[-1] if said else None)
    if holds is not None and holds.value == "off":
        _echoes(text)
    return holds


def _says(text: Text, value: str, tokens: list[int]) -> None:
    text.ledger.claim("policy", tokens, Said(value, text.ledger.said(tokens)))


def _corrected(text: Text) -> None:
    """Take back what is said of the policy before a correction of it."""
    said = text.ledger.of("policy")
    fixes = list(runs(text))
    after = [c for c in said if fixes and c.first > fixes[-1].start]
    if after and len(after) < len(said):
        text.ledger.claim("excluded", fixes[-1])
        for claim in said:
            if claim not in after:
                text.ledger.replace(claim, "excluded")


def _reversed(text: Text) -> None:
    """Read "AutoML off, hmm, on": a state alone behind a correction is that of what stands before it."""
    for run in list(runs(text)):
        before = text.ledger.owner.get(run.start - 1)
        if before is None or before.kind != "policy":
            continue
        for value in ("on", "off"):
            if (match := text.match(phrase(f"mentions.state_{value}"), run.stop)) is not None:
                text.ledger.replace(before, "excluded")
                text.ledger.claim("excluded", run)
                _says(text, value, match.tokens())
        polite = range(run.stop, min(run.stop + 2, len(text.tokens)))
        if text.words(polite) == ["do", "it"] and text.owners(polite) == {"courtesy"}:
            text.ledger.mark("unread", polite)  # "no HPO, actually do it": it may be meant


def _turned(text: Text) -> None:
    """Read "AutoML is on by default. Turn it off": what is said of "it" counts."""
    for value in ("off", "on"):
        for match in text.phrases(f"mentions.turned_{value}"):
            before = [c for c in text.ledger.of("policy") if c.last < match.first]
            if before:
                told = text.ledger.replace(before[-1], "context")
                rest = range(told.last + 1, min(text.sentence(told.last).stop, match.first))
                words = [k for k in rest if text.kind(k) == "word"]
                text.ledger.claim("context", words or [told.first])
                _says(text, value, match.tokens())


def _methods(text: Text) -> None:
    """Read "hyperband", "grid search": an algorithm asks for a search, or with a negation for none."""
    asked = any(c.value.value == "on" for c in text.ledger.of("policy"))
    excluded = excluding(text).values()
    for i in (i for i in range(len(text.tokens)) if i not in excluded):
        for span in text.spans[i]:
            alias = any(c.startswith("slots.algorithm.alias.") for c in span.classes)
            name = "slots.algorithm.values" in span.classes and text.word(i) not in UNCERTAIN
            method = alias or name or "policy.search.others" in span.classes
            if method and all(map(text.ledger.free, range(i, span.end))):
                made = judge(text, Match(i, span.end), verb=False)
                if made.value.value != "off" or asked:  # the algorithm itself is a value
                    text.ledger.withdraw(made)
                if made.value.value != "off":
                    text.ledger.claims.append(Claim("policy", (i,), made.value))
                break


def _plain(text: Text) -> None:
    """Read "just once", "a plain training", "train once": no search."""
    for match in text.phrases("mentions.none"):
        if not any(text.match(source, match.end) for source in phrases("mentions.looking")):
            _says(text, "off", match.tokens("w"))
    searched = any(c.value.value == "on" for c in text.ledger.of("policy"))
    for match in text.phrases("mentions.once"):
        here = text.sentence(match.first)
        runs_here = len(here) == 1 or text.has_kind(here, "name") or text.holds(here, *_TRAINING)
        if text.word(match.first - 1) == "at" or not runs_here:
            continue  # "2 trials at once", "it sees cans and, once, a bicycle"
        if searched:
            text.ledger.claim("context", match.tokens())
        else:
            _says(text, "off", match.tokens())


_TRAINING = ("actions.train.base", "actions.train.nouns", "actions.train.past", "policy.search.nouns")


def _echoes(text: Text) -> None:
    """Account for what says "no search" again: "nothing of that kind", "plain"."""
    for match in text.phrases("mentions.again"):
        around = [text.word(k) for k in (match.first - 1, match.end)]
        if all(w in _BESIDE or (k and not w.isalpha()) for k, w in enumerate(around)):
            text.ledger.claim("context", match.tokens())


def _is_mention(text: Text, match: Match) -> bool:
    """Whether words that can mean other things mean a search here."""
    if _is_stopped(text, match) or _is_unsure(text, match) or _is_schedule(text, match):
        return False
    if not text.within(match.first, "policy.search.weak") or text.within(match.first, *_SURE):
        return True
    before = text.word(match.first - 1)
    if _is_over_model(text, match):
        return True
    if any(text.match(source, match.end) for source in phrases("mentions.stated")):
        return True
    if before in _STARTING and text.match(phrase("mentions.of_model"), match.end):
        return True
    loose = text.word(match.end - 1) not in ("sweep", "sweeps") and before not in _DENYING
    if loose and text.match(phrase("mentions.of_other"), match.end):
        return False
    if before in _DENYING | _STARTING | _LEADING:
        return True
    return operator_before(text, max(0, match.first - REACH), match.first)[0] == "off"


def _is_over_model(text: Text, match: Match) -> bool:
    """Whether a search is of a model's settings: "search over NAME"; "random search" is an algorithm."""
    random = text.within(match.first - 1, "slots.algorithm.values")
    said = text.word(match.first) == "search" and not random
    return said and text.match(phrase("mentions.over_model"), match.end) is not None


_SURE = ("policy.search.things", "policy.search.nouns")
_DENYING = frozenset({"no", "any", "without", "skip"})
_STARTING = frozenset({"run", "start", "launch", "do", "perform", "running", "starting", "doing", "up"})
_LEADING = frozenset({"a", "the", "this", "that", "with", "kein", "keine", "not"})


def _is_stopped(text: Text, match: Match) -> bool:
    """Whether a search is spoken of that is to end: "stop the search after 8 hours"."""
    before = range(max(0, match.first - 4), match.first)
    stops = text.holds(before, "slots.search_settings.stop")
    return stops and text.match(phrase("mentions.stopped"), match.end) is not None


def _is_schedule(text: Text, match: Match) -> bool:
    """Whether words mean how the learning rate goes on: "cosine learning rate policy"."""
    return text.word(match.end - 1) == "policy" and text.within(match.first, "slots.learning_rate.nouns")


def _is_unsure(text: Text, match: Match) -> bool:
    """Whether a mention has a condition, leaves the choice, or tells of what was done."""
    bare = text.unread()
    if any(bare.match(source, match.end) for source in phrases("mentions.conditional")):
        return True
    return any(led_by(text, match.first, source, 6) for source in phrases("mentions.unsure"))
