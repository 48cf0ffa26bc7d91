"""What of a signed skill may be read: asked by the bank for each skill whose files are about to be read.

Only where anchors are pinned. A skill that verifies is read from its signed files alone: a file that somebody
lays beside them later, or changes while a long-lived process runs, is not read. The same holds when unsigned
files are the only thing wrong with it. A skill that was changed otherwise counts as one that nobody signed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.bank.diagnostics import Diagnostic, Severity
from skillbank.bank.files import is_there
from skillbank.bank.vouching import Vouched
from skillbank.lazy_imports import lazy_imports
from skillbank.trust.anchor_folder import any_pinned
from skillbank.trust.contents import SIGNATURE_FILE

with lazy_imports():
    from skillbank.trust import anchors, verify  # with what reads certificates

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.trust.verify import Verification

__all__ = ["signer_of", "vouched_files"]


def signer_of(skill: Skill) -> str | None:
    """Return who signed a skill as it lies there now; None when that is not known for sure."""
    found = _verified(skill.root, skill.bank_root)
    return found.signer if found is not None and found.state == "verified" else None


def vouched_files(root: Path, bank_root: Path) -> Vouched:
    """Return the signed files of a skill, and what is to be said when its signature does not count."""
    found = _verified(root, bank_root)
    if found is None:
        return Vouched()
    if found.state == "verified":
        return Vouched(found.signed)
    message = f"{found.state}: {found.sentence}."
    severity: Severity = "note" if found.state == "unknown_signer" else "warning"
    finding = Diagnostic(severity, "signature", message, SIGNATURE_FILE)
    if found.state == "changed" and not found.fault and all(c.change == "extra" for c in found.files):
        return Vouched(found.signed, finding)
    return Vouched(None, finding)


def _verified(root: Path, bank_root: Path) -> Verification | None:
    """Verify a skill under the pinned anchors; None, at no cost, where there is nothing to verify."""
    if not any_pinned() or not is_there(root / SIGNATURE_FILE):
        return None

    return verify.verify_skill(root, [a.certificate for a in anchors.pinned()], bank_root=bank_root)
