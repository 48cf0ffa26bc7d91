"""What a search needs of its skill, read when it is planned: approved with the plan, and not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from skillbank.automl.algorithms import algorithm_class
from skillbank.automl.settings import AutoMLSettings
from skillbank.bank.skill import Skill
from skillbank.errors import SkillbankError, UsageError
from skillbank.plan.datasets import bindings
from skillbank.plan.draft import Parent
from skillbank.plan.model import PARENT_MODEL, ParentRef, Plan, SearchNeeds
from skillbank.plan.products import SEARCHED
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plugins import Group, offer
from skillbank.ways import Sentence

__all__ = ["SCHEMA", "search_needs", "starts_from_model"]

SCHEMA = f"schemas/{SEARCHED}.schema.json"
"""The file of a skill that the search space is made of."""
_PRETRAINED = ("ptm", "ptm_if_no_resume_model", "parent_model_or_ptm", "resume_model_or_ptm")

Compile = Callable[[Skill, Request, str, Parent | None], Plan]


def search_needs(plan: Plan, skill: Skill, compile_plan: Compile) -> SearchNeeds:
    """Return what the search of a plan takes from its skill.

    Parameters
    ----------
    plan
        The plan as it is without this.
    compile_plan
        Compiles the evaluations of what the search starts from and of what it finds.
    """
    action = skill.action(plan.action, plan.variant)
    epochs_key = skill.shorthands(action).get("num_epochs")
    settings = AutoMLSettings.read(plan.automl)
    chosen = offer(Group.AUTOML_ALGORITHMS, settings.algorithm)
    if chosen is not None and chosen.package:
        # Said now and not after hours in a queue.

        algorithm_class(settings.algorithm)
    if epochs_key is None and settings.is_multi_fidelity:
        raise UsageError(
            f"{settings.algorithm} varies the number of epochs, and {skill.name} does not say which "
            "key that is (spec_shorthand_keys: num_epochs); choose bayesian, tpe or random."
        )
    evaluation, note = _evaluation(plan, skill, compile_plan)
    return SearchNeeds(
        schema_sha256=skill.file_digests.get(SCHEMA, ""),
        epochs_key=epochs_key,
        settle=skill.info.facts.get("settle", {}),
        evaluation=evaluation,
        baseline=None if evaluation is None else _baseline(plan, skill, evaluation, compile_plan),
        notes=(note,) if note else (),
    )


def _evaluation(plan: Plan, skill: Skill, compile_plan: Compile) -> tuple[Plan | None, str]:
    """Compile the evaluation of the model that a trial will leave; else say why there is none."""
    trial = ParentRef(action=plan.action, skill=plan.skill.name)
    return _compiled(plan, skill, compile_plan, Parent(trial, plan.spec), ())


def starts_from_model(plan: Plan) -> bool:
    """Say whether a training starts from a whole model that was named: a parent's, or a pretrained one."""
    return bool(_started_from(plan))


def _started_from(plan: Plan) -> list[object]:
    return [
        o.value
        for o in plan.overrides
        if "backbone" not in o.key
        and any(o.detail.startswith(f"{name}:") for name in _PRETRAINED)
        and o.value
    ]


def _baseline(plan: Plan, skill: Skill, evaluation: Plan, compile_plan: Compile) -> Plan | None:
    """Compile the evaluation of the pretrained model that the training starts from, if it is whole."""
    given = _started_from(plan)
    action = skill.action("evaluate", evaluation.variant)
    required = {i.key for i in action.inputs if not i.optional}
    fields = [k for k, f in action.spec_params.items() if f == "parent_model" and k in required]
    if not given or not fields:
        return None
    if given[0] == PARENT_MODEL:
        # What is started from is a job's model: as its child the evaluation finds it.
        parent = next((Parent(ref) for ref in plan.parents if ref.job is not None), None)
        return None if parent is None else _compiled(plan, skill, compile_plan, parent, ())[0]
    compiled, _ = _compiled(plan, skill, compile_plan, None, (Setting(key=fields[0], value=given[0]),))
    return compiled


def _compiled(
    plan: Plan, skill: Skill, compile_plan: Compile, parent: Parent | None, settings: tuple[Setting, ...]
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
        gpus=plan.resources.gpus if plan.gpus_asked or plan.platform != "local" else None,
        results_root=plan.results_root,
        on_broken=plan.on_broken,
        image=plan.image if plan.image_source != "skill" else None,
        image_source=plan.image_source,
    )
    try:
        found = compile_plan(skill, request, plan.platform, parent)
    except SkillbankError as error:
        return None, Sentence(f"no evaluation: {error.sentence.marked}")
    if found.questions:
        return None, f"no evaluation: {found.questions[0].why}"
    return found, ""


def _locations(plan: Plan, skill: Skill) -> Iterator[DataLocation]:
    """Yield where the plan's evaluation data lies, found back from the files that it binds."""
    rows, _ = bindings(skill, skill.action(plan.action, plan.variant), plan.spec)
    paths = {row.key: row.path for row in rows}
    found: set[str] = set()
    for binding in plan.inputs:
        path = paths.get(binding.key)
        if binding.source != "eval_dataset" or path is None or not binding.uri.endswith(path):
            continue
        root = binding.uri[: len(binding.uri) - len(path)].rstrip("/") if path else binding.uri
        if root not in found:
            found.add(root)
            yield DataLocation(source="eval_dataset", uri=root, form=binding.form)
