"""What the engine chooses for a training where the spec says nothing: values faster than the defaults.

A key that stands in the spec, or on the command line, is what somebody wants, also where it repeats the
family's default.  Templates leave out the keys that are chosen.
"""

from collections.abc import Mapping

from pydantic import BaseModel

from skillbank_engine.config.specs import Specs, SpecT

ACTIVATIONS = "train.activation_checkpoint"


def said(spec: BaseModel, key: str) -> bool:
    """Whether a spec that was read from a document holds a dotted key."""
    node: object = spec
    for step in key.split("."):
        if not isinstance(node, BaseModel) or step not in node.model_fields_set:
            return False
        node = getattr(node, step)
    return True


def choose(
    specs: Specs[SpecT], spec: SpecT, action: str, read: SpecT, *, repeats: bool
) -> tuple[SpecT, Mapping[str, object]]:
    """Put the family's choices (`Specs.chosen`) where a spec leaves them open.

    Parameters
    ----------
    specs : Specs
        The family's.
    spec : pydantic model
        Of a training, profile applied; left as it is.
    action : str
        Its action.
    read : pydantic model
        The same as it was read, which still tells what stood in the document.
    repeats : bool
        Whether a process can go back to the start of a step when its memory runs out.  Where others wait for
        it within the step it cannot, and whether activations are kept is left to the family's default.

    Returns
    -------
    spec : pydantic model
        A checked copy; ``engine.memory`` is "spec" where activations are not for the engine to choose.
    changed : dict
        Dotted key to value of what was chosen.
    """
    values = spec.model_dump()
    changed: dict[str, object] = {}
    for key, value in specs.chosen.items():
        *blocks, name = key.split(".")
        block = values
        for step in blocks:
            block = block[step]
        if key == ACTIVATIONS and (said(read, key) or not repeats or spec.engine.memory == "spec"):
            values["engine"]["memory"] = "spec"
        elif not said(read, key) and block[name] != value:
            block[name] = changed[key] = value
    return specs.by_action[action].model_validate(values), changed
