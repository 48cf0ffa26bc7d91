"""What stands beside a request and holds nothing that a run could mean: told, whatever its words are.

A part of a text that its marks set apart cannot change a run where no word of it names anything that a plan
has, limits, chooses or compares, and where it orders and wishes nothing. Such a part is told where it has the
build of a sentence, a name, a heading or an address; any other fragment is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass

from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.lexicon import word_list
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import is_many, of

__all__ = ["background"]

_APART = frozenset(",:;()[]\n-")
_QUIET = frozenset({"courtesy", "report", "context", "question", "told", "order", "talk"})
"""Kinds of claims beside which a part of a text still asks for nothing."""
_OF_RUNS = (
    "places.data.nouns", "grammar.group.model", "told.contrasting", "told.sizes", "told.seen",
    "told.members", "told.unsure", "grammar.mode.approval", "grammar.mode.later", "grammar.operator.or",
    "grammar.operator.instead", "grammar.order.repeat", "grammar.mode.defer", "told.heads", "told.generic",
)  # fmt: skip
_LIMITS = word_list("background.turning") | of("relevant", "judging", "limits", "deontic", "conditions")
_EVERYDAY = word_list("background.everyday")
_PLACING = of("prepositions") - word_list("background.heading")
_CALLED = word_list("background.called")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a text that marks set apart: its tokens, and whether it is a whole sentence or opens one."""

    first: int
    end: int
    whole: bool
    opening: bool

    @property
    def tokens(self) -> range:
        return range(self.first, self.end)


def background(text: Text, clauses: Clauses, teller: Teller, covered: Set[int] = frozenset()) -> Iterator[list[int]]:
    """Yield the open words of each part of a text that can change no run.

    Parameters
    ----------
    covered
        The tokens of phrases that mean nothing anywhere: a part of nothing else needs no word.
    """
    for part in (part for sentence in clauses.sentences.values() for part in _parts(text, sentence)):
        open_ = [i for i in text.unclaimed(part.tokens) if text.kind(i) != "mark"]
        if covered.issuperset(open_):
            continue
        named = _is_address(text, part) or _is_name(text, part)
        if named or (not any(_matters(text, teller, i) for i in open_) and _is_told(text, teller, part)):
            yield open_


def _parts(text: Text, sentence: range) -> Iterator[_Part]:
    """Yield a sentence of which nothing was understood, else those of its parts that are such."""
    whole = text.owners(sentence) <= _QUIET
    cuts = [i for i in sentence if text.kind(i) == "mark" and text.word(i) in _APART and not whole]
    first = sentence.start
    for end in (*cuts, sentence.stop):
        said = [i for i in range(first, end) if text.kind(i) != "mark"]
        if said and text.owners(said) <= _QUIET:
            yield _Part(said[0], said[-1] + 1, whole, first == sentence.start)
        first = end + 1


def _matters(text: Text, teller: Teller, i: int) -> bool:
    """Whether a word names, limits, chooses or compares anything that a plan has."""
    word = text.word(i)
    named = text.kind(i) == "word" and text.ledger.said([i]).endswith(".")  # "H. Brandvold"
    if named or word in _EVERYDAY:
        return False
    return word in _LIMITS or text.within(i, *_OF_RUNS) or teller.weigh([i])


def _is_told(text: Text, teller: Teller, part: _Part) -> bool:
    """Whether a part has the build of what is told, and orders and wishes nothing."""
    if teller.asks(part.first, part.end):
        return False
    return teller.verb_of(part.first, part.end) is not None or _is_heading(text, part)


def _is_address(text: Text, part: _Part) -> bool:
    """Whether a part says to whom a message is written: "bro", "esteemed colleagues"."""
    open_ = [text.word(i) for i in part.tokens if text.kind(i) == "word" and text.owner(i) != "courtesy"]
    return bool(open_) and _CALLED.issuperset(open_)


def _is_name(text: Text, part: _Part) -> bool:
    """Whether a part is who writes, by a name of two words and more: "H. Brandvold", "Ann Lee, retired"."""
    words = [i for i in part.tokens if text.kind(i) == "word"]
    names = [i for i in words if _is_of_name(text, i)]
    apart = part.whole or (part.opening and text.word(part.end) == ",")
    led = [i for i in words if text.within(i, "grammar.courtesy.farewell", "grammar.courtesy.greeting")]
    named = (len(names) > 1 and names[:2] == words[:2]) or (led and names and led[:1] + names[:1] == words)
    return bool(apart and len(words) < 6 and named and not is_many(text.word(names[-1])))


def _is_of_name(text: Text, i: int) -> bool:
    """Whether a word is written as those of people are, and is none of requests: "IT" is written as no "it" is.

    What is written otherwise may be a model: "YOLO World, find cats", "MaskDINO".
    """
    said = text.ledger.said([i])
    led = text.kind(i - 1) == "word" and text.ledger.said([i - 1]).istitle()
    return said.endswith(".") or (said.istitle() and not text.spans[i]) or (led and said.isupper() and len(said) < 4)


def _is_heading(text: Text, part: _Part) -> bool:
    """Whether a part stands above what is asked for: "Postmortem item 3:", "From the practice:", "Hangar 2."."""
    first = next(iter(text.unclaimed(part.tokens)), part.first)
    last, behind = part.end - 1, text.word(part.end)
    numbered = text.is_plain(first) and text.kind(last) == "number" and behind in (":", ".", ",")
    return part.opening and (numbered or (behind == ":" and text.word(first) not in _PLACING))
