"""Checking the files of a bank: findings with file and line, from a handful of rules.

A rule is a function from a skill to diagnostics; `RULES` lists them. Rules read and never change
anything, and a file that cannot be read is one finding, not the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from skillbank.bank import (
    functions,
    lint_agreement,
    lint_engine,
    lint_evals,
    lint_files,
    lint_lifecycle,
    lint_schemas,
    lint_standard,
)
from skillbank.bank.diagnostics import Diagnostic, Severity
from skillbank.bank.discovery import Bank
from skillbank.bank.files import utf8_name
from skillbank.bank.folder import why_unreadable
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError

Rule = Callable[[Skill], Iterable[Diagnostic]]

RULES: tuple[Rule, ...] = (
    lint_standard.standard,
    lint_files.documents,
    lint_files.images,
    lint_files.paths,
    lint_files.error_patterns,
    lint_agreement.data_tables,
    lint_agreement.function_tables,
    functions.inference_functions,
    lint_agreement.keys,
    lint_engine.engine,
    lint_agreement.unbound_inputs,
    lint_schemas.schemas,
    lint_schemas.templates,
    lint_evals.evals,
    lint_lifecycle.lifecycle,
)
"""All rules, in the order in which their findings are listed."""

_RANK: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Report:
    """The findings of one bank; paths are relative to the bank's folder."""

    root: Path
    skills: int
    findings: tuple[tuple[str, Diagnostic], ...]
    """Skill name and finding."""

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(d.severity == "error" for _, d in self.findings)

    def by_code(self) -> dict[str, int]:
        """Count the findings of each code, the most frequent first."""
        return dict(Counter(d.code for _, d in self.findings).most_common())

    def document(self) -> dict[str, object]:
        """Return the report as a JSON document."""
        return {
            "bank": str(self.root),
            "skills": self.skills,
            "errors": self.errors,
            "findings": [{"skill": name, **d.document()} for name, d in self.findings],
            "by_code": self.by_code(),
        }


def lint_bank(root: Path) -> Report:
    """Apply every rule to every skill of a bank."""
    bank = Bank(root)
    findings = [(s.name, _placed(d, s, bank.root)) for s in bank.skills for d in lint_skill(s)]
    if not bank.skills:
        missing = Diagnostic("error", "bank-empty", "no folder below this one holds a SKILL.md.", ".")
        findings = [("", missing)]
    return Report(bank.root, len(bank.skills), tuple(findings))


def lint_skill(skill: Skill) -> list[Diagnostic]:
    """Apply every rule to one skill; equal findings are listed once, errors first."""
    found: dict[Diagnostic, None] = {}
    for rule in RULES:
        try:
            found |= dict.fromkeys(rule(skill))
        except SkillFormatError as error:
            # A document that a rule needs is broken; the rule on documents names it with its line.
            found[Diagnostic("error", "document", error.sentence, "SKILL.md")] = None
        except Exception as error:
            message = f"the rule '{rule.__name__}' stopped, for the skill {why_unreadable(error)}"
            found[Diagnostic("error", "skill-unreadable", message, "SKILL.md")] = None
    return sorted(found, key=lambda d: (_RANK[d.severity], d.path, d.line or 0, d.code))


def _placed(found: Diagnostic, skill: Skill, bank: Path) -> Diagnostic:
    folder = skill.root.relative_to(bank)
    return Diagnostic(
        found.severity, found.code, found.message, utf8_name(str(folder / found.path)), found.line
    )
