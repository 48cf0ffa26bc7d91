"""Which earlier job a request starts from: by its id, or as the last one of its kind."""

from __future__ import annotations

from collections.abc import Callable

from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text

__all__ = ["JobSkill", "mark_foreign", "take_jobs"]

JobSkill = Callable[[str], "str | None"]
"""Name of the skill that a job ran, or None when there is no such job."""

_ACTIONS = ("train", "evaluate", "export", "quantize", "prune", "distill", "inference", "gen_trt_engine")
_NOUN = "|".join(f"actions.{a}.{kind}" for a in _ACTIONS for kind in ("nouns", "past", "ing"))
_DONE = f"{_NOUN}|{'|'.join(f'actions.{a}.base' for a in _ACTIONS if a != 'gen_trt_engine')}"
_MODEL = "places.weights.before|group.model|actions.words.engine|actions.words.onnx"
_THING = f"free.noun|free.adjective|'earlier|'build|'quantized|@name|{_MODEL}|{_DONE}"
_OF = "'of|'from|'in|'by|'out"
_USING = "'from|'of|'with|'using|'in|'by|'use|'take|'on|'for|'via|'through|'out|'off"
_PARENT = "'parent|'source|'starting|'start|'base|'basis"
_LED = (
    f"{_USING} 'of? group.det* free.adjective* what={_THING}* {_OF} 'of? group.det* what={_THING}* @job",
    f"group.det what={_THING}* {_OF} 'of? group.det* free.adjective* free.noun* @job",
    f"what={_MODEL} {_OF} 'of? group.det* free.adjective* free.noun* @job",
    f"{_USING} 'of? group.det* what={_THING}* 'named|'called|'id|'number|'(|':* @job ')?",
    f"group.det+ what={_THING}+ 'named|'called|'id|'number|'(|':* @job ')?",
    f"what={_NOUN}|{_MODEL}|free.noun free.noun* 'named|'called|'id|'number|'(|':* @job ')?",
    (
        f"group.det* what={_THING}* 'is|'was|'comes|'came|'lies|'are|'stems "
        f"{_OF}|group.det|free.noun|free.adjective* what={_THING}* @job"
    ),
    f"@job 'is|'was|'as|'=|'for group.det* {_PARENT}|free.noun|'point+",
    f"group.prep? group.det* {_PARENT} ':|'=|'is|'point|free.noun* @job",
    (
        "actions.words.begin|actions.words.resume|'based|'continuing|'building "
        f"'on|'upon|'from|'with|'off|'at 'of? group.det* what={_THING}* '(|':|'id* @job ')?"
    ),
    (
        f"actions.words.resume group.det* @name? actions.train.nouns|free.noun* {_OF}? group.det* "
        "free.noun* @job"
    ),
)
"""Words that lead to a job ("using the checkpoint of the training job X"); the longest counts."""
_COMPARED = (
    "'as 'in group.det* free.adjective* free.noun* @job",
    "'like|'unlike|'than|'similar|'compared 'to|'with|'in? group.det* free.adjective* free.noun* @job",
    (
        "group.prep? group.det* free.adjective|'same* "
        "'data|'dataset|'datasets|'images|'pictures|'annotations|'split|'settings|'parameters|'config|"
        "'configuration|'hyperparameters|'values|'schedule|'recipe|'setup 'of|'from|'as|'in|'like|'that "
        "'in|'for? group.det* free.adjective* free.noun* @job"
    ),
)
"""Jobs that are spoken of for something else than their model."""
_JUST = (
    f"'the|'our|'my @name|free.noun|{_MODEL}+ 'that|'which? 'i|'we|'you? 'have|'has|'was|'had? "
    f"'just|'recently|'last 'been? what={_NOUN}|'finished|'completed|'ended|'made|'built|'done|'ran"
)
_LAST = (
    f"{_USING} group.det* free.adjective* what={_MODEL} {_OF} 'of? group.det* group.last what={_THING}*",
    f"what={_MODEL} {_OF} 'of? group.det* group.last what={_THING}*",
    (
        "actions.words.begin|actions.words.resume|'based|'continuing|'building "
        f"'on|'upon|'from|'with|'off|'at 'of? group.det* group.last what={_THING}*"
    ),
    f"group.det* group.last what={_THING}*",
)
_BEFORE_VERB = frozenset({
    "and", "then", "please", "to", "on", "for", "you", "me", "us", "let", "now", "i", "we", "can",
    "could", "will", "would", "should", "must", "just", "also"
})  # fmt: skip
_ORDERED = frozenset({"do", "run", "perform", "need", "request", "want", "start", "launch", "like"})
_NOT_THE_LAST = (
    (
        "'second|'third|'fourth|'2nd|'3rd|'next|'one|'all 'to|'but|'before? group.det* group.last "
        f"what={_THING}*"
    ),
    f"group.det* group.last what={_THING}* 'but 'one",
    f"group.det* what={_THING}+ 'before group.det* group.last what={_THING}*",
    (
        "group.det+ 'best|'first|'earliest|'oldest|'longest|'shortest|'successful|'failed+ @name? "
        f"what={_NOUN}|'job|'run|'experiment @name? free.noun*"
    ),
    (
        f"group.det* what={_NOUN}|'job|'run|'experiment 'from|'of|'that|'we|'i|'did|'ran|'started|'had* "
        "grammar.mode.past"
    ),
)


