"""Where a bank comes from: the words of a person taken apart, without the secrets that they may hold."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias, get_args
from urllib.parse import unquote, urlsplit, urlunsplit

from skillbank.errors import DataNotFoundError, UsageError
from skillbank.nearby import at_home, near_path
from skillbank.visible import has_invisible, one_line
from skillbank.ways import option

__all__ = [
    "KINDS", "NAME", "Address", "Kind", "check_name", "check_ref", "check_subdir", "parse_address",
]  # fmt: skip

Kind: TypeAlias = Literal["folder", "archive", "git"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")
_SCP = re.compile(r"(?:[\w.+-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!//|:)[^\s\\]+")
_NO_REF = re.compile(r"^-|^/|/$|//|\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]|\.lock(/|$)|(^|/)\.|\.$")
_SCHEMES = ("https", "http", "ssh", "file")


@dataclass(frozen=True)
class Address:
    """A place that banks are fetched from.

    Attributes
    ----------
    location
        An absolute path, or an address without password and query: what is shown and kept.
    ref
        Branch, tag or commit of a git repository; None for what its HEAD names.
    subdir
        The folder inside it that is the bank, ``""`` for the whole.
    secret
        ``user:password`` of the address as typed: used once, never kept or shown.
    query
        What follows the question mark of an archive's address: as secret as a password.
    """

    kind: Kind
    location: str
    ref: str | None = None
    subdir: str = ""
    secret: str = ""
    query: str = ""

    def __repr__(self) -> str:
        return f"Address({self.shown!r})"

    @property
    def shown(self) -> str:
        """The address as a person would type it, without secrets, in one line."""
        ref = f"@{self.ref}" if self.ref else ""
        return one_line(f"{self.location}{ref}{f'#{self.subdir}' if self.subdir else ''}", 200)

    @property
    def scheme(self) -> str:
        """``https``, ``http``, ``ssh`` or ``file``."""
        head, sign, _ = self.location.partition("://")
        return head if sign else "ssh" if not self.location.startswith("/") else "file"

    @property
    def remote(self) -> bool:
        """Whether it lies beyond this machine's folders."""
        return self.scheme != "file"

    @property
    def path(self) -> Path:
        """The place on this machine."""
        return Path(self.location.removeprefix("file://"))

    @property
    def default_name(self) -> str:
        """A name made of the last part that says something; ``""`` when none does."""
        path = self.location.partition("://")[2] or self.location.rpartition(":")[2]
        parts = [unquote(p) for p in PurePosixPath(path.rstrip("/")).parts if p.strip("/")]
        if len(parts) > 1 and parts[-1] in ("skills", ".git"):
            parts.pop()
        last = _without_suffix(parts[-1]) if parts else ""
        name = re.sub(r"[^a-z0-9._-]+", "-", last.lower()).strip("-._")[:64].strip("-._")
        return name if NAME.fullmatch(name) else ""


def check_name(name: str) -> str:
    """Return a bank's name."""
    if not NAME.fullmatch(name):
        raise UsageError(
            f"'{one_line(name)}' cannot be a bank's name: small letters, digits and - _ . between them; "
            f"give another with {option('name')}."
        )
    if name == "skillbank":
        raise UsageError(
            f"'skillbank' is the bank that comes with skillbank; give another name with {option('name')}."
        )
    return name


def check_ref(ref: str) -> str:
    """Return a ref that git would take as one and that no program can take for an option."""
    if not ref or _NO_REF.search(ref) or has_invisible(ref):
        raise UsageError(f"'{one_line(ref)}' is no name of a branch, tag or commit; correct {option('ref')}.")
    return ref


def check_subdir(subdir: str) -> str:
    """Return a folder inside a source, normalised; ``""`` for the whole."""
    path = PurePosixPath(subdir)
    if path.is_absolute() or ".." in path.parts or "\\" in subdir or has_invisible(subdir):
        raise UsageError(f"'{one_line(subdir)}' leads out of the source; give a folder inside it.")
    return "" if path == PurePosixPath(".") else path.as_posix()


