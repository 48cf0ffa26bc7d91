"""Sentences and clauses, and what each is there for: a request, a reason, a report, a question, a condition.

A clause that does not say by its first words what it is goes on with what was before it in its sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from skillbank.plan.reader.coordination import goes_on
from skillbank.plan.reader.lexer import ALONE
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import phrases
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import Wording, of

__all__ = ["Clause", "Clauses", "Mode"]

_HARD = frozenset({".", "!", "?", ";", ALONE})
_SOFT = frozenset(",():[]\n")
_JOINS = frozenset({"and", "but", "then", "so", "plus", "also", "or", "yet", "as", "-"})
_SAYING = ("grammar.mode.reason", "grammar.mode.condition", "grammar.mode.order")
_WHOLE = (*_SAYING, "grammar.operator.not", "grammar.operator.instead")
"""Classes whose phrases no clause divides."""
_AS_DATA = tuple(f"places.roles.{role}.after" for role in ("train_datasets", "eval_dataset"))
"""What a place is for ("as the training set") is no reason, though it begins as one."""
_ASKED_LAST = (
    "'what|'what's|'how|'is|'are|'does|'do|'will|'would "
    "'would|'will|'does|'do|'is|'are|'long|'much|'many|'big|'good|'it|'that|'this|'the|'you|'i|'we|free.glue"
)
"""How a question begins behind an order; a "which" or "where" says more of what stands before it."""
_ASKED_WHETHER = {
    asked: phrases("reports.supposed") + (phrases("reports.stated") if asked else ())
    for asked in (False, True)
}
"""What asks whether something is so, by whether a question mark stands behind it."""
_NEXT = "grammar.order.next !'is|'was|'has|'are|'done|'finished|'it|'this|'the|'training"
"""Words of order that only say that something comes next: "after that evaluate it"."""


class Mode(StrEnum):
    """What a clause is there for."""

    REQUEST = "request"
    PLAIN = "plain"
    REASON = "reason"
    REPORT = "report"
    CONDITION = "condition"
    ORDER = "order"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Clause:
    """Tokens from ``first`` up to ``end``; ``sentence`` counts sentences."""

    first: int
    end: int
    sentence: int
    mode: Mode = Mode.PLAIN


class Clauses:
    """The clauses of a text, by token."""

    def __init__(self, text: Text) -> None:
        self._text, self.wording = text, Wording(text)
        self.teller = Teller(self.wording)
        hard = (i + 1 for i, t in enumerate(text.tokens) if t.kind == "mark" and t.text in _HARD)
        cuts = sorted({0, *hard, len(text.tokens)})
        self.sentences = {n: range(a, b) for n, (a, b) in enumerate(pairwise(cuts))}
        """The tokens of each sentence, by its number."""
        self.all = [c for n, tokens in self.sentences.items() for c in self._divided(tokens, n)]
        self._of = {i: clause for clause in self.all for i in range(clause.first, clause.end)}

    def of(self, i: int) -> Clause:
        """Return the clause that a token belongs to."""
        return self._of[i]

    def history(self) -> frozenset[int]:
        """Return the tokens of the clauses that tell of what is over."""
        over = list[Clause]()
        for clause in self.all:
            led = bool(over) and self._is_joined(over[-1], clause)
            if led or self.teller.is_history(clause.first, clause.end):
                over.append(clause)
        return frozenset(i for c in over for i in range(c.first, c.end))

    def _is_joined(self, before: Clause, clause: Clause) -> bool:
        """Whether a clause goes on with the list that the one right before it ends with."""
        beside = (before.end, before.sentence) == (clause.first, clause.sentence)
        return beside and goes_on(self._text, range(clause.first, clause.end))

    def sentence(self, i: int) -> range:
        """Return the tokens of the sentence that a token stands in."""
        return self.sentences[self.of(i).sentence]

    def _divided(self, tokens: range, number: int) -> Iterator[Clause]:
        """Yield the clauses of a sentence."""
        text, cuts, whole = self._text, [tokens.start], tokens.start
        for i in tokens:
            parts = text.kind(i) == "mark" and text.word(i) in _SOFT and not self._names(i)
            if parts or (i > tokens.start and i >= whole and self._begins(i, cuts[-1], within=i == whole)):
                cuts.append(i)
            whole = max(whole, self._whole_until(i))
        mode, asked = Mode.PLAIN, text.word(tokens.stop - 1) == "?"
        for first, end in pairwise([*cuts, tokens.stop]):
            if first < end:
                opens = first == tokens.start or (end == tokens.stop and self._is_asked_last(first, end))
                mode = self._mode(first, end, mode, asked and opens)
                yield Clause(first, end, number, mode)

    def _whole_until(self, i: int) -> int:
        """Return where what is whole and begins at a token ends; 0 where nothing does."""
        if not self._text.within(i, *_WHOLE):
            return 0
        return max(end for section in _WHOLE for end in self._text.ends(i, section))

    def _names(self, i: int) -> bool:
        """Whether a bracket stands around a job alone: "the run from January (3fa91c) failed"."""
        k = {"(": i + 1, ")": i - 1}.get(self._text.word(i), i)
        return self._text.kind(k) == "job" and (self._text.word(k - 1), self._text.word(k + 1)) == ("(", ")")

    def _begins(self, i: int, before: int, *, within: bool) -> bool:
        """Whether a word begins another clause than the one that began at a token: "so that I can" is one."""
        text, owner = self._text, self._text.ledger.owner.get(i)
        if text.kind(i) != "word" or (within and owner and text.within(before, "grammar.mode.reason")):
            return False
        if owner is not None:
            return owner.kind == "courtesy" and owner.first == i
        word = text.word(i)
        if text.within(i, "grammar.mode.later"):
            return False
        if word == "please" and self._is_order(i + 1):
            return True
        if text.match("'as 'well", i) or text.within(i, *_AS_DATA):
            return False
        compared = word in of("comparing") and text.word(i + 1) in of("people")  # "like we did in X"
        return compared or word in _JOINS or self._says(i)

    def _mode(self, first: int, end: int, before: Mode, asked: bool) -> Mode:
        """Return what a clause is there for: what its first words say, else what the one before it is."""
        text, i = self._text, self._behind_joins(first, end)
        if i == end:
            return before
        if self._inquires(i, end, asked=asked):
            return Mode.QUESTION
        if text.owner(i) == "courtesy":
            after = text.ledger.owner[i].last + 1
            return Mode.REPORT if after < end and self._is_told(after, end) else Mode.REQUEST
        for mode in (Mode.REASON, Mode.CONDITION, Mode.ORDER):
            if text.within(i, f"grammar.mode.{mode}") and (
                mode is not Mode.ORDER or not text.match(_NEXT, i)
            ):
                return mode
        if self._is_told(i, end):
            return Mode.REPORT
        return Mode.REQUEST if self._is_order(i) else before

    def _inquires(self, i: int, end: int, *, asked: bool) -> bool:
        """Whether a clause asks whether something is so, or what: none that begins with politeness."""
        if self._text.begins(_ASKED_WHETHER[asked], i):
            return True
        worded = self._text.within(i, "grammar.mode.question") or self._is_whether(i, end)
        return asked and self._text.owner(i) != "courtesy" and worded

    def _behind_joins(self, first: int, end: int) -> int:
        """Return where a clause begins behind marks, words that join it and adverbs."""
        text = self._text
        for i in range(first, end):
            joins = text.kind(i) == "mark" or text.word(i) in _JOINS or text.within(i, "grammar.free.adverb")
            if not joins or self._says(i) or not text.ledger.free(i):
                return i
        return end

    def _is_asked_last(self, first: int, end: int) -> bool:
        """Whether the last clause of a sentence is a question: "train X, what would that cost?"."""
        i = self._behind_joins(first, end)
        apart = self._text.kind(first) == "mark"
        said = self._text.has_kind(range(first, end), "place", "job", "number")
        return apart and not said and self._text.match(_ASKED_LAST, i) is not None

    def _is_whether(self, i: int, end: int) -> bool:
        """Whether a clause asks what can be done: "Can X be exported?", with no place to do it on."""
        text = self._text
        subject = text.kind(i + 1) == "name" or text.word(i + 1) in ("the", "a", "this", "i")
        led = i + 1 < end and text.word(i) in ("can", "could", "will", "would") and subject
        return led and not text.has_kind(text.sentence(i, _HARD), "place", "job")

    def _says(self, i: int) -> bool:
        """Whether a word says what a clause is there for: a reason, a condition, an order."""
        passed = self._text.within(i, "grammar.order.repeat", *_AS_DATA)
        return self._text.within(i, *_SAYING) and not passed

    def _is_told(self, i: int, end: int) -> bool:
        """Whether a clause has a subject and then a verb that tells: "we are building a counter"."""
        if self._text.word(i - 1) in ("and", "then") and self._text.match("~word 'it|'them", i):
            return False  # "and compare it with what we had"
        return not self._text.within(i, "grammar.free.light") and self.teller.has_verb(i, end)

    def _is_order(self, i: int) -> bool:
        classes = self._text.classes[i] if i < len(self._text.tokens) else ()
        return any(s.startswith("actions.") and s.endswith((".base", ".find")) for s in classes)
