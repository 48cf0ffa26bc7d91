"""An audit: which skills, what was found, what was not checked, and a verdict for each question."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank.discovery import Bank, Library
from skillbank.bank.home import bank_root
from skillbank.bank.skill import Skill
from skillbank.errors import DataNotFoundError, SkillbankError, SkillNotFoundError, UsageError
from skillbank.nearby import at_home, near_path
from skillbank.trust.audit.advisories import known
from skillbank.trust.audit.evidence import Evidence, Heard, Neighbour, read_files
from skillbank.trust.audit.finding import LEVELS, QUESTIONS, Finding, Level, Question, Rule
from skillbank.trust.audit.packages import Pinned, pinned
from skillbank.trust.audit.rules import table
from skillbank.visible import one_line
from skillbank.ways import Sentence

__all__ = ["Report", "audit"]

_VULNERABILITIES = "known vulnerabilities were not checked"
_BESIDE = (
    ".claude-plugin", ".claude", ".mcp.json", ".cursorrules", ".envrc", "references", "versions.yaml", "manifest.json",
    "README.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md", "hooks", "hooks.json", "plugin.json", "requirements.txt",
)  # fmt: skip
"""What of a bank's own folder the runtime or an agent reads, beside its skills."""


@dataclass(frozen=True)
class Report:
    """What an audit found.

    Attributes
    ----------
    root
        The folder that places are relative to.
    skills
        How many skills were looked at.
    not_checked
        What could not be answered, one sentence each.
    failed
        Whether something that was asked for could not be done.
    """

    root: Path
    skills: int
    files: int
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    failed: bool = False

    def at_least(self, level: Level) -> list[Finding]:
        """Return the findings of a level and of those above it."""
        return [f for f in self.findings if LEVELS.index(f.level) <= LEVELS.index(level)]

    def of(self, question: Question) -> list[Finding]:
        """Return the findings that answer one question."""
        rules = {r.id for r in table() if r.question == question}
        return [f for f in self.findings if f.rule in rules]

    def verdict(self, question: Question) -> str:
        """Say in a few words how a question is answered."""
        found = Counter(f.level for f in self.of(question))
        said = (
            f"{sum(found.values())} finding{'s' if sum(found.values()) != 1 else ''}"
            if found
            else "nothing found"
        )
        if found:
            said += f" ({', '.join(f'{found[level]} {level}' for level in LEVELS if found[level])})"
        if question == "bugs" and any(said.startswith(_VULNERABILITIES) for said in self.not_checked):
            said += (
                "; known vulnerabilities: not checked"
                if not self.failed
                else "; known vulnerabilities: not checked, the source failed"
            )
        return said

    def document(self) -> dict[str, object]:
        """Return the report as a JSON document."""
        levels = Counter(f.level for f in self.findings)
        return {
            "root": str(self.root),
            "findings": [f.document() for f in self.findings],
            "summary": {
                "skills": self.skills,
                "files": self.files,
                **{level.lower(): levels[level] for level in LEVELS},
                "verdicts": {q: self.verdict(q) for q in QUESTIONS},
            },
            "not_checked": list(self.not_checked),
        }


def audit(
    target: str | None, banks: Sequence[str] = (), *, library: Library | None = None, osv: str | None = None
) -> Report:
    """Audit a skill or a bank.

    Parameters
    ----------
    target
        A folder, or the name of one of the banks or of a skill in them; the bank that comes with skillbank when not given.
    banks
        Folders of skills to look for the name in, and to compare names with.
    library
        The banks at hand, in place of `banks`: those of a runtime, with the installed ones.
    osv
        An OSV export or server; without it known vulnerabilities are not checked, and the report says so.
    """
    library = library or Library([Path(b) for b in banks])
    root, chosen, beside = _chosen(target, library)
    evidence = [_read(skill.root, skill.bank_root, root) for skill in chosen]
    neighbours = _neighbours(library, evidence, chosen)
    listed = _listed(beside)
    heard: Heard = {}
    for one in evidence:
        one.neighbours = neighbours
        one.heard = heard
        one.listed = listed.get(one.root)
    if beside is not None:
        files, left_out = read_files(beside, only=_BESIDE)
        evidence.append(Evidence(beside, root, files, left_out, name=f"{beside.name} (beside its skills)"))
    not_checked, failed = _check_packages(evidence, osv)
    rules = table()
    found = [f for one in evidence for f in _judged(one, rules)]
    order = {r.id: i for i, r in enumerate(rules)}
    found.sort(key=lambda f: (LEVELS.index(f.level), f.file, f.line or 0, order[f.rule]))
    return Report(root, len(chosen), sum(len(e.files) for e in evidence), tuple(found), not_checked, failed)


def _judged(one: Evidence, rules: Sequence[Rule]) -> list[Finding]:
    """Return what the rules find in one skill; what they share is let go of before the next."""
    found = [f for r in rules for f in r.apply(one)]
    one.forget()
    return found


