"""What two states of a bank differ in: files by what they are to the runtime, skills by name and place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias

from skillbank.bank.contents import digest_of
from skillbank.bank.discovery import Bank
from skillbank.errors import a_few
from skillbank.visible import one_line

__all__ = [
    "Change",
    "FileClass",
    "SkillState",
    "changed_files",
    "compare",
    "file_class",
    "files_sentence",
    "skills_in",
]

FileClass: TypeAlias = Literal["executable", "prose", "other"]
_SHOWN = 8
_UNVERSIONED = "unversioned"
"""What the head of a SKILL.md without a version is read as."""


@dataclass(frozen=True)
class SkillState:
    """One skill of one state of a bank; ``files`` has the sha256 of each of its files by its path."""

    name: str
    folder: str
    version: str
    files: Mapping[str, str]

    @property
    def content(self) -> str:
        """What it holds, wherever it lies."""
        return digest_of({path.removeprefix(f"{self.folder}/"): d for path, d in self.files.items()})


@dataclass
class Change:
    """What became of one skill.

    ``was`` is the earlier name or folder of one that was renamed or moved.
    """

    kind: Literal["added", "removed", "changed", "moved", "renamed"]
    skill: str
    was: str = ""
    now: str = ""
    versions: tuple[str, str] = ("", "")
    files: dict[FileClass, list[str]] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The change in one line."""
        moved = f" from {one_line(self.was)} to {one_line(self.now)}" if self.was else ""
        before, after = (one_line(v, 30) for v in self.versions)
        if self.kind in ("added", "removed"):
            version = f" (version {before or after})" if before or after else ""
        else:
            version = f" (version {before or 'none'} -> {after or 'none'})" if before != after else ""
        files = f": {files_sentence(self.files)}" if self.files else ""
        return f"{self.kind} {one_line(self.skill)}{moved}{version}{files}"

    def document(self) -> dict[str, object]:
        """Return it as JSON; empty fields are left out."""
        said = {
            "change": self.kind,
            "skill": self.skill,
            "was": self.was,
            "now": self.now,
            "files": self.files,
            "version_before": self.versions[0] if self.versions[0] != self.versions[1] else "",
            "version_after": self.versions[1] if self.versions[0] != self.versions[1] else "",
        }
        return {k: v for k, v in said.items() if v}


def file_class(path: str) -> FileClass:
    """Say whether a file decides what is run or how (``executable``), is text to read, or something else."""
    parts = PurePosixPath(path)
    if parts.name.endswith(("skill_info.yaml", ".schema.json")) or parts.name.startswith("spec_template_"):
        return "executable"
    if parts.suffix in (".py", ".sh", ".bash", ".js", ".yaml", ".yml", ".toml") or "scripts" in parts.parts:
        return "executable"
    if parts.name.lower() in ("dockerfile", "makefile", "manifest.json", "marketplace.json"):
        return "executable"
    return "prose" if parts.suffix.lower() in (".md", ".mdx", ".txt", ".rst") else "other"


def changed_files(before: Mapping[str, str], after: Mapping[str, str]) -> dict[FileClass, list[str]]:
    """Return the files that differ by class, each marked (``+`` new, ``-`` gone, ``~`` other content)."""
    found: dict[FileClass, list[str]] = {}
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path):
            mark = "+" if path not in before else "-" if path not in after else "~"
            found.setdefault(file_class(path), []).append(f"{mark}{path}")
    order: tuple[FileClass, ...] = ("executable", "prose", "other")
    return {each: found[each] for each in order if each in found}


def files_sentence(files: Mapping[FileClass, list[str]]) -> str:
    """Return changed files as part of a sentence, of each class the first few."""
    return "; ".join(
        f"{kind}: {a_few([one_line(n, 120) for n in names], _SHOWN)}" for kind, names in files.items()
    )


def skills_in(folder: Path, files: Mapping[str, str]) -> tuple[SkillState, ...]:
    """Read the skills of a state of a bank, for comparing only."""
    found = []
    for skill in Bank(folder).skills:
        inside = skill.folder
        own = {p: d for p, d in files.items() if p.startswith(f"{inside}/")}
        version = skill.frontmatter.version
        found.append(SkillState(skill.name, inside, "" if version == _UNVERSIONED else version, own))
    return tuple(found)


def compare(before: Iterable[SkillState], after: Iterable[SkillState]) -> list[Change]:
    """Say which skills came, went, changed, moved to another folder, or got another name."""
    old, new = _by_name(before), _by_name(after)
    gone = {name: s for name, s in old.items() if name not in new}
    came = {name: s for name, s in new.items() if name not in old}
    changes = [_both(old[n], new[n]) for n in sorted(old.keys() & new.keys())]
    for name, skill in sorted(came.items()):
        twin = next(
            (s for s in gone.values() if s.content == skill.content or s.folder == skill.folder), None
        )
        if twin is None:
            changes.append(
                Change("added", name, files=changed_files({}, skill.files), versions=("", skill.version))
            )
            continue
        del gone[twin.name]
        versions = (twin.version, skill.version)
        changes.append(Change("renamed", name, twin.name, name, versions, _moved_files(twin, skill)))
    changes += [Change("removed", name, versions=(s.version, "")) for name, s in sorted(gone.items())]
    return [c for c in changes if c is not None]


def _both(before: SkillState, after: SkillState) -> Change | None:
    versions, files = (before.version, after.version), _moved_files(before, after)
    if before.folder != after.folder:
        return Change("moved", after.name, before.folder, after.folder, versions, files)
    return Change("changed", after.name, versions=versions, files=files) if files else None


def _moved_files(before: SkillState, after: SkillState) -> dict[FileClass, list[str]]:
    """Return what differs inside two folders of skills, wherever these lie."""

    def inside(skill: SkillState) -> dict[str, str]:
        return {p.removeprefix(f"{skill.folder}/"): d for p, d in skill.files.items()}

    return changed_files(inside(before), inside(after))


def _by_name(skills: Iterable[SkillState]) -> dict[str, SkillState]:
    found: dict[str, SkillState] = {}
    for skill in skills:
        # Two of one name are told apart by where they lie.
        found[skill.name if skill.name not in found else f"{skill.name} ({skill.folder})"] = skill
    return found
