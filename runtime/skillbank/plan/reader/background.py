"""What stands beside a request and holds nothing that a run could mean: told, whatever its words are.

A part of a text that its marks set apart cannot change a run where no word of it names anything that a plan
has, limits, chooses or compares, and where it orders and wishes nothing. Such a part is told where it has the
build of a sentence, a name, a heading or an address; any other fragment is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skillbank.plan.reader.bounding import is_measured, judges_a_run
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import FINITE, is_many, is_regular_past, of

__all__ = ["background"]

_APART = frozenset(",:;()[]\n-")
_QUIET = frozenset({"courtesy", "report", "context", "question", "told", "order", "talk"})
"""Kinds of claims beside which a part of a text still asks for nothing."""
_OF_RUNS = (
    "places.data.nouns", "grammar.group.model", "told.contrasting", "told.sizes", "told.seen",
    "told.members", "told.unsure", "grammar.mode.approval", "grammar.mode.later", "grammar.operator.or",
    "grammar.operator.instead", "grammar.order.repeat", "grammar.mode.defer", "told.heads", "told.generic",
)  # fmt: skip
_LIMITS = (
    word_list("background.turning")
    | word_list("background.models")
    | of("relevant", "judging", "limits", "deontic", "conditions")
)
"""Words that keep a part from being background, whatever else it holds."""
_EVERYDAY = word_list("background.everyday")
_LONGEST_NAME = 5
"""Words of who writes, with what somebody is: "Ann Lee, retired bee keeper"."""
_PLACING = of("prepositions") - word_list("background.heading")
_CALLED = word_list("background.called")


@dataclass(frozen=True, slots=True)
class _Part:
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
        return range(self.first, self.end)


def background(
    text: Text, clauses: Clauses, teller: Teller, covered: frozenset[int] = frozenset()
) -> Iterator[list[int]]:
    """Yield the open words of each part of a text that can change no run.

    Parameters
    ----------
    covered
        The tokens of phrases that mean nothing anywhere: a part of nothing else needs no word.
    """
    for part in _parts(text, clauses):
        open_ = [i for i in text.unclaimed(part.tokens) if text.kind(i) != "mark"]
        if covered.issuperset(open_):
            continue
        named = _is_address(text, part) or (_is_name(text, part) and _is_person(text, teller, part, open_))
        if named or (_is_harmless(text, teller, part, open_) and _is_apart(text, teller, part)):
            yield open_


def _parts(text: Text, clauses: Clauses) -> Iterator[_Part]:
    """Yield the sentences of which nothing was understood, and such parts of all others."""
    early = True
    for sentence in clauses.sentences.values():
        whole = text.owners(sentence) <= _QUIET
        cuts = [i for i in sentence if text.kind(i) == "mark" and text.word(i) in _APART and not whole]
        first = sentence.start
        for end in (*cuts, sentence.stop):
            said = [i for i in range(first, end) if text.kind(i) != "mark"]
            if said and text.owners(said) <= _QUIET:
                yield _Part(said[0], said[-1] + 1, whole, first == sentence.start, early)
            early &= text.owners(said) <= _QUIET
            first = end + 1


def _is_harmless(text: Text, teller: Teller, part: _Part, open_: list[int]) -> bool:
    """Whether no word of a part matters for a run or for what is looked for, and none orders or wishes."""
    sought = {text.word(i).removesuffix("s") for c in text.ledger.of("captions", "find") for i in c.tokens}
    if part.whole:
        open_ = [i for i in open_ if not _is_of_world(text, i)]
    if part.whole and part.early:  # nothing is asked for yet that could be done again
        open_ = [i for i in open_ if text.word(i) not in ("again", "one")]
    named = not part.early and any(text.word(i).removesuffix("s") in sought for i in open_)
    means = any(_means(text, teller, i) for i in open_)
    return not (named or means or teller.asks(part.first, part.end))


def _is_limited(text: Text, teller: Teller, part: _Part) -> bool:
    """Whether a part says how long or how large something may be, and tells of nothing that is over."""
    return is_measured(text, part.tokens) and not teller.is_history(part.first, part.end)


def _is_apart(text: Text, teller: Teller, part: _Part) -> bool:
    """Whether a part has the build of a sentence or a heading, and is no limit or fragment of a request."""
    built = _is_sentence(text, teller, part) or _is_heading(text, part)
    return built and not _is_limited(text, teller, part)


def _means(text: Text, teller: Teller, i: int) -> bool:
    word = text.word(i)
    initial = text.kind(i) == "word" and text.ledger.said([i]).endswith(".")  # "H. Brandvold"
    if initial or word in _EVERYDAY:
        return False
    return word in _LIMITS or text.within(i, *_OF_RUNS) or teller.weigh([i])


def _is_of_world(text: Text, i: int) -> bool:
    """Whether a number counts what no request speaks of ("900 souls"), or is a day or an hour: "15:00"."""
    if text.kind(i) != "number":
        return False
    known = text.lexicon.is_word(text.word(i + 1).removesuffix("s"))
    counts = text.is_plain(i + 1) and not text.spans[i + 1] and not known
    day = text.ledger.said([i])[-2:] in ("st", "nd", "rd", "th") and text.kind(i + 1) in ("", "mark")
    hour = any(text.word(k) == ":" and text.kind(k + k - i) == "number" for k in (i - 1, i + 1))
    return counts or day or hour


def _is_sentence(text: Text, teller: Teller, part: _Part) -> bool:
    """Whether a part has a subject and a verb, or what has none stands before all that is asked for."""
    if teller.verb_of(part.first, part.end) is not None:
        return True
    led = text.word(part.first) in _PLACING | of("comparing", "imperatives")
    verbs = (
        i for i in part.tokens[1:] if text.word(i) in FINITE | of("past") or is_regular_past(text.word(i))
    )
    ordering = text.word(part.end - 1).endswith("ly") or _may_order(text, part)
    return part.whole and not led and (any(verbs) or (part.early and not ordering))


def _may_order(text: Text, part: _Part) -> bool:
    """Whether a part may be a verb that no list has, with its object: "Desaturate faces."."""
    words = [i for i in part.tokens if text.kind(i) == "word"]
    if not words:
        return False
    bare = len(words) < 4 and not text.spans[words[0]] and not text.has_kind(part.tokens, "mark")
    return bare and len(words) > 1 and is_many(text.word(words[-1]))


def _is_address(text: Text, part: _Part) -> bool:
    """Whether a part says to whom a message is written: "bro", "esteemed colleagues"."""
    open_ = [text.word(i) for i in part.tokens if text.kind(i) == "word" and text.owner(i) != "courtesy"]
    return bool(open_) and _CALLED.issuperset(open_)


def _is_name(text: Text, part: _Part) -> bool:
    """Whether a part is who writes: "H. Brandvold", "Ann Lee, retired"; a single name ends a text: "Ruud"."""
    words = [i for i in part.tokens if text.kind(i) == "word" and not _greets(text, i)]
    names = [i for i in words if _is_of_name(text, i)]
    apart = part.whole or (part.opening and text.word(part.end) == ",")
    if not apart or names[:1] != words[:1] or not 0 < len(words) <= _LONGEST_NAME:
        return False
    if judges_a_run(text, part.tokens):
        return False  # "Mirrored", "Low Priority"
    named = names[:2] == words[:2] if len(names) > 1 else _signs(text, part) or part.first != words[0]
    return named and not is_many(text.word(names[-1]))


def _is_person(text: Text, teller: Teller, part: _Part, open_: list[int]) -> bool:
    """Whether what stands with a name only says who somebody is: no "Maria, freeze the first layers"."""
    rest = [i for i in open_ if not _is_of_name(text, i)]
    return not rest or not (any(_means(text, teller, i) for i in rest) or teller.asks(rest[0], part.end))


def _signs(text: Text, part: _Part) -> bool:
    """Whether a part behind what is asked for ends the text, or begins with a name and its comma."""
    return not part.early and (part.end == len(text.tokens) or text.word(part.first + 1) == ",")


def _greets(text: Text, i: int) -> bool:
    greeting = text.within(i, "grammar.courtesy.greeting", "grammar.courtesy.farewell")
    return greeting or text.owner(i) == "courtesy"


def _is_of_name(text: Text, i: int) -> bool:
    """Whether a word is written as names of people are, and is none of requests: "it" is one, "IT" is none.

    What is written otherwise may be a model: "YOLO World, find cats", "MaskDINO".
    """
    said = text.ledger.said([i])
    led = text.kind(i - 1) == "word" and text.ledger.said([i - 1]).istitle()
    return (
        said.endswith(".")
        or (said.istitle() and not text.spans[i])
        or (led and said.isupper() and len(said) < 4)
    )


def _is_heading(text: Text, part: _Part) -> bool:
    """Whether a part stands above what is asked for: "From the practice:", "Hangar 2."."""
    first = next(iter(text.unclaimed(part.tokens)), part.first)
    last, behind = part.end - 1, text.word(part.end)
    numbered = text.is_plain(first) and text.kind(last) == "number" and (part.early or behind == ":")
    return part.opening and (numbered or (behind == ":" and text.word(first) not in _PLACING))
