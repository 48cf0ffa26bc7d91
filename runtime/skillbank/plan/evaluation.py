"""How well requests are read: expected plans against those that came out, slot by slot.

Pure: nothing here reads a file, a skill or a job. ``tests/requests/README.md`` says what is compared how.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillbank.errors import UsageError
from skillbank.nearby import at_home
from skillbank.plan.products import SEARCHED
from skillbank.plan.request import clean_uri, policy_word

DEFAULTS: dict[str, Any] = {
    "skill": "tao-train-grounding-dino", "action": None, "variant": None, "policy": "auto", "route": "direct",
    "set": {}, "gpus": None, "nodes": None, "captions": [], "platform": None, "data": {}, "parent": None,
    "pretrained": None, "results_root": None, "questions": [],
}  # fmt: skip
"""The slots of a plan, and what each is where a case does not mention it."""

OF_THE_PLACE = frozenset({"pretrained"})
"""Questions that follow from a skill and where it runs, whatever the words are: no matter of reading."""
_TABLES = ("set", "data")
_ARTICLE = re.compile(r"^(?:a|an|the|all|any|every|each|some)\s+(?=\S)")
REASONS = ("out_of_scope", "no_skill", "ambiguous", "no_action", "conflict")


@dataclass(frozen=True)
class Case:
    """One request and its exact reading.

    Attributes
    ----------
    plans
        The expected plans; None when the request has to be refused.
    refuse
        The reasons for a refusal that are right.
    not_understood
        Parts of the text that have to be reported.
    """

    id: str
    text: str
    plans: tuple[Mapping[str, Any], ...] | None
    refuse: tuple[str, ...] = ()
    not_understood: tuple[str, ...] = ()

    @classmethod
    def parse(cls, document: Any) -> Case:
        """Read one entry of a file of cases.

        Raises
        ------
        UsageError
            Naming the entry and what is wrong with it.
        """
        if not isinstance(document, Mapping) or not isinstance(document.get("text"), str):
            raise UsageError(f"A case must be a mapping with a text: {str(document)[:80]}")
        name = str(document.get("id"))
        plans, refuse = document.get("plans"), document.get("refuse")
        if (plans is None) == (refuse is None):
            raise UsageError(f"Case '{name}' must have either plans or refuse.")
        reasons = tuple(refuse) if isinstance(refuse, list) else (refuse,) if refuse else ()
        unknown = [r for r in reasons if r not in REASONS]
        for plan in plans or ():
            unknown += [k for k in plan if k.removesuffix("?") not in DEFAULTS]
        if unknown:
            raise UsageError(f"Case '{name}' has an unknown word '{unknown[0]}'.")
        return cls(
            name, document["text"], tuple(plans) if plans is not None else None, reasons,
            tuple(document.get("not_understood") or ()),
        )  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What came out of a request.

    Attributes
    ----------
    plans
        Slots of each plan, named as in `DEFAULTS`; ``reads`` names the sources that its action reads.
    refused
        Why nothing was planned; None when something was.
    """

    plans: tuple[Mapping[str, Any], ...] = ()
    refused: str | None = None
    message: str = ""
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    """One slot that is not as expected."""

    plan: int
    slot: str
    expected: Any
    got: Any


@dataclass(frozen=True)
class Verdict:
    """How one case went."""

    case: Case
    answer: Answer
    differences: tuple[Difference, ...]
    slots: Mapping[str, tuple[int, int]]
    """For each slot: how many expected plans have it right, of how many."""
    false_launches: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether everything is as expected."""
        return not self.differences

    @property
    def reason_right(self) -> bool | None:
        """Whether a right refusal has the right reason; None where it was no right refusal."""
        if not self.case.refuse or self.answer.refused is None:
            return None
        return self.answer.refused in self.case.refuse


@dataclass
class Score:
    """Sums over many cases; the order of the cases does not matter."""

    cases: int = 0
    exact: int = 0
    slots: dict[str, list[int]] = field(default_factory=dict)
    refused: int = 0
    """Requests that were refused."""
    to_refuse: int = 0
    refused_rightly: int = 0
    reasons_right: int = 0
    false_launches: list[str] = field(default_factory=list)
    failures: list[Verdict] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the score as a document; a share of nothing is 1."""
        return {
            "cases": self.cases,
            "exact": self.exact,
            "accuracy": _share(self.exact, self.cases),
            "slots": {slot: _share(right, of) for slot, (right, of) in self.slots.items()},
            "abstention": {
                "precision": _share(self.refused_rightly, self.refused),
                "recall": _share(self.refused_rightly, self.to_refuse),
                "reasons": _share(self.reasons_right, self.refused_rightly),
            },
            "false_launches": sorted(self.false_launches),
            "failures": [_failure(v) for v in sorted(self.failures, key=lambda v: v.case.id)],
        }


