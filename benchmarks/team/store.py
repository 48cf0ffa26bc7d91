"""The store before the work and after it: jobs of earlier days, a set to review, and what must add up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from tests.team_server.conftest import DECIDES, WORKS
from tests.web.sets import make_set, write_truth

from benchmarks.team.client import Seen
from benchmarks.team.work import SET
from skillbank import Runtime
from skillbank.jobs.database import APPROVALS, JOBS, PLANS, TRANSITIONS
from skillbank.jobs.record import JobRecord
from skillbank.jobs.store import JobStore
from skillbank.sets.tables import LABEL_EVENTS
from skillbank.team.acting import acting_as
from skillbank.team.person import Person
from skillbank.team.tables import AUDIT
from skillbank.team.tokens import Tokens

__all__ = ["faults", "fill", "more_jobs", "people", "weights"]

PROJECT = "cars"


def people(url: str, agents: int, reviewers: int) -> dict[str, str]:
    """Make tokens for the agents, the reviewers and the one who approves; return them by name."""
    until = datetime.now(UTC) + timedelta(days=1)
    wanted = {f"agent-{number}": (WORKS, True) for number in range(agents)}
    wanted |= {f"reviewer-{number}": (DECIDES, False) for number in range(reviewers)}
    wanted["lead"] = (DECIDES, False)
    with JobStore(url) as store:
        tokens = Tokens(store.engine)
        return {
            name: tokens.make(name, PROJECT, rights, until, agent=agent)
            for name, (rights, agent) in wanted.items()
        }


def fill(url: str, folder: Path, jobs: int, pictures: int) -> None:
    """Write jobs that have ended, and a set of pictures with proposals."""
    with JobStore(url) as store, acting_as(Person("lead", PROJECT, DECIDES)):
        make_set(store, SET, write_truth(folder / "photos", pictures))
        with Runtime(database_url=url) as runtime:
            [plan] = runtime.plan("train Grounding DINO on s3://b/old, no HPO")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        fields = {"plan_id": plan.plan_id, "plan": plan.model_dump(mode="json"), "skill": plan.skill.name}
        fields |= {"action": "train", "platform": "local", "results_dir": str(folder / "old")}
        fields |= {"id": "old-0", "created": now, "state": "COMPLETE", "project": PROJECT}
        store.create(JobRecord.model_validate(fields))
        more_jobs(store.engine, "old-0", jobs - 1)


def more_jobs(engine: sa.Engine, like: str, count: int) -> None:
    """Write jobs like one that is there, with its history, in the columns that the store's tables have."""
    numbers = (
        "generate_series(1, :count)"
        if engine.dialect.name == "postgresql"
        else "(WITH RECURSIVE m(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM m WHERE n < :count) "
        "SELECT n FROM m)"
    )
    with engine.begin() as db:
        for table, job in ((JOBS, "id"), (TRANSITIONS, "job_id")):
            there = {column["name"] for column in sa.inspect(db).get_columns(table.name)}
            kept = ", ".join(f'"{name}"' for name in sorted(there - {"seq", job, "idempotency_key"}))
            made = f"INSERT INTO {table.name} ({job}, {kept}) SELECT '{like}-' || made.n, {kept} "
            made += f"FROM {table.name}, {numbers} AS made(n) WHERE {job} = '{like}'"
            if engine.dialect.name != "postgresql":
                made = made.replace("AS made(n)", "AS made")
            db.execute(sa.text(made), {"count": count})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(sa.text("ANALYZE"))


def weights(engine: sa.Engine) -> Iterator[str]:
    """Yield how many bytes a row of the tables that grow has, with its indexes."""
    for table in (JOBS, TRANSITIONS, PLANS, AUDIT, LABEL_EVENTS):
        with engine.connect() as db:
            rows = db.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            size = db.scalar(sa.text(f"SELECT pg_total_relation_size('{table.name}')")) or 0
        if rows:
            yield f"{table.name}: {rows} rows of {size / rows:.0f} bytes"


def faults(engine: sa.Engine, seen: Seen) -> Iterator[str]:
    """Yield what was lost or doubled: what clients were told, against what the store and its logs hold."""
    with engine.connect() as db:
        keyed = sa.select(JOBS.c.idempotency_key, JOBS.c.id).where(JOBS.c.idempotency_key.is_not(None))
        jobs = [(str(key).rpartition(":")[2], job) for key, job in db.execute(keyed)]
        used = db.scalar(sa.select(sa.func.count()).where(APPROVALS.c.used.is_not(None)))
        left = db.scalar(sa.select(sa.func.count()).where(APPROVALS.c.used.is_(None)))
        plans = set(db.scalars(sa.select(PLANS.c.plan_id)))
        kind, picture, who = LABEL_EVENTS.c.kind, LABEL_EVENTS.c.picture, LABEL_EVENTS.c.who
        edits = Counter(map(tuple, db.execute(sa.select(picture, who).where(kind == "edit"))))
        lines = Counter(
            (verb, thing)
            for verb, thing in db.execute(
                sa.select(AUDIT.c.verb, AUDIT.c.object).where(AUDIT.c.outcome == "done")
            )
        )
    kept = dict(jobs)
    if missing := [key for key, job in seen.launched.items() if kept.get(key) != job]:
        yield f"launches that were told and are not kept: {missing[:5]}"
    if more := kept.keys() - seen.launched.keys():
        yield f"launches that nobody was told of: {sorted(more)[:5]}"
    if len(jobs) != len(kept):
        yield f"{len(jobs) - len(kept)} launches are doubled"
    if (used, left) != (len(kept), 0):
        yield f"{used} approvals were used for {len(kept)} launches, and {left} are left over"
    if lost := seen.plans - plans:
        yield f"{len(lost)} plans were told and are not kept"
    if undone := [one for one in seen.decided.items() if one not in edits]:
        yield f"decisions that were told and are not kept: {undone[:5]}"
    if len(edits) != len(seen.decided) or any(count > 1 for count in edits.values()):
        yield f"{sum(edits.values())} decisions are kept, and {len(seen.decided)} were told"
    for verb, things in (("launch", kept.values()), ("plan", seen.plans)):
        if without := [thing for thing in things if not lines[verb, thing]]:
            yield f"{len(without)} of {verb} have no line in the audit log"
    if doubled := [thing for thing in kept.values() if lines["launch", thing] > 1]:
        yield f"{len(doubled)} launches have several lines in the audit log"
