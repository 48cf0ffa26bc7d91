"""Install the packages of a lock: by uv, in a tenth of the time that pip takes, and by pip where uv cannot.

``python locks/install.py LOCK``, with the Python of the environment. uv comes by pip, of the version in
``installer.txt``, into an environment of its own beside the packages; without a LOCK nothing else is done.
Hashes are checked either way.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOME = Path(sys.prefix, "installer")
"""Where uv is: no test and no program of the environment finds it by its name."""
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
CHECKED = ["install", "--quiet", "--require-hashes", "--no-deps"]


def main(lock: str = "") -> int:
    """Install a lock, and return how the installer ended; without one only uv."""
    uv = _uv()
    if not lock:
        return int(uv is None)
    if uv is not None:
        told = [str(uv), "pip", *CHECKED, "--python", sys.executable, "-r", lock]
        if subprocess.run(told, env={**os.environ, **_index()}, check=False).returncode == 0:
            return 0
        print("uv did not install what is locked; pip does, which takes some minutes", file=sys.stderr)
    return subprocess.run([*PIP, *CHECKED, "-r", lock], check=False).returncode


def _uv() -> Path | None:
    """Return the program, installed where it is not there; None where that fails."""
    uv = HOME / "bin" / "uv"
    if not uv.exists():
        made = [sys.executable, "-m", "venv", "--without-pip", str(HOME)]
        into = [*PIP, "--python", str(HOME / "bin" / "python"), *CHECKED, "-r", str(HERE / "installer.txt")]
        for command in (made, into):
            if subprocess.run(command, stderr=subprocess.PIPE, check=False).returncode != 0:
                return None
    return uv


def _index() -> dict[str, str]:
    """Return the index that pip has been told of, as uv is told of one: it does not read pip's settings."""
    if "UV_DEFAULT_INDEX" in os.environ:
        return {}
    told = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    found: dict[str, str] = dict(re.findall(r"^(\S+)\.index-url='(.+)'$", told, re.MULTILINE))
    index = next((found[place] for place in (":env:", "install", "global") if place in found), None)
    return {"UV_DEFAULT_INDEX": index} if index else {}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
