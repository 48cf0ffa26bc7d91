"""Which earlier job a request starts from: by its id, or as the last one of its kind."""

from __future__ import annotations

from collections.abc import Callable

from skillbank.errors import JobNotFoundError
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import ACTIONS

__all__ = ["JobSkill", "mark_foreign", "skill_of", "take_jobs"]

JobSkill = Callable[[str], str]
"""Name of the skill that a job ran; raises `JobNotFoundError` where there is no such job, or several."""

_TOLD = frozenset({"was", "were", "is", "been", "ran", "runs", "exists", "known"})
"""Behind them in a sentence, "as job X" tells of one that is there."""
_BEFORE_VERB = frozenset({
    "and", "then", "please", "to", "on", "for", "you", "me", "us", "let", "now", "i", "we", "can",
    "could", "will", "would", "should", "must", "just", "also"
})  # fmt: skip
_BASES, _NOUNS, _DOINGS = ([f"actions.{a}.{form}" for a in ACTIONS] for form in ("base", "nouns", "ing"))
_DONE_WITH = tuple(f"actions.{a}.nouns" for a in ("evaluate", "export", "quantize"))
"""What is done with a job, so that its noun behind a word of `_ORDERED` asks for it."""
_PRODUCTS = ("actions.words.engine", "actions.words.onnx")
_TIMES = tuple(f"slots.units.{unit}" for unit in ("hours", "days", "minutes"))
_ROLES = ("places.roles.train_datasets.before", "places.roles.eval_dataset.before")
_RUNS = frozenset({"job", "jobs", "run", "runs", "one", "experiment", "session", "task"})
_JOINTS = frozenset({"from", "of", "out", "in", "by"})
_ORDERED = frozenset({"do", "run", "perform", "need", "request", "want", "start", "launch", "like"})


def take_jobs(text: Text) -> None:
    """Account for jobs and for the words that only lead to one ("using the checkpoint of job X")."""
    claim = text.ledger.claim
    _leave_unnamed(text)
    for match in text.phrases("jobs.just"):
        kind = _kind(text, match.tokens("what")) or "train"
        claim("job", _without_names(text, match), f"last:{kind}")
    for match in sorted(text.phrases("jobs.by_id"), key=lambda m: m.first - m.end):
        _by_id(text, match)
    for i, token in enumerate(text.tokens):
        if token.kind == "job" and text.ledger.free(i):
            claim("job", [i], token.value)
    last = sorted(text.phrases("jobs.last"), key=lambda match: text.words(match.tokens("what")) == ["one"])
    for match in last:
        _last(text, match)
    for match in text.phrases("jobs.further") if text.ledger.of("job") else ():
        if text.word(match.first - 1) != "once":  # "once more" is one phrase
            claim("order", match.tokens("w"))


def _leave_unnamed(text: Text) -> None:
    """Leave unread what another run is compared with, and a job that only the person knows."""
    for match in text.phrases("jobs.other"):
        if _compares(text, match):
            text.ledger.claim("unread", _without_names(text, match))
    for match in text.phrases("jobs.named"):
        told = text.words(range(text.sentence(match.first).start, match.first))
        if _TOLD.isdisjoint(told):
            text.ledger.claim("unread", _without_names(text, match))


def _compares(text: Text, match: Match) -> bool:
    """Whether words lead to another job, and "like" is no wish: "I would like job J resumed"."""
    return len(match.tokens()) > 1 and text.words([match.first - 1, match.first]) != ["would", "like"]


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


def _by_id(text: Text, match: Match) -> None:
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
    before = range(max(at - 6, text.sentence(at - 1).start), at) if at else range(0)
    return text.holds(before, "actions.words.make", "actions.words.convert", "actions.export.base")


