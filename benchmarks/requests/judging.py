"""How one request went: what came out against what was expected. Pure: nothing here reads anything.

The verdicts follow from one question: what would run, and was it said?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from benchmarks.requests.answers import CRASHED, Answer, Planned, fragments
from benchmarks.requests.cases import DEFAULTS, Case
from benchmarks.requests.comparing import (
    FOLLOWING,
    Difference,
    Resolve,
    compared,
    difference,
    questions,
)
from skillbank.plan.request import role_of


class Kind(StrEnum):
    """What a verdict is."""

    EXACT = "exact"
    ASKED = "asked rightly"
    NEEDLESS = "asked needlessly"
    WRONG_ASKS = "wrong and asks"
    RUNNABLE = "wrong but runnable"
    CRASHED = "crashed"


@dataclass(frozen=True)
class Verdict:
    """How one case went.

    Attributes
    ----------
    needless
        Whether the case wants plans and something was asked, or refused, that it does not expect. A plan that
        is wrong as well has the verdict `Kind.WRONG_ASKS` or `Kind.RUNNABLE` and counts here too.
    silent
        Whether a plan that runs something else says nothing of what it does otherwise.
    slots
        For each slot: in how many expected plans it is right, of how many. Not counted where a case wants a
        question and nothing was planned.
    unnamed
        Parts of the text that had to be asked about, and that no question speaks of.
    """

    case: Case
    answer: Answer
    kind: Kind
    needless: bool
    silent: bool
    differences: tuple[Difference, ...]
    slots: Mapping[str, tuple[int, int]]
    unnamed: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether it is what was wanted: the exact plans, the refusal, or a question where one is due."""
        return self.kind in (Kind.EXACT, Kind.ASKED)

    @property
    def reason_right(self) -> bool | None:
        """Whether a right refusal has the right reason; None where it was no right refusal."""
        if not self.case.refuse or self.answer.refused is None:
            return None
        return self.answer.refused in self.case.refuse


def judge(case: Case, answer: Answer, resolve: Resolve = lambda job, _: job) -> Verdict:
    """Compare one answer with what was expected.

    Parameters
    ----------
    resolve
        Returns the id of the job that a word (``last``, an id or its end) means for a skill, or None.
    """
    found = _differences(case, answer, resolve)
    said = [answer.message] if answer.refused is not None else [a.text for p in answer.plans for a in p.asked]
    unnamed = tuple(part for part in case.ask if not any(speaks_of(text, part, case.text) for text in said))
    extra = _unexpected(case, answer)
    needless = case.plans is not None and not case.ask and not case.may_ask and extra
    kind = _kind(case, answer, found, bool(case.ask) and len(unnamed) < len(case.ask), extra)
    silent = kind is Kind.RUNNABLE and not _told(case, answer, found)
    return Verdict(case, answer, kind, needless, silent, found, _slots(case, answer, found), unnamed)


def _kind(case: Case, answer: Answer, found: tuple[Difference, ...], names_a_part: bool, extra: bool) -> Kind:
    if answer.refused is not None:
        return _kind_of_refusal(case, answer.refused)
    if _runs_wrong(case, answer, found, names_a_part):
        return Kind.RUNNABLE
    reading_asks = any(a.of_reading for plan in answer.plans for a in plan.asked)
    if case.ask or case.plans is None:
        return Kind.ASKED if reading_asks or names_a_part else Kind.WRONG_ASKS
    if not found:
        return Kind.EXACT
    if case.may_ask and extra:
        return Kind.ASKED
    only_lacking = all(d.lacking or d.slot in FOLLOWING for d in found)
    return Kind.NEEDLESS if extra and only_lacking else Kind.WRONG_ASKS


def _kind_of_refusal(case: Case, reason: str) -> Kind:
    if reason == CRASHED:
        return Kind.CRASHED
    if case.refuse:
        return Kind.EXACT
    return Kind.ASKED if case.ask or case.may_ask else Kind.NEEDLESS


def _runs_wrong(case: Case, answer: Answer, found: tuple[Difference, ...], names_a_part: bool) -> bool:
    """Whether something would run that is not what was said."""
    running = [i for i, plan in enumerate(answer.plans) if plan.runs]
    if case.plans is None and not case.ask:
        return bool(running)
    asks = names_a_part or any(a.of_reading for plan in answer.plans for a in plan.asked)
    if case.ask and not asks:
        return bool(running)
    if case.plans is None:
        return False
    missing = len(answer.plans) < len(case.plans) and not case.ask
    return any(missing or i >= len(case.plans) or any(d.plan == i for d in found) for i in running)


def _differences(case: Case, answer: Answer, resolve: Resolve) -> tuple[Difference, ...]:
    """Return every slot that differs; the slot ``plans``, at no plan's place, is how many there are."""
    if answer.refused is not None or case.plans is None:
        return ()
    found = [
        one
        for i, (wanted, got) in enumerate(zip(case.plans, answer.plans, strict=False))
        for slot in _counting(case, wanted)
        if (one := difference(i, slot, wanted, got, resolve)) is not None
    ]
    if len(answer.plans) != len(case.plans):
        wanted_actions = [p["action"] for p in case.plans]
        got_actions = [p.slots["action"] for p in answer.plans]
        lacking = len(answer.plans) < len(case.plans)
        found.append(Difference(-1, "plans", wanted_actions, got_actions, lacking))
    return tuple(found)


