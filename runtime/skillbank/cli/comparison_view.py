"""How jobs look side by side on a terminal: a column for each, by a letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING

from skillbank.cli import drawing
from skillbank.cli.present import shortened

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.jobs.comparing import Comparison
    from skillbank.jobs.measured import Measured

__all__ = ["comparison_view", "measures_view"]


def comparison_view(found: Comparison) -> RenderableType:
    """Show jobs side by side: what they are, what they measured, settings that differ, classes."""
    ids = [each.job for each in found.jobs]
    parts: list[RenderableType] = [measures_view(found)]
    if found.settings:
        rows = ((key, [_text(values, job) for job in ids]) for key, values in found.settings.items())
        parts += [drawing.line(""), _columns("setting that differs", found, rows)]
    classes = [
        (" ".join(filter(None, (name, measure))), [_number(value) for value in values])
        for name, measure, values in found.classes()
    ]
    if classes:
        parts += [drawing.line(""), _columns("class", found, classes)]
    return drawing.Group(*parts)


def measures_view(found: Comparison) -> RenderableType:
    """Show which jobs these are, what their models scored, how fast and how large these are, and notes."""
    head = drawing.pairs()
    for letter, each in zip(ascii_uppercase, found.jobs, strict=False):
        head.add_row(letter, f"{each.job} ({each.skill} {each.action})")
        head.add_row("", _model(each))
    rows = [(name, [_number(each.metrics.get(name)) for each in found.jobs]) for name in found.metrics]
    rate = [f"{each.rate:.1f}" if each.rate is not None else "not told" for each in found.jobs]
    size = [
        f"{each.model_bytes / 2**20:.1f} MiB" if each.model_bytes is not None else "not here"
        for each in found.jobs
    ]
    measures = _columns("", found, [*rows, ("pictures/s", rate), ("model", size)])
    unlike = [drawing.line(f"not comparable: {each}", "yellow") for each in found.unlike]
    return drawing.Group(head, measures, *unlike, *(drawing.line(f"note: {each}") for each in found.notes))


def _model(each: Measured) -> str:
    """Say in one line what a model was measured on, what trained it, on what, and from what."""
    said = [f"measured on {', '.join(each.measured_on) or 'nothing that is known'}"]
    if each.trained_by is not None and each.trained_by != each.job:
        said.append(f"trained by {each.trained_by}")
    if each.trained_by is not None:
        said.append(f"trained on {', '.join(each.trained_on) or 'nothing that is known'}")
        said.append(f"from {', '.join(each.trained_from) or 'no named weights'}")
    return "; ".join(said)


def _columns(title: str, found: Comparison, rows: Iterable[tuple[str, Sequence[str]]]) -> RenderableType:
    made = drawing.table(title, *ascii_uppercase[: len(found.jobs)])
    for column in made.columns[1:]:
        column.justify = "right"
    for name, values in rows:
        made.add_row(name, *values)
    return made


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _text(values: Mapping[str, object], job: str) -> str:
    return shortened(values[job]) if job in values else "-"
