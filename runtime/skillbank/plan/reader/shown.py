"""What pictures are said to show: "our pictures of forklifts in X". It chooses none of what lies there.

"The pictures of forklifts in X" and "the night pictures" may be some of them, and are asked about; what has
no other of its kind beside ("the camera trap images") describes them.
"""

from __future__ import annotations

from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.phrases import classes
from skillbank.plan.reader.place import names

__all__ = ["take_shown"]

_PICTURES = "told.seen"
_DESCRIBING = ("grammar.free.adjective", "grammar.group.det")
_DATA = frozenset({"data", "dataset", "annotations", "tiles"})
"""What lies at a place as its pictures do; a folder or a split may be one of several there."""
_MINE = ("our", "my", "your", "their", "his", "her")
_OWNED = frozenset({*_MINE, "a", "an"})
_TURNING = classes("wording.turning")
_LINKS = ("grammar.group.prep", "places.data.link", "places.data.happens")


def take_shown(text: Text, known: frozenset[str]) -> list[str]:
    """Account for such words; return a sentence for each run of them.

    Parameters
    ----------
    known
        Words of the spec keys of the steps and of their values: they could mean something for a run.
    """
    notes: list[str] = []
    for run in _runs(text) if text.ledger.of("place") else ():
        said = (_is_behind, _is_before, _is_sorted, _is_had)
        turned = text.holds(range(max(0, run.start - 4), run.start), *_TURNING)
        if not turned and known.isdisjoint(text.words(run)) and any(is_shown(text, run) for is_shown in said):
            text.ledger.claim("context", list(run))
            notes.append(
                f"'{text.ledger.said(run)}' is taken as what the pictures show, and chooses none of them"
            )
    return notes


def _runs(text: Text) -> list[range]:
    """Return where plain words stand side by side, also joined by "and"."""
    runs: list[range] = []
    at = 0
    while at < len(text.tokens):
        end = at
        while _is_plain(text, end) or (
            end > at and text.word(end) in ("and", "or") and _is_plain(text, end + 1)
        ):
            end += 1
        if end > at:
            runs.append(range(at, end))
        at = max(end, at + 1)
    return runs


def _is_plain(text: Text, i: int) -> bool:
    """Whether a word neither means anything for a run nor chooses: not "big", "newest"."""
    word = text.word(i)
    plain = i < len(text.tokens) and text.is_plain(i) and not text.within(i, _PICTURES, *_DESCRIBING, *_LINKS)
    return plain and not text.lexicon.has(word, "told.choosing") and not word.endswith("est")


def _is_behind(text: Text, run: range) -> bool:
    """Whether words are what pictures are "of"."""
    before = run.start - 1
    while text.within(before, *_DESCRIBING) or (_is_of_place(text, before)):
        before -= 1  # the place has words that its path says too
    ends = text.kind(run.stop) in ("", "mark") or text.within(run.stop, *_LINKS)
    return text.word(before) == "of" and ends and _is_owned(text, before - 1)


def _is_of_place(text: Text, i: int) -> bool:
    """Whether a word describes what lies at a place whose path says it too."""
    said = text.kind(i) == "word" and text.owner(i) == "place"
    return said and not text.within(i, _PICTURES, "grammar.group.prep")


def _is_before(text: Text, run: range) -> bool:
    """Whether words stand right before their pictures."""
    noun = run.stop
    while _is_of_place(text, noun):
        noun += 1
    apart = any(text.lexicon.has(text.word(k), "told.contrasting") for k in run)
    if apart or text.holds(run, "grammar.mode.past"):  # "in yesterday's photos"
        return text.word(run.start - 1) in _MINE and _is_owned(text, noun)
    return _is_owned(text, noun, definite=True)


def _is_sorted(text: Text, run: range) -> bool:
    """Whether words are what is sorted into classes: "classify the leaves in X"."""
    before = run.start - 1
    while text.within(before, *_DESCRIBING):
        before -= 1
    sorts = text.owner(before) == "action" and text.within(before, "actions.words.sort")
    return sorts and text.within(run.stop, *_LINKS)


def _is_had(text: Text, run: range) -> bool:
    """Whether words are what somebody has at a place whose path says it: "train with my cows in ./cows"."""
    the = text.word(run.start - 1) == "the" and len(run) == 1
    lead, link = the or text.word(run.start - 1) in _MINE, text.within(run.stop, *_LINKS)
    if not (lead and link and text.within(run.start - 2, "grammar.group.prep")):
        return False
    uris = (c.value.uri for c in text.ledger.of("place") if c.first >= run.stop)
    return names(next(uris, ""), text.word(run.stop - 1))


def _is_owned(text: Text, noun: int, *, definite: bool = False) -> bool:
    """Whether pictures are all of somebody's, or any: "our new pictures", "photos", not "the pictures".

    Where ``definite``, "the" before them chooses none.
    """
    if not text.within(noun, _PICTURES) and text.word(noun) not in _DATA:
        return False
    first = noun
    while text.within(first - 1, "grammar.free.adjective") or _is_plain(text, first - 1):
        first -= 1
    if _is_of_place(text, first - 1) and not text.within(first - 1, *_DESCRIBING):
        return True  # "the weld seam pictures in /line4/welds": the path says it too
    lead = text.word(first - 1)
    if definite and (lead == "the" or text.word(first - 1).endswith("s'")):
        return True
    return lead in _OWNED or text.kind(first - 1) in ("", "mark") or text.within(first - 1, *_LINKS)
