"""Whether one plan is the expected one, slot by slot. Pure: nothing here reads a file, a skill or a job."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.requests.answers import Planned, settings
from benchmarks.requests.cases import DEFAULTS
from skillbank.nearby import at_home
from skillbank.plan.products import SEARCHED
from skillbank.plan.request import clean_uri, policy_word

OF_THE_PLACE = frozenset({"pretrained"})
"""Questions that follow from a skill and where it runs, whatever the words are: no matter of reading."""
FOLLOWING = frozenset({"route", "variant", "questions"})
"""Slots that the planner fills from the others."""
_ARTICLE = re.compile(r"^(?:a|an|the|all|any|every|each|some)\s+(?=\S)")

Resolve = Callable[[str, str], str | None]
"""Returns the id of the job that a word means for a skill; None when there is none."""
_Job = Callable[[str], str | None]


@dataclass(frozen=True)
class Difference:
    """One slot that is not as expected; ``lacking`` when it only says less than it should."""

    plan: int
    slot: str
    expected: Any
    got: Any
    lacking: bool = False


def compared(slot: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a slot of an expected plan counts: only a training is routed."""
    return slot != "policy" or wanted.get("action") == SEARCHED


def difference(
    at: int, slot: str, wanted: Mapping[str, Any], got: Planned, resolve: Resolve
) -> Difference | None:
    """Return how a slot of the plan at a place of the chain differs from what is expected of it."""

    def job_of(word: str) -> str | None:
        return resolve(word, got.slots["skill"])

    value = got.slots.get(slot, DEFAULTS[slot])
    said = wanted.get(slot, wanted.get(f"{slot}?", DEFAULTS[slot]))
    if slot == "questions":
        needed, allowed = questions(wanted)
        right, lacking = needed <= set(value) <= allowed, needed <= set(value)
    elif slot in ("set", "data"):
        table = _settings(said or {}, got) if slot == "set" else _sources(said or {}, got)
        right, lacking = _same_table(slot, table, value or {}, job_of)
        said = table
    else:
        said, optional = _counted(slot, wanted, got, said)
        lacking = value == DEFAULTS[slot] or (slot == "captions" and not value)
        choices = said if isinstance(said, list) and slot != "captions" else [said]
        right = (optional and lacking) or any(_same(slot, choice, value, job_of) for choice in choices)
    return None if right else Difference(at, slot, said, value, lacking)


def questions(wanted: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return the questions that an expected plan has to put, and all that it may."""
    listed = wanted.get("questions", ())
    needed = {q for q in listed if not q.endswith("?")}
    return needed, needed | {q.removesuffix("?") for q in listed} | OF_THE_PLACE


def _settings(said: Mapping[str, Any], got: Planned) -> dict[str, Any]:
    """Return expected settings under the keys of the spec, without those that other slots hold."""
    table = {}
    for key, value in said.items():
        mark = "?" if key.endswith("?") else ""
        plain = key.removesuffix("?")
        table[got.shorthands.get(plain, plain) + mark] = value
    return {key: value for key, value in settings(table).items() if key.removesuffix("?") not in got.counts}


def _counted(slot: str, wanted: Mapping[str, Any], got: Planned, said: Any) -> tuple[Any, bool]:
    """Return what a slot should be, and whether it may be left out; a spec key of the same meaning counts."""
    for key, value in (wanted.get("set") or {}).items():
        plain = key.removesuffix("?")
        if got.counts.get(got.shorthands.get(plain, plain)) == slot:
            return value, key.endswith("?")
    return said, f"{slot}?" in wanted


def _sources(said: Mapping[str, Any], got: Planned) -> dict[str, Any]:
    """Return the expected data; a plan may leave out what its action does not read."""
    if got.reads is None:
        return dict(said)
    return {k if k.removesuffix("?") in got.reads or k.endswith("?") else f"{k}?": v for k, v in said.items()}


def _same_table(
    slot: str, wanted: Mapping[str, Any], got: Mapping[str, Any], job_of: _Job
) -> tuple[bool, bool]:
    """Return whether a table is as expected, and whether it is so as far as it goes."""
    needed = {k for k in wanted if not k.endswith("?")}
    table = {k.removesuffix("?"): v for k, v in wanted.items()}
    same = set(got) <= set(table) and all(_same_entry(slot, table[k], v, job_of) for k, v in got.items())
    return same and needed <= set(got), same


def _same_entry(slot: str, expected: Any, got: Any, job_of: _Job) -> bool:
    if slot == "data":
        return [_location(u) for u in expected] == [_location(u) for u in got]
    if _same_value(expected, got):
        return True
    both = isinstance(expected, str) and isinstance(got, str)
    return both and (job := job_of(expected)) is not None and job == job_of(got)


def _same(slot: str, expected: Any, got: Any, job_of: _Job) -> bool:
    if expected is None or got is None:
        return expected is got
    if slot == "policy":
        return policy_word(expected) == policy_word(got)
    if slot == "captions":
        return _captions(expected) == _captions(got)
    if slot == "parent":
        wanted = job_of(str(expected))
        return wanted is not None and wanted == job_of(str(got))
    if slot in ("pretrained", "results_root"):
        wanted = job_of(str(expected))
        same_job = wanted is not None and wanted == job_of(str(got))
        return same_job or _location(str(expected)) == _location(str(got))
    return _same_value(expected, got)


def _same_value(expected: Any, got: Any) -> bool:
    if isinstance(expected, list) and not isinstance(got, list):
        return any(_same_value(choice, got) for choice in expected)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(map(_same_value, expected, got))
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in (expected, got)):
        return math.isclose(expected, got, rel_tol=1e-9)
    if isinstance(expected, str) and isinstance(got, str) and ("/" in expected or "/" in got):
        return _location(expected) == _location(got)
    return type(expected) is type(got) and bool(expected == got)


def _location(uri: str) -> str:
    uri = clean_uri(uri)
    return uri if "://" in uri else str(at_home(Path(uri)).absolute())


def _captions(said: Any) -> list[str]:
    return [_caption(str(each)) for each in ([said] if isinstance(said, str) else said)]


def _caption(text: str) -> str:
    return _ARTICLE.sub("", text.casefold().strip().rstrip(".").strip())
