"""Files of models in a request: which field of an action takes them."""

from __future__ import annotations

from skillbank.bank.actions import Action
from skillbank.plan.inference import field_accepts
from skillbank.plan.products import product_in
from skillbank.plan.reader.place import Place

__all__ = ["file_key"]


def file_key(action: Action, place: Place) -> str | None:
    """Return the action's field for a file of weights; None for the pretrained model of a training."""
    functions = {k: f for k, f in action.spec_params.items() if isinstance(f, str)}
    if place.role == "output":
        return next((k for k, f in functions.items() if f.startswith("create_")), None)
    if place.role == "labels":
        return next((s.key for s in action.data_sources if "classmap" in s.key or "label_map" in s.key), None)
    if place.role == "resume":
        fields = [k for k, f in functions.items() if f.startswith("resume_model")]
        return fields[0] if fields else action.shorthands.get("resume_checkpoint")
    if place.role == "backbone":
        return next((k for k, f in functions.items() if "ptm" in f and "backbone" in k), None)
    models = [k for k, f in functions.items() if f == "parent_model"]
    product = product_in(place.uri)
    return next((k for k in models if field_accepts(k) == product), models[0] if models else None)
