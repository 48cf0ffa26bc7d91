"""Which parameters are trained: freezing by the names that a family's specs use."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from torch import nn

from skillbank_engine.errors import EngineError

NameOf = Callable[[str], str]
"""From our name of a parameter to the family's."""


def same_name(name: str) -> str:
    """Give the family's name where it is ours."""
    return name


def renamed(name: str, names: Sequence[tuple[str, str]]) -> str:
    """Give the family's name of one of our parameters.

    Parameters
    ----------
    names : sequence of (str, str)
        How ours begin and how the family's do, longest first.
    """
    for ours, theirs in names:
        if name.startswith(ours):
            return theirs + name[len(ours) :]
    return name


def freeze(model: nn.Module, prefixes: Sequence[str], name_of: NameOf = same_name) -> int:
    """Stop training of all parameters whose name (the family's or ours) begins with a prefix.

    Parameters
    ----------
    model : Module
        Being trained.
    prefixes : sequence of str
        ``train.freeze``.
    name_of : callable
        The family's names.

    Returns
    -------
    int
        How many parameters stand still.

    Raises
    ------
    EngineError
        A prefix that fits no parameter.
    """
    frozen = 0
    for prefix in prefixes:
        fitting = [
            p for name, p in model.named_parameters() if starts(name_of(name), prefix) or starts(name, prefix)
        ]
        if not fitting:
            known = sorted({".".join(name_of(name).split(".")[:2]) for name, _ in model.named_parameters()})
            raise EngineError(
                f"train.freeze names '{prefix}', which begins no parameter: use one of {', '.join(known)}"
            )
        for parameter in fitting:
            parameter.requires_grad_(False)
            frozen += parameter.numel()
    return frozen


def standing_still(model: nn.Module, name_of: NameOf = same_name) -> list[str]:
    """Give what is not trained, by the shortest family names that begin nothing which is.

    Parameters
    ----------
    model : Module
        Being trained.
    name_of : callable
        The family's names.
    """
    moving: set[str] = set()
    still: list[list[str]] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parts = name_of(name).split(".")
            moving.update(".".join(parts[:n]) for n in range(1, len(parts) + 1))
        else:
            still.append(name_of(name).split("."))
    shortest = (
        next(p for p in (".".join(parts[:n]) for n in range(1, len(parts) + 1)) if p not in moving)
        for parts in still
    )
    return list(dict.fromkeys(shortest))


def starts(name: str, prefix: str) -> bool:
    """Whether a dotted name begins with a dotted prefix."""
    return name == prefix or name.startswith(prefix.rstrip(".") + ".")


def trained(model: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the parameters that are trained."""
    return (parameter for parameter in model.parameters() if parameter.requires_grad)


def count(parameters: Iterable[nn.Parameter]) -> int:
    """Count single numbers."""
    return sum(parameter.numel() for parameter in parameters)
