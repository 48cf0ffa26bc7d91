"""The tool that plans: words and typed arguments become plans in the store, for launch to name by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model
from pydantic.json_schema import SkipJsonSchema

from skillbank.agent.lanes import Lane
from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.tool import Arguments, Document, FromSkill, Result, Tool, from_skill
from skillbank.errors import UsageError
from skillbank.facade.composition import compose
from skillbank.facade.launch_question import trials
from skillbank.plan.model import Plan, Source
from skillbank.plan.request import DataLocation, Setting, clean_uri, setting_of, source_of
from skillbank.plan.slots import ANSWERS, SLOTS, Kind, Slot, slot
from skillbank.visible import one_line
from skillbank.ways import option

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.jobs.checks import Checks

__all__ = ["PLAN", "PlanAnswer", "PlanSummary"]

_SAID = (Source.USER, Source.SHORTHAND)
_MOST_WARNINGS = 6
_LONGEST_CHAIN = 8
_MOST_CHOICES = 5
"""Of more choices the schema says nothing; a wrong one is answered with all of them."""
_LONGEST_SENTENCE = 800


class Data(Arguments):
    """Where one data set lies."""

    role: str = Field(description="train|eval|inference|calibration, or the skill's own")
    uri: str = Field(description="Place, or set:NAME of a label set")


class Value(Arguments):
    """One parameter; the value is JSON."""

    key: str
    value_json: str


def _named() -> str:
    """Return how the schema tells of the slots: named once, at a fifth of what an argument each costs."""
    return f"Dotted keys, shorthands, or {', '.join(map(_shown, SLOTS))}"


def _shown(each: Slot) -> str:
    few = each.choices if len(each.choices) <= _MOST_CHOICES else ()
    hint = each.hint or "|".join(few)
    return f"{each.name}={hint}" if hint else each.name


class Words(Arguments):
    """A request: words, or skill and actions, or words that the typed arguments correct."""

    text: str | None = Field(None, description="User's words; other arguments override them")
    skill: str | None = None
    actions: list[str] | None = Field(None, description="Several: a chain")
    data: list[Data] | None = None
    settings: list[Value] | None = Field(None, description=_named())


def _argument(each: Slot) -> tuple[object, object]:
    """Return the argument of a slot, which the schema does not show."""
    kind: Any = _TYPES.get(each.kind, str)
    if each.kind is Kind.CHOICE and not each.open and len(each.choices) <= _MOST_CHOICES:
        kind = Literal[each.choices]
    return Annotated[kind | None, _UNSHOWN], None


_UNSHOWN: object = SkipJsonSchema()  # type: ignore[type-arg]  # a class at run time, an alias to mypy
_TYPES: Mapping[Kind, object] = {
    Kind.COUNT: int, Kind.NUMBER: float, Kind.TEXTS: list[str], Kind.COUNTS: list[int],
}  # fmt: skip
_SLOTS: dict[str, Any] = {each.name: _argument(each) for each in (*SLOTS, *ANSWERS)}
PlanArguments = create_model("PlanArguments", __base__=Words, **_SLOTS)
"""The arguments of the tool: `Words`, and one for each slot, which may also stand among the settings."""


class Question(Document):
    """Something only the user can say."""

    key: str
    why: str
    choices: tuple[str, ...] = ()
    from_skill: FromSkill | None = None


class Place(Document):
    """One input and where it comes from."""

    key: str
    uri: str


class Change(Document):
    """A value that the user set."""

    key: str
    value: object


class PlanSummary(Document):
    """A plan in short: ``trials`` of a search at most; ``after``, the plan of the chain that runs before.

    ``sentence`` is the plan read back: show it to the user as it is, and ``data_sets``, what data was
    recognised as and is made into.
    ``route_skill`` is the skill that the action goes through, with the model skill's folder ``skill_dir``.
    ``bank_trust`` and ``signer`` are of a bank from outside; of one that is not ``trusted`` nothing starts.
    """

    plan_id: str
    sentence: str
    skill: str
    action: str
    variant: str | None = None
    route: Literal["automl", "direct"]
    route_reason: str
    route_skill: str = ""
    skill_dir: str = ""
    trials: int | None = None
    platform: str
    image: str | None = None
    gpus: int = 0
    nodes: int = 1
    data: tuple[Place, ...] = ()
    data_sets: tuple[str, ...] = ()
    settings: tuple[Change, ...] = ()
    parent: str | None = None
    after: str | None = None
    results_root: str | None = None
    questions: tuple[Question, ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    bank_trust: str = ""
    signer: str = ""


class PlanAnswer(Result):
    """One plan for each action, in order."""

    plans: list[PlanSummary]
    notes: tuple[str, ...] = ()


def _plan(box: Toolbox, arguments: Words) -> PlanAnswer:
    if len(arguments.actions or ()) > _LONGEST_CHAIN:
        raise UsageError(f"A chain has at most {_LONGEST_CHAIN} actions; plan it in parts.")
    slots, settings = _slots(arguments)
    requests, notes = compose(
        box.runtime,
        arguments.text,
        arguments.skill,
        arguments.actions,
        data=[DataLocation(source=source_of(d.role), uri=_said_place(d)) for d in arguments.data or ()],
        settings=settings,
        **slots,
    )
    plans = box.runtime.plan(requests)
    for plan in plans:
        box.runtime.keep(plan)
    checks = [box.runtime.check(plan, earlier=plans[:i]) for i, plan in enumerate(plans)]
    said = [_cut(box.runtime.sentence([plan])) for plan in plans]
    summaries = [_summary(*each) for each in zip(plans, checks, said, strict=True)]
    return PlanAnswer(plans=summaries, notes=[in_tool_words(n) for n in notes], next=_next(summaries))


def _slots(arguments: Words) -> tuple[dict[str, Any], list[Setting]]:
    """Return the values of slots, also those that were said among the settings, and the other settings."""
    slots = {name: getattr(arguments, name) for name in _SLOTS}
    settings: list[Setting] = []
    for given in arguments.settings or ():
        if given.key not in slots:
            settings.append(setting_of(given.key, given.value_json))
            continue
        value = setting_of(given.key, given.value_json).value
        if value is None:
            raise UsageError(f"{slot(given.key).way()} is null; give it a value or leave it out.")
        if slots[given.key] not in (None, value):
            raise UsageError(
                f"{slot(given.key).way()} is said twice, as {one_line(slots[given.key], 60)} and as "
                f"{one_line(value, 60)}; leave one of them out."
            )
        slots[given.key] = value
    return slots, settings


def _said_place(data: Data) -> str:
    if not data.uri.strip():
        raise UsageError(f"{option('data', f'{data.role}=URI')} is empty; give it a place or leave it out.")
    return clean_uri(data.uri)


def _cut(sentence: str) -> str:
    # Blanks in a place or a description are part of it, so that they stay.
    return sentence if len(sentence) <= _LONGEST_SENTENCE else f"{sentence[: _LONGEST_SENTENCE - 1]}…"


def _summary(plan: Plan, checks: Checks, sentence: str) -> PlanSummary:
    parent = plan.parents[0] if plan.parents else None
    container = plan.platform != "local"
    return PlanSummary(
        plan_id=plan.plan_id,
        sentence=sentence,
        skill=plan.skill.name,
        action=plan.action,
        variant=plan.variant,
        route=plan.route.name,
        route_reason=in_tool_words(plan.route.reason),
        route_skill=plan.route.skill,
        skill_dir=plan.skill_path,
        trials=trials(plan),
        platform=plan.platform,
        image=plan.image if container else None,
        gpus=plan.resources.gpus if container else 0,
        nodes=plan.resources.nodes,
        data=[Place(key=i.key, uri=i.uri) for i in plan.inputs if i.runtime != "value"],
        data_sets=_first(checks.data, 400),
        settings=[Change(key=o.key, value=o.value) for o in plan.overrides if o.source in _SAID],
        parent=parent.job if parent else None,
        after=parent.plan if parent else None,
        results_root=plan.results_root,
        questions=[
            Question(
                key=q.key,
                why=in_tool_words(q.why),
                choices=[in_tool_words(c) for c in q.choices],
                from_skill=from_skill(q.from_skill),
            )
            for q in (*plan.questions, *checks.questions)
        ],
        warnings=_first(_warnings(plan, checks), 240),
        problems=_first(checks.problems, 400),
        bank_trust=checks.trust,
        signer=one_line(plan.skill.signer),
    )


def _first(sentences: Sequence[str], longest: int) -> list[str]:
    """Return the first sentences, short, and how many more there are."""
    shown = [shorten(in_tool_words(sentence), longest) for sentence in sentences[:_MOST_WARNINGS]]
    more = len(sentences) - len(shown)
    return [*shown, f"and {more} more, which 'skillbank plan' shows in a terminal"] if more else shown


def _warnings(plan: Plan, checks: Checks) -> tuple[str, ...]:
    """Return what is to be minded, that nothing of the bank runs first: the list is cut at its end."""
    if checks.trust in ("changed", "untrusted"):
        return (*checks.notes[:1], *plan.warnings, *checks.notes[1:])
    return (*plan.warnings, *checks.notes)


def _next(plans: list[PlanSummary]) -> list[str]:
    if any(plan.questions for plan in plans):
        return ["ask the user the questions, then plan again with the answers; guess no path"]
    if any(plan.problems for plan in plans):
        return ["tell the user the problems and plan again with what is corrected; guess no path"]
    if any(plan.bank_trust in ("changed", "untrusted") for plan in plans):
        return ["tell the user: nothing of this bank runs until a person trusts it in a terminal; you cannot"]
    if len(plans) > 1:
        return ["launch the first plan_id; launch the next when its job is COMPLETE"]
    return ["launch with this plan_id"]


PLAN = Tool(
    name="plan",
    description=(
        "Compile a request into checked plans; starts nothing. Give text, or skill and actions. "
        "Questions are for the user."
    ),
    arguments=PlanArguments,
    result=PlanAnswer,
    run=_plan,
    read_only=True,
    lane=Lane.COMPUTING,
)