def take_jobs(text: Text) -> None:
    """Account for jobs and for the words that only lead to one ("using the checkpoint of job X")."""
    ledger = text.ledger
    for source in (*_NOT_THE_LAST, *_COMPARED):
        for match in text.find(source):
            if len(match.tokens()) > 1:
                ledger.claim("unread", _without_names(text, match))
    for match in text.find(_JUST):
        kind = _kind(text, match.tokens("what")) or "train"
        ledger.claim("job", _without_names(text, match), f"last:{kind}")
    _by_id(text)
    for source in _LAST:
        for match in text.find(source):
            _last(text, match)
    if ledger.of("job"):  # only then there is something to go on from
        for match in text.find("'further|'onwards|'some|'a|'bit|'more+ &group.prep|'for|',|'.|^place|^job"):
            if not (match.first and text.tokens[match.first - 1].text == "once"):  # "once more" is one phrase
                ledger.claim("order", match.tokens())


def mark_foreign(text: Text, skills: set[str], job_skill: JobSkill | None) -> None:
    """Ask about jobs that another skill ran than those that are to run."""
    for claim in text.ledger.of("job"):
        named = None if job_skill is None or str(claim.value).startswith("last") else job_skill(claim.value)
        if named is not None and named.rpartition(":")[2] not in skills:
            text.ledger.mark("unread", claim.tokens)


def _by_id(text: Text) -> None:
    """Account for ids of jobs, with the longest phrase that leads to each."""
    found = [match for source in _LED for match in text.find(source)]
    for match in sorted(found, key=lambda m: m.first - m.end):
        _led(text, match)
    for i, token in enumerate(text.tokens):
        if token.kind == "job" and text.ledger.free(i):
            text.ledger.claim("job", [i], token.value)


def _led(text: Text, match: Match) -> None:
    """Account for the words that lead to a job, unless they ask for something themselves ("export job X")."""
    ledger = text.ledger
    jobs = [i for i in match.tokens() if text.tokens[i].kind == "job"]
    if len(jobs) != 1 or not ledger.free(jobs[0]):
        return
    match = _without_product(text, match)
    what = match.tokens("what")
    if _asks(text, match, what) or (
        match.first and text.tokens[match.first - 1].text in ("instead", "rather")
    ):
        return
    kind = _kind(text, what)
    words = [
        i for i in _without_names(text, match)
        if (not text.within(i, "actions.words.engine") or kind == "gen_trt_engine")
        and text.tokens[i].text not in ("on", "and")
        and not text.within(i, "actions.train.base")
    ]  # fmt: skip
    ledger.claim("job", words, text.tokens[jobs[0]].value)


def _without_product(text: Text, match: Match) -> Match:
    """Leave out what is to be made ("build an engine from job X"): it is no part of what it is made from."""
    made = [i for i in match.tokens("what") if text.within(i, "actions.words.engine", "actions.words.onnx")]
    joints = [
        i
        for i in match.tokens()
        if text.tokens[i].text in ("from", "of", "out", "in", "by") and made and i > made[0]
    ]
    ends = [i for i in range(match.first) if text.tokens[i].text in (".", "!", "?", ";")]
    before = range(max([match.first - 6, 0, *(i + 1 for i in ends[-1:])]), match.first)
    making = any(
        text.within(k, "actions.words.make", "actions.words.convert", "actions.export.base") for k in before
    )
    if not joints or (_others(text, match) and not making):
        return match
    first = joints[0]
    return Match(first, match.end, tuple((n, max(a, first), b) for n, a, b in match.named if b > first))