def _chosen(target: str | None, library: Library) -> tuple[Path, list[Skill], Path | None]:
    """Return the folder, its skills, and the bank whose other files count as well."""
    path = bank_root() if target is None else at_home(Path(target))
    bank = _named(target, path, library) if target is not None and os.sep not in target else None
    if bank is None and target is not None and not path.exists():
        if os.sep in target:
            raise DataNotFoundError(f"There is no folder {one_line(target)}{near_path(path)}.")
        skill = library.get(target)
        return skill.bank_root, [skill], None
    if bank is None and not path.is_dir():
        raise SkillNotFoundError(
            f"{one_line(path, 300)} is not a folder; give the folder of a skill or a bank, or the name of one."
        )
    bank = bank or Bank(path)
    skills = _skills_of(bank, path)
    alone = len(skills) == 1 and skills[0].root == bank.root
    return (bank.root.parent if alone else bank.root), skills, None if alone else bank.root


def _skills_of(bank: Bank, path: Path) -> list[Skill]:
    """Return the skills of a folder, or the one that it is itself."""
    skills = list(bank.skills)
    if not skills and _has_entry(bank.root, "SKILL.md"):
        skills = [Skill(bank.root, bank.name, bank.root)]
    if not skills:
        raise SkillNotFoundError(f"{path} holds no skill: no folder below it has a SKILL.md.")
    return skills


def _named(name: str, folder: Path, library: Library) -> Bank | None:
    """Return the bank in use that is called so; a folder here of that name must be the same bank."""
    named = next((b for b in library.banks if b.name == name), None)
    if named is not None and folder.is_dir() and folder.resolve() != named.root.resolve():
        raise UsageError(
            f"'{one_line(name)}' is the bank at {one_line(named.root, 300)} and a folder here; write "
            f"./{one_line(name)} for the folder, or the whole path."
        )
    return named


def _has_entry(folder: Path, name: str) -> bool:
    return any(entry.name == name for entry in folder.iterdir())


def _read(folder: Path, bank: Path, root: Path) -> Evidence:
    files, left_out = read_files(folder)
    return Evidence(folder, root if bank == folder else bank, files, left_out)


def _neighbours(
    library: Library, evidence: Sequence[Evidence], chosen: Sequence[Skill]
) -> tuple[Neighbour, ...]:
    """Return the names of all skills that are audited and of those in the banks at hand."""
    known_roots = {one.root for one in evidence}
    found = [_neighbour(one, skill.bank) for one, skill in zip(evidence, chosen, strict=True)]
    for bank in library.banks:
        for skill in bank.skills:
            if skill.root not in known_roots:
                main = read_files(skill.root, only=("SKILL.md", "references"))[0]
                wanted = [f for f in main if f.name == "SKILL.md" or f.is_info]
                found.append(_neighbour(Evidence(skill.root, bank.root, wanted), bank.name))
    return tuple(found)


def _neighbour(one: Evidence, bank: str) -> Neighbour:
    names = tuple(dict.fromkeys([one.name, *(value for value, _, _ in one.answers_to)]))
    return Neighbour(one.name, bank, one.root.is_relative_to(bank_root() / "skills"), names, one.root)


def _listed(bank: Path | None) -> dict[Path, Mapping[str, object]]:
    """Return the files that the bank's manifest lists, by the folder of their skill."""
    if bank is None:
        return {}
    file = next((f for f in read_files(bank, only=("manifest.json",))[0]), None)
    document = file.parsed[0] if file is not None else None
    skills = document.get("skills") if isinstance(document, dict) else None
    found = {}
    for skill in skills if isinstance(skills, list) else ():
        if (
            isinstance(skill, dict)
            and isinstance(skill.get("path"), str)
            and isinstance(skill.get("files"), dict)
        ):
            found[bank / skill["path"]] = skill["files"]
    return found


def _check_packages(evidence: Iterable[Evidence], osv: str | None) -> tuple[tuple[str, ...], bool]:
    """Ask the source for every pinned package, and say what was not asked."""
    by_skill: list[tuple[Evidence, list[Pinned]]] = [
        (one, list(dict.fromkeys(pinned(one)))) for one in evidence
    ]
    every = [package for _, some in by_skill for package in some]
    images = len({(p.name, p.version) for p in every if p.ecosystem == "OCI"})
    inside = f"what lies inside of {_counted(images, 'container image')} was not looked at."
    unseen = (inside,) if images else ()
    if osv is None:
        packages = len({(p.key, p.version) for p in every if p.ecosystem != "OCI"})
        said = f"{_VULNERABILITIES} ({_counted(packages, 'pinned package')}): give --osv FILE or --osv URL."
        return (said, *unseen), False
    try:
        found = known(osv, every)
    except SkillbankError as error:
        return (Sentence(f"{_VULNERABILITIES}: {error.sentence.marked}"), *unseen), True
    for one, some in by_skill:
        one.advisories = {p: found[p] for p in some if p in found}
    return unseen, False


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' if count != 1 else ''}"
