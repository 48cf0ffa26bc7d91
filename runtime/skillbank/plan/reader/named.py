"""Names that a text says, and words of the request that are written as keys."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.bank.discovery import Library
from skillbank.bank.names import shown
from skillbank.bank.skill import Skill
from skillbank.plan.reader import names
from skillbank.plan.reader.actions import ACTIONS, Mention
from skillbank.plan.reader.corrections import settle_names
from skillbank.plan.reader.exclusions import settle_exclusions
from skillbank.plan.reader.lexicon import FORMS
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.names import Named
from skillbank.plan.reader.own_actions import own_actions
from skillbank.plan.reader.spec_keys import Keys, keys_of
from skillbank.plan.reader.step import Step
from skillbank.ways import Sentence, option

__all__ = ["keys_of_named", "meant_by_option", "take_names", "take_words"]


def meant_by_option(page: Text, steps: list[Step], skill: Skill) -> list[str]:
    """Give every step the skill that an option names; say which names of the words do not count."""
    for step in steps:
        step.skill = skill
    others = [page.ledger.said(c.tokens) for c in page.ledger.of("name") if skill not in c.value.skills]
    return [
        Sentence(f"{option('skill', shown(skill.qualified))} counts, not the {said} of the words")
        for said in others
    ]


def _is_size(page: Text, i: int) -> bool:
    """Whether a word behind a name says which weights are meant, and not how large the data is."""
    return page.within(i, "grammar.name.sizes") and not page.within(i + 1, "places.data.nouns")


def take_names(page: Text) -> Iterator[str]:
    """Account for names; one that is said not to be meant is none. Yield what is said of one that waits."""
    for i, token in enumerate(page.tokens):
        if token.kind == "name" and page.ledger.free(i):
            page.ledger.claim("name", [i], token.value)
            if _is_size(page, i + 1):
                page.ledger.claim("unread", [i + 1])
    settle_exclusions(page, "name")
    if len(page.ledger.of("name")) > 1:
        yield from settle_names(page)


def take_words(page: Text, library: Library) -> None:
    """Read values of keys such as ``model`` and ``action``, which are words of the request itself."""
    known = names.names_of(library)
    for claim in page.ledger.of("words"):
        if (said := known.claims.of(str(claim.value).strip())).skills:
            page.ledger.replace(claim, "name", Named(said.skills, said.note))
    own = own_actions(page, ACTIONS)
    for claim in page.ledger.of("words"):
        word = str(claim.value).strip().lower()
        action = next(
            (a for a in (*own, *ACTIONS) if a == word or any(
                page.lexicon.has(word, f"actions.{a}.{f}") for f in (*FORMS, "nouns"))),
            None,
        )  # fmt: skip
        if action is not None:
            page.ledger.replace(claim, "action", Mention(action))
        else:
            page.ledger.withdraw(claim)


def keys_of_named(page: Text) -> list[tuple[str, Keys]]:
    """Return the spec keys of the skills that are named, with the action of each."""
    skills = dict.fromkeys(s for c in page.ledger.of("name") for s in c.value.skills)
    return [(name, keys_of(s, name)) for s in skills for name in dict.fromkeys(a.name for a in s.actions)]
