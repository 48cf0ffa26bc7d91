"""``skillbank report EXP``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skillbank.automl.control import find, loaded
from skillbank.automl.report.data import report_data
from skillbank.automl.report.page import MARK, render_page
from skillbank.automl.report.table import trials_csv
from skillbank.automl.report.tracking import track
from skillbank.cli import options, terminal
from skillbank.cli.pages import refuse_others
from skillbank.errors import UsageError
from skillbank.visible import json_text
from skillbank.whole_files import write_whole


def report(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="Its id, or 'last'.")] = "last",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="By default report.html in the results."),
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="The trials as a table, on stdout or to --out.")
    ] = False,
    log_to: Annotated[
        str | None, typer.Option("--log-to", metavar="mlflow|wandb", help="Send the trials there as runs.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Write one HTML page about an experiment: history, curves, importance, the winning overrides."""
    given = {"--csv": as_csv, "--json": as_json, "--log-to": log_to is not None}
    if len(named := [name for name, said in given.items() if said]) > 1:
        raise UsageError(f"{' and '.join(named)} are different answers; ask for one of them.")
    if log_to is not None and out is not None:
        raise UsageError("--log-to sends the trials there and writes no file; leave --out out.")
    with options.open_runtime(None) as runtime:
        record = runtime.jobs.look(find(runtime.jobs, experiment).id)
        data = report_data(record, loaded(runtime.jobs, record))
    if log_to is not None:
        terminal.say(track(data, log_to))
        return
    text = trials_csv(data) if as_csv else None
    if as_json:
        text = json_text(data, indent=2) + "\n"
    if text is not None and out is None:
        terminal.say(text, end="")
        return
    path = out or Path(record.results_dir) / "report.html"
    if text is None and out is not None:
        refuse_others(out, MARK)
    write_whole(path, text if text is not None else render_page(data))
    terminal.say(str(path))
