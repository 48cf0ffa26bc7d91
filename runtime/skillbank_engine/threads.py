"""How many threads to compute with.

In a container the number of processors that the system names is the host's; with that many threads on a quota
of two, a small model runs several times slower.  The quota decides.
"""

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def available_cpus(root: Path = _CGROUP) -> int:
    """Count the processors that this process may use.

    Parameters
    ----------
    root : Path
        Where the control groups are mounted.

    Returns
    -------
    int
        The smallest of: the machine's count, the affinity mask, the container's quota (rounded up); at
        least 1.
    """
    counts = [os.cpu_count() or 1]
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    quota = _quota(root)
    if quota is not None:
        counts.append(math.ceil(quota))
    return max(1, min(counts))


def _quota(root: Path) -> float | None:
    """Processors' worth of time a period grants, by control groups 2 or 1; None without limit."""
    try:
        limit, period = (root / "cpu.max").read_text(encoding="ascii").split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        limit = (root / "cpu" / "cpu.cfs_quota_us").read_text(encoding="ascii").strip()
        period = (root / "cpu" / "cpu.cfs_period_us").read_text(encoding="ascii").strip()
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError):
        return None


def wait_passively() -> None:
    """Let idle threads sleep instead of spin; must come before torch is imported.

    OpenMP's threads spin at every barrier.  With another program on the machine, one of them has often lost
    its processor, and the others burn theirs waiting for it: measured, a training run on two busy cores then
    takes several times the processor time that it needs.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
