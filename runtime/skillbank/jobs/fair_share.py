"""Whose job comes next: the law of the queue, without a store.

A free place goes to the project with the fewest running jobs; of equals, to the one that got a place the
longest ago. Within a project it goes to its people by the same rule, and of one person the oldest job comes
first. Nobody gets a place that a quota of theirs, of their project or of the server has not left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from skillbank.team.quotas import Kind, Quota, held

__all__ = ["Group", "Owner", "Standing"]

_NEVER = datetime.min.replace(tzinfo=UTC)


class Owner(NamedTuple):
    """Whose a job is."""

    project: str
    person: str


class Group(NamedTuple):
    """Jobs that wait and that the law tells apart by their age alone."""

    owner: Owner
    on_gpus: bool
    oldest: int
    """The number of the one that comes first."""
    count: int = 1


@dataclass
class Standing:
    """Who has how many places, and what nobody may exceed.

    Attributes
    ----------
    running
        Jobs that have a place.
    served
        When one of theirs last got a place.
    used_up
        The quotas whose GPU hours are used up: jobs on GPUs get no place from them.
    """

    quotas: Mapping[tuple[Kind, str], Quota]
    running: Counter[Owner] = field(default_factory=Counter)
    served: dict[Owner, datetime] = field(default_factory=dict)
    used_up: frozenset[tuple[Kind, str]] = frozenset()

    def has(self, quota: Quota) -> int:
        """Return how many places are taken of those that a quota is about."""
        if quota.kind is Kind.SERVER:
            return self.running.total()
        part = 0 if quota.kind is Kind.PROJECT else 1
        return sum(count for owner, count in self.running.items() if owner[part] == quota.name)

    def against(self, owner: Owner, *, on_gpus: bool) -> Quota | None:
        """Return the quota that leaves no place for a job; None when none is against it."""
        for quota in held(self.quotas, *owner):
            if on_gpus and (quota.kind, quota.name) in self.used_up:
                return quota
            if quota.running is not None and self.has(quota) >= quota.running:
                return quota
        return None

    def first(self, waiting: Collection[Group]) -> Group | None:
        """Return the group whose oldest job gets the next place; None when there is no place for any."""
        may = [group for group in waiting if self.against(group.owner, on_gpus=group.on_gpus) is None]
        if not may:
            return None
        projects: Counter[str] = Counter()
        last: dict[str, datetime] = {}
        for owner, count in self.running.items():
            projects[owner.project] += count
        for owner, at in self.served.items():
            last[owner.project] = max(at, last.get(owner.project, _NEVER))

        def turn(group: Group) -> tuple[int, datetime, int, datetime, int]:
            owner = group.owner
            of_project = projects[owner.project], last.get(owner.project, _NEVER)
            return *of_project, self.running[owner], self.served.get(owner, _NEVER), group.oldest

        return min(may, key=turn)

    def serve(self, owner: Owner, at: datetime) -> None:
        """Give somebody a place."""
        self.running[owner] += 1
        self.served[owner] = at
