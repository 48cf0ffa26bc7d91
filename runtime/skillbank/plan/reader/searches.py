"""What a search is over and when it ends: parameters, ranges, the metric, and further numbers of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skillbank.plan.reader.intervals import time_said
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import groups, phrase, word_list
from skillbank.plan.reader.spec_keys import Keys, name_at, name_before
from skillbank.plan.reader.value import Value

__all__ = ["take_search_settings", "take_space"]


def take_space(text: Text, keys: Sequence[Keys]) -> None:
    """Account for what a search is over: "search only over the learning rate", "grid search over lr and wd".

    Parameters
    ----------
    keys
        Spec keys of the trainings that may be meant.
    """
    for match in text.phrases("searches.seed"):
        if not _is_denied(text, match):
            _set(text, match.tokens(), "seed", text.said(match))
    for match in list(text.phrases("searches.over")):
        loose = not word_list("searches.loose").isdisjoint(text.words(match.tokens()))
        found = _names(text, match.end, keys, choices=loose)
        if found is not None and not _is_denied(text, match):
            verb = [i for i in match.tokens() if text.kind(i) == "word"]
            text.ledger.claim("policy", verb, Said("on", text.ledger.said([*verb, *found[0]]), verb=True))
            _set(text, found[0], "parameters", found[1])
    spoken = any(True for _ in text.phrases("searches.spoken_of"))
    for match in list(text.phrases("searches.over_too")) if spoken else ():
        found = _names(text, match.end, keys, choices=True)
        behind = text.within(match.first - 1, "policy.search.doings", "policy.search.nouns")
        if found is not None and (behind or text.word(match.first) == "over"):
            _set(text, [*match.tokens(), *found[0]], "parameters", found[1])


def _is_denied(text: Text, match: Match) -> bool:
    return text.within(match.first - 1, "grammar.operator.not")


def _names(text: Text, i: int, keys: Sequence[Keys], *, choices: bool) -> tuple[list[int], list[str]] | None:
    """Return the tokens of a list of parameters and their keys; None where the last has its own value."""
    first, end, at, named = i, i, i, list[str]()
    while (found := _parameter(text, at, keys, choices=choices)) is not None:
        end = found[0][-1] + 1
        first = first if named else found[0][0]
        named.append(found[1])
        match = text.match("',|'and|'&|'plus|'as 'well|'as|'and* group.det*", end)
        if match is None:
            break
        at = match.end
    if not named or text.match("slots.around.link* @number", end) or text.match("'too|'also|'as 'well?", end):
        return None  # a value of its own, or besides what is searched anyway
    alone = text.match("'only|'alone", end)
    return list(range(first, alone.end if alone is not None else end)), named


def _parameter(
    text: Text, i: int, all_keys: Sequence[Keys], *, choices: bool
) -> tuple[list[int], str] | None:
    """Return the name of what can be searched over that begins at a token, and its key."""
    for keys in all_keys:
        found = name_at(text, i, keys, most=4, whole=True)
        if found is None and choices:
            found = name_at(text, i, keys, ("string",), most=4, whole=True)
            listed = {key for owners in keys.enums.values() for key in owners}
            found = found if found is not None and found[1] in listed else None
        if found is not None:
            return found
    return None


def take_search_settings(text: Text, keys: Sequence[Keys], *, searching: bool) -> None:
    """Account for numbers of a search, for ranges, the metric and for when it is to stop."""
    _stops(text, searching=searching)
    for match in text.phrases("searches.numbers"):
        name = text.meaning(match, "what", "slots.search_settings.words")
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
    for group in groups("search_choices"):
        key, _, value = group.partition(".")[2].partition("=")
        for match in text.phrases(group):
            _set(text, match.tokens(), key, {"true": True, "false": False}.get(value, value))
    for match in text.phrases("searches.gpu_hours"):
        text.ledger.claim("value", match.tokens(), Value("gpu_hours", text.said(match)))


def _has_rungs(text: Text, tokens: list[int]) -> bool:
    """Whether epochs are those of rungs: said so, or "epochs per trial" of an algorithm that has rungs."""
    from skillbank.automl.algorithms import algorithm_class

    if not any(word.startswith("trial") for word in text.words(tokens)):
        return True
    alias = "slots.algorithm.alias."
    named = {
        c.removeprefix(alias) if c.startswith(alias) else text.word(i)
        for i, classes in enumerate(text.classes) for c in classes
        if c == "slots.algorithm.values" or c.startswith(alias)
    }  # fmt: skip
    return any(algorithm_class(name).multi_fidelity for name in named)


def _range(text: Text, i: int, keys: Sequence[Keys]) -> None:
    """Read "learning rate between 1e-5 and 1e-3" and "batch size 2, 4 or 8" as the range of a key."""
    end, value = _values_from(text, i)
    at = i
    while text.word(at - 1) in word_list("searches.before_range"):
        at -= 1
    found = _key_before(text, at, keys) if value is not None else None
    if found is not None:
        _set(text, text.unclaimed([*found[0], *range(at, end)]), f"ranges.{found[1]}", value)


def _values_from(text: Text, i: int) -> tuple[int, object]:
    """Return where a range or a choice of numbers ends, and what it holds; None for a single number."""
    if text.kind(i) == "range":
        return i + 1, list(text.tokens[i].value)
    end = i + 1
    while (match := text.match("',? 'or|'and? @number", end)) is not None:
        end = match.end
    numbers = [token.value for token in text.tokens[i:end] if token.kind == "number"]
    chosen = len(numbers) > 1 and "or" in text.words(range(i, end))
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


def _metric(text: Text, keys: Sequence[Keys]) -> None:
    """Read "minimise val_loss", "optimise for mAP50": the metric by its name, and which way is better."""
    own = {each.metric.lower().removeprefix("val_"): each.metric for each in keys if each.metric}
    for direction in ("minimize", "maximize", "named"):
        for match in text.phrases(f"metric.{direction}"):
            name = match.tokens("name")[0]
            said = text.ledger.said([name])
            metric = said if "_" in said else own.get(said.lower())
            if metric is None:
                continue
            _set(text, [name], "metric", metric)
            if direction != "named":
                _set(text, match.tokens(), "direction", direction)
            else:
                text.ledger.claim("order", text.unclaimed(match.tokens()))
                _direction(text, match.end)


def _direction(text: Text, at: int) -> None:
    """Read "rank by val_loss, minimize it": which way a metric is better, said behind it."""
    for direction in ("minimize", "maximize"):
        match = text.match(phrase(f"metric.{direction}_it"), at)
        if match is not None and text.kind(match.end) in ("", "mark"):
            _set(text, match.tokens(), "direction", direction)


def _set(text: Text, tokens: Sequence[int], key: str, value: Any) -> None:
    text.ledger.claim("value", tokens, Value("", value, key=f"automl.{key}"))


def _stops(text: Text, *, searching: bool) -> None:
    """Read when a search ends: at a value of its metric, or after a time that is not a training's."""
    for match in text.phrases("searches.target", *(["searches.target_too"] if searching else [])):
        _set(text, match.tokens(), "target", text.said(match))
    for match in text.phrases("searches.budget", *(["searches.budget_too"] if searching else [])):
        if not text.holds(range(max(0, match.first - 3), match.end), "actions.train.nouns"):
            text.ledger.claim("value", match.tokens(), Value("time_budget", time_said(text, match)))
