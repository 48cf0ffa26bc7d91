"""``skillbank team quota``: what users, projects and the server may have at once and in a period."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.team_views import quotas_view
from skillbank.errors import UsageError
from skillbank.jobs.limits import use_of
from skillbank.team.quota import EACH, Kind, Period, Quota
from skillbank.team.quotas import Quotas
from skillbank.team.tokens import Tokens

if TYPE_CHECKING:
    import sqlalchemy as sa


app = typer.Typer(
    rich_markup_mode=None,
    help="What users, projects and the server may have: jobs running at once, GPU hours, stored bytes.",
)
Whose = Annotated[Kind, typer.Argument(metavar="user|project|server", help="Whose quota.")]
Name = Annotated[
    str, typer.Argument(metavar="[NAME]", help="Of whom; '*' for each that has none of its own.")
]
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGT]?)(i?)[bB]?")
_FACTORS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


@app.command("set")
def set_quota(
    kind: Whose,
    name: Name = "",
    running: Annotated[
        int | None, typer.Option("--running", metavar="N", help="Jobs with a place at once; others wait.")
    ] = None,
    gpu_hours: Annotated[
        float | None, typer.Option("--gpu-hours", metavar="H", help="GPU hours in each period.")
    ] = None,
    per: Annotated[Period, typer.Option("--per", help="The period of GPU hours.")] = Period.MONTH,
    stored: Annotated[
        str | None, typer.Option("--bytes", metavar="SIZE", help="Kept results and label sets: 500GB, 2TB.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Set a quota in the place of the one before; what is left out has no limit."""
    held = None if stored is None else bytes_in(stored)
    quota = Quota(kind, name, running, gpu_hours, per, held)
    with options.open_runtime(None) as runtime:
        engine = runtime.jobs.store.engine
        Quotas(engine).set(quota)
        unknown = _unknown(engine, quota)
    if as_json:
        options.print_json({**quota.document(), "unknown": unknown})
        return
    terminal.say(f"{quota.said}: {quota.limits}")
    if unknown:
        terminal.say(f"No token names {quota.said} yet; the quota holds when somebody of that name comes.")


@app.command("remove")
def remove(kind: Whose, name: Name = "", as_json: options.Json = False) -> None:
    """Take a quota away; that of '*' holds then, if there is one."""
    with options.open_runtime(None) as runtime:
        Quotas(runtime.jobs.store.engine).remove(kind, name)
    if as_json:
        options.print_json({"kind": kind.value, "name": name, "removed": True})
    else:
        terminal.say("removed")


@app.command("list")
def list_quotas(as_json: options.Json = False) -> None:
    """List the quotas, with what is used of each."""
    with options.open_runtime(None) as runtime:
        engine = runtime.jobs.store.engine
        quotas = Quotas(engine).list()
        used = {quota: use_of(engine, quota) for quota in quotas if quota.name != EACH}
    if as_json:
        said = [{**quota.document(), "used": used.get(quota)} for quota in quotas]
        options.print_json({"quotas": said})
    elif not quotas:
        terminal.say("No quota: nothing limits anybody. To set one: skillbank team quota set --help")
    else:
        terminal.show(quotas_view(quotas, used))


def bytes_in(text: str) -> int:
    """Return the bytes that a size stands for: ``500GB``, ``2 TiB``, ``1000``."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--bytes {text} is no size; write it as 500GB or 2TB")
    number, unit, binary = found.groups()
    return int(float(number) * (1024 if binary else 1000) ** _FACTORS[unit.lower()])


def _unknown(engine: sa.Engine, quota: Quota) -> bool:
    """Say whether no token has the name that a quota was set for, as a slip of the pen has none."""
    if quota.kind is Kind.SERVER or quota.name == EACH:
        return False
    people = [token.person for token in Tokens(engine).list()]
    return quota.name not in {p.name if quota.kind is Kind.USER else p.project for p in people}
