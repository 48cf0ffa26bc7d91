"""A plan's data as its program gets it: staged by the real parts, read by the engine's own readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from skillbank.home import cache_dir
from skillbank.jobs.checks import Checks, check, refuse
from skillbank.jobs.data_making import make
from skillbank.jobs.data_sets import look_at
from skillbank.plan.model import Plan
from skillbank.plan.paths import get_path, set_path
from skillbank.runtime import Runtime
from skillbank.storage.staging import stage
from skillbank_engine.data.coco import EvaluationSet, read_evaluation_set
from skillbank_engine.families.grounding_dino.data.odvg import TrainingSet, read_training_set
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase


@dataclass
class Staged:
    """What a launch would give to the program: the spec with real places, and what was noted."""

    plan: Plan
    checks: Checks
    spec: dict[str, Any]
    notes: list[str] = field(default_factory=list)

    def training(self) -> TrainingSet:
        """Read the training data as the engine does."""
        sources = get_path(self.spec, "dataset.train_data_sources")
        return read_training_set([_source(each) for each in sources])

    def validation(self, key: str = "val_data_sources") -> EvaluationSet:
        """Read the data to measure on as the engine does."""
        return read_evaluation_set(
            _source(get_path(self.spec, f"dataset.{key}")), key, naming=normalise_phrase
        )

    def path(self, key: str) -> Path:
        """Return where an input lies."""
        return Path(get_path(self.spec, key))


@lru_cache(maxsize=1)
def _runtime() -> Runtime:
    return Runtime()  # which reads skills, and they do not change


def plan_of(text: str) -> Plan:
    """Plan one action by words."""
    with _runtime() as runtime:
        [plan] = runtime.plan(text)
    return plan


def staged(plan: Plan) -> Staged:
    """Check a plan as a launch does, raise what ends it, and bring its data to its place."""
    seen = check(plan, remote=True)
    refuse(plan, seen)
    notes: list[str] = []
    paths = make(plan, look_at(plan, whole=True, elsewhere=True), notes.append)
    spec = plan.model_dump()["spec"]
    for binding in plan.inputs:
        if binding.runtime != "value" and not binding.optional:
            place = paths.get(binding.key) or stage(binding, cache_dir(), inputs=plan.inputs)
            set_path(spec, binding.key, str(place))
    return Staged(plan, seen, spec, notes)


def _source(said: dict[str, Any]) -> Any:
    return SimpleNamespace(**{"label_map": "", **said})
