"""The scores of several sets as a table, and single verdicts as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.requests.answers import Planned
from benchmarks.requests.cases import DEFAULTS
from benchmarks.requests.judging import Verdict
from benchmarks.requests.score import Score
from skillbank.visible import one_line

_WIDTH = 110


def table(scores: Mapping[str, Score]) -> list[str]:
    """Return the lines of a table with a column for each set; it is Markdown as well."""
    columns = [_column(score.document()) for score in scores.values()]
    rows = [["", *scores], *([name, *(c[name] for c in columns)] for name in columns[0])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (w + 2) for w in widths) + "|", *lines[1:]]


def _column(document: Mapping[str, Any]) -> dict[str, str]:
    ordinary, reading = document["ordinary"], document["reading_ms"]
    return {
        "requests": str(document["requests"]),
        "exact": _percent(document["exact"]),
        "exact or rightly asked": _percent(document["exact_or_rightly_asked"]),
        "needless questions": _percent(document["needless"]),
        "ordinary requests": str(ordinary["requests"]),
        "- exact": _percent(ordinary["exact"]),
        "- needless questions": _percent(ordinary["needless"]),
        "wrong but runnable": str(len(document["wrong_but_runnable"])),
        "- silent": str(len(document["silent"])),
        "wrong and asks": str(len(document["wrong_and_asks"])),
        "crashed": str(len(document["crashed"])),
        "parts named that need a question": _percent(document["parts_named"]),
        "reasons of refusals": _percent(document["reasons"]),
        **{f"slot {slot}": _percent(document["slots"][slot]) for slot in DEFAULTS},
        "reading, median ms": _number(reading["median"]),
        "reading, worst ms": _number(reading["worst"]),
    }


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def listing(scores: Mapping[str, Score]) -> Iterator[str]:
    """Yield which requests would run something else than was said."""
    for name, score in scores.items():
        document = score.document()
        for what in ("wrong_but_runnable", "silent", "crashed"):
            ids: Sequence[str] = document[what]
            if ids:
                said = f"{name}, {what.replace('_', ' ')} ({len(ids)}): {', '.join(ids)}"
                yield from textwrap.wrap(said, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def explained(verdict: Verdict, *, whole: bool = False) -> Iterator[str]:
    """Yield what came out of a request and how that differs.

    Parameters
    ----------
    whole
        Whether the plans are shown with all their slots.
    """
    kind = f"{verdict.kind.value}, silent" if verdict.silent else verdict.kind.value
    if verdict.needless and "needless" not in kind:
        kind += ", asks needlessly"
    yield ""
    yield f"{verdict.case.id} [{verdict.case.category}]: {kind}"
    for line in verdict.case.text.strip().splitlines():
        indent = len(line) - len(line.lstrip())
        yield f"    {' ' * indent}{one_line(line, 1000)}"
    answer = verdict.answer
    if answer.refused is not None:
        yield f"  refused ({answer.refused}): {one_line(answer.message, 400)}"
    if answer.refused is None and verdict.case.plans is None:
        wanted = f"refuse: {', '.join(verdict.case.refuse)}" if verdict.case.refuse else "a question"
        yield f"  expected {wanted}, got {', '.join(p.slots['action'] for p in answer.plans)}"
    for d in verdict.differences:
        where = f"plan {d.plan + 1}, " if d.plan >= 0 else ""
        yield f"  {where}{d.slot}: expected {_shown(d.expected)}, got {_shown(d.got)}"
    for part in verdict.unnamed:
        yield f"  nothing asks about: {one_line(part, 200)}"
    for i, plan in enumerate(answer.plans):
        yield from (f"  plan {i + 1} asks {one_line(a.text, 400)}" for a in plan.asked)
        if whole:
            yield f"  plan {i + 1} is {_shown(_said(plan))}"
    yield from (f"  note: {one_line(note, 300)}" for note in answer.notes if whole or verdict.case.ask)


def _said(plan: Planned) -> dict[str, Any]:
    return {slot: value for slot, value in plan.slots.items() if value not in (DEFAULTS[slot], [], {})}


def _shown(value: Any) -> str:
    return one_line(repr(value), 500)
