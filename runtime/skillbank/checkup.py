"""What this machine can do: each check is one fact, and how to mend it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "HF_TOKEN",
    "NGC_API_KEY",
    "NGC_KEY",
    "SKILLBANK_REGISTRY",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; ``missing`` is something optional that is not there, ``failed`` must be mended.

    ``needed`` says that its platform cannot run anything without it.
    """

    name: str
    state: Literal["ok", "missing", "failed"]
    said: str
    needed: bool = False

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return {"name": self.name, "state": self.state, "said": self.said}


def checkup(platform: str | None = None) -> list[Check]:
    """Run all checks, or those that jobs on one platform need; a check that breaks is itself a finding.

    Parameters
    ----------
    platform
        ``local``, ``docker``, ``slurm`` or ``kubernetes``; what it cannot do without is then ``failed``
        instead of ``missing``.

    Raises
    ------
    PlatformError
        When there is no such platform.
    """
    from skillbank.platforms import get_platform
    from skillbank.platforms.docker.checkup import docker_checks
    from skillbank.platforms.kubernetes.checkup import kubernetes_checks
    from skillbank.platforms.slurm.checkup import slurm_checks

    general = (_python, _bank, _home, _disk, _database, _credentials)
    by_platform: dict[str, tuple[Callable[[], list[Check]], ...]] = {
        "local": (_engine, _gpu),
        "docker": (docker_checks,),
        "slurm": (slurm_checks,),
        "kubernetes": (kubernetes_checks,),
    }
    if platform is not None and platform not in by_platform:
        get_platform(platform)
    wanted = by_platform if platform is None else {platform: by_platform.get(platform, ())}
    found = [check for run in general for check in _run(run)]
    for checks in wanted.values():
        for check in (check for run in checks for check in _run(run)):
            needed = platform is not None and check.needed and check.state == "missing"
            found.append(replace(check, state="failed") if needed else check)
    return found


def _run(check: Callable[[], list[Check]]) -> list[Check]:
    try:
        return check()
    except Exception as error:  # a doctor reports what breaks, whatever it is
        name = check.__name__.strip("_").removesuffix("_checks")
        return [Check(name, "failed", f"{type(error).__name__}: {error}")]


def _python() -> list[Check]:
    return [Check("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")]


def _bank() -> list[Check]:
    from skillbank.bank.discovery import Library

    library = Library()
    errors = [d for _, d in library.diagnostics if d.severity == "error"]
    said = f"{len(library.skills)} skills"
    return [Check("bank", "failed", f"{said}; {errors[0]}") if errors else Check("bank", "ok", said)]


def _home() -> list[Check]:
    from skillbank.home import home

    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return [Check("home", "failed", f"{folder} cannot be written; set SKILLBANK_HOME to another folder")]
    return [Check("home", "ok", str(folder))]


def _disk() -> list[Check]:
    from skillbank.home import home
    from skillbank.jobs.preflight import minimum_free

    free, least = shutil.disk_usage(home()).free, minimum_free()
    said = f"{free / 2**30:.1f} GiB free under {home()}, at least {least / 2**30:g} wanted"
    if free >= least:
        return [Check("disk", "ok", said)]
    return [Check("disk", "failed", f"{said}; make room or set SKILLBANK_HOME to another folder")]


def _database() -> list[Check]:
    from skillbank.home import database_url
    from skillbank.jobs.store import JobStore

    with JobStore(database_url()) as store:
        count = len(store.list(limit=1000))
    said = f"{database_url().partition(':')[0]}, {count} job{'' if count == 1 else 's'}"
    return [Check("database", "ok", said)]


def _engine() -> list[Check]:
    from importlib.util import find_spec

    from skillbank.installation import how_to_install
    from skillbank.platforms.programs import find_program

    program = find_program("grounding_dino")
    if program is None:
        said = f"grounding_dino is not on PATH; {how_to_install('engine')}"
        return [Check("engine", "missing", said, needed=True)]
    # The program comes with skillbank itself; its libraries come with the extra.
    absent = [
        m for m in ("torch", "transformers", "PIL", "scipy", "faster_coco_eval") if find_spec(m) is None
    ]
    if absent:
        said = f"{', '.join(absent)}; {how_to_install('engine')}"
        return [Check("engine", "missing", said, needed=True)]
    return [Check("engine", "ok", program)]


def _gpu() -> list[Check]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return [
            Check("gpu", "missing", "no NVIDIA GPU; the embedded engine trains its small model on the CPU")
        ]
    query = [tool, "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        return [Check("gpu", "failed", f"nvidia-smi says: {(done.stdout + done.stderr).strip()[:200]}")]
    return [Check("gpu", "ok", gpu_sentence(row)) for row in done.stdout.strip().splitlines()]


def gpu_sentence(row: str) -> str:
    """Say what a line of nvidia-smi means for the skills of the bank.

    Parameters
    ----------
    row
        ``index, name, total, free`` with the memory in MiB.
    """
    from skillbank.bank.discovery import Library
    from skillbank.plan.hardware import memory_of

    index, name, total, free = (part.strip() for part in row.split(","))
    said = f"{index}: {name}, {int(free) / 1024:.0f} of {int(total) / 1024:.0f} GiB free"
    wants = {skill.name: memory_of(skill.info) for skill in Library().skills}
    short = [f"{skill} ({gb:g} GB)" for skill, gb in wants.items() if gb and int(free) * 2**20 < gb * 1e9]
    return f"{said}; less than these are meant for: {', '.join(short)}" if short else said


def _credentials() -> list[Check]:
    names = [name for name in _CREDENTIALS if os.environ.get(name)]
    said = f"set: {', '.join(names)}" if names else "none set; public and local data need none"
    return [Check("credentials", "ok" if names else "missing", said)]
