"""``skillbank data show PLACE``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import data_copying, data_options, data_work, options, terminal
from skillbank.cli.pages import plain, refuse_others, write_page
from skillbank.errors import DataError, UsageError
from skillbank.visible import one_line

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST = 400
_LARGEST, _SMALLEST = 480, 240
"""Pixels of the longer side of a picture on the page: many pictures are shown smaller."""
_MANY = 100


def show(
    place: data_options.Place,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Where the page goes [default: NAME.html]"),
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="DIR", help="Contact sheets too, into a new folder.")
    ] = None,
    count: Annotated[
        int, typer.Option("--pictures", min=0, max=_MOST, help="How many pictures stand for the data set.")
    ] = 60,
    seed: Annotated[int, typer.Option("--seed", help="Another seed shows other pictures.")] = 0,
    form: data_options.Format = "",
    as_json: options.Json = False,
) -> None:
    """Draw a data set as one HTML page: pictures with boxes or masks, classes, where these lie, their sizes.

    The page is one file that loads nothing, and can be sent as it is.
    """
    if png is not None:
        _refuse_used(png)
    opened = data_options.open_data(place, form)
    with data_options.steps() as report:
        found = data_work.survey(opened, count, seed, place=data_copying.said_place(place), report=report)
        side = _LARGEST if count <= _MANY else _SMALLEST
        shown = data_work.pictured(found, side if png is None else max(side, data_work.CELL))
    path = output or Path(f"{plain(found.name) or 'dataset'}.html")
    refuse_others(path, data_work.MARK)
    try:
        written = [write_page(path, data_work.page(shown))]
        written += _write_sheets(png, data_work.sheets(shown)) if png else ()
    except OSError as error:
        raise DataError(f"{error.filename or path} cannot be written: {error.strerror}") from None
    if as_json:
        options.print_json({**found.document(), "written": [str(file) for file in written]})
        return
    told = ", ".join(f"{count:,} {what}" for count, what in found.counts())
    terminal.say(f"{found.name}: {told}; {len(found.sample):,} pictures are shown")
    for file in written:
        terminal.say(f"written {one_line(file, 300)}")


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; give a new folder with --png")


def _write_sheets(folder: Path, drawn: Iterable[Image]) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for number, sheet in enumerate(drawn, 1):
        file = folder / f"sheet-{number:02d}.png"
        sheet.save(file)
        yield file
