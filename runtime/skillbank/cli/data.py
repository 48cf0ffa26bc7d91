"""``skillbank data``: look at a data set, repair it, bring it into another format, divide it, see it."""

from __future__ import annotations

import typer

from skillbank.cli import data_check, data_convert, data_program, data_show, data_split

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Check, convert, divide and show data sets of any known format.",
)
app.command("check")(data_check.check)
app.command("convert")(data_convert.convert)
app.command("split")(data_split.split)
app.command("show")(data_show.show)
app.command("program", hidden=True)(data_program.program)
