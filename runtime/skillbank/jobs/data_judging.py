"""What is said of data sets that were found: what ends a launch, what is noted, what is made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from skillbank.bank.engines import own_engine
from skillbank.datasets.document import split_of
from skillbank.datasets.faults import BECOMES, KINDS, Severity
from skillbank.datasets.formats import FORMATS, LAST
from skillbank.datasets.opening import Opened
from skillbank.datasets.progress import Progress
from skillbank.datasets.report import DataReport, SplitReport
from skillbank.errors import SkillbankError, a_few
from skillbank.home import cache_dir
from skillbank.jobs.data_places import Found
from skillbank.jobs.data_sets import DataLook
from skillbank.plan.model import Plan
from skillbank.plan.set_places import set_place
from skillbank.visible import one_line
from skillbank.ways import Sentence, marked, option

__all__ = ["checked", "ours"]

_SHOWN = 6
_SIZES = ("size-turned", "size-scaled")
"""Kinds of faults that a conversion puts right and no program takes."""
_TITLES = {each.name: each.title for each in (*FORMATS, LAST)}


def ours(plan: Plan) -> bool:
    """Whether the program is one whose demands on annotations are known: of skillbank's own bank."""
    return bool(plan.command) and own_engine(plan.command[0]) is not None


def checked(
    plan: Plan, looks: Sequence[DataLook], whole: bool, progress: Progress | None = None
) -> tuple[DataLook, ...]:
    """Check what was found; splits of one data set are checked together, since pictures may stand in both.

    Parameters
    ----------
    whole
        Whether pictures are decoded.
    progress
        Told how far it is.
    """
    together: dict[tuple[Path, str], list[int]] = {}
    for index, look in enumerate(looks):
        if look.found is not None and look.group.wanted is not None and look.group.wanted.annotated:
            found = look.found
            alone = "" if found.split.name and found.opened.split is None else f"{index}"
            together.setdefault((found.opened.tree.root, f"{alone}{found.opened.data.format}"), []).append(
                index
            )
    seen = list(looks)
    for indexes in together.values():
        try:
            seen_whole = whole and not any(looks[i].listed for i in indexes)
            founds = [each for i in indexes if (each := looks[i].found) is not None]
            report = _report(founds, seen_whole, progress)
        except SkillbankError as error:
            for index in indexes:
                seen[index] = replace(looks[index], problems=(*looks[index].problems, error.sentence))
            continue
        for position, index in enumerate(indexes):
            seen[index] = _judged(plan, looks[index], report, first=position == 0)
    return tuple(_told(look, seen) for look in seen)


def _report(founds: Sequence[Found], whole: bool, progress: Progress | None) -> DataReport:
    """Check the splits that were found in one data set; one that has no name is what it is used for."""
    from skillbank.datasets.checking import check_data  # numpy and Pillow

    first = founds[0]
    if (
        first.group.wanted is not None and first.group.wanted.marks == "areas"
    ):  # all splits are taken together
        opened = replace(first.opened, split=None)
        return check_data(
            opened, decode=whole, cache=cache_dir() / "pictures" if whole else None, report=progress
        )
    opened, cache = first.opened, cache_dir() / "pictures" if whole else None
    if not first.split.name or opened.split is not None:
        named = replace(first.split, name=first.split.name or first.group.role)
        opened = Opened(opened.tree, opened.data, named)
        return check_data(opened, decode=whole, cache=cache, report=progress)
    names = list(dict.fromkeys(found.split.name for found in founds))
    return check_data(opened, splits=names, decode=whole, cache=cache, report=progress)


