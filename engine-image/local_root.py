"""Write a root file system for the engine's image to stdout, as a tar, out of what this machine has.

It holds this Python, the packages that skillbank and its extra engine need as they are installed here,
skillbank and the engine from the checkout, a shell, and the shared libraries that all of these are linked to.
Run it with the Python of the environment that has the engine:
``python engine-image/local_root.py | docker import - NAME``.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import BinaryIO

from packaging.requirements import Requirement

REPO = Path(__file__).resolve().parents[1]
PREFIX = "usr/local"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
SITE = f"{PREFIX}/lib/{PYTHON}/site-packages"
LEFT_OUT = frozenset({"ensurepip", "idlelib", "include", "site-packages", "dist-packages", "test", "tests"})
"""Folders that nothing imports: tests of packages, headers for compilers, what other folders bring."""
SCRIPT = "#!/usr/local/bin/python3\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n"


class Root:
    """The tar as it grows; every library that a binary in it is linked to comes along."""

    def __init__(self, stream: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        self._there: set[str] = set()
        self.binaries: list[Path] = []

    def add(self, source: Path, target: str) -> None:
        """Add a file, readable by everybody; links become what they point to."""
        self._folders(target)
        if target in self._there:
            return
        self._there.add(target)
        real = source.resolve()
        info = tarfile.TarInfo(target)
        info.uname = info.gname = "root"
        with real.open("rb") as file:
            found = os.fstat(file.fileno())
            info.size, info.mtime = found.st_size, int(found.st_mtime)
            info.mode = 0o755 if found.st_mode & 0o100 else 0o644
            if file.read(4) == b"\x7fELF":
                self.binaries.append(real)
            file.seek(0)
            self._tar.addfile(info, file)

    def tree(self, source: Path, target: str, left_out: frozenset[str] = LEFT_OUT) -> None:
        """Add a folder with all that is in it."""
        for here, folders, files in os.walk(source):
            folders[:] = sorted(name for name in folders if name not in left_out)
            for name in sorted(name for name in files if not name.endswith(".a")):
                path = Path(here, name)
                self.add(path, f"{target}/{path.relative_to(source)}")

    def text(self, target: str, content: str, mode: int = 0o644) -> None:
        """Add a file with this content."""
        self._folders(target)
        info = tarfile.TarInfo(target)
        info.mode, info.size = mode, len(content.encode())
        self._tar.addfile(info, io.BytesIO(content.encode()))

    def folder(self, target: str, mode: int = 0o755) -> None:
        """Add an empty folder."""
        if target not in self._there:
            self._there.add(target)
            info = tarfile.TarInfo(target)
            info.type, info.mode = tarfile.DIRTYPE, mode
            self._tar.addfile(info)

    def link(self, target: str, to: str) -> None:
        """Add a symbolic link."""
        self._folders(target)
        info = tarfile.TarInfo(target)
        info.type, info.linkname = tarfile.SYMTYPE, to
        self._tar.addfile(info)

    def libraries(self) -> None:
        """Add the shared libraries that the binaries are linked to and that are not there yet."""
        known = set(self.binaries)
        names = [str(path) for path in self.binaries]
        for start in range(0, len(names), 50):
            command = ["ldd", *names[start : start + 50]]
            for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
                path = next((Path(word) for word in line.split() if word.startswith("/")), None)
                if path is not None and not line.endswith(":") and path.resolve() not in known:
                    self.add(path, str(path).lstrip("/"))

    def close(self) -> None:
        """Write the end of the tar."""
        self._tar.close()

    def _folders(self, target: str) -> None:
        if target.rpartition("/")[0] in self._there:
            return
        for parent in reversed(Path(target).parents[:-1]):
            self.folder(str(parent))


def needed(name: str, extras: frozenset[str], seen: dict[str, Distribution]) -> None:
    """Collect an installed distribution and all that it requires here, by name."""
    if name in seen:
        return
    seen[name] = found = distribution(name)
    for line in found.requires or ():
        wanted = Requirement(line)
        environments = [{"extra": extra} for extra in (extras or {""})]
        if wanted.marker is None or any(wanted.marker.evaluate(each) for each in environments):
            needed(wanted.name.lower(), frozenset(wanted.extras), seen)


def files_of(found: Distribution) -> Iterator[tuple[Path, str]]:
    """Yield the files of a distribution that belong below site-packages."""
    for file in found.files or ():
        path = Path(str(found.locate_file(file)))
        if not LEFT_OUT.union({".."}).intersection(file.parts[:-1]) and path.is_file():
            yield path, str(file)


def main() -> None:
    """Write the tar."""
    root = Root(sys.stdout.buffer)
    root.folder("tmp", 0o1777)
    root.text("etc/passwd", PASSWD)
    root.text("etc/group", "root:x:0:\nnogroup:x:65534:\n")
    root.add(Path("/bin/sh"), "bin/sh")
    root.add(Path(sys.executable), f"{PREFIX}/bin/{PYTHON}")
    root.link(f"{PREFIX}/bin/python3", PYTHON)
    root.tree(Path(sysconfig.get_path("stdlib")), f"{PREFIX}/lib/{PYTHON}")
    distributions: dict[str, Distribution] = {}
    needed("skillbank", frozenset({"engine"}), distributions)
    del distributions["skillbank"]
    for found in distributions.values():
        for path, name in files_of(found):
            root.add(path, f"{SITE}/{name}")
    for package in ("skillbank", "skillbank_engine"):
        root.tree(REPO / "runtime" / package, f"{SITE}/{package}")
    for part in ("skills", "references", "schemas"):
        root.tree(REPO / part, f"{SITE}/skillbank/_bank/{part}")
    root.add(REPO / "manifest.json", f"{SITE}/skillbank/_bank/manifest.json")
    root.text(
        f"{PREFIX}/bin/grounding_dino",
        SCRIPT.format(module="skillbank_engine.families.grounding_dino.__main__"),
        0o755,
    )
    root.text(f"{PREFIX}/bin/skillbank", SCRIPT.format(module="skillbank.cli"), 0o755)
    root.libraries()
    root.close()


if __name__ == "__main__":
    main()
