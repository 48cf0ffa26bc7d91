"""Who has signed the skills of a bank, as far as the pinned anchors vouch for them."""

from __future__ import annotations

from skillbank.bank.discovery import Bank
from skillbank.lazy_imports import lazy_imports
from skillbank.trust.anchor_folder import any_pinned

with lazy_imports():
    from skillbank.trust import anchors, verify  # with what reads certificates

__all__ = ["signers_of"]


def signers_of(bank: Bank) -> tuple[str, ...]:
    """Return the signers of skills that are verified as they lie there, by name; none without an anchor."""
    if not any_pinned():
        return ()

    known = [anchor.certificate for anchor in anchors.pinned()]
    found = (verify.verify_skill(s.root, known, bank=bank.name, bank_root=bank.root) for s in bank.skills)
    return tuple(sorted({v.signer for v in found if v.state == "verified" and v.signer}))
