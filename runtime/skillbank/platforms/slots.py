"""How many jobs of a plan run side by side on this machine: one for each set of GPUs, else one."""

from __future__ import annotations

import shutil
import subprocess

from skillbank.environment import foreign
from skillbank.plan.hardware import names_gpus
from skillbank.plan.model import Plan
from skillbank.plan.paths import MISSING, get_path

__all__ = ["gpu_slots", "visible_gpus"]


def visible_gpus() -> int:
    """Return how many GPUs of this machine a process started here may use."""
    said = foreign("CUDA_VISIBLE_DEVICES")
    if said is not None and said.strip() != "all":
        ids = [part.strip() for part in said.split(",") if part.strip()]
        return 0 if ids in (["-1"], ["none"]) else len(ids)
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    try:
        done = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20, check=False)
    except subprocess.TimeoutExpired:
        return 0
    return sum(line.startswith("GPU ") for line in done.stdout.splitlines()) if done.returncode == 0 else 0


def gpu_slots(plan: Plan, gpus: int) -> list[tuple[int, ...]]:
    """Divide GPUs among jobs of a plan; numbers count among the GPUs that this process may use.

    A plan whose spec cannot name its GPUs, or whose user has named them, has one slot with what it says.
    """
    each, key = plan.resources.gpus, f"{plan.action}.gpu_ids"
    if gpus == 0 or each == 0 or names_gpus(plan, key) or get_path(plan.spec, key) is MISSING:
        return [()]
    return [tuple(range(i * each, (i + 1) * each)) for i in range(max(1, gpus // each))]
