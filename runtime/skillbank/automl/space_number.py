"""A number that is searched: the ends of its range, its scale and its steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from skillbank.automl.parameters import Kind, Parameter
from skillbank.automl.parameters_meaning import Meaning, meaning_of
from skillbank.automl.space_ranges import Range
from skillbank.bank.limits import Bound, Limits, is_number, shown
from skillbank.errors import SpecError

__all__ = ["Number", "ordered_choices"]

_WIDE = 1000
"""From this ratio of its ends on, a range of positive integers is searched on a logarithmic scale."""
_GRID = 4096
"""So many multiples or powers of a number are listed one by one."""


@dataclass(frozen=True)
class Number:
    """A number that is to be searched: what its schema, its default, its name and the user say of it.

    A user who says nothing has said a `Range` of nothing.
    """

    key: str
    words: Mapping[str, object]
    default: object
    whole: bool
    user: Range
    limits: Limits

    @cached_property
    def meaning(self) -> Meaning:
        """What the name means."""
        return meaning_of(self.key)

    @property
    def start(self) -> float | None:
        """The default, where it is a number to search around."""
        default = self.default
        return float(default) if is_number(default) and math.isfinite(default) else None

    def parameter(self) -> Parameter:
        """Return the parameter."""
        scale = self._scale()
        low, high, floor, ceiling = self._range(bool(scale))
        log = self.whole and low >= 1 and high / low >= _WIDE if scale is None else scale
        if log and low <= 0:
            low, log = self._above_zero(low, high)
        parameter = Parameter(
            self.key, Kind.INTEGER if self.whole else Kind.FLOAT, self.default, low, high, floor, ceiling,
            bool(log), self._step() if self.whole else 1,
            forbidden=tuple(f for f in self.limits.forbidden if low <= f <= high),
        )  # fmt: skip
        if self._has_grid():
            ordered = ordered_choices(self.key, self._grid(low, high), None, self.default)
            return replace(ordered, floor=floor, ceiling=ceiling)
        lost = [f for f in parameter.forbidden if not self.whole or f % parameter.step == 0]
        if parameter.size - len(lost) < 1:
            wanted = _wanted(parameter, lost)
            raise SpecError(f"The range of {self.key} ({low:g} to {high:g}) holds no {wanted}.")
        return parameter

    def _scale(self) -> bool | None:
        """Return whether it is logarithmic: the user's, the schema's, the name's; None asks the range."""
        if self.user.log is not None:
            return self.user.log
        scale = self.words.get("automl_scale")
        if scale is not None:
            return str(scale).lower() == "log"
        return True if self.meaning.log else None

    def _range(self, log: bool) -> tuple[float, float, Bound, Bound]:
        """Return the ends that are searched, and the limits that hold for them.

        What a user says may go wherever the schema lets it; only our own ends keep to what the name suggests.
        """
        user, limits = self.user, self.limits
        habit = limits.within(self.meaning.floor, self.meaning.ceiling)
        low, high = self._ends(habit, log)
        floor, ceiling = habit.low, habit.high
        if user.low is not None:
            _check_end(self.key, user.low, limits, self.whole)
            low, floor = float(user.low), limits.low
        if user.high is not None:
            _check_end(self.key, user.high, limits, self.whole)
            high, ceiling = float(user.high), limits.high
        if low is None or high is None:
            raise SpecError(
                f"{self.key} has no upper and lower bound that could be searched; give them: "
                f"automl.ranges.{self.key}=[low, high]."
            )
        if low > high:
            raise SpecError(f"The range of {self.key} is empty: its low {low:g} is above its high {high:g}.")
        low, high = _closed(low, high, floor, ceiling, self.whole)
        if low > high:
            raise SpecError(f"The range of {self.key} holds no whole number that the schema allows.")
        return low, high, floor, ceiling

    def _ends(self, limits: Limits, log: bool) -> tuple[float | None, float | None]:
        """Return where a search is worthwhile inside the limits; None where nothing says."""
        floor, ceiling = limits.low[0], limits.high[0]
        low, high = floor, ceiling
        bounded = math.isfinite(low) and math.isfinite(high) and not (log and low <= 0)
        if not bounded or self.meaning.typical:
            near, far = self._neighbourhood(log)
            low, high = max(low, near), min(high, far)
        lowest, highest = self.words.get("automl_minimum"), self.words.get("automl_maximum")
        if is_number(lowest):
            low = max(float(lowest), floor)
        if is_number(highest):
            high = min(float(highest), ceiling)
        return (low if math.isfinite(low) else None), (high if math.isfinite(high) else None)

    def _neighbourhood(self, log: bool) -> tuple[float, float]:
        """Return what is typical of the name, or lies around the default; all numbers where nothing says."""
        meaning, start = self.meaning, self.start
        if meaning.typical and (start is None or meaning.typical[0] <= start <= meaning.typical[1]):
            return meaning.typical
        if start is not None and start > 0:
            near, far = _short(start / meaning.around), _short(start * meaning.around)
            return (math.floor(near), math.ceil(far)) if self.whole else (near, far)
        if start is not None and start < 0 and not log:
            return start * meaning.around, start / meaning.around
        return -math.inf, math.inf

    def _above_zero(self, low: float, high: float) -> tuple[float, bool]:
        """Return a low end above 0 for a logarithmic range, or the range's own and that it is linear."""
        if self.user.log:
            raise SpecError(
                f"The range of {self.key} starts at {low:g}, but a logarithmic one starts above 0."
            )
        meaning, start = self.meaning, self.start
        if self.user.low is not None or high <= 0:
            return low, False
        if meaning.typical:
            return min(meaning.typical[0], high / 10), True
        return (start / meaning.around if start and 0 < start <= high else high / meaning.around**2), True

    def _step(self) -> int:
        own, factor = self.user.step or 1, self.limits.multiple
        return math.lcm(own, int(factor)) if factor and factor.is_integer() else own

    def _has_grid(self) -> bool:
        """Whether its values are powers, or multiples of a number that no step of whole numbers is."""
        multiple = self.limits.multiple
        return bool(self.limits.power or (multiple and not (self.whole and multiple.is_integer())))

    def _grid(self, low: float, high: float) -> Sequence[float]:
        """Return the values of a range that are powers, or multiples of a fraction."""
        power, step = self.limits.power, self.limits.multiple or 1.0
        what = f"power of {power}" if power else f"multiple of {shown(step)}"
        if power:
            found = [float(power**i) for i in range(64) if low <= power**i <= high]
        elif (high - low) / step > _GRID:
            raise SpecError(
                f"{self.key} has too many values that are a {what}; give a smaller range or choices."
            )
        else:
            found = _multiples(step, low, high)
        kept = [v for v in found if self.limits.why_not(v) is None and (not self.whole or v == int(v))]
        if not kept:
            raise SpecError(f"The range of {self.key} holds no {what}.")
        return [int(v) for v in kept] if self.whole else kept


