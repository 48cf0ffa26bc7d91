"""What is wrong with an option or an argument, in one sentence that names the value."""

from __future__ import annotations

from typing import Any

from skillbank.misfits import misfit

__all__ = ["said_of"]


def said_of(error: Any) -> str | None:
    """Return a sentence about a value that its option does not take; None where typer's words are better."""
    details = getattr(error.__cause__, "errors", None)
    names = getattr(getattr(error, "param", None), "opts", None)
    if details is None or not names:
        return None
    name = max(names, key=len)
    return f"{misfit(details()[0], name if name.startswith('-') else name.upper())}."
