"""Dividing a data set into training, validation and test: groups stay whole, classes keep their shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from skillbank.datasets.checking import chosen_splits
from skillbank.datasets.converting import checked, origin, told
from skillbank.datasets.copying import Copy, Portion, write_copy, writer_of
from skillbank.datasets.dealing import By, Group, deal
from skillbank.datasets.document import Picture, Split
from skillbank.datasets.formats import WRITERS
from skillbank.datasets.grouping import grouped
from skillbank.datasets.naming import common_folder
from skillbank.datasets.opening import Opened
from skillbank.datasets.packing import archive_stem
from skillbank.datasets.placing import Placement
from skillbank.datasets.progress import Progress
from skillbank.datasets.repairing import Mode
from skillbank.errors import DataError, UsageError, a_few
from skillbank.visible import named, one_line
from skillbank.ways import option

__all__ = ["Amount", "Division", "divide", "split"]

_SHOWN = 8
_OTHERWISE = "coco"
"""What is written where the format that was read cannot be."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much of a data set a split gets: a share of its pictures, or a number of them."""

    said: str
    share: float | None = None
    count: int | None = None

    @classmethod
    def read(cls, text: str, option: str) -> Amount:
        """Read ``0.2``, ``20%`` or ``500``."""
        said = text.strip()
        try:
            if said.endswith("%"):
                share = float(said[:-1]) / 100
            elif said.isdecimal() and int(said) > 0:
                return cls(said, count=int(said))
            else:
                share = float(said)
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            raise UsageError(
                f"{option} {one_line(said, 40)} is no amount; say a share of the pictures (0.2, 20%) or a "
                "number of them (500)"
            )
        return cls(said, share=share)

    def of(self, total: int) -> int:
        """Return how many of some pictures these are; at least one."""
        return self.count if self.count is not None else max(1, round(total * (self.share or 0)))


@dataclass(frozen=True)
class Division:
    """Which pictures go where.

    Attributes
    ----------
    pictures
        By split, in the order of the data set.
    groups
        How many groups were dealt.
    unmet
        What could not be as it was wanted, a sentence each.
    """

    pictures: Mapping[str, Sequence[Picture]]
    groups: int
    unmet: tuple[str, ...]


def split(
    opened: Opened,
    folder: Path,
    *,
    val: Amount | None,
    test: Amount | None = None,
    by: By = By.NEAR_DUPLICATES,
    seed: int = 0,
    to: str = "",
    place: str = "",
    again: bool = False,
    placement: Placement = Placement.LINK,
    mode: Mode = Mode.PLAIN,
    cache: Path | None = None,
    report: Progress | None = None,
) -> Copy:
    """Write a data set divided anew; the same data set, amounts and seed give the same division.

    Parameters
    ----------
    to
        Format to write; empty for that of the data set, or COCO where that cannot be written.
    place
        Where the data set came from, for the manifest; by default the folder read.
    again
        Whether a data set that is divided already may be divided anew, its test pictures among the others.

    Raises
    ------
    UsageError
        When no amount is given or the amounts leave nothing to train on, the data set is divided already, or
        the folder cannot be new.
    DataError
        When the data set has faults, or cannot be divided so.
    """
    if val is None and test is None:
        raise UsageError(
            f"nothing says how to divide; give {option('val', '0.2')}, {option('test', '0.1')}, or both"
        )
    splits = chosen_splits(opened)
    _refuse_divided(opened, splits, again)
    writer = writer_of(to or _same_format(opened))
    decode = by is By.NEAR_DUPLICATES
    found, repair = checked(opened, None, mode, decode=decode, cache=cache, report=report)
    mended = chain.from_iterable(repair.pictures(each) for each in splits)
    pictures = [picture for picture in mended if picture.path is not None]
    groups = grouped(opened.tree, pictures, by, cache, report)
    division = divide(pictures, groups, repair.classes, val, test, seed)
    told_of = {"val": val and val.said, "test": test and test.said, "by": by.value, "seed": seed}
    above = common_folder([picture.path or "" for picture in pictures])

    def story() -> Mapping[str, object]:
        more = told(found, repair)
        return {
            "made_by": "skillbank data split",
            "from": origin(opened, place),
            "division": {**told_of, "groups": division.groups, "unmet": list(division.unmet)},
            **more,
            "notes": [*_pooled(splits), *division.unmet, *more["notes"]],
        }

    portions = [Portion(name, some, above) for name, some in division.pictures.items()]
    return write_copy(
        opened.tree, portions, repair.classes, writer, folder, placement=placement, marks=opened.data.marks,
        story=story, report=report,
    )  # fmt: skip


