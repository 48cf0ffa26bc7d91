"""What words leave open of a step: what its places are for, and which field takes a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from skillbank.bank.actions import Action
from skillbank.plan.inference import field_accepts
from skillbank.plan.model import is_hub_name
from skillbank.plan.products import product_in
from skillbank.plan.reader.data import rows_of
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import Place, is_model_file, role_of_path
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.variants import action_of
from skillbank.plan.reader.wording import is_regular_past

__all__ = ["file_key", "lend_data", "settle_places"]


def settle_places(
    text: Text, step: Step, action: Action | None, is_model: Callable[[str], bool | None]
) -> None:
    """Give places without a role one: the model that a step reads, what it writes, where it writes to.

    Parameters
    ----------
    is_model
        Whether a folder here holds a saved model; None where there is no such folder.
    """
    if action is not None and _outputs(action):
        _name_outputs(text, step)
    reads = rows_of(step, action)
    loose = [c for c in step.of("place") if c.value.role in (None, "weights")]
    for claim in loose:
        before = {text.tokens[k].text for k in range(max(0, claim.first - 2), claim.last)}
        told = text.holds(claim.tokens, "places.weights.before")
        data = text.holds(claim.tokens, "places.data.nouns") and claim.value.role is None
        if data and not told and "into" not in before:
            continue
        role = (
            _role_of_file(action, claim.value, before, told, file=is_model_file(text, claim.value.uri))
            if not reads
            else _role_beside_data(text, step, claim, before, is_model)
        )
        if role == _UNCLEAR:
            text.ledger.replace(claim, "unread")
            step.claims.remove(claim)
        elif role != claim.value.role:
            _give(text, step, claim, role)


def _name_outputs(text: Text, step: Step) -> None:
    """Read "save it to out/model.onnx" as the file that is written."""
    for claim in step.of("place"):
        if claim.value.role == "results" and is_model_file(text, claim.value.uri):
            _give(text, step, claim, "output")


def _give(text: Text, step: Step, claim: Claim, role: str | None) -> None:
    made = text.ledger.replace(claim, "place", replace(claim.value, role=role))
    step.claims = [c for c in step.claims if c is not claim] + [made]


def lend_data(text: Text, steps: Sequence[Step]) -> None:
    """Give data said behind a step that reads none ("then export it, images in X") to the one before it."""
    reading = [s for s in steps if rows_of(s, action_of(s, False))]
    for step in steps:
        before = [
            s for s in reading if s.at < step.at and not any(c.value.role is None for c in s.of("place"))
        ]
        for claim in step.of("place") if step not in reading and before else ():
            if claim.value.role is None:
                step.claims.remove(claim)
                before[-1].claims.append(claim)


def _role_of_file(
    action: Action | None, place: Place, before: set[str], told: bool, *, file: bool
) -> str | None:
    """Return what a place is to an action that reads no data: its model, its product, or where results go."""
    target = bool(before & {"to", "into", "as", "under"}) and not before & {"from", "of", "using", "with"}
    if not file:
        return (
            "results"
            if target or "in" in before
            else "weights"
            if told or before & {"from", "of", "using"}
            else place.role
        )
    product = product_in(place.uri)
    takes = {
        field_accepts(k) for k, f in (action.spec_params if action else {}).items() if f == "parent_model"
    }
    return "output" if target or (takes and product not in takes and not told) else "weights"


_UNCLEAR = "unclear"
"""What a place is for that may be a model on the hub as well as data: it is asked about."""
_ON = frozenset(["on", "over", "in", "at", "under", "of", "against", "data", "dataset", "images", "pictures"])
"""What leads to data and to no model."""
_JOINED = frozenset(["together", "along", "combined", "mixed", "merged", "joined", "jointly"])


def _role_beside_data(
    text: Text, step: Step, claim: Claim, before: set[str], is_model: Callable[[str], bool | None]
) -> str | None:
    others = [c for c in step.of("place") if c is not claim and c.value.role != "results"]
    if claim.value.role is None and before & {"from", "with", "using"} and others:
        here = is_model(claim.value.uri)
        role = "weights" if here else _role_on_hub(text, claim, others) if here is None else None
        if role is not None:
            return role
    if claim.value.role is None and "into" in before and not claim.value.told:
        return "results"
    return None if claim.value.role is None else str(claim.value.role)


def _role_on_hub(text: Text, claim: Claim, others: Sequence[Claim]) -> str | None:
    """Return what is meant by a place that may be a name on the hub, beside others: "with OWNER/NAME on X".

    A model is one beside data that has a word of its own; else nobody can tell.
    """
    if not _may_be_on_hub(text, claim.value.uri, others):
        return None
    place = _place_of(text, claim)
    lead = next((k for k in range(place - 1, max(-1, place - 4), -1) if text.word(k) in _LEADS), place)
    if text.word(lead - 1) in _JOINED:
        return None
    if text.within(lead - 1, "places.data.put") or is_regular_past(text.word(lead - 1)):
        return _UNCLEAR  # "labelled with X"
    led = any(c.value.role == "train_datasets" or text.word(_place_of(text, c) - 1) in _ON for c in others)
    return "weights" if led or text.word(lead) == "from" else _UNCLEAR


def _may_be_on_hub(text: Text, uri: str, others: Sequence[Claim]) -> bool:
    """Whether a place may be a model: not where it is the data, by its name or since nothing else is.

    What lies beside another place ("with team/a and team/b") is what that is.
    """
    folder = uri.partition("/")[0].lower()
    beside = any(c.value.uri.lower().startswith(f"{folder}/") for c in others)
    named = text.lexicon.has(folder, "places.data.nouns") or role_of_path(text, uri) is not None
    data = any(c.value.role not in _NO_DATA for c in others)
    return is_hub_name(uri) and data and not named and not beside


_NO_DATA = frozenset(["weights", "resume", "backbone", "eval_dataset"])
"""Roles of places that leave open what a step is done on."""
_LEADS = ("from", "with", "using")


def _place_of(text: Text, claim: Claim) -> int:
    """Return the token of a claim that is its place."""
    return next((k for k in claim.tokens if text.kind(k) == "place"), claim.first)


def file_key(action: Action, place: Place) -> str | None:
    """Return the action's field for a file of weights; None for the pretrained model of a training."""
    if place.role in _BY_ROLE:
        return next(iter(_BY_ROLE[place.role](action)), None)
    models = _filled(action, lambda key, name: name == "parent_model")
    product = product_in(place.uri)
    return next((k for k in models if field_accepts(k) == product), models[0] if models else None)


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
