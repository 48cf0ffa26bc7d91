"""How a checked data set is shown: what it holds by split and class, then errors, warnings and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skillbank.cli import drawing
from skillbank.datasets.faults import Fault, Kind, Severity
from skillbank.datasets.formats import title_of
from skillbank.datasets.report import WITHOUT
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from skillbank.datasets.report import DataReport, SplitReport

_MOST_CLASSES = 25
_EXAMPLES = 3
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_LONGEST = 240


def check_view(report: DataReport, *, fixing: bool = False) -> RenderableType:
    """Lay out a report for a terminal; ``fixing`` leaves out what says how to repair it."""
    return drawing.Group(*_parts(report, fixing))


def _parts(report: DataReport, fixing: bool) -> Iterator[RenderableType]:
    many = "class" if len(report.classes) == 1 else "classes"
    yield drawing.line(
        f"{one_line(report.place, _LONGEST)}: {title_of(report.format)}, {len(report.classes):,} {many}",
        "bold",
    )
    for note in report.notes:
        yield drawing.line(f"  {one_line(note, _LONGEST)}", "dim")
    yield drawing.line("")
    yield _counts(report.splits)
    if any(split.by_class for split in report.splits):
        yield drawing.line("")
        yield _by_class(report.classes, report.splits)
    for severity in Severity:
        found = list(report.tally.of(severity))
        if found:
            yield drawing.line("")
            yield drawing.line(f"{severity}s", _STYLES[severity])
            yield _faults(found, severity)
    if not (fixing and report.has_errors):
        yield drawing.line("")
        yield _end(report)


def _name(split: SplitReport) -> str:
    name = split.name or "all"
    return f"{name} ({one_line(split.said, 30)})" if split.said not in ("", split.name) else name


def _counts(splits: Sequence[SplitReport]) -> Table:
    marked = any(split.marks != "boxes" for split in splits)
    unmarked = WITHOUT[splits[0].marks] if splits else ""
    made = drawing.table("split", "pictures", *((unmarked,) if marked else ("without boxes", "boxes")))
    for column in made.columns[1:]:
        column.justify = "right"
    crowds = any(split.crowds for split in splits)
    if crowds:
        made.add_column("of crowds", justify="right")
    for split in splits:
        row = [_name(split), f"{split.pictures:,}", f"{split.unmarked:,}"]
        row += [] if marked else [f"{split.boxes:,}"]
        made.add_row(*row, *([f"{split.crowds:,}"] if crowds else []))
    return made


def _by_class(classes: Sequence[str], splits: Sequence[SplitReport]) -> Table:
    """Show boxes by class, the largest first; of very many classes those at both ends."""
    made = drawing.table("class", *(_name(split) for split in splits))
    for column in made.columns[1:]:
        column.justify = "right"
    totals = {name: sum(split.by_class.get(name, 0) for split in splits) for name in classes}
    ordered = sorted(totals, key=lambda name: -totals[name])
    shown, rest = ordered, 0
    if len(ordered) > _MOST_CLASSES:
        shown, rest = ordered[: _MOST_CLASSES - 5], len(ordered) - _MOST_CLASSES
    for name in shown:
        made.add_row(one_line(name, 60), *(f"{split.by_class.get(name, 0):,}" for split in splits))
    if rest:
        made.add_row(drawing.line(f"and {rest:,} more, down to", "dim"))
        for name in ordered[-5:]:
            made.add_row(one_line(name, 60), *(f"{split.by_class.get(name, 0):,}" for split in splits))
    phrases = [split.phrases for split in splits]
    if any(phrases):
        made.add_row(drawing.line("(a phrase alone)", "dim"), *(f"{count:,}" for count in phrases))
    return made


def _faults(found: Sequence[tuple[Kind, int, list[Fault]]], severity: Severity) -> Table:
    made = drawing.table("count", "what", show_header=False)
    made.columns[0].justify = "right"
    made.columns[0].no_wrap = True
    for kind, count, examples in found:
        made.add_row(drawing.line(f"{count:,}", _STYLES[severity]), kind.title)
        most = _EXAMPLES if severity is not Severity.NOTE else 1
        for fault in examples[:most]:
            told = f"{fault.where}: {fault.detail}" if fault.detail else fault.where
            made.add_row("", drawing.line(f"  {one_line(told, _LONGEST)}", "dim"))
        if examples and count > sum(fault.count for fault in examples[:most]):
            made.add_row("", drawing.line("  ...", "dim"))
        if severity is not Severity.NOTE and kind.way_out:
            repair = f" (--fix: {kind.repair})" if kind.repair else ""
            made.add_row("", drawing.words(drawing.line("  way out: ", "bold"), f"{kind.way_out}{repair}"))
    return made


def _end(report: DataReport) -> RenderableType:
    if not report.has_errors:
        warned = sum(1 for _ in report.tally.of(Severity.WARNING))
        told = (
            f"no errors, {warned} kind{'s' if warned != 1 else ''} of warnings"
            if warned
            else "nothing is wrong"
        )
        return drawing.line(told, "green")
    left = report.blocking(skip=True)
    if not left:
        return drawing.line("a job on it would not start; --fix -o DIR writes a repaired copy", "bold red")
    hard = f"{len(left)} kind{'s' if len(left) != 1 else ''} of errors"
    return drawing.line(f"a job on it would not start; {hard} only a person can mend", "bold red")
