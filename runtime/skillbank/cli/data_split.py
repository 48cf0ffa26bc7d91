"""``skillbank data split PLACE --val 0.2 --test 0.1 -o DIR``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import data_copying, data_options, data_work, options
from skillbank.datasets.dealing import By
from skillbank.datasets.placing import Placement
from skillbank.home import looks_dir
from skillbank.plugins import written_formats


def split(
    place: data_options.Place,
    output: data_copying.Output,
    val: Annotated[
        str | None,
        typer.Option(
            "--val",
            metavar="SHARE|COUNT",
            help="Pictures to validate on: a share (0.2, 20%) or a number (500).",
        ),
    ] = None,
    test: Annotated[
        str | None,
        typer.Option(
            "--test", metavar="SHARE|COUNT", help="Pictures to test on; trainings leave them alone."
        ),
    ] = None,
    by: Annotated[
        By,
        typer.Option(
            "--by",
            help="What stays together: pictures that look the same, those of one folder (a place, a patient, "
            "a recording), or nothing.",
        ),
    ] = By.NEAR_DUPLICATES,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same division.")] = 0,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="|".join(written_formats()),
            help="Format to write [default: as it is, else coco]",
        ),
    ] = "",
    again: Annotated[
        bool,
        typer.Option("--again", help="Put the splits together first, test too, where it is divided already."),
    ] = False,
    form: data_options.Format = "",
    pictures: data_copying.PicturesOption = Placement.LINK,
    on_broken: data_copying.OnBrokenOption = data_copying.OnBroken.REFUSE,
    as_json: options.Json = False,
) -> None:
    """Divide a data set into training, validation and test, into a new folder: every class in its share.

    Classes keep their shares, rare ones are spread before frequent ones, and what could not be met is said.
    """
    if to:
        data_work.writer_of(to)  # before anything is read
    amounts = [
        None if said is None else data_work.Amount.read(said, option)
        for said, option in ((val, "--val"), (test, "--test"))
    ]
    opened = data_options.open_data(place, form)
    with data_options.steps() as report:
        copy = data_work.split(
            opened,
            output,
            val=amounts[0],
            test=amounts[1],
            by=by,
            seed=seed,
            to=to,
            again=again,
            placement=pictures,
            mode=data_copying.mode_of(on_broken),
            place=data_copying.said_place(place),
            cache=looks_dir(),
            report=report,
        )
    data_copying.tell(copy, as_json, by_class=True)