def _asks(text: Text, match: Match, what: list[int]) -> bool:
    """Whether the words before a job ask for an action: a bare verb or noun, with no word leading to it."""
    if _is_new(text, match, what):
        return True
    if match.first not in what:
        return False
    if text.word(match.first - 1) in ("after", "before") and _is_done_on(text, match, what):
        return True
    alone = _is_alone(text, match.first)
    plain = [
        i for i in what
        if text.within(i, *_BASES, *_NOUNS, *_DOINGS) and not text.within(i - 1, "grammar.group.det")
    ]  # fmt: skip
    if text.word(match.first) == "run" and alone:
        return True
    if not {"from", "of", "in"}.isdisjoint(text.words(match.tokens())):
        return bool(plain)
    return bool(plain) and alone and (text.holds(plain[:1], *_BASES) or not _others(text, match))


def _is_done_on(text: Text, match: Match, what: list[int]) -> bool:
    """Whether what is done with a job has a place of its own: "after evaluating JOB on X, export it"."""
    return (
        text.holds(what[:1], *_DOINGS)
        and text.match("'on|'against|'over group.det* @place", match.end) is not None
    )


def _is_new(text: Text, match: Match, what: list[int]) -> bool:
    """Whether a noun is none of what has been: "an evaluation of job X", "do the evaluation of job X"."""
    one = any(text.word(i) in ("a", "an") and text.within(i + 1, *_NOUNS) for i in match.tokens())
    return one or (text.word(match.first - 1) in _ORDERED and text.holds(what[:1], *_DONE_WITH))


def _is_alone(text: Text, at: int) -> bool:
    """Whether no word before a token makes a noun of it, or leads to it."""
    if text.kind(at - 1) in ("", "mark", "name") or text.word(at - 1) in _BEFORE_VERB:
        return True
    return not text.within(at - 1, "grammar.group.det", "grammar.group.prep", *_BASES, *_NOUNS, *_DOINGS)


def _others(text: Text, match: Match) -> bool:
    """Whether other words ask for an action, so that the noun before a job only says what ran."""
    others = set(range(len(text.tokens))).difference(match.tokens())
    return text.holds(text.unclaimed(others), *_BASES, *_NOUNS)


def _last(text: Text, match: Match) -> None:
    """Account for the last job of a kind, unless what is last is a time, a place or data."""
    match = _without_product(text, match)
    what = match.tokens("what")
    if text.word(match.end) == ":" and text.kind(match.end + 1) == "name":
        text.ledger.claim("order", text.unclaimed(match.tokens()))  # "last run: MODEL on D" counts
        return
    if not what or not _is_open(text, match) or _is_no_job(text, what, match.end):
        return
    words = text.words(what)
    if words == ["one"] and _leave_last_one(text, match):
        return
    kind, run = _kind(text, what), not _RUNS.isdisjoint(words)
    if kind is not None or run or _is_model(text, what):
        value = "last" if kind is None and run else f"last:{kind or 'train'}"
        text.ledger.claim("job", _leading(text, match, kind), value)


def _is_open(text: Text, match: Match) -> bool:
    """Whether nothing but names has the words of a match."""
    return all(text.ledger.free(i) or text.tokens[i].kind == "name" for i in match.tokens())


def _is_model(text: Text, what: list[int]) -> bool:
    return text.has_kind(what, "name") or text.holds(what, "places.weights.before", "grammar.group.model")


def _leave_last_one(text: Text, match: Match) -> bool:
    """Leave "A and B, but the last one" unread; return whether "the last one" is none of the jobs.

    "Last one for today: export JOB" counts what is asked for.
    """
    if text.word(match.first - 1) in ("but", "except", "and", "not"):
        text.ledger.claim("unread", match.tokens())
        return True
    return bool(text.ledger.of("job")) or text.word(match.end) == "for"


def _is_no_job(text: Text, what: list[int], end: int) -> bool:
    """Whether what is last is a time ("the last hour"), lies at a place or is data ("the last val set")."""
    lies = text.match("'under|'below|'inside|group.det* @place|@number", end)
    data = len(what) > 1 and text.within(what[-1], "places.data.nouns")
    return lies is not None or text.within(end, *_TIMES) or (data and text.within(what[0], *_ROLES))


def _kind(text: Text, what: list[int]) -> str | None:
    """Return the action whose job is spoken of: the last word that says one."""
    for i in reversed(what):
        for action in ACTIONS:
            if text.within(i, *(f"actions.{action}.{form}" for form in ("nouns", *FORMS))):
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
