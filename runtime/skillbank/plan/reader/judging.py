"""What one mention of a search says: on, off or auto, by the words around it."""

from __future__ import annotations

from dataclasses import dataclass

from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["ENDS", "REACH", "Said", "judge", "operator_before"]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said about the policy: ``on``, ``off`` or ``auto``.

    ``verb`` is whether it asks for a search as such ("tune the hyperparameters"), which asks for a training.
    """

    value: str
    words: str
    verb: bool = False


_STOP = frozenset(".,;!?()/|")
ENDS = frozenset([".", ",", ";", "!", "?", ")", "and", "please", "for", "this", "then", "but", "\n"])
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
_DENYING = frozenset(["no", "refrain", "not", "without", "hold"])


def judge(text: Text, match: Match, *, verb: bool) -> Claim:
    """Judge one mention by the words around it, and account for those that belong to it."""
    first = match.first
    while first > 0 and match.first - first < REACH and _reaches(text, first - 1):
        first -= 1
    value, negations, used = operator_before(text, first, match.first)
    used |= set(match.tokens())
    state, denied, end = _after(text, match.end)
    negations += sum(text.tokens[i].text in _NOT for i in match.tokens())
    if state is not None:
        nearest_first = range(match.first - 1, first - 1, -1)
        head = next((k for k in nearest_first if not text.within(k, "grammar.group.det")), None)
        if value == "off" and state == "off" and head is not None and text.tokens[head].text in _HEADS:
            negations += 1  # "no need to switch AutoML off", "without turning AutoML off"
            used.add(head)
        if not (value == "off" and state == "on"):  # "no AutoML required" stays off
            value = state
        negations += denied
        used |= set(range(match.end, end))
    value = _joined(text, match.first) or value or "on"
    if value != "auto" and negations % 2:
        value = "auto" if value == "off" else "off"
    words = [i for i in range(min(used), max(used) + 1) if text.ledger.free(i)]
    if negations and any(text.tokens[i].text in _SAYING for i in words):
        return text.ledger.claim("unread", words)  # "I never said that I wanted HPO" demands nothing
    return text.ledger.claim("policy", words, Said(value, text.ledger.said(words), verb and value == "on"))


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
    return token.text not in ("but", "then", "when", "because", "so", "if")


def operator_before(text: Text, first: int, mention: int) -> tuple[str | None, int, set[int]]:
    """Find the nearest operator before a mention, and the negations of it.

    Returns
    -------
    tuple
        What the operator says, how many negations stand before it, and which tokens say so.
    """
    best: tuple[int, int, int, str] | None = None
    for i in range(first, mention):
        for turn in ("off", "on"):
            for end in text.ends(i, f"policy.turn.{turn}"):
                if end <= mention and all(_is_passed(text, k) for k in range(end, mention)):
                    best = max(best or (0, 0, 0, ""), (end, end - i, i, turn))
    used: set[int] = set()
    start: int = mention
    value: str | None = None
    if best is not None:
        end, _, start, value = best
        used |= set(range(start, end))
    negations = 0
    for i in range(first, start):
        if text.tokens[i].text in _NOT and i not in used:
            negations += 1
            used.add(i)
        elif (
            i not in used
            and any(e <= start for e in text.ends(i, "policy.turn.off"))
            and (value != "off" or text.tokens[i].text in _DENYING)
        ):
            inside = max(e for e in text.ends(i, "policy.turn.off") if e <= start)
            own = value == "on" and any(text.within(k, "policy.search.nouns") for k in range(inside, start))
            if not own and all(_is_passed(text, k) for k in range(inside, start)):
                negations += 1
                used |= set(range(i, inside))
    return value, negations, used


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
    negations, i = 0, at
    while i < min(at + 7, len(text.tokens)):
        word = text.tokens[i].text
        if not text.ledger.free(i) or (word == "no" and text.within(i + 1, "policy.search.nouns")):
            break
        if text.tokens[i].kind == "quote":  # automl: "off"
            quoted = str(text.tokens[i].value).lower()
            for state in ("off", "on", "auto"):
                if text.lexicon.has(quoted, f"policy.state.{state}"):
                    return state, negations, i + 1
        bare = i == at or text.tokens[i - 1].text in (":", "=")
        for value in ("off", "on", "auto"):
            for end in text.ends(i, f"policy.state.{value}"):
                following = text.tokens[end].text if end < len(text.tokens) else "."
                # "AutoML on s3://..." says where the data is; "AutoML on, please" says that it is on.
                if not (value == "on" and bare and following not in ENDS):
                    return value, negations, end
        if text.tokens[i].kind == "number":
            return ("off", negations, i + 1) if text.tokens[i].value == 0 else (None, 0, at)
        if word in _NOT:
            negations += 1
        elif (
            not text.within(i, "grammar.free.glue", "grammar.group.det", "grammar.free.adverb")
            and word not in _STAYING
        ) or (word in ("with", "and", "on") and i == at):
            break
        i += 1
    return None, 0, at
