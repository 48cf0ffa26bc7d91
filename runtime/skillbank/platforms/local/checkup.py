"""What this machine has of what programs on it need: the engine, and GPUs."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec

from skillbank.checkup import Check
from skillbank.installation import how_to_install
from skillbank.platforms.programs import find_program

__all__ = ["engine_checks", "gpu_checks", "gpu_sentence"]


def engine_checks() -> list[Check]:
    """Say whether the engine is installed, with what it needs."""
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
