"""Names of parameters as the family's specs know them, and groups of learning rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from skillbank_engine.parameters import renamed, starts

if TYPE_CHECKING:
    from skillbank_engine.families.grounding_dino.config.experiment import ExperimentSpec
    from skillbank_engine.families.grounding_dino.config.model import ModelConfig

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
    return renamed(name, _FAMILY_NAMES)


def parameter_groups(model: nn.Module, spec: ExperimentSpec) -> list[dict[str, Any]]:
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


def _group(name: str, model: ModelConfig) -> str:
    if any(starts(name, prefix) for prefix in model.backbone_names):
        return "backbone"
    if any(part in name.split(".") for part in model.linear_proj_names):
        return "linear_proj"
    return "rest"
