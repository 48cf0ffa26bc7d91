"""Whose job comes next: the law of the queue, without a store.

A free place goes to the project with the fewest running jobs; of equals, to the one that got a place the
longest ago. Within a project it goes to its people by the same rule, and of one person the oldest job comes
first. Nobody gets a place that a quota of theirs, of their project or of the server has not left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from skillbank.team.quota import Kind, Quota, held

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
    size: int = 1


class Standing:
    """Who has how many places, and what nobody may exceed.

    Parameters
    ----------
    running
        Jobs that have a place.
    served
        When one of theirs last got a place.
    used_up
        The quotas whose GPU hours are used up: jobs on GPUs get no place from them.
    """

    def __init__(
        self,
        quotas: Mapping[tuple[Kind, str], Quota],
        running: Mapping[Owner, int] | None = None,
        served: Mapping[Owner, datetime] | None = None,
        used_up: Collection[tuple[Kind, str]] = (),
    ) -> None:
        self._quotas, self.used_up = quotas, frozenset(used_up)
        self._running: Counter[Owner] = Counter()
        self._places: Counter[tuple[Kind, str]] = Counter()
        self._served: dict[Owner, datetime] = {}
        self._last: dict[str, datetime] = {}
        self._held: dict[Owner, tuple[Quota, ...]] = {}
        for owner, count in (running or {}).items():
            self._add(owner, count)
        for owner, at in (served or {}).items():
            self._note(owner, at)

    def has(self, quota: Quota) -> int:
        """Return how many places are taken of those that a quota is about."""
        return self._places[quota.kind, quota.name]

    def against(self, owner: Owner, *, on_gpus: bool) -> Quota | None:
        """Return the quota that leaves no place for a job; None when none is against it."""
        if owner not in self._held:
            self._held[owner] = held(self._quotas, *owner)
        for quota in self._held[owner]:
            if on_gpus and (quota.kind, quota.name) in self.used_up:
                return quota
            if quota.running is not None and self.has(quota) >= quota.running:
                return quota
        return None

    def first(self, waiting: Collection[Group]) -> Group | None:
        """Return the group whose oldest job gets the next place; None when there is no place for any."""
        may = [group for group in waiting if self.against(group.owner, on_gpus=group.on_gpus) is None]
        return min(may, key=self._turn, default=None)

    def _turn(self, group: Group) -> tuple[int, datetime, int, datetime, int]:
        owner = group.owner
        of_project = self._places[Kind.PROJECT, owner.project], self._last.get(owner.project, _NEVER)
        return *of_project, self._running[owner], self._served.get(owner, _NEVER), group.oldest

    def serve(self, owner: Owner, at: datetime) -> None:
        """Give somebody a place."""
        self._add(owner, 1)
        self._note(owner, at)

    def end(self, owner: Owner) -> None:
        """Take a place back from whom it was given to."""
        self._add(owner, -1)

    def _add(self, owner: Owner, count: int) -> None:
        self._running[owner] += count
        for key in ((Kind.SERVER, ""), (Kind.PROJECT, owner.project), (Kind.USER, owner.person)):
            self._places[key] += count

    def _note(self, owner: Owner, at: datetime) -> None:
        self._served[owner] = at
        self._last[owner.project] = max(at, self._last.get(owner.project, _NEVER))
