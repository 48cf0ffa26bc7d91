"""What a request says about hyperparameter search: each mention is judged by the words around it."""

from __future__ import annotations

from skillbank.errors import ConflictError
from skillbank.plan.reader.corrections import runs
from skillbank.plan.reader.exclusions import excluding
from skillbank.plan.reader.judging import REACH, Said, judge, operator_before
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.tokens import Claim

__all__ = ["UNCERTAIN", "Said", "held", "take_policy"]

_AFTER_ONCE = word_list("policy.after_once")
_BESIDE = frozenset([",", "-", ".", ";", ":", "(", ")", "and", "or", "\n", "just", "", "a"])
UNCERTAIN = frozenset(["random", "grid", "hybrid", "bayes", "llm"])
"""Names of algorithms that mean other things where nothing of a search stands beside them."""


def take_policy(text: Text) -> None:
    """Account for what is said about the policy.

    A negated "off" ("don't turn off AutoML") demands nothing: it is ``auto``. Words after a correction hold.
    """
    for match in text.find("policy.search.verbs group.det* ^name? free.adjective? policy.search.goals"):
        judge(text, match, verb=True)
    for match in text.find(
        f"{_SEARCH}.nouns 'find|'choose|'pick|'determine|'set group.det|free.adjective* "
        "'settings|'values|'parameters"
    ):
        judge(text, match, verb=True)
    for match in text.find(
        f"{_SEARCH}.goals {_SEARCH}.noun? 'of|'for|@name|group.det* "
        f"free.light|free.adverb|'to|'be|'been|'being|'are|'is|'get|'not|'should|'must* {_SEARCH}.done"
    ):
        judge(text, match, verb=True)
    mentions = sorted((m for source in _MENTIONS for m in text.find(source)), key=lambda m: (m.first, -m.end))
    for match in mentions:  # from left to right: "no AutoML or HPO" is said of both
        if all(map(text.ledger.free, match.tokens())) and _is_mention(text, match):
            judge(text, match, verb=False)
    if text.has("slots.trials.nouns", "slots.algorithm.values"):
        for match in text.find("'tune|'tuning group.det* &@name|^name"):
            judge(text, match, verb=True)  # "tune X, 12 trials": it may be a training by hand elsewhere
    _methods(text)
    _plain(text)
    for match in text.find("^policy 'for 'either|'neither 'of? 'them|'the?"):  # both have it anyway
        text.ledger.claim("context", range(match.first + 1, match.end))
    _turned(text)
    _turned_down(text)
    _reversed(text)
    _corrected(text)


def held(text: Text) -> Said | None:
    """Return what holds of all that is said about the policy.

    Raises
    ------
    ConflictError
        When the text asks for a search and for none.
    """
    said = text.ledger.of("policy")
    demands = {c.value.value: c.value for c in said if c.value.value != "auto"}
    if len(demands) > 1:
        raise ConflictError(
            f"The request asks for a hyperparameter search ('{demands['on'].words}') and for none "
            f"('{demands['off'].words}'); keep one of them."
        )
    values = [c.value for c in said]
    holds = next(iter(demands.values()), values[-1] if values else None)
    if holds is not None and holds.value == "off":
        _echoes(text)
    return holds


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


_STATES = {
    "on": "'on|'yes|'with|'do 'it|'then|'please*",
    "off": "'off|'no|'without 'it|'then|'please*",
}


def _reversed(text: Text) -> None:
    """Read "AutoML off, hmm, on": a state alone behind a correction is that of what stands before it."""
    for run in list(runs(text)):
        before = text.ledger.owner.get(run.start - 1)
        if before is None or before.kind != "policy":
            continue
        for value, source in _STATES.items():
            match = text.match(source, run.stop)
            if match is not None and text.kind(match.end) in ("", "mark"):
                text.ledger.replace(before, "excluded")
                text.ledger.claim("excluded", run)
                text.ledger.claim("policy", match.tokens(), Said(value, text.ledger.said(match.tokens())))
        polite = range(run.stop, min(run.stop + 2, len(text.tokens)))
        if text.words(polite) == ["do", "it"] and text.owners(polite) == {"courtesy"}:
            text.ledger.mark("unread", polite)  # "no HPO, actually do it": it may be meant


