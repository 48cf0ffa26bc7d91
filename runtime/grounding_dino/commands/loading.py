"""Using a checkpoint: its model values win over the spec's."""

from collections.abc import Sequence
from typing import Any

from grounding_dino.checkpoint import Checkpoint
from grounding_dino.config import SPECS
from grounding_dino.config.load import parse_override
from grounding_dino.data.transforms import test_resizing
from grounding_dino.device import Compute
from grounding_dino.errors import UnsupportedActionError
from grounding_dino.predictor import Predictor
from grounding_dino.profile import SMALL_THRESHOLD

# What the weights were trained with, beside the model block.
_ENGINE_KEYS = (
    "profile",
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


def refuse_trt(action: str, block: Any) -> None:
    """Say where a TensorRT engine can be used, when a spec names one and no checkpoint."""
    if block.trt_engine and block.checkpoint in ("", "???"):
        raise UnsupportedActionError(
            f"{action}.trt_engine needs TensorRT, which the embedded engine does not have: set "
            f"{action}.checkpoint, or run on a platform with the family's deploy container (docker, slurm "
            "or kubernetes)"
        )


def settle_with_checkpoint(
    spec: Any, action: str, overrides: Sequence[str], checkpoint: Checkpoint
) -> tuple[Any, str]:
    """Put a checkpoint's structural values into a spec.

    Parameters
    ----------
    spec : pydantic model
        The loaded spec.
    action : str
        Its action.
    overrides : sequence of str
        ``a.b=c`` words; ``model.num_select`` and ``engine.image_size`` named there stay.
    checkpoint : Checkpoint
        Of this engine.

    Returns
    -------
    spec : pydantic model
        A checked copy.
    note : str
        What differed, empty when nothing did.
    """
    named = {".".join(str(step) for step in parse_override(word)[0]) for word in overrides}
    values = spec.model_dump()
    usual = SPECS[action]().model_dump()
    saved = checkpoint.spec
    # A choice at use, not a property of the weights.
    chosen_select = values["model"]["num_select"]
    keep_select = "model.num_select" in named or chosen_select != usual["model"]["num_select"]
    keep_size = (
        values["engine"]["image_size"] != usual["engine"]["image_size"] or "engine.image_size" in named
    )
    differences = []
    for name, value in saved["model"].items():
        if name in values["model"] and not (name == "num_select" and keep_select):
            if values["model"][name] != value:
                differences.append(f"model.{name} {value} (spec: {values['model'][name]})")
            values["model"][name] = value
    for name in _ENGINE_KEYS:
        if name in saved["engine"] and not (name == "image_size" and keep_size):
            values["engine"][name] = saved["engine"][name]
    for name in ("input_mean", "input_std"):
        values["dataset"]["augmentation"][name] = saved["dataset"]["augmentation"][name]
    chosen = values.get("inference", {}).get("conf_threshold")
    if (
        action == "inference"
        and saved["engine"]["profile"] == "small"
        and chosen == usual["inference"]["conf_threshold"]
        and "inference.conf_threshold" not in named
    ):
        values["inference"]["conf_threshold"] = SMALL_THRESHOLD
        differences.append(f"inference.conf_threshold {SMALL_THRESHOLD} (spec: {chosen})")
    note = f"The checkpoint's values hold: {', '.join(differences)}" if differences else ""
    return SPECS[action].model_validate(values), note


def make_predictor(spec: Any, checkpoint: Checkpoint, phrases: Sequence[str], compute: Compute) -> Predictor:
    """Make a predictor from a checkpoint and the spec that :func:`settle_with_checkpoint` gave."""
    detector = checkpoint.detector().to(compute.device).eval()
    augmentation = spec.dataset.augmentation
    return Predictor(
        detector,
        checkpoint.tokenizer,
        phrases,
        resizing=test_resizing(spec),
        mean=augmentation.input_mean,
        std=augmentation.input_std,
        compute=compute,
        num_select=spec.model.num_select,
    )
