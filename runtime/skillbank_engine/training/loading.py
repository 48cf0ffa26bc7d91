"""Batches of training samples, the same for a seed however they are loaded."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from skillbank_engine.data.canvases import WINDOW, grouped
from skillbank_engine.exchange import SampleT
from skillbank_engine.task import BatchT, Samples, Shape
from skillbank_engine.team import ALONE, Team


class SeededSamples(Dataset[Any], Generic[SampleT, BatchT]):
    """Samples by (epoch, index); equal arguments give equal samples, whichever process asks.

    Parameters
    ----------
    samples : Samples
        The family's.
    seed : int
        Start of the random numbers.
    """

    def __init__(self, samples: Samples[SampleT, BatchT], seed: int) -> None:
        self._samples = samples
        self._seed = seed

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, key: tuple[int, int]) -> SampleT:
        epoch, index = key
        return self._samples.sample(index, epoch, self._numbers(epoch, index))

    def shape(self, epoch: int, index: int) -> Shape | None:
        """Height and width of a sample, if they differ among samples."""
        return self._samples.shape(index, epoch, self._numbers(epoch, index))

    def _numbers(self, epoch: int, index: int) -> random.Random:
        return random.Random(f"{self._seed}-{epoch}-{index}")


class EpochBatches(Sampler[list[tuple[int, int]]]):
    """One process' shares of an epoch's batches, in an order by seed and epoch alone.

    What all processes take in one step is one batch; it is that of a single process with batches as large.
    Pictures of different shapes are exchanged within windows of the shuffled order (`data.canvases`), and the
    batches of a window shuffled; those of the last batch, if it is not full, stay where they are.

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
    shape : callable, optional
        Gives for an epoch and an index the sample's shape, or None where all are of one.
    group : bool
        Whether those of like shape are put together.
    shuffle : bool
        Whether each epoch has an order of its own; else samples come in theirs, those of like shape too.
    """

    def __init__(
        self,
        count: int,
        batch_size: int,
        seed: int,
        team: Team = ALONE,
        shape: Callable[[int, int], Shape | None] = lambda epoch, index: None,
        *,
        group: bool = True,
        shuffle: bool = True,
    ) -> None:
        self.size = batch_size * team.size
        self._group = group and shuffle
        self._shape = shape
        self._count = count
        self._team = team
        self._seed = seed
        self._shuffle = shuffle
        self._epochs = range(1)
        self._skip = 0

    def start(self, epoch: int, skip: int = 0, epochs: int = 1) -> None:
        """Choose the epochs that come next, and how many batches of the first are already done."""
        self._epochs = range(epoch, epoch + epochs)
        self._skip = skip

    @property
    def count(self) -> int:
        """Samples in a whole epoch."""
        return self._count

    @property
    def batches(self) -> int:
        """Batches in a whole epoch."""
        return -(-self._count // self.size)

    @property
    def groups(self) -> bool:
        """Whether like shapes are put together, so that the order depends on the size of batches."""
        return self._group and self._shape(0, 0) is not None

    def share(self, number: int) -> range:
        """Positions in the epoch's order of this process' share of a batch.

        Empty where the last batch has fewer samples than there are processes.
        """
        start = number * self.size
        length = min(self.size, self._count - start)
        first, end = (length * place // self._team.size for place in (self._team.rank, self._team.rank + 1))
        return range(start + first, start + end)

    def __len__(self) -> int:
        return self.batches * len(self._epochs) - self._skip

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        for epoch in self._epochs:
            yield from self._of(epoch, self._skip if epoch == self._epochs.start else 0)

    def _of(self, epoch: int, skip: int) -> Iterator[list[tuple[int, int]]]:
        order = self._shuffled(epoch)
        for number in range(skip, self.batches):
            if number == skip or number % WINDOW == 0:
                self._arrange(order, epoch, number // WINDOW)
            # Who has nothing to do still has to go through the step; the loss leaves the sample out.
            places = self.share(number) or range(number * self.size, number * self.size + 1)
            yield [(epoch, order[place]) for place in places]

    def survey(self, most: int, epochs: int = 1) -> list[list[Shape]]:
        """Shapes of the samples of the first steps of the first epochs; empty where all are of one shape."""
        found: list[list[Shape]] = []
        for epoch in range(epochs):
            steps = min(most - len(found), self.batches)
            order = self._shuffled(epoch)
            for window in range(-(-steps // WINDOW)):
                self._arrange(order, epoch, window)
            found += [
                [shape for index in order[start : start + self.size] if (shape := self._shape(epoch, index))]
                for start in range(0, steps * self.size, self.size)
            ]
            if len(found) >= most:
                break
        return [shapes for shapes in found if shapes]

    def _shuffled(self, epoch: int) -> list[int]:
        order = list(range(self._count))
        if self._shuffle:
            random.Random(f"{self._seed}-order-{epoch}").shuffle(order)
        return order

    def _arrange(self, order: list[int], epoch: int, window: int) -> None:
        """Put samples of like shape together in one window of an epoch's order."""
        full = self._count // self.size * self.size
        place = slice(window * WINDOW * self.size, min((window + 1) * WINDOW * self.size, full))
        indices = order[place] if self._group else []
        shapes = [shape for index in indices if (shape := self._shape(epoch, index))]
        if len(set(shapes)) < 2:
            return
        batches = grouped(shapes, self.size)
        random.Random(f"{self._seed}-batches-{epoch}-{window}").shuffle(batches)
        order[place] = [indices[number] for batch in batches for number in batch]


class StepCollator(Generic[SampleT, BatchT]):
    """Puts a step's samples together: into one batch, or several whose gradients are added up.

    A class and not a closure, so that loader processes can have it.

    Parameters
    ----------
    samples : Samples
        Knows how.
    batch_size : int
        Most samples of a batch.
    """

    def __init__(self, samples: Samples[SampleT, BatchT], batch_size: int) -> None:
        self._samples = samples
        self._batch_size = batch_size

    def __call__(self, samples: Sequence[SampleT]) -> list[BatchT]:
        """Make the batches, of (nearly) equal size."""
        count = -(-len(samples) // self._batch_size)
        edges = [len(samples) * number // count for number in range(count + 1)]
        return [self._samples.collate(samples[edges[n] : edges[n + 1]]) for n in range(count)]


def make_loader(
    samples: Samples[SampleT, BatchT],
    batches: EpochBatches,
    batch_size: int,
    seed: int,
    *,
    workers: int = 0,
    pin_memory: bool = False,
) -> DataLoader[list[BatchT]]:
    """Make the loader of a training run; call ``batches.start`` ahead of every pass over it.

    Loader processes stay for all epochs: what they are asked for holds its epoch.  They are forks where that
    is safe, and share the cache of decoded pictures then.

    Parameters
    ----------
    samples : Samples
        The family's.
    batches : EpochBatches
        Their order.
    batch_size : int
        Most samples of one pass; a step of more becomes several.
    seed : int
        Start of the random numbers.
    workers : int
        Loader processes.
    pin_memory : bool
        Whether batches are put where a GPU reads quickly.
    """
    return DataLoader(
        SeededSamples(samples, seed),
        batch_sampler=batches,
        collate_fn=StepCollator(samples, batch_size),
        num_workers=workers,
        # On a GPU a fork copies the tables of a hundred gigabytes.
        persistent_workers=workers > 0,
        pin_memory=pin_memory and torch.cuda.is_available(),
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
        # Its own, so that starting an epoch draws nothing from the generator that training uses.
        generator=torch.Generator(),
    )
