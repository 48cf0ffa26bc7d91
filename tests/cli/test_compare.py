"""What the first name of ``skillbank compare`` means: a job, a label set, both or nothing."""

from __future__ import annotations

import pytest

from skillbank.home import database_url
from skillbank.jobs.record import JobState
from skillbank.jobs.store import JobStore
from skillbank.sets.store import SetStore
from tests.cli.conftest import Command
from tests.jobs.conftest import MakeRecord, make_plan, make_record

__all__ = ["make_plan", "make_record"]


@pytest.fixture
def names(inline: Command, make_record: MakeRecord) -> list[str]:
    """Two jobs, and a label set whose name is the beginning of both of the jobs' ids."""
    with JobStore(database_url()) as store:
        records = [make_record(id=f"signs-train-{n}", state=JobState.COMPLETE) for n in (1, 2)]
        for record in records:
            store.create(record)
        SetStore(store.engine).create("signs", who="me")
    return [record.id for record in records]


def test_names_of_jobs_and_of_a_label_set(inline: Command, names: list[str]) -> None:
    shown = inline("compare", *names)
    assert shown.code == 0 and f"A  {names[0]}" in shown.out and "has measured nothing" in shown.out
    # Two jobs begin with it, so that it is none of them, and they are models to be asked.
    assert "left no checkpoint" in inline("compare", "signs", *names).err
    refused = inline("compare", "nothing", *names)
    assert (
        refused.code == 5 and "no job 'nothing'" in refused.err and "no label set is called so" in refused.err
    )


def test_a_name_of_both_is_asked_about(inline: Command, names: list[str]) -> None:
    with JobStore(database_url()) as store:
        SetStore(store.engine).create("signs-train-2", who="me")
    refused = inline("compare", "signs-train-2", names[0])
    assert refused.code == 2 and "is a label set, and the job signs-train-2" in refused.err
