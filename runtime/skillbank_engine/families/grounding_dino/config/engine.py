"""The `engine` block: settings of the embedded engine that the family's container does not know."""

from __future__ import annotations

from typing import Literal

from skillbank_engine.config.blocks import EngineBase
from skillbank_engine.config.fields import Float, Int, param


class EngineConfig(EngineBase):
    """Settings of the embedded engine only; left out of defaults and templates."""

    cuda_graphs: bool | None = param(
        None,
        "Record the launches of a pass for each shape of batch and replay them: pays on a GPU that has done "
        "what the host launches before more comes; keeps the memory of a pass. Where nothing is said, "
        "trainings that are long enough do so, and evaluation and inference where a shape comes often.",
    )
    image_size: Int = param(
        0, "Longer image side in pixels for all actions; 0 follows dataset.augmentation.", ge=0
    )
    backbone: Literal["spec", "mini"] = param(
        "spec", "'spec' follows model.backbone, 'mini' is a small network with group normalisation."
    )
    backbone_channels: list[Int] = param([32, 64, 128, 192], "Channels of the mini backbone's four stages.")
    text_encoder: Literal["spec", "mini"] = param(
        "spec", "'spec' follows model.text_encoder_type, 'mini' trains a small one and its vocabulary."
    )
    text_hidden: Int = param(64, "Width of the mini text encoder.", ge=8)
    text_layers: Int = param(2, "Layers of the mini text encoder.", ge=1)
    text_heads: Int = param(4, "Attention heads of the mini text encoder.", ge=1)
    text_ffn: Int = param(128, "Feed-forward width of the mini text encoder.", ge=8)
    fusion_scale: Float = param(
        1e-4, "Weight that the fusion of text and image features starts from in a new model.", gt=0
    )
    fusion_droppath: Float = param(0.1, "Chance that training skips a fusion step for an image.", ge=0, lt=1)
    denoising_groups: Int = param(0, "Noised copies of the true boxes trained along; 0 adds none.", ge=0)
    varied_prompts: Float = param(
        0.3,
        "Last share of a training in which most prompts hold a drawn number of descriptions, from one "
        "to all, so that one alone is found as many together are; 0: always all.",
        ge=0,
        le=1,
    )
    prompt_phrases: Int = param(
        0, "Most descriptions in one prompt when looking for things; 0 puts in as many as fit.", ge=0
    )
    nms_iou: Float = param(
        0.7,
        "Of boxes of one description that overlap more, the best is shown; 1 shows all.",
        gt=0,
        le=1,
    )
    lr_scheduler: Literal["spec", "cosine"] = param(
        "spec", "'spec' follows train.optim.lr_scheduler, 'cosine' anneals it to zero (a cosine decay)."
    )
    warmup_steps: Int = param(0, "Steps over which the learning rate rises to its value.", ge=0)