def _turned(text: Text) -> None:
    """Read "AutoML is on by default. Turn it off": what is said of "it" counts."""
    for value in ("off", "on"):
        for match in text.find(f"'turn|'switch|'turning|'switching|'keep|'leave 'it|'that|'this '{value}"):
            before = [c for c in text.ledger.of("policy") if c.last < match.first]
            if before:
                told = text.ledger.replace(before[-1], "context")
                rest = range(told.last + 1, match.first)
                end = next((k for k in rest if text.tokens[k].text in (".", "!", "?", ";")), match.first)
                words = [k for k in range(told.last + 1, end) if text.tokens[k].kind == "word"]
                text.ledger.claim("context", words or [told.first])
                text.ledger.claim("policy", match.tokens(), Said(value, text.ledger.said(match.tokens())))


def _turned_down(text: Text) -> None:
    """Read "HPO took three days, so train without it"."""
    for match in text.find("'without|'w/o 'it|'one|'that|'any|'them"):
        ends = text.kind(match.end) in ("", "mark")
        if ends and _speaks_of_search(text, match.first):
            _says_off(text, match.tokens())


def _speaks_of_search(text: Text, end: int) -> bool:
    """Whether a search is spoken of before a token, whoever has accounted for it."""
    return text.holds(range(end), f"{_SEARCH}.nouns", f"{_SEARCH}.weak", f"{_SEARCH}.things")


_SEARCH = "policy.search"
_MENTIONS = (
    f"{_SEARCH}.things {_SEARCH}.doings {_SEARCH}.noun*",
    f"{_SEARCH}.doings 'of|'over|'for|'on {_SEARCH}.hyper",
    f"{_SEARCH}.nouns {_SEARCH}.noun*",
    f"{_SEARCH}.weak {_SEARCH}.noun*",
)


def _methods(text: Text) -> None:
    """Read "hyperband", "grid search": an algorithm asks for a search, or with a negation for none."""
    asked = any(c.value.value == "on" for c in text.ledger.of("policy"))
    excluded = excluding(text).values()
    for i in (i for i in range(len(text.tokens)) if i not in excluded):
        for span in text.spans[i]:
            alias = any(c.startswith("slots.algorithm.alias.") for c in span.classes)
            name = "slots.algorithm.values" in span.classes and text.tokens[i].text not in UNCERTAIN
            tokens = range(i, span.end)
            if (alias or name or f"{_SEARCH}.others" in span.classes) and all(map(text.ledger.free, tokens)):
                made = judge(text, Match(i, span.end), verb=False)
                if made.value.value != "off" or asked:  # the algorithm itself is a value
                    text.ledger.withdraw(made)
                if made.value.value != "off":
                    text.ledger.claims.append(Claim("policy", (i,), made.value))
                break


def _plain(text: Text) -> None:
    """Read "just once", "a plain training", "train once": no search."""
    for match in text.find(f"{_SEARCH}.once"):
        _says_off(text, match.tokens())
    for match in text.find("operator.not 'tune|'optimize|'optimise|'tuning|'sweep 'anything?"):
        if text.kind(match.end) in ("", "mark"):  # "don't tune", but not "don't tune the head"
            _says_off(text, match.tokens())
    for match in text.find(f"group.det? plain={_SEARCH}.plain+ @name? &{_SEARCH}.runs"):
        _says_off(text, match.tokens("plain"))
    for match in text.find(f"group.det? plain={_SEARCH}.plain+ &@number"):
        if text.match(f"@number slots.epochs.nouns @name? {_SEARCH}.runs", match.end):
            _says_off(text, match.tokens("plain"))
    searched = any(c.value.value == "on" for c in text.ledger.of("policy"))
    for match in text.find("'once"):
        if text.tokens[match.first - 1].text == "at":
            continue  # "2 trials at once"
        ends = text.kind(match.end) in ("", "mark", "place")
        if ends or text.tokens[match.end].text in _AFTER_ONCE:
            text.ledger.claim("context", match.tokens()) if searched else _says_off(text, match.tokens())


