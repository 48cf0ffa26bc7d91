"""Sums over many verdicts; their order does not matter."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.requests.cases import DEFAULTS
from benchmarks.requests.judging import Kind, Verdict


@dataclass
class Score:
    """The verdicts of a set, and what is counted of them."""

    verdicts: list[Verdict] = field(default_factory=list)

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Score:
        """Return the score of some verdicts, ordered by the ids of their cases."""
        return cls(sorted(verdicts, key=lambda v: v.case.id))

    @property
    def failing(self) -> list[Verdict]:
        """The verdicts that are not right."""
        return [v for v in self.verdicts if not v.right]

    def ids(self, *kinds: Kind) -> list[str]:
        """Return the ids of the cases with one of some verdicts."""
        return [v.case.id for v in self.verdicts if v.kind in kinds]

    def document(self) -> dict[str, Any]:
        """Return the score as a document; a share of nothing is None."""
        ordinary = [v for v in self.verdicts if v.case.ordinary]
        refused = [v for v in self.verdicts if v.reason_right is not None]
        parts = [(len(v.case.ask) - len(v.unnamed), len(v.case.ask)) for v in self.verdicts if v.case.ask]
        milliseconds = [1000 * v.answer.seconds for v in self.verdicts]
        slowest = max(self.verdicts, key=lambda v: v.answer.seconds, default=None)
        return {
            "requests": len(self.verdicts),
            "exact": _share(len(self.ids(Kind.EXACT)), len(self.verdicts)),
            "exact_or_rightly_asked": _share(sum(v.right for v in self.verdicts), len(self.verdicts)),
            "needless": _share(sum(v.needless for v in self.verdicts), len(self.verdicts)),
            "ordinary": {
                "requests": len(ordinary),
                "exact": _share(sum(v.kind is Kind.EXACT for v in ordinary), len(ordinary)),
                "needless": _share(sum(v.needless for v in ordinary), len(ordinary)),
            },
            "wrong_but_runnable": self.ids(Kind.RUNNABLE),
            "silent": [v.case.id for v in self.verdicts if v.silent],
            "wrong_and_asks": self.ids(Kind.WRONG_ASKS),
            "asked_needlessly": [v.case.id for v in self.verdicts if v.needless],
            "crashed": self.ids(Kind.CRASHED),
            "parts_named": _share(sum(n for n, _ in parts), sum(of for _, of in parts)),
            "reasons": _share(sum(bool(v.reason_right) for v in refused), len(refused)),
            "slots": {slot: _share(*self._slot(slot)) for slot in DEFAULTS},
            "reading_ms": {
                "median": round(statistics.median(milliseconds), 3) if milliseconds else None,
                "worst": round(max(milliseconds), 3) if milliseconds else None,
                "slowest": slowest.case.id if slowest else None,
            },
        }

    def _slot(self, slot: str) -> tuple[int, int]:
        return sum(v.slots[slot][0] for v in self.verdicts), sum(v.slots[slot][1] for v in self.verdicts)


def verdict_document(verdict: Verdict) -> Mapping[str, Any]:
    """Return one verdict as a document."""
    answer = verdict.answer
    return {
        "id": verdict.case.id,
        "category": verdict.case.category,
        "text": verdict.case.text,
        "verdict": verdict.kind.value,
        "needless": verdict.needless,
        "silent": verdict.silent,
        "differences": [
            {"plan": d.plan, "slot": d.slot, "expected": d.expected, "got": d.got}
            for d in verdict.differences
        ],
        "unnamed": list(verdict.unnamed),
        "refused": answer.refused,
        "message": answer.message,
        "asks": [
            {"plan": i, "key": a.key, "text": a.text} for i, p in enumerate(answer.plans) for a in p.asked
        ],
        "notes": list(answer.notes),
    }  # fmt: skip


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
