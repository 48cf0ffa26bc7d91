"""Records as rows of the store's tables, and rows as records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from skillbank.errors import StateError
from skillbank.jobs.database import JOBS, TRANSITIONS
from skillbank.jobs.record import Failure, JobHead, JobRecord, JobState, RetryPolicy, Transition
from skillbank.plan.kept_sentences import ways_of, with_ways
from skillbank.stored import aware, now, storable
from skillbank.visible import one_line
from skillbank.ways import Sentence

__all__ = [
    "HEAD",
    "changed_fields",
    "head_of",
    "histories",
    "line_row",
    "only_record",
    "record_of",
    "unreadable",
]

HEAD = tuple(JOBS.c[each.name] for each in fields(JobHead))
"""The columns of `skillbank.jobs.record.JobHead`."""
_AT_ONCE = 500
"""Jobs whose histories are asked for in one query."""
_PLAIN_FIELDS = frozenset(
    {"native_id", "launcher", "bound_spec_sha256", "exit_code", "failure", "retry", "uploaded", "settled"}
    | {"approval", "product"}
)


def changed_fields(changed: dict[str, object]) -> dict[str, Any]:
    """Return fields of a job that are not its state as their columns take them."""
    if unknown := changed.keys() - _PLAIN_FIELDS:
        raise TypeError(f"not a field that can change: {', '.join(sorted(unknown))}")
    return {k: _stored(v) for k, v in changed.items()}


def _stored(value: object) -> object:
    if isinstance(value, Failure):
        ways = ways_of(value)
        return {**_texts(value.model_dump()), **({"ways": ways} if ways else {})}
    return value.model_dump(mode="json") if isinstance(value, RetryPolicy) else value


def line_row(job_id: str, state: JobState, message: str, at: datetime | None = None) -> dict[str, object]:
    """Return the row of one line of a job's history, by default of one that is written now."""
    return {
        "job_id": job_id,
        "at": at or now(),
        "state": state.value,
        "message": storable(message),
        "ways": message.ways if isinstance(message, Sentence) and message.offers else None,
    }


def _texts(document: object) -> Any:
    """Return a document with `storable` texts at every depth."""
    if isinstance(document, dict):
        return {name: _texts(inner) for name, inner in document.items()}
    return storable(document) if isinstance(document, str) else document


def histories(db: sa.Connection, jobs: Sequence[str]) -> dict[str, list[sa.RowMapping]]:
    """Return the lines of the histories of jobs, in their order; one query for many jobs."""
    lines: dict[str, list[sa.RowMapping]] = {job: [] for job in jobs}
    for first in range(0, len(jobs), _AT_ONCE):
        asked = TRANSITIONS.c.job_id.in_(jobs[first : first + _AT_ONCE])
        for line in db.execute(sa.select(TRANSITIONS).where(asked).order_by(TRANSITIONS.c.seq)).mappings():
            lines[line["job_id"]].append(line)
    return lines


def head_of(row: sa.RowMapping) -> JobHead:
    """Return the head of a job."""
    return JobHead(**{**row, "created": aware(row["created"]), "state": JobState(row["state"])})


def record_of(row: sa.RowMapping, lines: Sequence[sa.RowMapping]) -> JobRecord:
    """Return a job with its history.

    Raises
    ------
    ValueError
        When no skillbank of this version wrote it so.
    """
    history = tuple(
        Transition(
            at=aware(t["at"]),
            state=t["state"],
            message=Sentence.of(t["message"], t["ways"]) if t["ways"] else t["message"],
        )
        for t in lines
    )
    # What a database of an earlier version has no value for is as it is in a new record.
    told = {name: aware(value) for name, value in row.items() if name != "seq" and value is not None}
    if isinstance(failure := told.get("failure"), dict) and "ways" in failure:
        told["failure"] = with_ways(failure, failure["ways"])
    if any(isinstance(value, str) and "\0" in value for value in told.values()):
        raise ValueError("NUL")  # which `storable` writes nowhere, and no path takes
    return JobRecord.model_validate({**told, "history": history})


def only_record(db: sa.Connection, query: sa.Select[object], job: str) -> JobRecord | None:
    """Return the job that a query finds; None when it finds none."""
    try:
        row = db.execute(query).mappings().first()
        return None if row is None else record_of(row, histories(db, [row["id"]])[row["id"]])
    except ValueError as error:
        raise unreadable(job, error) from None


def unreadable(job: str, error: ValueError) -> StateError:
    """Return what is said of a record that cannot be read."""
    where = ""
    if isinstance(error, ValidationError):
        where = " at " + ", ".join(str(each["loc"][0]) for each in error.errors(include_url=False)[:3])
    return StateError(
        f"the record of job {one_line(job, 80)} cannot be read{where}: this skillbank did not write it so; "
        "put the database back from a backup, or use the version that wrote it"
    )
