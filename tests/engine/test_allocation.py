"""Memory that was freed is kept for what comes next."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from skillbank_engine import allocation

# Blocks as pictures take them, in several threads: how often the system had to give a page.
_WORK = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
if sys.argv[1] == "kept":
    from skillbank_engine.allocation import keep_freed_memory
    keep_freed_memory()
def work(number):
    for _ in range(20):
        blocks = [b"x" * (size << 20) for size in (40, 3, 3)]
        del blocks
with ThreadPoolExecutor(2) as pool:
    list(pool.map(work, range(2)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def _faults(how: str, **more: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name not in allocation._OWN}
    done = subprocess.run(
        [sys.executable, "-c", _WORK, how], env={**environment, **more}, capture_output=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is set")
def test_pages_are_not_asked_for_anew() -> None:
    assert _faults("kept") < _faults("plain") / 2


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's allocator is set")
def test_what_somebody_has_chosen_stays() -> None:
    assert _faults("kept", MALLOC_TRIM_THRESHOLD_="131072") > _faults("kept") * 2
