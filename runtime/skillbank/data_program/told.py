"""The readable reports, in Markdown: what a data set holds, what is wrong with it, what was written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from skillbank.bank.engines import example_model
from skillbank.datasets.copying import MANIFEST, Copy
from skillbank.datasets.document import Marks
from skillbank.datasets.faults import Fault, Kind, Severity
from skillbank.datasets.formats import title_of
from skillbank.datasets.report import WITHOUT, DataReport
from skillbank.visible import one_line

__all__ = ["check_told", "copy_told"]

_LONGEST = 400
_MOST_CLASSES = 100
_HEADINGS = {
    Severity.ERROR: "Errors: a training would not start",
    Severity.WARNING: "Warnings",
    Severity.NOTE: "Notes",
}


def check_told(report: DataReport) -> str:
    """Return what a check has found."""
    return "\n".join(_check_lines(report)) + "\n"


def _check_lines(report: DataReport) -> Iterator[str]:
    yield f"# Check of `{one_line(report.place, _LONGEST)}`"
    yield ""
    yield f"{title_of(report.format)}, {len(report.classes):,} classes."
    unseen = () if report.decoded else ("The pictures were not decoded, so that broken ones were not found.",)
    notes = [f"- {_plain(note)}" for note in (*unseen, *report.notes)]
    yield from ("", *notes) if notes else ()
    yield from _table(
        _columns(report.splits[0].marks if report.splits else "boxes"),
        [(_name(s.name, s.said), s.pictures, s.unmarked, s.boxes) for s in report.splits],
    )
    yield from _classes(report.classes, {_name(s.name, s.said): dict(s.by_class) for s in report.splits})
    for severity, heading in _HEADINGS.items():
        lines = [line for found in report.tally.of(severity) for line in _fault_lines(*found)]
        yield from ("", f"## {heading}", "", *lines) if lines else ()
    if not report.has_errors:
        yield from ("", "No errors: a training can start on it.")


def _fault_lines(kind: Kind, count: int, examples: Sequence[Fault]) -> Iterator[str]:
    """Yield how often a kind of fault was found, where, and what to do about it."""
    yield f"- **{kind.title}: {count:,}** (`{kind.name}`)"
    for fault in examples:
        yield f"    - {_plain(f'{fault.where}: {fault.detail}' if fault.detail else fault.where)}"
    if count > len(examples) > 0:
        yield f"    - and {count - len(examples):,} more"
    if kind.severity is not Severity.NOTE:
        mended = f" Or leave it out, `dataset.on_broken=skip`: {kind.repair}." if kind.repair else ""
        yield f"    - Way out: {kind.way_out}.{mended}"


def _columns(marks: Marks) -> tuple[str, ...]:
    """What is counted of a split: boxes only where pictures bear such."""
    counted = ("split", "pictures", WITHOUT[marks])
    return (*counted, "boxes") if marks == "boxes" else counted


def copy_told(copy: Copy) -> str:
    """Return what was written, what was mended on the way and what could not be kept."""
    return "\n".join(_copy_lines(copy)) + "\n"


def _copy_lines(copy: Copy) -> Iterator[str]:
    yield f"# {title_of(copy.format)} data set, written to `{one_line(copy.folder, _LONGEST)}`"
    yield from _table(
        _columns(copy.marks),
        [(name or "all", c.pictures, c.empty, c.boxes) for name, c in copy.splits.items()],
    )
    counted = {
        name or "all": {
            copy.classes[label]: number
            for label, number in (count.boxes_of if copy.marks == "boxes" else count.pictures_of).items()
        }
        for name, count in copy.splits.items()
    }
    yield from _classes(copy.classes, counted)
    for heading, sentences in (("What could not be kept", copy.lost), ("Notes", copy.notes)):
        if sentences:
            yield from ("", f"## {heading}", "", *(f"- {_plain(each)}" for each in sentences))
    yield from ("", "## How to go on", "")
    run = f'skillbank run "train {example_model()} on {one_line(copy.folder, _LONGEST)}"'.replace("`", "'")
    yield f"- Name this folder as the data of a training: `{run}`."
    yield f"- `{MANIFEST}` in it says where it comes from and how it was made."


def _classes(classes: Sequence[str], counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield a table of boxes by class and split, the most frequent first."""
    totals = {name: sum(each.get(name, 0) for each in counts.values()) for name in classes}
    ordered = sorted(totals, key=lambda name: -totals[name])
    rows: list[tuple[str | int, ...]] = [
        (_plain(name), *(each.get(name, 0) for each in counts.values())) for name in ordered[:_MOST_CLASSES]
    ]
    if rows:
        yield from _table(("class", *counts), rows)
    if len(ordered) > _MOST_CLASSES:
        yield from (
            "",
            f"And {len(ordered) - _MOST_CLASSES:,} classes with fewer boxes; report.json has all.",
        )


def _table(header: Sequence[str], rows: Sequence[Sequence[str | int]]) -> Iterator[str]:
    yield from ("", f"| {' | '.join(header)} |", f"|---|{'---:|' * (len(header) - 1)}")
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else cell for cell in row[: len(header)])
        yield f"| {' | '.join(cells)} |"


def _name(name: str, said: str) -> str:
    split = name or "all"
    return f"{split} ({_plain(said)})" if said not in ("", split) else split


def _plain(text: object) -> str:
    """Return foreign text on one line, with nothing that Markdown would take for its own."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", one_line(text, _LONGEST))
