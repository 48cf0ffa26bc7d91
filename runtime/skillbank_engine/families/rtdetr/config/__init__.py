"""The typed spec of RT-DETR: every parameter with default, bounds and AutoML words.

Needs pydantic and PyYAML only, so that schemas and templates can be made where there is no torch.
"""

from skillbank_engine.families.rtdetr.config.engine import EngineConfig
from skillbank_engine.families.rtdetr.config.experiment import (
    RTDETR,
    SPECS,
    DistillSpec,
    EvaluateSpec,
    ExperimentSpec,
    ExportSpec,
    GenTrtEngineSpec,
    InferenceSpec,
    QuantizeSpec,
    TrainSpec,
)

__all__ = [
    "RTDETR",
    "SPECS",
    "DistillSpec",
    "EngineConfig",
    "EvaluateSpec",
    "ExperimentSpec",
    "ExportSpec",
    "GenTrtEngineSpec",
    "InferenceSpec",
    "QuantizeSpec",
    "TrainSpec",
]
