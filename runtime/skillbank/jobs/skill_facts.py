"""What a launch records of its skill, so that nothing of it is read anew while the job runs or after it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from skillbank.errors import SkillNotFoundError, StateError, a_few
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.ways import command, option

with lazy_imports():
    from skillbank.bank import documents
    from skillbank.bank import skill as skills
    from skillbank.plan import search_needs

if TYPE_CHECKING:
    from skillbank.bank.discovery import Library
    from skillbank.bank.skill import Skill

__all__ = ["SkillFacts", "search_schema", "unchanged_skill"]

_SHOWN = 5


class SkillFacts(BaseModel):
    """A skill as it was when a plan was made of it, known by its digest.

    ``files`` holds the sha256 of each file, by its path in the skill; ``error_patterns`` are what the skill
    says about failures (see `skillbank.jobs.failures.classify`).
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    files: dict[str, str] = {}
    error_patterns: tuple[dict[str, str], ...] = ()

    @classmethod
    def of(cls, skill: Skill) -> SkillFacts:
        """Take them from a skill."""
        patterns = tuple(skill.info.facts.get("error_patterns", ()))
        return cls(digest=skill.digest, files=dict(skill.file_digests), error_patterns=patterns)


def unchanged_skill(plan: Plan, library: Library, known: Callable[[str], SkillFacts | None]) -> Skill:
    """Return the skill that a plan was made of, read anew and found as it was then.

    Looked for is the folder that the plan was made from, so that a process which was not given the bank finds
    it too, then the bank's skill of that name.

    Parameters
    ----------
    known
        Returns what was kept of a skill with a digest.

    Raises
    ------
    SkillNotFoundError
        When it is not here.
    StateError
        When it has changed; the sentence names the files.
    """
    found = [skill.reread() for skill in _candidates(plan, library)]
    ref = plan.skill
    for skill in found:
        if skill.digest == ref.digest:
            return skill
    if not found:
        raise SkillNotFoundError(
            f"the skill {ref.bank}:{ref.name} of plan {plan.plan_id[:12]} is not here; give its bank with "
            f"{option('bank')}, or in SKILLBANK_BANKS"
        )
    said = _changes(known(ref.digest), SkillFacts.of(found[0]))
    raise StateError(
        f"the skill {ref.bank}:{ref.name} has changed since plan {plan.plan_id[:12]} was made ({said}), and "
        f"what was planned is what runs; plan again with {command('plan')}, or put the files back"
    )


def _candidates(plan: Plan, library: Library) -> Iterator[skills.Skill]:
    here = Path(plan.skill_path) if plan.skill_path else None
    if here is not None and (here / "SKILL.md").is_file():
        root, inside = here.resolve(), PurePosixPath(plan.route.skill_dir).parts
        if plan.bank_path and here.is_relative_to(plan.bank_path):
            root = Path(plan.bank_path)
        elif root.parts[len(root.parts) - len(inside) :] == inside:
            # The skill lies there where the plan says; elsewhere its own folder is all of the bank.
            for _ in inside:
                root = root.parent
        yield skills.Skill(here, plan.skill.bank, root)
    for name in (f"{plan.skill.bank}:{plan.skill.name}", plan.skill.name):
        with suppress(SkillNotFoundError):
            skill = library.get(name)
            if skill.root != here and skill.name == plan.skill.name:
                yield skill
                return


def search_schema(plan: Plan, skill: Skill) -> dict[str, object]:
    """Return the schema that a plan's search space is made of."""
    content = skill.read(skill.root / search_needs.SCHEMA)
    if plan.search is not None and hashlib.sha256(content).hexdigest() != plan.search.schema_sha256:
        raise StateError(
            f"{search_needs.SCHEMA} of {skill.name} has changed since plan {plan.plan_id[:12]} was made"
        )
    document = documents.parse_json(documents.text_of(content, search_needs.SCHEMA), search_needs.SCHEMA)
    return document if isinstance(document, dict) else {}


def _changes(before: SkillFacts | None, now: SkillFacts) -> str:
    """Say which files of a skill have changed, by name: ``SKILL.md changed, schemas/x.json is new``."""
    if before is None:
        return "which of its files is not known, for the plan was made elsewhere or by an earlier skillbank"
    told = []
    for name in sorted(before.files.keys() | now.files.keys()):
        if name not in now.files:
            told.append(f"{name} is gone")
        elif name not in before.files:
            told.append(f"{name} is new")
        elif before.files[name] != now.files[name]:
            told.append(f"{name} changed")
    return a_few(told, _SHOWN)
