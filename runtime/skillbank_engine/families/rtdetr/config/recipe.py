"""The recipe of the small model that learns on a laptop, and when the full one is meant."""

from typing import TYPE_CHECKING

from skillbank_engine.config.named import NOTHING, Named, describes_network
from skillbank_engine.config.specs import Recipe

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.config.experiment import ExperimentSpec

SMALL: dict[str, object] = {
    "model.num_queries": 30,
    "model.num_select": 100,
    "model.num_feature_levels": 2,
    "model.return_interm_indices": [1, 2],
    "model.feat_strides": [8, 16],
    "model.feat_channels": [64, 64],
    "model.use_encoder_idx": [1],
    "model.nheads": 4,
    "model.hidden_dim": 64,
    "model.expansion": 0.5,
    "model.dec_layers": 2,
    "model.dn_number": 30,
    "model.dim_feedforward": 128,
    "dataset.workers": 0,
    "dataset.augmentation.multi_scales": [],
    "dataset.augmentation.train_spatial_size": [128, 128],
    "dataset.augmentation.eval_spatial_size": [128, 128],
    "dataset.augmentation.distortion_prob": 0.0,
    "dataset.augmentation.iou_crop_prob": 0.0,
    "train.clip_grad_norm": 1.0,
    "train.activation_checkpoint": False,
    "train.optim.lr": 3e-3,
    "train.optim.lr_backbone": 3e-3,
    "train.optim.warmup_steps": 100,
    "engine.backbone": "mini",
    "engine.lr_scheduler": "cosine",
}
"""Dotted key to value of the recipe that learns on two processor cores."""

SMALL_THRESHOLD = 0.3
"""Takes the place of ``inference.conf_threshold``'s default: minutes of training leave a model modest."""

TRAINED_WITH = ("backbone", "backbone_channels")
"""What weights were trained with in the ``engine`` block, beside the model block and the profile."""

_STRUCTURE = (
    "backbone",
    "hidden_dim",
    "nheads",
    "enc_layers",
    "dec_layers",
    "dim_feedforward",
    "pretrained_backbone_path",
)


def wants_full(spec: "ExperimentSpec", named: Named = NOTHING) -> bool:
    """Say whether a spec means the full-size model: weights, or a network.

    A mini backbone says the opposite.
    """
    if spec.train.pretrained_model_path:
        return True
    if spec.engine.backbone == "mini":
        return False
    return describes_network(spec.model, _STRUCTURE, named)


RECIPE: "Recipe[ExperimentSpec]" = Recipe(small=SMALL, full=wants_full, trained_with=TRAINED_WITH)
"""What the frame's profile works with."""
