"""``skillbank bank add|list|update|remove|order|sync``: banks from anywhere, kept in the home."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.bank_view import print_banks, print_step, print_updates
from skillbank.errors import NotApprovedError, SkillbankError, UsageError, a_few
from skillbank.sources.address import parse_address
from skillbank.sources.faults import one_sentence
from skillbank.sources.keeping import add as add_bank
from skillbank.sources.keeping import find
from skillbank.sources.keeping import remove as remove_bank
from skillbank.sources.keeping import update as update_bank
from skillbank.sources.listing import listing
from skillbank.sources.lockfile import home_lock, read_lock
from skillbank.sources.ordering import in_order
from skillbank.sources.ordering import order as order_banks
from skillbank.sources.reproducing import sync as sync_banks
from skillbank.visible import one_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from skillbank.sources.keeping import Updated

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="An installed bank's name.")]
Lock = Annotated[
    Path | None,
    typer.Option(
        "--lock", metavar="FILE", help="Another lock beside the home's, e.g. a project's skillbank.lock."
    ),
]


@app.command()
def add(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE[@REF][#DIR]",
            help="A folder, an archive (tar or zip; a path or https), a git repository (a path, https, ssh).",
        ),
    ],
    name: Annotated[
        str | None, typer.Option("--name", help="What it is called here; by default a name made of SOURCE.")
    ] = None,
    ref: Annotated[
        str | None, typer.Option("--ref", help="The branch, tag or commit of a git repository.")
    ] = None,
    subdir: Annotated[
        str, typer.Option("--subdir", metavar="DIR", help="The folder in it that is the bank.")
    ] = "",
    kind: Annotated[
        str | None, typer.Option("--as", metavar="folder|archive|git", help="What SOURCE is taken for.")
    ] = None,
    first: Annotated[
        bool, typer.Option("--first", help="Before the other installed banks (behind skillbank's own).")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Take http:// from other machines too.")
    ] = False,
    lock: Lock = None,
    as_json: options.Json = False,
) -> None:
    """Copy a bank into the home and note in skillbank.lock what exactly it holds."""
    address = parse_address(source, ref=ref, subdir=subdir, kind=kind, insecure=insecure)
    with _one_sentence():
        added = add_bank(address, name=name, first=first, lock=lock and lock.absolute())
    if as_json:
        options.print_json(added.document())
        return
    entry = added.entry
    commit = f", commit {entry.commit[:12]}" if entry.commit else ""
    terminal.say(f"added {entry.name} from {entry.address.shown}{commit}, sha256 {entry.digest[:12]}")
    count = len(added.skills)
    terminal.say(f"{count} skill{'s' if count != 1 else ''}: {_few(added.skills)}")
    for signer in entry.signers:
        terminal.say(f"signed by {one_line(signer)}")
    for note in added.notes:
        terminal.say(f"note: {note}")
    terminal.say(f"Nothing of it runs until you trust it: skillbank trust {entry.name}")
    terminal.say("Servers that run now (skillbank mcp, web) see it when they are started again.")


@app.command("list")
def list_banks(lock: Lock = None, as_json: options.Json = False) -> None:
    """List the installed banks, in the order in which their names are found."""
    file = lock.absolute() if lock else home_lock()
    rows = listing(file)
    order = in_order(read_lock(file))
    if as_json:
        options.print_json({"banks": rows, "order": order})
        return
    if not rows:
        terminal.say("No bank is installed; 'skillbank bank add SOURCE' adds one.")
        return
    print_banks(rows, order)


@app.command()
def update(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="By default all of them.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--source", metavar="SOURCE[@REF]", help="Fetch this one bank from there, now and later."
        ),
    ] = None,
    lock: Lock = None,
    as_json: options.Json = False,
) -> None:
    """Fetch banks anew, at the tip of their refs, and say what changed; trust is not carried over."""
    chosen = names or [entry.name for entry in read_lock(home_lock())]
    if source is not None and len(chosen) != 1:
        raise UsageError("--source is of one bank; name that one.")
    address = parse_address(source) if source is not None else None
    place = lock and lock.absolute()
    done: list[Updated] = []
    failed: dict[str, SkillbankError] = {}
    for name in chosen:
        try:
            with _one_sentence():
                done.append(update_bank(name, dry_run=dry_run, lock=place, address=address))
        except SkillbankError as error:
            if len(chosen) == 1:
                raise
            failed[name] = error
    if as_json:
        errors = [{"name": n, "error": {"code": e.code, "message": str(e)}} for n, e in failed.items()]
        options.print_json({"dry_run": dry_run, "banks": [u.document() for u in done], "failed": errors})
    else:
        print_updates(done, failed, dry_run)
    if failed:
        raise typer.Exit(1)


@app.command()
def remove(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    lock: Lock = None,
    as_json: options.Json = False,
) -> None:
    """Remove a bank and its files; plans of its skills cannot be launched any more."""
    entry = find(name)
    jobs, going = _jobs_of(name)
    if not yes:
        if as_json or not terminal.answering():
            raise NotApprovedError(f"Removing the bank '{name}' is asked for{jobs}; repeat it with --yes.")
        question = (
            f"Remove {name} (from {entry.address.shown}){jobs}? Plans of its skills cannot be launched any "
            "more."
        )
        if not terminal.ask(question):
            raise NotApprovedError(f"The bank '{name}' was not removed.")
    remove_bank(name, lock=lock and lock.absolute())
    if as_json:
        options.print_json({"removed": name, "source": entry.source, "running": going})
    else:
        terminal.say(f"removed {name}{jobs}; plans of its skills cannot be launched any more")


@app.command()
def order(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME", help="The banks that come first, in this order.")
    ],
    lock: Lock = None,
    as_json: options.Json = False,
) -> None:
    """Say in which order names of skills are looked for; 'skillbank' is the bank that comes with it.

    Where 'skillbank' is not named it comes first.
    """
    banks = in_order(order_banks(names, lock=lock and lock.absolute()))
    if as_json:
        options.print_json({"order": banks})
    else:
        terminal.say("\n".join(f"{i} {bank}" for i, bank in enumerate(banks, 1)))


@app.command()
def sync(
    lock: Lock = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace kept files that somebody has changed since.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove installed banks that the lock does not name.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Make the installed banks those of a lock, file by file; exit 1 when something is not what it says."""
    with _one_sentence():
        synced = sync_banks(lock, replace=replace, prune=prune)
    if as_json:
        options.print_json(synced.document())
    else:
        for step in synced.steps:
            print_step(step)
        for note in synced.notes:
            terminal.say(f"note: {note}")
        if synced.others:
            terminal.say(f"not in {synced.lock}: {', '.join(synced.others)} (--prune removes them)")
        if not synced.steps:
            terminal.say(f"{synced.lock} names no bank")
    if synced.refused:
        raise typer.Exit(1)


def _jobs_of(bank: str) -> tuple[str, list[str]]:
    """Say how many jobs are of a bank's skills, and which of them go on; their results stay."""
    with options.open_runtime(None) as runtime:
        found = [r for r in runtime.jobs.store.list() if r.plan["skill"]["bank"] == bank]
    going = [r.id for r in found if not r.state.terminal]
    if not found:
        return "", []
    said = f"; {len(found)} job{'s are' if len(found) != 1 else ' is'} of its skills, and their results stay"
    if going:
        said += f"; still going: {a_few(going, 3)}"
    return said, going


def _one_sentence() -> AbstractContextManager[None]:
    return one_sentence()


def _few(names: tuple[str, ...]) -> str:
    return a_few([one_line(name) for name in names], 8)
