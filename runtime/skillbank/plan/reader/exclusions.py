"""What "anything but X" excludes: it names all there is and takes X out, so that X is never what is meant."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.tokens import Claim, are_rivals

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
    for first, end in excluding(text.unread()).items():
        for claim in text.ledger.of(*kinds):  # one that has the words itself: "anything but fp16"
            if claim.last >= end and not set(claim.tokens).isdisjoint(range(first, end)):
                _settle(text, claim, range(first, end))
    held = "|".join(f"^{kind}" for kind in kinds)
    for source in (f"{lead} {_LED} &{held}" for lead in LEADS):
        for match in list(text.find(source)):
            _settle(text, text.ledger.owner[match.end], range(match.first, match.end))


def _settle(text: Text, owner: Claim, words: range) -> None:
    """Take out what a claim holds, with the words that say so."""
    apart = text.kind(words.start - 1) == "mark"
    if apart and owner.kind == "value" and owner.value.negated:
        return  # "no HPO, anything but fp16" denies as "without fp16" does
    others = [c for c in text.ledger.of(owner.kind) if c.first < owner.first and c is not owner]
    if owner.kind == "place":
        others = [c for c in others if c.value.uri != owner.value.uri]
    settled = apart and any(are_rivals(owner, c) for c in others)
    kind = "excluded" if settled else "unread"
    text.ledger.claim(kind, [*words, *text.ledger.replace(owner, kind).tokens])


def excluding(text: Text) -> dict[int, int]:
    """Return where the words "anything but" begin that no claim has, and where what they exclude begins."""
    return {match.first: match.end for lead in LEADS for match in text.find(lead)}
