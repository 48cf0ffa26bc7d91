"""A platform of a package: what its code raises becomes one sentence that names the package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from skillbank.plan.model import Plan
from skillbank.platforms.base import Handle, Launch, NativeStatus, Platform, Supply
from skillbank.plugins import Offer, guarded

if TYPE_CHECKING:
    from skillbank.checkup import Check

__all__ = ["ForeignPlatform"]


class ForeignPlatform(Platform):
    """Stands before the platform of a package and says the same, errors apart.

    Parameters
    ----------
    inner
        The package's own.
    offer
        What the package announced it as.
    """

    def __init__(self, inner: Platform, offer: Offer) -> None:
        self._inner, self._offer = inner, offer
        self.name = inner.name  # type: ignore[misc]
        self.poll_seconds = float(inner.poll_seconds)  # type: ignore[misc]
        self.here = inner.here  # type: ignore[misc]

    def start(self, launch: Launch) -> str:
        """Start a launch that was admitted."""
        with guarded(self._offer):
            native = self._inner.start(launch)
            if not isinstance(native, str) or not native:
                raise TypeError(f"start() returned {type(native).__name__} and no id of the job")
            return native

    def status(self, handle: Handle) -> NativeStatus:
        """Say how the job stands."""
        with guarded(self._offer):
            status = self._inner.status(handle)
            if not isinstance(status, NativeStatus):
                raise TypeError(f"status() returned {type(status).__name__} and no NativeStatus")
            return status

    def logs(self, handle: Handle, follow: bool = False) -> Iterator[str]:
        """Yield the program's output."""
        with guarded(self._offer):
            yield from self._inner.logs(handle, follow)

    def cancel(self, handle: Handle) -> None:
        """Stop the job."""
        with guarded(self._offer):
            self._inner.cancel(handle)

    def problems(self, plan: Plan) -> list[str]:
        """Return why it cannot run a plan."""
        with guarded(self._offer):
            return [str(each) for each in self._inner.problems(plan)]

    def known_problems(self, plan: Plan) -> list[str]:
        """Return those that lie in the plan."""
        with guarded(self._offer):
            return [str(each) for each in self._inner.known_problems(plan)]

    def known_notes(self, plan: Plan) -> list[str]:
        """Return those that another machine may not have."""
        with guarded(self._offer):
            return [str(each) for each in self._inner.known_notes(plan)]

    def supply(self, plan: Plan, name: str) -> Supply:
        """Say where a job would get a variable from."""
        with guarded(self._offer):
            return Supply(self._inner.supply(plan, name))

    def way_to_supply(self, plan: Plan, names: Sequence[str]) -> str:
        """Say how a job gets variables."""
        with guarded(self._offer):
            return str(self._inner.way_to_supply(plan, names))

    def slots(self, plan: Plan) -> list[tuple[int, ...]]:
        """Return how many jobs may run side by side."""
        with guarded(self._offer):
            return [tuple(map(int, each)) for each in self._inner.slots(plan)]

    def submission(self, launch: Launch) -> str | None:
        """Return what would be handed over."""
        with guarded(self._offer):
            return self._inner.submission(launch)

    def revive(self, handle: Handle) -> None:
        """Start again what must run on our side."""
        with guarded(self._offer):
            self._inner.revive(handle)

    def release(self, handle: Handle) -> None:
        """Free what is still held."""
        with guarded(self._offer):
            self._inner.release(handle)

    def checkup(self) -> list[Check]:
        """Say what this machine has of what its jobs need."""
        with guarded(self._offer):
            return list(self._inner.checkup())
