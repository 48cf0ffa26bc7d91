"""A platform of a package: what its code raises becomes one sentence that names the package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skillbank.errors import PlatformError
from skillbank.plan.model import Plan
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, Supply
from skillbank.plugins import Offer, guarded

if TYPE_CHECKING:
    from skillbank.platforms.check import Check

__all__ = ["ForeignPlatform"]


class ForeignPlatform(Platform):
    """Stands before the platform of a package and says the same, errors apart."""

    def __init__(self, inner: Platform, offer: Offer) -> None:
        self._inner, self._offer = inner, offer
        self.name = inner.name  # type: ignore[misc]
        self.poll_seconds = float(inner.poll_seconds)  # type: ignore[misc]
        self.here = inner.here  # type: ignore[misc]

    def _guarded(self) -> guarded:
        return guarded(self._offer, passes=PlatformError)

    def start(self, launch: Launch) -> str:
        """Start a launch that was admitted."""
        with self._guarded():
            native = self._inner.start(launch)
            if not isinstance(native, str) or not native:
                raise TypeError(f"start() returned {type(native).__name__} and no id of the job")
            return native

    def status(self, handle: Handle) -> NativeStatus:
        """Say how the job stands."""
        with self._guarded():
            status = self._inner.status(handle)
            if not isinstance(status, NativeStatus):
                raise TypeError(f"status() returned {type(status).__name__} and no NativeStatus")
            return status

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the program's output."""
        with self._guarded():
            yield from self._inner.logs(handle, follow)

    def last_lines(self, handle: Handle, count: int) -> Iterator[str]:
        """Yield the end of the program's output."""
        with self._guarded():
            yield from self._inner.last_lines(handle, count)

    def cancel(self, handle: Handle) -> None:
        """Stop the job."""
        with self._guarded():
            self._inner.cancel(handle)

    def problems(self, plan: Plan) -> list[str]:
        """Return why it cannot run a plan."""
        with self._guarded():
            return [str(each) for each in self._inner.problems(plan)]

    def known_problems(self, plan: Plan) -> list[str]:
        """Return those that lie in the plan."""
        with self._guarded():
            return [str(each) for each in self._inner.known_problems(plan)]

    def known_notes(self, plan: Plan) -> list[str]:
        """Return those that another machine may not have."""
        with self._guarded():
            return [str(each) for each in self._inner.known_notes(plan)]

    def supply(self, plan: Plan, name: str) -> Supply:
        """Say where a job would get a variable from."""
        with self._guarded():
            return Supply(self._inner.supply(plan, name))

    def way_to_supply(self, plan: Plan, names: Sequence[str]) -> str:
        """Say how a job gets variables."""
        with self._guarded():
            return str(self._inner.way_to_supply(plan, names))

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """Return how many jobs may run side by side."""
        with self._guarded():
            return [tuple(map(int, each)) for each in self._inner.slots(plan)]

    def submission(self, launch: Launch) -> str | None:
        """Return what would be handed over."""
        with self._guarded():
            return self._inner.submission(launch)

    def revive(self, handle: Handle) -> None:
        """Start again what must run on our side."""
        with self._guarded():
            self._inner.revive(handle)

    def release(self, handle: Handle) -> None:
        """Free what is still held."""
        with self._guarded():
            self._inner.release(handle)

    def checkup(self) -> list[Check]:
        """Say what this machine has of what its jobs need."""
        with self._guarded():
            return list(self._inner.checkup())
