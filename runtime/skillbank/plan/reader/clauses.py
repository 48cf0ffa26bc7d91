"""Sentences and clauses, and what each is there for: a request, a reason, a report, a question, a condition.

A clause that does not say by its first words what it is goes on with what was before it in its sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skillbank.plan.reader.lexer import ALONE
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import Wording, of

__all__ = ["Clause", "Clauses", "Mode"]

_HARD = frozenset({".", "!", "?", ";", ALONE})
_SOFT = frozenset(",():[]\n")
_JOINS = frozenset({"and", "but", "then", "so", "plus", "also", "or", "yet", "as", "-"})
_SAYING = ("grammar.mode.reason", "grammar.mode.condition", "grammar.mode.order")
_PHRASES = (*_SAYING, "grammar.operator.not", "grammar.operator.instead")
"""Classes whose phrases no clause divides."""
_AS_DATA = tuple(f"places.roles.{role}.after" for role in ("train_datasets", "eval_dataset"))
"""What a place is for ("as the training set") is no reason, though it begins as one."""


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
        self._text, self.teller = text, Teller(Wording(text))
        self.all: list[Clause] = []
        for number, (first, end) in enumerate(self._sentences()):
            self._divide(first, end, number)
        self._of = {i: clause for clause in self.all for i in range(clause.first, clause.end)}
        self.sentences: dict[int, range] = {}
        """The tokens of each sentence, by its number."""
        for clause in self.all:
            first = self.sentences.get(clause.sentence, range(clause.first, clause.end)).start
            self.sentences[clause.sentence] = range(first, clause.end)

    def of(self, i: int) -> Clause:
        """Return the clause that a token belongs to."""
        return self._of[i]

    def history(self) -> frozenset[int]:
        """Return the tokens of the clauses that tell of what is over."""
        return frozenset(
            i for c in self.all if self.teller.is_history(c.first, c.end) for i in range(c.first, c.end)
        )

    def sentence(self, i: int) -> range:
        """Return the tokens of the sentence that a token stands in."""
        return self.sentences[self.of(i).sentence]

    def _sentences(self) -> list[tuple[int, int]]:
        found, first = [], 0
        for i, token in enumerate(self._text.tokens):
            if token.kind == "mark" and token.text in _HARD:
                found.append((first, i + 1))
                first = i + 1
        return [*found, (first, len(self._text.tokens))] if first < len(self._text.tokens) else found

    def _divide(self, first: int, end: int, number: int) -> None:
        cuts, whole = [first], first
        for i in range(first, end):
            parts = self._text.word(i) in _SOFT and self._text.tokens[i].kind == "mark" and not self._names(i)
            if parts or (i > first and i >= whole and self._begins(i, cuts[-1], within=i == whole)):
                cuts.append(i)
            whole = max([whole, *(e for s in _PHRASES for e in self._text.ends(i, s))])
        mode, asked = Mode.PLAIN, self._text.word(end - 1) == "?"
        for a, b in zip(cuts, [*cuts[1:], end], strict=True):
            if a < b:
                mode = self._mode(a, b, mode, asked and a == first)
                self.all.append(Clause(a, b, number, mode))

    def _begins(self, i: int, before: int, *, within: bool) -> bool:
        """Whether a word begins a clause behind the one that began at a token: "so that I can" is one."""
        goes_on = within and i in self._text.ledger.owner and self._text.within(before, "grammar.mode.reason")
        return self._text.tokens[i].kind == "word" and not goes_on and self._opens(i)

    def _names(self, i: int) -> bool:
        """Whether a bracket stands around a job alone: "the run from January (3fa91c) failed"."""
        tokens = self._text.tokens
        k = i + 1 if tokens[i].text == "(" else i - 1 if tokens[i].text == ")" else i
        around = [t.text for t in tokens[max(k - 1, 0) : k + 2 : 2]]
        return k < len(tokens) and tokens[k].kind == "job" and around == ["(", ")"]

    def _opens(self, i: int) -> bool:
        """Whether a word begins another clause: one that joins, or one that says what follows."""
        owner = self._text.ledger.owner.get(i)
        if owner is not None:
            return owner.kind == "courtesy" and owner.first == i
        if self._text.within(i, "grammar.mode.later"):
            return False
        if self._text.tokens[i].text == "please" and i + 1 < len(self._text.tokens) and self._is_order(i + 1):
            return True
        if self._text.match("'as 'well", i) or self._text.within(i, *_AS_DATA):
            return False
        if self._text.tokens[i].text in of("comparing") and self._text.word(i + 1) in of("people"):
            return True  # "like we did in X"
        return self._text.tokens[i].text in _JOINS or self._says(i)

    def _mode(self, first: int, end: int, before: Mode, asked: bool) -> Mode:
        text, i = self._text, self._behind_joins(first, end)
        if i == end:
            return before
        if text.owner(i) == "courtesy":
            after = text.ledger.owner[i].last + 1
            return Mode.REPORT if after < end and self._is_told(after, end) else Mode.REQUEST
        if asked and (text.within(i, "grammar.mode.question") or self._is_whether(i, end)):
            return Mode.QUESTION
        for mode in (Mode.REASON, Mode.CONDITION, Mode.ORDER):
            if text.within(i, f"grammar.mode.{mode}") and not (mode is Mode.ORDER and self._is_next(i)):
                return mode
        if self._is_told(i, end):
            return Mode.REPORT
        return Mode.REQUEST if self._is_order(i) else before

    def _behind_joins(self, first: int, end: int) -> int:
        """Return where a clause begins behind marks, words that join it and adverbs."""
        text = self._text
        for i in range(first, end):
            joins = text.tokens[i].kind == "mark" or text.tokens[i].text in _JOINS
            if (
                not text.ledger.free(i)
                or self._says(i)
                or not (joins or text.within(i, "grammar.free.adverb"))
            ):
                return i
        return end

    def _is_whether(self, i: int, end: int) -> bool:
        """Whether a clause asks what can be done: "Can X be exported?", with no place to do it on."""
        tokens = self._text.tokens
        led = (
            i + 1 < end
            and tokens[i].text in ("can", "could", "will", "would")
            and (tokens[i + 1].kind == "name" or tokens[i + 1].text in ("the", "a", "this", "i"))
        )
        last = next((k for k in range(i, len(tokens)) if tokens[k].text in _HARD), len(tokens))
        return led and not any(t.kind in ("place", "job") for t in tokens[i:last])

    def _is_next(self, i: int) -> bool:
        """Whether words of order only say that something comes next: "after that evaluate it"."""
        return (
            self._text.match(
                "grammar.order.next !'is|'was|'has|'are|'done|'finished|'it|'this|'the|'training", i
            )
            is not None
        )

    def _says(self, i: int) -> bool:
        """Whether a word says what a clause is there for: a reason, a condition, an order."""
        passed = self._text.within(i, "grammar.order.repeat", *_AS_DATA)
        return self._text.within(i, *_SAYING) and not passed

    def _is_told(self, i: int, end: int) -> bool:
        """Whether a clause has a subject and then a verb that tells: "we are building a counter"."""
        if i and self._text.tokens[i - 1].text in ("and", "then") and self._text.match("~word 'it|'them", i):
            return False  # "and compare it with what we had"
        return not self._text.within(i, "grammar.free.light") and self.teller.has_verb(i, end)

    def _is_order(self, i: int) -> bool:
        return any(s.startswith("actions.") and s.endswith((".base", ".find")) for s in self._text.classes[i])
