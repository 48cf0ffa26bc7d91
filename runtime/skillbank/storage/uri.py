"""Where data is: ``s3://bucket/key``, ``https://host/file``, ``file:///folder``, or a plain path.

A label set in the state that a plan names, ``set://signs/DIGEST``, is a folder of the cache, which is written
before anything looks into it. Every other scheme is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from skillbank.errors import UsageError
from skillbank.home import cache_dir
from skillbank.nearby import at_home, refuse_almost_address, refuse_credentials
from skillbank.plan.set_places import SetPlace, set_place
from skillbank.visible import one_line

__all__ = ["Uri", "parse_uri"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?")
_LONGEST_NAME = 255
"""Bytes that file systems have for one."""
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


@dataclass(frozen=True)
class Uri:
    """A parsed place of data.

    ``location`` is an absolute path for ``file``, ``bucket/key`` for ``s3`` and ``host/path`` for ``https``.
    """

    scheme: str
    location: str
    text: str

    @property
    def path(self) -> Path:
        """The local path of a ``file`` URI."""
        if self.scheme != "file":
            raise ValueError(f"{self.text} is not on this machine")
        return Path(self.location)

    @property
    def bucket(self) -> str:
        """The bucket of an ``s3`` URI, the host of an ``https`` one."""
        return self.location.partition("/")[0]

    @property
    def key(self) -> str:
        """The key or prefix of an ``s3`` URI, without slashes at its end; empty for a whole bucket."""
        return self.location.partition("/")[2]

    @property
    def name(self) -> str:
        """The last part, as the name of a file here; only an address of the web writes one in percents.

        Raises
        ------
        UsageError
            When no file can have that name, as of ``s3://bucket/.`` and ``https://host/a%2Fb``.
        """
        last = self.location.rstrip("/").rpartition("/")[2]
        if self.scheme == "file":
            return last
        name = unquote(last) if self.scheme == "https" else last
        if name in (".", "..") or not {"/", "\0"}.isdisjoint(name) or len(name.encode()) > _LONGEST_NAME:
            raise UsageError(
                f"{self} ends in '{one_line(name, 60)}', which cannot be the name of a file here; give it "
                "another name where it is"
            )
        return name

    def child(self, relative: str) -> Uri:
        """Return the place below this one."""
        return Uri(self.scheme, f"{self.location}/{relative}", f"{self}/{relative}")

    def sibling(self, name: str) -> Uri:
        """Return the place of another name beside this one."""
        head = self.location.rpartition("/")[0]
        return Uri(self.scheme, f"{head}/{name}", f"{str(self).rpartition('/')[0]}/{name}")

    def __str__(self) -> str:
        # What follows the question mark of a web address may be its password.
        return self.text.rstrip("/") if self.scheme != "https" else self.text.partition("?")[0]


def parse_uri(text: str) -> Uri:
    """Parse a URI or plain path; relative paths start at the current folder and ``~`` is the home.

    Raises
    ------
    UsageError
        For an empty text, an unknown scheme, or a URI that names no place.
    """
    if not text.strip() or "\0" in text:
        raise UsageError(f"{text!r} names no data; give a path, file:///folder or s3://bucket/key")
    if (found := set_place(text)) is not None:
        return _in_set(found, text)
    refuse_credentials(text)
    match = _SCHEME.fullmatch(text)
    if match is None:
        refuse_almost_address(text)
        return Uri("file", str(at_home(Path(text)).absolute()), text)
    scheme, rest = match[1].lower(), match[2]
    if scheme not in _PARSERS:
        raise UsageError(
            f"{text} has the scheme '{scheme}'; data can be a path, file:///folder, s3://bucket/key "
            "or https://host/file"
        )
    return _PARSERS[scheme](rest, text)


def _in_set(place: SetPlace, text: str) -> Uri:
    if not place.digest:
        raise UsageError(f"{text} is a label set; name it as data of a request, and it is read there")
    if ".." in place.rest.split("/"):
        raise UsageError(f"{text} is no part of a label set; set:{place.name}/train and /val are")
    return Uri("file", f"{cache_dir() / place.folder}{place.rest}", text)


def _file(rest: str, text: str) -> Uri:
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise UsageError(
            f"{text} names another machine; a file URI is file:///folder/file, with three slashes"
        )
    return Uri("file", f"/{unquote(path)}", text)


def _s3(rest: str, text: str) -> Uri:
    bucket, _, key = rest.partition("/")
    if ".." in key.split("/") or not bucket:
        raise UsageError(f"{text} is not of the form s3://bucket/key")
    if not _BUCKET.fullmatch(bucket):
        raise UsageError(
            f"{text}: '{bucket}' cannot be a bucket; the name of one has 3 to 63 small "
            "letters, digits, dots and hyphens"
        )
    return Uri("s3", f"{bucket}/{key}".rstrip("/"), text)


def _https(rest: str, text: str) -> Uri:
    host, _, path = rest.partition("?")[0].partition("/")
    if not _HOST.fullmatch(host) or not path:
        raise UsageError(f"https://{host.rpartition('@')[2]} is not of the form https://host/file")
    return Uri("https", f"{host}/{path}", text)


_PARSERS: Mapping[str, Callable[[str, str], Uri]] = {"file": _file, "s3": _s3, "https": _https}
"""By scheme what reads the rest of a URI; the whole of it is for the sentence that refuses it."""
