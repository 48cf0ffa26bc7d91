"""What is said of data sets that were found: what ends a launch, what is noted, what is made of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from skillbank.bank.engines import own_engine
from skillbank.datasets.document import split_of
from skillbank.datasets.faults import BECOMES, Severity
from skillbank.datasets.formats import FORMATS, LAST
from skillbank.datasets.opening import Opened, opened_bare
from skillbank.datasets.progress import Progress
from skillbank.datasets.report import DataReport, SplitReport
from skillbank.errors import SkillbankError, a_few
from skillbank.home import cache_dir
from skillbank.jobs.data_groups import DataGroup
from skillbank.jobs.data_looks import DataLook
from skillbank.jobs.data_places import Found
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan
from skillbank.plan.set_places import set_place
from skillbank.visible import one_line
from skillbank.ways import Sentence, marked, option

with lazy_imports():
    from skillbank.datasets import checking  # numpy and Pillow

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
    seen = list(looks)
    for indexes in _of_one_data_set(looks, whole):
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


def _of_one_data_set(looks: Sequence[DataLook], whole: bool) -> list[list[int]]:
    """Return the numbers of the looks that are checked, those at splits of one data set together.

    Of pictures alone there is nothing to check but whether they can be decoded.
    """
    together: dict[tuple[Path, str], list[int]] = {}
    for index, look in enumerate(looks):
        found, wanted = look.found, look.group.wanted
        if found is None or wanted is None or not (wanted.annotated or whole):
            continue
        whole_set = wanted.annotated and found.split.name and found.opened.split is None
        alone = "" if whole_set else f"{index}"
        key = found.opened.tree.root, f"{alone}{found.opened.data.format}"
        together.setdefault(key, []).append(index)
    return list(together.values())


def _report(founds: Sequence[Found], whole: bool, progress: Progress | None) -> DataReport:
    """Check the splits that were found in one data set; one that has no name is what it is used for."""
    first = founds[0]
    opened, cache = first.opened, cache_dir() / "pictures" if whole else None
    names: list[str] | None = None
    if first.group.wanted is not None and not first.group.wanted.annotated:
        opened = opened_bare(opened.tree, first.split)
    elif first.group.wanted is not None and first.group.wanted.marks == "areas":
        opened = replace(opened, split=None)  # all splits are taken together
    elif not first.split.name or opened.split is not None:
        named = replace(first.split, name=first.split.name or first.group.role)
        opened = Opened(opened.tree, opened.data, named)
    else:
        names = list(dict.fromkeys(found.split.name for found in founds))
    return checking.check_data(opened, splits=names, decode=whole, cache=cache, report=progress)


def _judged(plan: Plan, look: DataLook, report: DataReport, *, first: bool) -> DataLook:
    """Add what a check found; what concerns several splits is said once."""
    found = look.found
    assert found is not None
    skip = plan.on_broken == "skip"
    found = replace(found, why=found.why or _why_converted(report, skip=skip))
    problems, notes = _remarks(report, look.group, skip=skip) if first else ([], [])
    if problems and not found.why and not ours(plan):
        notes, problems = [*problems, *notes], []  # files that are there and another program reads
    return replace(
        look,
        found=found,
        report=report,
        problems=(*look.problems, *problems),
        notes=(*look.notes, *notes),
    )


def _why_converted(report: DataReport, *, skip: bool) -> str:
    """Return why files that would do as they lie are made anew, for what was found in them."""
    if skip and report.tally.has_errors:
        return "what is broken is left out"
    sizes = any(name in report.tally.counts for name in _SIZES)
    return "its pictures have other sizes than it states" if sizes else ""


def _remarks(report: DataReport, group: DataGroup, *, skip: bool) -> tuple[list[Sentence], list[Sentence]]:
    """Return what a report says of a place: what ends a launch; then what is skipped, and its warnings."""
    place = group.place

    def said(severity: Severity, kinds: Collection[str] | None = None) -> list[Sentence]:
        sentences = report.sentences(severity, kinds=kinds)
        return [Sentence(f"{one_line(place, 200)}: {marked(each)}") for each in sentences]

    blocking = [kind for kind, *_ in report.blocking(skip=skip)]
    problems = said(Severity.ERROR, [kind.name for kind in blocking])
    if any(kind.repair for kind in blocking):
        problems[-1] = Sentence(
            f"{marked(problems[-1])}; or ask anew with {option('on-broken', 'skip')}, "
            "which leaves out what is broken"
        )
    repaired = [kind.name for kind, *_ in report.tally.of(Severity.ERROR) if kind not in blocking]
    skipped = [Sentence(f"{marked(each)} (skipped)") for each in said(Severity.ERROR, repaired)]
    learned_from = group.wanted is not None and group.wanted.annotated
    return problems, [*skipped, *(said(Severity.WARNING) if learned_from else ())]


def _told(look: DataLook, looks: Sequence[DataLook]) -> DataLook:
    """Add what a data set was recognised as, what is made of it, and which splits nothing reads."""
    found, wanted = look.found, look.group.wanted
    if found is None or wanted is None or not found.why:
        return look
    if look.report is None or not wanted.annotated:
        count = sum(1 for _ in found.split.pictures())
        return replace(look, said=f"{look.group.named}: {count:,} pictures; {found.why}")
    said = f"{_recognised(look, found)}; read as {wanted.annotations}, "
    # A label set is written as files for the run, whatever these are.
    made_of_set = set_place(look.group.place) is not None
    said += "made of what is reviewed" if made_of_set else f"since {found.why}"
    if idle := _left_alone(found, looks):
        said += f"; {a_few(idle, 4)} {'is' if len(idle) == 1 else 'are'} left alone"
    return replace(look, said=said, notes=(*look.notes, *_reading_notes(look, look.report)))


def _recognised(look: DataLook, found: Found) -> str:
    """Say what a data set is, which part of it was meant, and what that holds."""
    named = look.group.named
    if set_place(look.group.place) is None:
        formats = found.opened.data.format.split("+")
        named += f" is {' and '.join(_TITLES.get(name, name) for name in formats)}"
    split = found.split.said or found.split.name
    return f"{named}{f' ({split})' if split else ''}: {_counts(look)}"


def _left_alone(found: Found, looks: Sequence[DataLook]) -> list[str]:
    """Return the splits of a data set named as a whole that nothing reads."""
    if found.opened.split is not None:
        return []
    root = found.opened.tree.root
    read = {o.found.split.name for o in looks if o.found is not None and o.found.opened.tree.root == root}
    below = (o.group.local for o in looks if o.group.local is not None)
    read |= {split_of(place.name) or "" for place in below if place.parent == root}
    return [each.said or each.name for each in found.opened.data.splits if each.name not in read]


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
    if split.marks == "boxes":
        boxes, classes = f" {split.boxes:,} boxes,", len(split.by_class)
    else:
        boxes, classes = "", len(look.report.classes) if look.report is not None else len(split.by_class)
    most = a_few([f"{one_line(name, 40)} {count:,}" for name, count in _most(split)], _SHOWN)
    held = f" ({most})" if most else ""
    return f"{split.pictures:,} pictures,{boxes} {classes:,} {'class' if classes == 1 else 'classes'}{held}"


def _most(split: SplitReport) -> list[tuple[str, int]]:
    return sorted(split.by_class.items(), key=lambda item: -item[1])
