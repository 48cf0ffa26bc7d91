"""Laws of the canonical sentence over plans of every kind."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from skillbank.bank.documents import read_yaml
from skillbank.errors import SkillbankError
from skillbank.jobs.record import JobRecord, JobState
from skillbank.plan.model import Plan
from skillbank.runtime import Runtime
from skillbank.visible import has_invisible
from tests.plan.sentence_requests import requests

pytestmark = pytest.mark.slow

REQUESTS = Path(__file__).parents[1] / "requests"
JOBS = read_yaml(REQUESTS / "jobs.yaml")
OF_SKILL: dict[str, list[str]] = {}
for _job in JOBS:
    if _job["action"] in ("train", "export"):
        OF_SKILL.setdefault(_job["skill"], []).append(_job["id"])
MANY = settings(
    max_examples=420,  # three fifths of them ask nothing, and are read back
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    """The packaged skill, the small ones, and the jobs of the set."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SKILLBANK_PLATFORM", "SKILLBANK_IMAGE"):
            patch.delenv(name, raising=False)
        patch.setenv("SKILLBANK_HOME", str(home))
        with Runtime([REQUESTS / "bank"]) as runtime:
            for job in JOBS:
                runtime.jobs.store.create(_record(job["id"], job["skill"], job["action"]))
            yield runtime


def _record(job: str, skill: str, action: str) -> JobRecord:
    return JobRecord(
        id=job, created=datetime.now(UTC), plan_id="0" * 64, plan={"spec": {}}, skill=skill, action=action,
        platform="local", results_dir=f"/results/{job}", state=JobState.COMPLETE,
    )  # fmt: skip


def planned(runtime: Runtime, data: st.DataObject) -> list[Plan]:
    """Return plans of a drawn request; those that are refused are no plans."""
    asked = data.draw(requests(runtime, OF_SKILL))
    try:
        plans = runtime.plan(asked)
    except SkillbankError as error:
        event(f"refused: {type(error).__name__}")
        assume(False)
        raise
    return plans


@given(data=st.data())
@MANY
def test_a_sentence_is_one_line_of_visible_text_and_read_as_the_same_plans(
    bank: Runtime, data: st.DataObject
) -> None:
    plans = planned(bank, data)
    said = bank.sentence(plans)
    assert said == bank.sentence(plans)
    assert "\n" not in said and not has_invisible(said)
    assert not [c for c in said if not c.isascii() and unicodedata.category(c)[0] in "PZC"]
    asked = any(plan.questions for plan in plans)
    assert said.endswith("; nothing left out") is not asked
    assert ("; asks: " in said) is asked or "asks: " in str([p.overrides for p in plans])
    if asked:
        return
    event(f"{plans[0].route.name}, {', '.join(plan.action for plan in plans)}")
    again = bank.plan(bank.read(said).requests)
    assert [p.plan_id for p in again] == [p.plan_id for p in plans], said
    assert bank.sentence(again) == said
