"""``skillbank plan``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from skillbank.cli import options, terminal
from skillbank.cli.plan_view import say_plan
from skillbank.cli.progress import transfers
from skillbank.cli.request_options import Asked, says_a_request
from skillbank.errors import PlatformError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.jobs import launching

if TYPE_CHECKING:
    from skillbank.jobs.checks import Checks
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime


@dataclass(frozen=True)
class _Compiled:
    """A plan, read back, and what this machine says of it."""

    plan: Plan
    sentence: str
    checks: Checks
    submission: _Submission | None

    def document(self) -> dict[str, object]:
        found = {"plan_id": self.plan.plan_id, "sentence": self.sentence, **self.plan.document()}
        found["checks"] = self.checks.model_dump(mode="json")
        return found if self.submission is None else {**found, "submission": self.submission.text}


@dataclass(frozen=True)
class _Submission:
    """What the platform would be given; None where that is no document of its own."""

    text: str | None

    @classmethod
    def of(cls, runtime: Runtime, plan: Plan) -> _Submission:
        return cls(runtime.jobs.platform(plan.platform).submission(launching.rehearse(plan)))


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
    with options.open_runtime(banks, reader) as runtime:
        requests, notes = asked.requests(runtime, elsewhere=check)
        plans = runtime.plan(requests)
        kept = _keep(runtime, plans)
        given = [_Submission.of(runtime, p) if submission else None for p in plans]
        with transfers(as_json) as report:
            checks = [
                runtime.check(p, remote=check, earlier=plans[:i], report=report) for i, p in enumerate(plans)
            ]
        whole, sentences = runtime.sentence(plans), [runtime.sentence([p]) for p in plans]
    compiled = [_Compiled(*each) for each in zip(plans, sentences, checks, given, strict=True)]
    if as_json:
        for note in notes:
            terminal.say(f"note: {note}", err=True)
        documents = [each.document() for each in compiled]
        options.print_json(documents[0] if len(documents) == 1 else {"sentence": whole, "plans": documents})
    else:
        _show(compiled, whole if len(plans) > 1 else "", notes, explain)
    if kept is not None:
        terminal.warn(f"this plan is not kept, so that 'skillbank approve' will not know it: {kept}")
    if code := _exit_code(compiled):
        raise typer.Exit(code)


def _show(compiled: Sequence[_Compiled], whole: str, notes: Sequence[str], explain: bool) -> None:
    """Show plans, that of a chain below the sentence of the ``whole``, and what platforms would be given."""
    if whole:
        terminal.say(f"{whole}\n")
    for each in compiled:
        say_plan(each.plan, each.sentence, notes, each.checks, explain=explain)
    for each in compiled:
        if each.submission is not None:
            none = f"platform '{each.plan.platform}' is handed no document of its own"
            terminal.say(each.submission.text or none)


def _exit_code(compiled: Sequence[_Compiled]) -> int:
    """Return 3 where something is asked, 5 where something is not there, 1 where it cannot be used."""
    if any(each.plan.questions or each.checks.questions for each in compiled):
        return 3
    if all(each.checks.passed for each in compiled):
        return 0
    return 5 if any(each.checks.missing for each in compiled) else 1


def _keep(runtime: Runtime, plans: list[Plan]) -> str | None:
    """Keep plans in the store, where people approve them by their ids; else say what stands in the way."""
    try:
        for each in plans:
            runtime.keep(each)
    except PlatformError as error:
        return error.sentence
    return None
