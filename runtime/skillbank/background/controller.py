"""``python -m skillbank.background.controller JOB``: the controller of a search, as a process of its own."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from skillbank.automl.controller import Controller
from skillbank.errors import SkillbankError
from skillbank.redact import redact
from skillbank.runtime import Runtime
from skillbank.team.acting import act_as
from skillbank.team.person import EVERYBODY

__all__ = ["main"]


def main(experiment: str) -> int:
    """Be the controller of an experiment until its end, unless another process is already."""
    act_as(EVERYBODY, "search")
    try:
        with Runtime() as runtime:
            Controller(runtime.jobs, experiment).run()
    except SkillbankError as error:
        print(redact(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {error.sentence}"), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
