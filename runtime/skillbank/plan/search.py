"""What a request says about the search itself: ``automl.*`` settings, the metric and its direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from skillbank.automl.settings import AutoMLSettings
from skillbank.errors import UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.plan.draft import Draft
from skillbank.plan.model import Route
from skillbank.plan.paths import MISSING, get_path, set_path
from skillbank.plan.products import SEARCHED
from skillbank.plan.request import Request
from skillbank.ways import option

with lazy_imports():
    from skillbank.automl import space

__all__ = ["search_settings", "take_settings"]

_PREFIX, _RANGES = "automl.", "automl.ranges."


def take_settings(request: Request) -> tuple[Request, dict[str, object]]:
    """Divide a request's settings into those of the spec and those of the search.

    ``automl.ranges.train.optim.lr=[1e-5, 1e-3]`` is the range of one key.
    """
    said: dict[str, Any] = {}
    for setting in request.settings:
        if setting.key == "automl" and isinstance(setting.value, dict):
            said.update(setting.value)
        elif setting.key.startswith(_RANGES):
            said.setdefault("ranges", {})[setting.key.removeprefix(_RANGES)] = setting.value
        elif setting.key.startswith(_PREFIX):
            name = setting.key.removeprefix(_PREFIX)
            if (before := get_path(said, name)) is not MISSING and before != setting.value:
                raise UsageError(
                    f"{setting.key} is set twice, to {before!r} and to {setting.value!r}; keep one."
                )
            set_path(said, name, setting.value)
    if not said:
        return request, {}
    left = tuple(s for s in request.settings if s.key != "automl" and not s.key.startswith(_PREFIX))
    return request.model_copy(update={"settings": left}), said


def search_settings(
    draft: Draft, route: Route, said: dict[str, object], metric: str | None, direction: str | None
) -> dict[str, object] | None:
    """Return what a plan carries for its search; None when it is not searched over.

    Parameters
    ----------
    metric, direction
        The skill's own, which count where the user names none. A direction is never guessed from a name:
        what nobody has said becomes a question.
    """
    if route.name != "automl":
        if draft.action.name == SEARCHED:
            _ask_about_no_search(draft, route, said)
        return None
    settings = AutoMLSettings.read(said)
    if settings.ranges or settings.parameters is not None:
        _check_space(draft, settings)
    _warn_of_patience(draft, settings)
    metrics = settings.metrics or ((metric,) if metric else ())
    if not metrics:
        draft.ask(
            "automl.metric", f"AutoML ranks trials by a metric; give {option('set', 'automl.metric=NAME')}"
        )
    directions: list[str] = list(settings.directions)
    if directions and len(directions) != len(metrics):
        raise UsageError(f"automl.directions names {len(directions)} directions for {len(metrics)} metrics.")
    known = {metric: direction} if metric and direction else {}
    directions = directions or _known_directions(draft, metrics, known)
    document: dict[str, object] = settings.model_dump(mode="json", exclude_unset=True)
    document.pop("directions", None)  # an empty list says nothing
    if len(directions) == len(metrics) > 0:  # else the plan asks, and what nobody has said is no part of it
        document["directions"] = directions
    return {**document, "metrics": list(metrics)}


def _warn_of_patience(draft: Draft, settings: AutoMLSettings) -> None:
    """Say where the patience is as long as the search, which it then never ends."""
    patience, trials = settings.patience, settings.max_recommendations
    if patience is not None and patience >= trials:
        draft.warnings.append(
            f"automl.patience={patience} never ends a search of {trials} trials; it counts trials without a "
            "better one"
        )


def _ask_about_no_search(draft: Draft, route: Route, said: Mapping[str, object]) -> None:
    """Ask where a training is not searched over, and something was said of a search."""
    if draft.request.automl == "on" and not draft.info.automl_enabled:
        draft.ask("automl", f"a search was asked for, and {route.reason}", (f"{option('automl', 'off')}",))
    if said:
        keys = ", ".join(f"automl.{name}" for name in said)
        draft.ask("automl", f"{keys} would have no effect: {route.reason}; leave them out", ())


def _known_directions(draft: Draft, metrics: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return the directions of metrics as far as they are known; ask for the others."""
    for name in metrics:
        if name not in known:
            draft.ask(
                "automl.direction",
                f"whether {name} is better when it is larger or smaller is not known; "
                f"give {option('set', 'automl.direction=maximize')} (or minimize)",
                ("maximize", "minimize"),
            )
    return [known[name] for name in metrics if name in known]


def _check_space(draft: Draft, settings: AutoMLSettings) -> None:
    """Refuse keys and ranges that cannot be searched when they are said, not when the search starts."""
    own = [key for key in draft.builder.set_by_user if key not in settings.ranges]
    space.space_from_schema(
        draft.schema, draft.builder.spec, parameters=settings.parameters, ranges=settings.ranges, fixed=own
    )
