"""What of our own environment a job gets to see."""

from __future__ import annotations

import os
from collections.abc import Sequence

from skillbank.redact import looks_secret

__all__ = ["job_environment"]

_OURS = frozenset({"SKILLBANK_DATABASE_URL"})
"""What only skillbank itself needs; the database's address may hold its password."""


def job_environment(names: Sequence[str]) -> dict[str, str]:
    """Return the environment of a job on this machine: all of ours, but of the secrets only those named."""
    return {k: v for k, v in os.environ.items() if k in names or not (looks_secret(k) or k in _OURS)}
