"""Which earlier job a request starts from: by its id, or as the last one of its kind."""

from __future__ import annotations

from collections.abc import Callable

from skillbank.errors import JobNotFoundError
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text

__all__ = ["JobSkill", "mark_foreign", "skill_of", "take_jobs"]

JobSkill = Callable[[str], str]
"""Name of the skill that a job ran; raises `JobNotFoundError` where there is no such job, or several."""

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
_NAMED = (
    "'name|'call|'title|'naming|'calling|'named group.it|group.det* 'new? @job",
    "'as|'under 'a|'the|'new* @job",
    "'new @job",
)
"""Names for the job that is to be: jobs have ids of their own."""
_IS = frozenset({"was", "were", "is", "been", "ran", "runs", "exists", "known"})
"""Behind them in a sentence, "as job X" tells of one that is there."""
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
    f"actions.words.resume group.det* group.last what={_THING}|told.kinds*",
    f"group.det* group.last what={_THING}|told.kinds*",
)
_BEFORE_VERB = frozenset({
    "and", "then", "please", "to", "on", "for", "you", "me", "us", "let", "now", "i", "we", "can",
    "could", "will", "would", "should", "must", "just", "also"
})  # fmt: skip
_BASES, _NOUNS = ([f"actions.{a}.{form}" for a in _ACTIONS] for form in ("base", "nouns"))
_DOING = (*_BASES, *_NOUNS, *(f"actions.{a}.ing" for a in _ACTIONS))
_DONE_WITH = tuple(f"actions.{a}.nouns" for a in ("evaluate", "export", "quantize"))
"""What is done with a job, so that its noun behind a word of `_ORDERED` asks for it."""
_PRODUCTS = ("actions.words.engine", "actions.words.onnx")
_TIMES = tuple(f"slots.units.{unit}" for unit in ("hours", "days", "minutes"))
_ROLES = ("places.roles.train_datasets.before", "places.roles.eval_dataset.before")
_RUNS = frozenset({"job", "jobs", "run", "runs", "one", "experiment", "session", "task"})
_JOINTS = frozenset({"from", "of", "out", "in", "by"})
_ENDS = frozenset({".", "!", "?", ";"})
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
    for source in (*_NOT_THE_LAST, *_COMPARED, *_NAMED):
        for match in text.find(source):
            if len(match.tokens()) > 1 and not (source in _NAMED and _tells(text, match.first)):
                ledger.claim("unread", _without_names(text, match))
    for match in text.find(_JUST):
        kind = _kind(text, match.tokens("what")) or "train"
        ledger.claim("job", _without_names(text, match), f"last:{kind}")
    _by_id(text)
    for source in _LAST:
        for match in text.find(source):
            _last(text, match)
    if ledger.of("job"):  # only then there is something to go on from
        for match in text.find("w=actions.words.resume &actions.train.ing|actions.train.nouns"):
            ledger.claim("order", match.tokens("w"))
        for match in text.find("'further|'onwards|'some|'a|'bit|'more+ &group.prep|'for|',|'.|^place|^job"):
            if not (match.first and text.tokens[match.first - 1].text == "once"):  # "once more" is one phrase
                ledger.claim("order", match.tokens())


def _tells(text: Text, end: int) -> bool:
    """Whether what stands before a token in its sentence tells of something."""
    first = next((k + 1 for k in range(end - 1, -1, -1) if text.tokens[k].text in _ENDS), 0)
    return any(text.tokens[k].text in _IS for k in range(first, end))


def skill_of(job_skill: JobSkill | None, job: str) -> str | None:
    """Return the name of the skill that a job ran, None where nobody knows."""
    try:
        return job_skill(job) if job_skill is not None else None
    except JobNotFoundError:
        return None


def mark_foreign(text: Text, skills: set[str], job_skill: JobSkill | None) -> None:
    """Ask about jobs that another skill ran than those that are to run."""
    for claim in text.ledger.of("job"):
        named = None if str(claim.value).startswith("last") else skill_of(job_skill, claim.value)
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
    jobs = [i for i in match.tokens() if text.tokens[i].kind == "job"]
    if len(jobs) != 1 or not text.ledger.free(jobs[0]):
        return
    match = _without_product(text, match)
    what = match.tokens("what")
    if _asks(text, match, what) or text.word(match.first - 1) in ("instead", "rather"):
        return
    words = [
        i for i in _leading(text, match, _kind(text, what))
        if text.word(i) not in ("on", "and") and not text.within(i, "actions.train.base")
    ]  # fmt: skip
    text.ledger.claim("job", words, text.tokens[jobs[0]].value)


