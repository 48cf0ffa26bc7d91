"""The supervisor of a job: brings its results away while it runs and after its end, and starts what follows.

Each step is recorded when it is done and may be done again, so a supervisor can be killed at any moment: the
next look at the job starts another one, which goes on. `skillbank.background.supervisor` is one as a process
of its own.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from skillbank.errors import DataError, PlatformError, SkillbankError, sentence_of
from skillbank.jobs.attendance import on_duty, work_left
from skillbank.jobs.metrics import Progress
from skillbank.jobs.record import JobRecord
from skillbank.jobs.retries import FIRST_PAUSE, follow_up, retry_key
from skillbank.jobs.service import Jobs
from skillbank.jobs.uploads import upload_news, upload_results
from skillbank.redact import redact
from skillbank.storage.progress import Report
from skillbank.ways import Sentence, command, marked

__all__ = ["Supervisor"]

_TRIES = 5
_STUCK = "results not uploaded yet"
_BEHIND = "the checkpoints of the running job are not uploaded now"


class Supervisor:
    """Stays with a job until it and every attempt that follows it are settled.

    Parameters
    ----------
    report
        Told how far uploads are.
    say
        Told in words what happens after an end: uploads, and what follows.
    upload_seconds
        Between two uploads of a running job's checkpoints.
    first_pause
        Seconds before the first retry; the next ones double.
    duty
        The open lock file of the first job, handed over by the process that started this one.
    """

    def __init__(
        self,
        jobs: Jobs,
        *,
        report: Report | None = None,
        say: Callable[[str], None] | None = None,
        upload_seconds: float = 30.0,
        first_pause: float = FIRST_PAUSE,
        duty: int | None = None,
    ) -> None:
        self._jobs, self._report, self._say = jobs, report, say or (lambda _: None)
        self._upload_seconds, self._first_pause = upload_seconds, first_pause
        self._duty = duty

    def run(self, job: str, on_progress: Callable[[JobRecord, Progress], None] | None = None) -> JobRecord:
        """Wait for the end of a job, do what follows, and return the last attempt.

        Raises
        ------
        SkillbankError
            When results could not be brought away; the jobs themselves are as their records say.
        """
        problem: SkillbankError | None = None
        following: JobRecord | None = self._jobs.store.get(job)
        while following is not None:
            record = following
            duty, self._duty = self._duty, None
            with on_duty(record, duty) as mine:
                if mine:
                    with self._live_uploads(record):
                        record = self._jobs.wait(record.id, on_progress)
                    stuck = self._upload(record)
                    problem = stuck or problem
                    following = self._follow(record)
                    if stuck is None and record.settled is None:
                        self._jobs.store.update(record.id, settled=datetime.now(UTC))
                else:
                    following = self._watch(record, on_progress)
        if problem is not None:
            raise problem
        return self._jobs.store.get(record.id)

    def _watch(
        self, record: JobRecord, on_progress: Callable[[JobRecord, Progress], None] | None
    ) -> JobRecord | None:
        """Look on while another process supervises; take over when it dies."""
        now = self._jobs.wait(record.id, on_progress)
        if work_left(now):
            time.sleep(0.2)
            return now
        return self._jobs.store.by_key(retry_key(now))

    @contextlib.contextmanager
    def _live_uploads(self, record: JobRecord) -> Iterator[None]:
        """Bring checkpoints away while the job runs; what goes wrong now is told, and done after its end."""
        if record.results_uri is None or record.state.terminal:
            yield
            return
        over = threading.Event()

        def work() -> None:
            failed = 0
            while not over.wait(self._upload_seconds):
                failed = self._upload_news(record, failed)

        thread = threading.Thread(target=work, name=f"uploads of {record.id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _upload_news(self, record: JobRecord, failed: int) -> int:
        """Bring checkpoints away, and return how often in a row that has failed; once is no news."""
        try:
            upload_news(record)
        except DataError:
            return failed  # a file that is being written now goes with the next look
        except (SkillbankError, OSError) as error:
            if failed:
                why = sentence_of(error).changed(redact)
                self._jobs.store.note(record.id, Sentence(f"{_BEHIND}: {why.marked}"))
            return failed + 1
        if failed > 1:
            self._jobs.store.note(record.id, f"the checkpoints are at {record.results_uri} again")
        return 0

    def _upload(self, record: JobRecord) -> SkillbankError | None:
        """Bring all results away, also those of a job that failed; return what stood in the way at last."""
        if record.results_uri is None or record.uploaded is not None or record.native_id is None:
            return None
        self._say(f"{record.id} has ended ({record.state}); its results go to {record.results_uri}")
        for attempt in range(_TRIES):
            try:
                upload_results(record, self._jobs.output(record), self._report)
            except (SkillbankError, OSError) as error:
                why = sentence_of(error).changed(redact)
                if attempt == _TRIES - 1:
                    self._jobs.store.note(record.id, Sentence(f"{_STUCK}: {why.marked}"))
                    return PlatformError(
                        f"{record.id} has ended ({record.state}), and its results are in "
                        f"{record.results_dir} but not all at {record.results_uri} yet: {why.marked}; "
                        f"{command('status', record.id)} sends the rest once that is mended"
                    )
                pause = self._first_pause / 15 * 2**attempt
                self._say(f"{_STUCK}: {why}; once more in {pause:.0f} s")
                time.sleep(pause)
            else:
                break
        self._jobs.store.update(record.id, uploaded=datetime.now(UTC))
        if record.last_word.startswith(_STUCK):
            self._jobs.store.note(record.id, f"all results are at {record.results_uri} now")
        return None

    def _follow(self, record: JobRecord) -> JobRecord | None:
        """Start the attempt that follows, once, after its pause; return it, or None when nothing follows."""
        key, reason = retry_key(record), ""
        for attempt in range(_TRIES):
            if (there := self._jobs.store.by_key(key)) is not None:
                return there
            following = follow_up(self._jobs.store.get(record.id), self._first_pause)
            if following is None:
                return None
            pause = following.pause * 2**attempt
            self._say(f"{record.id} failed ({following.why}); another attempt follows in {pause:.0f} s")
            if not self._pause(record, pause):
                return None
            try:
                return self._jobs.launch_again(record, following)
            except SkillbankError as error:
                reason = error.sentence.changed(redact)
                if not isinstance(error, PlatformError):
                    break
        # An attempt whose launch broke off is a job like any other, and what follows it is its own affair.
        if (there := self._jobs.store.by_key(key)) is None:
            self._jobs.store.note(record.id, Sentence(f"no further attempt: {marked(reason)}"))
        return there

    def _pause(self, record: JobRecord, seconds: float) -> bool:
        """Wait until that long after the job's end; false when the attempt was canceled meanwhile."""
        due = record.history[-1].at + timedelta(seconds=seconds)
        while (left := (due - datetime.now(UTC)).total_seconds()) > 0:
            time.sleep(min(1.0, left))
            if follow_up(self._jobs.store.get(record.id)) is None:
                return False
        return True
