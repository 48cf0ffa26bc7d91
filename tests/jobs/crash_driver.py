"""Launches a plan and supervises it, and kills itself without warning at a point that the test names.

``main(PLAN, POINT)``, in a process of its own; a point is ``NAME:before|after:N``: around the Nth call of a
function. The product has no such hook: the functions are replaced here.
"""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path
from typing import Any

from tests.gate import open_gate

from skillbank.home import database_url
from skillbank.jobs import launching, supervisor
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.plan.model import Plan
from skillbank.platforms.local.platform import LocalPlatform
from skillbank.storage import upload

FUNCTIONS: dict[str, tuple[Any, str]] = {
    "create": (JobStore, "create"),
    "spec": (launching, "bind"),
    "submit": (LocalPlatform, "submit"),
    "bind": (JobStore, "bind"),
    "transition": (JobStore, "transition"),
    "update": (JobStore, "update"),
    "upload": (supervisor, "upload_results"),
    "send": (upload, "_send"),
    "again": (Jobs, "launch_again"),
}


def arm(point: str) -> None:
    """Replace one function by itself and a kill."""
    name, when, number = point.split(":")
    owner, attribute = FUNCTIONS[name]
    original, calls = getattr(owner, attribute), itertools.count(1)

    def deadly(*arguments: Any, **named: Any) -> Any:
        this_one = next(calls) == int(number)
        if this_one and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if this_one and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, attribute, deadly)


def main(plan: str, point: str) -> None:
    """Launch and supervise."""
    arm(point)
    jobs = Jobs(JobStore(database_url()), open_gate)
    record = jobs.launch(Plan.model_validate_json(Path(plan).read_text()))
    Supervisor(jobs, first_pause=0.05).run(record.id)
