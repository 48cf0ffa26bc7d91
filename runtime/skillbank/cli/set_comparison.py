"""What is said of models on a label set: side by side, or round by round, on the terminal and as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.cli import drawing, options, terminal
from skillbank.cli.label_progress import progress
from skillbank.cli.pages import plain, refuse_others, write_page
from skillbank.jobs.set_files import lies
from skillbank.labelling.loop.comparison import Compared
from skillbank.labelling.loop.comparison import compare as compared
from skillbank.labelling.loop.comparison import report as reported
from skillbank.labelling.loop.page import MARK, page
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.runtime import Runtime
    from skillbank.sets.accuracy import Estimate

__all__ = ["compare_on_set", "report_on_set"]


def compare_on_set(
    runtime: Runtime, names: list[str], output: Path | None, pictures: int, as_json: bool
) -> None:
    """Compare models on the reviewed validation pictures of a set, its name first, as a page."""
    name, *models = names
    path = _path(output, f"{name}-compared")
    with progress() as told:
        found = compared(runtime, runtime.sets.open(name), models, most=pictures, told=told)
    _tell(found, path, as_json)


def report_on_set(
    runtime: Runtime, name: str, also: Sequence[str], output: Path | None, pictures: int, as_json: bool
) -> None:
    """Say round by round what was reviewed of a set and how good the models are, as a page."""
    path = _path(output, f"{name}-report")
    with progress() as told:
        found = reported(runtime, runtime.sets.open(name), also=also, most=pictures, told=told)
    _tell(found, path, as_json)


def _path(output: Path | None, name: str) -> Path:
    path = output or Path(f"{plain(name) or 'report'}.html")
    refuse_others(path, MARK)
    return path


def _tell(found: Compared, path: Path, as_json: bool) -> None:
    write_page(path, page(found, lies))
    if as_json:
        options.print_json(found.document() | {"written": str(path)})
        return
    for note in found.notes:
        terminal.warn(note)
    if found.rounds is not None:
        terminal.show(_rounds(found))
    if found.models:
        terminal.show(_models(found))
    for before, after, (mean, _) in found.differences():
        sure = "" if mean.low > 0 or mean.high < 0 else ", which may be chance"
        terminal.say(
            f"from {one_line(before.name, 60)} to {one_line(after.name, 60)}: mAP50 {mean.value:+.3f} "
            f"({mean.low:+.3f} to {mean.high:+.3f}{sure})"
        )
    terminal.say(f"written {one_line(path, 300)}")


def _rounds(found: Compared) -> RenderableType:
    rows = drawing.table(
        "round", "reviewed", "accepted", "edited", "added", "rejected", "s a picture", "actions"
    )
    for column in rows.columns[1:]:
        column.justify = "right"
    for each in found.rounds or ():
        total = each.total
        counts = each.reviewed, total.accepted, total.edited, total.added, total.rejected
        means = each.seconds_a_picture, each.actions_a_picture
        title = "before a model" if each.run is None else f"run {each.run}, {one_line(each.model, 60)}"
        shares = ("-" if mean is None else f"{mean:.1f}" for mean in means)
        rows.add_row(title, *(f"{count:,}" for count in counts), *shares)
    return rows


def _models(found: Compared) -> RenderableType:
    rows = drawing.table(
        "model", "mAP50", "mAP", f"on {found.pictures:,} pictures, {found.objects:,} objects"
    )
    for each in found.models:
        seen = each.accuracy
        rows.add_row(one_line(each.name, 60), _said(seen.map50), _said(seen.map), "")
    return rows


def _said(value: Estimate | None) -> str:
    return "-" if value is None else f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
