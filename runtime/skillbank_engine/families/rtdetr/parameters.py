"""Names of parameters as the family's specs know them, and groups of learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from skillbank_engine.parameters import renamed, starts

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec

# Ours to the family's, longest first: a spec says "backbone.0", "encoder" or "decoder".
_FAMILY_NAMES = (
    ("network.backbone.model", "backbone.0"),
    ("network.", ""),
)


def family_name(name: str) -> str:
    """Give the family's name of one of our parameters."""
    return renamed(name, _FAMILY_NAMES)


def parameter_groups(module: nn.Module, spec: ExperimentSpec) -> list[dict[str, object]]:
    """Sort what is trained into backbone and rest.

    Parameters
    ----------
    module : Module
        The detector; parameters that need no gradient are left out.
    spec : pydantic model
        ``train.optim`` and ``model.backbone_names``.
    """
    optim, prefixes = spec.train.optim, spec.model.backbone_names
    groups: dict[str, list[nn.Parameter]] = {"backbone": [], "rest": []}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            below = any(starts(family_name(name), prefix) or starts(name, prefix) for prefix in prefixes)
            groups["backbone" if below else "rest"].append(parameter)
    rates = {"backbone": optim.lr_backbone, "rest": optim.lr}
    return [
        {"params": groups[name], "lr": rate, "name": name} for name, rate in rates.items() if groups[name]
    ]
