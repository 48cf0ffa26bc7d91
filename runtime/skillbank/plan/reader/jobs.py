"""Which earlier job a request starts from: by its id, or as the last one of its kind."""

from __future__ import annotations

from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text

__all__ = ["take_jobs"]

_ACTIONS = ("train", "evaluate", "export", "quantize", "prune", "distill", "inference", "gen_trt_engine")
_DONE = "|".join(f"actions.{a}.{kind}" for a in _ACTIONS for kind in ("nouns", "past", "ing"))
_THING = f"free.noun|free.adjective|places.weights.before|@name|actions.words.engine|actions.words.onnx|{_DONE}"
_LAST = f"group.det* group.last what={_THING}*"
_LED = (
    f"group.det? what={_DONE} free.noun* 'of|'from|'in|'named|'called? @job",
    f"'from|'of|'with|'using|'in|'by|'use|'take|'after|'on|'for group.det* free.adjective* what={_THING}* "
    f"'of|'from|'in|'by? group.det* free.adjective* free.noun* @job",
    f"'the|'that|'my|'our|'its free.adjective* what={_THING}+ 'of|'from|'in|'by|'named group.det* free.noun* @job",
    "@job 'is|'was|'as|'= group.det* 'parent|'source|free.noun+",
    "'parent|'source ':|'=|'is|free.noun* @job",
)
_JUST = (
    f"'the|'our|'my @name|free.noun|places.weights.before|actions.words.engine+ 'that|'which? 'i|'we|'you? 'have|'has|'was|'had? "
    f"'just|'recently|'last 'been? what={_DONE}|'finished|'completed|'ended|'made|'built|'done|'ran"
)


def take_jobs(text: Text) -> None:
    """Account for jobs and for the words that only lead to one ("using the checkpoint of job X")."""
    ledger = text.ledger
    for match in text.find(_JUST):
        ledger.claim("job", _without_names(text, match), f"last:{_kind(text, match) or 'train'}")
    for source in _LED:
        for match in text.find(source):
            _led(text, match)
    for i, token in enumerate(text.tokens):
        if token.kind == "job" and ledger.free(i):
            ledger.claim("job", [i], token.value)
    for match in text.find(_LAST):
        _last(text, match)


def _led(text: Text, match: Match) -> None:
    """Account for the words that lead to a job; a verb of making before them makes what is spoken of."""
    ledger = text.ledger
    job = next(i for i in match.tokens() if text.tokens[i].kind == "job")
    if not ledger.free(job):
        return
    first = text.tokens[match.first]
    led = text.ledger.owner.get(match.first - 1)
    started = match.first == 0 or (led is not None and led.kind in ("courtesy", "order")) or text.tokens[match.first - 1].kind == "mark" or text.tokens[match.first - 1].text in ("and", "then", "please")
    if text.tokens[match.first - 1].kind == "name" and text.within(match.first, *(f"actions.{a}.base" for a in _ACTIONS)):
        started = started or match.first < 2 or not text.within(match.first - 2, "grammar.group.det", "grammar.group.prep")
    if started and any(s.endswith((".base", ".nouns")) and s.startswith("actions.") for span in text.spans[match.first] for s in span.classes):
        return  # "export job X" asks for it
    if match.first and text.within(match.first - 1, "actions.words.make") and first.text not in ("from", "of", "with", "using"):
        return
    kind = _kind(text, match)
    words = [i for i in _without_names(text, match) if not text.within(i, "actions.words.engine") or kind == "gen_trt_engine"]
    ledger.claim("job", words, text.tokens[job].value)
    if any(text.within(i, "actions.words.engine") for i in match.tokens("what")):
        ledger.claim("engine", [i for i in match.tokens("what") if text.within(i, "actions.words.engine")])


def _last(text: Text, match: Match) -> None:
    ledger = text.ledger
    what = match.tokens("what")
    names = any(text.tokens[i].kind == "name" for i in what)
    if not all(ledger.free(i) or text.tokens[i].kind == "name" for i in match.tokens()) or (not what and not names):
        return
    following = match.end
    if following < len(text.tokens) and text.tokens[following].kind in ("place", "number") or text.within(
        following, *(f"slots.units.{u}" for u in ("hours", "days", "minutes"))
    ):
        return
    if text.within(what[0] if what else match.first, "places.roles.train_datasets.before", "places.roles.eval_dataset.before") and text.match("places.data.nouns", what[-1]) and what[-1] != what[0]:
        return
    kind = _kind(text, match)
    words = [text.tokens[i].text for i in what]
    job_like = {"job", "jobs", "run", "runs", "one", "experiment", "session", "task"} & set(words)
    model_like = any(text.within(i, "places.weights.before", "group.model", "grammar.group.model") for i in what) and not job_like
    if kind is None and not job_like and not model_like and not names:
        return
    value = "last" if kind is None and job_like else f"last:{kind or 'train'}"
    ledger.claim("job", _without_names(text, match), value)


def _kind(text: Text, match: Match) -> str | None:
    """Return the action whose job is spoken of."""
    for i in match.tokens("what") or match.tokens():
        for action in _ACTIONS:
            if text.within(i, f"actions.{action}.nouns", *(f"actions.{action}.{f}" for f in FORMS)):
                return action
        if text.within(i, "actions.words.engine"):
            return "gen_trt_engine"
        if text.within(i, "actions.words.onnx"):
            return "export"
    return None


def _without_names(text: Text, match: Match) -> list[int]:
    return [i for i in match.tokens() if text.tokens[i].kind != "name"]
