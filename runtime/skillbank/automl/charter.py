"""What an experiment is to do, written down at its launch: whoever goes on with it needs nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from skillbank.automl.metrics import Objective
from skillbank.automl.settling import settle, settled_plan
from skillbank.errors import SkillbankError, UsageError
from skillbank.jobs.record import RetryPolicy
from skillbank.plan.draft import Parent
from skillbank.plan.model import ParentRef, Plan, Source
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import DataLocation, Request, Setting

if TYPE_CHECKING:
    from skillbank.automl.algorithms import Algorithm
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace
    from skillbank.bank.skill import Skill

__all__ = ["Charter", "make_charter", "objectives_of", "settings_of"]

_PRETRAINED = ("ptm", "ptm_if_no_resume_model", "parent_model_or_ptm", "resume_model_or_ptm")


class Charter(BaseModel):
    """Everything about an experiment that does not change, beside its plan.

    ``schema_document`` is the skill's train schema, of which the search space is made. ``evaluation`` is the
    plan that evaluates a trial's model, ``baseline`` the one of the pretrained model that was given; what
    cannot be evaluated is said in ``notes``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_document: dict[str, Any]
    settled: dict[str, Any] = {}
    """Values that the program would put into the spec by itself; every trial has them."""
    epochs_key: str | None = None
    retry: RetryPolicy = RetryPolicy()
    evaluation: Plan | None = None
    baseline: Plan | None = None
    notes: tuple[str, ...] = ()

    def plan(self, plan: Plan) -> Plan:
        """Return the plan that trials differ from: as it is, with what the program makes of it."""
        return settled_plan(plan, self.settled)

    def space(self, plan: Plan) -> SearchSpace:
        """Return the space of the plan's skill, as its settings narrow it."""
        from skillbank.automl.space import space_from_schema

        said = settings_of(plan)
        by_user = {o.key for o in plan.overrides if o.source in (Source.USER, Source.SHORTHAND)}
        return space_from_schema(
            self.schema_document,
            self.plan(plan).spec,
            parameters=said.parameters,
            ranges=said.ranges,
            fixed=by_user,
        )

    def algorithm(self, plan: Plan, recommendations: int | None = None) -> Algorithm:
        """Make the algorithm as it is before its first question."""
        from skillbank.automl.algorithms import make_algorithm

        settings, space = settings_of(plan), self.space(plan)
        if recommendations is not None:
            document = {**settings.model_dump(exclude_unset=True), "max_recommendations": recommendations}
            settings = type(settings).model_validate(document)
        return make_algorithm(space, settings, space.defaults)

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        document: dict[str, Any] = json.loads(self.model_dump_json())
        return document


def objectives_of(plan: Plan) -> tuple[Objective, ...]:
    """Return what a plan's search is for; the first objective ranks."""
    said = settings_of(plan)
    pairs = zip(said.metrics, said.directions, strict=True)
    return tuple(Objective(metric, direction == "maximize") for metric, direction in pairs)


def settings_of(plan: Plan) -> AutoMLSettings:
    """Return the settings of the search that a plan carries."""
    from skillbank.automl.settings import AutoMLSettings

    return AutoMLSettings.read(plan.automl)


def make_charter(plan: Plan, skill: Skill) -> Charter:
    """Write down what an experiment of this plan needs of its skill."""
    action = skill.action(plan.action, plan.variant)
    shorthands = {**skill.actions[0].shorthands, **action.shorthands}
    schema = json.loads((skill.root / "schemas" / "train.schema.json").read_text(encoding="utf-8"))
    epochs_key = shorthands.get("num_epochs")
    if settings_of(plan).is_multi_fidelity and epochs_key is None:
        raise UsageError(
            f"{settings_of(plan).algorithm} varies the number of epochs, and {skill.name} does not say which "
            "key that is (spec_shorthand_keys: num_epochs); choose bayesian, tpe or random."
        )
    evaluation, note = _evaluation(plan, skill)
    baseline = _baseline(plan, skill, evaluation) if evaluation is not None else None
    if evaluation is not None:
        evaluation = settled_plan(evaluation, settle(evaluation, skill))
    return Charter(
        schema_document=schema,
        settled=settle(plan, skill),
        epochs_key=epochs_key,
        evaluation=evaluation,
        baseline=baseline,
        notes=(note,) if note else (),
    )


def _evaluation(plan: Plan, skill: Skill) -> tuple[Plan | None, str]:
    """Compile the evaluation of the model that this plan will leave; else say why there is none."""
    ref = ParentRef(plan=plan.plan_id, action=plan.action, skill=plan.skill.name)
    return _compiled(plan, skill, Parent(ref, plan.spec), ())


def _baseline(plan: Plan, skill: Skill, evaluation: Plan) -> Plan | None:
    """Compile the evaluation of the pretrained model that the training starts from, if it is whole."""
    given = [
        o.value
        for o in plan.overrides
        if "backbone" not in o.key and any(o.detail.startswith(f"{name}:") for name in _PRETRAINED)
    ]
    action = skill.action("evaluate", evaluation.variant)
    required = {i.key for i in action.inputs if not i.optional}
    fields = [k for k, f in action.spec_params.items() if f == "parent_model" and k in required]
    if not given or not fields:
        return None
    compiled, _ = _compiled(plan, skill, None, (Setting(key=fields[0], value=given[0]),))
    return compiled


def _compiled(
    plan: Plan, skill: Skill, parent: Parent | None, settings: tuple[Setting, ...]
) -> tuple[Plan | None, str]:
    if not any(action.name == "evaluate" for action in skill.actions):
        return None, f"no evaluation: {skill.name} has no evaluate action"
    data = tuple(_locations(plan, skill))
    if not data:
        return None, "no evaluation: the plan does not say where a set of evaluation data lies as a whole"
    request = Request(
        skill=skill.qualified,
        action="evaluate",
        data=data,
        settings=settings,
        gpus=plan.resources.gpus,
        results_root=plan.results_root,
        image=plan.image if plan.image_source != "skill" else None,
        image_source=plan.image_source,
    )
    try:
        found = compile_plan(skill, request, plan.platform, parent)
    except SkillbankError as error:
        return None, f"no evaluation: {error}"
    if found.questions:
        return None, f"no evaluation: {found.questions[0].why}"
    return found, ""


def _locations(plan: Plan, skill: Skill) -> list[DataLocation]:
    """Return where the plan's evaluation data lies, found back from the files that it binds."""
    action = skill.action(plan.action, plan.variant)
    paths = {row.key: row.path for row in _rows(plan, skill, action)}
    found: dict[str, DataLocation] = {}
    for binding in plan.inputs:
        path = paths.get(binding.key)
        if binding.source != "eval_dataset" or path is None or not binding.uri.endswith(path):
            continue
        root = binding.uri[: len(binding.uri) - len(path)].rstrip("/") if path else binding.uri
        found.setdefault(root, DataLocation(source="eval_dataset", uri=root))
    return list(found.values())


def _rows(plan: Plan, skill: Skill, action: Any) -> Any:
    from skillbank.plan.datasets import bindings

    rows, _ = bindings(skill, action, plan.spec)
    return rows