def _asks(text: Text, match: Match, what: list[int]) -> bool:
    """Whether the words before a job ask for an action: a bare verb or noun, with no word leading to it."""
    if any(
        text.tokens[i].text in ("a", "an") and any(text.within(i + 1, f"actions.{a}.nouns") for a in _ACTIONS)
        for i in match.tokens()
    ):
        return True  # "an evaluation of job X" is none that has been
    ordered = match.first and text.tokens[match.first - 1].text in _ORDERED
    if (
        ordered
        and what
        and text.within(what[0], "actions.evaluate.nouns", "actions.export.nouns", "actions.quantize.nouns")
    ):
        return True  # "do the evaluation of job X"
    if match.first not in what:
        return False
    doing = [
        i
        for i in what
        if any(text.within(i, f"actions.{a}.{f}") for a in _ACTIONS for f in ("base", "nouns", "ing"))
    ]
    plain = [i for i in doing if not (i and text.within(i - 1, "grammar.group.det"))]
    before = text.tokens[match.first - 1] if match.first else None
    alone = before is None or before.kind in ("mark", "name") or before.text in _BEFORE_VERB
    leading = (f"actions.{a}.{f}" for a in _ACTIONS for f in ("base", "ing", "nouns", "done"))
    alone = alone or not text.within(match.first - 1, "grammar.group.det", "grammar.group.prep", *leading)
    if text.tokens[match.first].text == "run" and alone:
        return True
    if any(text.tokens[i].text in ("from", "of", "in") for i in match.tokens()):
        return bool(plain)
    verb = any(text.within(i, f"actions.{a}.base") for i in plain[:1] for a in _ACTIONS)
    return bool(plain) and alone and (verb or not _others(text, match))


def _others(text: Text, match: Match) -> bool:
    """Whether other words ask for an action, so that the noun before a job only says what ran."""
    return any(
        text.within(i, f"actions.{a}.base", f"actions.{a}.nouns")
        for i in range(len(text.tokens)) if i not in match.tokens() and text.ledger.free(i) for a in _ACTIONS
    )  # fmt: skip


def _last(text: Text, match: Match) -> None:
    ledger = text.ledger
    match = _without_product(text, match)
    what = match.tokens("what")
    names = any(text.tokens[i].kind == "name" for i in what)
    if not all(ledger.free(i) or text.tokens[i].kind == "name" for i in match.tokens()) or (
        not what and not names
    ):
        return
    following = match.end
    times = (f"slots.units.{u}" for u in ("hours", "days", "minutes"))
    lies = text.match("'under|'below|'inside|group.det* @place|@number", following)
    if lies is not None or text.within(following, *times):
        return
    if (
        text.within(
            what[0] if what else match.first,
            "places.roles.train_datasets.before",
            "places.roles.eval_dataset.before",
        )
        and text.match("places.data.nouns", what[-1])
        and what[-1] != what[0]
    ):
        return
    kind = _kind(text, what)
    words = [text.tokens[i].text for i in what]
    if (
        words == ["one"]
        and match.first
        and text.tokens[match.first - 1].text in ("but", "except", "and", "not")
    ):
        ledger.claim("unread", match.tokens())  # of what was said before, not of the jobs
        return
    job_like = {"job", "jobs", "run", "runs", "one", "experiment", "session", "task"} & set(words)
    model_like = (
        any(text.within(i, "places.weights.before", "grammar.group.model") for i in what) and not job_like
    )
    if kind is None and not job_like and not model_like and not names:
        return
    value = "last" if kind is None and job_like else f"last:{kind or 'train'}"
    claimed = [
        i
        for i in _without_names(text, match)
        if not text.within(i, "actions.words.engine") or kind == "gen_trt_engine"
    ]
    ledger.claim("job", claimed, value)


def _kind(text: Text, what: list[int]) -> str | None:
    """Return the action whose job is spoken of: the last word that says one."""
    for i in reversed(what):
        for action in _ACTIONS:
            if text.within(i, f"actions.{action}.nouns", *(f"actions.{action}.{f}" for f in FORMS)):
                return action
        if text.tokens[i].text == "build" or text.within(i, "actions.words.engine"):
            return "gen_trt_engine"
        if text.within(i, "actions.words.onnx"):
            return "export"
    return None


def _without_names(text: Text, match: Match) -> list[int]:
    return [i for i in match.tokens() if text.tokens[i].kind != "name"]
