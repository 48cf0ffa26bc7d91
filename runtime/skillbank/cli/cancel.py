"""``skillbank cancel JOB``."""

from __future__ import annotations

from skillbank.cli import options, terminal


def cancel(job: options.JobId, as_json: options.Json = False) -> None:
    """Stop a job: the real work, not only its record."""
    with options.open_runtime(None) as runtime:
        record = runtime.jobs.cancel(job)
    if as_json:
        options.print_json({"job": record.id, "state": record.state})
    else:
        terminal.say(f"{record.id}: {record.state}")
