"""What was approved is what runs, its parents included; what started nothing has used no approval up."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from tests.gate import open_gate
from tests.jobs.conftest import MakePlan
from tests.jobs.test_approval_guard import CODE, code, hard, quick
from tests.jobs.test_supervisor import DONE, LOST, Scripted

from skillbank.errors import NotApprovedError, ParentError, PlatformError
from skillbank.jobs.approval_subjects import plan_subject, terms_of
from skillbank.jobs.approved_parents import meant_parents, other_parents
from skillbank.jobs.chains import known_parents
from skillbank.jobs.database import JOBS
from skillbank.jobs.given import GivenApproval
from skillbank.jobs.record import JobRecord, JobState, RetryPolicy
from skillbank.jobs.retries import attempts, newest_attempt, retry_key
from skillbank.jobs.service import Jobs
from skillbank.jobs.store import JobStore
from skillbank.jobs.supervisor import Supervisor
from skillbank.jobs.trials import TrialOf
from skillbank.plan.model import ParentRef, Plan, Route
from skillbank.platforms.base import Launch
from skillbank.platforms.fake import FakePlatform

__all__ = ["code", "hard", "quick"]


def approval(store: JobStore, plan: Plan, *parents: str) -> GivenApproval:
    subject = plan_subject(plan.plan_id, terms_of("auto", RetryPolicy()))
    return store.guard.give(subject, "terminal", "ann", code=CODE, parents=parents)


class Chain:
    """A plan that ran twice, and one that goes on from it."""

    def __init__(self, store: JobStore, make_plan: MakePlan) -> None:
        self.store = store
        self.play(Scripted(*[DONE] * 9))
        self.first = make_plan(platform="fake")
        ref = ParentRef(plan=self.first.plan_id, action="train", skill=self.first.skill.name)
        self.second = make_plan("print(2)", platform="fake", parents=(ref,))
        self.runs = [self.run(self.first) for _ in range(2)]

    def run(self, plan: Plan, *parents: str, approved: tuple[str, ...] = ()) -> JobRecord:
        given = approval(self.store, plan, *approved)
        return self.jobs.wait(self.jobs.launch(plan, parents=parents, approval=given).id)

    def play(self, platform: Scripted) -> None:
        """Let what is launched from now on end as that platform says."""
        self.jobs = Jobs(self.store, open_gate, platforms=lambda _: platform)

    def write(self, job: str, **values: Any) -> None:
        """Write over a job's record, as whoever can write the database does."""
        with self.store.engine.begin() as db:
            db.execute(JOBS.update().where(JOBS.c.id == job).values(**values))


@pytest.fixture(params=["soft", "hard"])
def chain(request: pytest.FixtureRequest, make_plan: MakePlan) -> Chain:
    store = request.getfixturevalue("hard" if request.param == "hard" else "store")
    return Chain(store, make_plan)


def test_a_launch_goes_on_from_the_job_that_it_was_approved_with(chain: Chain) -> None:
    one, other = (run.id for run in chain.runs)
    for launched in ((other,), (one, other)):
        with pytest.raises(NotApprovedError, match=f"go on from {one}.*{other}|not approved with"):
            chain.run(chain.second, *launched, approved=(one,))
    with pytest.raises(NotApprovedError, match="go on from no job"):
        chain.run(chain.second, one)
    assert chain.run(chain.second, one, approved=(one,)).parents == (one,)
    assert chain.run(chain.second, other, approved=(f"plan:{chain.first.plan_id}",)).parents == (other,)
    with pytest.raises(NotApprovedError):
        chain.run(chain.second, one, approved=(f"plan:{chain.second.plan_id}",))
    with pytest.raises(ParentError, match="has not run yet"):
        chain.run(chain.second, approved=(one,))


def test_a_job_that_no_plan_names_was_not_approved(chain: Chain) -> None:
    one = chain.runs[0].id
    with pytest.raises(NotApprovedError):
        chain.run(chain.first, one)
    with pytest.raises(NotApprovedError):
        chain.run(chain.first, approved=(one,))


