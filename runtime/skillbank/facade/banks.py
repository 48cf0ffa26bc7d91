"""The banks of a runtime, opened: their skills, and the index over these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.bank.discovery import Library
from skillbank.bank.mentions import named_in
from skillbank.bank.search import Hit, SearchIndex
from skillbank.home import search_dir

if TYPE_CHECKING:
    from skillbank.bank.skill import Skill
    from skillbank.sources.kept import Installed

__all__ = ["hits", "index_of", "opened"]


def opened(banks: Sequence[Path], kept: Sequence[Installed]) -> Library:
    """Return the library of some banks and of the installed ones."""
    return Library(
        banks,
        named=[(bank.name, bank.folder) for bank in kept],
        ahead=[bank.folder for bank in kept if bank.entry.before_own],
    )


def index_of(skills: Sequence[Skill]) -> SearchIndex:
    """Return the index over some skills, kept in the home."""
    return SearchIndex(skills, search_dir())


def hits(query: str, library: Library, index: SearchIndex, limit: int) -> list[Hit]:
    """Return the skills that share a word with a query; see `skillbank.facade.finding.Finding.search`."""
    found = index.search(query, limit)
    best = max((hit.score for hit in found), default=1.0)
    named = {s.root: Hit(s, best, 1, 1) for s in named_in(query, library)}
    both = [*named.values(), *(hit for hit in found if hit.skill.root not in named)]
    # What its own bank no longer wants used comes last, whatever words it shares.
    return sorted(both, key=lambda hit: bool(hit.skill.frontmatter.lifecycle.deprecated))[:limit]
