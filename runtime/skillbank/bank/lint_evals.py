"""``evals/evals.json``: questions for an agent, in the form that public catalogues read.

A list of ``{"id", "question", "expected_skill", "expected_behavior": [...]}``; ours may say beside it, under
``expect``, what the plan must be, which is checked without any agent.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.documents import read_json
from skillbank.bank.files import is_there
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError
from skillbank.visible import named

FILE = "evals/evals.json"
MOST = 1000
_PLANNED = frozenset({"action", "variant", "route", "automl_policy"})


def evals(skill: Skill) -> Iterator[Diagnostic]:
    """Check the form of a skill's evals, and that what they expect exists."""
    file = skill.root / FILE
    if not is_there(file):
        return
    try:
        cases = read_json(file)
    except SkillFormatError as error:
        yield Diagnostic("error", "evals", error.sentence, FILE)
        return
    if not isinstance(cases, list):
        yield Diagnostic("warning", "evals", "it is no list of questions, so no catalogue reads it.", FILE)
        return
    seen: set[str] = set()
    for number, case in enumerate(cases[:MOST], 1):
        for problem in _problems(skill, case, seen):
            yield Diagnostic("warning", "evals", f"question {number} {problem}.", FILE)


def _problems(skill: Skill, case: object, seen: set[str]) -> Iterator[str]:
    if not isinstance(case, dict):
        yield "is no mapping"
        return
    for field in ("question", "expected_skill"):
        if field in case and not isinstance(case[field], str | None):
            yield f"has a {field} that is no text"
    if not case.get("question"):
        yield "asks nothing"
    behaviour = case.get("expected_behavior", [])
    if not isinstance(behaviour, list) or not all(isinstance(each, str) for each in behaviour):
        yield "has an expected_behavior that is no list of sentences"
    name = str(case.get("id", ""))
    if name and name in seen:
        yield f"has the id '{named(name, 80)}' of another one"
    seen.add(name)
    expected = case.get("expect")
    if expected is not None:
        yield from _unplanned(skill, expected)


def _unplanned(skill: Skill, expected: object) -> Iterator[str]:
    if not isinstance(expected, dict) or not expected.keys() <= _PLANNED:
        yield f"expects of the plan something else than {', '.join(sorted(_PLANNED))}"
        return
    action = expected.get("action")
    if skill.actions and action and action not in {a.name for a in skill.actions}:
        yield f"expects the action '{named(str(action), 80)}', which the skill does not have"
