"""Classes as they were written, before they are any set's: what is wrong with them, alone and together."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from skillbank.bank.lookalikes import looks
from skillbank.descriptions import MOST_CHARACTERS, same, split_text
from skillbank.visible import has_invisible, one_line

__all__ = ["Written", "quoted", "wrong_among", "wrong_with"]

_LONGEST_NAME = 100


@dataclass
class Written:
    """A class while it is read; ``where`` is how a sentence names what was written."""

    where: str
    name: str
    captions: list[str] = field(default_factory=list)
    nots: list[str] = field(default_factory=list)
    threshold: float | None = None


def wrong_with(made: Written) -> Iterator[str]:
    """Yield what is wrong with one class by itself."""
    captions = (*made.captions, *made.nots)
    if has_invisible(made.name) or any(map(has_invisible, captions)):
        yield f"{made.where} holds characters that cannot be seen; write it without them."
    for each in captions:
        if len(split_text(each)) > 1:
            yield f"{made.where} holds several captions in '{one_line(each)}'; put | between them."
    yield from _wrong_with_name(made)
    yield from _wrong_with_captions(made)


def _wrong_with_name(made: Written) -> Iterator[str]:
    if not made.name:
        yield f"{made.where} has an empty name; write one."
    elif all(unicodedata.category(each)[0] in "PZC" for each in made.name):
        yield f"The name {quoted(made)} has no letter; write one that can be read."
    if len(made.name) > _LONGEST_NAME:
        count = len(made.name)
        yield f"The name {quoted(made)} has {count} of at most {_LONGEST_NAME} characters; shorten it."


def _wrong_with_captions(made: Written) -> Iterator[str]:
    """Yield what is missing, said twice, or meant and not meant."""
    shown = quoted(made)
    if made.nots and not made.captions:
        yield f"{made.where} says only what is not meant; write what {shown} looks like as well."
    for kind, captions in (("caption", made.captions), ("'not' caption", made.nots)):
        for first, second in combinations(captions, 2):
            if same(first) == same(second):
                yield f"{shown} has the {kind} '{one_line(second)}' twice; write it once."
    meant = {same(each) for each in made.captions}
    for each in made.nots:
        if same(each) in meant:
            yield f"{shown} is and is not '{one_line(each)}'; keep one of the two."


def wrong_among(read: Sequence[Written]) -> Iterator[str]:
    """Yield what is wrong with classes beside each other."""
    named: dict[str, Written] = {}
    for each in read:
        other = named.get(_folded(each.name)) or _look_alike(each, named.values())
        named.setdefault(_folded(each.name), each)
        if other is None:
            continue
        if each.name == other.name:
            yield f"The class {quoted(each)} is given more than once; put all of its captions in one."
        else:
            yield (
                f"{quoted(other)} and {quoted(each)} look like one name; call them differently, or put all "
                "captions in one class."
            )
    owners: dict[str, Written] = {}
    for each in read:
        for caption in {same(caption): caption for caption in each.captions}.values():
            owner = owners.setdefault(same(caption), each)
            if owner is not each and owner.name != each.name:
                yield (
                    f"'{one_line(caption)}' is a caption of {quoted(owner)} and of {quoted(each)}; what is "
                    "found by it can belong to one class alone."
                )
    captions = {same(caption): caption for each in read for caption in (*each.captions, *each.nots)}
    if (size := sum(map(len, captions.values()))) > MOST_CHARACTERS:
        yield f"The captions have {size} of at most {MOST_CHARACTERS} characters; use fewer."


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _look_alike(made: Written, others: Iterable[Written]) -> Written | None:
    """Return a class whose name is taken for another's.

    Digits and letters that look alike tell plain names apart; letters of another script disguise one.
    """
    plain, seen = made.name.isascii(), looks(made.name) - {""}  # symbols alone look like nothing
    return next((o for o in others if not (plain and o.name.isascii()) and seen & looks(o.name)), None)


def quoted(made: Written) -> str:
    """Return a class's name as it stands in a sentence."""
    return f"'{one_line(made.name)}'"
