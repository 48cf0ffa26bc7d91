"""Telling numbers from what overflowed: gradients, weights and optimiser states that are all finite."""

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from skillbank_engine.parameters import NameOf, same_name
from skillbank_engine.training.replicas import whole


def first_not_finite(values: object, name: str = "") -> str | None:
    """Find what holds a number that is none.

    Parameters
    ----------
    values : object
        Tensors in mappings and lists, as deep as one likes; whatever is no tensor of floats counts as sound.
    name : str
        What the names found begin with.

    Returns
    -------
    str or None
        The dotted name of the first tensor with an infinite or undefined number; None when all are finite.
    """
    if isinstance(values, Tensor):
        return None if not values.is_floating_point() or bool(values.isfinite().all()) else name
    pairs: Iterable[tuple[object, object]] = ()
    if isinstance(values, Mapping):
        pairs = values.items()
    elif isinstance(values, list | tuple):
        pairs = enumerate(values)
    found = (first_not_finite(value, f"{name}.{key}" if name else str(key)) for key, value in pairs)
    return next((place for place in found if place is not None), None)


def describe_overflow(model: nn.Module, name_of: NameOf = same_name) -> str:
    """Say where gradients stopped being numbers, by the family's names; all processes must ask alike.

    The way back goes from the losses to the pixels, and what is not finite spoils all that it still meets:
    of the parameters concerned, the one nearest to the losses is where it began.
    """
    broken: list[tuple[str, str]] = []
    largest, where, total = -1.0, "", 0
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        total += 1
        gradient: Tensor = whole(parameter.grad)
        if not bool(gradient.isfinite().all()):
            broken.append((name, "nan" if bool(gradient.isnan().any()) else "inf"))
        elif (size := float(gradient.abs().max())) > largest:
            largest, where = size, name
    if not broken:
        # All are numbers, but their squares add up to more than a float holds.
        return f"{largest:.1e} in {name_of(where)}, too large to add up"
    name, value = broken[-1]
    return f"{value} in {name_of(name)} first, and in {len(broken)} of {total} parameters in the end"
