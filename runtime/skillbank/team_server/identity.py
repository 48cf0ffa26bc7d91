"""Access tokens of an organisation's identity provider: checked by its keys, and read as a person."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import httpx2
import jwt
from jwt import PyJWKClient
from jwt.exceptions import PyJWKClientConnectionError

from skillbank.team.person import Person
from skillbank.team.rights import Right
from skillbank.team_server.serving import Serving
from skillbank.visible import one_line
from skillbank.web.answers import Refusal

__all__ = ["Identity", "resource_metadata"]

_WELL_KNOWN = ("openid-configuration", "oauth-authorization-server")
_KEYS_SECONDS = 300
_TIMEOUT = 5
_LEEWAY = 10
"""Seconds by which clocks may differ: a token that was made just now is none of the future."""
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
"""As a token of ours may name it: the home's own project is nobody's from elsewhere."""
_LONGEST_NAME = 63


class Identity:
    """The provider that the settings name.

    Parameters
    ----------
    resource
        The address that its tokens must be for, where the settings name no audience.
    """

    def __init__(self, serving: Serving, resource: str) -> None:
        self._serving = serving
        self._audience = serving.audience or resource
        self._keys: PyJWKClient | None = None
        self._lock = threading.Lock()

    def find(self, token: str) -> Person | None:
        """Return whom an access token names; None when it is none of this provider's, or has ended.

        Raises
        ------
        Refusal
            403 where it is right and gives nothing here, 503 while the provider's keys cannot be had.
        """
        if token.count(".") != 2:
            return None
        try:
            key = self._client().get_signing_key_from_jwt(token).key
            claims = jwt.decode(
                token,
                key,
                algorithms=list(self._serving.algorithm),
                audience=self._audience,
                issuer=self._serving.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (PyJWKClientConnectionError, httpx2.HTTPError):
            said = "The identity provider's keys cannot be read just now; come again."
            raise Refusal(503, "identity_provider", said, {"retry-after": "5"}) from None
        except jwt.PyJWTError:
            return None
        return self._person(claims)

    def _person(self, claims: Mapping[str, object]) -> Person:
        told = self._serving
        name, project = claims.get(told.person_claim), claims.get(told.project_claim)
        if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME:
            raise _nothing(f"claim '{told.person_claim}' names no person")
        if not isinstance(project, str) or not _PROJECT.fullmatch(project):
            raise _nothing(f"claim '{told.project_claim}' names no project")
        values = set(_values(claims.get(told.rights_claim)))
        rights = frozenset(right for value, given in told.grant.items() if value in values for right in given)
        if Right.LOOK not in rights:
            raise _nothing(f"claim '{told.rights_claim}' gives no rights")
        agent = bool(told.agent_claim) and bool(claims.get(told.agent_claim))
        return Person(one_line(name, _LONGEST_NAME), project, rights, agent)

    def _client(self) -> PyJWKClient:
        with self._lock:
            if self._keys is None:
                url = self._serving.jwks_url or _jwks_url(self._serving.issuer)
                self._keys = PyJWKClient(url, lifespan=_KEYS_SECONDS, timeout=_TIMEOUT)
            return self._keys


def resource_metadata(serving: Serving, resource: str) -> dict[str, object]:
    """Return what RFC 9728 says of the resource: where tokens for it come from."""
    return {
        "resource": resource,
        "authorization_servers": [serving.issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": sorted(serving.grant) if serving.rights_claim == "scope" else [],
        "resource_name": "skillbank",
    }


def _values(claim: object) -> Iterable[str]:
    if isinstance(claim, str):
        return claim.split()
    return (each for each in claim if isinstance(each, str)) if isinstance(claim, list) else ()


def _nothing(why: str) -> Refusal:
    said = f"The identity provider knows you, but the token gives nothing here: {why}."
    return Refusal(403, "forbidden", said)


def _jwks_url(issuer: str) -> str:
    """Return where the issuer's metadata says that its keys lie."""
    origin, path = issuer.rstrip("/"), urlsplit(issuer).path.rstrip("/")
    base = origin.removesuffix(path)
    places = (f"{origin}/.well-known/{_WELL_KNOWN[0]}", f"{base}/.well-known/{_WELL_KNOWN[1]}{path}")
    for place in places:
        answer = httpx2.get(place, timeout=_TIMEOUT)
        if answer.status_code != 200:
            continue
        try:
            said = answer.json()
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("issuer") == issuer and isinstance(said.get("jwks_uri"), str):
            return str(said["jwks_uri"])
    raise httpx2.HTTPError(f"{issuer} says nowhere where its keys lie")
