"""Which skill is meant where none is named: that of a job, the one that finds things, or the one described."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from skillbank.bank.discovery import OWN, Library
from skillbank.bank.names import shown
from skillbank.bank.search import Hit, SearchIndex
from skillbank.bank.skill import Skill
from skillbank.errors import AmbiguousSkillError, SkillNotFoundError
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import slot

from skillbank.plan.reader.matching import Text

__all__ = ["JobSkill", "gives_masks", "skill_of_description", "skill_that_finds", "take_description"]

JobSkill = Callable[[str], "str | None"]
"""Name of the skill that a job ran, or None when there is no such job."""
_LOOKED_AT = 8
_GENERIC = frozenset(
    "detector detection detectors object objects segmentation transformer transformers image images model".split()
)
"""Words that fit so many skills that they name none."""


def gives_masks(skill: Skill) -> bool:
    """Whether a skill says of itself that it gives masks and not only boxes."""
    said = " ".join((skill.name, skill.frontmatter.description, *skill.frontmatter.tags)).lower()
    return "mask" in said or "segment" in said


def skill_that_finds(library: Library, *, masks: bool) -> tuple[Skill, str] | None:
    """Return the first bank's one skill that finds what a text describes; None where there is none or several."""
    found: dict[str, list[Skill]] = {}
    for skill in library.skills:
        finds = any(a.name == "inference" and key_of(skill, a, slot("captions")) is not None for a in skill.actions)
        if finds and (not masks or gives_masks(skill)):
            found.setdefault(skill.bank, []).append(skill)
    first = next((found[b.name] for b in library.banks if b.name in found), [])
    if len(first) != 1:
        return None
    return first[0], f"no skill was named; '{shown(library.said(first[0]))}' finds what is described"


def skill_of_description(
    text: str, words: Sequence[str], index: SearchIndex, actions: Sequence[str], library: Library
) -> tuple[Skill, str, list[str]]:
    """Find the one skill that a description fits; of equally good ones that of the bank that comes first.

    Returns
    -------
    tuple
        The skill, the sentence that says so, and the words that describe it.

    Raises
    ------
    SkillNotFoundError, AmbiguousSkillError
        When no skill, or more than one, fits.
    """
    telling = [w for w in words if w not in _GENERIC]
    fitting: list[Hit] = [
        h for h in index.strong(" ".join(words), _LOOKED_AT)
        if all(any(a.name == n for a in h.skill.actions) for n in actions)
        and sum(index.knows(h.skill, w) for w in telling) >= 0.6 * len(telling)
    ] if telling else []  # fmt: skip
    most = max((h.coverage for h in fitting), default=0.0)
    # A word as general as "detector" does not decide between skills that fit the rest equally well.
    best_score = max((h.score for h in fitting if h.coverage > most - 0.01), default=0.0)
    hits = [h for h in fitting if h.coverage > most - 0.01 or abs(h.score - best_score) < 0.01 * best_score]
    if not hits:
        if words and not telling:
            raise AmbiguousSkillError(
                f"'{text.strip()[:80]}' does not say which model; name one that 'skillbank skills' lists."
            )
        raise SkillNotFoundError(f"No skill fits '{text.strip()[:80]}'; name one that 'skillbank skills' lists.")
    # A bank writes its descriptions itself: how often it says a word never puts it before an earlier bank.
    first = next(b.name for b in library.banks if any(h.skill.bank == b.name for h in hits))
    hits = [h for h in hits if h.skill.bank == first]
    if len(hits) > 1 and hits[1].score > 0.8 * hits[0].score:
        listed = ", ".join(shown(library.said(h.skill)) for h in hits[:3])
        raise AmbiguousSkillError(f"The request could mean {listed}; name the skill.")
    best = hits[0].skill
    note = f"no skill was named; '{shown(library.said(best))}' fits the words best{_rivals(best, fitting)}"
    return best, note, [w for w in words if index.knows(best, w)]


_HEADS = frozenset(
    "detector detectors model network segmentation classification classifier transformer one detection masks classify segment".split()
)
"""Nouns that a model is described with."""


def take_description(text: Text, skills: Sequence[Skill], index: SearchIndex) -> None:
    """Account for words that describe a model that is known: "the real-time detection transformer RT-DETR"."""

    def fits(i: int) -> bool:
        token = text.tokens[i]
        if token.kind != "word" or not text.ledger.free(i) or text.within(i, "grammar.free.glue", "grammar.mode.technical", "grammar.mode.directive", "grammar.operator.not", "grammar.operator.only"):
            return False
        return any(index.knows(s, token.text) for s in skills)

    for i, token in enumerate(text.tokens):
        named = token.kind == "name" or (i in text.ledger.owner and text.ledger.owner[i].kind == "name")
        if not named and token.text not in _HEADS:
            continue
        k = i if token.kind == "word" and fits(i) else i - 1
        described: list[int] = []
        while k >= 0 and text.ledger.free(k) and (fits(k) or (_is_joined(text, k) and (fits(k + 1) or not text.ledger.free(k + 1)))):
            described.append(k)
            k -= 1
        if described:
            text.ledger.claim("described", described)


def _is_joined(text: Text, k: int) -> bool:
    """Whether a word and the one behind it were written with a hyphen."""
    return text.ledger.original[text.tokens[k].end : text.tokens[k + 1].start] in ("", "-") and text.tokens[k].kind == "word"


def _rivals(best: Skill, fitting: Sequence[Hit]) -> str:
    others = [shown(h.skill.qualified) for h in fitting if h.skill.bank != best.bank]
    if not others:
        return "" if best.bank == OWN else f" (of the bank {shown(best.bank)})"
    return f" ({', '.join(others[:3])} of other banks fits as well; BANK:SKILL in the request chooses)"
