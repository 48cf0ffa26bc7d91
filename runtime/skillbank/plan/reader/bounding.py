"""What bounds, puts off or takes back a run in words that a sentence about the world may hold as well.

"We have to stay under 8 gigs" and "Tomorrow: train X" have the build of what is only told. What they say is
no value of any plan and would be lost, so that the plan asks about it.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.wording import is_regular_past, of

__all__ = ["is_measured", "judges_a_run", "judges_data", "mark_bounds", "mark_judged"]

_TIMES = tuple(f"slots.units.{unit}" for unit in ("minutes", "hours", "days", "weeks"))
_SIZES = word_list("bounding.memory")
_STATES, _ORDERING = word_list("bounding.states"), word_list("bounding.ordering")
_GROUPS = ("always", "classes", "portions", "beside", "waits", "behind")
"""Phrases of what bounds a run; those of `behind` where something has been asked for before them."""
_OF_ELSE = frozenset({"of", "old", "ago", "away", "each", "per", "a", "later", "long", "in"})
"""What says behind a measure that it is of something in the world: "40 hours of footage", "two days old"."""
_LIMITING = frozenset({"under", "below", "within", "beyond", "above", "over", "than", "exceed", "exceeds"})
_LONGEST = 3
"""Words of a heading: what is longer tells something."""
_OPEN = frozenset({"", "order", "courtesy", "told", "unread", "report"})
_MEMBERS, _VERDICTS = word_list("bounding.members"), word_list("bounding.verdicts")
_SPOILING, _BEING = word_list("bounding.spoiling"), of("be") | {"was", "were", "got", "became"}
_PARTS = frozenset({"half", "both", "most", "some"})
_LEADING = of("determiners", "joins", "reasons") - _PARTS
_NO_DATA = frozenset({"attempt", "attempts", "try", "run", "runs", "time", "version", "idea"})
"""What is no part of the data, though it is counted: "the first attempt was garbage"."""


def mark_bounds(text: Text, clauses: Clauses) -> None:
    """Leave unread what bounds a run beside what is asked for, and the headings that put it off."""
    text.take("context.trial")
    actions = text.ledger.of("action", "find", "captions")
    asked = min((claim.first for claim in actions), default=len(text.tokens))
    for group in _GROUPS:
        for match in list(text.unread().phrases(f"bounding.{group}")):
            # "once it is done, evaluate it" says when; behind a request "it is done" says that it is over.
            first, when = match.tokens()[0], of("subordinate")
            placed = group != "behind" or (first > asked and text.word(first - 1) not in when | {"as"})
            said = match.tokens("what")  # what stands before it may be of the request
            if placed and text.owners(said) <= _OPEN | {"talk"}:  # "the card fits 4" fits no model
                text.ledger.mark("unread", said)
    mark_judged(text, clauses)
    for heading in (*_headings(text, clauses), *_endings(text, clauses)):
        if judges_a_run(text, heading):
            text.ledger.mark("unread", [i for i in heading if text.kind(i) != "mark"])
    for fragment in _ordering(text, clauses):
        text.ledger.mark("unread", fragment)


def mark_judged(text: Text, clauses: Clauses) -> None:
    """Leave unread what says that a part of the data is not as it should be."""
    for clause in clauses.all:
        tokens = range(clause.first, clause.end)
        corrected = "rather" in text.words(
            clauses.sentence(clause.first)
        )  # "(rather: B, A had wrong labels)"
        if judges_data(text, tokens) and text.owners(tokens) <= _OPEN and not corrected:
            text.ledger.mark("unread", [i for i in tokens if text.kind(i) != "mark"])


def is_measured(text: Text, tokens: range) -> bool:
    """Whether words hold a time, or a limit of size, that is of nothing else: "pays 40 hours", "beyond 5 MB".

    How much a card has or how large data are bounds nothing by itself: "the card has 12 GB". Nor does what
    something took: "it took us five weeks".
    """
    over = any(word in of("past") or is_regular_past(word) for word in text.words(tokens))
    return not over and any(
        text.kind(i) == "number"
        and text.ledger.said([i]).lower() not in ("a", "an")
        and text.word(i + 2) not in _OF_ELSE
        and (text.within(i + 1, *_TIMES) or (text.word(i + 1) in _SIZES and text.word(i - 1) in _LIMITING))
        for i in tokens[:-1]
    )


def _headings(text: Text, clauses: Clauses) -> Iterator[range]:
    """Yield what a line says before a colon, above what is asked for, and what it says behind one."""
    for colon in (i for i, token in enumerate(text.tokens) if token.text == ":" and token.kind == "mark"):
        sentence = clauses.sentence(colon)
        breaks = (i + 1 for i in range(colon - 1, sentence.start - 1, -1) if text.word(i) == "\n")
        said = range(next(breaks, sentence.start), colon)
        end = next((i for i in range(colon + 1, sentence.stop) if text.kind(i) == "mark"), sentence.stop)
        hour = text.kind(colon - 1) == text.kind(colon + 1) == "number"  # "6:45 am"
        if not hour and _is_short(text, said) and text.words(said) != ["priority"]:
            yield from (part for part in (said, range(colon + 1, end)) if _is_short(text, part))


def _is_short(text: Text, said: range) -> bool:
    """Whether a part is a few open words, as they were written."""
    read = all(text.ledger.said([i]).lower() == text.word(i) for i in said)
    return (
        0 < len(said) <= _LONGEST and read and text.owners(said) <= _OPEN and not text.has_kind(said, "mark")
    )


def _endings(text: Text, clauses: Clauses) -> Iterator[range]:
    """Yield the last sentence where it is a word or two by themselves: "Mirrored", "Low Priority"."""
    last = list(clauses.sentences.values())[-1:]
    for sentence in last if len(clauses.sentences) > 1 else ():
        said = [i for i in sentence if text.kind(i) != "mark"]
        if 0 < len(said) < 3 and text.owners(said) <= _OPEN:
            yield range(said[0], said[-1] + 1)


def _ordering(text: Text, clauses: Clauses) -> Iterator[list[int]]:
    """Yield the sentences of two or three open words without a verb that choose or order by one of these.

    "Weevils later.", "Small steps."
    """
    for sentence in clauses.sentences.values():
        said = [i for i in sentence if text.kind(i) != "mark"]
        apart = 1 < len(said) <= _LONGEST and text.owners(said) <= _OPEN - {"report"}
        if apart and not clauses.teller.verb_of(said[0], said[-1] + 1):
            yield from () if _ORDERING.isdisjoint(text.words(said)) else (said,)


def judges_data(text: Text, tokens: range) -> bool:
    """Whether words say that a part of the data is not as it should be: "April was mislabelled".

    What the data show says nothing of them: "the pictures show garbage".
    """
    words = set(text.words(tokens))
    other = not _NO_DATA.isdisjoint(words) or text.holds(tokens, "grammar.group.model")
    if other or _MEMBERS.isdisjoint(words):
        return False
    return not _SPOILING.isdisjoint(words) or any(_is_judged(text, tokens, k) for k in tokens[1:])


def _is_judged(text: Text, tokens: range, k: int) -> bool:
    """Whether a verb says what a part of the data is, with a verdict soon behind it: "those are garbage"."""
    if text.word(k) == "lies":
        return text.word(k - 1) in _MEMBERS  # "the north camera lies"
    verdict = not _VERDICTS.isdisjoint(text.words(range(k + 1, min(k + 4, tokens.stop))))
    first = next((i for i in tokens if text.kind(i) == "word" and text.word(i) not in _LEADING), k)
    part = text.word(k - 1) in _MEMBERS or text.word(first) in _PARTS or text.word(first + 1) == "of"
    return text.word(k) in _BEING and verdict and part


def judges_a_run(text: Text, tokens: range) -> bool:
    """Whether words say when something is to run, how urgent it is, what of it, or whether at all.

    A participle alone says what is done with it: "Rejected:", "Mirrored".
    """
    words = text.words(tokens)
    alone = len(words) == 1 and (_is_done(words[0]) or _is_how(words[0]))
    bounded = not _STATES.isdisjoint(words) or "only" in words
    return alone or bounded or text.holds(tokens, "grammar.mode.schedule")


def _is_done(word: str) -> bool:
    """Whether a word says what is done with what is asked for; a name may end alike: "Ahmed"."""
    known = of("imperatives")
    return is_regular_past(word) and not known.isdisjoint({word[:-2], word[:-1], word[:-3]})


def _is_how(word: str) -> bool:
    """Whether a word says how something is done: "sequentially", but not "Emily"."""
    return len(word) > 6 and word.endswith(("ally", "ntly", "ively", "ously", "ckly", "ately"))
