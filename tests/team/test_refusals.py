"""What a hostile token can make the store keep: a few lines a minute, and none of its tries is lost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillbank.errors import ForbiddenError
from skillbank.jobs.store import JobStore
from skillbank.team import audit
from skillbank.team.acting import acting_as
from skillbank.team.person import Person
from skillbank.team.rights import Right
from skillbank.team.tables import AUDIT, REFUSALS
from tests.postgres import Cluster

START = datetime(2026, 11, 1, tzinfo=UTC)
_MORE = re.compile(r"refused: and ([\d,]+) more in the minute of 2026-11-01 00:0\d UTC")


def refused(store: JobStore, name: str, times: int = 1) -> None:
    with acting_as(Person(name, "det", frozenset({Right.LOOK}), agent=True), "rest", "10.0.0.7"):
        for _ in range(times):
            with pytest.raises(ForbiddenError):
                audit.permit(lambda: store.engine, Right.LAUNCH, "launch", "job")


def told(store: JobStore) -> tuple[Counter[str], Counter[str]]:
    """How many refusals have a line, and how many are told in all, by person."""
    one_by_one, all_of_them = Counter[str](), Counter[str]()
    for line in audit.lines(store.engine):
        more = _MORE.fullmatch(line["outcome"])
        one_by_one[line["person"]] += more is None
        all_of_them[line["person"]] += 1 if more is None else int(more[1].replace(",", ""))
        assert line["agent"] and line["project"] == "det"
    return one_by_one, all_of_them


def test_the_first_of_a_minute_have_a_line_and_one_says_how_many_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JobStore(f"sqlite:///{tmp_path / 'a.db'}") as store:
        monkeypatch.setattr(audit, "now", lambda: START)
        refused(store, "eve", audit.MOST_REFUSALS + 35)
        refused(store, "bob", 2)
        with store.engine.connect() as db:
            assert db.scalar(sa.select(sa.func.count()).select_from(AUDIT)) == audit.MOST_REFUSALS + 2
        monkeypatch.setattr(audit, "now", lambda: START + timedelta(minutes=1))
        refused(store, "bob")  # whoever comes next
        lines = list(audit.lines(store.engine))
        [last] = [line for line in lines if line["verb"] == "refused"]
        assert last["outcome"] == "refused: and 35 more in the minute of 2026-11-01 00:00 UTC"
        assert (last["person"], last["project"]) == ("eve", "det")
        with store.engine.connect() as db:
            assert db.scalar(sa.select(sa.func.count()).select_from(REFUSALS)) == 1


@given(st.lists(st.tuples(st.sampled_from(["eve", "bob"]), st.integers(0, 4), st.integers(1, 5)), max_size=8))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_refusal_is_told_once(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    tries: Sequence[tuple[str, int, int]],
) -> None:
    monkeypatch.setattr(audit, "MOST_REFUSALS", 3)
    with JobStore(f"sqlite:///{tmp_path_factory.mktemp('a') / 'a.db'}") as store:
        expected = Counter[str]()
        for name, minute, times in sorted(tries, key=lambda each: each[1]):
            monkeypatch.setattr(audit, "now", lambda at=minute: START + timedelta(minutes=at))
            refused(store, name, times)
            expected[name] += times
        monkeypatch.setattr(audit, "now", lambda: START + timedelta(minutes=9))
        assert told(store)[1] == expected
        assert told(store)[1] == expected, "reading again tells nothing twice"


@pytest.mark.slow
def test_several_processes_count_together(postgres: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    url = postgres.url()
    monkeypatch.setattr(audit, "now", lambda: START)
    stores = [JobStore(url) for _ in range(3)]
    try:
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda n: refused(stores[n % 3], "eve", 20), range(6)))
            monkeypatch.setattr(audit, "now", lambda: START + timedelta(minutes=1))
            list(pool.map(lambda n: refused(stores[n % 3], "eve"), range(6)))
        monkeypatch.setattr(audit, "now", lambda: START + timedelta(minutes=2))
        one_by_one, all_of_them = told(stores[0])
        assert one_by_one["eve"] == audit.MOST_REFUSALS + 6 and all_of_them["eve"] == 126
    finally:
        for store in stores:
            store.close()
