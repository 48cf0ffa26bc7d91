"""Jobs that are called what they are not: "the exported JOB" of a training is none of its models.

Nor is "the last checkpoint" behind a training plainly that of an earlier job, and a job that is waited for,
compared with or only spoken of is none that a training starts from. What no step makes has no place either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from skillbank.errors import JobNotFoundError
from skillbank.plan.products import trains
from skillbank.plan.reader.forms_before import mark_forms_before
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.place import is_into
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import MORE
from skillbank.plan.reader.wording import of

__all__ = ["JobAction", "settle_jobs"]

JobAction = Callable[[str], str]
"""Action that a job ran; raises `JobNotFoundError` where there is no such job, or several."""
_FORMS = {
    "export": ("actions.export.past", "actions.export.nouns", "actions.words.onnx"),
    "gen_trt_engine": ("actions.words.engine",),
    **{
        action: (f"actions.{action}.past", f"actions.{action}.nouns")
        for action in ("quantize", "prune", "distill")
    },
}
"""By action, the words for what it leaves."""
_MAKERS = (
    *((frozenset({action}), words) for action, words in _FORMS.items()),
    (frozenset({"inference", "evaluate"}), ("actions.words.boxes", "actions.inference.nouns")),
)
"""Actions, and the words for what one of them leaves."""
_PASTS = "|".join(words[0] for words in _FORMS.values() if words[0].endswith(".past"))


def settle_jobs(text: Text, steps: Sequence[Step], job_action: JobAction | None) -> list[str]:
    """Ask about jobs that are not what they are called, or no step's; return sentences on the others."""
    _mark_other_forms(text, steps, job_action)
    mark_forms_before(text, steps)
    _mark_unmade(text, steps)
    _mark_other_purposes(text, steps)
    _mark_last_beside_new(text, steps)
    _mark_spoken_of(text, steps)
    return list(_settle_more_epochs(text, steps))


def _mark_other_forms(text: Text, steps: Sequence[Step], job_action: JobAction | None) -> None:
    """Ask about the words beside a job where they name what another action leaves."""
    built = any(step.action == "gen_trt_engine" for step in steps)
    for claim in text.ledger.of("job") if job_action is not None else ():
        said = _forms_said(text, claim, built=built)
        ran = _action_of(job_action, str(claim.value)) if said else None
        if ran is not None and ran not in said:
            text.ledger.mark("unread", [i for tokens in said.values() for i in tokens])


def _mark_last_beside_new(text: Text, steps: Sequence[Step]) -> None:
    """Ask which model is the last one where the request trains one of its kind before it is spoken of."""
    for step in steps:
        for claim in (c for c in step.of("job") if str(c.value).startswith("last")):
            new = any(trains(s.action) and s.skill is step.skill and s.at < claim.first for s in steps)
            if new and not trains(step.action) and _EARLIER.isdisjoint(text.words(claim.tokens)):
                text.ledger.replace(claim, "unread")


_EARLIER = frozenset({"previous", "preceding"})


def _mark_unmade(text: Text, steps: Sequence[Step]) -> None:
    """Ask where a place is given to what no step makes: "train it, put the ONNX into X"."""
    made = {step.action for step in steps}
    for claim in text.ledger.of("place"):
        into = is_into(text, claim)
        first = claim.first
        while into and text.kind(first - 1) == "word" and text.owner(first - 1) in ("", "talk"):
            first -= 1
        held = range(first, claim.last + 1)
        said = [makers for makers, words in _MAKERS if text.holds(held, *words)]
        if (into or claim.value.role == "results") and said and not any(made & makers for makers in said):
            text.ledger.withdraw(claim)
            text.ledger.mark("unread", held)


def _mark_other_purposes(text: Text, steps: Sequence[Step]) -> None:
    """Ask what a job is to do with data that are for another action: "run JOB on D for training".

    A verb that names what is done says it itself: "label D for training with JOB".
    """
    for step in (s for s in steps if s.action == "inference" and text.within(s.at, *_STARTED)):
        for claim in step.of("place"):
            words = [i for i in claim.tokens if text.kind(i) == "word"]
            learned = claim.value.role in ("train_datasets", "eval_dataset") and not claim.value.test
            if learned and text.words(words[:1]) in (["for"], ["as"]):
                text.ledger.mark("unread", words)


_STARTED = ("actions.words.apply", "actions.words.launch")


def _mark_spoken_of(text: Text, steps: Sequence[Step]) -> None:
    """Ask about a job beside a training of a named model where nothing leads from it to the training.

    "Start when JOB is done", "as in JOB", "with JOB's data" and "into JOB" say no model to start from, and
    "train X, our last model, on D" leaves open whether it only says which model X is.
    """
    for step in (s for s in steps if trains(s.action) and s.of("name")):
        for claim in step.of("job"):
            if _is_apposed(text, step, claim) or not _is_led_from(text, claim):
                text.ledger.replace(claim, "unread")


