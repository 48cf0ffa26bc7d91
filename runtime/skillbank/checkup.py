"""What this machine can do: each check is one fact, and how to mend it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``missing`` is something optional that is not there, ``failed`` must be mended."""

    name: str
    state: Literal["ok", "missing", "failed"]
    said: str

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return asdict(self)


def checkup() -> list[Check]:
    """Run all checks; a check that breaks is itself a finding."""
    checks: tuple[tuple[str, Callable[[], Check]], ...] = (
        ("python", _python), ("bank", _bank), ("home", _home), ("disk", _disk), ("database", _database),
        ("engine", _engine), ("gpu", _gpu), ("docker", _docker), ("credentials", _credentials),
    )  # fmt: skip
    found = []
    for name, check in checks:
        try:
            found.append(check())
        except Exception as error:  # a doctor reports what breaks, whatever it is
            found.append(Check(name, "failed", f"{type(error).__name__}: {error}"))
    return found


def _python() -> Check:
    return Check("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")


def _bank() -> Check:
    from skillbank.bank.discovery import Library

    library = Library()
    errors = [d for _, d in library.diagnostics if d.severity == "error"]
    said = f"{len(library.skills)} skills"
    return Check("bank", "failed", f"{said}; {errors[0]}") if errors else Check("bank", "ok", said)


def _home() -> Check:
    from skillbank.home import home

    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return Check("home", "failed", f"{folder} cannot be written; set SKILLBANK_HOME to another folder")
    return Check("home", "ok", str(folder))


def _disk() -> Check:
    from skillbank.home import home

    free = shutil.disk_usage(home()).free / 2**30
    said = f"{free:.0f} GiB free under {home()}"
    if free >= 2:
        return Check("disk", "ok", said)
    return Check("disk", "failed", f"{said}; checkpoints need more")


def _database() -> Check:
    from skillbank.home import database_url
    from skillbank.jobs.store import JobStore

    with JobStore(database_url()) as store:
        count = len(store.list(limit=1000))
    return Check(
        "database", "ok", f"{database_url().partition(':')[0]}, {count} job{'' if count == 1 else 's'}"
    )


def _engine() -> Check:
    from importlib.util import find_spec

    from skillbank.platforms.local import find_program

    program = find_program("grounding_dino")
    if program is None:
        return Check("engine", "missing", "grounding_dino is not on PATH; pip install 'skillbank[engine]'")
    # The program comes with skillbank itself; its libraries come with the extra.
    absent = [
        m for m in ("torch", "transformers", "PIL", "scipy", "faster_coco_eval") if find_spec(m) is None
    ]
    if absent:
        return Check("engine", "missing", f"{', '.join(absent)}; pip install 'skillbank[engine]'")
    return Check("engine", "ok", program)


def _gpu() -> Check:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Check("gpu", "missing", "no NVIDIA GPU; the embedded engine trains its small model on the CPU")
    query = [tool, "--query-gpu=name,memory.free", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        return Check("gpu", "failed", f"nvidia-smi says: {(done.stdout + done.stderr).strip()[:200]}")
    return Check("gpu", "ok", "; ".join(done.stdout.strip().splitlines()))


def _docker() -> Check:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    socket = Path(host.removeprefix("unix://"))
    if host.startswith("unix://") and not socket.exists():
        return Check("docker", "missing", f"no daemon at {host}; the platform local needs none")
    return Check("docker", "ok", f"a daemon at {host}")


def _credentials() -> Check:
    names = [n for n in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "NGC_KEY", "HF_TOKEN") if os.environ.get(n)]
    said = f"set: {', '.join(names)}" if names else "none set; public and local data need none"
    return Check("credentials", "ok" if names else "missing", said)
