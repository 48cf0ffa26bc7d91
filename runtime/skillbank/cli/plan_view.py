"""How a plan looks on a terminal, with what this machine says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillbank.cli import drawing, terminal
from skillbank.cli.present import shortened
from skillbank.visible import command_line, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from skillbank.jobs.checks import Checks, Place
    from skillbank.plan.model import Plan

__all__ = ["plan_view", "say_plan"]

_TOLD = frozenset({"user", "shorthand", "parent", "inference"})
"""Sources of values that are shown without being asked for: the others are the skill's own."""
_ABSENT = {"unseen": "not looked at", "left_out": "no, left out"}


def say_plan(
    plan: Plan, sentence: str, notes: Sequence[str], checks: Checks, *, explain: bool = False
) -> None:
    """Show a plan below its sentence and what its data was recognised as.

    Those two are written and not drawn, so that they can be copied whole.
    """
    terminal.say(sentence)
    for each in checks.data:
        terminal.say(f"data: {each}")
    terminal.show(plan_view(plan, notes, explain, checks))


def plan_view(
    plan: Plan, notes: Sequence[str] = (), explain: bool = False, checks: Checks | None = None
) -> RenderableType:
    """Show a plan: what, why, where, with which data, what this machine says of it, and what is open."""
    tables = (_inputs(plan, checks, explain), _values(plan, explain))
    return drawing.Group(
        _facts(plan, _bank(plan, checks.trust if checks else "") if explain else ""),
        *(each for each in tables if each.row_count),
        *_remarks(plan, notes, checks),
        *_questions(plan, checks),
        drawing.line(""),
    )


def _facts(plan: Plan, bank: str) -> RenderableType:
    """Return what runs, on which way and where."""
    head = drawing.pairs()
    variant = f" ({plan.variant})" if plan.variant else ""
    head.add_row("plan", plan.plan_id[:12])
    head.add_row("what", f"{plan.action}{variant} · {plan.skill.name} {plan.skill.version}")
    if bank:
        head.add_row("bank", bank)
    through = f" · through {plan.route.skill} with {plan.skill_path}" if plan.route.name == "automl" else ""
    head.add_row("route", f"{plan.route.name}: {plan.route.reason}{through}")
    head.add_row("automl", f"{plan.automl_policy.value} ({plan.automl_policy.source})")
    source = f" ({plan.image_source})" if plan.image_source != "skill" else ""
    head.add_row("where", plan.platform + (f" · {plan.image}{source}" if plan.platform != "local" else ""))
    head.add_row("command", command_line(plan.command))
    for parent in plan.parents:
        head.add_row("parent", f"{parent.job or 'plan ' + str(parent.plan)[:12]} ({parent.action})")
    return head


def _bank(plan: Plan, trust: str) -> str:
    """Say what of the bank is approved with a plan: digests, signer, commit; and how the bank stands here."""
    ref = plan.skill
    facts = [ref.bank, trust, f"skill's digest {ref.digest[:12]}"]
    if ref.bank_digest:
        facts.append(f"bank's digest {ref.bank_digest[:12]}")
        facts.append(f"signed by {ref.signer}" if ref.signer else "no known signer")
    if ref.commit:
        facts.append(f"commit {ref.commit[:12]}")
    return " · ".join(one_line(fact) for fact in facts if fact)


def _inputs(plan: Plan, checks: Checks | None, explain: bool) -> Table:
    """List the data, and whether it is there where anybody has looked."""
    seen = {place.key: _seen(place, explain) for place in checks.places} if checks else {}
    table = drawing.table("data", "where it is", "as", *(["there"] if seen else []))
    for binding in plan.inputs:
        if binding.runtime != "value":
            there = [seen.get(binding.key, "")] if seen else []
            kind = "model hub" if binding.on_hub else binding.runtime.replace("_", " ")
            table.add_row(binding.key, binding.uri, kind, *there)
    return table


def _seen(place: Place, explain: bool) -> str:
    """Say in a word whether an input is there, and on request what stands for its content."""
    if place.state == "found":
        there = f"{place.bytes:,} bytes" if place.bytes is not None else place.kind or "yes"
        kind, _, digest = place.digest.partition(":")
        content = f"{kind} {digest[:12]}" if digest else "content not checked"
        return f"{there}, {content}" if explain else there
    state = _ABSENT.get(place.state, place.state)
    return f"{state}, content not checked" if explain and place.state == "unseen" else state


def _values(plan: Plan, explain: bool) -> Table:
    """List the values that are not the skill's own, or all with ``explain``, and why each is what it is."""
    table = drawing.table("value", "is", "because")
    for override in plan.overrides:
        if explain or str(override.source) in _TOLD:
            because = f"{override.source}: {override.detail}"
            table.add_row(override.key, shortened(override.value), because)
    return table


def _remarks(plan: Plan, notes: Sequence[str], checks: Checks | None) -> Iterator[RenderableType]:
    """Yield notes, warnings and, last, what stands against the plan."""
    yield from (drawing.line(f"note: {note}", "dim") for note in notes)
    warnings = [warning for warning in plan.warnings if warning not in notes]
    yield from (
        drawing.line(f"warning: {each}", "yellow") for each in (*warnings, *(checks.notes if checks else ()))
    )
    yield from (drawing.line(f"problem: {each}", "bold red") for each in (checks.problems if checks else ()))


def _questions(plan: Plan, checks: Checks | None) -> Iterator[RenderableType]:
    for question in (*plan.questions, *(checks.questions if checks else ())):
        yield drawing.line(f"question: {question.key}: {question.why}", "bold red")
        if question.from_skill:
            yield drawing.line(f"  {question.from_skill.sentence}")
