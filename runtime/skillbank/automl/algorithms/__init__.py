"""Search algorithms, one module for each family; `make_algorithm` gives the one that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from skillbank.automl.algorithms.base import Algorithm
from skillbank.automl.algorithms.trial import Outcome, Recommendation

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace

__all__ = ["Algorithm", "Outcome", "Recommendation", "make_algorithm"]

_CLASSES = {
    "bayesian": "bayesian:Bayesian",
    "bfbo": "bfbo:BFBO",
    "hyperband": "hyperband:Hyperband",
    "hyperband_es": "hyperband:HyperbandES",
    "asha": "asha:ASHA",
    "bohb": "hyperband:BOHB",
    "dehb": "dehb:DEHB",
    "pbt": "pbt:PBT",
    "llm": "llm:LLM",
    "hybrid": "llm:Hybrid",
    "autoresearch": "llm:Autoresearch",
    "random": "plain:Random",
    "grid": "plain:Grid",
    "tpe": "tpe:TPE",
    "cmaes": "cmaes:CMAES",
}


def make_algorithm(
    space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, Any] | None = None
) -> Algorithm:
    """Return the algorithm that the settings name, at its beginning.

    Parameters
    ----------
    space
        What is searched.
    settings
        With one direction for each objective.
    defaults
        Values of trial 0; None takes the spec's own (`SearchSpace.defaults`).

    Raises
    ------
    UsageError
        When the settings name no direction, or the algorithm cannot do what they ask.
    """
    module, _, name = _CLASSES[settings.algorithm].partition(":")
    kind: type[Algorithm] = getattr(import_module(f"{__name__}.{module}"), name)
    return kind(space, settings, space.defaults if defaults is None else defaults)
