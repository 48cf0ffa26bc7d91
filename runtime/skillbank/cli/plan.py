"""``skillbank plan``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.request_options import Asked, says_a_request

if TYPE_CHECKING:
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime


@says_a_request
def plan(
    asked: Asked,
    explain: Annotated[
        bool, typer.Option("--explain", help="Where each value of the spec comes from.")
    ] = False,
    submission: Annotated[
        bool, typer.Option("--submission", help="Show what the platform would be given, like a manifest.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Also ask S3, https and the model hub for what the plan names.")
    ] = False,
    reader: options.Reader = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Compile a request into a plan and show it; nothing is started."""
    from skillbank.cli.progress import transfers

    with options.open_runtime(banks, reader) as runtime:
        requests, notes = asked.requests(runtime, elsewhere=check)
        plans = runtime.plan(requests)
        kept = _keep(runtime, plans)
        given = [_submission(runtime, p) for p in plans] if submission else []
        with transfers(as_json) as report:
            checks = [
                runtime.check(p, remote=check, earlier=plans[:i], report=report) for i, p in enumerate(plans)
            ]
        whole, said = runtime.sentence(plans), [runtime.sentence([p]) for p in plans]
    if as_json:
        documents = [
            {"plan_id": p.plan_id, "sentence": own, **p.document(), "checks": seen.model_dump(mode="json")}
            for p, own, seen in zip(plans, said, checks, strict=True)
        ]
        for document, text in zip(documents, given, strict=False):
            document["submission"] = text
        for note in notes:
            terminal.say(f"note: {note}", err=True)
        chain = {"sentence": whole, "plans": documents}
        options.print_json(documents[0] if len(documents) == 1 else chain)
    else:
        from skillbank.cli.present import plan_view

        if len(plans) > 1:
            terminal.say(f"{whole}\n")
        for each, own, seen in zip(plans, said, checks, strict=True):
            # Written and not drawn, so that it can be copied whole.
            terminal.say(own)
            for line in seen.data:
                terminal.say(f"data: {line}")
            terminal.show(plan_view(each, notes, explain, seen))
        for each, text in zip(plans, given, strict=False):
            terminal.say(text or f"platform '{each.platform}' is handed no document of its own")
    if kept is not None:
        terminal.warn(f"this plan is not kept, so that 'skillbank approve' will not know it: {kept}")
    if any(p.questions for p in plans) or any(seen.questions for seen in checks):
        raise typer.Exit(3)
    if any(not seen.passed for seen in checks):
        raise typer.Exit(5 if any(seen.missing for seen in checks) else 1)


def _keep(runtime: Runtime, plans: list[Plan]) -> str | None:
    """Keep plans in the store, where people approve them by their ids; else say what stands in the way."""
    from skillbank.errors import PlatformError

    try:
        for each in plans:
            runtime.keep(each)
    except PlatformError as error:
        return error.sentence
    return None


def _submission(runtime: Runtime, plan: Plan) -> str | None:
    from skillbank.jobs.launching import rehearse

    return runtime.jobs.platform(plan.platform).submission(rehearse(plan))
