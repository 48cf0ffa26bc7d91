"""Tokens and quotas as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from skillbank.cli import drawing
from skillbank.team.quota import size
from skillbank.team.rights import Right
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.team.quota import Quota
    from skillbank.team.tokens import Token

__all__ = ["quotas_view", "tokens_view"]


def quotas_view(quotas: Sequence[Quota], used: Mapping[Quota, Mapping[str, float]]) -> RenderableType:
    """Return a table of quotas with what is used of them; that of each says what holds alone."""
    rows = drawing.table("quota of", "running", "GPU hours", "stored")
    for quota in quotas:
        has = used.get(quota)
        hours = f"{quota.gpu_hours:g} a {quota.period}" if quota.gpu_hours is not None else None
        cells = (
            (quota.running, has and str(has["running"])),
            (hours, has and f"{has['gpu_hours']:.3g}"),
            (None if quota.bytes is None else size(quota.bytes), has and size(has["bytes"])),
        )
        said = ["-" if limit is None else f"{now} of {limit}" if now else str(limit) for limit, now in cells]
        rows.add_row(one_line(quota.said, 80), *said)
    return rows


def tokens_view(tokens: Sequence[Token]) -> RenderableType:
    """Return a table of tokens."""
    rows = drawing.table("name", "project", "rights", "made by", "until (UTC)", "")
    for token in tokens:
        rights = ", ".join(right.value for right in Right if right in token.person.rights) + (
            " (agent)" if token.person.agent else ""
        )
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
