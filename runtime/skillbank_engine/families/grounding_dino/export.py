"""A detector as it is exported, and how well a file must agree with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.onnx_model import NOTHING, OUTPUTS, network_inputs
from skillbank_engine.families.grounding_dino.prompt import PromptBatch, batch_prompts, build_prompts
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.task import Graph

_TOLERANCE = 1e-3
_LEAST_AGREEMENT = 0.9


@dataclass(frozen=True)
class _TracedPrompts(PromptBatch):
    """Prompts all of whose tensors are inputs of the graph."""

    types: Tensor

    @property
    def token_types(self) -> Tensor:
        return self.types


class _Graph(nn.Module):
    """The detector with the family's inputs and outputs."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(
        self,
        pixels: Tensor,
        token_ids: Tensor,
        token_mask: Tensor,
        position_ids: Tensor,
        token_types: Tensor,
        attention: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Give the last layer's logits ``(B, Q, L)`` and boxes ``(B, Q, 4)``."""
        unused = torch.zeros(0)
        prompts = _TracedPrompts(token_ids, token_mask, position_ids, attention, unused, token_types)
        output = self.detector(pixels, None, prompts)
        return output.logits[-1].masked_fill(~token_mask[:, None], NOTHING), output.boxes[-1]


def export_graph(
    detector: Detector, tokenizer: PhraseTokenizer, labels: Sequence[str], height: int, width: int, batch: int
) -> Graph:
    """Give a detector as it is exported.

    Parameters
    ----------
    detector : Detector
        Put into evaluation mode.
    tokenizer : PhraseTokenizer
        Of the detector.
    labels : sequence of str
        What the example inputs ask for.
    height, width : int
        Size of the input in pixels.
    batch : int
        Pictures of the example inputs: noise, always the same.
    """
    noise = torch.randn(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    length = detector.architecture.max_text_len
    prompt = build_prompts(tuple(labels) or ("object",), tokenizer, length)[0]
    inputs = network_inputs(noise, batch_prompts([prompt] * batch, tokenizer.pad), length)
    return Graph(_Graph(detector), inputs, OUTPUTS, agreement=_agreement, least=_LEAST_AGREEMENT)


def _agreement(wanted: Sequence[Tensor], found: Sequence[Tensor]) -> float:
    """Share of queries whose probabilities and relative boxes agree to 0.001.

    Of two places that score the same up to rounding either may become the earlier query, so a correct file of
    a large model may miss a few.
    """
    (logits, boxes), (found_logits, found_boxes) = wanted, found
    worst = torch.maximum(
        (logits.sigmoid() - found_logits.sigmoid()).abs().amax(-1), (boxes - found_boxes).abs().amax(-1)
    )
    return float((worst <= _TOLERANCE).float().mean())
