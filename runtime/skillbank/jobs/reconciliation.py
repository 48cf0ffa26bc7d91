"""How jobs stand: a record brought up to date with what its platform says, and the reasons of failures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from skillbank.errors import PlatformError, SkillbankError, sentence_of
from skillbank.jobs.attendance import work_left
from skillbank.jobs.failures import classify
from skillbank.jobs.metrics import read_status
from skillbank.jobs.queue import Queue
from skillbank.jobs.record import Failure, JobRecord, JobState
from skillbank.jobs.store import JobStore
from skillbank.platforms.base import Handle, NativeStatus, Platform
from skillbank.platforms.processes import described_alive
from skillbank.redact import redact
from skillbank.ways import Sentence, marked

__all__ = ["Reconciliation", "handle_of"]

_DIED = "The command that launched the job was killed before the program started."
_TAIL = 1 << 16
_LAST_LINES = 1000
"""Characters, and lines, of an output in which the reason of a failure is looked for."""


def handle_of(record: JobRecord) -> Handle:
    """Return what a platform needs to find a job's work."""
    return Handle(record.id, record.native_id, Path(record.results_dir))


class Reconciliation:
    """Brings records up to date with their platforms; any number of processes may do so at once."""

    def __init__(self, store: JobStore, platform: Callable[[str], Platform]) -> None:
        self._store, self._platform = store, platform

    def refresh(self, job: str) -> JobRecord:
        """Bring a job's record up to date with its platform and return it."""
        record = self._store.get(job)
        if record.state.terminal or record.waits:
            return record
        # Asked first: what a launcher that is dead by now has not submitted, it never will.
        launching = record.launcher is None or described_alive(record.launcher) is not False
        try:
            platform = self._platform(record.platform)
            native = platform.status(handle_of(record))
        except (PlatformError, OSError) as error:
            # Nothing was learned, not even whether it was ever started: no native id is bound by this.
            return self._unknown(record, _sentence(error))
        if not native.found and record.native_id is None:
            return self._not_submitted(record, platform, launching=launching)
        if native.state is JobState.CANCELED and record.failure is not None:
            # What was called off because its launch had failed is not taken for somebody's wish.
            return self._never_started(record, record.failure)
        if record.native_id is None and native.found:
            # A job that has ended may have no id of the platform any more; that it ran is known all the same.
            self._store.bind(record.id, native.native_id or f"{platform.name}:found")
        return self._moved(record, platform, native)

    def _not_submitted(self, record: JobRecord, platform: Platform, *, launching: bool) -> JobRecord:
        """Decide about a job that its platform does not know: being launched, waiting again, or lost."""
        if Queue.broke_off(record):
            self._store.queue.give_back(record)
            return self._store.get(record.id)
        try:
            return record if launching else self._abandoned(record, platform)
        except OSError as error:  # its folder is gone or out of reach; other jobs are listed all the same
            return self._unknown(self._store.get(record.id), _sentence(error))

    def _moved(self, record: JobRecord, platform: Platform, native: NativeStatus) -> JobRecord:
        """Take a job to the state that its platform says, with the reason where that is a failure."""
        if native.state is JobState.UNKNOWN:
            return self._unknown(self._store.get(record.id), native.message)
        if native.state is record.state:
            if native.state is JobState.PENDING and native.message:
                self._store.note(record.id, redact(native.message))  # why it waits, as often as that changes
            return self._store.get(record.id)
        # A launch that was said to have failed has succeeded.
        fields: dict[str, object] = {"failure": None} if record.failure is not None else {}
        if native.state.terminal:
            fields["exit_code"] = native.exit_code
        if native.state is JobState.ERROR:
            fields["failure"] = self._explain(record, native)
        self.enter(self._store.get(record.id), native.state, native.message, **fields)
        if native.state.terminal:
            with contextlib.suppress(SkillbankError, OSError):
                platform.release(handle_of(record))
        return self._store.get(record.id)

    def stale(self, record: JobRecord) -> bool:
        """Say whether a record may differ from what its platform says now; much cheaper than `refresh`."""
        if record.state is not JobState.RUNNING:
            return not record.state.terminal
        try:
            return self._platform(record.platform).status(handle_of(record)).state is not record.state
        except (PlatformError, OSError):
            return True

    def output(self, record: JobRecord) -> Iterator[str]:
        """Yield what a job's program has printed so far, as the platform gives it."""
        with contextlib.suppress(SkillbankError, OSError):
            yield from self._platform(record.platform).logs(handle_of(record))

    def enter(self, record: JobRecord, state: JobState, message: str, **fields: object) -> None:
        """Move a job to another state; an end that nothing follows is settled by that."""
        ended = record.model_copy(update={"state": state, **fields})
        if state.terminal and not work_left(ended):
            fields["settled"] = datetime.now(UTC)
        self._store.transition(record.id, state, Sentence(message).changed(redact), **fields)

    def _unknown(self, record: JobRecord, why: str) -> JobRecord:
        """Say that a job's state is not known, and why; the same reason is written once."""
        if record.state is not JobState.UNKNOWN:
            self.enter(record, JobState.UNKNOWN, why)
        else:
            self._store.note(record.id, redact(why))
        return self._store.get(record.id)

    def _abandoned(self, record: JobRecord, platform: Platform) -> JobRecord:
        # Said first: whoever comes after a kill right here must not take what follows for somebody's wish.
        died = Failure(kind="INFRA", name="launcher_died", explanation=_DIED, advice="Run it again.")
        failure = record.failure or died  # a launch that broke off has said why before its command ended
        self._store.update(record.id, failure=failure)
        # A start may be under way this very moment; after this it has been stopped or never happens.
        platform.cancel(handle_of(record))
        return self._never_started(record, failure)

    def _never_started(self, record: JobRecord, failure: Failure) -> JobRecord:
        said = Sentence(f"not launched: {marked(failure.explanation)}")
        self.enter(record, JobState.ERROR, said, failure=failure)
        return self._store.get(record.id)

    def _explain(self, record: JobRecord, native: NativeStatus) -> Failure:
        if native.infra:
            return Failure(kind="INFRA", name="lost", explanation=native.message, advice="Run it again.")
        tail = ""
        with contextlib.suppress(SkillbankError, OSError):
            for piece in self._platform(record.platform).last_lines(handle_of(record), _LAST_LINES):
                tail = (tail + piece)[-_TAIL:]
        reason = native.evidence or read_status(Path(record.results_dir), record.action).failure
        # The skill's own patterns are those that it had when the job was launched.
        skill = self._store.skill(str(record.plan["skill"]["digest"]))
        patterns = skill.error_patterns if skill is not None else ()
        return classify(tail, native.exit_code, patterns, reason=reason, skill=record.skill)


def _sentence(error: Exception) -> str:
    """Return what is said of a platform or a folder that could not be asked."""
    if isinstance(error, OSError):
        return f"its folder cannot be used: {error.strerror or error} ({error.filename})"
    return sentence_of(error)