def ordered_choices(
    key: str, options: Sequence[float], weights: tuple[float, ...] | None, default: object
) -> Parameter:
    """Return a parameter over some numbers, in their order; what has no weight is left out."""
    pairs = sorted(zip(options, weights or (1.0,) * len(options), strict=True), key=lambda p: float(p[0]))
    choices = tuple(o for o, w in pairs if w > 0)
    shares = tuple(w for _, w in pairs if w > 0)
    return Parameter(
        key, Kind.ORDERED, default, low=float(choices[0]), high=float(choices[-1]), choices=choices,
        weights=shares if weights else (),
    )  # fmt: skip


def _multiples(step: float, low: float, high: float) -> list[float]:
    """Return the multiples of a number from one end to the other.

    An end is a multiple as any value is: up to rounding, and never because zero is near.
    """
    around = (i * step for i in range(math.floor(low / step), math.ceil(high / step) + 1))
    return [v for v in around if low <= v <= high or math.isclose(v, low) or math.isclose(v, high)]


def _wanted(parameter: Parameter, lost: list[float]) -> str:
    return f"value but {', '.join(map(shown, lost))}" if lost else f"multiple of {parameter.step}"


def _short(value: float) -> float:
    """Return a derived end with few digits, as a person would have written it."""
    return float(f"{value:.3g}")


def _closed(low: float, high: float, floor: Bound, ceiling: Bound, whole: bool) -> tuple[float, float]:
    """Return ends that belong to the range: an open limit is left by one, or by a thousandth of the range."""
    if whole:
        low, high = float(math.ceil(low)), float(math.floor(high))
        low += 1 if floor[1] and low <= floor[0] else 0
        high -= 1 if ceiling[1] and high >= ceiling[0] else 0
        return low, high
    gap = (high - low) / 1000
    return (low + gap if floor[1] and low <= floor[0] else low), (
        high - gap if ceiling[1] and high >= ceiling[0] else high
    )


def _check_end(key: str, end: float, limits: Limits, whole: bool) -> None:
    """Refuse an end of a user's range that a user's value could not have either."""
    where = f"The range of {key} reaches {shown(end)}, but"
    if not math.isfinite(end):
        raise SpecError(f"{where} a range has finite ends.")
    rule = limits.why_beyond(end)
    if rule is not None:
        raise SpecError(f"{where} it {rule}.")
    if whole and end != int(end):
        raise SpecError(f"{where} its values are whole numbers.")
