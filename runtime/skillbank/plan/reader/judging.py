"""What one mention of a search says: on, off or auto, by the words around it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.tokens import Claim

__all__ = ["REACH", "Said", "judge", "operator_before"]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said about the policy: ``on``, ``off`` or ``auto``.

    ``verb`` is whether it asks for a search as such ("tune the hyperparameters"), which asks for a training.
    """

    value: str
    words: str
    verb: bool = False


_STOP = frozenset(".,;!?()/|")
_ENDS = frozenset([".", ",", ";", "!", "?", ")", "and", "please", "for", "this", "then", "but", "\n"])
_NOT = frozenset(["not", "never", "nobody", "neither", "none", "nothing", "hardly"])
REACH = 9
"""Words before a mention that can be about it."""
_HEADS = word_list("judging.heads")
"""Verbs whose state stands behind the mention: "no need to switch AutoML off"."""
_ANSWERS = {
    **dict.fromkeys(("no", "nope", "nah", "nein", "non"), "off"),
    **dict.fromkeys(("yes", "yeah", "sure", "oui", "ja"), "on"),
}
_SAYING = frozenset({"said", "say", "mentioned", "claimed", "claim"})
_FEELINGS = word_list("judging.feelings")
_MANAGING = frozenset({"do", "go", "be", "live", "survive", "manage"})
_LEAVING = word_list("judging.leaving")
_DENYING = frozenset(["no", "refrain", "not", "without", "hold"])


def judge(text: Text, match: Match, *, verb: bool) -> Claim:
    """Judge one mention by the words around it, and account for those that belong to it."""
    first = match.first
    while first > 0 and match.first - first < REACH and _reaches(text, first - 1):
        first -= 1
    value, negations, used = operator_before(text, first, match.first)
    used |= set(match.tokens())
    state, denied, end = _after(text, match.end)
    negations += sum(text.word(i) in _NOT for i in match.tokens())
    if value == state == "off":  # "no need to switch AutoML off", "without AutoML being skipped"
        heads = _head_before(text, first, match.first)
        used |= heads
        negations += bool(heads) or "without" in text.words(used)
    if state is not None:
        value = value if (value, state) == ("off", "on") else state  # "no AutoML required" stays off
        negations += denied
        used |= set(range(match.end, end))
    around = set(text.words(used - set(match.tokens())))
    value = _denied(_joined(text, match.first) or value or "on", negations, around)
    words = text.unclaimed(range(min(used), max(used) + 1))
    said = text.words(words)
    if negations and (not _SAYING.isdisjoint(said) or _denies_feeling(said)):
        return text.ledger.claim("unread", words)  # "I never said that I wanted HPO" demands nothing
    return text.ledger.claim("policy", words, Said(value, text.ledger.said(words), verb and value == "on"))


def _denies_feeling(said: list[str]) -> bool:
    """Whether a feeling is denied, and not the thing: "I don't mind AutoML", "we can't do without HPO"."""
    pairs = list(pairwise([*said, ""]))
    denials = (k for k, pair in enumerate(pairs) if pair[0] in _NOT | _DENYING and pair != ("never", "mind"))
    felt = any(not _FEELINGS.isdisjoint(said[k + 1 : k + 4]) for k in denials)
    return felt or any(a in _MANAGING and b == "without" for a, b in pairs)


def _denied(value: str, negations: int, around: set[str]) -> str:
    """Return what is said with some negations: what is not to be off may be either.

    What is not to be left out has to be there: "don't forget AutoML", "never without HPO", "without AutoML
    being skipped".
    """
    denying, leaving = around & {*_NOT, "without"}, around & _LEAVING
    if value == "off" and negations == 1 and denying and leaving and denying | leaving != {"without"}:
        return "on"
    return value if negations % 2 == 0 else {"off": "auto", "on": "off"}.get(value, value)


def _head_before(text: Text, first: int, mention: int) -> set[int]:
    """Return the verb right before a mention whose state stands behind it."""
    words = (k for k in range(mention - 1, first - 1, -1) if not text.within(k, "grammar.group.det"))
    head = next(words, None)
    return {head} if head is not None and text.tokens[head].text in _HEADS else set()


def _joined(text: Text, first: int) -> str | None:
    """Return what was said of the mention right before this one: "no AutoML/HPO", "without HPO or tuning"."""
    k = first - 1
    while k >= 0 and text.tokens[k].text in ("/", "or", "and", "&", "nor"):
        k -= 1
    owner = text.ledger.owner.get(k)
    return owner.value.value if owner is not None and owner.kind == "policy" and k < first - 1 else None


