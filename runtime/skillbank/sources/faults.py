"""What the disk refuses while banks are kept, as one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skillbank.errors import PlatformError, is_full
from skillbank.home import home
from skillbank.visible import one_line

__all__ = ["one_sentence"]


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn an error of the system into ours."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise PlatformError(
                f"The disk has no room for the bank in {home()}; nothing was kept: make room, or set "
                "SKILLBANK_HOME elsewhere."
            ) from None
        where = f"{one_line(error.filename, 200)}: " if error.filename else ""
        raise PlatformError(
            f"The bank cannot be kept ({where}{error.strerror or error}); check the rights of that place."
        ) from None
