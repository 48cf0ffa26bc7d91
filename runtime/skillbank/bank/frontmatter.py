"""The YAML head of SKILL.md: read leniently, with a finding for everything out of the standard."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Protocol

from skillbank.bank.diagnostics import Diagnostic, Repeated, Severity
from skillbank.bank.documents import parse_yaml
from skillbank.bank.lifecycle import Lifecycle, parse_lifecycle
from skillbank.errors import SkillFormatError
from skillbank.visible import named, visible

STANDARD_FIELDS = frozenset({"name", "description", "license", "compatibility", "metadata", "allowed-tools"})
MAX_TAGS = 100
"""Tags, and fields that nobody knows, that are read."""
MAX_WORD = 100
"""Characters of a tag or a version."""
_UNVERSIONED = "unversioned"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """What the head of a SKILL.md says.

    Attributes
    ----------
    body_line
        1-based line at which the body starts.
    """

    name: str
    description: str
    version: str
    tags: tuple[str, ...]
    raw: dict[str, object]
    body: str
    body_line: int
    lifecycle: Lifecycle = field(default_factory=Lifecycle)


class _Report(Protocol):
    """Takes one finding about the head."""

    def __call__(self, severity: Severity, code: str, message: str, line: int = 1) -> None: ...


def parse_frontmatter(text: str, folder: str) -> tuple[Frontmatter, list[Diagnostic]]:
    """Split SKILL.md into head and body.

    A missing or broken head is an error finding, not an exception: the folder's name then serves
    as the skill's name, so one bad file never takes a bank down.
    """
    found: list[Diagnostic] = []

    def report(severity: Severity, code: str, message: str, line: int = 1) -> None:
        found.append(Diagnostic(severity, f"frontmatter-{code}", message, "SKILL.md", line))

    raw, body, body_line = _split(text, report)
    name = _name(raw.get("name"), folder, report)
    description = _description(raw.get("description"), report)
    for unknown in sorted(set(map(str, raw)) - STANDARD_FIELDS)[:MAX_TAGS]:
        message = f"'{unknown[:MAX_WORD]}' is not in the Agent Skills standard; use metadata."
        report("warning", "unknown-field", message)
    metadata = raw.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        report("warning", "metadata", "metadata must be a mapping of names to strings.")
    metadata = metadata if isinstance(metadata, dict) else {}
    tags = _tags(raw.get("tags", metadata.get("tags")))
    version = _version(metadata.get("version", raw.get("version", _UNVERSIONED)), report)
    life = parse_lifecycle(metadata, report)
    return Frontmatter(name, description, version, tags, raw, body, body_line, life), found


def _name(said: object, folder: str, report: _Report) -> str:
    """Return the skill's name, as sentences can hold it; its folder's where it has none."""
    if not isinstance(said, str) or not said.strip():
        report("error", "name", f"SKILL.md has no name; add 'name: {folder}'.")
        said = folder
    # Names stand in sentences of ours wherever a skill is spoken of.
    name = visible("-".join(unicodedata.normalize("NFKC", said).split()))
    if not _NAME.fullmatch(name) or len(name) > 64:
        report("error", "name", f"name '{named(name, 80)}' must be 1-64 of a-z, 0-9 and single hyphens.")
    elif name != unicodedata.normalize("NFKC", folder):
        report("error", "name", f"name '{name}' differs from its folder '{folder}'.")
    return name


def _description(said: object, report: _Report) -> str:
    """Return the description in one line; empty where there is none."""
    if not isinstance(said, str) or not said.strip():
        report("error", "description", "SKILL.md has no description; say what the skill does and when.")
        return ""
    if len(said) > 1024:
        report("error", "description", f"the description has {len(said)} of at most 1024 characters.")
    return " ".join(said.split())


def _tags(said: object) -> tuple[str, ...]:
    """Return tags, listed or in one text."""
    listed = re.split(r"[,\s]+", said) if isinstance(said, str) else said
    if not isinstance(listed, list | tuple):
        return ()
    return tuple(str(t)[:MAX_WORD] for t in listed[:MAX_TAGS] if t and not isinstance(t, dict | list))


def _version(said: object, report: _Report) -> str:
    """Return the version as text; that of a skill without one where it cannot be used."""
    if said is None or isinstance(said, dict | list) or len(str(said)) > MAX_WORD:
        report("warning", "metadata", f"the version is no text of 1-{MAX_WORD} characters; it is not used.")
        return _UNVERSIONED
    return str(said)


def _split(text: str, report: _Report) -> tuple[dict[str, object], str, int]:
    lines = text.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != "---":
        report("error", "missing", "SKILL.md does not start with a '---' line.")
        return {}, text, 1
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        report("error", "missing", "the '---' line that ends the head of SKILL.md is missing.")
        return {}, text, 1
    body, body_line = "".join(lines[end + 1 :]), end + 2
    try:
        repeated: list[Repeated] = []
        raw = parse_yaml("".join(lines[1:end]), "SKILL.md", repeated)
    except SkillFormatError as error:
        report("error", "yaml", error.sentence)
        return {}, body, body_line
    if not isinstance(raw, dict):
        report("error", "yaml", "the head of SKILL.md is not a mapping of fields.")
        return {}, body, body_line
    for key, line in repeated:
        report("warning", "repeated-key", f"the key '{named(key, 40)}' is repeated.", (line or 0) + 1)
    return raw, body, body_line
