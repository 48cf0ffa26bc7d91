"""Images of what is installed on this machine, where no registry is asked: a base of Python, PostgreSQL.

They stand for ``python:3.12-slim`` and ``postgres:17`` of ``deploy/``. Packages lie in the base, as no index
is asked either: pip finds them there, and installs what it builds of the checkout.
"""

from __future__ import annotations

import io
import re
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement

__all__ = ["BASE_ENV", "POSTGRES_ENV", "base", "postgres", "programs_are_here"]

_SITE = PurePosixPath("opt/site")
BASE_ENV = (
    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin",
    f"PYTHONPATH=/{_SITE}",
    "PIP_NO_INDEX=1",
    "PIP_NO_BUILD_ISOLATION=0",  # by the variable, 0 is what the option says
)
POSTGRES_ENV = ("PATH=/pg/bin:/bin", "PGDATA=/var/lib/postgresql/data")
_APPLETS = ("sh", "cat", "echo", "env", "kill", "ls", "mkdir", "ps", "rm", "sleep")
_POSTGRES = 999
_START = """#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    echo "$POSTGRES_PASSWORD" > /tmp/password
    initdb -D "$PGDATA" -U "$POSTGRES_USER" -A scram-sha-256 --pwfile=/tmp/password -E UTF8 --locale=C
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
fi
exec postgres -D "$PGDATA" -c listen_addresses='*'
"""


class _Root:
    """A root file system that is written as a tar; what lies in it twice is written once."""

    def __init__(self, target: Path) -> None:
        self._tar = tarfile.open(target, "w")  # noqa: SIM115 - closed by `close`
        self._there: set[str] = set()
        for name in _APPLETS:
            self.link(f"bin/{name}", "busybox")
        self.file(Path(shutil.which("busybox") or "/bin/busybox"), "bin/busybox")
        self.folder("tmp", 0o1777)

    def file(self, source: Path, name: str) -> None:
        if name not in self._there:
            self._there.add(name)
            self._tar.add(source.resolve(), name, filter=_roots)

    def tree(self, source: Path, name: str, leave: Iterable[str] = ()) -> None:
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source)
            if path.is_file() and not set(leave) & set(inside.parts):
                self.file(path, f"{name}/{inside}")

    def text(self, name: str, content: str, mode: int = 0o644) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content.encode()), mode
        self._tar.addfile(entry, io.BytesIO(content.encode()))

    def link(self, name: str, target: str) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(entry)

    def folder(self, name: str, mode: int = 0o755, owner: int = 0) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, mode, owner, owner
        self._tar.addfile(entry)

    def libraries(self, *programs: Path) -> None:
        """Add the libraries of the system that programs and libraries are linked to."""
        for line in _linked(programs):
            if found := re.search(r"(/\S+) \(0x", line):
                # The loader has its place by name; all others are found in the one folder.
                path = Path(found[1])
                folder = "lib64" if path.name.startswith("ld-linux") else "lib/x86_64-linux-gnu"
                self.file(path, f"{folder}/{path.name}")

    def close(self) -> None:
        self._tar.close()


def programs_are_here() -> bool:
    """Say whether what the images are made of is installed."""
    return all(map(shutil.which, ("busybox", "useradd", "ldd"))) and sys.platform == "linux"


def base(target: Path, package: str, extras: Iterable[str], builder: str) -> None:
    """Write a root with Python, ``useradd``, the packages that one needs with its extras, and its builder."""
    root, version = _Root(target), f"python3.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix)
    library = prefix / "lib" / version
    binary = prefix / "bin" / version
    root.file(binary, f"usr/local/bin/{version}")
    for name in ("python", "python3"):
        root.link(f"usr/local/bin/{name}", version)
    root.tree(library, f"usr/local/lib/{version}", ("site-packages", "test", "idlelib", "tkinter"))
    useradd = Path(shutil.which("useradd") or "")
    root.file(useradd, "usr/sbin/useradd")
    linked = [binary, useradd, *(library / "lib-dynload").glob("*.so")]
    for name in sorted(_needed(package, extras) | _needed(builder, ())):
        for file in distribution(name).files or ():
            path = Path(str(distribution(name).locate_file(file)))
            if path.is_file() and ".." not in file.parts:
                place = _SITE / file
                root.file(path, str(place))
                # What has been compiled here need not be compiled in each container.
                compiled = Path(cache_from_source(str(path)))
                if path.suffix == ".py" and compiled.is_file():
                    root.file(compiled, str(place.parent / "__pycache__" / compiled.name))
                linked += [path] if ".so" in path.name else []
    root.libraries(*linked)
    root.text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    root.text("etc/group", "root:x:0:\n")
    root.text("etc/shadow", "root:*:1::::::\n", 0o640)
    root.close()


def postgres(target: Path, bin_dir: Path) -> None:
    """Write a root with PostgreSQL that begins as the image of its makers does, with the same variables."""
    root, names = _Root(target), ("postgres", "initdb", "pg_isready")
    bin_dir = (bin_dir / "initdb").resolve().parent
    version, library = bin_dir.parent.name, bin_dir.parent / "lib"
    home, shared = f"usr/lib/postgresql/{version}", f"usr/share/postgresql/{version}"
    for name in names:
        root.file(bin_dir / name, f"{home}/bin/{name}")
    root.link("pg", home)
    root.tree(library, f"{home}/lib", ("bitcode", "pgxs"))
    root.tree(Path(f"/{shared}"), shared, ("man",))
    root.tree(Path("/usr/share/zoneinfo"), "usr/share/zoneinfo")
    root.libraries(*(bin_dir / name for name in names), *library.glob("*.so"))
    root.text("etc/passwd", f"root:x:0:0::/:/bin/sh\npostgres:x:{_POSTGRES}:{_POSTGRES}::/:/bin/sh\n")
    for name in ("var/lib/postgresql/data", "var/run/postgresql"):
        root.folder(name, 0o700 if name.endswith("data") else 0o755, _POSTGRES)
    root.text("start", _START, 0o755)
    root.close()


def _roots(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.mode |= stat.S_IRGRP | stat.S_IROTH | ((entry.mode & stat.S_IXUSR) and 0o111)
    return entry


def _linked(programs: Iterable[Path]) -> Iterator[str]:
    told = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True, check=False)
    yield from told.stdout.splitlines()


def _needed(package: str, extras: Iterable[str]) -> set[str]:
    """Return the installed packages that one needs; itself among them where it is none of a checkout."""
    seen: dict[str, set[str]] = {}
    open_ones = [(package, {"", *extras})]
    while open_ones:
        name, wanted = open_ones.pop()
        known = seen.setdefault(re.sub(r"[-_.]+", "-", name).lower(), set())
        new = wanted - known
        known |= new
        try:
            lines = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        for needs in map(Requirement, lines):
            if any(needs.marker is None or needs.marker.evaluate({"extra": each}) for each in new):
                open_ones.append((needs.name, {"", *needs.extras}))
    return {name for name in seen if name != "skillbank" and _installed(name)}


def _installed(name: str) -> bool:
    try:
        return distribution(name) is not None
    except PackageNotFoundError:
        return False
