"""The released size with random weights, ours and transformers', and inputs that both take."""

from types import SimpleNamespace
from typing import Any

import torch
from transformers import GroundingDinoConfig, GroundingDinoForObjectDetection

from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.model import wrap_network
from skillbank_engine.families.grounding_dino.prompt import Prompt, PromptBatch, batch_prompts
from skillbank_engine.families.grounding_dino.targets import TargetBatch, batch_targets
from skillbank_engine.families.grounding_dino.weights import architecture_of

CLS, SEP, DOT, QUESTION = 101, 102, 1012, 1029
NAMES, BOXES = 80, 12


class Scene:
    """The inputs of both models."""

    def __init__(self, batch: int, height: int, width: int, device: torch.device, names: int = NAMES) -> None:
        generator = torch.Generator().manual_seed(1)
        words = torch.randint(2000, 20000, (names,), generator=generator).tolist()
        ids = (CLS, *(token for name in words for token in (name, DOT)), SEP)
        spans = tuple((1 + 2 * number, 2 + 2 * number) for number in range(names))
        prompt = Prompt(tuple(str(name) for name in words), ids, spans)
        self.prompts: PromptBatch = batch_prompts([prompt] * batch, 0).to(device)
        self.pixels = torch.randn(batch, 3, height, width, generator=generator).to(device)
        self.mask = torch.ones(batch, height, width, dtype=torch.bool, device=device)
        middles = torch.rand(batch, BOXES, 2, generator=generator) * 0.6 + 0.2
        sizes = torch.rand(batch, BOXES, 2, generator=generator) * 0.3 + 0.02
        boxes = torch.cat([middles, sizes], -1)
        labels = torch.randint(0, names, (batch, BOXES), generator=generator)
        self.targets: TargetBatch = batch_targets(list(boxes), list(labels)).to(device)
        self.labels = [
            {"class_labels": numbers.to(device), "boxes": true.to(device)}
            for numbers, true in zip(labels, boxes, strict=True)
        ]

    def theirs(self) -> dict[str, Any]:
        """The arguments of transformers' model."""
        ids = self.prompts.token_ids
        return {
            "pixel_values": self.pixels,
            "pixel_mask": self.mask.long(),
            "input_ids": ids,
            "token_type_ids": torch.zeros_like(ids),
            "attention_mask": torch.ones_like(ids),
        }


def random_network() -> Any:
    """Return the released size with random weights; what starts at zero or nearly so is shaken."""
    config = GroundingDinoConfig(auxiliary_loss=True)
    network: Any = GroundingDinoForObjectDetection(config)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "bbox_embed" in name or "_param" in name or "sampling_offsets.weight" in name:
                parameter.normal_(0, 0.02)
            elif "attention_weights.weight" in name:
                parameter.normal_(0, 0.2)
    return network


def detector_of(network: Any) -> Detector:
    tokens: Any = SimpleNamespace(special_ids=lambda: [CLS, SEP, DOT, QUESTION])
    return wrap_network(
        network, architecture_of(network, "", Architecture("swin_tiny_224_1k", "bert-base-uncased")), tokens
    )


def missing(logits: torch.Tensor, boxes: torch.Tensor, exact: Any, length: int) -> float:
    """Mean distance (L1 of box and score) from each of the 100 best exact answers to the nearest given."""
    score = logits.sigmoid().amax(-1)
    wanted = exact.logits[..., :length].float().sigmoid().amax(-1)
    best = wanted.topk(100, 1).indices
    true = exact.pred_boxes.gather(1, best[..., None].expand(-1, -1, 4))
    distance = torch.cdist(true, boxes, p=1) + (wanted.gather(1, best)[..., None] - score[:, None]).abs()
    return float(distance.amin(-1).mean())
