"""How a container has ended: by itself, by want of memory, or with the daemon or the machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from skillbank.jobs.record import JobState
from skillbank.platforms.base import NativeStatus
from skillbank.platforms.docker.daemon import Container

__all__ = ["ended", "moment"]

_UNKNOWN = 255
"""The exit code of a container of whose end the daemon knows nothing: all went down at once."""
_STOPPED = (137, 143, _UNKNOWN)
"""The exit codes of containers that ended with their daemon."""


def ended(found: Container, native_id: str, daemon_since: Callable[[], datetime | None]) -> NativeStatus:
    """Say how a container has ended that nobody canceled.

    Parameters
    ----------
    daemon_since
        Says since when the daemon runs, where that is known.
    """
    state, code = found["State"], int(found["State"].get("ExitCode", 0))
    if code == 0:
        return NativeStatus(JobState.COMPLETE, "exit code 0", 0, native_id=native_id)
    limit = found["HostConfig"].get("Memory") or 0
    of = f"its limit of {limit / 2**20:.0f} MiB" if limit else "what the machine has"
    if state.get("OOMKilled"):
        message = f"out of memory: the container needed more than {of} (OOMKilled)"
        return NativeStatus(JobState.ERROR, message, code, native_id=native_id, evidence=message)
    began = moment(state.get("StartedAt", ""))
    if code in _STOPPED and began is not None and (since := daemon_since()) is not None and since > began:
        which = "machine of the Docker daemon" if code == _UNKNOWN else "Docker daemon"
        message = f"the {which} was stopped while the job ran, which ended it"
        return NativeStatus(JobState.ERROR, message, code, infra=True, native_id=native_id)
    if code == 137 and limit:  # when a program dies at once, the daemon misses the reason
        message = f"killed, most likely out of memory: the container may not need more than {of}"
        return NativeStatus(JobState.ERROR, message, code, native_id=native_id, evidence=message)
    message = " ".join(f"exit code {code} {state.get('Error') or ''}".split())
    return NativeStatus(JobState.ERROR, message, code, native_id=native_id)


def moment(text: str) -> datetime | None:
    """Return a time as the daemon writes it, some in UTC and some in the machine's own zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
