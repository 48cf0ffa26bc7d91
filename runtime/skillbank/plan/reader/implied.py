"""Which steps a text asks for without naming an action: finding, words for a search, what is made."""

from __future__ import annotations

import re
import sys

from skillbank.bank.actions import Action
from skillbank.bank.engines import example_model
from skillbank.errors import ActionNotFoundError, OutOfScopeError
from skillbank.plan.products import product_in, trains
from skillbank.plan.reader.actions import Mention
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.elsewhere import done_elsewhere
from skillbank.plan.reader.finding import is_next
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.own_actions import only_action
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.steps import steps_of
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.slot_keys import only_trained
from skillbank.visible import one_line

__all__ = ["asked_steps", "nothing_asked", "speaks_of_training"]


def speaks_of_training(page: Text) -> bool:
    """Whether a text speaks of an action that reads training data."""
    reads = ("train", "quantize", "distill")
    forms = [f"actions.{a}.{f}" for a in reads for f in (*FORMS, "nouns") if f != "past"]
    wished = [
        m.end - 1
        for a in reads
        for m in page.find(f"'be|'get|'have|'need|'it|'model|'and|@name actions.{a}.past")
    ]
    spoken = any(page.ledger.free(i) and page.within(i, *forms) for i in range(len(page.tokens)))
    return bool(wished) or spoken or any(c.value.action in reads for c in page.ledger.of("action"))


def asked_steps(page: Text, clauses: Clauses, said: Said | None) -> tuple[list[Step], list[str]]:
    """Return the steps, and what was guessed; a search asks for a training where nothing else does."""
    actions = page.ledger.of("action")
    finds = [c for c in page.ledger.of("find") if _is_asked(page, clauses, c, actions)]
    trained = _trained_before(page, clauses, actions) if not finds else ""
    if trained:
        page.ledger.claim("action", page.ledger.of("name")[0].tokens, Mention("train"))
        why = f"train is taken as what comes first, because '{trained}' is said of nothing else"
        return steps_of(page, clauses, finds, None), [why]
    implied = _implied(page, clauses, said, bool(actions or finds))
    if not actions and not finds and implied in (None, "train") and (wish := _wanted_model(page)) is not None:
        page.ledger.claim("action", wish.tokens("det"), Mention("train"))
        why = f"train is taken as what is asked for, because '{page.ledger.said(wish.tokens())}'"
        return steps_of(page, clauses, finds, None), [f"{why} names a model to be made"]
    told = "" if implied or actions or finds else _only_of_training(page)
    notes = [f"train is taken as what is asked for, because '{told}' is said of nothing else"] if told else []
    return steps_of(page, clauses, finds, "train" if told else implied), notes


def _trained_before(page: Text, clauses: Clauses, actions: list[Claim]) -> str:
    """Return what only a training has, where it is said of a model and its data before what follows it.

    "MODEL on D, no HPO. Afterwards export it." asks for two things.
    """
    if not actions or any(trains(c.value.action) for c in actions):
        return ""
    first = clauses.of(min(c.first for c in actions))
    next_ = any(
        page.within(k, "grammar.order.next") or page.word(k) == "then"
        for k in range(first.first, actions[0].first)
    )
    named = all(c.last < first.first for c in page.ledger.of("name"))
    placed = any(c.last < first.first for c in page.ledger.of("place"))
    return _only_of_training(page, until=first.first) if next_ and named and placed else ""


def _implied(page: Text, clauses: Clauses, said: Said | None, others: bool) -> str | None:
    """Return what a place, a search, a list of things or a product asks for without a word of an action."""
    doing = next((c.value.doing for c in page.ledger.of("place") if c.value.doing), None)
    taken_back = said is not None and any(  # "HPO for NAME on X. No, no HPO."
        page.holds(c.tokens, "policy.search.nouns") for c in page.ledger.of("excluded") if not others
    )
    if doing or taken_back or (said is not None and said.value == "on"):
        return doing or "train"
    if page.ledger.of("captions"):
        return "inference"
    return None if others else _product(page) or only_action(page, clauses) or _spoken_of(page)


def _spoken_of(page: Text) -> str | None:
    """Return the one action that a text speaks of beside a model and what it is done on or with.

    "MODEL trained on D, 45 epochs", "MODEL on P for inference, checkpoint from job J"
    """
    spoken, named = page.ledger.of("talk"), page.ledger.of("name")
    if not named or page.ledger.of(*_UNDONE):
        return None
    if any(c.value.role == "inference_dataset" for c in page.ledger.of("place")):
        return "inference"
    action = _done_or_led(page, named[0], spoken[0]) if len(spoken) == 1 else None
    if action is not None:
        page.ledger.claim("order", spoken[0].tokens)
    return action


