"""Training samples and batches of them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from skillbank_engine import task
from skillbank_engine.data.cache import PictureCache
from skillbank_engine.data.canvases import Canvases, need
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import TrainingTransform, View, image_tensor, pad_images, rescaling
from skillbank_engine.data.whole import open_annotated
from skillbank_engine.families.grounding_dino.data.odvg import TrainingSet
from skillbank_engine.families.grounding_dino.data.sampling import PromptLengths, sample_prompt
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries
from skillbank_engine.families.grounding_dino.prompt import Prompt, PromptBatch, batch_prompts
from skillbank_engine.families.grounding_dino.targets import TargetBatch, batch_targets
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer


@dataclass(frozen=True)
class Sample:
    """One training sample: ``(3, h, w)`` uint8 pixels, relative ``cxcywh`` boxes, phrase numbers, prompt."""

    pixels: Tensor
    boxes: Tensor
    phrases: Tensor
    prompt: Prompt


@dataclass(frozen=True)
class Batch(task.Batch):
    """What one step trains on; see the parts' own classes.

    Attributes
    ----------
    pixels : Tensor
        ``(B, 3, H, W)`` uint8; normalised once the batch is prepared.
    mask : Tensor or None
        ``(B, H, W)`` bool; None when nothing is padded.
    phrase_counts : Tensor
        ``(B,)`` int64 phrases in each prompt.
    queries : DenoisingQueries or None
        Made when the batch is prepared.
    """

    pixels: Tensor
    mask: Tensor | None
    prompts: PromptBatch
    targets: TargetBatch
    phrase_counts: Tensor
    queries: DenoisingQueries | None = None


class TrainingSamples(task.Samples[Sample, Batch]):
    """The samples of a training.

    Parameters
    ----------
    data : TrainingSet
        The annotations.
    tokenizer : PhraseTokenizer
        Of the model.
    transform : TrainingTransform
        Makes views.
    max_labels, max_tokens : int
        Limits of a prompt.
    lengths : PromptLengths
        When prompts hold fewer phrases than they could.
    collator : Collator
        Puts them together.
    cache_bytes : int
        How much memory decoded pictures may take.
    pixels : PixelScale, optional
        Of the data set.
    canvas : (int, int), optional
        Height and width that the spec wants all batches padded to.
    """

    def __init__(
        self,
        data: TrainingSet,
        tokenizer: PhraseTokenizer,
        transform: TrainingTransform,
        *,
        max_labels: int,
        max_tokens: int,
        lengths: PromptLengths,
        collator: "Collator",
        cache_bytes: int,
        pixels: PixelScale | None = None,
        canvas: task.Shape | None = None,
    ) -> None:
        self._canvas = canvas
        self._records = data.records
        self._tokenizer = tokenizer
        self._transform = transform
        self._max_labels = max_labels
        self._max_tokens = max_tokens
        self._lengths = lengths
        self._collator = collator
        self._pixels = pixels
        known = data.records if cache_bytes else ()
        sizes = [transform.fixed_size(record.width, record.height) for record in known]
        self._cache = PictureCache(sizes, cache_bytes)

    def __len__(self) -> int:
        return len(self._records)

    def sample(self, index: int, epoch: int, numbers: random.Random) -> Sample:
        """Make one sample; a prompt may be a short one towards the end of a training."""
        record = self._records[index]
        view = self._transform.vary(self._fixed_view(index, record), record.phrases, numbers)
        left = Record(
            record.image,
            record.width,
            record.height,
            tuple(record.boxes[number] for number in view.indices),
            tuple(record.phrases[number] for number in view.indices),
            record.absent,
        )
        chance = self._lengths.varied(epoch)
        varied = chance > 0 and numbers.random() < chance
        sampled = sample_prompt(
            left, self._max_labels, self._tokenizer, self._max_tokens, numbers, varied=varied
        )
        width, height = view.image.size
        corners = view.boxes[list(sampled.kept)] / np.array([width, height, width, height])
        boxes = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]], 1)
        return Sample(
            image_tensor(view.image),
            torch.from_numpy(boxes.astype(np.float32)),
            torch.tensor(sampled.phrases, dtype=torch.int64),
            sampled.prompt,
        )

    def collate(self, samples: Sequence[Sample]) -> Batch:
        """Make one batch of samples."""
        return self._collator(samples)

    def shape(self, index: int, epoch: int, numbers: random.Random) -> task.Shape | None:
        """Give what a view is resized to."""
        record = self._records[index]
        return self._transform.shape(record.width, record.height, numbers)

    @property
    def canvas(self) -> task.Shape | None:
        """Give what ``dataset.augmentation.fixed_padding`` makes of the spec."""
        return self._canvas

    def pad_to(self, canvases: Canvases) -> None:
        """Let the collator pad."""
        self._collator = replace(self._collator, canvases=canvases)

    def _fixed_view(self, index: int, record: Record) -> View:
        """Decode and resize a picture once, as far as memory reaches."""
        boxes = np.array(record.boxes, dtype=np.float64).reshape(-1, 4)
        numbers = tuple(range(len(record.boxes)))
        kept = self._cache.get(index)
        if kept is not None:
            return View(kept, boxes * rescaling((record.width, record.height), kept.size), numbers)
        image = open_annotated(record, self._pixels)
        view = self._transform.fixed(View(image, boxes, numbers))
        self._cache.put(index, view.image)
        return view


@dataclass(frozen=True)
class Collator:
    """Puts samples together into a batch; a class and not a closure, so that loader processes can have it.

    Attributes
    ----------
    pad_id : int
        Token that prompts are padded with.
    canvases : Canvases, optional
        What batches are padded to; without, to their need.
    step : int
        What lengths of prompts are rounded up to multiples of.
    """

    pad_id: int
    canvases: Canvases | None = None
    step: int = 1

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        """Make one batch of samples."""
        images = [sample.pixels for sample in samples]
        least = None
        if self.canvases is not None:
            least = self.canvases.holding(need((image.shape[1], image.shape[2]) for image in images))
        pixels, mask = pad_images(images, least)
        return Batch(
            pixels,
            mask,
            batch_prompts([sample.prompt for sample in samples], self.pad_id, self.step),
            batch_targets([sample.boxes for sample in samples], [sample.phrases for sample in samples]),
            torch.tensor([len(sample.prompt.phrases) for sample in samples]),
        )
