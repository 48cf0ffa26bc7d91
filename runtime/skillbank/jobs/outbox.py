"""Plans that were shown and that no database has been opened for yet: one small file each, in the home.

Opening a database costs half as much again as compiling a plan, so ``skillbank plan`` leaves that to whoever
asks for the plan by its id.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from skillbank.errors import PlatformError
from skillbank.jobs.skill_facts import SkillFacts
from skillbank.plan.model import Plan
from skillbank.whole_files import write_whole

__all__ = ["put", "waiting"]


def put(folder: Path, plan: Plan, facts: SkillFacts | None) -> None:
    """Leave a plan, and what is to be kept of its skill, in a folder."""
    document = {"plan": plan.kept(), "skill": facts.model_dump(mode="json") if facts else None}
    file = folder / f"{plan.plan_id}.json"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, json.dumps(document))
    except OSError as error:
        raise PlatformError(f"the plan cannot be written to {folder} ({error.strerror}); make room") from None


def waiting(folder: Path, beginning: str) -> Iterator[tuple[Path, Plan, SkillFacts | None]]:
    """Yield the plans of a folder whose ids begin so, and their files; what cannot be read is passed over."""
    if not beginning.isalnum() or not folder.is_dir():
        return
    for file in sorted(folder.glob(f"{beginning.lower()}*.json")):
        with suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
            document = json.loads(file.read_text(encoding="utf-8"))
            facts = document.get("skill")
            yield (
                file,
                Plan.from_document(document["plan"]),
                SkillFacts.model_validate(facts) if facts else None,
            )