def test_which_job_stands_for_a_plan_that_ran(chain: Chain) -> None:
    [known] = known_parents(chain.store, chain.second)
    assert known == chain.runs[1].id, "the newest"
    assert meant_parents(chain.second, {}) == (f"plan:{chain.first.plan_id}",)
    assert other_parents([known], [known]) == "" == other_parents(["plan:x"], ["job"])
    assert other_parents([known], ["job"]) == f"{known}, now job" and other_parents([], []) == ""


def test_a_written_record_is_no_job_of_a_plan_that_was_approved(hard: JobStore, make_plan: MakePlan) -> None:
    """The database says what somebody wrote into it; the seal says which plan really ran."""
    chain = Chain(hard, make_plan)
    theirs = chain.run(make_plan("print(666)", platform="fake"))
    meant = f"plan:{chain.first.plan_id}"
    chain.write(theirs.id, plan_id=chain.first.plan_id)
    with pytest.raises(NotApprovedError, match="go on from"):
        chain.run(chain.second, theirs.id, approved=(meant,))
    mine = chain.runs[0]
    assert mine.approval is not None
    chain.write(theirs.id, approval=mine.approval.model_dump(mode="json"))  # whose seal is real
    with pytest.raises(NotApprovedError, match="go on from"):
        chain.run(chain.second, theirs.id, approved=(meant,))
    chain.write(theirs.id, retry_of=mine.id)
    with pytest.raises(NotApprovedError, match="go on from"):
        chain.run(chain.second, theirs.id, approved=(mine.id,))
    assert chain.run(chain.second, mine.id, approved=(meant,)).parents == (mine.id,)


@pytest.mark.parametrize("written", ["parents", "resumes"])
def test_a_further_attempt_goes_on_from_what_the_first_was_approved_with(
    hard: JobStore, make_plan: MakePlan, written: str
) -> None:
    chain = Chain(hard, make_plan)
    chain.play(Scripted(LOST, DONE))
    one, other = (run.id for run in chain.runs)
    lost = chain.run(chain.second, one, approved=(one,))
    values: dict[str, dict[str, Any]] = {"parents": {"parents": [other]}, "resumes": {"resumes": other}}
    chain.write(lost.id, **values[written])
    Supervisor(chain.jobs, first_pause=0.01).run(lost.id)
    assert len(hard.list(plan_id=chain.second.plan_id)) == 1
    assert "no further attempt" in hard.get(lost.id).history[-1].message
    again = chain.run(chain.second, one, approved=(one,))
    assert again.state is JobState.COMPLETE


def test_attempts_after_a_parent_stand_for_it(hard: JobStore, make_plan: MakePlan) -> None:
    chain = Chain(hard, make_plan)
    chain.play(Scripted(LOST, DONE))
    lost = chain.run(chain.first)
    Supervisor(chain.jobs, first_pause=0.01).run(lost.id)
    newest = newest_attempt(lost, hard.by_key)
    assert newest.retry_of == lost.id
    chain.play(Scripted(DONE, DONE))
    for approved in (lost.id, f"plan:{chain.first.plan_id}"):
        assert chain.run(chain.second, newest.id, approved=(approved,)).parents == (newest.id,)


def test_records_that_go_in_a_circle_are_read_to_an_end(chain: Chain) -> None:
    one, other = chain.runs
    chain.write(one.id, retry_of=other.id, idempotency_key=retry_key(other))
    chain.write(other.id, retry_of=one.id, idempotency_key=retry_key(one))
    first = chain.store.get(one.id)
    assert [each.id for each in attempts(first, chain.store.get)] == [one.id, other.id]
    assert newest_attempt(first, chain.store.by_key).id == other.id


