"""Who acts in this piece of work, and through which door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from skillbank.errors import ForbiddenError
from skillbank.team.person import EVERYBODY, NOBODY, Person
from skillbank.team.rights import Right
from skillbank.visible import named

__all__ = ["Acting", "acting_as", "door", "may", "need", "only_who_is_named", "who"]


@dataclass(frozen=True)
class Acting:
    """Who acts, through which door (``page``, ``rest``, ``mcp``, ``command``) and from which address."""

    person: Person
    door: str = "command"
    address: str = ""


_OWNER = Acting(EVERYBODY)
_ACTING: ContextVar[Acting | None] = ContextVar("acting", default=None)
_unnamed = _OWNER


def door() -> Acting:
    """Return who acts, with the door and the address."""
    return _ACTING.get() or _unnamed


def who() -> Person:
    """Return who acts: whom `acting_as` named, else the owner of the home."""
    return door().person


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


def only_who_is_named() -> None:
    """From now on nobody acts in this process where `acting_as` names none: for a server of a team."""
    global _unnamed
    _unnamed = Acting(NOBODY, "server")


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
    if person.agent and right is Right.APPROVE:
        raise ForbiddenError(
            f"{named(person.name)} is an agent, which never approves; a person with the right 'approve' does"
        )
    of = f" of project {named(person.project)}" if person.project.strip("-") else ""
    raise ForbiddenError(
        f"{named(person.name)}{of} does not have the right '{right}'; "
        "who administers the server gives it with skillbank team add"
    )
