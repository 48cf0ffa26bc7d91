"""The typed spec of Grounding DINO: every parameter with default, bounds and AutoML words.

Needs pydantic and PyYAML only, so that schemas and templates can be made where there is no torch.
"""

from skillbank_engine.families.grounding_dino.config.engine import EngineConfig
from skillbank_engine.families.grounding_dino.config.experiment import (
    SPECS,
    EvaluateSpec,
    ExperimentSpec,
    ExportSpec,
    GenTrtEngineSpec,
    InferenceSpec,
    QuantizeSpec,
    TrainSpec,
)
from skillbank_engine.families.grounding_dino.config.load import SpecError, build_spec, load_spec
from skillbank_engine.families.grounding_dino.config.schema import all_schemas, spec_defaults, spec_schema

__all__ = [
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
