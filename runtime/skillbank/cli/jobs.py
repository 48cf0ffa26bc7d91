"""``skillbank jobs``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.present import jobs_view
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.bank import engines


def jobs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the newest first.")] = 20,
    trials: Annotated[bool, typer.Option("--trials", help="Also the trials of experiments.")] = False,
    as_json: options.Json = False,
) -> None:
    """List jobs, the newest first; the trials of experiments only when asked for."""
    with options.open_runtime(None) as runtime:
        stored, unreadable = runtime.jobs.store.newest(limit + 1, trials=trials)
        records = [runtime.jobs.look(record.id) for record in stored[:limit]]
        for sentence in unreadable:
            terminal.warn(sentence)
    if as_json:
        options.print_json(
            {"jobs": [r.model_dump(mode="json", exclude={"plan", "history"}) for r in records]}
            | ({"more": True} if len(stored) > limit else {})
        )
        return
    if not records:
        example = f"train {engines.example_model()} on DATA, no HPO"
        terminal.say(f'No jobs yet; start one with: skillbank run "{example}"')
        return

    terminal.show(jobs_view(records))
    if len(stored) > limit:
        terminal.say(f"older ones are not shown; --limit {2 * limit} shows more")
