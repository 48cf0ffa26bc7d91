"""The recipe of the small model that learns on a laptop, and when the full one is meant."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from skillbank_engine.config.named import NOTHING, Named, describes_network
from skillbank_engine.config.specs import Recipe

if TYPE_CHECKING:
    from skillbank_engine.families.grounding_dino.config.experiment import ExperimentSpec

SMALL: dict[str, object] = {
    "model.num_queries": 30,
    "model.num_select": 100,
    "model.num_feature_levels": 2,
    "model.return_interm_indices": [1, 2],
    "model.nheads": 4,
    "model.hidden_dim": 64,
    "model.enc_layers": 1,
    "model.dec_layers": 2,
    "model.dim_feedforward": 128,
    "model.enc_n_points": 2,
    "model.log_scale": "auto",
    "model.class_embed_bias": True,
    "dataset.batch_size": 8,
    "dataset.workers": 0,
    "train.clip_grad_norm": 1.0,
    "train.activation_checkpoint": False,
    "train.optim.lr": 1.5e-3,
    "train.optim.lr_backbone": 1.5e-3,
    "train.optim.lr_linear_proj_mult": 1.0,
    "engine.backbone": "mini",
    "engine.text_encoder": "mini",
    "engine.image_size": 128,
    "engine.fusion_scale": 0.3,
    "engine.fusion_droppath": 0.0,
    "engine.denoising_groups": 3,
    "engine.lr_scheduler": "cosine",
    "engine.warmup_steps": 100,
}
"""Dotted key to value of the recipe that learns on two processor cores."""

SMALL_THRESHOLD = 0.3
"""Takes the place of ``inference.conf_threshold``'s default: minutes of training leave a model modest."""

TRAINED_WITH = (
    "image_size",
    "backbone",
    "backbone_channels",
    "text_encoder",
    "text_hidden",
    "text_layers",
    "text_heads",
    "text_ffn",
    "fusion_scale",
    "denoising_groups",
)
"""What weights were trained with in the ``engine`` block, beside the model block and the profile."""

_STRUCTURE = (
    "backbone",
    "hidden_dim",
    "nheads",
    "enc_layers",
    "dec_layers",
    "dim_feedforward",
    "text_encoder_type",
    "pretrained_backbone_path",
)


def wants_full(spec: "ExperimentSpec", named: Named = NOTHING) -> bool:
    """Say whether a spec means the full-size model: weights, or a network.

    A mini part in the network says the opposite.
    """
    if spec.train.pretrained_model_path:
        return True
    if "mini" in (spec.engine.backbone, spec.engine.text_encoder):
        return False
    return describes_network(spec.model, _STRUCTURE, named)


def first_values(spec: "ExperimentSpec") -> Mapping[str, object]:
    """Let a model that starts from random numbers begin by saying "nothing here", and change slowly at first.

    The head of the released models is the plain product of queries and tokens.  Of random features its logits
    are in the tens, both ways, for every query and token: a first loss of a million.  Divided by twice the
    root of the width and shifted to a probability of 0.01 they leave most of the first loss to the boxes.
    Then the first steps all go one way, that of higher logits: at the full learning rate they overshoot, and
    the loss is several times what it was before.

    Parameters
    ----------
    spec : ExperimentSpec
        A train spec, profile applied.

    Returns
    -------
    mapping
        Dotted key to value; empty for a model that weights are named for.
    """
    if spec.train.pretrained_model_path:
        return {}
    start = -math.log(2 * math.sqrt(spec.model.hidden_dim))
    return {
        "model.log_scale": f"{start:.2f}",
        "model.class_embed_bias": True,
        "engine.warmup_steps": SMALL["engine.warmup_steps"],
    }


RECIPE: "Recipe[ExperimentSpec]" = Recipe(
    small=SMALL, full=wants_full, trained_with=TRAINED_WITH, prepare=first_values
)
"""What the frame's profile works with."""
