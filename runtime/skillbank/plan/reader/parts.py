"""Parts of a text that its marks set apart, and which of their words can mean something for a run.

A word names something of a run (its data, its model, a setting, a number), or it bounds: it compares,
chooses, denies or puts off what is spoken of, which matters where that may be of a run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import of

__all__ = ["BARRING", "MEMBERS", "Part", "bounds", "is_noun", "is_of_world", "names", "parts"]

_APART = frozenset(",:;()[]\n-")
_QUIET = frozenset({"courtesy", "report", "context", "question", "told", "order", "talk"})
"""Kinds of claims beside which a part of a text still asks for nothing."""
_OF_RUNS = (
    "places.data.nouns", "grammar.group.model", "told.seen", "told.members", "grammar.mode.approval",
    "told.heads", "told.generic",
)  # fmt: skip
"""Classes of words that name a run, its data or its model."""
_NAMING = word_list("background.models") | of("relevant", "judging", "deontic")
_BOUNDING = (
    "told.sizes", "told.unsure", "grammar.mode.defer", "grammar.mode.later", "grammar.mode.schedule",
    "grammar.mode.directive", "grammar.mode.condition", "grammar.mode.order", "grammar.operator.or",
    "grammar.operator.instead", "grammar.operator.only", "grammar.operator.not", "grammar.order.repeat",
)  # fmt: skip
_LIMITS = word_list("background.turning") | of("limits", "conditions")
"""Words that compare, choose, deny or put off something: it matters where that may be of a run."""
BARRING = of("limits", "conditions") | word_list("background.barring")
"""Those that may bar something by themselves, where no verb of a sentence about people has them."""
_EVERYDAY = word_list("background.everyday")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text that marks set apart: its tokens, and where it stands.

    Attributes
    ----------
    whole, opening
        Whether it is a sentence of which nothing was understood, or opens one.
    early
        Whether nothing is asked for before it in the text.
    """

    first: int
    end: int
    whole: bool
    opening: bool
    early: bool

    @property
    def tokens(self) -> range:
        """Its tokens."""
        return range(self.first, self.end)


def parts(text: Text, clauses: Clauses) -> Iterator[Part]:
    """Yield the sentences of which nothing was understood, and such parts of all others."""
    early = True
    for sentence in clauses.sentences.values():
        whole = text.owners(sentence) <= _QUIET
        cuts = [i for i in sentence if text.kind(i) == "mark" and text.word(i) in _APART and not whole]
        first, opens = sentence.start, True
        for end in (*cuts, sentence.stop):
            said = [i for i in range(first, end) if text.kind(i) != "mark"]
            if said and text.owners(said) <= _QUIET:
                yield Part(said[0], said[-1] + 1, whole, opens, early)
            opens &= all(text.owner(i) == "courtesy" or text.within(i, _POLITE) for i in said)
            early &= text.owners(said) <= _QUIET
            first = end + 1


_POLITE = "grammar.courtesy.words"
_MEANING = frozenset({"done", "end", "well", "please"})


def _is_plainly(text: Text, i: int) -> bool:
    """Whether a word is of people and days, polite or an initial: "H. Brandvold"."""
    initial = text.kind(i) == "word" and text.ledger.said([i]).endswith(".")
    polite = text.within(i, "grammar.courtesy.words") and text.word(i) not in _MEANING
    return initial or polite or text.word(i) in _EVERYDAY


def names(text: Text, teller: Teller, i: int) -> bool:
    """Whether a word names something of a run, its data or its model."""
    if _is_plainly(text, i) or text.word(i) in MEMBERS:
        return False
    contrasts = text.within(i, "told.contrasting") and not is_noun(text, i + 1)
    return contrasts or text.word(i) in _NAMING or text.within(i, *_OF_RUNS) or teller.names(i)


def is_noun(text: Text, i: int) -> bool:
    """Whether a word is none of requests: that of "the night shift", "before the winter break"."""
    return text.is_plain(i) and all(c.startswith("english.") for c in text.classes[i])


def bounds(text: Text, i: int) -> bool:
    """Whether a word compares, chooses, denies or puts off what is spoken of."""
    small = text.word(i) in of("light") or _is_plainly(text, i)
    return not small and (text.word(i) in _LIMITS | MEMBERS or text.within(i, *_BOUNDING))


MEMBERS = frozenset({"one", "ones", "part", "parts", "half", "third", "quarter", "second"})
"""Words that are members of something, and of data where something of them is named."""


def is_of_world(text: Text, i: int) -> bool:
    """Whether a number counts what no request speaks of ("900 souls"), or is a day or an hour: "15:00"."""
    if text.kind(i) != "number":
        return False
    known = text.lexicon.is_word(text.word(i + 1).removesuffix("s"))
    counts = text.is_plain(i + 1) and not text.spans[i + 1] and not known
    day = text.ledger.said([i])[-2:] in ("st", "nd", "rd", "th") and not text.has_kind([i + 1], "number")
    hour = any(text.word(k) == ":" and text.kind(k + k - i) == "number" for k in (i - 1, i + 1))
    return counts or day or hour
