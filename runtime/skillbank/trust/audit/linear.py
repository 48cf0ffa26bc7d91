"""Patterns for texts that nobody vouches for: compiled for an engine whose time grows with the text alone."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

__all__ = ["linear"]

_MEMORY = 64 << 20


@lru_cache(maxsize=1024)
def linear(pattern: str) -> Any:
    """Compile a pattern; flags are written into it (``(?i)``), and it holds no look-around or reference."""
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)
