"""What stands beside a request and holds nothing that a run could mean: told, whatever its words are.

A part of a text that its marks set apart cannot change a run where no word of it names anything that a plan
has, limits, chooses or compares, and where it orders and wishes nothing. Such a part is told where it has the
build of a sentence, a name, a heading or an address; any other fragment is asked about.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillbank.plan.reader.bounding import is_measured, judges_a_run, judges_data
from skillbank.plan.reader.clauses import Clauses
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.parts import (
    BARRING,
    MEMBERS,
    Part,
    bounds,
    is_noun,
    is_of_world,
    names,
    parts,
)
from skillbank.plan.reader.people import is_of_name
from skillbank.plan.reader.phrases import word_list
from skillbank.plan.reader.telling import Teller
from skillbank.plan.reader.wording import FINITE, is_many, is_regular_past, of

__all__ = ["background"]

_LONGEST_NAME = 5
"""Words of who writes, with what somebody is: "Ann Lee, retired bee keeper"."""
_PLACING = of("prepositions") - word_list("background.heading")
_CALLED = word_list("background.called")


def background(
    text: Text, clauses: Clauses, teller: Teller, covered: frozenset[int] = frozenset()
) -> Iterator[list[int]]:
    """Yield the open words of each part of a text that can change no run.

    Parameters
    ----------
    covered
        The tokens of phrases that mean nothing beside what is asked for; before it they tell.
    """
    for part in parts(text, clauses):
        open_ = [i for i in text.unclaimed(part.tokens) if text.kind(i) != "mark"]
        if covered.issuperset(open_) and not (part.whole and part.early and open_):
            continue
        if _describes(text, teller, part, open_):
            yield open_
            continue
        named = _is_address(text, part) or (_is_name(text, part) and _is_person(text, teller, part, open_))
        if named or (_is_harmless(text, teller, part, open_) and _is_apart(text, teller, part)):
            yield open_


def _is_harmless(text: Text, teller: Teller, part: Part, open_: list[int]) -> bool:
    """Whether no word of a part matters for a run or for what is looked for, and none orders or wishes."""
    if part.whole:
        open_ = [i for i in open_ if not is_of_world(text, i)]
    means = any(names(text, teller, i) for i in open_) or (not part.early and _is_sought(text, open_))
    if means or teller.asks(part.first, part.end, told=part.early and part.whole):
        return False
    small = not any(bounds(text, i) for i in open_)
    return small or _is_occasion(text, part) or _is_story(text, teller, part)


def _describes(text: Text, teller: Teller, part: Part, open_: list[int]) -> bool:
    """Whether a sentence before a request says what all of the data show, or where they come from.

    "The pictures are thermal, taken at night, and show people": nothing of it chooses any of them.
    """
    found = teller.verb_of(part.first, part.end) if part.whole and part.early else None
    if found is None or not _is_of_all(text, range(*found)) or text.word(found[1]) not in _SHOWING:
        return False
    said = range(found[1] + 1, part.end)
    open_ = [i for i in open_ if i in said and not is_of_world(text, i)]
    if text.word(found[1]) != "are":
        open_ = [i for i in open_ if not text.within(i, "told.contrasting")]
    elif text.holds(said, "slots.on_broken.states"):
        return False
    return not (_bars(text, said) or any(teller.names(i) for i in open_))


def _is_of_all(text: Text, subject: range) -> bool:
    """Whether a subject is all the data: "our microscope pictures", but not "the night pictures"."""
    chosen = text.holds(subject, "told.contrasting", "told.choosing", "told.sizes")
    judged = judges_data(text, text.sentence(subject.start))
    data = text.within(subject.stop - 1, "told.seen", "places.data.nouns") and not judged
    return data and not chosen and text.word(subject.start) in _WHOLE


def _bars(text: Text, tokens: range) -> bool:
    """Whether words bar or condition something; a noun that is written alike does not: "rust on leaves"."""
    barring = (i for i in tokens if text.within(i, *_BARRING) and text.word(i - 1) not in of("prepositions"))
    return not BARRING.isdisjoint(text.words(tokens)) or next(barring, None) is not None


_SHOWING = frozenset({"show", "shows", "contain", "contains", "come", "comes", "depict", "depicts", "are"})
_WHOLE = frozenset({"the", "my", "our", "all", "these", "those", "its", "their"})
_BARRING = (
    "grammar.operator.not", "grammar.operator.only", "grammar.operator.instead", "grammar.mode.directive",
    "grammar.mode.defer", "grammar.mode.condition",
)  # fmt: skip


def _is_sought(text: Text, open_: list[int]) -> bool:
    """Whether some words name what is to be found."""
    sought = {text.word(i).removesuffix("s") for c in text.ledger.of("captions", "find") for i in c.tokens}
    sought -= of("joins", "determiners", "prepositions")
    return any(text.word(i).removesuffix("s") in sought for i in open_)


def _is_story(text: Text, teller: Teller, part: Part) -> bool:
    """Whether the small words of a part that names nothing of a run can be of none.

    Such is a sentence about people, or one before all that is asked for: "We couldn't find a form." A word
    that bars ("only", "without") may still bar, and what is chosen behind a request is chosen. What has no
    verb may choose or order by such a word: "Weevils next."
    """
    at, found = part.tokens, teller.verb_of(part.first, part.end)
    if any(text.word(i) in BARRING and text.word(i - 1) not in of("determiners") for i in at):
        return False
    if found is None:
        return part.early and part.whole and _only_counts(text, part)
    if text.word(part.first) in of("subordinate"):
        return False  # "After Ines has had a look."
    chosen = text.holds(at, "told.sizes") or not MEMBERS.isdisjoint(text.words(at))
    placed = part.early or (part.whole and not chosen)
    return placed and not (_refers(text, found[0], part) or _does(text, found[1]))


def _only_counts(text: Text, part: Part) -> bool:
    """Whether no word of a part bounds but "one" of a noun: "One village." and not "Weevils next."."""
    open_ = text.unclaimed(part.tokens)
    return not any(bounds(text, i) for i in open_ if text.word(i) != "one" or not is_noun(text, i + 1))


def _refers(text: Text, subject: int, part: Part) -> bool:
    """Whether the subject of a sentence may be of a run: "faster is better", and "it" behind a request."""
    chosen = _CHOOSING if part.early else _CHOOSING | _REFERRING
    return text.within(subject, "told.sizes") or text.word(subject) in chosen


def _does(text: Text, verb: int) -> bool:
    """Whether a verb is of what is done in runs: "we use the small one", "we skip hats"."""
    return text.within(verb, *_DOING) and text.word(verb) not in of("having")


_DOING = ("grammar.free.light", "grammar.operator.not", "grammar.mode.directive", "grammar.mode.defer")
_CHOOSING = word_list("background.choosing")
_REFERRING = of("pronouns") | {"they", "nobody", "noone"}


def _is_apart(text: Text, teller: Teller, part: Part) -> bool:
    """Whether a part has the build of a sentence or a heading, and is no limit or fragment of a request."""
    limited = is_measured(text, part.tokens) and not teller.is_history(part.first, part.end)
    built = _is_sentence(text, teller, part) or _is_heading(text, part) or _is_occasion(text, part)
    return built and not limited


def _is_sentence(text: Text, teller: Teller, part: Part) -> bool:
    """Whether a part has a subject and a verb, or what has none stands before all that is asked for."""
    first, last = part.first, part.end - part.whole  # the last word may be a noun: "Desaturate faces."
    if teller.verb_of(first, part.end) or teller.verb_of(first, last, whole=part.whole):
        return True
    led = text.word(part.first) in _PLACING | of("comparing", "imperatives")
    verbs = (
        i for i in part.tokens[1:] if text.word(i) in FINITE | of("past") or is_regular_past(text.word(i))
    )
    ordering = text.word(part.end - 1).endswith("ly") or _may_order(text, part)
    greets = any(text.within(i, _FAREWELL) and text.word(i) not in _LETTERS for i in part.tokens[:3])
    return part.whole and (greets or (not led and (any(verbs) or (part.early and not ordering))))


_FAREWELL = "grammar.courtesy.farewell"
_LETTERS = frozenset({"from", "love", "best"})
"""Farewells that mean something else in a sentence: "from the other camera"."""


def _may_order(text: Text, part: Part) -> bool:
    """Whether a part may be a verb that no list has, with its object: "Desaturate faces."."""
    words = [i for i in part.tokens if text.kind(i) == "word"]
    if not words:
        return False
    bare = len(words) < 4 and not text.spans[words[0]] and not text.has_kind(part.tokens, "mark")
    return bare and len(words) > 1 and is_many(text.word(words[-1]))


def _is_address(text: Text, part: Part) -> bool:
    """Whether a part says to whom a message is written: "bro", "esteemed colleagues"."""
    open_ = [text.word(i) for i in part.tokens if text.kind(i) == "word" and text.owner(i) != "courtesy"]
    return bool(open_) and _CALLED.issuperset(open_)


def _is_name(text: Text, part: Part) -> bool:
    """Whether a part is who writes: "H. Brandvold", "Ann Lee, retired"; a single name ends a text: "Ruud"."""
    words = [i for i in part.tokens if text.kind(i) == "word" and not _greets(text, i)]
    names = [i for i in words if is_of_name(text, i)]
    apart = part.whole or (part.opening and text.word(part.end) == ",")
    begun = names[:1] == words[:1] and 0 < len(words) <= _LONGEST_NAME
    if not (apart and begun) or judges_a_run(text, part.tokens):
        return False  # "Mirrored", "Low Priority"
    named = names[:2] == words[:2] if len(names) > 1 else _signs(text, part) or part.first != words[0]
    return named and not is_many(text.word(names[-1]))


def _is_person(text: Text, teller: Teller, part: Part, open_: list[int]) -> bool:
    """Whether what stands with a name only says who somebody is: no "Maria, freeze the first layers"."""
    rest = [i for i in open_ if not is_of_name(text, i)]
    means = any(names(text, teller, i) or bounds(text, i) for i in rest)
    return not rest or not (means or teller.asks(rest[0], part.end))


def _signs(text: Text, part: Part) -> bool:
    """Whether a part behind what is asked for ends the text, or begins with a name and its comma."""
    return not part.early and (part.end == len(text.tokens) or text.word(part.first + 1) == ",")


def _greets(text: Text, i: int) -> bool:
    greeting = text.within(i, "grammar.courtesy.greeting", "grammar.courtesy.farewell")
    return greeting or text.owner(i) == "courtesy"


def _is_occasion(text: Text, part: Part) -> bool:
    """Whether a part before what is asked for only says at which time or for whom: "Before breakfast:".

    What has a verb, or an event that may be a step ("after the conversion"), is waited for.
    """
    words = text.words(i for i in text.unclaimed(part.tokens) if text.kind(i) != "mark") or [""]
    led = words[0] in _OCCASIONS or (words[0] in ("in", "on") and text.holds(part.tokens, _TIMES[0]))
    opens = len(words) > 1 and _opens(text, part)
    waits = words[-1].endswith(_NOMINAL) or not _VERBS.isdisjoint(words)
    return opens and led and not waits and all(
        text.is_plain(i) or text.within(i, *_TIMES) or text.word(i) in of("determiners", "prepositions")
        for i in text.unclaimed(part.tokens)
    )  # fmt: skip


def _opens(text: Text, part: Part) -> bool:
    """Whether a part opens a text, and a comma, a colon or what is polite ends it: "before lunch :)"."""
    cut_off = text.word(part.end) in (",", ":") or text.owner(part.end) == "courtesy"
    return part.opening and part.early and cut_off


_OCCASIONS = frozenset({"before", "after", "during", "since"})
_TIMES = (
    "grammar.mode.schedule", "told.contrasting", "grammar.mode.past", "grammar.mode.later",
    "slots.units.weeks",
)  # fmt: skip
_VERBS = FINITE | of("past")
_NOMINAL = ("tion", "sion", "ing", "ment", "al")


def _is_heading(text: Text, part: Part) -> bool:
    """Whether a part stands above what is asked for: "From the practice:", "Hangar 2."."""
    first = next(iter(text.unclaimed(part.tokens)), part.first)
    last, behind = part.end - 1, text.word(part.end)
    numbered = text.is_plain(first) and text.kind(last) == "number" and (part.early or behind == ":")
    return part.opening and (numbered or (behind == ":" and text.word(first) not in _PLACING))
