"""An older store is upgraded by servers that start at once: one does it, the others wait, nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from benchmarks.team.store import more_jobs

from skillbank.jobs import migrations
from skillbank.jobs.store import JobStore
from skillbank.team.rights import Right
from tests.postgres import Cluster
from tests.team_server.conftest import People, serving
from tests.versions import fill, old_rows, versions_of

pytestmark = pytest.mark.slow
_MORE = 3000


def test_servers_that_start_at_once_upgrade_a_store_of_0_1_0(
    postgres: Cluster, environment: dict[str, str], bank: Path, tmp_path: Path
) -> None:
    url = postgres.url()
    fill(url, tmp_path)
    old = {row["id"]: row for row in old_rows()["jobs"]}
    first = next(iter(old))
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    more_jobs(engine, first, _MORE)
    engine.dispose()
    told = {**environment, "SKILLBANK_DATABASE_URL": url}
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        starting = [serving(told, bank, tmp_path / f"log-{number}") for number in range(2)]
        servers = list(pool.map(stack.enter_context, starting))
        people = People(url)
        chief = people.add("chief", "cars", frozenset({Right.LOOK, Right.ADMINISTER}))
        for server in servers:
            with server.client(chief) as client:
                assert client.get("/ready").json() == {"state": "ready"}
                jobs = client.get("/api/jobs").json()["jobs"]
                assert len(jobs) == 100 and jobs[0]["id"].startswith(f"{first}-")
                for job, row in old.items():
                    assert client.get(f"/api/jobs/{job}").json()["state"] == row["state"]
    with JobStore(url) as store:
        assert versions_of(store) == [migrations.VERSION], "one of them did it"
        kept = {record.id for record in store.list()}
        assert kept == {*old, *(f"{first}-{number}" for number in range(1, _MORE + 1))}
        assert {record.history[-1].state for record in store.list(limit=50)} == {store.get(first).state}
