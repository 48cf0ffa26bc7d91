"""``skill-card.md``: what somebody wants to know of a skill before it is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skillbank.bank.documents import read_json
from skillbank.bank.lint_evals import FILE as EVALS
from skillbank.bank.skill import Skill
from skillbank.plan.products import trains
from skillbank.publishing.about import About
from skillbank.visible import one_line

__all__ = ["FILE", "card"]

FILE = "skill-card.md"
_LONGEST = 400


def card(skill: Skill, about: About) -> str:
    """Return a skill's card as Markdown."""
    head = skill.frontmatter
    license_ = str(head.raw.get("license") or about.license)
    lines = [
        "<!-- Made by `skillbank packages build` from the skill's own files; edit those. -->",
        f"# {skill.name}",
        "",
        one_line(head.description, 1024),
        "",
        f"- **Version:** {one_line(head.version, 100)}",
        f"- **Owner:** {one_line(about.owner.name, 200)}",
        f"- **License:** {one_line(license_, 200)}",
        *_needs(skill),
        "",
        "## What it can start",
        *_actions(skill),
        "",
        "## What it is checked by",
        *_checks(skill),
        "",
        "## Risks",
        *_risks(skill),
    ]
    return "\n".join(lines) + "\n"


def _needs(skill: Skill) -> Iterator[str]:
    said = skill.frontmatter.raw.get("compatibility")
    if isinstance(said, str) and said:
        yield f"- **Needs:** {one_line(said, 500)}"
    if skill.dataset_type:
        yield f"- **Data:** {one_line(skill.dataset_type, 100)}"


def _actions(skill: Skill) -> Sequence[str]:
    if not skill.actions:
        return ["", "Nothing of its own: it is a text to read."]
    rows = [
        f"| {one_line(action.name, 80)} | {one_line(action.variant or '', 80)} "
        f"| `{one_line(action.command or '', _LONGEST)}` | {one_line(skill.image(action) or 'none', 200)} |"
        for action in skill.actions
    ]
    return ["", "| Action | Variant | Command | Image |", "|---|---|---|---|", *rows]


def _checks(skill: Skill) -> Iterator[str]:
    schemas = len(list((skill.root / "schemas").glob("*.schema.json")))
    if schemas:
        yield f"- {schemas} schema{'s' if schemas > 1 else ''}: types, bounds and defaults of every value."
    file = skill.root / EVALS
    if file.is_file():
        asked = read_json(file)
        count = len(asked) if isinstance(asked, list) else 0
        yield f"- {count} question{'s' if count != 1 else ''} with the expected behaviour (`{EVALS}`)."
    yield "- `skillbank lint`: the files fit the standard, each other and what is run."


def _risks(skill: Skill) -> Iterator[str]:
    if any(trains(action.name) for action in skill.actions):
        yield "- A training writes what it learned from your data into its weights: treat both alike."
    if skill.actions:
        yield "- Nothing starts before a person has approved the plan, which names command, data and place."
    yield f"- `skillbank audit {skill.name}` looks for what a skill should not hold."
    yield f"- `skillbank verify {skill.name}` says who signed it."
