"""Tokens as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.team.tokens import Token

__all__ = ["tokens_view"]


def tokens_view(tokens: Sequence[Token]) -> RenderableType:
    """Return a table of tokens."""
    from skillbank.cli.styled import table

    rows = table("name", "project", "rights", "made by", "until (UTC)", "")
    for token in tokens:
        said = token.document()
        rights = ", ".join(said["rights"]) + (" (agent)" if token.person.agent else "")
        stands = "" if token.in_force else "ended" if token.revoked is None else "revoked"
        until = f"{token.until:%Y-%m-%d %H:%M}"
        rows.add_row(
            one_line(token.person.name, 63),
            one_line(token.person.project, 40),
            rights,
            one_line(token.made_by, 63),
            until,
            stands,
        )
    return rows
