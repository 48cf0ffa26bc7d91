"""``skillbank data convert PLACE --to FORMAT -o DIR``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import data_copying, data_options, data_work, options
from skillbank.datasets.placing import Placement
from skillbank.home import looks_dir
from skillbank.plugins import written_formats


def convert(
    place: data_options.Place,
    output: data_copying.Output,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="|".join(written_formats()),
            help="Format to write; every split is written in it.",
        ),
    ],
    form: data_options.Format = "",
    splits: data_options.Splits = None,
    pictures: data_copying.PicturesOption = Placement.LINK,
    on_broken: data_copying.OnBrokenOption = data_copying.OnBroken.REFUSE,
    decode: Annotated[
        bool,
        typer.Option("--decode", help="Decode every picture before, to find the broken ones too; slower."),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write a data set in another format, into a new folder, with counts and what could not be kept.

    A training takes any format as it is and needs no conversion; this is for other tools, and for keeping.
    """
    data_work.writer_of(to)  # before anything is read
    opened = data_options.open_data(place, form)
    with data_options.steps() as report:
        copy = data_work.convert(
            opened,
            to,
            output,
            splits=splits,
            placement=pictures,
            mode=data_copying.mode_of(on_broken),
            decode=decode,
            place=data_copying.said_place(place),
            cache=looks_dir(),
            report=report,
        )
    data_copying.tell(copy, as_json)
