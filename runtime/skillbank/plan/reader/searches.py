"""What a search is over and when it ends: parameters, ranges, the metric, and further numbers of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.spec_keys import Keys, name_at, name_before
from skillbank.plan.reader.value import UNITS, Value, duration

__all__ = ["take_search_settings", "take_space"]

_SEARCH = "policy.search"
_SECTION = "slots.search_settings"
_LINK = "slots.around.link*"


def take_space(text: Text, keys: Sequence[Keys]) -> None:
    """Account for what a search is over: "search only over the learning rate", "grid search over lr and wd".

    Parameters
    ----------
    keys
        Spec keys of the trainings that may be meant.
    """
    _take_seeds(text)
    leads = (
        f"{_SEARCH}.over 'only|'just|'over|'both|group.det|@name*",
        f"{_SEARCH}.verbs group.det* {_SEARCH}.best",
        "'search|'searching|'look|'explore 'only|'just* 'over|'through|'across 'only|group.det*",
        "'search|'searching 'only|'just group.det*",
    )
    for match in [m for lead in leads for m in text.find(lead)]:
        loose = any(text.tokens[k].text in _LOOSE for k in match.tokens())
        found = _names(text, match.end, keys, choices=loose)
        if found is not None and not _is_denied(text, match):
            verb = [i for i in match.tokens() if text.tokens[i].kind == "word"]
            text.ledger.claim("policy", verb, Said("on", text.ledger.said([*verb, *found[0]]), verb=True))
            _set(text, found[0], "parameters", found[1])
    if any(True for _ in text.find(f"{_SEARCHES}|slots.algorithm.values")):
        _take_over(text, keys)


_SEARCHES = f"{_SEARCH}.nouns|{_SEARCH}.weak|{_SEARCH}.doings"
_LOOSE = frozenset(["over", "vary", "sweep", "varying", "sweeping"])
"""Words behind which what a search is over may be a choice as well as a number."""


def _take_seeds(text: Text) -> None:
    """Read "a search with seed 3", "seed 3 for the search"."""
    seed, its = f"'seed {_LINK} n=@number", f"'for|'of group.det* {_SEARCHES}"
    for source in (f"{_SEARCHES} {seed}", f"{seed} {its}", f"'seed {its} {_LINK} n=@number"):
        for match in text.find(source):
            if not _is_denied(text, match):
                _set(text, match.tokens(), "seed", text.said(match))


def _is_denied(text: Text, match: Match) -> bool:
    return text.within(match.first - 1, "grammar.operator.not")


def _take_over(text: Text, keys: Sequence[Keys]) -> None:
    """Read "over lr and weight decay" in a text of a search, and "on lr" right behind its noun."""
    led = "'over|'of|'across|'on|'limited|'restricted 'to? 'only|'just|'both|group.det*"
    for match in list(text.find(led)):
        found = _names(text, match.end, keys, choices=True)
        behind = text.within(match.first - 1, f"{_SEARCH}.doings", f"{_SEARCH}.nouns")
        if found is not None and (behind or text.word(match.first) == "over"):
            _set(text, [*match.tokens(), *found[0]], "parameters", found[1])


def _names(text: Text, i: int, keys: Sequence[Keys], *, choices: bool) -> tuple[list[int], list[str]] | None:
    """Return the tokens of a list of parameters and their keys; None where the last has its own value."""
    tokens: list[int] = []
    named: list[str] = []
    while True:
        found = next((f for k in keys if (f := _parameter(text, i, k, choices=choices)) is not None), None)
        if found is None:
            break
        tokens += found[0]
        named.append(found[1])
        i = tokens[-1] + 1
        match = text.match("',|'and|'&|'plus|'as 'well|'as|'and* group.det*", i)
        if match is None:
            break
        i = match.end
    end = tokens[-1] + 1 if tokens else i
    if (
        not tokens
        or text.match("slots.around.link* @number", end)
        or text.match("'too|'also|'as 'well?", end)
    ):
        return None  # a value of its own, or besides what is searched anyway
    alone = text.match("'only|'alone", end)
    return list(range(tokens[0], alone.end if alone is not None else end)), named


def _parameter(text: Text, i: int, keys: Keys, *, choices: bool) -> tuple[list[int], str] | None:
    """Return the name of what can be searched over that begins at a token, and its key."""
    found = name_at(text, i, keys, most=4, whole=True)
    if found is None and choices:
        found = name_at(text, i, keys, ("string",), most=4, whole=True)
        listed = {key for owners in keys.enums.values() for key in owners}
        found = found if found is not None and found[1] in listed else None
    return found


def take_search_settings(text: Text, keys: Sequence[Keys], *, searching: bool) -> None:
    """Account for numbers of a search, for ranges, the metric and for when it is to stop."""
    _stops(text, searching=searching)
    for name in [s.rpartition(".")[2] for s in text.lexicon.below(f"{_SECTION}.words")]:
        for source in (
            f"{_SECTION}.words.{name} {_LINK} slots.around.limit? n=@number slots.epochs.unit?",
            f"slots.around.before|slots.around.limit* n=@number {_SECTION}.words.{name}",
        ):
            for match in text.find(source):
                if not text.ledger.free(match.tokens("n")[0]):
                    continue
                if name == "max_epochs" and not _has_rungs(text, match.tokens()):
                    text.ledger.claim("value", match.tokens(), Value("epochs", text.said(match)))
                else:
                    _set(text, match.tokens(), name, text.said(match))
    if not searching:
        return
    for i, token in enumerate(text.tokens):
        if token.kind in ("range", "number") and text.ledger.free(i):
            _range(text, i, keys)
    _metric(text, keys)
    _switches(text)
    for match in text.find(f"slots.time_budget.nouns {_LINK} n=@number slots.gpu_hours.nouns"):
        text.ledger.claim("value", match.tokens(), Value("gpu_hours", text.said(match)))


def _has_rungs(text: Text, tokens: list[int]) -> bool:
    """Whether epochs are those of rungs: said so, or "epochs per trial" of an algorithm that has rungs."""
    from skillbank.automl.algorithms import algorithm_class

    if not any(text.tokens[k].text.startswith("trial") for k in tokens):
        return True
    alias = "slots.algorithm.alias."
    named = {
        c.removeprefix(alias) if c.startswith(alias) else text.tokens[i].text
        for i, classes in enumerate(text.classes) for c in classes
        if c == "slots.algorithm.values" or c.startswith(alias)
    }  # fmt: skip
    return any(algorithm_class(name).multi_fidelity for name in named)


def _range(text: Text, i: int, keys: Sequence[Keys]) -> None:
    """Read "learning rate between 1e-5 and 1e-3" and "batch size 2, 4 or 8" as the range of a key."""
    end, value = _values_from(text, i)
    at = i
    while text.word(at - 1) in _BEFORE_RANGE:
        at -= 1
    found = _key_before(text, at, keys) if value is not None else None
    if found is not None:
        _set(text, text.unclaimed([*found[0], *range(at, end)]), f"ranges.{found[1]}", value)


def _values_from(text: Text, i: int) -> tuple[int, object]:
    """Return where a range or a choice of numbers ends, and what it holds; None for a single number."""
    if text.tokens[i].kind == "range":
        return i + 1, list(text.tokens[i].value)
    end = i + 1
    while (match := text.match("',? 'or|'and? @number", end)) is not None:
        end = match.end
    numbers = [token.value for token in text.tokens[i:end] if token.kind == "number"]
    chosen = len(numbers) > 1 and any(token.text == "or" for token in text.tokens[i:end])
    return end, {"choices": numbers} if chosen else None


def _key_before(text: Text, at: int, keys: Sequence[Keys]) -> tuple[list[int], str] | None:
    """Return the key that a range before a token is of, with the free words that name it."""
    while text.owner(at - 1) == "name" or text.word(at - 1) in ("of", "for"):
        at -= 1  # "tune the learning rate of NAME between 1e-5 and 1e-3"
    owner = text.ledger.owner.get(at - 1)
    if owner is None:
        return next((f for k in keys if (f := name_before(text, at, k)) is not None), None)
    searched = owner.kind == "value" and owner.value and owner.value.key == "automl.parameters"
    return ([], owner.value.value[-1]) if searched else None


_BEFORE_RANGE = word_list("searches.before_range") | frozenset(",:(=")


_BETTER = {
    "minimize": "'minimise|'minimize|'minimises|'minimizes|'minimising|'minimizing|'lowest|'smallest",
    "maximize": "'maximise|'maximize|'maximises|'maximizes|'maximising|'maximizing|'highest|'largest",
    "": "'optimise|'optimize|'optimising|'optimizing|'rank|'ranked|'judge|'metric|'objective",
}


def _metric(text: Text, keys: Sequence[Keys]) -> None:
    """Read "minimise val_loss", "optimise for mAP50": the metric by its name, and which way is better."""
    own = {each.metric.lower().removeprefix("val_"): each.metric for each in keys if each.metric}
    for direction, verbs in _BETTER.items():
        link = "'for|'by|'is|'=|':|'on|'trials|group.det*"
        for match in text.find(f"{verbs} {link} name=~word|{_SECTION}.reached"):
            name = match.tokens("name")[0]
            said = text.ledger.said([name])
            metric = said if "_" in said else own.get(said.lower())
            if metric is not None:
                _set(text, [name], "metric", metric)
                if direction:
                    _set(text, match.tokens(), "direction", direction)
                else:
                    text.ledger.claim("order", text.unclaimed(match.tokens()))
                    _direction(text, match.end)


def _direction(text: Text, at: int) -> None:
    """Read "rank by val_loss, minimize it": which way a metric is better, said behind it."""
    for direction in ("minimize", "maximize"):
        match = text.match(f"',|'and|'(* {_BETTER[direction]} 'it|'that|'this? ')?", at)
        if match is not None and text.kind(match.end) in ("", "mark"):
            _set(text, match.tokens(), "direction", direction)


def _switches(text: Text) -> None:
    """Read "skip the baseline evaluation" and "keep only the checkpoints of the best trials"."""
    for name in ("baseline", "final_evaluation"):
        for on, verb in ((False, "operator.not"), (True, "operator.enable")):
            for match in text.find(f"{verb} group.det* {_SECTION}.{name}"):
                _set(text, match.tokens(), name, on)
    kept = (
        "'keep|'keeping|'save|'saving 'only|'just|group.det* "
        "'checkpoints|'checkpoint|'models|'model|'weights 'of|'from 'only|'just|group.det*"
    )
    for keep, which in (
        ("best", "'best 'trials|'trial|'one|'run 'only?"),
        ("all", "'all|'every 'trials|'trial"),
    ):
        many = f"'keep|'keeping|'save|'saving 'only|'just|group.det* '{keep} 'checkpoints|'models"
        for match in [*text.find(f"{kept} {which}"), *text.find(many)]:
            _set(text, match.tokens(), "keep", keep)


def _set(text: Text, tokens: Sequence[int], key: str, value: Any) -> None:
    text.ledger.claim("value", tokens, Value("", value, key=f"automl.{key}"))


def _stops(text: Text, *, searching: bool) -> None:
    """Read "give up after 8 hours or when mAP50 gets to 0.8"."""
    opening = (
        f"{_SECTION}.stop 'the|'search|'it|'hpo|'automl|'whole|'entire|'everything|'all|group.det* "
        f"'when|'after|'once|'if|'as|'soon* 'the|'a|'its? "
    )
    also = "'or|'and 'when|'after|'once|'if|'as|'soon+ 'the|'a|'its? "
    until = "'until|'till 'the|'a|'its?"
    for stop in (opening, also, until) if searching else (opening,):
        for match in text.find(
            f"{stop}{_SECTION}.reached "
            f"'gets|'is|'reaches|'to|'at|'has|'hits|'above|'over|'least|'of|'exceeds|'reached* n=@number "
            "'is|'was|'has? 'been? 'reached?"
        ):
            _set(text, match.tokens(), "target", text.said(match))
        for name in UNITS:
            for match in text.find(f"{stop}slots.around.before* n=@number slots.units.{name}"):
                around = range(max(0, match.first - 3), match.end)
                if not any(text.within(i, "actions.train.nouns") for i in around):
                    budget = Value("time_budget", duration(text.said(match), name))
                    text.ledger.claim("value", match.tokens(), budget)
