"""The Agent Skills standard, strictly: what its reference validator would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError

FILE = "SKILL.md"
MAX_COMPATIBILITY = 500
_FIELD = re.compile(r"([\w-]+):\s*(.*)")


def standard(skill: Skill) -> Iterator[Diagnostic]:
    """Check the head of SKILL.md; what loading forgives is an error here."""
    try:
        lines = skill.text(skill.root / FILE).splitlines()
    except SkillFormatError:
        return  # a finding of the rule on documents
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), len(lines))
    head = lines[1:end]
    yield from _forgiven(skill, head)
    yield from _fields(skill.frontmatter.raw, head)
    yield from _syntax(head)


def _line_of(field: str, head: list[str]) -> int:
    start = f"{field}:"
    return next((i for i, line in enumerate(head, 2) if line.startswith(start)), 1)


def _forgiven(skill: Skill, head: list[str]) -> Iterator[Diagnostic]:
    """Yield what reading the head found, as errors at the line of their field."""
    for found in skill.diagnostics:
        if found.code.startswith("frontmatter-"):
            code = found.code.removeprefix("frontmatter-")
            field = re.match(r"'([\w-]+)'", found.message)
            line = _line_of(field[1] if field else code, head)
            yield replace(found, severity="error", code=f"standard-{code}", line=line)


def _fields(raw: Mapping[str, object], head: list[str]) -> Iterator[Diagnostic]:
    """Find fields of the standard whose values are of another type, or too long."""

    def wrong(code: str, field: str, what: str) -> Diagnostic:
        message = f"{field} {what}."
        return Diagnostic("error", f"standard-{code}", message, FILE, _line_of(field, head))

    compatibility = raw.get("compatibility")
    if compatibility is not None and not isinstance(compatibility, str):
        yield wrong("compatibility", "compatibility", "must be text")
    elif compatibility is not None and len(compatibility) > MAX_COMPATIBILITY:
        has = f"has {len(compatibility)} of at most {MAX_COMPATIBILITY} characters"
        yield wrong("compatibility", "compatibility", has)
    for name in ("license", "allowed-tools"):
        if raw.get(name) is not None and not isinstance(raw[name], str):
            yield wrong("type", name, "must be text")


def _syntax(head: list[str]) -> Iterator[Diagnostic]:
    """Find what the standard's own YAML dialect does not have: flow collections and repeated fields."""
    seen: set[str] = set()
    for number, line in enumerate(head, 2):
        field = _FIELD.match(line)
        if field is None:
            continue
        if field[1] in seen:
            yield Diagnostic(
                "error", "standard-duplicate", f"'{field[1]}' is given more than once.", FILE, number
            )
        seen.add(field[1])
        if field[2].startswith(("[", "{")):
            message = f"'{field[1]}' is written in [..] or {{..}}; write one entry a line."
            yield Diagnostic("error", "standard-flow", message, FILE, number)