def _is_apposed(text: Text, step: Step, claim: Claim) -> bool:
    """Whether the last model is said to be the named one that is trained: "train X, our last model, on D"."""
    first = claim.first
    while text.within(first - 1, "grammar.group.det", "grammar.free.adjective"):
        first -= 1
    parted = text.kind(first - 1) == "mark" and text.kind(first - 2) == "name"
    plain = text.word(step.at) in ("train", "training", "trained")
    return parted and plain and str(claim.value).startswith("last") and text.kind(claim.last + 1) == "mark"


def _settle_more_epochs(text: Text, steps: Sequence[Step]) -> Iterator[str]:
    """Say that more epochs are counted anew, from the model of a job; ask where a step starts from none."""
    for step in steps:
        jobs = [c for c in step.of("job") if text.owner(c.first) == "job"]
        for claim in (c for c in step.of("value") if c.value.slot == "epochs" and not c.value.most):
            if MORE.isdisjoint(text.words(claim.tokens)):
                continue
            if jobs:
                said = text.ledger.said(claim.tokens)
                yield f"'{said}' is all that is trained: it starts from the model of that job, at epoch 0"
            else:
                text.ledger.replace(claim, "unread")


def _is_led_from(text: Text, claim: Claim) -> bool:
    """Whether something starts from a job by the words before it, and it does nothing by those behind it."""
    said = {text.word(claim.first - 1), *text.words(claim.tokens)}
    if text.holds(claim.tokens, *_BEGUN) or not _BASES.isdisjoint(said):
        return True
    lead, after = claim.first, claim.last + 1
    while text.word(lead) not in of("prepositions") and _is_passed(text, lead - 1):
        lead -= 1
    if text.ledger.original[text.tokens[claim.last].end :][:1] == "'":  # "JOB's checkpoint", "JOB's data"
        return text.within(after, "places.weights.before")
    if text.holds(range(lead, after), "places.data.nouns"):
        return False
    led = text.word(lead) if text.word(lead) in of("prepositions") else ""
    return led in ("from", "off") or _is_given(text, lead - 1, led, closed=_is_closed(text, after))


def _is_given(text: Text, before: int, led: str, *, closed: bool) -> bool:
    """Whether a job is the object of a verb ("fine-tune JOB"), stands apart or is given with a step."""
    verb = text.holds([before], *_BEGUN, *_DONE) or text.owner(before) == "action"
    apart = text.kind(before) in ("", "mark", "name", "place")
    if led in _WITH:
        return closed and (apart or verb or text.word(before) in ("top", "it"))
    return not led and (verb or (apart and closed))


def _is_closed(text: Text, after: int) -> bool:
    """Whether what stands behind a job says nothing of it: "with JOB on D", but not "with JOB running"."""
    placed = text.word(after) != "in" or text.kind(after + 1) == "place"
    over = text.kind(after) != "word" or text.owner(after) in ("courtesy", "order")
    return over or (text.word(after) in _CLOSING and placed)


def _is_passed(text: Text, i: int) -> bool:
    """Whether a token before a job only describes it."""
    described = ("grammar.group.det", "grammar.free.adjective", "grammar.free.noun", "grammar.group.last")
    model = text.within(i, *described, "grammar.group.model", "places.weights.before", "grammar.group.prep")
    return i >= 0 and text.owner(i) != "action" and (model or text.kind(i) == "name" or text.word(i) == "(")


_BEGUN = ("actions.words.begin", "actions.words.resume")
_WITH = frozenset({"with", "using", "on", "of"})
_BASES = frozenset({"parent", "base", "basis", "starting", "point", "teacher"})
_CLOSING = frozenset(
    {"to", "please", "and", "then", "on", "for", "as", "at", "further", "again", "over", "in"}
)
_DONE = tuple(f"actions.{action}.{form}" for action in ACTIONS for form in ("base", "ing"))


def _forms_said(text: Text, claim: Claim, *, built: bool) -> dict[str, list[int]]:
    """Return by action the words at a job that name what it leaves; an engine is none where one is built."""
    if str(claim.value).startswith("last"):
        return {}
    near = [*([] if built else _engine_before(text, claim)), *claim.tokens, *_behind(text, claim)]
    near = [i for i in near if not text.word(i).endswith("ing")]  # "instead of exporting JOB"
    found = {action: [i for i in near if text.within(i, *words)] for action, words in _FORMS.items()}
    return {action: tokens for action, tokens in found.items() if tokens}


def _behind(text: Text, claim: Claim) -> list[int]:
    """Return the participle behind a job that says in which form it is meant: "evaluate JOB quantized"."""
    match = text.unread().match(f"{_PASTS} !~word|@place|@name|@job", claim.last + 1)
    match = match or text.unread().match(f"{_PASTS} &'on|'with|'over|'against", claim.last + 1)
    free = match is not None and text.owner(match.first) in ("", "talk")
    return [match.first] if match is not None and free else []


def _engine_before(text: Text, claim: Claim) -> list[int]:
    """Return the engine that is said to be of a job, which has a claim of its own."""
    k = claim.first - 1
    return list(text.ledger.owner[k].tokens) if text.owner(k) == "engine" else []


def _action_of(job_action: JobAction | None, job: str) -> str | None:
    try:
        return job_action(job) if job_action is not None else None
    except JobNotFoundError:
        return None