def _reaches(text: Text, i: int) -> bool:
    token = text.tokens[i]
    if token.kind not in ("word", "mark", "number") or token.text in _STOP or not text.ledger.free(i):
        return token.kind == "name"
    if token.text == "but" and i and text.within(i - 1, "grammar.exclusion.whole"):
        return True  # "anything but AutoML"
    return token.text not in ("but", "then", "when", "because", "so", "if")


def operator_before(text: Text, first: int, mention: int) -> tuple[str | None, int, set[int]]:
    """Find the nearest operator before a mention, and the negations of it.

    Returns
    -------
    tuple
        What the operator says, how many negations stand before it, and which tokens say so.
    """
    found = [
        (end, end - i, i, turn)
        for turn in ("off", "on") for i in range(first, mention)
        for end in text.ends(i, f"policy.turn.{turn}")
        if end <= mention and _are_passed(text, range(end, mention))
    ]  # fmt: skip
    end, _, start, value = max(found, default=(mention, 0, mention, None))
    used, negations = set(range(start, end)), 0
    for i in range(first, start):
        stop = _denies(text, i, start, value) if i not in used else i
        if stop > i:
            negations += 1
            used |= set(range(i, stop))
    return value, negations, used


def _denies(text: Text, i: int, start: int, value: str | None) -> int:
    """Return where a negation of an operator that begins at a token ends."""
    if ":" in text.words(range(i, start)):
        return i  # "don't forget: no HPO"
    if text.word(start) == "no" and not _LEAVING.isdisjoint(text.words(range(i + 1, start))):
        return i  # "don't forget no HPO"
    if text.tokens[i].text in _NOT:
        return i + 1
    inside = max((e for e in text.ends(i, "policy.turn.off") if e <= start), default=i)
    if inside == i or (value == "off" and text.tokens[i].text not in _DENYING):
        return i
    own = value == "on" and text.holds(range(inside, start), "policy.search.nouns")
    return inside if not own and _are_passed(text, range(inside, start)) else i


def _are_passed(text: Text, tokens: range) -> bool:
    return all(_is_passed(text, k) for k in tokens)


_PASSED = (
    *(f"grammar.free.{kind}" for kind in ("glue", "light", "adjective", "adverb", "noun")),
    "grammar.group.det",
    "policy.search.noun", "policy.search.plain", "policy.search.nouns", "grammar.operator.or",
)  # fmt: skip
"""What may stand between an operator and the mention."""
_DESCRIBING = word_list("judging.describing")
_STAYING = word_list("judging.staying") | {":", "="}


def _is_passed(text: Text, i: int) -> bool:
    token = text.tokens[i]
    return token.kind == "name" or text.within(i, *_PASSED) or token.text in _HEADS | _DESCRIBING


def _after(text: Text, at: int) -> tuple[str | None, int, int]:
    """Find the state said after the mention ("is not needed"): value, negations, and where it ends."""
    said = [t.text for t in text.tokens[at : at + 2]]
    if said[:1] == ["?"] and said[-1] in _ANSWERS:
        return _ANSWERS[said[-1]], 0, at + 2
    negations = 0
    for i in range(at, min(at + 7, len(text.tokens))):
        token = text.tokens[i]
        if not text.ledger.free(i) or (token.text == "no" and text.within(i + 1, "policy.search.nouns")):
            break
        if (stated := _state(text, at, i)) is not None:
            return stated[0], negations, stated[1]
        if token.kind == "number":
            return ("off", negations, i + 1) if token.value == 0 else (None, 0, at)
        negations += token.text in _NOT
        if token.text not in _NOT and not _stays(text, at, i):
            break
    return None, 0, at


def _state(text: Text, at: int, i: int) -> tuple[str, int] | None:
    """Return the state that a token says, and where it ends: in quotes, or by a phrase."""
    token, bare = text.tokens[i], i == at or text.tokens[i - 1].text in (":", "=")
    for value in ("off", "on", "auto"):
        if token.kind == "quote" and text.lexicon.has(str(token.value).lower(), f"policy.state.{value}"):
            return value, i + 1  # automl: "off"
    for value in ("off", "on", "auto"):
        for end in text.ends(i, f"policy.state.{value}"):
            following = text.tokens[end].text if end < len(text.tokens) else "."
            # "AutoML on s3://..." says where the data is; "AutoML on, please" says that it is on.
            if not (value == "on" and bare and following not in _ENDS):
                return value, end
    return None


def _stays(text: Text, at: int, i: int) -> bool:
    """Whether a word may stand between a mention and its state."""
    word = text.tokens[i].text
    free = text.within(i, "grammar.free.glue", "grammar.group.det", "grammar.free.adverb")
    return (free or word in _STAYING) and not (word in ("with", "and", "on") and i == at)