def _counting(case: Case, wanted: Mapping[str, Any]) -> Iterator[str]:
    for slot in DEFAULTS:
        if compared(slot, wanted) and not (slot == "questions" and case.ask):
            yield slot


def _slots(case: Case, answer: Answer, found: Iterable[Difference]) -> dict[str, tuple[int, int]]:
    counts = {slot: [0, 0] for slot in DEFAULTS}
    if case.ask and answer.refused is not None:
        return dict.fromkeys(DEFAULTS, (0, 0))
    wrong = {(d.plan, d.slot) for d in found}
    for i, wanted in enumerate(case.plans or ()):
        there = answer.refused is None and i < len(answer.plans)
        for slot in _counting(case, wanted):
            counts[slot][0] += there and (i, slot) not in wrong
            counts[slot][1] += 1
    return {slot: (right, of) for slot, (right, of) in counts.items()}


def _unexpected(case: Case, answer: Answer) -> bool:
    """Whether there is a question that the case does not list, or a refusal that it does not want."""
    if answer.refused is not None:
        return not case.refuse
    for i, plan in enumerate(answer.plans):
        wanted = case.plans[i] if case.plans is not None and i < len(case.plans) else {}
        if {a.key for a in plan.asked} - questions(wanted)[1]:
            return True
    return False


_SMALL = frozenset({
    "a", "an", "the", "and", "or", "of", "on", "in", "at", "to", "for", "from", "with", "by", "is", "are",
    "it", "its", "this", "that", "please", "do", "not", "be", "as", "into",
})  # fmt: skip


def speaks_of(said: str, part: str, text: str, share: float = 0.5) -> bool:
    """Whether a question or note is about a part of the text.

    It is when it has the part in it, or when what it quotes of the text has a share of the part's words.
    A quotation of the whole text, as refusals begin with, is about nothing of it.
    """
    whole, said, wanted = _plain(text), _plain(said), _plain(part)
    quoted = [each for each in fragments(said) if not _is_all(each, whole)]
    for each in fragments(said):
        if _is_all(each, whole):
            said = said.replace(each, " ")
    if wanted in said:
        return True
    words = _words(wanted)
    covered = {w for each in quoted if each.strip(" .…") in whole for w in _words(each)}
    return bool(words & covered) and len(words & covered) >= share * len(words)


def _is_all(quoted: str, whole: str) -> bool:
    """Whether a quotation is the text itself, cut or not."""
    begin = quoted.rstrip(" .…")
    return whole.startswith(begin) and (len(begin) >= min(60, 0.8 * len(whole)))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.casefold()).strip()


def _words(text: str) -> set[str]:
    found = set(re.findall(r"[\w./:@-]*\w", text))
    return found - _SMALL or found


def _told(case: Case, answer: Answer, found: tuple[Difference, ...]) -> bool:
    """Whether a note or warning speaks of anything that differs."""
    notes = [_plain(note) for note in answer.notes]
    if any(speaks_of(note, part, case.text, share=0) for note in notes for part in case.ask):
        return True
    if case.plans is None and not case.ask:
        whole = _plain(case.text)
        return any(each in whole for note in notes for each in fragments(note))
    words = {word for d in found for word in _tell_tales(d, answer.plans)}
    return any(re.search(rf"(?<!\w){re.escape(word)}s?(?!\w)", note) for note in notes for word in words)


def _tell_tales(one: Difference, plans: tuple[Planned, ...]) -> Iterator[str]:
    """Yield the words, in lower case, by which a note would speak of a difference."""
    tables = [table for table in (one.expected, one.got) if isinstance(table, Mapping)]
    if one.slot in ("set", "data") and len(tables) == 2:
        wanted, got = ({k.removesuffix("?"): v for k, v in table.items()} for table in tables)
        for key in {k for k in {*wanted, *got} if wanted.get(k) != got.get(k)}:
            yield from _names_of(one.slot, key)
            yield from _values(wanted.get(key))
            yield from _values(got.get(key))
        return
    yield from _names_of(one.slot, one.slot)
    yield from _values(one.expected)
    yield from _values(one.got)


def _names_of(slot: str, key: str) -> Iterator[str]:
    if slot == "data":
        yield from (key, role_of(key))
        return
    if slot == "policy":
        yield from ("automl", "hpo", "search")
        return
    if slot in ("plans", "questions"):  # words of every other note
        return
    last = key.rpartition(".")[2].casefold()
    yield from {last, last.replace("_", " "), key.casefold()}
    yield from (word.rstrip("s") for word in last.split("_") if word not in ("num", "max", "min", "set"))


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _values(each)
    elif value is not None and not isinstance(value, bool | Mapping):
        word = str(value).casefold()
        if len(word) > 1:
            yield word
