"""What is said of a plan's data sets before it starts, and the files that are made of them when it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from skillbank.datasets.checking import check_data
from skillbank.datasets.document import split_of
from skillbank.datasets.faults import KINDS, Severity
from skillbank.datasets.formats import FORMATS, LAST
from skillbank.datasets.opening import Opened, UnrecognisedError
from skillbank.datasets.providing import Classes, provide, provide_pictures
from skillbank.datasets.report import DataReport, SplitReport
from skillbank.datasets.tree import Tree, open_tree
from skillbank.errors import DataError, DataNotFoundError, SkillbankError, a_few
from skillbank.home import cache_dir
from skillbank.jobs.binding import has_token
from skillbank.jobs.data_places import (
    AT_ONCE,
    DataGroup,
    Found,
    LaterError,
    find,
    first_category,
    groups_of,
    small_unpacker,
)
from skillbank.plan.model import InputBinding, Plan
from skillbank.storage.cache import digest, once
from skillbank.storage.data_place import local_place, unpacker
from skillbank.storage.progress import Report
from skillbank.visible import one_line

__all__ = ["DataLook", "PlanData", "look_at", "make"]

_SHOWN = 6
_SIZES = ("size-turned", "size-scaled")
"""Kinds of faults that a conversion puts right and no program takes."""
_PUT_RIGHT = ("mended", "box-rounded", "picture-deep")
"""Kinds of notes that say what becomes of the data; the others are for who checks it."""
_TEXTS = (".json", ".jsonl", ".csv", ".xml")
_TITLES = {each.name: each.title for each in (*FORMATS, LAST)}
_VERSION = "1"
"""Of the files that are made: another one makes them anew."""
_DATA = "dataset"
"""What the folder of a converted data set is called in the cache, behind its digest."""


@dataclass(frozen=True)
class DataLook:
    """What was seen of one data set of a plan.

    Attributes
    ----------
    found
        None where there is nothing to convert or to check, or it was not looked at.
    recognised
        Whether a data set is there, usable or not, so that no single file is missing.
    later
        Whether looking takes long and is left to a launch.
    report
        Of the check.
    problems
        Sentences, each of which ends a launch.
    notes
        Sentences for whoever approves.
    said
        What it was recognised as, with counts, and what is made of it; empty where it is used as it lies and
        nothing is dropped.
    """

    group: DataGroup
    found: Found | None = None
    recognised: bool = False
    later: bool = False
    report: DataReport | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    said: str = ""

    @property
    def made(self) -> bool:
        """Whether the files of the table are made rather than used as they lie."""
        return self.found is not None and bool(self.found.why)

    @property
    def pictures(self) -> int | None:
        """How many pictures the split has that is meant; None where nobody has looked."""
        if self.report is None or self.found is None:
            return None
        return split_report(self.report, self.found).pictures

    @property
    def unmade(self) -> tuple[InputBinding, ...]:
        """Inputs that are not made: names of classes for pictures that have none."""
        if self.found is None or self.group.wanted is None:
            return ()
        named = self.found.opened.data.classes or self.group.wanted.annotated
        return tuple(b for b in self.group.bindings if b.file == self.group.wanted.classes and not named)

    @property
    def root(self) -> Path | None:
        """The folder of the data set that the files are made of, which may lie above the place."""
        return self.found.opened.tree.root if self.found is not None and self.made else None


@dataclass(frozen=True)
class PlanData:
    """All data sets of a plan."""

    looks: tuple[DataLook, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences, each of which ends a launch."""
        return tuple(dict.fromkeys(problem for look in self.looks for problem in look.problems))

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for whoever approves."""
        return tuple(dict.fromkeys(note for look in self.looks for note in look.notes))

    @property
    def said(self) -> tuple[str, ...]:
        """What each was recognised as, where files are made of it."""
        return tuple(look.said for look in self.looks if look.said)

    @property
    def samples(self) -> int | None:
        """How many pictures are trained on; None where that is not known of all."""
        counts = [look.pictures for look in self.looks if look.group.source == "train_datasets"]
        known = [count for count in counts if count is not None]
        return sum(known) if counts and len(known) == len(counts) else None

    def state(self, binding: InputBinding) -> Literal["made", "unseen", "unusable"] | None:
        """Return how an input stands whose file need not be there; None where it is looked for as named."""
        look = next((look for look in self.looks if binding in look.group.bindings), None)
        if look is None:
            return None
        if look.made:
            return None if binding.optional and binding in look.unmade else "made"
        if look.later and look.group.missing:
            return "unseen"
        return "unusable" if look.recognised and look.group.missing else None


def look_at(
    plan: Plan,
    *,
    whole: bool,
    elsewhere: bool = False,
    made: Sequence[Path] = (),
    report: Report | None = None,
) -> PlanData:
    """Look at the data sets of a plan.

    Parameters
    ----------
    whole
        Whether large archives are unpacked, large annotations read and all pictures decoded; what is small is
        looked at in any case.
    elsewhere
        Whether what lies in a bucket is brought and looked at too.
    made
        Places that an earlier step of a chain writes to: there is nothing yet.
    """
    groups = groups_of(plan)
    if not groups:
        return PlanData()
    asked = (plan.plan_id, whole, elsewhere)
    if asked in _KEPT and (kept := _KEPT[asked])[0] == _signature(kept[1], whole=whole):
        return kept[1]
    looks = []
    for group in groups:
        if has_token(group.place) or any((group.local or Path()).is_relative_to(path) for path in made):
            continue
        looks.append(_look(group, plan, whole=whole, elsewhere=elsewhere, report=report))
    data = PlanData(_checked(plan, looks, whole))
    if all(look.found is not None and not look.problems for look in looks):
        while len(_KEPT) >= _MOST_KEPT:
            del _KEPT[next(iter(_KEPT))]
        _KEPT[asked] = (_signature(data, whole=whole), data)
    return data


_KEPT: dict[tuple[str, bool, bool], tuple[str, PlanData]] = {}
"""What was seen of plans in this process, with what stands for the files: a launch looks several times."""
_MOST_KEPT = 4


def _signature(data: PlanData, *, whole: bool) -> str:
    """Return what stands for the files of all data sets now; no text twice where they cannot be listed."""
    unpack = unpacker(cache_dir()) if whole else small_unpacker()
    roots = {look.found.opened.tree.root for look in data.looks if look.found is not None}
    try:
        return digest(*(_contents(open_tree(root, unpack)) for root in sorted(roots)))
    except (SkillbankError, OSError):
        return str(object())


def _look(group: DataGroup, plan: Plan, *, whole: bool, elsewhere: bool, report: Report | None) -> DataLook:
    place = group.local
    if place is None and (not elsewhere or not group.missing):
        return DataLook(group)
    try:
        if place is None:
            place = local_place(group.place, cache_dir(), report)
        if not whole:
            _refuse_large(place)
        found = find(group, plan, place, unpacker(cache_dir(), report) if whole else small_unpacker())
    except LaterError as error:
        return DataLook(group, notes=(str(error),), later=True)
    except DataNotFoundError:
        return DataLook(group)  # what is not there is said file by file
    except (SkillbankError, OSError) as error:
        if not group.missing and not _ours(plan):
            return DataLook(
                group
            )  # another program's files, which are there: that program says what is wrong
        known = not isinstance(error, UnrecognisedError)
        return DataLook(group, problems=(str(error),), recognised=known)
    return DataLook(
        group, found, notes=found.notes if found is not None else (), recognised=found is not None
    )


def _refuse_large(place: Path) -> None:
    """Raise `LaterError` for annotations that take long to read."""
    files = (
        [place] if place.is_file() else [f for f in place.iterdir() if f.is_file()] if place.is_dir() else []
    )
    for file in files:
        if file.suffix.lower() in _TEXTS and file.stat().st_size > AT_ONCE:
            raise LaterError(f"{file} is large, and is read when a job is launched")


def _ours(plan: Plan) -> bool:
    """Whether the program is one whose demands on annotations are known."""
    return first_category(plan) == 0


def _checked(plan: Plan, looks: Sequence[DataLook], whole: bool) -> tuple[DataLook, ...]:
    """Check what was found; splits of one data set are checked together, since pictures may stand in both."""
    together: dict[tuple[Path, str], list[int]] = {}
    for index, look in enumerate(looks):
        if look.found is not None and look.group.wanted is not None and look.group.wanted.annotated:
            found = look.found
            alone = "" if found.split.name and found.opened.split is None else f"{index}"
            together.setdefault((found.opened.tree.root, f"{alone}{found.opened.data.format}"), []).append(
                index
            )
    checked = list(looks)
    for indexes in together.values():
        try:
            report = _report([each for i in indexes if (each := looks[i].found) is not None], whole)
        except SkillbankError as error:
            for index in indexes:
                checked[index] = replace(looks[index], problems=(*looks[index].problems, str(error)))
            continue
        for position, index in enumerate(indexes):
            checked[index] = _judged(plan, looks[index], report, first=position == 0)
    return tuple(_told(look, checked) for look in checked)


def _report(founds: Sequence[Found], whole: bool) -> DataReport:
    """Check the splits that were found in one data set; one that has no name is what it is used for."""
    first = founds[0]
    opened, cache = first.opened, cache_dir() / "pictures" if whole else None
    if not first.split.name or opened.split is not None:
        named = replace(first.split, name=first.split.name or first.group.role)
        opened = Opened(opened.tree, opened.data, named)
        return check_data(opened, decode=whole, cache=cache)
    names = list(dict.fromkeys(found.split.name for found in founds))
    return check_data(opened, splits=names, decode=whole, cache=cache)


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
    problems = [f"{place}: {said[kind.name]}" for kind, *_ in blocking]
    dropped = [f"{place}: {said[name]}" for name in all_errors if skip and name not in names and first]
    if any(KINDS[kind.name].repair for kind, *_ in blocking):
        problems[-1] += "; or leave out what is broken with --on-broken skip"
    notes = [f"{place}: {each}" for each in report.sentences(Severity.WARNING)] if first else []
    if skip and all_errors and not found.why:
        found = replace(found, why="what is broken is left out")
    elif not found.why and any(name in report.tally.counts for name in _SIZES):
        found = replace(found, why="its pictures have other sizes than it states")
    if problems and not found.why and not _ours(plan):
        notes, problems = [*problems, *notes], []  # files that are there and another program reads
    dropped = [f"{each} (skipped)" for each in dropped]
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
    said = f"{look.group.named} is {title}{f' ({split})' if split else ''}: "
    said += f"{_counts(look.report, found)}; read as {wanted.annotations}, since {found.why}"
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
        if name in _PUT_RIGHT:
            yield f"{place}: {sentence}"


def _counts(report: DataReport, found: Found) -> str:
    split = split_report(report, found)
    classes = a_few([f"{one_line(name, 40)} {count:,}" for name, count in _most(split)], _SHOWN)
    return (
        f"{split.pictures:,} pictures, {split.boxes:,} boxes, {len(split.by_class):,} classes"
        f"{f' ({classes})' if classes else ''}"
    )


def split_report(report: DataReport, found: Found) -> SplitReport:
    """Return what a check says of the split that was found."""
    name = found.split.name or found.group.role
    return next((each for each in report.splits if each.name == name), report.splits[0])


def _most(split: SplitReport) -> list[tuple[str, int]]:
    return sorted(split.by_class.items(), key=lambda item: -item[1])


def make(plan: Plan, data: PlanData, note: Callable[[str], None]) -> dict[str, Path]:
    """Make the files of the data sets that need it, each once for all jobs; return where the inputs lie.

    Parameters
    ----------
    note
        Told what was made and what was dropped, a sentence each.

    Raises
    ------
    DataError
        When something that was found ends the job.
    """
    if data.problems:
        raise DataError("; ".join(data.problems))
    if not any(look.made for look in data.looks):
        return {}
    classes = Classes()
    for look in sorted(data.looks, key=lambda look: look.group.source != "train_datasets"):
        if look.report is not None:
            classes.add(look.report.classes)
    paths: dict[str, Path] = {}
    for look in data.looks:
        if look.made:
            paths |= _made(plan, look, tuple(classes.names), note)
    return paths


def _made(plan: Plan, look: DataLook, names: tuple[str, ...], note: Callable[[str], None]) -> dict[str, Path]:
    found, wanted = look.found, look.group.wanted
    assert found is not None and wanted is not None
    first = first_category(plan)
    key = digest(
        _VERSION, _contents(found.opened.tree), found.split.name, found.split.said, repr(wanted),
        plan.on_broken, str(first), *names,
    )  # fmt: skip
    write = partial(_write, plan=plan, look=look, names=names, first=first)
    folder = once(cache_dir(), f"{key}-{_DATA}", write)
    document = json.loads((folder / "made.json").read_text("utf-8"))
    for sentence in document["notes"]:
        note(f"{look.group.named}: {sentence}")
    note(f"{look.group.named}: {document['pictures']:,} pictures and {document['boxes']:,} boxes are used")
    lie = {
        name: folder / said if not Path(said).is_absolute() else Path(said)
        for name, said in document["paths"].items()
    }
    return {b.key: lie[b.file] for b in look.group.bindings if b.file in lie}


def _write(work: Path, *, plan: Plan, look: DataLook, names: Sequence[str], first: int) -> Path:
    found, wanted = look.found, look.group.wanted
    assert found is not None and wanted is not None
    folder = work / "made"
    folder.mkdir(exist_ok=True)
    if look.report is None:
        made = provide_pictures(found.opened, found.split, wanted, folder)
    else:
        shared = Classes()
        shared.add(names)
        made = provide(
            found.opened,
            found.split,
            wanted,
            folder,
            plan.on_broken,
            report=look.report,
            classes=shared,
            first=first,
        )
    paths = {
        name: str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
        for name, path in made.paths.items()
    }
    document = {
        "paths": paths,
        "pictures": made.pictures,
        "boxes": made.boxes,
        "classes": made.classes,
        "notes": made.notes,
    }
    (folder / "made.json").write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    return folder


def _contents(tree: Tree) -> str:
    """Return what stands for the files of a tree: names, places, sizes and times of the last change."""
    whole = hashlib.sha256(str(tree.root).encode())
    for name, path in tree.files.items():
        info = path.stat()
        whole.update(f"{name}\0{path}\0{info.st_size}\0{info.st_mtime_ns}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()
