"""The typed spec of image classification: every parameter with default, bounds and AutoML words.

Needs pydantic and PyYAML only, so that schemas and templates can be made where there is no torch.
"""

from skillbank_engine.families.classification_pyt.config.experiment import (
    BY_ACTION,
    ClassificationSpec,
    DistillSpec,
    EvaluateSpec,
    ExportSpec,
    GenTrtEngineSpec,
    InferenceSpec,
    QuantizeSpec,
    TrainSpec,
)
from skillbank_engine.families.classification_pyt.config.family import SPECS_OF_FAMILY

__all__ = [
    "BY_ACTION",
    "SPECS_OF_FAMILY",
    "ClassificationSpec",
    "DistillSpec",
    "EvaluateSpec",
    "ExportSpec",
    "GenTrtEngineSpec",
    "InferenceSpec",
    "QuantizeSpec",
    "TrainSpec",
]
