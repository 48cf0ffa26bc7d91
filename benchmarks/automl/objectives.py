"""Synthetic objectives over real and invented search spaces; all are to be maximised.

The two Grounding DINO objectives are bumps over the 13 default parameters of the skill's own train schema.
Their width is set so that log-aware random search reaches about .57 after 50 trials, which makes them
comparable to objectives of the same name that are known only by such results.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from skillbank.automl.space import SearchSpace, space_from_schema

SKILL = Path(__file__).resolve().parents[2] / "skills" / "tao-train-grounding-dino"
Values = Mapping[str, Any]
EPOCHS = 27
"""Of a whole training."""


@dataclass(frozen=True)
class Objective:
    """A function over a search space.

    Attributes
    ----------
    schema, spec
        Of which the space is made.
    value
        Gives the score of a configuration after all epochs.
    best
        The highest score there is.
    halfway
        Epochs after which a training has come about two thirds of its way; may differ between
        configurations, so that learning curves cross.
    """

    name: str
    schema: dict[str, Any]
    spec: dict[str, Any]
    value: Callable[[Values], float]
    best: float
    halfway: Callable[[Values], float] = lambda values: 3.0

    def after(self, values: Values, epoch: int) -> float:
        """Return the score that is measured after an epoch of `EPOCHS`; outside of physics it is 0."""
        try:
            final, pace = self.value(values), self.halfway(values)
        except (ValueError, OverflowError, ZeroDivisionError):
            return 0.0
        return final * (1 - math.exp(-epoch / pace)) / (1 - math.exp(-EPOCHS / pace))

    def space(self) -> SearchSpace:
        """Return the search space."""
        return space_from_schema(self.schema, self.spec)


@cache
def grounding_dino(low_rate: bool = False) -> Objective:
    """Return a bump over the 13 parameters of Grounding DINO, its optimum at a middling or a low rate.

    The optimiser is SGD and the schedule StepLR, so that all 13 parameters count.
    """
    schema = json.loads((SKILL / "schemas" / "train.schema.json").read_text(encoding="utf-8"))
    spec = yaml.safe_load((SKILL / "references" / "spec_template_train.yaml").read_text(encoding="utf-8"))
    spec["train"]["optim"] |= {"optimizer": "SGD", "lr_scheduler": "StepLR"}
    rate, width = (-5.2, 0.53) if low_rate else (-3.0, 0.43)
    return Objective(
        f"grounding-dino-13{'-low-rate' if low_rate else ''}",
        schema,
        spec,
        lambda values: _detector(values, rate, width),
        _TOP,
    )


_TOP = 0.80


def _detector(v: Values, rate: float, width: float) -> float:
    """Return a score like a detector's mAP: a bump whose parameters matter unequally, and partly together."""
    optim, aug = "train.optim.", "dataset.augmentation."
    # What moves the weights is the rate over one minus the momentum.
    pace = math.log10(v[f"{optim}lr"]) - math.log10(1.0 - v[f"{optim}momentum"]) - 1.0
    backbone = math.log10(v[f"{optim}lr_backbone"]) - math.log10(v[f"{optim}lr"])
    away = (
        1.00 * (pace - rate) ** 2
        + 0.25 * (backbone + 0.3) ** 2
        + 0.12 * (math.log10(v[f"{optim}weight_decay"]) + 2.5) ** 2
        + 0.10 * (math.log10(v[f"{optim}lr_linear_proj_mult"]) + 0.4) ** 2
        + 0.6 * (v[f"{optim}momentum"] - 0.75) ** 2
        + 0.25 * (v[f"{optim}lr_decay"] - 0.4) ** 2
        + 0.15 * ((v[f"{optim}lr_step_size"] - 25) / 25) ** 2
        + 0.35 * ((v["model.enc_layers"] - 8) / 6) ** 2
        + 0.35 * ((v["model.dec_layers"] - 8) / 6) ** 2
        + 0.05 * (math.log10(v["model.num_select"]) - 2.5) ** 2
        + 0.20 * ((v[f"{aug}train_random_crop_min"] - 500) / 500) ** 2
        + 0.20 * ((v[f"{aug}train_random_crop_max"] - 900) / 600) ** 2
        + 0.20 * (v[f"{aug}horizontal_flip_prob"] - 0.3) ** 2
    )
    return _TOP * math.exp(-width * away)


