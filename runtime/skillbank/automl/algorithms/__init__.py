"""Search algorithms, one module for each family; `make_algorithm` gives the one that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from skillbank.automl.algorithms.base import Algorithm, FullTraining
from skillbank.automl.algorithms.trial import Outcome, Recommendation, Slot
from skillbank.errors import UsageError
from skillbank.plugins import Group, guarded, offer
from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.automl.settings import AutoMLSettings
    from skillbank.automl.space import SearchSpace

__all__ = [
    "Algorithm",
    "FullTraining",
    "Outcome",
    "Recommendation",
    "Slot",
    "algorithm_class",
    "make_algorithm",
]


def algorithm_class(name: str) -> type[Algorithm]:
    """Return the class of an algorithm; its module is imported only now."""
    found = offer(Group.AUTOML_ALGORITHMS, name)
    if found is None:
        raise UsageError(f"There is no algorithm '{one_line(name, 60)}'.")

    def fits(made: object) -> bool:
        return isinstance(made, type) and issubclass(made, Algorithm)

    kind: type[Algorithm] = found.load(fits, "a subclass of skillbank.automl.algorithms.Algorithm")
    return kind


def make_algorithm(
    space: SearchSpace, settings: AutoMLSettings, defaults: Mapping[str, object] | None = None
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
    PluginError
        When it is a package's, and cannot be loaded or made.
    """
    kind = algorithm_class(settings.algorithm)
    found = offer(Group.AUTOML_ALGORITHMS, settings.algorithm)
    assert found is not None
    with guarded(found):
        return kind(space, settings, space.defaults if defaults is None else defaults)