def _without_product(text: Text, match: Match) -> Match:
    """Leave out what is to be made ("build an engine from job X"): it is no part of what it is made from."""
    made = [i for i in match.tokens("what") if text.within(i, *_PRODUCTS)]
    joints = [i for i in match.tokens() if made and i > made[0] and text.word(i) in _JOINTS]
    if not joints or (_others(text, match) and not _is_made(text, match.first)):
        return match
    first = joints[0]
    return Match(first, match.end, tuple((n, max(a, first), b) for n, a, b in match.named if b > first))


def _is_made(text: Text, at: int) -> bool:
    """Whether a verb of making stands shortly before a token, in its sentence."""
    ends = [i for i in range(at) if text.word(i) in _ENDS]
    before = range(max([at - 6, 0, *(i + 1 for i in ends[-1:])]), at)
    return text.holds(before, "actions.words.make", "actions.words.convert", "actions.export.base")


def _asks(text: Text, match: Match, what: list[int]) -> bool:
    """Whether the words before a job ask for an action: a bare verb or noun, with no word leading to it."""
    if _is_new(text, match, what):
        return True
    if match.first not in what:
        return False
    alone = _is_alone(text, match.first)
    if text.word(match.first) == "run" and alone:
        return True
    doing = [i for i in what if text.within(i, *_DOING)]
    plain = [i for i in doing if not (i and text.within(i - 1, "grammar.group.det"))]
    if not {"from", "of", "in"}.isdisjoint(text.words(match.tokens())):
        return bool(plain)
    return bool(plain) and alone and (text.holds(plain[:1], *_BASES) or not _others(text, match))


def _is_new(text: Text, match: Match, what: list[int]) -> bool:
    """Whether a noun is none of what has been: "an evaluation of job X", "do the evaluation of job X"."""
    one = any(text.word(i) in ("a", "an") and text.within(i + 1, *_NOUNS) for i in match.tokens())
    return one or (text.word(match.first - 1) in _ORDERED and text.holds(what[:1], *_DONE_WITH))


def _is_alone(text: Text, at: int) -> bool:
    """Whether no word before a token makes a noun of it, or leads to it."""
    before = text.tokens[at - 1] if at else None
    bare = before is None or before.kind in ("mark", "name") or before.text in _BEFORE_VERB
    return bare or not text.within(at - 1, "grammar.group.det", "grammar.group.prep", *_DOING)


def _others(text: Text, match: Match) -> bool:
    """Whether other words ask for an action, so that the noun before a job only says what ran."""
    others = set(range(len(text.tokens))).difference(match.tokens())
    return text.holds(text.unclaimed(others), *_BASES, *_NOUNS)


def _last(text: Text, match: Match) -> None:
    match = _without_product(text, match)
    what = match.tokens("what")
    mine = all(text.ledger.free(i) or text.tokens[i].kind == "name" for i in match.tokens())
    if not what or not mine or _is_no_job(text, what, match.end):
        return
    words = text.words(what)
    if words == ["one"] and text.word(match.first - 1) in ("but", "except", "and", "not"):
        text.ledger.claim("unread", match.tokens())  # of what was said before, not of the jobs
        return
    kind, run = _kind(text, what), not _RUNS.isdisjoint(words)
    model = text.has_kind(what, "name") or text.holds(what, "places.weights.before", "grammar.group.model")
    if kind is not None or run or model:
        value = "last" if kind is None and run else f"last:{kind or 'train'}"
        text.ledger.claim("job", _leading(text, match, kind), value)


def _is_no_job(text: Text, what: list[int], end: int) -> bool:
    """Whether what is last is a time ("the last hour"), lies at a place or is data ("the last val set")."""
    lies = text.match("'under|'below|'inside|group.det* @place|@number", end)
    data = len(what) > 1 and text.within(what[-1], "places.data.nouns")
    return lies is not None or text.within(end, *_TIMES) or (data and text.within(what[0], *_ROLES))


def _kind(text: Text, what: list[int]) -> str | None:
    """Return the action whose job is spoken of: the last word that says one."""
    for i in reversed(what):
        for action in _ACTIONS:
            if text.within(i, f"actions.{action}.nouns", *(f"actions.{action}.{f}" for f in FORMS)):
                return action
        if text.word(i) == "build" or text.within(i, "actions.words.engine"):
            return "gen_trt_engine"
        if text.within(i, "actions.words.onnx"):
            return "export"
    return None


def _leading(text: Text, match: Match, kind: str | None) -> list[int]:
    """Return the words that lead to a job of some kind: an engine is none of them where it is to be made."""
    engines = kind == "gen_trt_engine"
    words = _without_names(text, match)
    return [i for i in words if engines or not text.within(i, "actions.words.engine")]


def _without_names(text: Text, match: Match) -> list[int]:
    return [i for i in match.tokens() if text.tokens[i].kind != "name"]
