"""Small words about what has been understood: "only", "instead", "should", "when it is trained"."""

from __future__ import annotations

from skillbank.plan.reader.clauses import Clauses, Mode
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import ACTIONS
from skillbank.plan.reader.tokens import Claim

__all__ = ["take_announcements", "take_instead", "take_only", "take_order", "take_usual"]

_DOING = tuple(f"actions.{action}.ing" for action in ACTIONS)


_FORMS_OF = {a: tuple(f"actions.{a}.{form}" for form in (*FORMS, "nouns")) for a in ACTIONS}
_TAKEN_BACK = ("'instead !'of", "'but? operator.not operator.trailing")


def take_instead(text: Text) -> None:
    """Account for "instead" and "but not today" where something is taken back, for "continue with"."""
    back = text.ledger.of("refused", "excluded", "talk", "report")
    for match in (m for source in _TAKEN_BACK for m in text.find(source)):
        if any(_is_near(text, c, match.first) for c in back):
            text.ledger.claim("order", match.tokens())
    text.take("order.joining")
    if text.ledger.of("policy"):
        text.take("order.searched")
    for match in text.find("operator.instead group.det* &^job"):
        if text.within(match.end, *_DOING):  # "instead of exporting job X, evaluate it"
            text.ledger.claim("order", match.tokens())


def _is_near(text: Text, back: Claim, at: int) -> bool:
    """Whether something is taken back before a token: in its sentence, or as such."""
    marks = {text.tokens[k].text for k in range(back.last, at)}
    return back.first < at and (back.kind in ("refused", "excluded") or marks.isdisjoint(".!?"))


def take_order(text: Text, clauses: Clauses) -> None:
    """Account for what only says in which order things are done: "when it is trained"."""
    over = clauses.history()
    for clause in clauses.all:
        if clause.mode is Mode.ORDER:
            _take_opener(text, range(clause.first, clause.end))
            if clause.first not in over:
                _mark_waiting(text, range(clause.first, clause.end))


def _mark_waiting(text: Text, tokens: range) -> None:
    """Leave unread what steps wait for that is none of them: "evaluate JOB after retraining"."""
    asked = {getattr(c.value, "action", "inference") for c in text.ledger.of("action", "refused", "find")}
    if text.ledger.of("action", "find") and not _is_open(text, tokens):
        for i in (k for k in tokens if text.owner(k) == "talk"):
            named = {a for a, forms in _FORMS_OF.items() if text.within(i, *forms)}
            if named and named.isdisjoint(asked):
                text.ledger.mark("unread", [i])


def _is_open(text: Text, tokens: range) -> bool:
    """Whether a clause speaks of a job, or of what somebody decides: "then we will see about the export"."""
    return text.has_kind(tokens, "job") or text.holds(tokens, "grammar.mode.decide")


def _take_opener(text: Text, tokens: range) -> None:
    free = text.unclaimed(tokens)
    opener = next((i for i in free if text.within(i, "grammar.mode.order")), None)
    said = range(opener, text.ends(opener, "grammar.mode.order")[0]) if opener is not None else range(0)
    done = [i for i in free if text.within(i, "grammar.order.done")]
    spoken = any(text.owner(i) in _SPOKEN for i in tokens)
    if done and not spoken and not _is_of_steps(text, free, said.stop):
        words = [i for i in free if text.tokens[i].kind == "word"]
        text.ledger.claim("unread", words)  # "once the upload has finished" waits for something else
    elif said and (done or spoken):
        text.ledger.claim("order", text.unclaimed([*said, *done]))


def _is_of_steps(text: Text, free: list[int], opened: int) -> bool:
    """Whether words behind an opener only say that another step is done: "once it has been trained"."""
    words = (i for i in free if i >= opened and text.tokens[i].kind == "word")
    return all(text.within(i, "grammar.order.done", "grammar.order.referring") for i in words)


_SPOKEN = frozenset({"action", "talk", "find"})


def take_only(text: Text) -> None:
    """Account for "only" and "just" where what is limited has been understood: "only train", "train only"."""
    text.take("order.only")
    if len(text.ledger.of("action", "find")) == 1:
        for match in text.find("^action w=operator.only"):
            if text.kind(match.end) in ("", "mark"):
                text.ledger.claim("order", match.tokens("w"))


def take_usual(text: Text) -> None:
    """Account for what stays as it is; mark settings that only the person knows ("my usual settings")."""
    for name in ("order.unchanged", "unread.usual", "order.rest_default"):
        text.take(name)
    if text.ledger.of("job") or any(c.value.role == "weights" for c in text.ledger.of("place")):
        text.take("order.named_before")
    if any(c.value.value == "on" for c in text.ledger.of("policy")):  # a search would vary it all the same
        for match in text.unread().phrases("order.unchanged"):
            text.ledger.mark("unread", match.tokens())
    source = (
        "'with|'using|'use|'on? 'the|'my|'our|'his|'her|'their|'your+ free.adjective|'usual|'same|"
        "'old|'previous|'last|'default|'recommended* 'settings|'values|'defaults|'parameters|"
        "'hyperparameters|'config|'configuration|'setup|'recipe"
    )
    for match in text.find(source):
        words = {text.tokens[i].text for i in match.tokens()}
        shown = text.kind(match.end) in ("pair", "key") or text.word(match.end) in (":", "below")
        if words & {"default", "standard", "recommended"}:
            text.ledger.claim("order", match.tokens())
        elif not shown and not words & {"following", "below", "given", "above"}:
            text.ledger.claim("unread", match.tokens())


_LEADING = frozenset([":", "\n", "are", "is", "=", "as", "follows", "below", "like"])
"""What stands between "these settings" and the settings."""


_ENOUGH = frozenset({"action", "policy", "talk", "value", "find", "job", "name"})
"""What may be said to be enough: "20 epochs will do", "job X should do"."""


def take_announcements(text: Text) -> None:
    """Account for "with these settings:" before values, and for the defaults, which hold anyway."""
    for match in text.find("group.det|'following|'own|'some* slots.around.announce"):
        at = match.end
        while text.word(at) in _LEADING:
            at += 1
        owner = text.ledger.owner.get(at)
        if owner is not None and owner.kind in ("value", "policy", "place", "words", "field"):
            text.ledger.claim("context", match.tokens())
    for match in text.find("slots.around.enough"):
        owner = text.ledger.owner.get(match.first - 1)
        if owner is not None and owner.kind in _ENOUGH:
            text.ledger.claim("context", match.tokens())
    text.take("context.defaults")
