"""Inputs of an exported model on which the ranges of its activations are found."""

import logging
import random
import time
from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import Resizing, View, image_tensor, normalise, pad_images
from skillbank_engine.families.grounding_dino.config.dataset import AugmentationConfig
from skillbank_engine.families.grounding_dino.data.sampling import sample_prompt
from skillbank_engine.families.grounding_dino.onnx_model import network_inputs
from skillbank_engine.families.grounding_dino.prompt import batch_prompts
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer

PICTURES = 64
"""How many pictures ranges are found on."""

_LOG = logging.getLogger(__name__)
_PROGRESS_SECONDS = 5.0


def calibration_inputs(
    records: Sequence[Record],
    tokenizer: PhraseTokenizer,
    augmentation: AugmentationConfig,
    frame: tuple[int, int],
    max_labels: int,
    max_tokens: int,
    scale: PixelScale,
) -> Iterator[dict[str, Tensor]]:
    """Yield the inputs of some annotated pictures, the same ones each time, with prompts as in training.

    Parameters
    ----------
    records : sequence of Record
        Pictures to choose from.
    tokenizer : PhraseTokenizer
        Of the model.
    augmentation : AugmentationConfig
        Has the normalisation.
    frame : (int, int)
        Height and width of the model's input.
    max_labels, max_tokens : int
        Most phrases of a prompt, and the model's tokens.
    scale : PixelScale
        How pictures of more than 8 bits are scaled.
    """
    numbers = random.Random(0)
    chosen = numbers.sample(records, min(PICTURES, len(records)))
    resizing = Resizing(0, 0, frame)
    told = time.monotonic()
    for count, record in enumerate(chosen):
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            _LOG.info("%d of %d calibration pictures done", count, len(chosen))
        sampled = sample_prompt(record, max_labels, tokenizer, max_tokens, numbers)
        view = resizing.apply(View(open_image(record.image, scale), np.zeros((0, 4)), ()))
        pixels, mask = pad_images([image_tensor(view.image)], frame)
        scaled = normalise(pixels, mask, augmentation.input_mean, augmentation.input_std)
        yield network_inputs(scaled, batch_prompts([sampled.prompt], tokenizer.pad), max_tokens)