def parse_address(
    text: str, *, ref: str | None = None, subdir: str = "", kind: str | None = None, insecure: bool = False
) -> Address:
    """Read ``SOURCE[@REF][#SUBDIR]``: a path, an https or ssh address, ``user@host:path`` or ``file://``.

    Parameters
    ----------
    kind
        What it is taken for; by default what it looks like.
    insecure
        Whether ``http://`` is taken from hosts other than this machine.
    """
    if not text.strip() or text.startswith("-") or has_invisible(text) or "\n" in text or "\t" in text:
        raise UsageError(
            f"'{one_line(text)}' is no source; give a folder, an archive, or a git repository's address."
        )
    if kind is not None and kind not in KINDS:
        raise UsageError(f"'{one_line(kind)}' is no kind of source; it is one of {', '.join(KINDS)}.")
    scheme = _scheme(text)
    if scheme in ("https", "http", "ssh"):
        found = _web(text, kind, insecure)
    elif not scheme and not at_home(Path(text)).exists() and _SCP.fullmatch(text):
        found = _scp(text)
    else:
        found = _local(text, kind)
    return _settled(found, ref, subdir)


def _scheme(text: str) -> str:
    """Return how a source is fetched; empty where it names no scheme."""
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if helper := re.match(r"([A-Za-z][\w+.-]*)::", text):
        scheme = helper[1]  # a program of git's that would be started with the rest
    if scheme and scheme not in _SCHEMES:
        raise UsageError(
            f"'{one_line(scheme)}' is no way to fetch a bank; use https, ssh, file:// or a path here."
        )
    return scheme


def _settled(found: Address, ref: str | None, subdir: str) -> Address:
    """Add what options say to what the source says itself."""
    if ref and found.ref and ref != found.ref:
        raise UsageError(
            f"The source says @{found.ref} and {option('ref')} says {one_line(ref)}; say one of them."
        )
    if subdir and found.subdir and check_subdir(subdir) != check_subdir(found.subdir):
        raise UsageError(
            f"The source says #{one_line(found.subdir)} and {option('subdir')} another folder; say one "
            "of them."
        )
    chosen = ref if ref is not None else found.ref
    if chosen is not None and found.kind != "git":
        raise UsageError(
            f"{found.shown} is no git repository, so that it has no ref '{one_line(chosen)}'; leave it away."
        )
    return Address(
        found.kind,
        found.location,
        None if chosen is None else check_ref(chosen),
        check_subdir(subdir or found.subdir),
        found.secret,
        found.query,
    )


def _cut(text: str) -> tuple[str, str | None, str]:
    """Take ``place@ref#subdir`` apart; the first @ that does not begin a name begins the ref."""
    place, _, subdir = text.partition("#")
    at = re.search(r"(?<=[^/])@", place)
    return (place[: at.start()], place[at.end() :], subdir) if at else (place, None, subdir)


def _web(text: str, kind: str | None, insecure: bool) -> Address:
    url = _url(text)
    where = f"{url.scheme}://{one_line(url.host)}"
    if url.scheme == "http" and not (insecure or _this_machine(url.host)):
        raise UsageError(
            f"{where} can be read and changed by anybody on the way; use https, or {option('insecure')} "
            "when that is meant."
        )
    path, ref, subdir = _cut(url.path)
    if not path.strip("/"):
        raise UsageError(f"{where} names no repository or archive; give all of it.")
    archive = kind == "archive" or (kind is None and _is_archive(path))
    if kind == "folder" or (url.scheme == "ssh" and archive):
        raise UsageError(f"{where} is no place of a {kind or 'archive'}; copy it here first.")
    if archive:
        whole = path if ref is None else f"{path}@{ref}"
        return Address("archive", url.location(whole), None, subdir, _no_secret(url), url.query)
    if url.query:
        raise UsageError(
            f"The repository on {one_line(url.host)} has a query behind its address; leave it away."
        )
    secret = "" if url.scheme == "ssh" else url.secret
    return Address("git", url.location(path), ref, subdir, secret, url.query)


