"""Names of parameters as the family's specs know them: for freezing and for groups of learning rates."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from torch import nn

from skillbank_engine.errors import EngineError

# Ours to the family's, longest first. A spec says "backbone.0" or "transformer.encoder".
_FAMILY_NAMES = (
    ("network.model.backbone.conv_encoder.model", "backbone.0"),
    ("network.model.text_backbone", "bert"),
    ("network.model.text_projection", "feat_map"),
    ("network.model.input_proj_vision", "input_proj"),
    ("network.model.decoder.reference_points_head", "transformer.decoder.ref_point_head"),
    ("network.model.encoder_output_class_embed", "transformer.enc_out_class_embed"),
    ("network.model.encoder_output_bbox_embed", "transformer.enc_out_bbox_embed"),
    ("network.model.query_position_embeddings", "transformer.tgt_embed"),
    ("network.model.", "transformer."),
    ("network.", ""),
)


def family_name(name: str) -> str:
    """Give the family's name of one of our parameters."""
    for ours, theirs in _FAMILY_NAMES:
        if name.startswith(ours):
            return theirs + name[len(ours) :]
    return name


def freeze(model: nn.Module, prefixes: Sequence[str]) -> int:
    """Stop training of all parameters whose name (the family's or ours) begins with a prefix.

    Parameters
    ----------
    model : Module
        The detector.
    prefixes : sequence of str
        ``train.freeze``.

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
            p
            for name, p in model.named_parameters()
            if _starts(family_name(name), prefix) or _starts(name, prefix)
        ]
        if not fitting:
            known = sorted(
                {".".join(family_name(name).split(".")[:2]) for name, _ in model.named_parameters()}
            )
            raise EngineError(
                f"train.freeze names '{prefix}', which begins no parameter: use one of {', '.join(known)}"
            )
        for parameter in fitting:
            parameter.requires_grad_(False)
            frozen += parameter.numel()
    return frozen


def standing_still(model: nn.Module) -> list[str]:
    """Give what is not trained, by the shortest family names that begin nothing which is.

    Parameters
    ----------
    model : Module
        The detector.
    """
    moving: set[str] = set()
    still: list[list[str]] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parts = family_name(name).split(".")
            moving.update(".".join(parts[:n]) for n in range(1, len(parts) + 1))
        else:
            still.append(family_name(name).split("."))
    shortest = (
        next(p for p in (".".join(parts[:n]) for n in range(1, len(parts) + 1)) if p not in moving)
        for parts in still
    )
    return list(dict.fromkeys(shortest))


def _starts(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix.rstrip(".") + ".")


def parameter_groups(model: nn.Module, spec: Any) -> list[dict[str, Any]]:
    """Sort what is trained into groups with learning rates of their own.

    Parameters
    ----------
    model : Module
        The detector; parameters that need no gradient are left out.
    spec : pydantic model
        ``train.optim`` and the name lists of the model block.

    Returns
    -------
    list of dict
        Groups for a torch optimiser; ``lr`` is the group's full rate.
    """
    optim = spec.train.optim
    rates = {
        "backbone": optim.lr_backbone,
        "linear_proj": optim.lr * optim.lr_linear_proj_mult,
        "rest": optim.lr,
    }
    groups: dict[str, list[nn.Parameter]] = {name: [] for name in rates}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups[_group(family_name(name), spec.model)].append(parameter)
    return [
        {"params": groups[name], "lr": rate, "name": name} for name, rate in rates.items() if groups[name]
    ]


def _group(name: str, model: Any) -> str:
    if any(_starts(name, prefix) for prefix in model.backbone_names):
        return "backbone"
    if any(part in name.split(".") for part in model.linear_proj_names):
        return "linear_proj"
    return "rest"


def trained(model: nn.Module) -> Iterator[nn.Parameter]:
    """Yield the parameters that are trained."""
    return (parameter for parameter in model.parameters() if parameter.requires_grad)


def count(parameters: Iterable[nn.Parameter]) -> int:
    """Count single numbers."""
    return sum(parameter.numel() for parameter in parameters)
