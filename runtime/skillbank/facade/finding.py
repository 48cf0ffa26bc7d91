"""Finding skills by words, and reading what somebody asks for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.bank.search import Hit
    from skillbank.bank.skill import Skill
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.reader.reading import Reading

from skillbank.bank.names import shown
from skillbank.facade.holdings import Holdings
from skillbank.lazy_imports import lazy_imports
from skillbank.trust import origin

with lazy_imports():
    from skillbank.facade import banks
    from skillbank.language_model import reading as model_reading
    from skillbank.plan.reader import reading as rules_reading
    from skillbank.trust import standing

__all__ = ["Finding"]


class Finding(Holdings):
    """Skills by words, and requests in plain language."""

    def search(self, query: str, limit: int = 10) -> list[Hit]:
        """Return the skills that share a word with a query, the best first; empty when none does.

        The skill that the query names comes before all others, and is a strong hit. What is weak
        (``not hit.strong``) shares words with the query and may have nothing to do with it.

        Parameters
        ----------
        query
            Words of a person.
        limit
            How many are returned at most.
        """
        with self.reading:
            return banks.hits(query, self.library, self.index, limit)

    def search_note(self, query: str) -> str:
        """Return what was read into a query and what else claims the name in it; empty where nothing was."""
        with self.reading:
            read = [
                f"'{one_line(said, 40)}' was read as '{shown(word)}'"
                for said, word in self.index.corrections(query).items()
            ]
            named = self.library.claims.of(query)
            return "; ".join([*([] if named.skills else read), *filter(None, [named.note])])

    def read(self, text: str, skill: str | None = None) -> Reading:
        """Read a plain-language request; see `skillbank.plan.reader.reading.read_text`.

        With the reader ``llm`` a language model reads it, see
        `skillbank.language_model.reading.read_with_model`.

        Parameters
        ----------
        text
            What somebody wants, as they say it.
        skill
            The skill that is meant, whatever the words call it.

        Raises
        ------
        UsageError
            When it is empty, contradicts itself (`ConflictError`) or asks for no run (`OutOfScopeError`).
        SkillNotFoundError, ActionNotFoundError
            When no skill, or more than one, fits; when no action is named.
        EndpointError
            When a model is to read it and its endpoint does not answer.
        """

        def by_rules() -> Reading:
            with self.reading:
                meant = self.library.get(skill) if skill is not None else None
                job = cache(lambda said: self.jobs.store.get(said))  # several rules ask about the same one
                return rules_reading.read_text(
                    text,
                    self.library,
                    self.index,
                    job_skill=lambda said: _skill_of(job(said)),
                    job_action=lambda said: job(said).action,
                    skill=meant,
                    set_names=self._set_names,
                    trained=self._trained,
                )

        if self.reader == "rules":
            return by_rules()

        return model_reading.read_with_model(text, self, by_rules, skill)

    def _trained(self, skill: Skill) -> str:
        return self.jobs.store.get("last:train", skill=skill.name, bank=skill.bank).id

    def _set_names(self) -> tuple[str, ...]:
        return self.sets.names()

    def trust_of(self, skill: Skill, *, signer: bool = True) -> dict[str, str]:
        """Return how the bank of a skill stands and who signed the skill, as a document; for showing only.

        Parameters
        ----------
        skill
            One of `search` or of ``library``.
        signer
            Whether the skill's signature is looked at, which takes time for many skills.
        """
        who = origin.signer_of(skill) if signer else None
        state = standing.glance(self.bank_of(skill)).state
        return {"state": state} | ({"signer": one_line(who)} if who else {})


def _skill_of(job: JobRecord) -> str:
    bank = job.plan.get("skill", {}).get("bank")
    return f"{bank}:{job.skill}" if bank else job.skill
