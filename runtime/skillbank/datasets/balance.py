"""How boxes are spread: classes without any, with few, and those that splits do not share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from skillbank.datasets.faults import Fault
from skillbank.datasets.report import SplitReport
from skillbank.visible import one_line

__all__ = ["balance_faults"]

_UNEVEN = 100
"""So many times the boxes of another class make a class learn at the other's cost."""


def balance_faults(classes: Sequence[str], splits: Sequence[SplitReport], *, whole: bool) -> Iterator[Fault]:
    """Yield what is to be said of the classes.

    Parameters
    ----------
    whole
        Whether these are all splits of the data set.
    """
    counts = {name: sum(split.by_class.get(name, 0) for split in splits) for name in classes}
    if not any(counts.values()):
        return
    if whole:
        for name, count in counts.items():
            if not count:
                yield Fault("class-unused", _told(name))
    learned, measured = _of(splits, "train"), _of(splits, "val")
    if learned and measured:
        yield from _one_sided(classes, learned, measured)
    yield from _uneven(learned or counts)


def _one_sided(
    classes: Sequence[str], learned: Mapping[str, int], measured: Mapping[str, int]
) -> Iterator[Fault]:
    """Yield the classes that are learned and not measured, or measured and not learned."""
    for name in classes:
        if measured[name] and not learned[name]:
            told = f"{measured[name]:,} boxes to validate on{_like(name, learned)}"
            yield Fault("class-not-learned", _told(name), told)
        elif learned[name] and not measured[name]:
            yield Fault("class-not-measured", _told(name), f"{learned[name]:,} boxes to learn from")


def _uneven(counts: Mapping[str, int]) -> Iterator[Fault]:
    there = {name: count for name, count in counts.items() if count}
    if not there:
        return
    largest = max(there, key=there.__getitem__)
    for name, count in sorted(there.items(), key=lambda item: item[1]):
        if count * _UNEVEN < there[largest]:
            told = f"{count:,} box{'es' if count > 1 else ''}, '{_told(largest)}' has {there[largest]:,}"
            yield Fault("class-imbalance", _told(name), told)


def _of(splits: Sequence[SplitReport], name: str) -> Counter[str]:
    """Count boxes by class over the splits of a name: folders may share it."""
    found: Counter[str] = Counter()
    for split in splits:
        if split.name == name:
            found.update(split.by_class)
    return found


def _like(name: str, learned: Mapping[str, int]) -> str:
    """Say which class that is learned may be the same under another spelling."""
    wanted = _letters(name)
    same = next((each for each in learned if wanted and _letters(each) == wanted), None)
    return "" if same is None else f"; is '{_told(same)}' the same?"


def _letters(name: str) -> str:
    letters = "".join(char for char in name.casefold() if char.isalnum())
    return letters.removesuffix("s")


def _told(name: str) -> str:
    return one_line(name, 60)
