"""Image classification as the frame knows it."""

from __future__ import annotations

from skillbank_engine.families.classification_pyt.tools import TOOLS
from skillbank_engine.family import ACTIONS, Family

_PACKAGE = "skillbank_engine.families.classification_pyt"

FAMILY = Family(
    name="classification_pyt",
    title="Image classification",
    about="Image classification: tell what a picture shows, one class for each.",
    specs_at=f"{_PACKAGE}.config:SPECS_OF_FAMILY",
    task_at=f"{_PACKAGE}.task:ClassificationTask",
    latest="classifier_model_latest.pth",
    metric="val_acc_1",
    actions={**ACTIONS, "distill": "train a student on the answers of a teacher"},
    tools=TOOLS,
)
"""The program ``classification_pyt``."""
