"""Records that somebody wrote into the store: one sentence each, and other jobs are as they were."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command

pytestmark = pytest.mark.slow

FORGED: dict[str, dict[str, Any]] = {
    "state": {"state": "DANCING"},
    "plan": {"plan": "{}"},
    "plan_of_another_kind": {"plan": "[1, 2]"},
    "no_json": {"plan": "{"},
    "retry": {"retry": '{"infra": -1}'},
    "retries": {"retry": '{"infra": 1000000}', "state": "ERROR"},
    "chain": {"chain": '["no-plan", "nor-this"]'},
    "parents": {"parents": '["no-job"]'},
    "parents_that_are_none": {"parents": '{"a": 1}'},
    "retry_of_itself": {"retry_of": "ID", "idempotency_key": "retry-of:ID"},
    "retry_of_nothing": {"retry_of": "no-job"},
    "resumes_itself": {"resumes": "ID"},
    "experiment_of_itself": {"experiment": "ID"},
    "product_of_itself": {"product": "ID"},
    "approval": {"approval": '{"how": "telepathy"}'},
    "platform": {"platform": "moon", "state": "RUNNING"},
    "results": {"results_dir": "/proc/self/mem", "state": "RUNNING"},
    "results_with_a_nul": {"results_dir": "/tmp/\0x", "state": "RUNNING"},
    "results_elsewhere": {"results_uri": "file:///etc/passwd", "uploaded": None},
    "launcher": {"launcher": "host:1:../../x", "state": "PENDING", "native_id": None},
    "native_id": {"native_id": "local:1", "state": "RUNNING"},
    "escapes": {"skill": "\x1b[2J\u202e", "action": "a\nb"},
    "time": {"created": "yesterday"},
    "failure": {"failure": '{"kind": 1}', "state": "ERROR"},
}


@pytest.fixture
def jobs(inline: Command, data: Path) -> list[str]:
    """Two jobs, of which the second is the one that is written over."""
    words = ["run", f"train the toy detector on {data}", "--yes", "--json"]
    return [inline(*words, "--set", f"train.num_epochs={n}").document["id"] for n in (1, 2)]


@pytest.fixture
def database(environment: dict[str, str]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(Path(environment["SKILLBANK_HOME"]) / "skillbank.db")) as db:
        yield db


def test_forged_records_are_one_sentence(
    inline: Command, jobs: list[str], database: sqlite3.Connection
) -> None:
    good, forged = jobs
    [before] = database.execute("SELECT * FROM jobs WHERE id = ?", (forged,)).fetchall()
    names = [each[1] for each in database.execute("PRAGMA table_info(jobs)")]
    restored = f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"
    wrong = []
    for case, fields in FORGED.items():
        values = {k: v.replace("ID", forged) if isinstance(v, str) else v for k, v in fields.items()}
        sets = ", ".join(f"{name} = ?" for name in values)
        with database:
            database.execute(f"UPDATE jobs SET {sets} WHERE id = ?", (*values.values(), forged))
        for command in (["status", forged], ["logs", forged], ["results", forged], ["cancel", forged],
                        ["run", "--resume", forged, "--yes"], ["report", forged], ["jobs"]):  # fmt: skip
            try:
                answer = inline(*command, "--json")
            except Exception as error:
                wrong.append((case, command[0], -1, f"{type(error).__name__}: {error}"[:300]))
                continue
            said = answer.out + answer.err
            if answer.code not in (0, 1, 2, 4, 5) or "Traceback" in said or "internal" in said:
                wrong.append((case, command[0], answer.code, said[-300:]))
        if any(name == case and command == "jobs" for name, command, *_ in wrong):
            break
        listed = inline("jobs", "--json")
        if listed.code != 0 or good not in [job["id"] for job in json.loads(listed.out)["jobs"]]:
            wrong.append((case, "jobs without the other", listed.code, listed.err[-300:]))
        if inline("status", good, "--json").document["state"] != "COMPLETE":
            wrong.append((case, "the other job", 0, ""))
        with database:
            database.execute(restored, (*before, forged))
            database.execute("DELETE FROM jobs WHERE id NOT IN (?, ?)", (good, forged))
    assert wrong == []