def _says_off(text: Text, tokens: list[int]) -> None:
    text.ledger.claim("policy", tokens, Said("off", text.ledger.said(tokens)))


def _echoes(text: Text) -> None:
    """Account for what says "no search" again: "nothing of that kind", "plain"."""
    for match in text.find(f"{_SEARCH}.echo"):
        around = [text.word(k) for k in (match.first - 1, match.end)]
        if all(w in _BESIDE or (k and not w.isalpha()) for k, w in enumerate(around)):
            text.ledger.claim("context", match.tokens())


def _is_mention(text: Text, match: Match) -> bool:
    """Whether words that can mean other things mean a search here."""
    if _is_stopped(text, match) or _is_unsure(text, match) or _is_schedule(text, match):
        return False
    if not text.within(match.first, f"{_SEARCH}.weak") or text.within(
        match.first, f"{_SEARCH}.things", f"{_SEARCH}.nouns"
    ):
        return True
    before = text.word(match.first - 1)
    denied = before in ("no", "any", "without", "skip")
    if text.match(_STATED, match.end) or text.match(_COUNTED, match.end):
        return True
    if before in _STARTING and text.match(_OF_A_MODEL, match.end):
        return True
    loose = text.tokens[match.end - 1].text not in ("sweep", "sweeps")
    if loose and not denied and text.match("'for|'in|'on|'of|'through|@place", match.end):
        return False
    if denied or before in _STARTING | {"a", "the", "this", "that", "with", "kein", "keine", "not"}:
        return True
    return operator_before(text, max(0, match.first - REACH), match.first)[0] == "off"


def _is_stopped(text: Text, match: Match) -> bool:
    """Whether a search is spoken of that is to end: "stop the search after 8 hours"."""
    before = range(max(0, match.first - 4), match.first)
    stops = text.holds(before, "slots.search_settings.stop")
    return stops and text.match("'when|'after|'once|'if|'as|'at", match.end) is not None


def _is_schedule(text: Text, match: Match) -> bool:
    """Whether words mean how the learning rate goes on: "cosine learning rate policy"."""
    return text.word(match.end - 1) == "policy" and text.within(match.first, "slots.learning_rate.nouns")


def _is_unsure(text: Text, match: Match) -> bool:
    """Whether a mention has a condition, leaves the choice, or tells of what was done."""
    after = [t.text for t in text.tokens[match.end : match.end + 3] if t.text != "only"]
    if after[:1] in (["if"], ["unless"], ["provided"]) or (
        after[:1] == ["when"] and after[1:2] in (["needed"], ["necessary"], ["possible"])
    ):
        return True
    open_choice = "'with|'without 'and|'or 'with|'without"
    done = "mode.subject 'already|'have|'had* 'did|'done|'ran|'tried|'finished group.det*"
    return any(
        (found := text.match(source, k, match.first)) is not None and found.end == match.first
        for k in range(max(0, match.first - 6), match.first)
        for source in (open_choice, done)
    )


_STARTING = frozenset({"run", "start", "launch", "do", "perform", "running", "starting", "doing", "up"})
_OF_A_MODEL = "'for|'of|'on|'with group.det* @name|^name"
"""What a search that is run is of: "run a search for NAME", not "a search for pallets"."""
_COUNTED = "'of|'with|'over group.det* @number slots.trials.nouns"
_STATED = "'is|':|'=|'to|'set* policy.state.off|policy.state.on|policy.state.auto"
