"""What an audit can say: rules, in a table that they enter themselves, and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, get_args

from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.trust.audit.evidence import Evidence, File
    from skillbank.trust.audit.fields import Field

__all__ = ["LEVELS", "QUESTIONS", "RULES", "Finding", "Hit", "Level", "Question", "Rule", "rule"]

Level = Literal["HIGH", "MEDIUM", "LOW"]
Question = Literal["tricks", "execution", "bugs"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""The worst first."""
QUESTIONS: dict[Question, str] = {
    "tricks": "Does it try to trick the reader?",
    "execution": "Does it start what nobody sees?",
    "bugs": "Does it have known bugs?",
}
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a rule holds.

    Attributes
    ----------
    file, line, field
        The file relative to the skill, the 1-based line, and the dotted path of a document's field where known.
    message
        One sentence: what stands there.
    excerpt
        Foreign text, as it stands in the file; it is made visible before it is shown.
    level
        The level of this one case where it differs from its rule's.
    """

    file: str
    message: str
    line: int | None = None
    field: str = ""
    excerpt: str = ""
    level: Level | None = None


def hit_at(file: File, line: int | None, message: str, excerpt: str, level: Level | None = None) -> Hit:
    """Return a hit at a line of a file; the message gets its full stop."""
    return Hit(file.name, f"{message}.", line, file.field_at(line), excerpt, level)


def hit_in(file: File, field: Field, message: str, excerpt: str, level: Level | None = None) -> Hit:
    """Return a hit in a field of a document; the message gets its full stop."""
    return Hit(file.name, f"{message}.", field.line, field.path, excerpt, level)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a report; the file is relative to what was audited."""

    rule: str
    level: Level
    skill: str
    file: str
    line: int | None
    field: str
    message: str
    excerpt: str
    way_out: str

    @property
    def place(self) -> str:
        """``file:line``, and the field."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} ({self.field})" if self.field else where

    def document(self) -> dict[str, object]:
        """Return the finding as a JSON document."""
        return asdict(self)


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, what it means, and the function that finds it."""

    id: str
    level: Level
    question: Question
    title: str
    way_out: str
    find: Callable[[Evidence], Iterable[Hit]]

    def apply(self, evidence: Evidence) -> list[Finding]:
        """Return what the rule finds in one skill; of one place the worst."""
        found: dict[tuple[str, int | None, str], Finding] = {}
        for hit in self.find(evidence):
            finding = Finding(
                self.id,
                hit.level or self.level,
                one_line(evidence.name),
                one_line(evidence.placed(hit.file), _LONGEST * 2),
                hit.line,
                one_line(hit.field, _LONGEST),
                hit.message,
                one_line(hit.excerpt, _LONGEST),
                self.way_out,
            )
            place = (hit.file, hit.line, hit.field)
            if place not in found or LEVELS.index(finding.level) < LEVELS.index(found[place].level):
                found[place] = finding
        return list(found.values())


RULES: dict[str, Rule] = {}
"""Those that have been entered, by name; `skillbank.trust.audit.rules` has all of them."""


def rule(
    name: str, level: Level, question: Question, title: str, way_out: str
) -> Callable[[Callable[[Evidence], Iterable[Hit]]], Rule]:
    """Enter a function into the table of rules.

    Parameters
    ----------
    name
        Stable, e.g. ``command-shell``.
    level
        ``HIGH`` (an attack looks like this, and honest skills do not), ``MEDIUM`` (look at it), ``LOW`` (know it).
    title, way_out
        A sentence without a full stop, and what whoever meets it can do.
    """

    def enter(find: Callable[[Evidence], Iterable[Hit]]) -> Rule:
        if name in RULES:
            raise ValueError(f"two rules are called {name}")
        RULES[name] = Rule(name, level, question, title, way_out, find)
        return RULES[name]

    return enter