class Refusing(FakePlatform):
    """Refuses, or fails once it has started the job."""

    def __init__(self, starts: bool) -> None:
        super().__init__()
        self._starts = starts

    def start(self, launch: Launch) -> str:
        if self._starts:
            super().start(launch)
        raise PlatformError("no room")


@pytest.mark.parametrize("mode", ["soft", "hard"])
@pytest.mark.parametrize("starts", [False, True])
def test_an_approval_with_which_nothing_was_started_is_not_used_up(
    request: pytest.FixtureRequest, make_plan: MakePlan, mode: str, starts: bool
) -> None:
    store: JobStore = request.getfixturevalue("hard" if mode == "hard" else "store")
    plan = make_plan(platform="fake")
    given = approval(store, plan)
    with pytest.raises(PlatformError, match="no room"):
        Jobs(store, open_gate, platforms=lambda _: Refusing(starts)).launch(plan, approval=given)
    record = store.get("last")
    assert record.state is JobState.ERROR
    said = [line.message for line in record.history]
    if starts:
        assert record.approval == given and not any("not used up" in line for line in said)
        if mode == "soft":
            return
        with pytest.raises(NotApprovedError, match="not approved with"):
            Jobs(store, open_gate, platforms=lambda _: Scripted(DONE)).launch(plan, approval=given)
        return
    assert record.approval is None
    code_asked = "with the approval code" if mode == "hard" else "no code asked"
    assert said[-1] == (
        f"nothing was started, so the approval (terminal by ann, {code_asked}) is not used up"
    )
    again = Jobs(store, open_gate, platforms=lambda _: Scripted(DONE)).launch(plan, approval=given)
    assert again.approval == given
    if mode == "hard":
        with pytest.raises(NotApprovedError, match="not approved with"):
            Jobs(store, open_gate, platforms=lambda _: Scripted(DONE)).launch(plan, approval=given)


def test_a_record_that_cannot_be_written_uses_no_approval_up(hard: JobStore, make_plan: MakePlan) -> None:
    plan = make_plan(platform="fake")
    given = approval(hard, plan)
    with hard.engine.begin() as db:
        db.execute(sa.text("ALTER TABLE transitions RENAME TO elsewhere"))
    jobs = Jobs(hard, open_gate, platforms=lambda _: Scripted(DONE))
    with pytest.raises(PlatformError, match="no such table"):
        jobs.launch(plan, approval=given)
    with hard.engine.begin() as db:
        db.execute(sa.text("ALTER TABLE elsewhere RENAME TO transitions"))
    assert jobs.launch(plan, approval=given).approval == given


def test_a_search_goes_on_from_parts_of_the_one_that_it_succeeds(hard: JobStore, make_plan: MakePlan) -> None:
    settings = {"max_recommendations": 2}
    search = make_plan(platform="fake", route=Route(name="automl", reason="x"), automl=settings)
    trial = search.model_copy(update={"route": Route(name="direct", reason="x"), "automl": None})
    jobs = Jobs(hard, open_gate, platforms=lambda _: platform)
    platform = Scripted(*[DONE] * 9)
    first = jobs.wait(jobs.launch(search, approval=approval(hard, search)).id)
    part = jobs.wait(jobs.launch(trial, trial=TrialOf(first.id, 0)).id)
    other = make_plan(platform="fake")
    stranger = jobs.wait(jobs.launch(other, approval=approval(hard, other)).id)
    with pytest.raises(NotApprovedError, match="go on from no job"):
        jobs.launch(search, succeeds=first.id, approval=approval(hard, search))
    second = jobs.launch(search, succeeds=first.id, approval=approval(hard, search, first.id))
    assert jobs.launch(trial, trial=TrialOf(second.id, 0, part.id)).resumes == part.id
    for experiment, resumed in ((second.id, stranger.id), (first.id, stranger.id)):
        with pytest.raises(NotApprovedError, match="part of it"):
            jobs.launch(trial, trial=TrialOf(experiment, 1, resumed))
