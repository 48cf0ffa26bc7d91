"""The law of the queue and of what is counted, over any people, quotas and histories."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from skillbank.jobs.fair_share import Group, Owner, Standing
from skillbank.jobs.gpu_time import by_day, spans
from skillbank.jobs.record import JobState
from skillbank.team.quota import EACH, Kind, Period, Quota, held

START = datetime(2026, 11, 28, 12, tzinfo=UTC)
OWNERS = [Owner(project, person) for project in ("cars", "boats") for person in ("ann", "bob", "eve")]
LIMITS = st.none() | st.integers(0, 4)
QUOTAS = st.dictionaries(
    st.sampled_from(
        [(Kind.SERVER, ""), *((Kind.PROJECT, n) for n in ("cars", "boats", EACH))]
        + [(Kind.USER, n) for n in ("ann", "bob", EACH)]
    ),
    LIMITS,
).map(lambda found: {key: Quota(*key, running=limit) for key, limit in found.items()})
JOBS = st.lists(st.sampled_from(OWNERS), max_size=40)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


class Play:
    """Jobs that come, get places and end, by the law alone."""

    def __init__(self, quotas: dict[tuple[Kind, str], Quota], jobs: list[Owner]) -> None:
        self.standing, self.clock = Standing(quotas), START
        self.waiting = dict(enumerate(jobs))
        self.placed: list[tuple[int, Owner]] = []

    def groups(self) -> list[Group]:
        counted = Counter(self.waiting.values())
        oldest = {owner: min(n for n, o in self.waiting.items() if o == owner) for owner in counted}
        return [Group(owner, False, oldest[owner], number) for owner, number in counted.items()]

    def start(self) -> int | None:
        first = self.standing.first(self.groups())
        if first is None:
            return None
        self.clock += timedelta(seconds=1)
        self.standing.serve(first.owner, self.clock)
        self.placed.append((first.oldest, self.waiting.pop(first.oldest)))
        return first.oldest

    def fill(self) -> None:
        while self.start() is not None:
            pass

    def end(self, which: int) -> None:
        _, owner = self.placed.pop(which % len(self.placed))
        self.standing.end(owner)


@given(QUOTAS, JOBS, st.lists(st.integers(0, 100), max_size=60))
def test_no_quota_is_exceeded_no_place_stays_free_and_each_pair_of_quotas_holds(
    quotas: dict[tuple[Kind, str], Quota], jobs: list[Owner], ends: list[int]
) -> None:
    play = Play(quotas, jobs)
    for which in [*ends, None]:
        play.fill()
        taken = Counter(owner for _, owner in play.placed)
        for owner in OWNERS:
            for quota in held(quotas, *owner):
                assert quota.running is None or play.standing.has(quota) <= quota.running
        assert play.standing.has(Quota(Kind.SERVER, "")) == taken.total()
        for owner in set(play.waiting.values()):
            full = [
                q for q in held(quotas, *owner) if q.running is not None and play.standing.has(q) >= q.running
            ]
            assert full, "who waits does so because of a quota"
            assert play.standing.against(owner, on_gpus=False) in full
        if which is not None and play.placed:
            play.end(which)


@given(st.integers(1, 5), st.integers(1, 60), st.integers(0, 10))
def test_a_job_of_who_has_nothing_starts_with_the_next_free_place(
    places: int, trials: int, other: int
) -> None:
    thousand, one = Owner("cars", "ann"), Owner("boats", "bob")
    play = Play({(Kind.SERVER, ""): Quota(Kind.SERVER, "", running=places)}, [thousand] * (trials + places))
    play.fill()
    play.waiting[10_000] = one
    assert play.start() is None
    play.end(other)
    assert play.start() == 10_000


@given(st.lists(st.sampled_from(OWNERS), min_size=1, max_size=6, unique=True), st.integers(1, 3))
def test_who_waits_all_the_time_is_served_in_turn(owners: list[Owner], places: int) -> None:
    play = Play({(Kind.SERVER, ""): Quota(Kind.SERVER, "", running=places)}, owners * 30)
    served: Counter[str] = Counter()
    play.fill()
    for _ in range(12):
        play.end(0)
        number = play.start()
        assert number is not None
        served[play.placed[-1][1].project] += 1
    projects = {owner.project for owner in owners}
    counts = [served[project] for project in projects]
    assert max(counts) - min(counts) <= places


@given(QUOTAS, st.permutations(OWNERS))
def test_whose_turn_it_is_does_not_depend_on_the_order_in_which_it_is_asked(
    quotas: dict[tuple[Kind, str], Quota], owners: list[Owner]
) -> None:
    groups = [Group(owner, False, 7 * OWNERS.index(owner)) for owner in owners]
    assert Standing(quotas).first(groups) == Standing(quotas).first(sorted(groups))


@given(st.sampled_from(OWNERS), QUOTAS)
def test_a_quota_of_ones_own_stands_for_that_of_each(
    owner: Owner, quotas: dict[tuple[Kind, str], Quota]
) -> None:
    found = {quota.kind: quota for quota in held(quotas, *owner)}
    for kind, name in ((Kind.USER, owner.person), (Kind.PROJECT, owner.project)):
        said = quotas.get((kind, name), quotas.get((kind, EACH)))
        assert (said is None) == (kind not in found)
        assert said is None or (found[kind].name, found[kind].running) == (name, said.running)


@given(st.sampled_from(Period), MOMENTS)
def test_periods_follow_each_other_without_a_gap(period: Period, at: datetime) -> None:
    begun, ended = period.since(at), period.until(at)
    assert begun <= at < ended and period.since(ended) == ended
    assert period.since(ended - timedelta(microseconds=1)) == begun


@given(st.lists(st.tuples(st.integers(0, 90_000), st.sampled_from(JobState)), max_size=12), st.booleans())
def test_time_that_ran_is_counted_once_and_by_day_as_a_whole(
    steps: list[tuple[int, JobState]], ran: bool
) -> None:
    lines, at = [], START
    for seconds, state in steps:
        at += timedelta(seconds=seconds)
        lines.append((at, state))
        if state.terminal:
            break
    found = spans(lines, at + timedelta(seconds=5), ran=ran)
    assert all(begun <= ended for begun, ended in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    total = sum((ended - begun).total_seconds() for begun, ended in found)
    days = list(by_day(found))
    assert abs(sum(seconds for _, seconds in days) - total) < 1e-3
    assert all(0 < seconds <= 86_400 for _, seconds in days)


def test_a_job_that_is_put_back_in_a_queue_uses_nothing_there() -> None:
    def at(minutes: int, state: JobState) -> tuple[datetime, JobState]:
        return START + timedelta(minutes=minutes), state

    lines = [
        at(0, JobState.PENDING), at(10, JobState.RUNNING), at(20, JobState.PENDING), at(50, JobState.RUNNING),
        at(55, JobState.UNKNOWN), at(60, JobState.COMPLETE),
    ]  # fmt: skip
    ran = [(ended - begun) / timedelta(minutes=1) for begun, ended in spans(lines, START)]
    assert ran == [10, 10]
    never = [at(0, JobState.PENDING), at(500, JobState.CANCELED)]
    unseen = [at(0, JobState.PENDING), at(5, JobState.COMPLETE)]
    assert spans(never, START) == [] and len(spans(unseen, START, ran=True)) == 1
