"""Installed banks on the terminal: the list of them, and what an update or a lock changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skillbank.cli import drawing, terminal

if TYPE_CHECKING:
    from skillbank.errors import SkillbankError
    from skillbank.sources.keeping import Updated
    from skillbank.sources.reproducing import Step

__all__ = ["print_banks", "print_step", "print_updates"]


def print_banks(rows: Sequence[dict[str, Any]], order: Sequence[str]) -> None:
    """Print the installed banks in the order in which their names are found, and what is wrong with them."""
    table = drawing.table("order", "name", "skills", "state", "commit", "sha256", "source")
    table.columns[1].no_wrap = True
    known = {row["name"]: row for row in rows}
    for i, name in enumerate(order, 1):
        row = known.get(name)
        if row is None:
            table.add_row(str(i), name, "", "own", "", "", "comes with skillbank")
            continue
        commit, digest = (row["commit"] or "")[:12], row["digest"][:12]
        table.add_row(str(i), name, str(row["skills"]), row["state"], commit, digest, row["shown"])
    terminal.show(table)
    for row in rows:
        if row["problem"]:
            terminal.say(f"note: {row['problem']}", err=True)


def print_updates(done: Sequence[Updated], failed: Mapping[str, SkillbankError], dry_run: bool) -> None:
    """Print what became of the banks that were fetched anew, and which could not be, by their names."""
    for updated in done:
        _print_update(updated, dry_run)
    for fault in failed.values():
        terminal.say(f"skillbank: {fault}", err=True)
    if not done and not failed:
        terminal.say("No bank is installed; 'skillbank bank add SOURCE' adds one.")


def _print_update(updated: Updated, dry_run: bool) -> None:
    """Print what an update of a bank changed, or would change."""
    name, before, after = updated.after.name, updated.before, updated.after
    commits = f", commit {(before.commit or '')[:12]} -> {(after.commit or '')[:12]}" if after.commit else ""
    if updated.same:
        terminal.say(f"{name} is unchanged{commits if before.commit != after.commit else ''}")
        return
    would = "would change" if dry_run else "changed"
    terminal.say(f"{name} {would}{commits}, sha256 {before.digest[:12]} -> {after.digest[:12]}")
    for change in updated.changes:
        terminal.say(f"  {change.sentence}")
    if not updated.changes:
        terminal.say(f"  outside of the skills: {updated.files_sentence}")
    for note in updated.notes:
        terminal.say(f"note: {note}")
    if not dry_run:
        terminal.say(f"Nothing of it runs until you trust what it is now: skillbank trust {name}")


def print_step(step: Step) -> None:
    """Print what became of a bank that a lock names."""
    if step.done == "refused":
        terminal.say(f"skillbank: {step.sentence}", err=True)
    else:
        terminal.say(f"{step.name}: {step.done}")
