"""Image classification as the frame knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillbank_engine.families.classification_pyt.tools import TOOLS
from skillbank_engine.family import ACTIONS, Family

if TYPE_CHECKING:
    from skillbank_engine.config.specs import Specs
    from skillbank_engine.families.classification_pyt.config.experiment import ClassificationSpec
    from skillbank_engine.families.classification_pyt.task import ClassificationTask


def _specs() -> Specs[ClassificationSpec]:
    from skillbank_engine.families.classification_pyt.config import SPECS_OF_FAMILY

    return SPECS_OF_FAMILY


def _task() -> type[ClassificationTask]:
    from skillbank_engine.families.classification_pyt.task import ClassificationTask

    return ClassificationTask


FAMILY = Family(
    name="classification_pyt",
    title="Image classification",
    about="Image classification: tell what a picture shows, one class for each.",
    specs=_specs,
    task=_task,
    latest="classifier_model_latest.pth",
    metric="val_acc_1",
    actions={**ACTIONS, "distill": "train a student on the answers of a teacher"},
    tools=TOOLS,
)
"""The program ``classification_pyt``."""
