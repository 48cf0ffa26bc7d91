"""What an experiment is to do, written down at its launch: whoever goes on with it needs nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from skillbank.automl.algorithms import make_algorithm
from skillbank.automl.metrics import Objective
from skillbank.automl.settings import AutoMLSettings
from skillbank.automl.settling import settle, settled_plan
from skillbank.errors import StateError
from skillbank.jobs.record import RetryPolicy
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.model import Plan, Source
from skillbank.plan.paths import format_path, leaves
from skillbank.plan.search_needs import starts_from_model
from skillbank.trust.gate import Pass, admit_within
from skillbank.ways import Told, command

with lazy_imports():
    from skillbank.automl import space as spaces

if TYPE_CHECKING:
    from skillbank.automl.algorithms import Algorithm
    from skillbank.automl.space import SearchSpace

__all__ = ["Charter", "make_charter", "objectives_of", "settings_of", "settled_charter"]


class Charter(BaseModel):
    """Everything about an experiment that does not change, beside its plan.

    ``schema_document`` is the skill's train schema, of which the search space is made. ``evaluation`` is the
    plan that evaluates a trial's model, ``baseline`` the one of the pretrained model that was given; what
    cannot be evaluated is said in ``notes``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_document: dict[str, object]
    settled: dict[str, object] = {}
    """Values that the program would put into the spec by itself; every trial has them."""
    epochs_key: str | None = None
    retry: RetryPolicy = RetryPolicy()
    evaluation: Plan | None = None
    baseline: Plan | None = None
    notes: tuple[Told, ...] = ()

    def plan(self, plan: Plan) -> Plan:
        """Return the plan that trials differ from: as it is, with what the program makes of it."""
        return settled_plan(plan, self.settled)

    def space(self, plan: Plan) -> SearchSpace:
        """Return the space of the plan's skill, as its settings narrow it."""
        said = settings_of(plan)
        fixed = {o.key for o in plan.overrides if o.source in (Source.USER, Source.SHORTHAND)}
        spec, kept = self.plan(plan).spec, set[str]()
        if starts_from_model(plan):
            # The model that it starts from has its shape; a trial of another would only seem to be one.
            named = {*(said.parameters or ()), *said.ranges}
            kept = {k for path, _ in leaves(spec) if (k := format_path(path)).startswith("model.")} - named
        return spaces.space_from_schema(
            self.schema_document,
            spec,
            parameters=said.parameters,
            ranges=said.ranges,
            fixed=fixed,
            kept=kept,
        )

    def algorithm(self, plan: Plan, recommendations: int | None = None) -> Algorithm:
        """Make the algorithm as it is before its first question."""
        settings, space = settings_of(plan), self.space(plan)
        if recommendations is not None:
            document = {**settings.model_dump(exclude_unset=True), "max_recommendations": recommendations}
            settings = type(settings).model_validate(document)
        return make_algorithm(space, settings, space.defaults)

    def document(self) -> dict[str, object]:
        """Return it as JSON."""
        document: dict[str, object] = json.loads(self.model_dump_json())
        return document


def objectives_of(plan: Plan) -> tuple[Objective, ...]:
    """Return what a plan's search is for; the first objective ranks."""
    said = settings_of(plan)
    pairs = zip(said.metrics, said.directions, strict=True)
    return tuple(Objective(metric, direction == "maximize") for metric, direction in pairs)


def settings_of(plan: Plan) -> AutoMLSettings:
    """Return the settings of the search that a plan carries."""
    return AutoMLSettings.read(plan.automl)


def make_charter(plan: Plan, schema: dict[str, object], retry: RetryPolicy) -> Charter:
    """Write down what an experiment of this plan needs, as far as it is known before the plan is approved.

    Parameters
    ----------
    schema
        The document of which the plan holds the sha256.

    Raises
    ------
    StateError
        When the plan does not say it: it is of an earlier version.
    """
    needs = plan.search
    if needs is None:
        raise StateError(
            f"plan {plan.plan_id[:12]} was made by an earlier skillbank and does not say what its search "
            f"needs; make it again with {command('plan')}"
        )
    return Charter(
        schema_document=schema,
        epochs_key=needs.epochs_key,
        retry=retry,
        evaluation=needs.evaluation,
        baseline=needs.baseline,
        notes=needs.notes,
    )


def settled_charter(charter: Charter, plan: Plan, admitted: Pass, bound: Path | None = None) -> Charter:
    """Ask the program what it makes of the specs on this machine, and write that down too.

    Parameters
    ----------
    admitted
        What let the search pass: only its commands are asked.
    bound
        The plan's spec as it was written for the launch: the model of a parent is a file there, and what the
        program takes may depend on that.
    """
    commands = admitted.admission.settle
    evaluation = charter.evaluation
    if evaluation is not None:
        inner = admit_within(evaluation, admitted.admission)
        evaluation = settled_plan(evaluation, settle(evaluation, commands, inner))
    values = settle(plan, commands, admitted, bound)
    settled = charter.model_copy(update={"settled": values, "evaluation": evaluation})
    if values:
        settled.algorithm(plan)  # what the program takes may leave nothing to search
    return settled
