"""What a request to a cluster may come to."""

from __future__ import annotations

from skillbank.errors import PlatformError

__all__ = ["ApiLostError", "ConflictingError", "ForbiddenError", "GoneError"]


class ApiLostError(PlatformError):
    """The API server did not answer: whether it did what was asked is not known.

    ``retry_after`` is how many seconds it asks for before the next try.
    """

    retry_after: float | None = None


class GoneError(PlatformError):
    """What was asked for is not there."""


class ConflictingError(PlatformError):
    """Something of this name is there already, or has changed meanwhile."""


class ForbiddenError(PlatformError):
    """What was asked is not allowed to this user."""
