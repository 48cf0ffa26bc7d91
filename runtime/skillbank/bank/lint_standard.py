"""The Agent Skills standard, strictly: what its reference validator would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError

FILE = "SKILL.md"
MAX_COMPATIBILITY = 500


def standard(skill: Skill) -> Iterator[Diagnostic]:
    """Check the head of SKILL.md; what loading forgives is an error here."""
    try:
        lines = skill.text(skill.root / FILE).splitlines()
    except SkillFormatError:
        return  # a finding of the rule on documents
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), len(lines))
    head = lines[1:end]

    def line_of(field: str) -> int:
        return next((i for i, line in enumerate(head, 2) if line.startswith(f"{field}:")), 1)

    def wrong(code: str, message: str, line: int) -> Diagnostic:
        return Diagnostic("error", f"standard-{code}", message, FILE, line)

    for found in skill.diagnostics:
        if found.code.startswith("frontmatter-"):
            field = re.match(r"'([\w-]+)'", found.message)
            name = field[1] if field else found.code.removeprefix("frontmatter-")
            yield replace(
                found,
                severity="error",
                code=f"standard-{found.code.removeprefix('frontmatter-')}",
                line=line_of(name),
            )
    raw = skill.frontmatter.raw
    compatibility = raw.get("compatibility")
    if compatibility is not None and not isinstance(compatibility, str):
        yield wrong("compatibility", "compatibility must be text.", line_of("compatibility"))
    elif isinstance(compatibility, str) and len(compatibility) > MAX_COMPATIBILITY:
        length = len(compatibility)
        message = f"compatibility has {length} of at most {MAX_COMPATIBILITY} characters."
        yield wrong("compatibility", message, line_of("compatibility"))
    for name in ("license", "allowed-tools"):
        if raw.get(name) is not None and not isinstance(raw[name], str):
            yield wrong("type", f"{name} must be text.", line_of(name))
    yield from _syntax(head)


def _syntax(head: list[str]) -> Iterator[Diagnostic]:
    """Find what the standard's own YAML dialect does not have: flow collections and repeated fields."""
    seen: set[str] = set()
    for number, line in enumerate(head, 2):
        field = re.match(r"([\w-]+):\s*(.*)", line)
        if field is None:
            continue
        if field[1] in seen:
            yield Diagnostic(
                "error", "standard-duplicate", f"'{field[1]}' is given more than once.", FILE, number
            )
        seen.add(field[1])
        if re.match(r"[\[{]", field[2]):
            message = f"'{field[1]}' is written in [..] or {{..}}; write one entry a line."
            yield Diagnostic("error", "standard-flow", message, FILE, number)
