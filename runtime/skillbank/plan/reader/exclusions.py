"""What "anything but X" excludes: it names all there is and takes X out, so that X is never what is meant."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Claim

__all__ = ["LEADS", "excluding", "settle_exclusions"]

_NOUNS = "free.noun|places.data.nouns|places.platform.around|group.model|exclusion.nouns"
_LED = f"group.det|group.prep|{_NOUNS}|places.data.link*"
LEADS = (
    "exclusion.whole exclusion.bound",
    f"exclusion.whole group.det|'of|'other|free.adjective* {_NOUNS}+ exclusion.bound",
)
"""All there is, up to what is taken out of it: "anything but", "any of the models other than"."""


def settle_exclusions(text: Text, *kinds: str) -> None:
    """Take out what is excluded of some kinds of claims.

    It goes without a word where the exclusion stands apart and something else is named that it could have
    been meant instead of ("train A, anything but B"). Else the words name nothing, and are asked about.
    """
    denied = [c for c in text.ledger.of("value") if c.value.negated] if "value" in kinds else []
    for first, end in excluding(text.unread()).items() if denied else ():
        for claim in (c for c in denied if first <= c.first <= end):  # "anything but fp16"
            settled = _stands_apart(text, first) and _has_rival(text, claim)
            text.ledger.replace(claim, "excluded" if settled else "unread")
    held = "|".join(f"^{kind}" for kind in kinds)
    for source in (f"{lead} {_LED} &{held}" for lead in LEADS):
        for match in list(text.find(source)):
            owner = text.ledger.owner[match.end]
            settled = _stands_apart(text, match.first) and _has_rival(text, owner)
            kind = "excluded" if settled else "unread"
            text.ledger.claim(kind, [*match.tokens(), *text.ledger.replace(owner, kind).tokens])


def excluding(text: Text) -> dict[int, int]:
    """Return where the words "anything but" begin that no claim has, and where what they exclude begins."""
    return {match.first: match.end for lead in LEADS for match in text.find(lead)}


def _stands_apart(text: Text, first: int) -> bool:
    """Whether an exclusion only restates what else is said: no verb or preposition waits for what it names."""
    return text.kind(first - 1) == "mark"


def _has_rival(text: Text, owner: Claim) -> bool:
    """Whether something else is said for the same."""
    others = [c for c in text.ledger.of(owner.kind) if c is not owner and c.first < owner.first]
    if owner.kind == "name":
        return any(c.value.skills != owner.value.skills for c in others)
    if owner.kind == "value":
        return any((c.value.slot, c.value.key) == (owner.value.slot, owner.value.key) for c in others)
    if owner.kind == "place":
        return any(
            owner.value.role in (None, c.value.role) and c.value.uri != owner.value.uri for c in others
        )
    return bool(others)
