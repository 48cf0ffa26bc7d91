"""How long the store of an earlier version is closed while it is upgraded, by how many jobs it holds."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import sqlalchemy as sa
from tests.postgres import cluster
from tests.versions import fill

from benchmarks.team.store import more_jobs
from skillbank.jobs.store import JobStore

__all__ = ["upgrades"]


def upgrades(bin_dir: Path, jobs: int) -> None:
    """Make stores of 0.1.0, open them with this version, and print how long that took."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = stack.enter_context(cluster(bin_dir, durable=True))
        for url in (f"sqlite:///{folder / 'store.db'}", database.url()):
            fill(url, folder)
            engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
            with engine.connect() as db:
                one = str(db.scalar(sa.text("SELECT id FROM jobs ORDER BY seq LIMIT 1")))
                there = db.scalar(sa.text("SELECT count(*) FROM jobs")) or 0
            more_jobs(engine, one, jobs - there)
            kind = engine.dialect.name
            engine.dispose()
            began, spent = time.monotonic(), time.process_time()
            with JobStore(url) as store, store.engine.connect() as db:
                seconds = time.monotonic() - began
                kept = db.scalar(sa.text("SELECT count(*) FROM jobs"))
            print(
                f"{kind}: {kept} jobs upgraded from 0.1.0 in {seconds:.1f} s "
                f"({time.process_time() - spent:.1f} s of this processor)"
            )
