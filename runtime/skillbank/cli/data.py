"""``skillbank data``: look at a data set, repair it, bring it into another format, divide it, see it."""

from __future__ import annotations

import typer

from skillbank.cli.later import Later, LaterGroup


class _Data(LaterGroup):
    later = (
        Later("check", "data_check"),
        Later("convert", "data_convert"),
        Later("split", "data_split"),
        Later("show", "data_show"),
        Later("program", "data_program", hidden=True),
    )


app = typer.Typer(cls=_Data, no_args_is_help=True)