def _done_or_led(page: Text, name: Claim, said: Claim) -> str | None:
    """Return the action of a participle behind a model that opens a clause, or of a noun behind "for"."""
    done = _action_of(page, said, "past")
    if done is not None:
        opens = name.first - page.within(name.first - 1, "grammar.group.det")
        headed = said.first == name.last + 1 and page.kind(opens - 1) in ("", "mark")
        return done if headed and page.match("group.prep ^place", said.last + 1) else None
    beside = page.sentence(name.first) == page.sentence(said.first)
    led = page.word(said.first - 1) == "for" and beside and bool(page.ledger.of("place"))
    return _action_of(page, said, "nouns") if led else None


def _action_of(page: Text, said: Claim, form: str) -> str | None:
    """Return the action whose word in some form a claim begins with."""
    return next((a for a in ACTIONS if page.within(said.first, f"actions.{a}.{form}")), None)


def _wanted_model(page: Text) -> Match | None:
    """Return where a text wishes for a kind of model beside its data: "we need a classifier".

    A model that a job has made, or that is told or asked of, is none that is to be made.
    """
    places = [c.value for c in page.ledger.of("place")]
    known = page.ledger.of("job", "talk", "question", "refused", "excluded", "captions")
    if known or not places or any(place.role == "inference_dataset" for place in places):
        return None
    wishes = page.phrases("action.model")
    return next((m for m in wishes if _is_model(page, m) and not _only_tells(page, m)), None)


_UNDONE = ("refused", "question", "report", "excluded")
"""What may have been said of an action that is not to be done."""
_HEDGES = frozenset({"used", "may", "might", "nobody", "never", "not", "don't", "already", "if"})
_PAST = frozenset({"made", "built", "did", "got", "gave", "wrote", "had", "was", "were"})
_BEFORE_HAVING = frozenset({"to", "need", "needs", "want", "like", "would", "wish", "after"})


def _only_tells(page: Text, wish: Match) -> bool:
    """Whether a model is there already, or is not wished for now: "we already have a classifier"."""
    det = wish.tokens("det")[0]
    first = next((k + 1 for k in range(det - 1, -1, -1) if page.kind(k) == "mark"), 0)
    words = page.words(range(first, det))
    told = any(word in _PAST or re.fullmatch(r".*[^e]ed", word) for word in words[-3:])
    there = words[-1:] in (["is"], ["have"], ["has"]) and _BEFORE_HAVING.isdisjoint(words[-2:-1])
    return told or there or not _HEDGES.isdisjoint(words)


def _is_model(page: Text, wish: Match) -> bool:
    """Whether what is wished for is a kind of model, which a determiner alone does not say."""
    return any(page.lexicon.has(page.word(k), "places.data.models") for k in wish.tokens("what"))


def _is_asked(page: Text, clauses: Clauses, claim: Claim, actions: list[Claim]) -> bool:
    """Whether a verb of finding asks for an inference; else it is what a training is for, or no such verb."""
    learned = [c.value.action for c in actions if c.value.action in ("train", "distill")]
    last = [c.value.action for c in actions if c.first < claim.first][-1:]
    if learned and (not last or last[0] in ("train", "distill")) and _is_purpose(page, claim):
        _let_count(page, page.ledger.replace(claim, "context"))
        return False
    inferring = any(c.value.action == "inference" for c in actions)
    if _is_no_finding(page, clauses, claim, bool(actions), inferring):
        page.ledger.withdraw(claim)
        return False
    return True


def _let_count(page: Text, purpose: Claim) -> None:
    """Take a verb of counting for what a training is for: "we want to count buns. Train X on D"."""
    for claim in [c for c in page.ledger.claims if c.kind == "unread"]:
        if page.words(claim.tokens) == ["count"] and claim.last + 1 >= purpose.first:
            page.ledger.replace(claim, "context")


def _only_of_training(page: Text, until: int = sys.maxsize) -> str:
    """Return what is said of a named model and its data that a training alone has, else nothing.

    What stands from a token on (``until``) is not looked at.
    """
    named = list({s.qualified: s for c in page.ledger.of("name") for s in c.value.skills}.values())
    other = page.ledger.of("job", "refused", "question", "excluded") or _speaks_of_others(page)
    trained = len(named) == 1 and any(map(_trains, named[0].actions))
    if not trained or other or not page.ledger.of("place"):
        return ""
    said = (c for c in page.ledger.of("policy", "value", "place") if c.first < until)
    return next((page.ledger.said(c.tokens) for c in said if (
        c.kind == "policy" or (c.kind == "value" and only_trained(named[0], c.value.slot))
        or getattr(c.value, "role", "") == "train_datasets")), "")  # fmt: skip


