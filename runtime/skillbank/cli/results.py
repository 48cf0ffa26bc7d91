"""``skillbank results JOB``."""

from __future__ import annotations

from skillbank.cli import options, terminal
from skillbank.cli.present import results_view
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.cli import going_on  # imports what --help does not need


def results(job: options.JobId, as_json: options.Json = False) -> None:
    """Show what a job has left: metrics, checkpoints, pictures, files."""
    with options.open_runtime(None) as runtime:
        record = runtime.jobs.look(job)
        found, way = runtime.jobs.results(record.id), going_on.way_on(runtime, record)
    if as_json:
        approval = record.approval and record.approval.document()
        options.print_json({**found.document(), "approval": approval})
        return

    terminal.show(results_view(record, found, files=True, way=way))
