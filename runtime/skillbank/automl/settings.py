"""The settings of an experiment: what a plan's ``automl`` mapping may say, checked and with its defaults."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from skillbank.automl.algorithms import algorithm_class
from skillbank.automl.space_ranges import read_ranges
from skillbank.errors import UsageError, did_you_mean
from skillbank.plan.slot_values import seconds_of
from skillbank.plan.slots import slot

_ALGORITHM = slot("algorithm")
ALGORITHMS = _ALGORITHM.choices
"""Ours by the family's names, with four that every tuner has, and those of packages."""

Direction = Literal["maximize", "minimize"]
_ALIASES = {
    "num_recommendations": "max_recommendations",
    "recommendations": "max_recommendations",
    "max_trials": "max_recommendations",
    "max_concurrent": "parallel",
    "max_parallel": "parallel",
    "hyperparameters": "parameters",
    "automl_hyperparameters": "parameters",
    "custom_param_ranges": "ranges",
    "metric": "metrics",
    "direction": "directions",
}
_DIRECTIONS = {
    "max": "maximize", "maximise": "maximize", "up": "maximize",
    "min": "minimize", "minimise": "minimize", "down": "minimize",
}  # fmt: skip


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LLMSettings(_Frozen):
    """The OpenAI-compatible endpoint of the algorithms llm, hybrid and autoresearch.

    The key itself is never a setting: ``api_key_env`` names the variable that holds it.
    """

    model: str | None = Field(default=None, description="Model name; else $SKILLBANK_LLM_MODEL.")
    base_url: str | None = Field(
        default=None, description="Endpoint; else $OPENAI_BASE_URL, else OpenAI's own."
    )
    api_key_env: str = Field(default="OPENAI_API_KEY", description="Variable that holds the key.")
    timeout: float = Field(default=60.0, gt=0, description="Seconds to wait for one answer.")
    attempts: int = Field(default=3, ge=1, le=10, description="Answers asked for before falling back.")
    temperature: float | None = Field(default=None, ge=0, le=2)


