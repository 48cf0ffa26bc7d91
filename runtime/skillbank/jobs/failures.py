"""Why a job failed, read from its exit code and log: what happened, the line that shows it, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from skillbank.bank.error_patterns import pattern_text
from skillbank.bank.foreign import FromSkill, failure_words
from skillbank.bank.patterns import PatternError, compiled
from skillbank.jobs.failure_table import BY_EXIT_CODE, KNOWN_TO_SKILL, PATTERNS, PLAIN, TRACEBACK, Pattern
from skillbank.jobs.record import Failure
from skillbank.redact import redact
from skillbank.ways import Sentence

__all__ = ["classify"]

_LONGEST_EVIDENCE = 300
_LAST_WORDS = 20
_SEARCHED = 2000
"""Characters of a line of a log that are searched."""
_LONGEST_NAME = 40


_TELLING = re.compile(
    r"^\s*(\w+\.)*\w*(Error|Exception|Interrupt)\b|^\s*(ERROR|FATAL|CRITICAL)\b|error:", re.I
)


def classify(
    log_tail: str,
    exit_code: int | None,
    patterns: Iterable[Mapping[str, object]] = (),
    *,
    reason: str | None = None,
    secrets: Iterable[str] | None = None,
    skill: str = "",
) -> Failure:
    """Say what kind of failure it was.

    Parameters
    ----------
    log_tail
        The end of the program's output.
    patterns
        A skill's own patterns, searched before the table: ``name``, ``pattern`` (a regular expression),
        ``explanation``, ``advice`` and optionally ``kind``.
    reason
        The reason that the program itself gave in its status file; it is the best evidence there is.
    secrets
        Values that must not appear in the answer; those of this process's environment when not given.
    skill
        Whose the patterns are: what they say is given as its words.

    Returns
    -------
    Failure
        ``PROGRAM`` failures come back when the same plan is run again, ``INFRA`` ones need not.
    """
    hidden = None if secrets is None else list(secrets)
    lines = _lines(log_tail)
    own: list[str] = (
        [reason] if isinstance(reason, Sentence) else _lines(reason or "")
    )  # ours keep their ways
    table = (*map(_of_skill, patterns), *PATTERNS)
    # The program's own reason decides, then the last words. What the log holds above them may be a mere
    # warning: it counts only when neither a reason nor a signal has been given.
    recent, older = lines[: -_LAST_WORDS - 1 : -1], lines[-_LAST_WORDS - 1 :: -1]
    for where in (own, recent, [] if own or (exit_code or 0) > 128 else older):
        for pattern in table:
            found = _search(pattern, where)
            if found is not None:
                return _failure(pattern, found, hidden, skill)
    pattern, line = (PLAIN, own[0]) if own else _not_in_table(lines, exit_code)
    return _failure(pattern, line, hidden, skill)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _not_in_table(lines: Sequence[str], exit_code: int | None) -> tuple[Pattern, str]:
    """Return what stands for a failure that no pattern knows, and the line of a log that tells most of it."""
    telling = [line for line in lines if _TELLING.search(line)] or lines
    traceback = any(line.startswith("Traceback (most recent") for line in lines)
    pattern = BY_EXIT_CODE.get(exit_code or 0, TRACEBACK if traceback else PLAIN)
    return pattern, telling[-1] if telling else ""


def _of_skill(entry: Mapping[str, object]) -> Pattern:
    text = pattern_text(entry)
    kind = "INFRA" if str(entry.get("kind", "")).upper() == "INFRA" else "PROGRAM"
    name = re.sub(r"[^a-z0-9]+", "_", str(entry.get("name") or text).lower()).strip("_")
    ours = next((pattern for pattern in PATTERNS if pattern.name == name), KNOWN_TO_SKILL)
    return replace(ours, name=name[:_LONGEST_NAME], kind=kind, regex=text, said=failure_words(entry))


def _search(pattern: Pattern, lines: list[str]) -> str | None:
    found: Callable[[str], object]
    if not pattern.regex:
        return None
    try:
        # The table's own are run by the same engine: they meet what a program of a bank has printed.
        found = compiled(pattern.regex, ignore_case=True).search
    except PatternError:
        # Skills describe errors in words; words are then looked for as they stand. The plan and lint say so.
        words = pattern.regex.casefold()

        def found(line: str) -> bool:
            return words in line.casefold()

    return next((line for line in lines if found(line[:_SEARCHED])), None)


def _failure(pattern: Pattern, evidence: str, secrets: list[str] | None, skill: str) -> Failure:
    return Failure(
        kind=pattern.kind,
        name=pattern.name,
        explanation=pattern.explanation,
        evidence=Sentence(evidence).changed(partial(redact, values=secrets)).short(_LONGEST_EVIDENCE),
        advice=pattern.advice,
        from_skill=FromSkill.of(skill, redact(pattern.said, secrets)),
    )
