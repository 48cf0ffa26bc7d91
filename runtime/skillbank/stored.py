"""Texts and times as every database takes them and gives them back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

__all__ = ["aware", "now", "storable"]


def storable(text: str) -> str:
    """Return a text as every database takes it: PostgreSQL has no NUL, and neither takes half a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def aware(value: Any) -> Any:
    """SQLite gives back the UTC time that it was given without its zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def now() -> datetime:
    """Return the time as a store writes it."""
    return datetime.now(UTC)
