"""Batches of training samples, the same for a seed however they are loaded."""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from skillbank_engine.data.cache import PictureCache
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Record
from skillbank_engine.data.transforms import TrainingTransform, View, image_tensor, pad_images, rescaling
from skillbank_engine.data.whole import open_annotated
from skillbank_engine.families.grounding_dino.data.odvg import TrainingSet
from skillbank_engine.families.grounding_dino.data.sampling import PromptLengths, sample_prompt
from skillbank_engine.families.grounding_dino.prompt import Prompt, PromptBatch, batch_prompts
from skillbank_engine.families.grounding_dino.targets import TargetBatch, batch_targets
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.team import ALONE, Team


@dataclass(frozen=True)
class Sample:
    """One training sample: ``(3, h, w)`` uint8 pixels, relative ``cxcywh`` boxes, phrase numbers, prompt."""

    pixels: Tensor
    boxes: Tensor
    phrases: Tensor
    prompt: Prompt


@dataclass(frozen=True)
class Batch:
    """What one step trains on; see the parts' own classes.

    Attributes
    ----------
    pixels : Tensor
        ``(B, 3, H, W)`` uint8.
    mask : Tensor or None
        ``(B, H, W)`` bool; None when nothing is padded.
    phrase_counts : Tensor
        ``(B,)`` int64 phrases in each prompt.
    """

    pixels: Tensor
    mask: Tensor | None
    prompts: PromptBatch
    targets: TargetBatch
    phrase_counts: Tensor

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(
            self.pixels.to(device, non_blocking=True),
            None if self.mask is None else self.mask.to(device, non_blocking=True),
            self.prompts.to(device),
            self.targets.to(device),
            self.phrase_counts.to(device),
        )


class TrainingSamples(Dataset[Sample]):
    """Samples by (epoch, index); equal arguments give equal samples, whichever process asks.

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
    seed : int
        Start of the random numbers.
    cache_bytes : int
        How much memory decoded pictures may take.
    pixels : PixelScale, optional
        Of the data set.
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
        seed: int,
        cache_bytes: int,
        pixels: PixelScale | None = None,
    ) -> None:
        self._records = data.records
        self._tokenizer = tokenizer
        self._transform = transform
        self._max_labels = max_labels
        self._max_tokens = max_tokens
        self._lengths = lengths
        self._seed = seed
        self._pixels = pixels
        known = data.records if cache_bytes else ()
        sizes = [transform.fixed_size(record.width, record.height) for record in known]
        self._cache = PictureCache(sizes, cache_bytes)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, key: tuple[int, int]) -> Sample:
        epoch, index = key
        record = self._records[index]
        numbers = random.Random(f"{self._seed}-{epoch}-{index}")
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


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """One process' shares of an epoch's batches, shuffled by seed and epoch alone.

    What all processes take in one step is one batch; it is that of a single process with batches as large.

    Parameters
    ----------
    count : int
        Number of samples.
    batch_size : int
        Samples that one process takes a step.
    seed : int
        Start of the random numbers.
    team : Team
        The processes.
    """

    def __init__(self, count: int, batch_size: int, seed: int, team: Team = ALONE) -> None:
        self.size = batch_size * team.size
        self._count = count
        self._team = team
        self._seed = seed
        self._epoch = 0
        self._skip = 0

    def start(self, epoch: int, skip: int = 0) -> None:
        """Choose the epoch that comes next, and how many of its batches are already done."""
        self._epoch = epoch
        self._skip = skip

    @property
    def batches(self) -> int:
        """Batches in a whole epoch."""
        return -(-self._count // self.size)

    def share(self, number: int) -> range:
        """Positions in the epoch's order of this process' share of a batch.

        Empty where the last batch has fewer samples than there are processes.
        """
        start = number * self.size
        length = min(self.size, self._count - start)
        first, end = (length * place // self._team.size for place in (self._team.rank, self._team.rank + 1))
        return range(start + first, start + end)

    def __len__(self) -> int:
        return self.batches - self._skip

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        order = list(range(self._count))
        random.Random(f"{self._seed}-order-{self._epoch}").shuffle(order)
        for number in range(self._skip, self.batches):
            # Who has nothing to do still has to go through the step; the loss leaves the sample out.
            places = self.share(number) or range(number * self.size, number * self.size + 1)
            yield [(self._epoch, order[place]) for place in places]


@dataclass(frozen=True)
class Collator:
    """Puts samples together into a batch; a class and not a closure, so that loader processes can have it.

    Attributes
    ----------
    pad_id : int
        Token that prompts are padded with.
    fixed : (int, int), optional
        Height and width that pictures are padded to at least.
    step : int
        What lengths of prompts are rounded up to multiples of.
    """

    pad_id: int
    fixed: tuple[int, int] | None = None
    step: int = 1

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        """Make one batch of samples."""
        pixels, mask = pad_images([sample.pixels for sample in samples], self.fixed)
        return Batch(
            pixels,
            mask,
            batch_prompts([sample.prompt for sample in samples], self.pad_id, self.step),
            batch_targets([sample.boxes for sample in samples], [sample.phrases for sample in samples]),
            torch.tensor([len(sample.prompt.phrases) for sample in samples]),
        )


def make_loader(
    samples: TrainingSamples, batches: EpochBatches, collator: Collator, workers: int, pin_memory: bool
) -> DataLoader[Batch]:
    """Make the loader of a training run; call ``batches.start`` ahead of every pass over it.

    Loader processes are started anew for each epoch: they take the sampler's epoch along that way.  They are
    forks where that is safe, and share the cache of decoded pictures then.
    """
    return DataLoader(
        samples,  # type: ignore[arg-type]
        batch_sampler=batches,
        collate_fn=collator,
        num_workers=workers,
        pin_memory=pin_memory and torch.cuda.is_available(),
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        # Its own, so that starting an epoch draws nothing from the generator that training uses.
        generator=torch.Generator(),
    )
