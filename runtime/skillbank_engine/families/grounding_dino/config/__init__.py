"""The typed spec of Grounding DINO: every parameter with default, bounds and AutoML words.

Needs pydantic and PyYAML only, so that schemas and templates can be made where there is no torch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from skillbank_engine.config import load, schema
from skillbank_engine.config.load import SpecError
from skillbank_engine.families.grounding_dino.config.engine import EngineConfig
from skillbank_engine.families.grounding_dino.config.experiment import (
    GROUNDING_DINO,
    SPECS,
    EvaluateSpec,
    ExperimentSpec,
    ExportSpec,
    GenTrtEngineSpec,
    InferenceSpec,
    QuantizeSpec,
    TrainSpec,
)

__all__ = [
    "GROUNDING_DINO",
    "SPECS",
    "EngineConfig",
    "EvaluateSpec",
    "ExperimentSpec",
    "ExportSpec",
    "GenTrtEngineSpec",
    "InferenceSpec",
    "QuantizeSpec",
    "SpecError",
    "TrainSpec",
    "all_schemas",
    "build_spec",
    "load_spec",
    "spec_defaults",
    "spec_schema",
]


def build_spec(action: str, document: Mapping[str, object], overrides: Sequence[str] = ()) -> ExperimentSpec:
    """Check a spec that has been read already (:func:`.config.load.build_spec`)."""
    return load.build_spec(GROUNDING_DINO, action, document, overrides)


def load_spec(action: str, path: str | Path, overrides: Sequence[str] = ()) -> ExperimentSpec:
    """Read and check the spec of an action (:func:`.config.load.load_spec`)."""
    return load.load_spec(GROUNDING_DINO, action, path, overrides)


def spec_schema(action: str) -> dict[str, object]:
    """Give the JSON Schema of an action's spec (:func:`.config.schema.spec_schema`)."""
    return schema.spec_schema(GROUNDING_DINO, action)


def spec_defaults(action: str) -> dict[str, object]:
    """Give the default spec of an action (:func:`.config.schema.spec_defaults`)."""
    return schema.spec_defaults(GROUNDING_DINO, action)


def all_schemas(actions: list[str] | None = None) -> dict[str, dict[str, object]]:
    """Give the document that the skill's generator reads (:func:`.config.schema.all_schemas`)."""
    return schema.all_schemas(GROUNDING_DINO, actions)
