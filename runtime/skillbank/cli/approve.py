"""``skillbank approve PLAN``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options


def approve(
    plan_id: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id or its first letters.")],
    as_json: options.Json = False,
) -> None:
    """Approve one plan, once; the next launch of exactly this plan uses the approval up."""
    with options.open_runtime(None) as runtime:
        approved = runtime.jobs.store.approve(plan_id)
    if as_json:
        options.print_json({"approved": approved})
    else:
        print(f"approved plan {approved[:12]} for one launch")
