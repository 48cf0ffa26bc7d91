"""``skillbank audit [SKILL|BANK]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skillbank import __version__
from skillbank.cli import options, terminal
from skillbank.errors import UsageError
from skillbank.trust.audit.finding import LEVELS, QUESTIONS

if TYPE_CHECKING:
    from skillbank.trust.audit.report import Report


def audit(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="SKILL|BANK",
            help="A folder, or a name as 'skillbank skills' gives it; default: skillbank's own bank.",
        ),
    ] = None,
    bank: options.Banks = None,
    osv: Annotated[
        str | None,
        typer.Option(
            "--osv", metavar="FILE|URL", help="Known vulnerabilities: an OSV export or an OSV server."
        ),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", metavar="high|medium|low", help="The level from which the exit code is 1."),
    ] = "high",
    as_sarif: Annotated[bool, typer.Option("--sarif", help="One SARIF 2.1.0 document on stdout.")] = False,
    as_json: options.Json = False,
) -> None:
    """Read a skill or a bank for attacks and known bugs, starting nothing; exit 1 when one is HIGH."""
    from skillbank.trust.audit.report import audit as run

    level = next((known for known in LEVELS if known == fail_on.upper()), None)
    if level is None:
        raise UsageError(f"--fail-on is '{fail_on}'; it must be high, medium or low.")
    if as_sarif and as_json:
        raise UsageError("--sarif and --json are two formats; ask for one of them.")
    if target is None and bank:
        if len(bank) > 1:
            raise UsageError(
                "Several banks are named with --bank; say which one is read: skillbank audit DIR."
            )
        [target] = bank
    with options.open_runtime(bank) as runtime:
        report = run(target, library=runtime.library, osv=osv)
    if as_sarif:
        from skillbank.trust.audit.sarif import sarif

        options.print_json(sarif(report, __version__))
    elif as_json:
        options.print_json(report.document())
    else:
        _print(report)
    if report.at_least(level) or report.failed:
        raise typer.Exit(1)


def _print(report: Report) -> None:
    terminal.say(
        f"{report.skills} skill{'s' if report.skills != 1 else ''}, {report.files} files of {report.root}"
    )
    for question, words in QUESTIONS.items():
        terminal.say(f"\n{words} {report.verdict(question)}")
        for finding in report.of(question):
            terminal.say(f"  {finding.level:<6} {finding.place}: {finding.message} [{finding.rule}]")
            if finding.excerpt:
                terminal.say(f"         | {finding.excerpt}")
    ways = dict.fromkeys((f.rule, f.way_out) for f in report.findings if f.level != "LOW")
    if ways:
        terminal.say("\nWhat to do:")
        for rule, way in ways:
            terminal.say(f"  {rule}: {way}")
    for sentence in report.not_checked:
        terminal.say(f"\nNot checked: {sentence}")
