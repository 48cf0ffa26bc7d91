"""What of a skill's own files could not be read: said in the plan, or asked where another thing would run.

Skills are read leniently, so that one broken file never takes a bank down. A plan is where that ends: whoever
approves it must know what nobody has read or checked.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.schema import Node
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.draft import Draft
from skillbank.plan.model import Policy
from skillbank.plan.paths import format_path, parse_path
from skillbank.visible import named
from skillbank.ways import option

with lazy_imports():
    from skillbank.bank import grammar

__all__ = ["say_what_was_not_read"]

_LOST = {
    "skill-unreadable": "so what it says of data and models is not known",
    "skill-info-yaml": "so what it says of images, data and models is not known",
    "skill-info-mode": "so how its program is started is not known",
    "skill-info-config_format": "so what its program reads is not known",
    "template-yaml": "so the spec would be made from nothing",
    "template-missing": "so the spec would be made without it",
    "schema-json": "so keys, types and bounds of values are not checked",
    "frontmatter-yaml": "so name, description and version are not known",
    "frontmatter-missing": "so name, description and version are not known",
    "frontmatter-metadata": "so the version is not known",
    "skill-info-repeated-key": "so only the last of them is read",
    "template-repeated-key": "so only the last of them is read",
    "schema-repeated-key": "so only the last of them is read",
    "frontmatter-repeated-key": "so only the last of them is read",
    "prose": "so the tables in it are not read",
}
"""What is lost with a finding; other findings say it themselves."""
_ASKED = ("skill-unreadable", "skill-info-yaml", "skill-info-mode", "skill-info-config_format",
          "template-yaml", "template-missing")  # fmt: skip
"""Findings without which something else might run."""


def say_what_was_not_read(draft: Draft, policy: Policy) -> None:
    """Put a warning or a question for everything that was not read of the files of this action."""
    for found in sorted(_of_this_action(draft), key=lambda d: (d.path, d.line or 0, d.code, d.message)):
        asked = found.code in _ASKED or (found.code == "schema-json" and draft.request.settings)
        said = found.sentence
        if found.code in _LOST:
            said = f"{said}, {_LOST[found.code]}"
        if asked and found.path not in draft.questions:
            draft.ask(found.path, f"{said}; repair the file and plan again")
        else:
            draft.warnings.append(said)
    _unchecked_values(draft)
    if policy.value != "off" and draft.action.name == "train" and draft.skill.automl_broken:
        why = f"{draft.skill.automl_problem}, so the search that the skill is made for cannot run"
        draft.ask(
            "automl", f"{why}; repair the file, or ask for one training", (f"{option('automl', 'off')}",)
        )


def _of_this_action(draft: Draft) -> Iterator[Diagnostic]:
    """Yield the findings about files, and parts of them, that this plan is made of."""
    skill, action = draft.skill, draft.action
    used = {"SKILL.md", "references", "references/skill_info.yaml", action.origin}
    used |= {skill.relative(f) for f in (skill.schema_path(action), skill.template_path(action)) if f}
    prose = ("prose", "table-row", "marketplace")
    for found in skill.diagnostics:
        if found.action not in ("", action.name) or not (found.path in used or found.code in prose):
            continue
        if not found.code.startswith("frontmatter-") or found.code in _LOST:
            yield found


def _unchecked_values(draft: Draft) -> None:
    """Say which of the values that the user set were not checked, as the skill has no readable rule."""
    if not draft.schema.keys:
        if draft.request.settings and draft.skill.schema_path(draft.action) is None:
            draft.warnings.append(
                f"{draft.skill.name} packages no schema for {draft.action.name}, so types and bounds of the "
                "values that were set are not checked"
            )
        return
    if not draft.user:
        return

    for change in draft.user:
        node, _ = draft.schema.find(parse_path(change.key))
        for key, rules in _unread_above(draft, change.key):
            where = f"the schema's {', '.join(rules)}" + (f" at {named(key)}" if key else "")
            draft.warnings.append(f"{named(change.key)} is not checked against {where}")
        for key, below in _touched(change.key, node, change.value):
            rules = grammar.unread(below)
            if rules:
                draft.warnings.append(f"{key} is not checked against its schema's {', '.join(rules)}")


def _unread_above(draft: Draft, key: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the sections above a key whose conditions on what stands together nobody can read."""
    path = parse_path(key)
    for depth in range(len(path)):
        node, _ = draft.schema.find(path[:depth])
        rules = grammar.unread_conditions(node) if node is not None else []
        if rules:
            yield format_path(path[:depth]), rules


def _touched(key: str, node: Node | None, value: object) -> Iterator[tuple[str, Node]]:
    if node is None:
        return
    yield key, node
    for name, inner in value.items() if isinstance(value, dict) else ():
        child = node.children.get(str(name))
        yield from _touched(format_path((*parse_path(key), str(name))), child, inner)
