"""Who acts in this piece of work, and through which door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from skillbank.errors import ForbiddenError
from skillbank.team.person import EVERYBODY, NOBODY, OF_PERSONS, Person
from skillbank.team.rights import Right
from skillbank.visible import named
from skillbank.ways import command

__all__ = ["Acting", "act_as", "acting", "acting_as", "may", "need", "only_who_is_named", "who"]


@dataclass(frozen=True)
class Acting:
    """Who acts, through which door (``page``, ``rest``, ``mcp``, ``command``) and from which address."""

    person: Person
    door: str = "command"
    address: str = ""


_ACTING: ContextVar[Acting | None] = ContextVar("acting", default=None)
_unnamed = Acting(EVERYBODY)


def acting() -> Acting:
    """Return who acts, with the door and the address."""
    return _ACTING.get() or _unnamed


def who() -> Person:
    """Return who acts: whom `acting_as` named, else the owner of the home."""
    return acting().person


@contextmanager
def acting_as(person: Person, door: str = "command", address: str = "") -> Iterator[None]:
    """Let a person act in this context.

    A thread that is started within acts as whoever acts where none is named, unless it runs in a copy of this
    context (``contextvars.copy_context().run``), as `asyncio.to_thread` and anyio do.
    """
    token = _ACTING.set(Acting(person, door, address))
    try:
        yield
    finally:
        _ACTING.reset(token)


def act_as(person: Person, door: str) -> None:
    """Say who acts in this process from now on wherever `acting_as` names nobody, its threads included."""
    global _unnamed
    _unnamed = Acting(person, door)


def only_who_is_named() -> None:
    """From now on nobody acts in this process where `acting_as` names none: for a server of a team."""
    act_as(NOBODY, "server")


def may(right: Right) -> bool:
    """Say whether who acts has a right."""
    return who().may(right)


def need(right: Right) -> None:
    """Go on only when who acts has a right.

    Raises
    ------
    ForbiddenError
        When not; the sentence says which right is missing and who can give it.
    """
    person = who()
    if person.may(right):
        return
    if person.agent and right in OF_PERSONS:
        raise ForbiddenError(
            f"{named(person.name)} is an agent, which never has the right '{right}'; a person who has it "
            "decides this"
        )
    of = f" of project {named(person.project)}" if person.project.strip("-") else ""
    raise ForbiddenError(
        f"{named(person.name)}{of} does not have the right '{right}'; "
        f"who administers the server gives it with {command('team add')}"
    )
