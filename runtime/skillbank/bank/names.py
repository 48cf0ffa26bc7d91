"""What a skill answers to, and what only looks like a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.request_words import only_request_words
from skillbank.redact import redact
from skillbank.visible import has_invisible, named

if TYPE_CHECKING:
    from skillbank.bank.shapes import Shapes
    from skillbank.bank.skill import Skill

__all__ = [
    "bank_name",
    "bare_name",
    "by_alias",
    "doers",
    "former",
    "kept_aliases",
    "normalise",
    "plain",
    "shown",
    "spellings",
    "unusable",
]

MOST_ALIASES, LONGEST_ALIAS, MOST_WORDS = 50, 64, 8
"""Of one skill, in characters, and in words; nobody says more."""
LONGEST_BANK = 64


def normalise(name: str) -> str:
    """Fold case, spaces, hyphens and underscores: ``Wide Painter`` and ``wide_painter`` are one."""
    return name.lower() if name.isalnum() else re.sub(r"[\s_-]+", "", name.lower())


def plain(name: str) -> bool:
    """Whether a name is written as people type it: ASCII that can be seen."""
    return name.isascii() and not has_invisible(name)


def shown(name: str, longest: int = 80) -> str:
    """Return a foreign name for a sentence of ours; letters that imitate others are written out.

    As with `visible.named`, one of many words does not read as a sentence.

    Secrets are hidden first: written out, one would not be recognised.
    """
    return named(redact(name).encode("ascii", "backslashreplace").decode(), longest)


def spellings(skill: Skill) -> set[str]:
    """Return the normalised names a skill answers to."""
    said = [*_own(skill)[1:], *skill.frontmatter.lifecycle.formerly, *skill.called.aliases]
    return {normalise(skill.name), *(normalise(n) for n in said if not unusable(n))} - {""}


_DOERS = {
    "classification": ("classifier",), "detection": ("detector",), "segmentation": ("segmenter",),
    "recognition": ("recognizer", "recogniser"), "estimation": ("estimator",),
}  # fmt: skip


def doers(skill: Skill) -> set[str]:
    """Return what a model is called that does what its skill is called after: "image classifier"."""
    *before, deed = bare_name(skill).split("-")
    return {normalise("-".join([*before, doer])) for doer in _DOERS.get(deed, ()) if before}


def by_alias(skill: Skill, spelling: str) -> bool:
    """Whether a skill answers to a normalised name only because it says so in its aliases."""
    return spelling not in {normalise(n) for n in _own(skill)}


def former(skill: Skill, spelling: str) -> bool:
    """Whether a normalised name is one that the skill had before, and no other of its names."""
    aliases = {normalise(a) for a in skill.called.aliases}
    was = {normalise(name) for name in skill.frontmatter.lifecycle.formerly}
    return spelling in was - aliases and by_alias(skill, spelling)


def _own(skill: Skill) -> tuple[str, str, str]:
    return skill.name, bare_name(skill), skill.called.network_arch


def bare_name(skill: Skill) -> str:
    """Return the name of a skill without what many begin with: ``image-classification``."""
    return re.sub(r"^tao-(train-|finetune-)?", "", skill.name)


def kept_aliases(aliases: Sequence[str], read: Shapes) -> Iterator[str]:
    """Yield the aliases that name a skill; the rest becomes findings.

    Refused is what would take words out of every request, and what nobody types.
    """
    for alias in aliases[:MOST_ALIASES]:
        wrong = unusable(alias)
        if not wrong:
            yield alias
            continue
        code = "alias-claims-word" if only_request_words(alias) else "alias-unusable"
        message = f"the alias '{shown(alias)}' is not used: {wrong}."
        read.found.append(Diagnostic("warning", code, message, read.origin))
    if len(aliases) > MOST_ALIASES:
        read.warn("shape", f"aliases has {len(aliases)} entries, and {MOST_ALIASES} of them are read.")


def unusable(name: str) -> str:
    """Say why a skill cannot be called so, or nothing."""
    if len(name) > LONGEST_ALIAS or len(name.split()) > MOST_WORDS:
        return f"it is longer than {LONGEST_ALIAS} characters or {MOST_WORDS} words"
    if has_invisible(name) or "\n" in name or "\t" in name:
        return "it holds characters that cannot be seen"
    return "every request is made of such words" if only_request_words(name) else ""


def bank_name(name: str) -> str:
    """Return a bank's name as it is used: letters, digits, ``.``, ``_``, ``-`` and single blanks, not long.

    ``bank:skill`` has to be read back, and a name stands in sentences of ours.
    """
    text = unicodedata.normalize("NFKC", name)
    text = "".join("-" if has_invisible(c) or not (c.isalnum() or c in "._- ") else c for c in text)
    text = re.sub(r"-{2,}", "-", re.sub(r"\s+", " ", text)).strip(" -")
    return text[:LONGEST_BANK].strip(" -") or "bank"
