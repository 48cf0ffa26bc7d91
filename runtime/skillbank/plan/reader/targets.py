"""Where results go, and which files of models a text gives."""

from __future__ import annotations

from skillbank.plan.model import is_hub_name
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import phrases, word_list
from skillbank.plan.reader.place import Place, claim_place, is_model_file, role_of_path
from skillbank.plan.reader.wording import is_regular_past, of

__all__ = ["take_models", "take_results"]

_PRODUCTS = (
    "places.results.before", "places.results.objects", "places.findings.nouns", "places.weights.before",
    "actions.words.metric", "grammar.group.it", "grammar.group.model",
)  # fmt: skip
"""What a run leaves."""
_READ = frozenset(["with", "of", "using", "from", "on"])
_RUN_ON = ("actions.evaluate.base", "actions.inference.base")
_LOOKING = word_list("targets.looking")
"""Verbs of who judges what a run leaves, on some data: "check the result on X"."""
_FILES = ("resume", "backbone", "weights")


def take_results(text: Text) -> None:
    """Read where results go: "save everything to X", "results should go to X", "X for the results"."""
    for source in phrases("targets.results"):
        for match in text.find(source):
            read = text.word(match.first) in _READ and not match.tokens("thing")
            if not (read or _is_of_data(text, match) or _is_measured(text, match)):
                claim_place(text, match, "results")


def _is_measured(text: Text, match: Match) -> bool:
    """Whether the words name what a model is run on: "evaluate the result on X", "apply it to X"."""
    on = not {"on", "against", "with", "over"}.isdisjoint(text.words(match.tokens()))
    before = match.first - 1
    while text.within(before, "grammar.group.det"):
        before -= 1  # "check the output on X"
    noun = not match.tokens("verb") or before < match.first - 1
    looked = on and noun and text.word(before) in _LOOKING
    return looked or text.within(before, "actions.words.onto", *(_RUN_ON if on and noun else ()))


def _is_of_data(text: Text, match: Match) -> bool:
    """Whether the words speak of where data lies: "the camera stored its shots in X", "labels in X"."""
    behind = range(max(0, match.first - 5), match.first)
    if any(text.within(k, "places.data.put") and is_regular_past(text.word(k)) for k in behind):
        return True  # "I uploaded the corrected labels to X"
    if _is_put(text, match.first):
        return True
    if not match.tokens("verb"):
        return _is_subject(text, match.end)
    word, who = text.word(match.first), text.word(match.first - 1)
    told = text.kind(match.first - 1) == "name" or who in of("tellers")
    said = text.holds(match.tokens()[1:-1], *_PRODUCTS) or match.end - match.first <= 4
    base = text.lexicon.has(f"{word}s", "places.results.verbs") or word.endswith("ing")
    return told or not base or not said


def _is_subject(text: Text, end: int) -> bool:
    """Whether something is said of what lies there: "everything under A and B is for training"."""
    while (more := text.match("',|'and+ group.prep? @place", end)) is not None:
        end = more.end
    return text.word(end) in ("is", "are") and text.word(end + 1) not in ("needed", "required", "wanted")


def _is_put(text: Text, first: int) -> bool:
    """Whether somebody tells where something lies: "I put everything into X", "I filmed it all into X"."""
    done = text.word(first - 1) == "put" or is_regular_past(text.word(first - 1))
    told = done and text.word(first - 2) in of("tellers") | {"have"}
    return told and text.word(first - 3) not in of("modals")


def take_models(text: Text) -> None:
    """Read which file of weights a step starts from: "resume from X", "with weights X", "backbone X"."""
    for role in _FILES:
        for source in phrases(f"targets.{role}"):
            for match in text.find(source):
                if _is_model(text, match, role):
                    _claim(text, match, role)


def _is_model(text: Text, match: Match, role: str) -> bool:
    """Whether a model is given: not in "start the training on X", "take the pictures from X"."""
    uri, tokens = str(text.said(match, "list")), match.tokens()
    words = text.words(tokens)
    if is_model_file(text, uri) or _is_on_hub(text, match, uri):
        return True
    named = text.holds(tokens, "places.weights.before", "places.weights.backbone", "places.weights.after")
    if "on" in words or (role == "backbone" and "," in words):
        return False  # "resnet_34 backbone, X"
    pictures = text.holds(tokens, "places.data.nouns")
    return role != "weights" or named or ("from" in words and not pictures)


def _is_on_hub(text: Text, match: Match, uri: str) -> bool:
    """Whether a model is named as the hub names it ("model OWNER/NAME"), and is no object of a verb."""
    if not is_hub_name(uri) or role_of_path(text, uri) is not None:
        return False
    if match.tokens("run"):
        return True  # "evaluate OWNER/NAME on X"
    before = match.first - 1
    while text.within(before, "grammar.group.det", "grammar.free.adjective"):
        before -= 1
    verbs = ("actions.train.base", "actions.evaluate.base", "grammar.free.light")
    return bool(match.tokens("what")) and not text.within(before, *verbs)


def _claim(text: Text, match: Match, role: str) -> None:
    """Account for a file of a model with the words that lead to it."""
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place):
        return
    words = [
        i for i in match.tokens()
        if text.tokens[i].kind not in ("name", "place") and i not in match.tokens("run")
        and not text.within(i, "actions.train.nouns", "actions.train.base")
    ]  # fmt: skip
    text.ledger.claim("place", [*words, place], Place(str(text.tokens[place].value), role))
