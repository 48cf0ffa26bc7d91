"""A tiny model with random weights, which loads in no time and finds much that is not there."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw


def write_tiny(path: Path, bias: float = -1.0) -> Path:
    """Write the checkpoint of a tiny detector, always the same one; a higher bias makes it surer."""
    import torch

    from skillbank_engine.families.grounding_dino.checkpoint import write_checkpoint
    from skillbank_engine.families.grounding_dino.data.shapes import SEEN
    from skillbank_engine.families.grounding_dino.model import build_detector
    from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer
    from tests.grounding_dino.conftest import TINY, checkpoint_of

    torch.manual_seed(0)
    tokenizer = build_tokenizer(SEEN)
    detector = build_detector(TINY, tokenizer)
    for name, parameter in detector.named_parameters():
        if "class_embed" in name and name.endswith("bias"):
            torch.nn.init.constant_(parameter, bias)
    write_checkpoint(path, checkpoint_of(detector, tokenizer))
    return path


def write_picture(path: Path, size: tuple[int, int] = (120, 80), colour: str = "crimson") -> Path:
    """Write a picture with a shape on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, "ivory")
    ImageDraw.Draw(image).ellipse((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2), fill=colour)
    image.save(path)
    return path
