"""The search space as Optuna sees it: its questions, and how answers become a valid configuration.

A range that other values move is asked for as a share of itself, 0 to 1, so that Optuna's distributions
never change while the ranges do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from skillbank.automl.parameters import Kind, Parameter

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial

    from skillbank.automl.space_points import SearchSpace

__all__ = ["optuna_params", "suggest"]

Values = Mapping[str, object]
SHARE = "@share"
"""Ends the name under which Optuna sees a range that other values move: the share of it, 0 to 1."""


def suggest(space: SearchSpace, trial: BaseTrial) -> dict[str, object]:
    """Ask an Optuna trial for a valid configuration."""
    values: dict[str, object] = {}
    for parameter in space.parameters:
        if space.counts(parameter, values):
            asked = [_put(trial, name, question) for name, question in _questions(parameter)]
            values[parameter.name] = _answered(space, parameter, asked, values)
    return values


def optuna_params(
    space: SearchSpace, values: Values
) -> tuple[dict[str, object], dict[str, BaseDistribution]]:
    """Return parameters and distributions with which Optuna would have suggested a configuration.

    A value outside of its range (the spec's own may be) is told as the nearest one inside.
    """
    params: dict[str, object] = {}
    distributions: dict[str, BaseDistribution] = {}
    for parameter in space.parameters:
        if parameter.name not in values:
            continue
        bounds = space.narrowed(parameter, values) if parameter.relations else ()
        position = parameter.encode(values[parameter.name], *bounds)
        inside = parameter.decode(position, *bounds)
        for i, (name, distribution) in enumerate(_questions(parameter)):
            distributions[name] = distribution
            params[name] = position[i] if name.endswith(SHARE) else inside
    return params, distributions


def _questions(parameter: Parameter) -> list[tuple[str, BaseDistribution]]:
    """Return the names and distributions under which Optuna knows one parameter."""
    name = parameter.name
    if parameter.kind is Kind.LIST:
        return [(f"{name}[{i}]{SHARE}", FloatDistribution(0.0, 1.0)) for i in range(parameter.dimensions)]
    if parameter.relations or parameter.forbidden:
        return [(f"{name}{SHARE}", FloatDistribution(0.0, 1.0))]
    if parameter.kind is Kind.FLOAT:
        return [(name, FloatDistribution(parameter.low, parameter.high, log=parameter.log))]
    if parameter.kind is Kind.INTEGER:
        step = parameter.step
        first, last = math.ceil(parameter.low / step) * step, math.floor(parameter.high / step) * step
        if parameter.log and step == 1 and first >= 1:
            return [(name, IntDistribution(first, last, log=True))]
        return [(name, IntDistribution(first, last, step=step))]
    if parameter.kind is Kind.ORDERED or not all(_is_plain(c) for c in parameter.choices):
        return [(f"{name}{SHARE}", FloatDistribution(0.0, 1.0))]
    return [(name, CategoricalDistribution(parameter.choices))]


def _answered(space: SearchSpace, parameter: Parameter, asked: list[Any], values: Values) -> object:
    """Turn Optuna's answers into a parameter's value."""
    if not _questions(parameter)[0][0].endswith(SHARE):
        if parameter.kind is Kind.FLOAT:
            # The answer gets the few digits that every suggestion has.
            return parameter.decode(parameter.encode(asked[0]))
        return asked[0]
    bounds = space.narrowed(parameter, values) if parameter.relations else ()
    return parameter.decode(asked, *bounds)


def _put(trial: BaseTrial, name: str, question: BaseDistribution) -> object:
    """Ask an Optuna trial one question."""
    if isinstance(question, FloatDistribution):
        return trial.suggest_float(name, question.low, question.high, log=question.log)
    if isinstance(question, IntDistribution):
        return trial.suggest_int(name, question.low, question.high, step=question.step, log=question.log)
    assert isinstance(question, CategoricalDistribution)
    return trial.suggest_categorical(name, question.choices)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
