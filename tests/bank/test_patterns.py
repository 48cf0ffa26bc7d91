"""Patterns of a bank run in linear time, or are not run and it is said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from skillbank.bank.discovery import Bank
from skillbank.bank.grammar import problems, unread
from skillbank.bank.lint import lint_skill
from skillbank.bank.patterns import MAX_PATTERN, PatternError, compiled
from skillbank.bank.schema import SpecSchema
from skillbank.jobs.failure_table import PATTERNS
from skillbank.jobs.failures import classify
from skillbank.runtime import Runtime
from tests.bank.banks import make_skill

EXPLODING = ["^(a+)+$", "^(a|a)*$", "(a*)*b", "^(.*a){20}$", "(x+x+)+y"]


@pytest.mark.parametrize("pattern", EXPLODING)
def test_no_pattern_explodes(pattern: str) -> None:
    start = time.process_time()
    assert not compiled(pattern).search("a" * 3000 + "!") or pattern == "^(.*a){20}$"
    node = SpecSchema.parse({"properties": {"k": {"type": "string", "pattern": pattern}}}).node("k")
    assert node is not None and not unread(node)
    problems("a" * 3000 + "!", node)
    classify("a" * 1900 + "!\n" * 30, 1, [{"name": "n", "pattern": pattern}])
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?=a)b", "look-ahead"),
        ("(?<!a)b", "look-behind"),
        (r"(a)\1", "linear time"),
        ("(a{1000}){1000}", "linear time"),
        ("(", "linear time"),
        ("a" * (MAX_PATTERN + 1), "characters"),
        ("\ud800", "surrogate"),
    ],
)
def test_what_is_not_run_is_said(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        compiled(pattern)
    node = SpecSchema.parse({"properties": {"k": {"type": "string", "pattern": pattern}}}).node("k")
    assert node is not None and any(why in rule for rule in unread(node))
    assert not problems("anything", node)


def test_a_value_too_long_to_be_checked_is_refused() -> None:
    node = SpecSchema.parse({"properties": {"k": {"type": "string", "pattern": "^a*$"}}}).node("k")
    assert node is not None and not problems("aaa", node)
    [(_, said)] = problems("a" * 20_000, node)
    assert "more than the 10000" in said


def test_an_error_pattern_that_is_not_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = [
        {"name": "fine", "pattern": "lost .* contact"},
        {"name": "ahead", "pattern": "(?=lost) contact"},
        {"name": "open", "pattern": "cache full (again"},
    ]
    root = make_skill(tmp_path, "toy-yak", error_patterns=patterns)
    [skill] = Bank(tmp_path).skills
    found = [d for d in lint_skill(skill) if d.code == "error-pattern-words"]
    assert [d.severity for d in found] == ["warning"] * 2
    assert "(?=lost) contact" in found[0].message + found[1].message
    assert all(d.path.endswith("skill_info.yaml") for d in found) and root.is_dir()
    # And by the plan, since its job's failures may go unnamed.
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    with Runtime([tmp_path]) as runtime:
        [plan] = runtime.plan("train toy-yak")
    assert [w for w in plan.warnings if "2 error pattern(s)" in w and "look-ahead" in w]


def test_the_table_of_failures_runs_on_the_same_engine() -> None:
    for pattern in PATTERNS:
        compiled(pattern.regex, ignore_case=True)
    found = classify("boom (see (the notes", 1, [{"name": "words", "pattern": "BOOM (see (the"}])
    assert found.name == "words"
