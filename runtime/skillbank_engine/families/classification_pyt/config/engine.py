"""The `engine` block: settings of the embedded engine that the family's container does not know."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import EngineBase
from skillbank_engine.config.fields import Float, param


class EngineConfig(EngineBase):
    """Settings of the embedded engine only; left out of defaults and templates."""

    dropout: Float = param(
        0.0,
        "Share of the features that training drops ahead of the head, beside the network's own.",
        ge=0,
        lt=1,
    )
    class_weights: Literal["none", "balanced"] = param(
        "none", "'balanced' lets every class count alike in the loss, however many pictures it has."
    )