def _judged(plan: Plan, look: DataLook, report: DataReport, *, first: bool) -> DataLook:
    """Add what a check found; what concerns several splits is said once."""
    found = look.found
    assert found is not None
    skip = plan.on_broken == "skip"
    blocking = report.blocking(skip=skip) if first else []
    names = {kind.name for kind, *_ in report.blocking(skip=True)}
    place = one_line(look.group.place, 200)
    errors = report.sentences(Severity.ERROR)
    all_errors = [kind.name for kind, *_ in report.tally.of(Severity.ERROR)]
    said = dict(zip(all_errors, errors, strict=True))
    problems = [Sentence(f"{place}: {marked(said[kind.name])}") for kind, *_ in blocking]
    dropped = [
        Sentence(f"{place}: {marked(said[name])}")
        for name in all_errors
        if skip and name not in names and first
    ]
    if any(KINDS[kind.name].repair for kind, *_ in blocking):
        problems[-1] = Sentence(
            f"{marked(problems[-1])}; or leave out what is broken with {option('on-broken', 'skip')}"
        )
    notes = (
        [Sentence(f"{place}: {marked(each)}") for each in report.sentences(Severity.WARNING)] if first else []
    )
    if skip and all_errors and not found.why:
        found = replace(found, why="what is broken is left out")
    elif not found.why and any(name in report.tally.counts for name in _SIZES):
        found = replace(found, why="its pictures have other sizes than it states")
    if problems and not found.why and not ours(plan):
        notes, problems = [*problems, *notes], []  # files that are there and another program reads
    dropped = [Sentence(f"{marked(each)} (skipped)") for each in dropped]
    return replace(
        look,
        found=found,
        report=report,
        problems=(*look.problems, *problems),
        notes=(*look.notes, *dropped, *notes),
    )


def _told(look: DataLook, looks: Sequence[DataLook]) -> DataLook:
    """Add what a data set was recognised as, what is made of it, and which splits nothing reads."""
    found, wanted = look.found, look.group.wanted
    if found is None or wanted is None or not found.why:
        return look
    opened = found.opened
    if look.report is None:
        count = sum(1 for _ in found.split.pictures())
        return replace(look, said=f"{look.group.named}: {count:,} pictures; {found.why}")
    title = " and ".join(_TITLES.get(name, name) for name in opened.data.format.split("+"))
    split = found.split.said or found.split.name
    part = f" ({split})" if split else ""
    if set_place(look.group.place) is not None:  # it is written as files for the run, whatever these are
        made = f"{wanted.annotations}, made of what is reviewed"
        said = f"{look.group.named}{part}: {_counts(look)}; read as {made}"
    else:
        said = f"{look.group.named} is {title}{part}: {_counts(look)}; "
        said += f"read as {wanted.annotations}, since {found.why}"
    same = [o.found for o in looks if o.found is not None and o.found.opened.tree.root == opened.tree.root]
    read = {each.split.name for each in same}
    below = (o.group.local for o in looks if o.group.local is not None)
    read |= {split_of(place.name) or "" for place in below if place.parent == opened.tree.root}
    idle = [each.said or each.name for each in opened.data.splits if each.name not in read]
    if idle and opened.split is None:
        said += f"; {a_few(idle, 4)} {'is' if len(idle) == 1 else 'are'} left alone"
    return replace(look, said=said, notes=(*look.notes, *_reading_notes(look, look.report)))


def _reading_notes(look: DataLook, report: DataReport) -> Iterator[str]:
    """Yield what was decided in reading a data set, and what is put right in it."""
    place = one_line(look.group.place, 200)
    yield from (f"{place}: {note}" for note in report.notes)
    kinds = [kind.name for kind, *_ in report.tally.of(Severity.NOTE)]
    for name, sentence in zip(kinds, report.sentences(Severity.NOTE), strict=True):
        if name in BECOMES:
            yield f"{place}: {sentence}"


def _counts(look: DataLook) -> str:
    split = look.split_report
    assert split is not None
    if split.marks != "boxes":
        classes = a_few([f"{one_line(name, 40)} {count:,}" for name, count in _most(split)], _SHOWN)
        count = len(look.report.classes) if look.report is not None else len(split.by_class)
        held = f" ({classes})" if classes else ""
        return f"{split.pictures:,} pictures, {count:,} {'class' if count == 1 else 'classes'}{held}"
    classes = a_few([f"{one_line(name, 40)} {count:,}" for name, count in _most(split)], _SHOWN)
    return (
        f"{split.pictures:,} pictures, {split.boxes:,} boxes, {len(split.by_class):,} "
        f"{'class' if len(split.by_class) == 1 else 'classes'}"
        f"{f' ({classes})' if classes else ''}"
    )


def _most(split: SplitReport) -> list[tuple[str, int]]:
    return sorted(split.by_class.items(), key=lambda item: -item[1])
