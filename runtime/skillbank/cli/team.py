"""``skillbank team``: the tokens of a team's server, and its audit log."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from skillbank.cli import options, team_backup, team_quota, terminal
from skillbank.cli.team_views import tokens_view
from skillbank.errors import UsageError
from skillbank.team.audit import lines
from skillbank.team.rights import Right
from skillbank.team.tokens import Tokens
from skillbank.visible import json_text, one_line

app = typer.Typer()
app.add_typer(team_quota.app, name="quota")
app.command("backup")(team_backup.backup)
app.command("restore")(team_backup.restore)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The person, or the program.")]
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@app.command("add")
def add(
    name: Name,
    project: Annotated[
        str, typer.Option("--project", "-p", metavar="PROJECT", help="What it makes and sees belongs to it.")
    ],
    right: Annotated[
        list[Right], typer.Option("--right", "-r", help="One thing that it may do; repeat it for more.")
    ],
    until: Annotated[
        str, typer.Option("--until", metavar="DATE", help="Its last day (2027-01-31), or a time (ISO 8601).")
    ],
    agent: Annotated[
        bool, typer.Option("--agent", help="A program acts with it: it asks, and never approves.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Make a token and print it, once: only its hash is kept."""
    end = time_in(until, "--until", last_of_day=True)
    with options.open_runtime(None) as runtime:
        secret = Tokens(runtime.jobs.store.engine).make(name, project, right, end, agent=agent)
    if as_json:
        options.print_json({"name": name, "project": project, "until": end.isoformat(), "token": secret})
        return
    terminal.say(f"A token of {name} for project {project} until {end:%Y-%m-%d %H:%M} UTC, shown once:")
    terminal.say(secret)


@app.command("list")
def list_tokens(as_json: options.Json = False) -> None:
    """List the tokens, also those that have ended: whose they are and what they allow."""
    with options.open_runtime(None) as runtime:
        tokens = Tokens(runtime.jobs.store.engine).list()
    if as_json:
        options.print_json({"tokens": [token.document() for token in tokens]})
    elif not tokens:
        terminal.say("No token yet; make one with: skillbank team add NAME --project P --right look ...")
    else:
        terminal.show(tokens_view(tokens))


@app.command("revoke")
def revoke(
    name: Name,
    project: Annotated[
        str | None,
        typer.Option("--project", "-p", metavar="PROJECT", help="Of this one; by default of all."),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Take the tokens of a person back; what they have made stays."""
    with options.open_runtime(None) as runtime:
        count = Tokens(runtime.jobs.store.engine).revoke(name, project)
    if as_json:
        options.print_json({"name": name, "revoked": count})
    else:
        terminal.say(f"{count} {'token' if count == 1 else 'tokens'} of {name} revoked")


@app.command("audit")
def audit(
    since: Annotated[
        str | None, typer.Option("--since", metavar="DATE", help="From this day or time on (UTC).")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DATE", help="Up to this day or time, without it (UTC).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document a line, for other programs.")
    ] = False,
) -> None:
    """Print who did what to what of which project, and from where, the oldest first."""
    start = None if since is None else time_in(since, "--since")
    end = None if before is None else time_in(before, "--before")
    with options.open_runtime(None) as runtime:
        for line in lines(runtime.jobs.store.engine, since=start, until=end):
            if as_json:
                terminal.say(json_text(line, compact=True))
                continue
            said = f"{one_line(line['person'], 63)}  {one_line(line['project'] or '-', 40)}"
            where = one_line(f"{line['door']} {line['address']}".strip(), 60)
            what = f"{line['verb']} {one_line(line['object'], 120)}".strip()
            terminal.say(f"{line['at'][:19]}  {said}  {where}  {what}  {one_line(line['outcome'], 80)}")


def time_in(text: str, option: str, *, last_of_day: bool = False) -> datetime:
    """Return the time that a day or a time stands for; one without a zone is in UTC.

    Parameters
    ----------
    last_of_day
        Whether a day means its end.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text} is no date; write it as 2027-01-31") from None
    if last_of_day and _DAY.fullmatch(text):
        found += timedelta(days=1)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
