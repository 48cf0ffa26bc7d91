"""Pictures of Label Studio's tasks: fetched from the one server that a person has named, and nowhere else."""

from __future__ import annotations

from urllib.parse import SplitResult, urljoin, urlsplit

import httpx2

from skillbank.environment import LABEL_STUDIO_TOKEN
from skillbank.errors import UsageError
from skillbank.labelling.engine import PictureError
from skillbank.visible import one_line
from skillbank.web.detection import MOST_BYTES

__all__ = ["LabelStudioPictures"]

"""The variable that holds an access token of Label Studio."""
_SECONDS = 30.0
_MOST_TURNS = 3
_PORTS = {"http": 80, "https": 443}


class LabelStudioPictures:
    """What fetches them.

    Raises
    ------
    UsageError
        When that is no address of a server.
    """

    def __init__(self, address: str) -> None:
        parts = _split(address)
        if parts is None or parts.query or parts.fragment or parts.username is not None:
            raise UsageError(
                f"'{one_line(address, 100)}' is no address of Label Studio; give one like "
                f"http://localhost:8080, and its token in {LABEL_STUDIO_TOKEN}."
            )
        self._base = address.rstrip("/") + "/"
        self._origin = _origin(parts)
        self._token = (LABEL_STUDIO_TOKEN.value or "").strip()

    async def fetch(self, address: str) -> bytes:
        """Return a picture.

        Raises
        ------
        PictureError
            When it lies elsewhere, is too large, or does not come; the text goes on after "is".
        """
        at = self._placed(address)
        try:
            async with httpx2.AsyncClient(
                timeout=_SECONDS, follow_redirects=False, trust_env=False
            ) as client:
                headers = await self._headers(client)
                for _ in range(_MOST_TURNS):
                    async with client.stream("GET", at, headers=headers) as answer:
                        if not answer.is_redirect:
                            return await self._body(answer)
                        # Not to a storage in the cloud: only what stays on the server is followed.
                        at = self._placed(urljoin(at, answer.headers.get("location", "")))
        except httpx2.HTTPError as error:
            raise PictureError(f"not to be had from Label Studio ({one_line(error, 200)})") from None
        raise PictureError("sent from one address of Label Studio to the next")

    def _placed(self, address: str) -> str:
        """Return the whole address of what lies on the server."""
        local = address.startswith("/") and not address.startswith("//")
        if local:
            prefix = urlsplit(self._base).path
            given = address if address.startswith(prefix) else address.lstrip("/")
            whole = urljoin(self._base, given)
        else:
            whole = address
        parts = _split(whole)
        if "\\" in address or parts is None or _origin(parts) != self._origin:
            raise PictureError(
                f"not on {self._base.rstrip('/')} ('{one_line(address, 100)}'), and skillbank fetches from "
                "nowhere else"
            )
        return whole

    async def _headers(self, client: httpx2.AsyncClient) -> dict[str, str]:
        if not self._token:
            return {"accept-encoding": "identity"}
        if self._token.count(".") != 2:
            return {"accept-encoding": "identity", "authorization": f"Token {self._token}"}
        # A personal access token is worth a short-lived one.
        answer = await client.post(urljoin(self._base, "api/token/refresh"), json={"refresh": self._token})
        access = answer.json().get("access") if answer.status_code == 200 else None
        if not isinstance(access, str):
            raise PictureError(
                f"not to be had from Label Studio, which does not take the token in {LABEL_STUDIO_TOKEN}"
            )
        return {"accept-encoding": "identity", "authorization": f"Bearer {access}"}

    async def _body(self, answer: httpx2.Response) -> bytes:
        if answer.status_code in (401, 403):
            raise PictureError(
                f"shown by Label Studio to those it knows; set {LABEL_STUDIO_TOKEN} to an access token of it"
            )
        if answer.status_code != 200:
            raise PictureError(f"not to be had from Label Studio (status {answer.status_code})")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise PictureError("sent packed by Label Studio, which was asked not to")
        data = bytearray()
        async for piece in answer.aiter_raw():
            data += piece
            if len(data) > MOST_BYTES:
                raise PictureError(f"larger than {MOST_BYTES >> 20} MB")
        if not data:
            raise PictureError("empty")
        return bytes(data)


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    whole = parts.scheme in _PORTS and bool(parts.hostname) and address.isprintable() and " " not in address
    return parts if whole and port != 0 else None


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS[parts.scheme]