@cache
def crossing() -> Objective:
    """Return the low-rate objective with learning curves that cross: high rates lead early and lose late."""
    plain = grounding_dino(True)

    def halfway(v: Values) -> float:
        return 2.0 + 4.0 * max(0.0, -2.0 - math.log10(v["train.optim.lr"]))

    return replace(plain, name="crossing curves", halfway=halfway)


@cache
def hartmann() -> Objective:
    """Return the Hartmann function of six variables, turned upward; its maximum is 3.32237."""
    keys = [f"x{i}" for i in range(6)]
    schema = {
        "type": "object",
        "properties": {
            k: {"type": "float", "minimum": 0.0, "maximum": 1.0, "default": 0.5, "automl_enabled": True}
            for k in keys
        },
        "automl_default_parameters": keys,
    }
    return Objective(
        "hartmann-6",
        schema,
        dict.fromkeys(keys, 0.5),
        lambda v: hartmann_value([v[k] for k in keys]),
        3.32237,
    )


_ALPHA = (1.0, 1.2, 3.0, 3.2)
_A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
_P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def hartmann_value(x: list[float]) -> float:
    """Return the score of a point of the unit cube, six numbers."""
    return sum(
        alpha * math.exp(-sum(a * (u - p) ** 2 for a, u, p in zip(row, x, centre, strict=True)))
        for alpha, row, centre in zip(_ALPHA, _A, _P, strict=True)
    )


@cache
def mixed() -> Objective:
    """Return a function of eight parameters of all kinds, two of which count only under conditions."""
    schema = {
        "type": "object",
        "properties": {
            "model": {
                "type": "object",
                "properties": {
                    "depth": {"type": "integer", "minimum": 1, "maximum": 12, "default": 4},
                    "width": {
                        "type": "integer",
                        "minimum": 16,
                        "maximum": 1024,
                        "math_cond": "^ 2",
                        "default": 64,
                    },
                    "norm": {
                        "type": "categorical",
                        "enum": ["batch", "layer", "group", "none"],
                        "default": "batch",
                    },
                },
            },
            "train": {
                "type": "object",
                "properties": {
                    "optimizer": {"type": "categorical", "enum": ["SGD", "AdamW"], "default": "AdamW"},
                    "lr": {"type": "float", "minimum": 0.0, "maximum": math.inf, "default": 1e-3},
                    "momentum": {"type": "float", "minimum": 0.0, "maximum": math.inf, "default": 0.9},
                    "lr_scheduler": {
                        "type": "categorical",
                        "enum": ["MultiStep", "StepLR"],
                        "default": "MultiStep",
                    },
                    "lr_step_size": {"type": "int", "minimum": 1, "maximum": 50, "default": 10},
                },
            },
        },
    }
    keys = [
        "model.depth",
        "model.width",
        "model.norm",
        "train.optimizer",
        "train.lr",
        "train.momentum",
        "train.lr_scheduler",
        "train.lr_step_size",
    ]
    schema["automl_default_parameters"] = keys
    spec = {
        "model": {"depth": 4, "width": 64, "norm": "batch"},
        "train": {
            "optimizer": "AdamW",
            "lr": 1e-3,
            "momentum": 0.9,
            "lr_scheduler": "MultiStep",
            "lr_step_size": 10,
        },
    }
    return Objective("mixed-8", schema, spec, _mixed, 1.0)


def _mixed(v: Values) -> float:
    norm = {"batch": 0.05, "layer": 0.0, "group": 0.02, "none": 0.2}[v["model.norm"]]
    rate = math.log10(v["train.lr"])
    if v["train.optimizer"] == "SGD":
        # The better optimum, if its momentum fits; otherwise the worse one.
        optimizer = 0.15 * (rate + 1.8) ** 2 + 3.0 * (v["train.momentum"] - 0.93) ** 2
    else:
        optimizer = 0.04 + 0.15 * (rate + 3.6) ** 2
    schedule = (
        0.03 if v["train.lr_scheduler"] == "MultiStep" else 0.25 * ((v["train.lr_step_size"] - 30) / 50) ** 2
    )
    depth = 0.2 * ((v["model.depth"] - 8) / 6) ** 2
    width = 0.03 * (math.log2(v["model.width"]) - 8) ** 2
    return math.exp(-(norm + optimizer + schedule + depth + width))


ALL: dict[str, Callable[[], Objective]] = {
    "gdino": grounding_dino,
    "gdino-low": lambda: grounding_dino(True),
    "hartmann6": hartmann,
    "mixed8": mixed,
    "crossing": crossing,
}
