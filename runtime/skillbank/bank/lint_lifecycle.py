"""What a skill says of its own life must lead somewhere."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.files import is_there
from skillbank.bank.names import normalise, shown, unusable
from skillbank.bank.skill import Skill

FILE = "SKILL.md"


def lifecycle(skill: Skill) -> Iterator[Diagnostic]:
    """Check that a successor is there, and that no former name is that of another skill."""
    life = skill.frontmatter.lifecycle
    beside = skill.root.parent
    if life.successor and normalise(life.successor) == normalise(skill.name):
        yield Diagnostic("error", "lifecycle", "the skill is its own successor.", FILE)
    elif life.successor and beside != skill.root and not is_there(beside / life.successor / FILE):
        message = f"the successor '{shown(life.successor)}' is no skill beside this one."
        yield Diagnostic("warning", "lifecycle", message, FILE)
    for name in life.formerly:
        if why := unusable(name):
            yield Diagnostic(
                "warning", "lifecycle", f"the former name '{shown(name)}' is not used: {why}.", FILE
            )
        elif is_there(beside / name / FILE) and (beside / name).resolve() != skill.root.resolve():
            message = f"the former name '{shown(name)}' is the name of a skill that is there."
            yield Diagnostic("error", "lifecycle", message, FILE)