@dataclass(frozen=True)
class _Url:
    """An address taken apart; the `path` with what follows its ``#``."""

    scheme: str
    host: str
    port: int | None
    user: str
    secret: str
    path: str
    query: str

    def location(self, path: str) -> str:
        """Return the address of a path there, without password and query.

        The name of an ssh account is part of the place.
        """
        host = f"[{self.host}]" if ":" in self.host else self.host
        account = f"{self.user}@" if self.scheme == "ssh" and self.user else ""
        port = f":{self.port}" if self.port else ""
        return urlunsplit((self.scheme, f"{account}{host}{port}", path.rstrip("/"), "", ""))


def _url(text: str) -> _Url:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or host.startswith("-"):
        raise UsageError("The source is an address without a proper host; check it.")
    path = parts.path + (f"#{parts.fragment}" if parts.fragment else "")
    user, colon, password = parts.netloc.rpartition("@")[0].partition(":")
    secret = f"{user}:{password}" if user or colon else ""
    return _Url(parts.scheme.lower(), host, port, user, secret, path, parts.query)


def _no_secret(url: _Url) -> str:
    """Refuse the password of an archive's address, which would be sent to whoever answers there."""
    if url.secret:
        raise UsageError(
            f"The address of the archive on {one_line(url.host)} holds a password; download it and add the "
            "file."
        )
    return ""


def _this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _scp(text: str) -> Address:
    host, _, rest = text.partition(":")
    path, ref, subdir = _cut(rest)
    if host.rpartition("@")[2].startswith("-") or path.startswith("-"):
        raise UsageError(f"'{one_line(text)}' is no source; a host or path does not begin with '-'.")
    return Address("git", f"{host}:{path}", ref, subdir)


def _local(text: str, kind: str | None) -> Address:
    by_url = text.lower().startswith("file://")
    plain = unquote(text[7:]) if by_url else text
    if by_url and not plain.startswith("/"):
        raise UsageError(f"{one_line(text)} names another machine; a file address is file:///folder.")
    place, ref, subdir = plain, None, ""
    if not at_home(Path(plain)).exists():
        place, ref, subdir = _cut_path(plain)
    path = at_home(Path(place)).absolute()
    if not path.exists():
        raise DataNotFoundError(f"{one_line(path, 200)} is not there{near_path(path)}; check the source.")
    path = path.resolve()
    if path.name == "marketplace.json" and path.parent.name == ".claude-plugin":
        path = path.parents[1]
    found = kind or _kind_of(path, by_url=by_url, ref=ref is not None)
    if (found == "archive") == path.is_dir():
        raise UsageError(f"{one_line(path, 200)} is no {found}; leave {option('as')} away or correct it.")
    return Address(found, str(path), ref, subdir)  # type: ignore[arg-type]


def _cut_path(text: str) -> tuple[str, str | None, str]:
    """Take a path apart where the longest part that is there ends."""
    for cut in [i for i in range(len(text) - 1, 0, -1) if text[i] in "@#"]:
        if at_home(Path(text[:cut])).exists():
            rest = text[cut + 1 :]
            if text[cut] == "#":
                return text[:cut], None, rest
            ref, _, subdir = rest.partition("#")
            return text[:cut], ref, subdir
    return text, None, ""


def _kind_of(path: Path, *, by_url: bool, ref: bool) -> Kind:
    if not path.is_dir():
        return "archive"
    bare = all((path / name).exists() for name in ("HEAD", "objects", "refs"))
    return "git" if ref or by_url or bare or (path / ".git").exists() else "folder"


def _is_archive(path: str) -> bool:
    return path.lower().rstrip("/").endswith(_ARCHIVES)


def _without_suffix(name: str) -> str:
    for suffix in (*sorted(_ARCHIVES, key=len, reverse=True), ".git"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name
