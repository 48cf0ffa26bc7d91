"""Who comes in to the server of a team: by a bearer token, or by the cookie of the page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from starlette.datastructures import Headers
from starlette.types import Scope

from skillbank.agent.lanes import Lane, in_lane
from skillbank.entrance import CHALLENGE, credentials
from skillbank.team.acting import acting_as
from skillbank.team.person import EVERYBODY, Person
from skillbank.team.tokens import Tokens
from skillbank.team_server.identity import Identity
from skillbank.team_server.sessions import Sessions
from skillbank.team_server.wrong_tokens import WrongTokens
from skillbank.web.answers import Refusal
from skillbank.web.guard import cookie_of

__all__ = ["DOOR", "MCP_PATH", "PERSON", "PersonKeeper", "address_of"]

MCP_PATH = "/mcp"
PERSON, DOOR = "skillbank.person", "skillbank.door"
"""Under these names a request's scope holds who acts through which door, for the log."""


class PersonKeeper:
    """Turns what a request shows into a person, within whose name it is answered.

    Parameters
    ----------
    tokens
        Those of the store; None where everybody on this machine may come in.
    identity
        The identity provider, where there is one.
    metadata
        Address of the document that says where tokens come from; empty where there is no provider.
    counted
        Told of each wrong token, and whether its sender is told to wait.
    """

    def __init__(
        self,
        tokens: Tokens | None,
        sessions: Sessions,
        identity: Identity | None,
        metadata: str,
        counted: Callable[[bool], None] = lambda limited: None,
    ) -> None:
        self._tokens, self._sessions, self._identity = tokens, sessions, identity
        self._metadata, self._counted, self._wrong = metadata, counted, WrongTokens()

    async def admit(self, scope: Scope, headers: Headers) -> AbstractContextManager[None]:
        """Return what a request is answered within, in the name of whoever it comes from."""
        mcp = scope["path"] == MCP_PATH
        if self._tokens is None:
            person, door = EVERYBODY, "mcp" if mcp else "page"
        else:
            shown = [value.encode("latin-1", "replace") for value in headers.getlist("authorization")]
            # A browser sends its cookie wherever it is told to; programs show a token, and MCP is for them.
            by_cookie = not shown and not mcp
            token = self._sessions.open(cookie_of(headers)) if by_cookie else _bearer(shown)
            person = await self.find(token, bool(shown), address_of(scope))
            door = "mcp" if mcp else "page" if by_cookie else "rest"
        scope[PERSON], scope[DOOR] = person, door
        return acting_as(person, door, address_of(scope))

    async def find(self, token: str | None, shown: bool, address: str) -> Person:
        """Return whose token this is.

        Raises
        ------
        Refusal
            401 when it is nobody's, or none was shown; 429 when too many wrong ones came from the address.
        """
        person = None if token is None else await in_lane(Lane.QUICK, partial(self._find, token))
        if person is not None:
            return person
        seconds = self._wrong.note(address) if shown else 0
        if shown:
            self._counted(seconds > 0)
        if seconds:
            said = "Too many wrong tokens come from this address; wait, or show a right one."
            raise Refusal(429, "too_many_wrong_tokens", said, {"retry-after": str(seconds)})
        raise self._refusal(shown)

    def _find(self, token: str) -> Person | None:
        assert self._tokens is not None
        found = self._tokens.find(token)
        return self._identity.find(token) if found is None and self._identity is not None else found

    def _refusal(self, shown: bool) -> Refusal:
        challenge = CHALLENGE + (', error="invalid_token"' if shown else "")
        if self._metadata:
            challenge += f', resource_metadata="{self._metadata}"'
        said = (
            "This token opens nothing here: it is not known, has ended or was taken back."
            if shown
            else "This server needs a token; send 'Authorization: Bearer TOKEN', or sign in at the page."
        )
        return Refusal(401, "unauthorized", said, {"www-authenticate": challenge})


def address_of(scope: Scope) -> str:
    """Return from where a request comes; empty where that is not known."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _bearer(shown: list[bytes]) -> str | None:
    found = credentials(shown)
    return found[1].decode("latin-1") if found is not None and found[0] == "bearer" else None