class AutoMLSettings(_Frozen):
    """How an experiment searches, how much it may spend, and what it keeps.

    Times are seconds; text such as ``90s``, ``30m``, ``2h`` and ``1d`` is read as such.
    """

    algorithm: str = "bayesian"
    max_recommendations: int = Field(
        default=20, ge=1, description="Trials at most, the default configuration among them."
    )
    max_epochs: int = Field(
        default=27, ge=1, description="Epochs of the longest rung of the multi-fidelity algorithms."
    )
    min_epochs: int = Field(default=1, ge=1, description="Epochs of their shortest rung.")
    reduction_factor: int = Field(
        default=3, ge=2, description="One of this many trials goes on to the next rung."
    )
    epoch_budget: int | None = Field(default=None, ge=1, description="Epochs of all trials together.")
    population: int = Field(default=10, ge=2, description="Members of pbt.")
    generations: int = Field(default=20, ge=1, description="Generations of pbt.")
    grid_levels: int = Field(default=3, ge=2, description="Values that grid takes from each number's range.")
    seed: int = Field(default=0, ge=0, lt=2**32)
    parallel: int | None = Field(
        default=None, ge=1, description="Trials at once; None takes the platform's slots."
    )
    parameters: tuple[str, ...] | None = Field(
        default=None, description="Keys to search; None takes the schema's."
    )
    ranges: dict[str, object] = Field(
        default_factory=dict, description="Own ranges by key, inside the schema's."
    )
    metrics: tuple[str, ...] = Field(default=(), description="Objectives; empty takes the skill's.")
    directions: tuple[Direction, ...] = Field(default=(), description="One for each metric.")
    trial_timeout: float | None = Field(default=None, gt=0, description="Seconds that one trial may run.")
    time_budget: float | None = Field(default=None, gt=0, description="Seconds of the whole experiment.")
    cost_budget: float | None = Field(default=None, gt=0, description="GPU hours of the whole experiment.")
    patience: int | None = Field(
        default=None, ge=1, description="Stop after this many trials without a better one."
    )
    target: float | None = Field(default=None, description="Stop when the first metric reaches this value.")
    max_failures: int | None = Field(
        default=None, ge=1, description="Stop after this many failed trials in a row."
    )
    keep: Literal["best", "promotable", "all"] = Field(
        default="promotable",
        description="Checkpoints kept: best ones; also those that may go on and failed ones; or all.",
    )
    baseline: bool = Field(default=True, description="Evaluate the starting model before the first trial.")
    final_evaluation: bool = Field(default=True, description="Evaluate the best checkpoint at the end.")
    llm: LLMSettings = LLMSettings()

    @classmethod
    def read(cls, document: Mapping[str, object] | None) -> Self:
        """Read a plan's ``automl`` mapping.

        The family's spellings (``automl_max_recommendations``, ``num_recommendations``) are understood.
        """
        try:
            return cls.model_validate(dict(document or {}))
        except ValidationError as error:
            raise UsageError(_sentence(error)) from None

    @model_validator(mode="before")
    @classmethod
    def _spellings(cls, document: object) -> object:
        if not isinstance(document, Mapping):
            return document
        fields: dict[str, object] = {}
        known = tuple(cls.model_fields)
        for name, value in document.items():
            bare = str(name).removeprefix("automl_")
            bare = bare if bare in known else _ALIASES.get(str(name), _ALIASES.get(bare, bare))
            if bare not in known:
                raise UsageError(f"automl.{name} is not a setting of AutoML{did_you_mean(bare, known)}.")
            if bare in fields:
                raise UsageError(f"automl.{bare} is set twice, the second time as {name}.")
            fields[bare] = value
        return fields

    @field_validator("algorithm", mode="before")
    @classmethod
    def _algorithm(cls, value: object) -> object:
        word = str(value).strip().lower().replace("-", "_")
        word = dict(_ALGORITHM.spellings).get(word, word)
        if word not in ALGORITHMS:
            near = did_you_mean(word, ALGORITHMS)
            raise ValueError(f"must be one of {', '.join(ALGORITHMS)}{near}")
        return word

    @field_validator("parameters", "metrics", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return _listed(value)

    @field_validator("directions", mode="before")
    @classmethod
    def _direction_words(cls, value: object) -> object:
        words = _listed(value)
        if not isinstance(words, list | tuple):
            return words
        return tuple(_DIRECTIONS.get(str(w).lower(), str(w).lower()) for w in words)

    @field_validator("trial_timeout", "time_budget", mode="before")
    @classmethod
    def _seconds(cls, value: object) -> object:
        seconds = seconds_of(value) if isinstance(value, str) else None
        return value if seconds is None else seconds

    @field_validator("ranges")
    @classmethod
    def _ranges(cls, value: dict[str, object]) -> dict[str, object]:
        read_ranges(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.metrics and self.directions and len(self.metrics) != len(self.directions):
            raise ValueError(
                f"there are {len(self.metrics)} metrics and {len(self.directions)} directions; give one each"
            )
        if self.min_epochs > self.max_epochs:
            raise ValueError(f"min_epochs {self.min_epochs} is above max_epochs {self.max_epochs}")
        return self

    @property
    def is_multi_fidelity(self) -> bool:
        """Whether trials train for fewer epochs than the whole and go on from checkpoints."""
        return algorithm_class(self.algorithm).multi_fidelity

    @property
    def said_max_recommendations(self) -> bool:
        """Whether the number of trials was asked for, rather than left at its default."""
        return "max_recommendations" in self.model_fields_set

    def losses(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """Return objective values turned so that less is better."""
        if len(values) != len(self.directions) or not all(math.isfinite(v) for v in values):
            raise UsageError(f"A trial must tell {len(self.directions)} finite values, not {values!r}.")
        return tuple(-v if d == "maximize" else v for v, d in zip(values, self.directions, strict=True))


def _listed(value: object) -> object:
    """Split text at commas and blanks; anything else stays as it is."""
    return tuple(w for w in re.split(r"[,\s]+", value.strip()) if w) if isinstance(value, str) else value


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(p) for p in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        model = LLMSettings if first["loc"][0] == "llm" else AutoMLSettings
        near = did_you_mean(str(first["loc"][-1]), tuple(model.model_fields))
        return f"automl.{where} is not a setting of AutoML{near}."
    if not where:
        return f"The AutoML settings do not fit: {said}."
    shown = first.get("input")
    text = repr(shown) if len(repr(shown)) <= 60 else f"{repr(shown)[:57]}..."
    if said.startswith("must"):
        return f"automl.{where} is {text}, but it {said}."
    return f"automl.{where} is {text}: {said[0].lower()}{said[1:]}." if "range" not in said else f"{said}"