def _speaks_of_others(page: Text) -> bool:
    """Whether a text speaks of more than a training that is not over: "a fine-tuned MODEL" is none."""
    return not all(
        len(c.tokens) == 1 and page.within(c.first, "actions.train.past")
        and page.word(c.first - 1) not in ("was", "were", "been", "has", "had", "have", "i", "we")
        for c in page.ledger.of("talk")
    )  # fmt: skip


def _trains(action: Action) -> bool:
    return trains(action.name)


_MAKING = (("engine", "gen_trt_engine"), ("onnx", "export"))
"""Which action makes what."""


def _product(page: Text) -> str | None:
    """Return the action that makes what a text names alone: "TensorRT engine from the last export"."""
    given = page.ledger.of("job", "place")
    if page.holds((c.first for c in given), "actions.words.begin", "actions.words.resume"):
        return "train"
    if any(_is_applied(page, job) for job in given if job.kind == "job"):
        return "inference"
    return _made_of(page) or _named_product(page, bool(given))


def _made_of(page: Text) -> str | None:
    """Return the action that makes the file that a text wants made: "convert it to x.onnx"."""
    free = page.unclaimed(range(len(page.tokens)))
    making = [i for i in free if page.within(i, "actions.words.make", "actions.words.convert")]
    for claim in page.ledger.of("place") if making else ():
        action = dict(_MAKING).get(product_in(claim.value.uri) or "")
        if action is not None and page.word(claim.tokens[-1] - 1) in ("to", "into", "as"):
            page.ledger.claim("order", making[:1])
            return action
    return None


def _named_product(page: Text, given: bool) -> str | None:
    """Return the action that makes what is named beside what it can be made of."""
    words = [i for i, token in enumerate(page.tokens) if token.kind == "word"] if given else []
    return next((action for kind, action in _MAKING if page.holds(words, f"actions.words.{kind}")), None)


def _is_applied(page: Text, job: Claim) -> bool:
    """Whether a job is to be used on a place that nothing says to be for something else: "use job X on P"."""
    match = page.match("'on|'over|'against ^place", job.last + 1)
    place = page.ledger.owner[match.end - 1] if match is not None else None
    return page.within(job.first, "actions.words.apply") and place is not None and place.value.role is None


def _is_no_finding(page: Text, clauses: Clauses, claim: Claim, others: bool, inferring: bool) -> bool:
    """Whether a verb of finding means something else: "label smoothing", "count them" behind a find."""
    if page.holds(clauses.sentence(claim.first), "grammar.mode.by_hand"):
        return True
    placed = page.has_kind(clauses.sentence(claim.first), "place")
    behind = any(
        page.tokens[i].kind == "place" or page.within(i, "places.data.nouns", "grammar.group.it")
        for i in clauses.sentence(claim.first)
        if i > claim.last
    )
    if others and not inferring:
        return not behind
    earlier = any(c.first < claim.first for c in page.ledger.of("find"))
    return not claim.value and not behind and (earlier or not placed)


def _is_purpose(page: Text, claim: Claim) -> bool:
    """Whether finding is what a training is for ("train it to find helmets"), and not asked for by itself.

    What a model is used for once it is trained is asked for: "then use it to find helmets in X".
    """
    if is_next(page, claim.first) or any(match.end == claim.first for match in page.phrases("action.used")):
        return False
    before = [t.text for t in page.tokens[max(0, claim.first - 3) : claim.first]]
    sentence = any(t in (".", "!", "?", ";", ",", "and", "then") for t in before[-1:])
    return not sentence and bool({"to", "for", "that", "which", "can", "will"} & set(before))


def nothing_asked(text: str, page: Text) -> Exception:
    """Return the refusal of a text that asks for no step."""
    skills = [s for c in page.ledger.of("name") for s in c.value.skills]
    if skills and page.ledger.of("refused"):
        return ActionNotFoundError(
            f"The request names {skills[0].name} and takes back what it could do; say what is to be run."
        )
    if skills and not page.ledger.of("question", "talk"):
        can = ", ".join(dict.fromkeys(a.name for a in skills[0].actions))
        return ActionNotFoundError(f"The request names {skills[0].name} but no action; it can {can}.")
    asked, example = text.strip()[:80], f"train {example_model()} on s3://bucket/data"
    if elsewhere := done_elsewhere(page):
        return OutOfScopeError(
            f"'{asked}' asks for no run; {elsewhere.marked}; a run is asked for as in: {example}."
        )
    places = [one_line(c.value.uri, 60) for c in page.ledger.of("place")]
    placed = f": nothing of it says what is to be done with {places[0]}" if places else ""
    return OutOfScopeError(
        f"'{asked}' asks for no run{placed}; say what to do with which model, for example: {example}; "
        "or of one data set: convert ./data to COCO."
    )
