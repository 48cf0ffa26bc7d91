"""Documents that do not parse, images that nothing resolves, paths that lead nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.documents import MAX_DEPTH, line_of, read_json, read_text, read_yaml
from skillbank.bank.images import resolve_image
from skillbank.bank.plain_yaml import YamlError, load
from skillbank.bank.skill import OVERLAY_SUFFIX, Skill
from skillbank.errors import SkillFormatError

_STAMP = re.compile(r"^\s*container_image:\s*(\S+)\s*#\s*versions-key:\s*(\S+)")
_LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)\s]*)?\)")


def documents(skill: Skill) -> Iterator[Diagnostic]:
    """Read every document of the skill; one finding for each that cannot be read."""
    _ = skill.dataset_table
    yield from (
        d for d in skill.diagnostics if not d.code.startswith(("frontmatter-", "schema-", "template-"))
    )
    for file in _info_files(skill):
        if file.is_file():
            yield from _repeated(file, skill)
    for action in skill.actions:
        template = skill.template_path(action)
        if template is not None:
            yield from _readable(template, skill, "template-yaml")
    for file in sorted((skill.root / "schemas").glob("*.json")):
        yield from _readable(file, skill, "schema-json")


def _readable(file: Path, skill: Skill, code: str) -> Iterator[Diagnostic]:
    try:
        document = (read_json if file.suffix == ".json" else read_yaml)(skill.inside(file))
        if file.suffix == ".yaml":
            yield from _repeated(file, skill)
    except SkillFormatError as error:
        line = re.search(r":(\d+)\b|line (\d+)", str(error).removeprefix(str(file)))
        number = int(line[1] or line[2]) if line else None
        message = str(error).replace(f"{skill.root}/", "")
        yield Diagnostic("error", code, message, skill.relative(file), number)
        return
    if not isinstance(document, dict):
        yield Diagnostic("error", code, "the document is not a mapping.", skill.relative(file), 1)


def _repeated(file: Path, skill: Skill) -> Iterator[Diagnostic]:
    try:
        text = read_text(file)
        load(text, MAX_DEPTH)
    except (SkillFormatError, YamlError):
        return  # broken otherwise, which is a finding of its own
    try:
        load(text, MAX_DEPTH, strict=True)
    except YamlError as error:
        yield Diagnostic("warning", "yaml-repeated-key", f"{error}.", skill.relative(file), error.line)


def images(skill: Skill) -> Iterator[Diagnostic]:
    """Every action of a skill runs in an image that its key or URI leads to."""
    for action in skill.actions:
        declared = skill.declared_image(action)
        where = f"{action.variant}/{action.name}" if action.variant else action.name
        line = _line(skill.root / action.origin, str(declared or "container_image"))
        if declared is None:
            message = f"{where} names no container image, so it runs only where its program is installed."
            yield Diagnostic("note", "image-missing", message, action.origin, line)
        elif skill.image(action) is None:
            message = f"{where}: no versions.yaml knows the image '{declared}'."
            yield Diagnostic("error", "image-unresolved", message, action.origin, line)
    for file in _info_files(skill):
        for number, line_text in enumerate(_lines(file), 1):
            stamp = _STAMP.match(line_text)
            wanted = resolve_image(stamp[2], skill.bank_root) if stamp else None
            if stamp and wanted is not None and wanted != stamp[1].strip("'\""):
                message = f"the image is {stamp[1]}, its versions-key {stamp[2]} says {wanted}."
                yield Diagnostic("warning", "image-stamp", message, skill.relative(file), number)


def paths(skill: Skill) -> Iterator[Diagnostic]:
    """Templates that skill_info names and files that SKILL.md links to are there."""
    for action in skill.actions:
        if not action.template:
            continue
        found = skill.template_path(action)
        if found is None or found.name != Path(action.template).name:
            message = f"{action.name}: the template '{action.template}' is not there."
            line = _line(skill.root / action.origin, action.template)
            yield Diagnostic("error", "template-missing", message, action.origin, line)
    for file in [skill.root / "SKILL.md", *sorted((skill.root / "references").glob("*.md"))]:
        for number, line_text in enumerate(_lines(file), 1):
            for link in _LINK.findall(line_text):
                if not (file.parent / link).exists():
                    message = f"the link '{link}' leads nowhere."
                    yield Diagnostic("warning", "link-broken", message, skill.relative(file), number)


def _info_files(skill: Skill) -> list[Path]:
    references = skill.root / "references"
    return [references / "skill_info.yaml", *sorted(references.glob(f"*{OVERLAY_SUFFIX}"))]


def _lines(file: Path) -> list[str]:
    try:
        return read_text(file).splitlines()
    except SkillFormatError:
        return []


def _line(file: Path, needle: str) -> int | None:
    return line_of("\n".join(_lines(file)), needle)
