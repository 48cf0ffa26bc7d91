"""Files of models in a request: which field of an action takes them."""

from __future__ import annotations

from collections.abc import Callable

from skillbank.bank.actions import Action
from skillbank.plan.inference import field_accepts
from skillbank.plan.products import product_in
from skillbank.plan.reader.place import Place

__all__ = ["file_key", "writes_a_file"]


def file_key(action: Action, place: Place) -> str | None:
    """Return the action's field for a file of weights; None for the pretrained model of a training."""
    if place.role in _BY_ROLE:
        return next(iter(_BY_ROLE[place.role](action)), None)
    models = _filled(action, lambda key, name: name == "parent_model")
    product = product_in(place.uri)
    return next((k for k in models if field_accepts(k) == product), models[0] if models else None)


def writes_a_file(action: Action | None) -> bool:
    """Whether an action has a field for the file that it writes."""
    return action is not None and bool(_outputs(action))


def _filled(action: Action, fits: Callable[[str, str], bool]) -> list[str]:
    """Return the fields of an action that a function of the skill fills: those whose key and function fit."""
    return [key for key, name in action.spec_params.items() if isinstance(name, str) and fits(key, name)]


def _outputs(action: Action) -> list[str]:
    return _filled(action, lambda key, name: name.startswith("create_"))


def _labels(action: Action) -> list[str]:
    return [s.key for s in action.data_sources if "classmap" in s.key or "label_map" in s.key]


def _resumed(action: Action) -> list[str]:
    shorthand = action.shorthands.get("resume_checkpoint")
    own = _filled(action, lambda key, name: name.startswith("resume_model"))
    return own or ([shorthand] if shorthand else [])


def _backbones(action: Action) -> list[str]:
    return _filled(action, lambda key, name: "ptm" in name and "backbone" in key)


_BY_ROLE = {"output": _outputs, "labels": _labels, "resume": _resumed, "backbone": _backbones}
"""By what a file is for: the fields that take it; of all others it is the model to work with."""
