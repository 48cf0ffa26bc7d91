"""What announces values or leaves them as they are: "with these settings:", "with the default lr"."""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.slots import SLOTS

__all__ = ["take_announcements"]

_LEADING = frozenset([":", "\n", "are", "is", "=", "as", "follows", "below", "like"])
"""What stands between "these settings" and the settings."""


_ENOUGH = frozenset({"action", "policy", "talk", "value", "find", "job", "name"})


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
    nouns = "|".join(f"slots.{s.name}.nouns" for s in SLOTS)
    for match in text.find(f"'at|'with|'use|'using|'keep|group.det* 'default {nouns}"):
        text.ledger.claim("context", match.tokens())
    lead = "slots.around.set|'use|'with|'keep|'keeping|'leave|'at|'on|'all|group.det*"
    for match in text.find(f"{lead} slots.around.defaults"):
        text.ledger.claim("context", match.tokens())