def judge(case: Case, answer: Answer, resolve: Callable[[str], str | None] = lambda job: job) -> Verdict:
    """Compare one answer with what was expected.

    Parameters
    ----------
    resolve
        Returns the id of the job that a word (``last``, an id or its end) means; None when there is none.
    """
    expected = case.plans or ()
    differences: list[Difference] = []
    slots = {slot: [0, 0] for slot in DEFAULTS}
    for i, wanted in enumerate(expected):
        got = answer.plans[i] if answer.refused is None and i < len(answer.plans) else None
        for slot in DEFAULTS:
            if slot == "policy" and wanted.get("action") != SEARCHED:
                continue
            slots[slot][1] += 1
            problem = _compare(slot, wanted, got, resolve) if got is not None else True
            slots[slot][0] += not problem
            if problem and got is not None:
                said = wanted.get(slot, wanted.get(f"{slot}?", DEFAULTS[slot]))
                differences.append(Difference(i, slot, said, got.get(slot, DEFAULTS[slot])))
    if case.refuse and answer.refused is None:
        differences.append(Difference(0, "refuse", list(case.refuse), [p["action"] for p in answer.plans]))
    elif not case.refuse and answer.refused is not None:
        differences.append(Difference(0, "plans", [p["action"] for p in expected], answer.message))
    elif len(answer.plans) != len(expected) and not case.refuse:
        got_actions = [p["action"] for p in answer.plans]
        differences.append(Difference(0, "plans", [p["action"] for p in expected], got_actions))
    if answer.refused is None and not case.refuse:
        reported = [part.lower() for part in answer.not_understood]
        for fragment in case.not_understood:
            if not any(str(fragment).lower() in part for part in reported):
                differences.append(Difference(0, "not_understood", fragment, list(answer.not_understood)))
    return Verdict(
        case, answer, tuple(differences), {k: (v[0], v[1]) for k, v in slots.items()}, _launches(case, answer)
    )


def score(verdicts: Iterable[Verdict]) -> Score:
    """Add up verdicts."""
    total = Score(slots={slot: [0, 0] for slot in DEFAULTS})
    for verdict in verdicts:
        total.cases += 1
        total.exact += verdict.exact
        for slot, (right, of) in verdict.slots.items():
            total.slots[slot][0] += right
            total.slots[slot][1] += of
        abstained = verdict.answer.refused is not None
        total.refused += abstained
        total.to_refuse += bool(verdict.case.refuse)
        total.refused_rightly += abstained and bool(verdict.case.refuse)
        total.reasons_right += bool(verdict.reason_right)
        total.false_launches += [f"{verdict.case.id}: {what}" for what in verdict.false_launches]
        if not verdict.exact:
            total.failures.append(verdict)
    return total


def _launches(case: Case, answer: Answer) -> tuple[str, ...]:
    """Plans that could be launched although the case expects no such action of this skill."""
    wanted = {(p.get("skill", DEFAULTS["skill"]), p["action"]) for p in case.plans or ()}
    ready = [p for p in answer.plans if answer.refused is None and not p.get("questions")]
    return tuple(f"{p['action']} of {p['skill']}" for p in ready if (p["skill"], p["action"]) not in wanted)


def _compare(
    slot: str, wanted: Mapping[str, Any], got: Mapping[str, Any], resolve: Callable[[str], str | None]
) -> bool:
    """Whether a slot is wrong."""
    value = got.get(slot, DEFAULTS[slot])
    if slot in _TABLES:
        table = dict(wanted.get(slot) or {})
        value = dict(value or {})
        if slot == "data" and "reads" in got:
            table = {k: v for k, v in table.items() if k.removesuffix("?") in got["reads"]}
            value = {k: v for k, v in value.items() if k in got["reads"]}
        return not _same_table(slot, table, value)
    if slot == "questions":
        needed = {q for q in wanted.get(slot, ()) if not q.endswith("?")}
        allowed = needed | {q.removesuffix("?") for q in wanted.get(slot, ())}
        return not needed <= set(value) <= allowed | OF_THE_PLACE
    if f"{slot}?" in wanted and _is_default(slot, value):
        return False
    expected = wanted.get(slot, wanted.get(f"{slot}?", DEFAULTS[slot]))
    choices = expected if isinstance(expected, list) and slot != "captions" else [expected]
    return not any(_same(slot, choice, value, resolve) for choice in choices)


def _is_default(slot: str, value: Any) -> bool:
    return value == DEFAULTS[slot] or (slot == "captions" and not value)


def _same_table(slot: str, wanted: Mapping[str, Any], got: Mapping[str, Any]) -> bool:
    optional = {k.removesuffix("?"): v for k, v in wanted.items() if k.endswith("?")}
    needed = {k: v for k, v in wanted.items() if not k.endswith("?")}
    if not set(needed) <= set(got) or not set(got) <= set(needed) | set(optional):
        return False
    table = {**needed, **optional}
    if slot == "data":
        return all(
            [_location(u) for u in table[k]] == [_location(u) for u in uris] for k, uris in got.items()
        )
    return all(_same_value(table[k], value) for k, value in got.items())


def _same(slot: str, expected: Any, got: Any, resolve: Callable[[str], str | None]) -> bool:
    if expected is None or got is None:
        return expected is got
    if slot == "policy":
        return policy_word(expected) == policy_word(got)
    if slot == "captions":
        return [_caption(c) for c in expected] == [_caption(c) for c in got]
    if slot == "parent":
        wanted = resolve(str(expected))
        return wanted is not None and wanted == resolve(str(got))
    if slot in ("pretrained", "results_root"):
        return _location(str(expected)) == _location(str(got))
    return _same_value(expected, got)


def _same_value(expected: Any, got: Any) -> bool:
    if isinstance(expected, list) and not isinstance(got, list):
        return any(_same_value(choice, got) for choice in expected)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(_same_value, expected, got))
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (expected, got))
    if numbers:
        return math.isclose(expected, got, rel_tol=1e-9)
    if isinstance(expected, str) and isinstance(got, str) and ("/" in expected or "/" in got):
        return _location(expected) == _location(got)
    return type(expected) is type(got) and bool(expected == got)


def _location(uri: str) -> str:
    uri = clean_uri(uri)
    return uri if "://" in uri else str(at_home(Path(uri)).absolute())


def _caption(text: str) -> str:
    text = text.casefold().strip().rstrip(".").strip()
    return _ARTICLE.sub("", text)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0


def _failure(verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.case.id,
        "text": verdict.case.text,
        "differences": [
            {"plan": d.plan, "slot": d.slot, "expected": d.expected, "got": d.got}
            for d in verdict.differences
        ],
        "refused": verdict.answer.message or None,
    }
