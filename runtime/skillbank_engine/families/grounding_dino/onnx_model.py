"""Exported models: ONNX files with the inputs of the family's, which carry all that is needed to use them.

A file stands for itself: vocabulary, labels, architecture, normalisation and the scale of its pictures are
among its metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from skillbank_engine import onnx_file
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.prompt import PromptBatch
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.onnx_file import OnnxFile, OnnxRunner
from skillbank_engine.task import Answer, Kept

INPUTS = ("inputs", "input_ids", "attention_mask", "position_ids", "token_type_ids", "text_token_mask")
OUTPUTS = ("pred_logits", "pred_boxes")
NOTHING = -1e4
"""Logit of what is no token: its probability is 0 in every precision, and unlike minus infinity it can be
multiplied by 0."""


def network_inputs(pixels: Tensor, prompts: PromptBatch, length: int) -> dict[str, Tensor]:
    """Make the inputs of an exported model, by name and in order.

    Parameters
    ----------
    pixels : Tensor
        ``(B, 3, H, W)`` normalised.
    prompts : PromptBatch
        One prompt for each picture, none longer than ``length``.
    length : int
        ``L``: tokens that the model takes (``model.max_text_len``); prompts are padded to it.

    Returns
    -------
    dict
        ``inputs`` as given; ``input_ids``, ``position_ids`` and ``token_type_ids`` ``(B, L)`` int64;
        ``attention_mask`` ``(B, L)`` bool, true for tokens; ``text_token_mask`` ``(B, L, L)`` bool: which
        token sees which.
    """
    more = length - prompts.token_ids.shape[1]
    seen = pad(prompts.attention, (0, more, 0, more))
    # A row without any true value would have no softmax, so padding sees itself.
    own = torch.eye(length, dtype=torch.bool, device=seen.device)
    tensors = (
        pixels,
        pad(prompts.token_ids, (0, more)),
        pad(prompts.token_mask, (0, more)),
        pad(prompts.position_ids, (0, more)),
        pad(prompts.token_types, (0, more)),
        seen | own,
    )
    return dict(zip(INPUTS, tensors, strict=True))


def describe(kept: Kept) -> dict[str, str]:
    """Make the metadata of an exported checkpoint, its format apart."""
    augmentation = kept.spec["dataset"]["augmentation"]
    return {
        "vocabulary": json.dumps(kept.facts["vocabulary"], ensure_ascii=False),
        "labels": json.dumps(kept.labels, ensure_ascii=False),
        "architecture": json.dumps(dict(kept.architecture)),
        "normalisation": json.dumps({name: augmentation[f"input_{name}"] for name in ("mean", "std")}),
        "pixels": json.dumps(kept.pixels.to_dict()),
        "spec": json.dumps({name: kept.spec[name] for name in ("model", "engine")}),
    }


def kept_in(metadata: Mapping[str, str]) -> Kept:
    """Read what :func:`describe` has made; files of older versions know no scale of deep pictures."""
    normalisation = json.loads(metadata["normalisation"])
    augmentation = {f"input_{name}": value for name, value in normalisation.items()}
    return Kept(
        architecture=json.loads(metadata["architecture"]),
        labels=tuple(json.loads(metadata["labels"])),
        facts={"vocabulary": json.loads(metadata["vocabulary"])},
        spec={**json.loads(metadata["spec"]), "dataset": {"augmentation": augmentation}},
        pixels=PixelScale.from_dict(json.loads(metadata.get("pixels", "null"))),
        exported=True,
    )


@dataclass(frozen=True)
class OnnxModel(OnnxFile):
    """An exported model as its file describes it."""

    @cached_property
    def kept(self) -> Kept:
        """All that its metadata say."""
        return kept_in(self.metadata)

    @cached_property
    def architecture(self) -> Architecture:
        """What the network was built from."""
        return Architecture.from_dict(dict(self.kept.architecture))

    @cached_property
    def tokenizer(self) -> PhraseTokenizer:
        """The tokenizer that the weights were trained with."""
        return PhraseTokenizer(tuple(self.kept.facts["vocabulary"]))

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names of the training set."""
        return self.kept.labels

    @property
    def pixels(self) -> PixelScale:
        """How pictures of more than 8 bits were scaled; without levels in files of older versions."""
        return self.kept.pixels

    @property
    def spec(self) -> Mapping[str, Any]:
        """What is left of the spec of the training run: ``model``, ``engine`` and the normalisation."""
        return self.kept.spec

    def detector(self, compute: Compute) -> "OnnxDetector":
        """Make the model ready to run."""
        return OnnxDetector(self.architecture, OnnxRunner(self, compute))


def read_onnx(path: str | Path, key: str) -> OnnxModel:
    """Read what an exported model says of itself (:func:`skillbank_engine.onnx_file.read_onnx`)."""
    return OnnxModel(**vars(onnx_file.read_onnx("grounding_dino", path, key, "vocabulary")))


@dataclass(frozen=True)
class OnnxOutput:
    """What an exported model says: of a :class:`.detector.DetectorOutput` the last layer.

    Attributes
    ----------
    logits : Tensor
        ``(1, B, Q, L)``.
    boxes : Tensor
        ``(1, B, Q, 4)`` relative ``cxcywh``.
    """

    logits: Tensor
    boxes: Tensor


class OnnxDetector:
    """Runs an exported model as if it were a detector.

    Parameters
    ----------
    architecture : Architecture
        Of the model.
    runner : callable
        From the inputs of the graph, in order, to its outputs.
    """

    def __init__(self, architecture: Architecture, runner: Answer) -> None:
        self._runner = runner
        self.architecture = architecture

    def __call__(self, pixels: Tensor, pixel_mask: Tensor | None, prompts: PromptBatch) -> OnnxOutput:
        """Detect.

        Parameters
        ----------
        pixels : Tensor
            ``(B, 3, H, W)`` normalised, of the model's size.
        pixel_mask : Tensor or None
            ``(B, H, W)`` bool, false in the padding; boxes are relative to what is left without it.
        prompts : PromptBatch
            One prompt for each picture.
        """
        length = prompts.token_ids.shape[1]
        inputs = network_inputs(pixels, prompts, self.architecture.max_text_len)
        logits, boxes = (found.cpu() for found in self._runner(*inputs.values()))
        if pixel_mask is not None:
            boxes = boxes / _visible_share(pixel_mask.cpu())[:, None]
        found = (logits[None, ..., :length], boxes[None])
        return OnnxOutput(*(tensor.to(pixels.device) for tensor in found))


def _visible_share(mask: Tensor) -> Tensor:
    """Share of width and height that is picture, twice: what relative ``cxcywh`` are divided by."""
    width, height = mask.any(1).sum(-1), mask.any(2).sum(-1)
    share = torch.stack([width / mask.shape[2], height / mask.shape[1]], -1)
    return torch.cat([share, share], -1)
