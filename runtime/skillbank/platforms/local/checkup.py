"""What this machine has of what programs on it need: the engine, and GPUs."""

from __future__ import annotations

import shutil
import subprocess

from skillbank.bank.engines import EngineFacts, own_engines
from skillbank.bank.programs import absent_packages, find_program
from skillbank.installation import how_to_install
from skillbank.lazy_imports import lazy_imports
from skillbank.platforms.check import Check

with lazy_imports():
    from skillbank.bank import discovery
    from skillbank.plan import hardware

__all__ = ["engine_checks", "gpu_checks", "gpu_sentence"]


def engine_checks() -> list[Check]:
    """Say whether the programs of the own bank's skills are installed, with what they need."""
    checks: list[Check] = []
    engines = own_engines().values()
    for extra in dict.fromkeys(engine.extra for engine in engines):
        there = [engine for engine in engines if engine.extra == extra]
        checks.append(_check_of(extra, there))
    return checks


def _check_of(extra: str, engines: list[EngineFacts]) -> Check:
    """Say it of the programs that one extra brings; what comes with skillbank itself has none."""
    how = f"; {how_to_install(extra)}" if extra else ""
    name = extra or "programs"
    # The programs come with skillbank itself; their libraries come with the extra.
    if absent := dict.fromkeys(package for each in engines for package in absent_packages(each)):
        return Check(name, "missing", f"{', '.join(absent)}{how}", needed=True)
    found = {each.program: find_program(each.program) for each in engines}
    if gone := [program for program, path in found.items() if path is None]:
        return Check(name, "missing", f"{', '.join(gone)} not on PATH{how}", needed=True)
    return Check(name, "ok", ", ".join(str(path) for path in found.values()))


def gpu_checks() -> list[Check]:
    """Say which GPUs there are."""
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
    """Say what a line of nvidia-smi means for the skills of the bank."""
    index, name, total, free = (part.strip() for part in row.split(","))
    said = f"{index}: {name}, {int(free) / 1024:.0f} of {int(total) / 1024:.0f} GiB free"
    wants = {skill.name: hardware.memory_of(skill.info) for skill in discovery.Library().skills}
    short = [f"{skill} ({gb:g} GB)" for skill, gb in wants.items() if gb and int(free) * 2**20 < gb * 1e9]
    return f"{said}; less than these are meant for: {', '.join(short)}" if short else said
