"""Files from the web, by https alone and never from this network's own insides.

The connection goes to the very address that was checked, for each redirect anew.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from skillbank.environment import HOSTS, foreign
from skillbank.errors import DataError, DataNotFoundError, PlatformError, UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.storage.progress import Meter, Report
from skillbank.storage.uri import Uri, parse_uri
from skillbank.visible import one_line

with lazy_imports():
    import urllib3
    from urllib3 import exceptions

if TYPE_CHECKING:
    from urllib3.response import BaseHTTPResponse

__all__ = ["check_address", "fetch", "head"]

_PIECE = 1 << 20
_REDIRECTS, _TRIES, _PAUSE = 5, 5, 0.2
_DIGITS, _LONGEST = 20, 8192
"""Of a size, and of an address."""
_SLOWEST, _LOOK = 200.0, 60.0
"""Bytes a second that a server sends at least, looked at so often."""
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


def head(uri: Uri) -> tuple[int, str]:
    """Return a file's size in bytes (-1 when it is not said) and what tells one version from another."""
    with contextlib.closing(_request(uri, "HEAD")) as answer:
        headers = answer.headers
        version = headers.get("ETag") or headers.get("Last-Modified") or ""
        return _announced(headers), version


def fetch(uri: Uri, target: Path, report: Report | None = None) -> None:
    """Bring a file under a temporary name; it gets its own when as many bytes came as were announced."""
    temporary = target.with_name(f".{target.name[:200]}.part")
    for attempt in range(_TRIES):
        try:
            with contextlib.closing(_request(uri, "GET")) as answer, temporary.open("wb") as file:
                announced = _announced(answer.headers)
                meter = Meter(str(uri), max(announced, 0), report)
                for piece in _pieces(answer):
                    file.write(piece)
                    meter.add(len(piece))
                if announced not in (-1, file.tell()):
                    raise ConnectionError(f"{file.tell()} of {announced} bytes came")
            break
        except (exceptions.HTTPError, OSError) as error:
            if attempt == _TRIES - 1:
                raise PlatformError(
                    f"{uri} breaks off each time it is read ({error}); check the network"
                ) from error
            time.sleep(_PAUSE * 2**attempt)
    temporary.replace(target)


def _announced(headers: Mapping[str, str]) -> int:
    """Return how many bytes a server says will come; -1 when it says nothing that can be meant."""
    said = str(headers.get("Content-Length", "")).strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) < _DIGITS else -1


def _pieces(answer: BaseHTTPResponse) -> Iterator[bytes]:
    """Yield the bytes of a file as they come, which are never unpacked on the way."""
    since, came = time.monotonic(), 0
    while piece := answer.read1(_PIECE, decode_content=False):
        yield piece
        came += len(piece)
        spent = time.monotonic() - since
        if spent > _LOOK and came < _SLOWEST * spent:
            raise ConnectionError(f"{came} bytes came in {spent:.0f} s")
        if spent > _LOOK:
            since, came = time.monotonic(), 0


def check_address(host: str, port: int) -> str:
    """Return the address of a host, if it is one of the public internet.

    ``SKILLBANK_HOSTS`` names hosts (comma-separated) of the own network that may be used all the same.

    Raises
    ------
    UsageError
        For addresses of this machine, this network, or a cloud's metadata service.
    """
    allowed = {name.strip().lower() for name in (HOSTS.value or "").split(",")}
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PlatformError(
            f"the host '{host}' is not known ({error}); check its name and the network"
        ) from None
    address = str(found[0][4][0])
    if not ipaddress.ip_address(address.partition("%")[0]).is_global and host.lower() not in allowed:
        raise UsageError(
            f"https://{host} is an address inside this network ({address}); if it may be read, name it in "
            "SKILLBANK_HOSTS"
        )
    return address


def _request(uri: Uri, method: str) -> BaseHTTPResponse:
    url = uri.text
    for _ in range(_REDIRECTS):
        answer = _patiently(uri, url, method)
        to = answer.headers.get("Location")
        if answer.status in (301, 302, 303, 307, 308) and to:
            answer.close()
            url = _led_to(uri, url, to)
            continue
        if answer.status == 200:
            return answer
        answer.close()
        if answer.status in (404, 410):
            raise DataNotFoundError(f"{uri} does not exist")
        raise DataError(f"{uri} cannot be read: its server answers {answer.status}")
    raise DataError(f"{uri} leads from one address to another more than {_REDIRECTS} times")


def _led_to(uri: Uri, url: str, to: str) -> str:
    """Return where a server leads on to, which is https and nothing else."""
    try:
        there = urljoin(url, to)
        if urlsplit(there).scheme == "https" and len(there) <= _LONGEST and there.isprintable():
            parse_uri(there)
            return there
    except (ValueError, UsageError):
        pass
    raise DataError(f"{uri} leads to {one_line(to, 100)}, which is no https://host/file and is not followed")


def _patiently(uri: Uri, url: str, method: str) -> BaseHTTPResponse:
    """Ask, and ask again when nobody answers or the server is out of order."""
    for attempt in range(_TRIES):
        last = attempt == _TRIES - 1
        failed = ""
        try:
            answer = _ask(url, method)
        except (exceptions.HTTPError, OSError) as error:
            # Kept no longer than this: its frames hold the connection of an answer that could not be read.
            failed = type(error).__name__
        if failed and last:
            raise PlatformError(f"{uri} cannot be reached ({failed}); check the address and the network")
        if not failed:
            if last or answer.status not in _AGAIN:
                return answer
            answer.close()
        time.sleep(_PAUSE * 2**attempt)
    raise AssertionError("unreachable")


def _ask(url: str, method: str) -> BaseHTTPResponse:
    parts = urlsplit(url)
    plain = parts.scheme == "http"  # `parse_uri` lets no such address in; a person may have insisted
    host, port = parts.hostname or "", parts.port or (80 if plain else 443)
    timeout = urllib3.Timeout(connect=10, read=60)
    pool = (
        urllib3.HTTPConnectionPool(check_address(host, port), port, timeout=timeout, retries=False)
        if plain
        else urllib3.HTTPSConnectionPool(
            check_address(host, port),
            port,
            server_hostname=host,
            assert_hostname=host,
            ca_certs=foreign("AWS_CA_BUNDLE") or foreign("SSL_CERT_FILE"),
            timeout=timeout,
            retries=False,
        )
    )
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {
        "Host": parts.netloc.rpartition("@")[2],
        "User-Agent": "skillbank",
        "Accept-Encoding": "identity",
    }
    return pool.urlopen(
        method, target, headers=headers, preload_content=False, redirect=False, assert_same_host=False
    )
