"""Exported models: ONNX files with the inputs of the family's, which carry all that is needed to use them.

A file stands for itself: vocabulary, labels, architecture, normalisation and the scale of its pictures are
among its metadata.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.device import Compute
from skillbank_engine.errors import WeightsError
from skillbank_engine.extras import require
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint
from skillbank_engine.families.grounding_dino.prompt import PromptBatch
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer

FORMAT = "grounding_dino.onnx/1"
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


def describe(checkpoint: Checkpoint) -> dict[str, str]:
    """Make the metadata of an exported checkpoint."""
    augmentation = checkpoint.spec["dataset"]["augmentation"]
    return {
        "format": FORMAT,
        "vocabulary": json.dumps(checkpoint.vocabulary, ensure_ascii=False),
        "labels": json.dumps(checkpoint.labels, ensure_ascii=False),
        "architecture": json.dumps(checkpoint.architecture.to_dict()),
        "normalisation": json.dumps({name: augmentation[f"input_{name}"] for name in ("mean", "std")}),
        "pixels": json.dumps(checkpoint.pixels.to_dict()),
        "spec": json.dumps({name: checkpoint.spec[name] for name in ("model", "engine")}),
    }


def set_metadata(path: Path, metadata: dict[str, str]) -> None:
    """Check an ONNX file and write metadata into it."""
    onnx = require("onnx", "export", "Writing ONNX")
    model = onnx.load_model(path)
    onnx.helper.set_model_props(model, metadata)
    onnx.save_model(model, path)
    onnx.checker.check_model(path)


@dataclass(frozen=True)
class OnnxModel:
    """An exported model as its file describes it.

    Attributes
    ----------
    path : Path
        The file.
    metadata : dict
        What :func:`describe` made.
    frame : (int, int)
        Height and width of the input.
    batch : int or None
        Pictures that a pass must have; None for any number.
    """

    path: Path
    metadata: dict[str, str]
    frame: tuple[int, int]
    batch: int | None

    @cached_property
    def architecture(self) -> Architecture:
        """What the network was built from."""
        return Architecture.from_dict(json.loads(self.metadata["architecture"]))

    @cached_property
    def tokenizer(self) -> PhraseTokenizer:
        """The tokenizer that the weights were trained with."""
        return PhraseTokenizer(tuple(json.loads(self.metadata["vocabulary"])))

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Class names of the training set."""
        return tuple(json.loads(self.metadata["labels"]))

    @cached_property
    def pixels(self) -> PixelScale:
        """How pictures of more than 8 bits were scaled; without levels in files of older versions."""
        return PixelScale.from_dict(json.loads(self.metadata.get("pixels", "null")))

    @cached_property
    def spec(self) -> dict[str, Any]:
        """What is left of the spec of the training run: ``model``, ``engine`` and the normalisation."""
        normalisation = json.loads(self.metadata["normalisation"])
        augmentation = {f"input_{name}": value for name, value in normalisation.items()}
        return {**json.loads(self.metadata["spec"]), "dataset": {"augmentation": augmentation}}

    def detector(self, compute: Compute) -> "OnnxDetector":
        """Make the model ready to run."""
        return OnnxDetector(self, compute)


def read_onnx(path: str | Path, key: str) -> OnnxModel:
    """Read what an exported model says of itself.

    Parameters
    ----------
    path : str or Path
        The file.
    key : str
        The spec's key that names it, for messages.

    Raises
    ------
    WeightsError
        No such file, not ONNX, or not exported by this engine.
    """
    onnx = require("onnx", "export", f"{key}={path}")
    file = Path(path)
    if not file.is_file():
        raise WeightsError(f"{key} names {file}, which is no file: check the path")
    try:
        model = onnx.load_model(file, load_external_data=False)
    except Exception as error:  # protobuf's DecodeError has no base class of its own to catch
        raise WeightsError(f"{key} names {file}, which cannot be read as ONNX: name another") from error
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{key} names {file}, which this engine did not export: name a file that grounding_dino export "
            "wrote, which carries its vocabulary along"
        )
    sizes = [part.dim_value for part in model.graph.input[0].type.tensor_type.shape.dim]
    return OnnxModel(file, metadata, (sizes[2], sizes[3]), sizes[0] or None)


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
    model : OnnxModel
        The model.
    compute : Compute
        Device and threads.
    """

    def __init__(self, model: OnnxModel, compute: Compute) -> None:
        runtime = require("onnxruntime", "export", f"Running {model.path}")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = compute.threads
        options.log_severity_level = 3
        wanted = ["CPUExecutionProvider"]
        if compute.device.type == "cuda":
            wanted.insert(0, "CUDAExecutionProvider")
        providers = [name for name in wanted if name in runtime.get_available_providers()]
        self._session = runtime.InferenceSession(str(model.path), options, providers=providers)
        self._model = model
        self.architecture = model.architecture

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
        logits, boxes = self.run({name: tensor.cpu() for name, tensor in inputs.items()})
        if pixel_mask is not None:
            boxes = boxes / _visible_share(pixel_mask.cpu())[:, None]
        found = (logits[None, ..., :length], boxes[None])
        return OnnxOutput(*(tensor.to(pixels.device) for tensor in found))

    def run(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Run the graph in parts as large as it wants them; a smaller last part is filled up.

        Parameters
        ----------
        inputs : dict
            What :func:`network_inputs` made, on the CPU.

        Returns
        -------
        tuple of Tensor
            ``(B, Q, L)`` logits and ``(B, Q, 4)`` boxes relative to the whole input.
        """
        count = len(inputs["inputs"])
        size = self._model.batch or count
        parts = []
        for start in range(0, count, size):
            # Places beyond the end repeat the last picture.
            rows = torch.arange(start, start + size).clamp(max=count - 1)
            feeds = {name: tensor[rows].numpy() for name, tensor in inputs.items()}
            parts.append([torch.from_numpy(array) for array in self._session.run(list(OUTPUTS), feeds)])
        logits, boxes = (torch.cat(tensors)[:count] for tensors in zip(*parts, strict=True))
        return logits, boxes


def _visible_share(mask: Tensor) -> Tensor:
    """Share of width and height that is picture, twice: what relative ``cxcywh`` are divided by."""
    width, height = mask.any(1).sum(-1), mask.any(2).sum(-1)
    share = torch.stack([width / mask.shape[2], height / mask.shape[1]], -1)
    return torch.cat([share, share], -1)
