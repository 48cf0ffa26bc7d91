"""What a negation of two joined things takes back: "without export and HPO", "X and Y can wait".

It may be of both. What the second (or the first) of them would set or run is left unread then, with the words
that say so, and the plan asks. "Without HPO and export" orders, and "no HPO and 20 epochs" sets.
"""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases
from skillbank.plan.reader.tokens import Claim, is_number

__all__ = ["mark_joint_negations"]

_JOINTS = frozenset({"and", "/", "&"})
_APART = frozenset({"but", "then", ".", ";", "it", "them", "\n", "and", "/", "|"})
_REACH = 6
"""Words from a negation to what it takes back."""
_NEGATING = ("grammar.operator.not", "policy.turn.off")
_KINDS = ("action", "policy", "platform", "value", "place", "job")
_BESIDE = {
    "policy": frozenset({"action", "platform"}),
    "refused": frozenset({"action", "policy", "value", "platform"}),
    "place": frozenset({"place", "job"}),
    "": frozenset({"policy", "value", "platform"}),
}
"""By what is taken back, the kinds of what may be meant with it; "" is a word that a skill explains."""


def mark_joint_negations(text: Text) -> None:
    """Leave unread what stands beside something that is taken back, where it may be taken back too."""
    for claim in text.ledger.of(*_KINDS):
        if _is_on(claim) and (said := _negated_before(text, claim) or _negated_behind(text, claim)):
            inside = [c for c in text.ledger.of(*_KINDS) if c.first in said and _is_on(c)]
            for each in inside:
                text.ledger.withdraw(each)
            text.ledger.mark("unread", said)


def _is_on(claim: Claim) -> bool:
    """Whether something would be set or run: no number, which sets by itself ("no HPO and 20 epochs")."""
    if claim.kind == "policy":
        return bool(claim.value.value == "on")
    return claim.kind != "value" or not (claim.value.negated or is_number(claim))


def _negated_before(text: Text, claim: Claim) -> list[int]:
    """Return the words from a negation to what is joined to that which it takes back."""
    first = next((i for i in claim.tokens if text.word(i) not in _JOINTS), claim.first)
    joint = first - 1
    while text.within(joint, "grammar.group.det"):
        joint -= 1
    comma = text.word(joint) == "," and claim.kind == "policy"
    if not (_joins(text, joint) or comma) or text.within(first, "grammar.group.prep"):
        return []
    begin = _negation(text, joint)
    if begin is None:
        return []
    denied = _denied(text, range(begin, joint))
    fits = claim.kind in _BESIDE[denied] and (not comma or denied == "refused")
    return list(range(begin, claim.last + 1)) if fits and _is_bare(text, claim, denied) else []


def _joins(text: Text, joint: int) -> bool:
    """Whether a token joins two things: a stroke with blanks around it parts what is listed."""
    close = joint > 0 and text.tokens[joint].start == text.tokens[joint - 1].end
    return text.word(joint) in _JOINTS and (text.word(joint) != "/" or close)


def _negation(text: Text, joint: int) -> int | None:
    """Return where a negation begins whose object ends before a token, with nothing but it between."""
    for begin in range(joint - 1, max(joint - _REACH, -1), -1):
        if text.word(begin) in _APART or (text.word(begin) == "," and not _is_listed(text, begin, joint)):
            return None
        ends = [end for section in _NEGATING for end in text.ends(begin, section) if end < joint]
        if ends or text.begins(phrases("exclusions.leads"), begin):
            if text.word(begin) == "no" and "," in text.words(range(begin, joint)):
                return None  # "no HPO, evaluation and export" lists what is to be done
            longer = any(begin in text.ends(begin - 1, section) for section in _NEGATING)
            return begin - 1 if longer else begin
    return None


def _is_listed(text: Text, comma: int, joint: int) -> bool:
    """Whether a comma stands in a list: "without hpo, evaluation and quantization"."""
    return comma + 1 < joint and text.owners(range(comma + 1, joint)) == {"action"}


def _denied(text: Text, tokens: range) -> str:
    """Return of which kind that is what a negation takes back."""
    owners = text.owners(tokens)
    if "policy" in owners:
        return "policy"
    if text.has_kind(tokens, "place", "job"):
        return "place"
    return "refused" if text.owner(tokens[-1]) == "refused" else ""


def _is_bare(text: Text, claim: Claim, denied: str) -> bool:
    """Whether something is but named, and not ordered, used or put somewhere."""
    behind = claim.last + 1
    ends = text.kind(behind) in ("", "mark") or text.word(behind) in ("and", "or", "either", "too", "at")
    if claim.kind == "action" and denied == "policy":
        return ends and not claim.value.asked  # "without HPO and export" trains plainly, and exports
    if claim.kind == "action":
        return ends or (text.word(behind) in ("it", "them") and claim.value.asked)
    return not text.holds(claim.tokens, "grammar.group.prep", "grammar.operator.enable")


def _negated_behind(text: Text, claim: Claim) -> list[int]:
    """Return the words of "X and Y are not needed", "X and Y can wait", where X would be run all the same."""
    opens = text.kind(claim.first - 1) in ("", "mark") and claim.kind in ("action", "policy", "platform")
    if not opens or text.word(claim.last + 1) not in _JOINTS:
        return []
    bare = text.unread()
    found = [bare.match(source, claim.last + 1) for source in phrases("joint.denied_behind")]
    found += [text.match(source, claim.last + 1) for source in phrases("joint.both_denied")]
    ends = [match.end for match in found if match is not None]
    return list(range(claim.first, max(ends))) if ends else []
