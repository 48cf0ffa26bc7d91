"""Static quantization of ONNX files: weights and activations as integers, ranges found on pictures."""

import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import Resizing, View, image_tensor, normalise, pad_images
from skillbank_engine.errors import EngineError
from skillbank_engine.extras import require
from skillbank_engine.families.grounding_dino.data.sampling import sample_prompt
from skillbank_engine.families.grounding_dino.onnx_model import OnnxModel, network_inputs, set_metadata
from skillbank_engine.families.grounding_dino.prompt import batch_prompts
from skillbank_engine.results import replacing

PICTURES = 64
"""How many pictures ranges are found on."""

_LOG = logging.getLogger(__name__)
_PROGRESS_SECONDS = 5.0
_OPERATORS = ["Conv", "MatMul", "Gemm"]


def calibration_inputs(
    model: OnnxModel, records: Sequence[Record], max_labels: int, scale: PixelScale | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the inputs of some annotated pictures, the same ones each time, with prompts as in training.

    Parameters
    ----------
    model : OnnxModel
        Tells size and normalisation.
    records : sequence of Record
        Pictures to choose from.
    max_labels : int
        Most phrases in a prompt.
    scale : PixelScale, optional
        How pictures of more than 8 bits are scaled; the model's own by default.
    """
    numbers = random.Random(0)
    chosen = numbers.sample(records, min(PICTURES, len(records)))
    architecture, tokenizer = model.architecture, model.tokenizer
    augmentation = model.spec["dataset"]["augmentation"]
    resizing = Resizing(0, 0, model.frame)
    told = time.monotonic()
    for count, record in enumerate(chosen):
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            _LOG.info("%d of %d calibration pictures done", count, len(chosen))
        sampled = sample_prompt(record, max_labels, tokenizer, architecture.max_text_len, numbers)
        view = resizing.apply(View(open_image(record.image, scale or model.pixels), np.zeros((0, 4)), ()))
        # A graph of a fixed batch size takes as many pictures as that.
        copies = model.batch or 1
        pixels, mask = pad_images([image_tensor(view.image)] * copies, model.frame)
        scaled = normalise(pixels, mask, augmentation["input_mean"], augmentation["input_std"])
        prompts = batch_prompts([sampled.prompt] * copies, tokenizer.pad)
        inputs = network_inputs(scaled, prompts, architecture.max_text_len)
        yield {name: tensor.numpy() for name, tensor in inputs.items()}


class _Reader:
    """Hands inputs out one by one, the way ONNX Runtime asks for them."""

    def __init__(self, inputs: Iterator[dict[str, Any]]) -> None:
        self._inputs = inputs

    def get_next(self) -> dict[str, Any] | None:
        return next(self._inputs, None)


def quantize_onnx(
    model: OnnxModel,
    inputs: Iterator[dict[str, Any]],
    path: Path,
    *,
    method: str,
    skipped: Sequence[str],
    options: Mapping[str, Any],
) -> None:
    """Write an ONNX file whose convolutions and matrix products work on integers.

    Parameters
    ----------
    model : OnnxModel
        The file to quantize.
    inputs : iterator of dict
        What ranges are found on (:func:`calibration_inputs`).
    path : Path
        The file to write; an existing one is replaced.
    method : str
        ``MinMax`` or ``Entropy``.
    skipped : sequence of str
        Names of nodes that keep full precision.
    options : mapping
        Further arguments of ONNX Runtime's ``quantize_static``.

    Raises
    ------
    EngineError
        ONNX Runtime does not take the options.
    """
    runtime = require("onnxruntime.quantization", "export", "engine.quantizer=onnxruntime")

    settings = {
        "op_types_to_quantize": _OPERATORS,
        "nodes_to_exclude": list(skipped),
        "calibrate_method": runtime.CalibrationMethod[method],
        "per_channel": True,
        # Weights of seven bits: with eight, processors without VNNI saturate in the sums.
        "activation_type": runtime.QuantType.QUInt8,
        "reduce_range": True,
        **options,
    }
    with TemporaryDirectory() as folder, replacing(path) as temporary:
        shaped = Path(folder) / "shaped.onnx"
        # Shapes alone: its optimisation would fuse nodes into ones that only ONNX Runtime knows.
        runtime.quant_pre_process(model.path, shaped, skip_optimization=True, skip_symbolic_shape=True)
        try:
            runtime.quantize_static(shaped, temporary, _Reader(inputs), **settings)
        except (TypeError, ValueError) as error:
            raise EngineError(
                f"ONNX Runtime cannot quantize with these quantize.backend_kwargs ({error}): give arguments "
                "of quantize_static"
            ) from error
        set_metadata(temporary, model.metadata)


def node_names(model: OnnxModel) -> list[str]:
    """Names of the nodes that can be quantized."""
    onnx = require("onnx", "export", "Reading ONNX")
    graph = onnx.load_model(model.path, load_external_data=False).graph
    return [node.name for node in graph.node if node.op_type in _OPERATORS]
