"""Names and quantities as Kubernetes wants them, made from skillbank's own."""

from __future__ import annotations

import hashlib
import re

from skillbank.errors import PlatformError

__all__ = [
    "BRINGS", "INDEX", "LABEL", "MAIN", "READY", "job_name", "label_value", "quantity", "seconds", "selector",
]  # fmt: skip

LABEL = "skillbank/"
"""Beginning of the names of all labels and annotations."""
MAIN = "main"
"""The container in which the job's own program runs."""
BRINGS = "bring"
"""The container that brings results back."""
READY = "ready"
"""The file that says that whoever brings results back is listening: a program may end at once."""
INDEX = "batch.kubernetes.io/job-completion-index"
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LONGEST = 63
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgtp]?)(i?)b?)", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def job_name(job_id: str, nodes: int = 1) -> str:
    """Return the name of a job's Job and Service: the job's id where it can be, else one made from it.

    It is a DNS label of RFC 1123 that starts with a letter, as the name of a Service must, and leaves room
    for what Kubernetes appends to make the host names of several pods. Different ids give different names.
    """
    room = _LONGEST if nodes < 2 else _LONGEST - 1 - len(str(nodes - 1))
    if len(job_id) <= room and _NAME.fullmatch(job_id):
        return job_id
    digest = hashlib.sha256(job_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    stem = re.sub(r"[^a-z0-9]+", "-", job_id.lower()).strip("-")
    stem = stem if stem[:1].isalpha() else f"job-{stem}"
    return f"{stem[: room - len(digest) - 1].rstrip('-')}-{digest}"


def label_value(text: str) -> str:
    """Return a text as the value of a label: itself where it is one, else a digest of it."""
    if _LABEL_VALUE.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def selector(job_id: str) -> str:
    """Return the label selector that finds everything of a job."""
    return f"{LABEL}job={label_value(job_id)}"


def quantity(size: str) -> str:
    """Return a size as Kubernetes writes it: ``16g``, which means GiB everywhere here, is ``16Gi``."""
    match = _QUANTITY.fullmatch(size.strip())
    if match is None:
        raise PlatformError(f"'{size}' is no size; write it like 16g or 512m")
    number, unit, _ = match.groups()
    return f"{number}{unit.upper()}i" if unit else number


def seconds(text: str | int | float) -> int:
    """Return a duration in seconds: a number of them, or ``90s``, ``10m``, ``12h``, ``7d``."""
    match = _DURATION.fullmatch(str(text).strip())
    if match is None or (found := round(float(match[1]) * _UNITS[match[2]])) < 1:
        raise ValueError(f"'{text}' is no duration; write it like 90s, 10m, 12h or 7d")
    return found
