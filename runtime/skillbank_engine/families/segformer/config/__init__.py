"""The typed spec of SegFormer: every parameter with default, bounds and AutoML words.

Needs pydantic only, so that schemas and templates can be made where there is no torch.
"""

from skillbank_engine.families.segformer.config.experiment import (
    SPECS_OF_FAMILY,
    EvaluateSpec,
    ExperimentSpec,
    ExportSpec,
    GenTrtEngineSpec,
    InferenceSpec,
    QuantizeSpec,
    TrainSpec,
)

__all__ = [
    "SPECS_OF_FAMILY",
    "EvaluateSpec",
    "ExperimentSpec",
    "ExportSpec",
    "GenTrtEngineSpec",
    "InferenceSpec",
    "QuantizeSpec",
    "TrainSpec",
]
