"""Writing a checkpoint as an ONNX file, and measuring how well the two agree."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from skillbank_engine.device import Compute
from skillbank_engine.extras import require
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.onnx_model import (
    INPUTS,
    NOTHING,
    OUTPUTS,
    describe,
    network_inputs,
    read_onnx,
    set_metadata,
)
from skillbank_engine.families.grounding_dino.prompt import PromptBatch, batch_prompts, build_prompts
from skillbank_engine.results import replacing

OPSETS = range(16, 21)
"""Operator sets that can be written: the first has grid sampling, the last is the exporter's newest."""

_TOLERANCE = 1e-3


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


def write_onnx(
    checkpoint: Checkpoint,
    path: Path,
    *,
    height: int,
    width: int,
    batch: int | None = None,
    opset: int = 17,
    verbose: bool = False,
) -> None:
    """Write a checkpoint's model as an ONNX file.

    Parameters
    ----------
    checkpoint : Checkpoint
        The model.
    path : Path
        The file; an existing one is replaced.
    height, width : int
        Size of the input in pixels.
    batch : int, optional
        Fixed number of pictures; any number by default.
    opset : int
        One of :data:`OPSETS`.
    verbose : bool
        Let the exporter print the graph.
    """
    require("onnx", "export", "Writing ONNX")
    detector = checkpoint.detector().eval()
    inputs = sample_inputs(checkpoint, batch or 1, height, width)
    axes = {} if batch else {name: {0: "batch"} for name in (*INPUTS, *OUTPUTS)}
    with replacing(path) as temporary, warnings.catch_warnings():
        # The tracer warns of every size that becomes a constant of the graph; they are meant to.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Graph(detector),
            tuple(inputs.values()),
            str(temporary),
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            dynamic_axes=axes,
            opset_version=opset,
            verbose=verbose,
            # The newer exporter cannot express the detector at operator set 17.
            dynamo=False,
        )
        set_metadata(temporary, describe(checkpoint))


def sample_inputs(checkpoint: Checkpoint, count: int, height: int, width: int) -> dict[str, Tensor]:
    """Make inputs of noise and the checkpoint's own labels, always the same ones."""
    noise = torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(0))
    length = checkpoint.architecture.max_text_len
    tokenizer = checkpoint.tokenizer
    prompt = build_prompts(checkpoint.labels or ("object",), tokenizer, length)[0]
    return network_inputs(noise, batch_prompts([prompt] * count, tokenizer.pad), length)


@torch.inference_mode()
def agreement(checkpoint: Checkpoint, path: Path, compute: Compute) -> float:
    """Compare an ONNX file with the checkpoint that it was made from, on noise.

    Returns
    -------
    float
        Share of queries whose probabilities and relative boxes agree to 0.001.  Of two places that score
        the same up to rounding either may become the earlier query, so a correct file of a large model may
        miss a few.
    """
    model = read_onnx(path, "export.onnx_file")
    # Not the number of pictures that it was traced with, where that is open.
    inputs = sample_inputs(checkpoint, model.batch or 2, *model.frame)
    logits, boxes = _Graph(checkpoint.detector().eval())(*inputs.values())
    found_logits, found_boxes = model.detector(compute).run(inputs)
    worst = torch.maximum(
        (logits.sigmoid() - found_logits.sigmoid()).abs().amax(-1), (boxes - found_boxes).abs().amax(-1)
    )
    return float((worst <= _TOLERANCE).float().mean())
