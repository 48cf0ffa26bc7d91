"""Two projects in one store, each with a thing of every kind, and persons with any rights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from skillbank import Plan, Runtime
from skillbank.automl.events import EventLog
from skillbank.jobs.record import SEARCH, JobRecord, JobState
from skillbank.sets.model import ClassSpec, FoundPicture
from skillbank.team.acting import acting_as
from skillbank.team.person import Person
from skillbank.team.rights import Right
from tests.agent.conftest import bank, data, environment, inline, runtime

__all__ = ["bank", "data", "environment", "inline", "runtime"]

EVERY = frozenset(Right)
MEMBER = EVERY - {Right.ADMINISTER}


def person(project: str, rights: Iterable[Right] = MEMBER, *, agent: bool = False) -> Person:
    """Somebody of a project."""
    return Person(f"ann-of-{project}", project, frozenset(rights), agent)


@dataclass(frozen=True)
class Things:
    """What a project has; every name in it holds the project's own mark."""

    project: str
    mark: str
    plan: Plan
    job: str
    running: str
    search: str
    labels: str


def record(runtime: Runtime, plan: Plan, project: str, name: str, **fields: object) -> JobRecord:
    """Write the record of a job that ended, without running it."""
    from skillbank.home import results_root

    folder = results_root() / name
    folder.mkdir(parents=True, exist_ok=True)
    fields = {"state": JobState.COMPLETE, "settled": datetime.now(UTC), "platform": plan.platform} | fields
    made = JobRecord.model_validate(
        {
            "id": name,
            "created": datetime.now(UTC),
            "plan_id": plan.plan_id,
            "plan": plan.model_dump(mode="json"),
            "skill": plan.skill.name,
            "action": plan.action,
            "results_dir": str(folder),
            "project": project,
            **fields,
        }
    )
    return runtime.jobs.store.create(made)


def things(runtime: Runtime, data: Path, project: str, mark: str) -> Things:
    """Make what a project has."""
    with acting_as(person(project)):
        [plan] = runtime.plan(f"train toy-detector on {data}, no HPO, 3 epochs")
        runtime.keep(plan)
        job = record(runtime, plan, project, f"train-{mark}").id
        running = record(runtime, plan, project, f"run-{mark}", state=JobState.PENDING, settled=None).id
        search = record(runtime, plan, project, f"search-{mark}", platform=SEARCH).id
        EventLog(runtime.jobs.store.engine).create(search, {"of": mark})
        labels = runtime.sets.create(f"set-{mark}", [ClassSpec("door")], who="ann")
        labels.add_pictures([FoundPicture(f"{mark}.png", f"/{mark}.png", "0" * 64, 64, 48)], "ann")
        return Things(project, mark, plan, job, running, search, labels.name)


@pytest.fixture
def pair(runtime: Runtime, data: Path, tmp_path: Path) -> tuple[Things, Things]:
    """What ``det`` and ``ocr`` have."""
    other = tmp_path / "quarzdata"
    other.mkdir()
    (other / "data.txt").write_text("seven")
    return things(runtime, data, "det", "amberamber"), things(runtime, other, "ocr", "quarzquarz")
