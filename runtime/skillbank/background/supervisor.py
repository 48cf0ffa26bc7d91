"""``python -m skillbank.background.supervisor JOB``: the supervisor of one job, as a process of its own."""

from __future__ import annotations

import os
import sys
import threading
import time
from datetime import UTC, datetime

from skillbank.errors import SkillbankError
from skillbank.jobs.supervisor import Supervisor
from skillbank.redact import redact
from skillbank.runtime import Runtime
from skillbank.team.acting import act_as
from skillbank.team.person import EVERYBODY

__all__ = ["main"]

_FOLDER_PAUSE = 2.0


def main(job: str, duty: str | None = None) -> int:
    """Supervise one job; ``duty`` is the number of the open lock file, see `Supervisor`."""
    act_as(EVERYBODY, "supervisor")
    if duty is not None:
        threading.Thread(target=_leave_with_folder, args=(os.dup(int(duty)),), daemon=True).start()
    try:
        with Runtime() as runtime:
            Supervisor(runtime.jobs, duty=None if duty is None else int(duty)).run(job)
    except SkillbankError as error:
        print(redact(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {error.sentence}"), file=sys.stderr)
        return error.exit_code
    return 0


def _leave_with_folder(lock: int) -> None:
    """End this process when the job's folder has been removed: nobody could be told how the job ended."""
    while os.fstat(lock).st_nlink:
        time.sleep(_FOLDER_PAUSE)
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
