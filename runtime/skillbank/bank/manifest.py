"""manifest.json: the index of a bank, built from a scan and never edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skillbank.bank.discovery import Bank
from skillbank.bank.documents import read_json
from skillbank.bank.files import utf8_name
from skillbank.errors import SkillFormatError
from skillbank.ways import Sentence, command

FILE = "manifest.json"
SCHEMA_VERSION = 1


def build_manifest(root: Path) -> dict[str, Any]:
    """Scan a bank: skills, actions, AutoML support, and a sha256 for every file."""
    bank = Bank(root)
    skills = []
    for skill in bank.skills:
        info = skill.info
        skills.append(
            {
                "name": skill.name,
                "path": utf8_name(str(skill.root.relative_to(bank.root))),
                "version": skill.frontmatter.version,
                "description": skill.frontmatter.description,
                "type": info.type,
                "network_arch": info.network_arch,
                "automl": {
                    "enabled": info.automl_enabled,
                    "runnable": info.automl_enabled and skill.automl_problem is None,
                },
                "actions": [{"name": a.name, "variant": a.variant} for a in skill.actions],
                "digest": skill.digest,
                "files": dict(skill.file_digests),
            }
        )
    return {"schema_version": SCHEMA_VERSION, "skills": skills}


def write_manifest(root: Path) -> Path:
    """Write a bank's manifest and return its path."""
    file = root / FILE
    file.write_text(_text(build_manifest(root)), encoding="utf-8")
    return file


def manifest_problems(root: Path) -> list[str]:
    """Say, one sentence each, where manifest.json differs from the bank."""
    try:
        written = read_json(root / FILE)
    except SkillFormatError as error:
        return [Sentence(f"{error.sentence.marked} Run '{command('manifest build')}'.")]
    built = build_manifest(root)
    if written == built:
        return []
    problems = list(_differences(_listed(written), _listed(built))) or ["manifest.json was edited by hand."]
    return [Sentence(f"{p} Run '{command('manifest build')}'.") for p in problems]


def _listed(manifest: object) -> dict[str, dict[str, object]]:
    """Return the skills of a manifest, which may be any document, by their names."""
    skills = manifest.get("skills") if isinstance(manifest, dict) else None
    entries = skills if isinstance(skills, list) else []
    return {str(entry.get("name")): entry for entry in entries if isinstance(entry, dict)}


def _differences(before: dict[str, dict[str, object]], after: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield how the skills that a manifest lists differ from those of the bank."""
    for name in sorted(before.keys() - after.keys()):
        yield f"{name} is in the manifest and not in the bank."
    for name in sorted(after.keys() - before.keys()):
        yield f"{name} is in the bank and not in the manifest."
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            old, new = before[name].get("files"), after[name]["files"]
            old = old if isinstance(old, dict) else {}
            changed = sorted(f for f in old.keys() | new.keys() if old.get(f) != new.get(f))
            yield f"{name} has changed ({', '.join(changed[:5]) or 'metadata'})."


def _text(document: dict[str, object]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
