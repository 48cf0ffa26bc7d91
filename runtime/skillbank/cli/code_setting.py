"""Setting, changing and taking away the approval code, at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillbank.approval_code import SHORTEST, ApprovalCode, own_place
from skillbank.cli import options, terminal
from skillbank.errors import NotApprovedError, PlatformError
from skillbank.visible import one_line

if TYPE_CHECKING:
    from pathlib import Path

    from skillbank.runtime import Runtime

__all__ = ["remove", "set_anew"]

_WHY = (
    "With an approval code nothing starts before it was typed: at the terminal, or in the question of an MCP "
    "client. --yes and SKILLBANK_APPROVE start nothing any more."
)


def set_anew(runtime: Runtime, as_json: bool) -> None:
    """Set the code, or another one after the one that is set was given.

    Raises
    ------
    NotApprovedError
        When there is no terminal, the code that is set was not given, or the two new ones differ.
    UsageError
        When the new one is too short.
    """
    guard, known = runtime.jobs.store.guard, runtime.lock.code
    _prove(runtime)
    place = own_place() if known is None else known.place
    first = terminal.secret(_WHY, f"New approval code ({SHORTEST} characters or more): ")
    if first is None:
        raise NotApprovedError("An approval code is set by a person in a terminal, and there is none here.")
    made = ApprovalCode.made(first, place)
    if terminal.secret("", "The same again: ") != first:
        raise NotApprovedError("The two were not the same; nothing was changed.")
    guard.announce(made)  # killed from here on, either code is the one that is set, as the file says
    try:
        made.write()
    except OSError as error:
        guard.mark(known)
        raise PlatformError(_unwritable(place, error)) from None
    guard.mark(made)
    _say(as_json, place, "set", "the approval code is set; doors that run already have to be started anew")


def remove(runtime: Runtime, as_json: bool) -> None:
    """Take the code away.

    Raises
    ------
    NotApprovedError
        When none is set, or the one that is set was not given.
    """
    guard, known = runtime.jobs.store.guard, runtime.lock.code
    if known is None:
        raise NotApprovedError(
            f"There is no approval code here{f': {guard.broken}' if guard.broken else ''}."
        )
    _prove(runtime)
    guard.mark(None)  # killed here, the file says that the code is still set
    try:
        known.place.unlink()
    except OSError as error:
        guard.mark(known)
        raise PlatformError(_unwritable(known.place, error)) from None
    _say(as_json, known.place, "removed", "the approval code is taken away; --yes approves again")


def _prove(runtime: Runtime) -> None:
    guard = runtime.jobs.store.guard
    if not guard.hard:
        return
    code = terminal.secret("An approval code is set.", "Approval code: ")
    if code is None:
        raise NotApprovedError("The approval code is typed in a terminal, and there is none here.")
    guard.prove(code)


def _unwritable(place: Path, error: OSError) -> str:
    return (
        f"The file of the approval code {one_line(str(place), 200)} cannot be changed by this user "
        f"({error.strerror}); whoever owns it does that."
    )


def _say(as_json: bool, place: Path, done: str, sentence: str) -> None:
    if as_json:
        options.print_json({"approval_code": done, "file": str(place)})
    else:
        terminal.say(f"{sentence} ({place})")
