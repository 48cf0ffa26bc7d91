"""What a dotted key looks like: ``dataset.train_data_sources[0].image_dir``."""

from __future__ import annotations

import re
from functools import lru_cache

KEY = re.compile(r"[^.\[\]]+(\[\d{1,6}\])*(\.[^.\[\]]+(\[\d{1,6}\])*)*")
MAX_KEY = 500


def is_key(text: object) -> bool:
    """Whether a text can be split into names and list indices."""
    return isinstance(text, str) and len(text) <= MAX_KEY and KEY.fullmatch(text) is not None


def is_name(text: object) -> bool:
    """Whether a text can be one part of a key."""
    return is_key(text) and "." not in str(text) and "[" not in str(text)


@lru_cache(1 << 14)
def plain(key: str) -> str:
    """Return a key without its indices, to compare keys of different shape."""
    return re.sub(r"\[\d+\]", "", key)
