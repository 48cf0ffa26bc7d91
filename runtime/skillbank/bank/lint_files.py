"""Documents that do not parse, images that nothing resolves, paths that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from skillbank.bank.diagnostics import Diagnostic, Repeated, repeated_keys
from skillbank.bank.documents import parse_json, parse_yaml
from skillbank.bank.error_patterns import taken_as_words
from skillbank.bank.images import resolve_image
from skillbank.bank.skill import Skill
from skillbank.bank.tables import MAX_LINE
from skillbank.errors import SkillFormatError
from skillbank.visible import one_line

_STAMP = re.compile(r"^\s*container_image:\s*(\S+)\s*#\s*versions-key:\s*(\S+)")
_LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)\s]*)?\)")


def documents(skill: Skill) -> Iterator[Diagnostic]:
    """Read every document of the skill; one finding for each that cannot be read."""
    _ = skill.dataset_table
    yield from (
        d for d in skill.diagnostics if not d.code.startswith(("frontmatter-", "schema-", "template-"))
    )
    for action in skill.actions:
        template = skill.template_path(action)
        if template is not None:
            yield from _readable(template, skill, "template-yaml")
    try:
        schemas = skill.listed("schemas", ".json")
    except SkillFormatError as error:
        yield Diagnostic("error", "schema-json", error.sentence, "schemas")
        return
    for file in schemas:
        yield from _readable(file, skill, "schema-json")


def _readable(file: Path, skill: Skill, code: str) -> Iterator[Diagnostic]:
    try:
        read = parse_json if file.suffix == ".json" else parse_yaml
        repeated: list[Repeated] = []
        document = read(skill.text(file), str(file), repeated)
        yield from repeated_keys(repeated, code.partition("-")[0], skill.relative(file))
    except SkillFormatError as error:
        line = re.search(r":(\d{1,9})\b|line (\d{1,9})", error.sentence.removeprefix(str(file)))
        number = int(line[1] or line[2]) if line else None
        message = error.sentence.replace(f"{skill.root}/", "")
        yield Diagnostic("error", code, message, skill.relative(file), number)
        return
    if not isinstance(document, dict):
        yield Diagnostic("error", code, "the document is not a mapping.", skill.relative(file), 1)


def images(skill: Skill) -> Iterator[Diagnostic]:
    """Every action of a skill runs in an image that its key or URI leads to."""
    for action in skill.actions:
        declared = skill.declared_image(action)
        where = f"{action.variant}/{action.name}" if action.variant else action.name
        line = _line(skill, skill.root / action.origin, str(declared or "container_image"))
        if declared is None:
            message = f"{where} names no container image, so it runs only where its program is installed."
            yield Diagnostic("note", "image-missing", message, action.origin, line)
        elif skill.image(action) is None:
            message = f"{where}: no versions.yaml knows the image '{declared}'."
            yield Diagnostic("error", "image-unresolved", message, action.origin, line)
    for file in skill.info_files:
        for number, line_text in enumerate(_lines(skill, file), 1):
            stamp = _STAMP.match(line_text)
            wanted = resolve_image(stamp[2], skill.bank_root) if stamp else None
            if stamp and wanted is not None and wanted != stamp[1].strip("'\""):
                message = f"the image is {stamp[1]}, its versions-key {stamp[2]} says {wanted}."
                yield Diagnostic("warning", "image-stamp", message, skill.relative(file), number)


def error_patterns(skill: Skill) -> Iterator[Diagnostic]:
    """Every error pattern is one that is run; another one is looked for as plain words."""
    for text, why in taken_as_words(skill.info.facts.get("error_patterns", ())):
        file = skill.info_files[0] if skill.info_files else skill.root / "SKILL.md"
        message = f"the error pattern '{one_line(text, 60)}' is looked for as plain words: {why}."
        line = _line(skill, file, text[:40])
        yield Diagnostic("warning", "error-pattern-words", message, skill.relative(file), line)


def paths(skill: Skill) -> Iterator[Diagnostic]:
    """Templates that skill_info names and files that SKILL.md links to are there."""
    for action in skill.actions:
        if not action.template:
            continue
        found = skill.template_path(action)
        if found is None or found.name != Path(action.template).name:
            message = f"{action.name}: the template '{action.template}' is not there."
            line = _line(skill, skill.root / action.origin, action.template)
            yield Diagnostic("error", "template-missing", message, action.origin, line)
    for file in [skill.root / "SKILL.md", *skill.prose_files]:
        for number, line_text in enumerate(_lines(skill, file), 1):
            for link in _LINK.findall(line_text):
                if not _leads_somewhere(file.parent / link):
                    message = f"the link '{link[:80]}' leads nowhere."
                    yield Diagnostic("warning", "link-broken", message, skill.relative(file), number)


def _leads_somewhere(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False  # a name that no file can have


def _lines(skill: Skill, file: Path) -> list[str]:
    """Return the lines of a file, cut where patterns would take time that grows with their square."""
    return [line[:MAX_LINE] for line in skill.lines(file)]


def _line(skill: Skill, file: Path, needle: str) -> int | None:
    return next((i for i, line in enumerate(skill.lines(file), 1) if needle in line), None)
