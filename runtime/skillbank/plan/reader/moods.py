"""The law of what is told: a value sets something only where its clause asks, or says it of the run itself.

A clause with a subject and a finite verb tells, unless the verb wishes, or a reading has accounted for it
("the batch size is 4"). What such a clause holds is no part of the plan: what is over is history, and what
is stated of the present may be meant, which only the person can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise

from skillbank.plan.products import trains
from skillbank.plan.reader.clauses import Clause, Clauses, Mode
from skillbank.plan.reader.coordination import goes_on, heads
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.successors import settle_successors
from skillbank.plan.reader.tokens import Claim, are_rivals
from skillbank.plan.reader.wording import FINITE, is_over, is_regular_past, of

__all__ = ["settle_told"]


class Mood(StrEnum):
    """How a clause says what it says."""

    ASKED = "asked"
    STATED = "stated"
    PAST = "past"


class Fate(StrEnum):
    """What becomes of a claim that is told."""

    HOLDS = "holds"
    HISTORY = "history"
    DOUBTFUL = "doubtful"


_SETTING = ("value", "policy", "platform", "job", "name", "scratch", "field")
_HISTORIC = frozenset({"policy", "place", "platform"})
"""What is no part of a plan where its own words say that it is over: "we validated on X"."""
_LISTED = frozenset({"value", "platform", "report", "told"})
_ASKING = frozenset({"action", "find", "captions", "refused", "engine"})
_READ = frozenset({"value", "place", "policy", "platform", "job", "excluded", "context", "order"})
_OURS = frozenset({"i", "we", "you", "it", "this", "that", "they", "there"})
_WISHING = of("deontic", "able", "modals", "wants") | {"would"}
_INTENT = of("speaking") | {"thought", "wanted", "hoped", "wished", "considered", "needed", "liked"}
_LIKENESS = frozenset({"same", "half", "twice", "double", "again", "both", "all", "those", "them", "so"})
_BACK = frozenset({"it", "its", "this", "that", "them", "these"})
_FROM = ("from", "with", "on", "of", "off")


class Moods:
    """The clauses of a text by mood."""

    def __init__(self, text: Text, clauses: Clauses) -> None:
        self._text, self._clauses, self._teller = text, clauses, clauses.teller
        self._moods = {clause: self._mood(clause) for clause in clauses.all}
        self._join()
        self._fixed: dict[int, int] = {}
        """Where the first correction of a sentence ends, by the sentence."""
        for claim in text.ledger.of("excluded"):
            self._fixed.setdefault(clauses.of(claim.first).sentence, claim.last)
        self._asking = [
            i for c, (mood, _) in self._moods.items() if mood is Mood.ASKED for i in range(c.first, c.end)
        ]
        self.asked = [c for c in text.ledger.of(*_SETTING) if self.of(c) is Mood.ASKED]
        """What is asked for: rivals of what is told."""

    def of(self, claim: Claim) -> Mood:
        """Return the mood in which something is said; what holds the verb of its clause is said by it."""
        mood, verb = self._moods[self._clauses.of(claim.first)]
        # What is said of a search reaches over any verb: "never understood what AutoML is for".
        over = mood is Mood.PAST and (claim.kind in _HISTORIC or self._text.word(verb) in ("was", "were"))
        says = (verb in claim.tokens and not over) or (
            verb == claim.first - 1 and self._text.tokens[verb].text in of("be")
        )  # "the precision is bf16"
        fixed = self._fixed.get(self._clauses.of(claim.first).sentence, claim.first) < claim.first
        return Mood.ASKED if says or fixed else mood

    def beside(self, one: Claim, other: Claim) -> bool:
        """Whether two things are said in one sentence."""
        return self._clauses.of(one.first).sentence == self._clauses.of(other.first).sentence

    def asking(self, after: int = 0) -> Iterator[int]:
        """Yield the tokens of the clauses that ask, behind a token."""
        return (i for i in self._asking if i >= after)

    def _mood(self, clause: Clause) -> tuple[Mood, int]:
        found = self._teller.verb_of(clause.first, clause.end)
        if found is None or clause.mode is Mode.ORDER:  # "once it has been trained on X"
            return Mood.ASKED, -1
        begin, verb = found
        tokens = self._text.tokens
        if tokens[verb].text in ("do", "does") and verb + 1 < clause.end:
            verb += 1
        words = [t.text for t in tokens[begin : verb + 3]]
        if self._is_read(clause, begin, verb, words) or self._is_wish(begin, verb, words):
            return Mood.ASKED, -1
        meant = set(words[verb - begin : verb - begin + 2]) & _INTENT  # "0.3 was agreed"
        over = is_over(words, verb - begin) and not meant
        return (Mood.PAST if over else Mood.STATED), verb

    def _join(self) -> None:
        """Give what only goes on with what a clause tells its mood: "Bob used 20 epochs and 2 GPUs".

        Behind a comma alone it may be meant: "we used 20 epochs last time, 2 GPUs".
        """
        said = [c for c in self._clauses.all if any(map(self._is_word, range(c.first, c.end)))]
        beside = [(a, b) for a, b in pairwise(said) if a.sentence == b.sentence]
        for before, clause in beside:
            self._go_on(before, clause)
        for before, clause in beside:
            mood, _ = self._moods[clause]
            first, behind = (range(c.first, c.end) for c in (before, clause))
            if mood is not Mood.ASKED and heads(self._text, first, behind):
                self._moods[before] = mood, -1

    def _go_on(self, before: Clause, clause: Clause) -> None:
        """Give a clause that is but a further value or platform the mood of the one before it."""
        listed = self._text.word(clause.first) == ","
        further = goes_on(self._text, range(clause.first, clause.end))
        open_ = further and self._moods[clause][0] is Mood.ASKED
        if open_ and self._is_over(before) and self._holds(range(before.first, before.end), listed):
            doubted = listed or self._moods[before][0] is Mood.STATED
            self._moods[clause] = (Mood.STATED if doubted else Mood.PAST), -1

    def _is_over(self, clause: Clause) -> bool:
        """Whether a clause tells; what is said of a thing by the way does too: "which was trained on X"."""
        begin = clause.first + (self._text.kind(clause.first) == "mark")
        aside = self._text.word(begin) in ("which", "that") and self._text.owner(begin) == "report"
        return aside or self._moods[clause][0] is not Mood.ASKED

    def _holds(self, tokens: range, listed: bool) -> bool:
        """Whether a clause tells a value or a platform, or what it tells is accounted for as told."""
        number = self._text.has_kind(self._text.unclaimed(tokens), "number")
        return (number and not listed) or not _LISTED.isdisjoint(self._text.owners(tokens))

    def _is_word(self, i: int) -> bool:
        return self._text.kind(i) != "mark"

    def _is_read(self, clause: Clause, begin: int, verb: int, words: list[str]) -> bool:
        """Whether a clause asks by what it holds, or by what has accounted for its verb."""
        ledger = self._text.ledger
        owners = [ledger.owner[i] for i in range(clause.first, clause.end) if i in ledger.owner]
        asks = [c for c in owners if c.kind in _ASKING]
        if asks and not (is_over(words, verb - begin) and all(verb < c.first for c in asks)):
            return True
        polite = any(c.kind == "courtesy" and c.first <= verb and c.last >= begin for c in owners)
        return polite or (self._text.owner(verb) in _READ and not self._reaches(begin, verb, words))

    def _reaches(self, begin: int, verb: int, words: list[str]) -> bool:
        """Whether a verb of what is over reaches what is said by it: "we validated on X"."""
        read = self._text.owner(verb)
        if read == "policy":
            return words[verb - begin] in of("past")
        return read in ("place", "platform") and is_over(words, verb - begin)

    def _is_wish(self, begin: int, verb: int, words: list[str]) -> bool:
        """Whether a verb says what is meant or wished, or is none: "4 nodes x 8 GPUs"."""
        word = words[verb - begin]
        if words[0] in ("i", "we") and word in ("mean", "meant"):
            return True
        if not (word in FINITE or is_regular_past(word) or self._text.is_plain(verb)):
            return True
        wished = word in _WISHING and (words[0] in _OURS or not self._text.is_plain(begin))
        return wished and not is_over(words, verb - begin)


def settle_told(text: Text, clauses: Clauses) -> Iterator[str]:
    """Take back what is only told; yield what is to be said of it."""
    moods = Moods(text, clauses)
    for claim in (c for c in text.ledger.of("place") if moods.of(c) is Mood.PAST):
        _tell_place(text, claim)
    told = [(c, m) for c in text.ledger.of(*_SETTING) if (m := moods.of(c)) is not Mood.ASKED]
    _tell_deeds(text, moods)
    for claim, mood in told:
        fate = _fate(text, moods, claim, mood)
        if fate is Fate.DOUBTFUL:
            text.ledger.replace(claim, "unread")
        elif fate is Fate.HISTORY:
            text.ledger.replace(claim, "report")
            yield f"'{text.ledger.said(claim.tokens)}' is taken as told, and sets nothing"
    settle_successors(text, clauses, [c for c, mood in told if mood is Mood.PAST and c.kind == "value"])


def _tell_deeds(text: Text, moods: Moods) -> None:
    """Take actions of what is over for what is spoken of, where another one is asked for."""
    deeds = text.ledger.of("action", "find")
    asked = any(moods.of(c) is Mood.ASKED for c in deeds)
    for claim in (c for c in deeds if asked and moods.of(c) is Mood.PAST):
        text.ledger.replace(claim, "talk")


def _tell_place(text: Text, claim: Claim) -> None:
    """Mark a place as told; what an earlier run was done with is asked about."""
    if _was_used(text, claim):
        text.ledger.replace(claim, "unread")
    elif not claim.value.told:
        text.ledger.replace(claim, "place", replace(claim.value, told=True))


def _was_used(text: Text, claim: Claim) -> bool:
    """Whether a place is told of as what an earlier run was validated on or began with.

    Where data lie ("the validation data was put in X") is told of what is to be used.
    """
    if claim.value.role == "weights":
        back = (i for i in range(claim.last + 1, len(text.tokens)) if text.tokens[i].text in _BACK)
        return any(trains(c.value.action) for c in text.ledger.of("action")) and not any(back)
    return claim.value.role == "eval_dataset" and not text.holds(claim.tokens, "places.data.nouns", _OF_DATA)


_OF_DATA = "places.roles.eval_dataset.before"


def _fate(text: Text, moods: Moods, claim: Claim, mood: Mood) -> Fate:
    rivals = [c for c in moods.asked if c.kind == claim.kind and are_rivals(c, claim)]
    # "which of A or B is not important": neither is the one that is meant
    if claim.kind == "name" and (not rivals or any(moods.beside(c, claim) for c in rivals)):
        return Fate.HOLDS
    if rivals:
        return Fate.HISTORY
    if claim.kind == "job":
        return _fate_of_job(text, moods, claim, mood)
    alike = any(text.tokens[i].text in _LIKENESS and text.ledger.free(i) for i in moods.asking(claim.last))
    over = mood is Mood.PAST and claim.kind != "policy" and not alike
    return Fate.HISTORY if over else Fate.DOUBTFUL


def _fate_of_job(text: Text, moods: Moods, claim: Claim, mood: Mood) -> Fate:
    after = list(moods.asking(claim.last + 1))
    back = [i for i in after if text.tokens[i].text in _BACK]
    if any(not trains(c.value.action) for c in text.ledger.of("action")) or text.ledger.of("find"):
        return Fate.HOLDS if back or mood is Mood.STATED else Fate.HISTORY
    led = any(text.tokens[i - 1].text in _FROM for i in back) or text.holds(
        after, "actions.words.begin", "actions.words.resume"
    )
    if led:
        return Fate.HOLDS
    return Fate.DOUBTFUL if back or mood is Mood.STATED else Fate.HISTORY
