"""How a container has ended: by itself, by want of memory, or with the daemon or the machine."""

from __future__ import annotations

from datetime import datetime, timedelta

from docker.errors import NotFound

from skillbank.jobs.record import JobState
from skillbank.platforms.base import NativeStatus
from skillbank.platforms.docker.daemon import Container, ContainerState, Daemon

__all__ = ["began", "ended"]

_UNKNOWN = 255
"""The exit code of a container of whose end the daemon knows nothing: all went down at once."""
_STOPPED = (137, 143, _UNKNOWN)
"""The exit codes of containers that ended with their daemon."""
_FOUND_DEAD = timedelta(minutes=1)
"""Before it is up, a daemon that starts says of what it finds dead that it ended now."""


def ended(found: Container, native_id: str, daemon: Daemon) -> NativeStatus:
    """Say how a container has ended that nobody canceled."""
    state, code = found["State"], int(found["State"].get("ExitCode", 0))
    if code == 0:
        return NativeStatus(JobState.COMPLETE, "exit code 0", 0, native_id=native_id)
    limit = found["HostConfig"].get("Memory") or 0
    of = f"its limit of {limit / 2**20:.0f} MiB" if limit else "what the machine has"
    if state.get("OOMKilled"):
        message = f"out of memory: the container needed more than {of} (OOMKilled)"
        return NativeStatus(JobState.ERROR, message, code, native_id=native_id, evidence=message)
    if code in _STOPPED and _ended_with_daemon(state, code, daemon):
        which = "machine of the Docker daemon" if code == _UNKNOWN else "Docker daemon"
        message = f"the {which} was stopped while the job ran, which ended it"
        return NativeStatus(JobState.ERROR, message, code, infra=True, native_id=native_id)
    if code == 137 and limit:  # when a program dies at once, the daemon misses the reason
        message = f"killed, most likely out of memory: the container may not need more than {of}"
        return NativeStatus(JobState.ERROR, message, code, native_id=native_id, evidence=message)
    message = " ".join(f"exit code {code} {state.get('Error') or ''}".split())
    return NativeStatus(JobState.ERROR, message, code, native_id=native_id)


def began(daemon: Daemon) -> datetime | None:
    """Return since when the daemon runs, where that is known: it makes its bridge anew at each start."""
    try:
        with daemon.speaking() as api:
            return _moment(str(api.inspect_network("bridge")["Created"]))
    except NotFound:
        return None


def _ended_with_daemon(state: ContainerState, code: int, daemon: Daemon) -> bool:
    start, end = _moment(state.get("StartedAt", "")), _moment(state.get("FinishedAt", ""))
    since = None if start is None else began(daemon)
    if start is None or since is None or since <= start:
        return False
    # A program may have ended with that code by itself, before the machine was started again.
    return code != _UNKNOWN or end is None or end < start or since - end < _FOUND_DEAD


def _moment(text: str) -> datetime | None:
    """Return a time as the daemon writes it, some in UTC and some in the machine's own zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
