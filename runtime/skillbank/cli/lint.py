"""``skillbank lint [DIR]``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.bank.home import bank_root
from skillbank.bank.lint import lint_bank
from skillbank.cli import drawing, options, terminal
from skillbank.plan.coverage import bank_coverage
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.table import Table

    from skillbank.plan.coverage import Coverage

_LONGEST = 2000


def lint(
    bank: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="A bank or a skill; default: this checkout's bank.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Counts: what compiles, what is asked, findings by kind.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Check the files of a bank; exit 1 when there are errors."""
    root = bank or bank_root()
    report = lint_bank(root)
    coverage = bank_coverage(root) if summary else {}
    if as_json:
        document = report.document()
        if summary:
            document["coverage"] = {name or "total": asdict(count) for name, count in coverage.items()}
        options.print_json(document)
    elif summary:
        terminal.show(_table(coverage))
        terminal.say(
            ", ".join(f"{code} {count}" for code, count in report.by_code().items()) or "no findings"
        )
    else:
        for _, finding in report.findings:
            terminal.say(one_line(finding, _LONGEST))
        if not report.findings:
            terminal.say(f"{report.skills} skill{'s' if report.skills != 1 else ''}, no findings")
    if report.errors:
        raise typer.Exit(1)


def _table(coverage: dict[str, Coverage]) -> Table:
    table = drawing.table(padding=(0, 1))
    table.add_column("skill", no_wrap=True)
    columns = list(asdict(coverage[""]))[1:]
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for name, count in coverage.items():
        label = name or f"{count.skills} skills"
        table.add_row(label, *(str(getattr(count, c)) for c in columns), style="" if name else "bold")
    return table
