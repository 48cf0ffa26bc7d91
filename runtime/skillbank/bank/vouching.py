"""Which files of a skill somebody known has signed, as far as reading them is concerned.

Who is known, and what a signature is, is decided elsewhere (`skillbank.trust`); here only what follows for
reading: a file that is not among the signed ones is not read, and one that is has to be the signed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from skillbank.bank.diagnostics import Diagnostic
from skillbank.errors import SkillFormatError

__all__ = ["Vouched", "refuse_unsigned", "vouch_with", "vouched"]


class Vouched(NamedTuple):
    """What is known of a skill's signature.

    Attributes
    ----------
    files
        Sha256 of each signed file, by its path relative to the skill; None where nobody vouches for it, so
        that all files are read.
    finding
        What is to be said of a signature that does not count; None when nothing is.
    """

    files: Mapping[str, str] | None = None
    finding: Diagnostic | None = None


_NOBODY = Vouched()
_look: list[Callable[[Path, Path], Vouched]] = []


def vouch_with(look: Callable[[Path, Path], Vouched]) -> None:
    """Ask this function, given a skill's folder and its bank's, about every skill read from now on."""
    _look[:] = [look]


def vouched(root: Path, bank_root: Path) -> Vouched:
    """Return what is known of the signature of a skill."""
    return _look[0](root, bank_root) if _look else _NOBODY


def refuse_unsigned(files: Mapping[str, str], root: Path, path: Path, digest: str | None) -> None:
    """Refuse a file that is not, byte for byte, among the signed ones.

    Parameters
    ----------
    digest
        Sha256 of what was read of it; None before it is read.
    """
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else None
    if name is None or name not in files:
        raise SkillFormatError(f"{path} is not among the files that are signed, so it is not read.")
    if digest is not None and files[name] != digest:
        raise SkillFormatError(f"{path} is not the file that was signed, so it is not used; put that back.")
