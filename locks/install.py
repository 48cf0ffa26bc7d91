"""Install the packages of a lock: by uv, in a tenth of the time that pip takes, and by pip where uv cannot.

``python locks/install.py LOCK``, with the Python of the environment. uv comes by pip, of the version in
``installer.txt``, into an environment of its own beside the packages; without a LOCK nothing else is done.
Hashes are checked either way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

HOME = Path(sys.prefix, "installer")
"""Where uv is: no test and no program of the environment finds it by its name."""
WANTED = Path(__file__).with_name("installer.txt")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
CHECKED = ["install", "--quiet", "--require-hashes", "--no-deps"]
OF_PIP = ("no-index", "proxy", "no-binary", "only-binary")
"""Settings of pip that uv would pass over: whoever has them wants pip."""


def main(lock: str = "") -> int:
    """Install a lock, and return how the installer ended; without one only uv."""
    if not lock:
        return int(_uv() is None)
    settings = _settings_of_pip()
    own = [name for name in OF_PIP if name in settings]
    if own:
        why = f"pip is set to {', '.join(own)}, which uv does not read"
    elif (uv := _uv()) is None:
        why = "uv is not there"
    else:
        told = [str(uv), "pip", *CHECKED, "--python", sys.executable, "-r", lock]
        if _ran(told, {**os.environ, **_index(settings)}):
            return 0
        why = "uv did not install what is locked"
    print(f"{why}: pip does, which takes some minutes", file=sys.stderr)
    return subprocess.run([*PIP, *CHECKED, "--no-compile", "-r", lock], check=False).returncode


def _uv() -> Path | None:
    """Return the program, installed where that version is not there; None where that fails, which is said."""
    uv, kept = HOME / "bin" / "uv", HOME / WANTED.name
    if uv.exists() and kept.is_file() and kept.read_bytes() == WANTED.read_bytes():
        return uv
    made = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(HOME)]
    into = [*PIP, "--python", str(HOME / "bin" / "python"), *CHECKED, "-r", str(WANTED)]
    if not _ran(made) or not _ran(into):
        return None
    shutil.copyfile(WANTED, kept)
    return uv


def _ran(command: Sequence[str], env: Mapping[str, str] | None = None) -> bool:
    """Whether a program could be started, and ended well."""
    try:
        return subprocess.run(command, env=env, check=False).returncode == 0
    except OSError as error:  # of another kind of machine, for one
        print(error, file=sys.stderr)
        return False


def _settings_of_pip() -> dict[str, str]:
    """Return what pip is set to by variables and files, in the order in which pip lets them win."""
    told = subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^(:env:|install|global)\.(\S+)='(.+)'$", told, re.MULTILINE)
    places = ("global", "install", ":env:")
    settings = {name: value for place in places for at, name, value in found if at == place}
    return {
        name: value for name, value in settings.items() if value.lower() not in ("0", "false", "no", "off")
    }


def _index(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the index that pip is set to, as uv is told of one, unless uv has been told another."""
    if "index-url" not in settings or not os.environ.keys().isdisjoint({"UV_DEFAULT_INDEX", "UV_INDEX_URL"}):
        return {}
    return {"UV_DEFAULT_INDEX": settings["index-url"]}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