def divide(
    pictures: Sequence[Picture],
    groups: Sequence[Sequence[int]],
    classes: Sequence[str],
    val: Amount | None,
    test: Amount | None,
    seed: int,
) -> Division:
    """Deal groups of pictures to splits.

    Raises
    ------
    DataError
        When there are fewer groups than splits.
    UsageError
        When the amounts leave nothing to train on.
    """
    wanted = _wanted(len(pictures), val, test)
    if len(groups) < len(wanted):
        raise DataError(
            f"{len(pictures):,} pictures in {_groups(len(groups))} cannot be divided into "
            f"{a_few(list(wanted), 3)}, as a group stays whole; group them otherwise with {option('by')}"
        )
    seen = [{box.label for box in picture.boxes if box.label is not None} for picture in pictures]
    dealt = [
        Group(len(group), Counter(chain.from_iterable(seen[index] for index in group))) for group in groups
    ]
    places = deal(dealt, wanted, seed)
    split_at = {index: place for group, place in zip(groups, places, strict=True) for index in group}
    divided: dict[str, list[Picture]] = {name: [] for name in wanted}
    for index, picture in enumerate(pictures):
        divided[split_at[index]].append(picture)
    unmet = (*_sizes(wanted, divided, dealt), *_classes(dealt, places, list(wanted), classes))
    return Division(divided, len(groups), unmet)


def _wanted(total: int, val: Amount | None, test: Amount | None) -> dict[str, int]:
    asked_for = (("val", val), ("test", test))
    amounts = {name: amount.of(total) for name, amount in asked_for if amount is not None}
    train = total - sum(amounts.values())
    if train < 1:
        asked = " and ".join(f"{count:,} for {name}" for name, count in amounts.items())
        raise UsageError(f"{asked} of {total:,} pictures leave none to train on; say less")
    return {"train": train, **amounts}


def _sizes(
    wanted: Mapping[str, int], divided: Mapping[str, Sequence[Picture]], groups: Sequence[Group]
) -> list[str]:
    """Say which splits are larger or smaller than wanted, and why."""
    off = [
        f"{name} has {len(divided[name]):,} pictures instead of {count:,}"
        for name, count in wanted.items()
        if len(divided[name]) != count
    ]
    largest = max(group.size for group in groups)
    return [f"{', '.join(off)}: groups stay whole, and the largest has {largest:,}"] if off else []


def _classes(
    groups: Sequence[Group], places: Sequence[str], names: Sequence[str], classes: Sequence[str]
) -> list[str]:
    """Say which classes are missing in which split, with what there was to deal."""
    there: dict[int, Counter[str]] = {}
    for group, place in zip(groups, places, strict=True):
        for label in group.classes:
            there.setdefault(label, Counter())[place] += 1
    said = []
    for name in names:
        lacking = [label for label, splits in there.items() if not splits[name]]
        lacking.sort(key=lambda label: (-there[label].total(), label))
        if lacking:
            told_of = [
                f"{named(classes[label])} ({_groups(there[label].total())} in all)" for label in lacking
            ]
            said.append(f"no picture of {name} shows {a_few(told_of, _SHOWN)}")
    return said


def _groups(count: int) -> str:
    return f"{count} group{'s' if count != 1 else ''}"


def _same_format(opened: Opened) -> str:
    return next((each.name for each in WRITERS if each.name == opened.data.format), _OTHERWISE)


def _refuse_divided(opened: Opened, splits: Sequence[Split], again: bool) -> None:
    if len(splits) > 1 and not again:
        names = a_few([one_line(each.said or each.name, 40) for each in splits], 5)
        part = f"{opened.place}/{splits[0].said or splits[0].name}"
        packed = archive_stem(opened.place) is not None
        way = "unpack it to divide a part" if packed else f"name the part to divide, as in {part}"
        raise UsageError(
            f"{opened.place} is divided already ({names}); {way}, or divide all of it anew with "
            f"{option('again')}"
        )


def _pooled(splits: Sequence[Split]) -> Iterator[str]:
    """Say that pictures of several splits were put together before they were divided."""
    if len(splits) > 1:
        yield f"its {a_few([each.said or each.name for each in splits], 5)} were put together before"
