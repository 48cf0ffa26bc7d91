"""What goes to and fro between the frame and a family's task: batches, samples, sets, measures, graphs."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn

from skillbank_engine.data.canvases import Canvases, Shape
from skillbank_engine.data.pixels import PixelScale

Stage = Literal["val", "test"]
"""Whether a measure is taken along a training, or by evaluate; names in ``status.json`` begin with it."""

Tell = Callable[[str], None]
"""Says a sentence to the user: a warning in the log, and a line of ``status.json``."""

Answer = Callable[..., tuple[Tensor, ...]]
"""A model as its exported file is: from the tensors of :class:`Graph`'s inputs, in order, to its outputs."""

Forward = Callable[..., Any]
"""Called like a task's module, and gives what that gives: a tensor, or what the family makes of several."""

SampleT = TypeVar("SampleT")


@dataclass(frozen=True)
class Batch:
    """Base of what one pass trains on: a frozen dataclass of tensors, one row a picture.

    A field is a tensor ``(B, ...)``, another ``Batch``, a list or tuple of one thing a picture (a tensor, say
    its boxes), or None.
    """

    def __len__(self) -> int:
        """Pictures in the batch."""
        return next(len(value) for value in vars(self).values() if value is not None)

    def to(self, device: torch.device) -> Self:
        """The same batch on another device."""
        return self._of(lambda value: _moved(value, device))

    def pin_memory(self) -> Self:
        """The same batch where a GPU reads quickly; what cannot be put there stays where it is."""
        return self._of(_pinned)

    def part(self, piece: slice) -> Self:
        """Some of its pictures."""
        return self._of(
            lambda value: (
                None
                if value is None
                else value[piece]
                if isinstance(value, Tensor | list | tuple)
                else value.part(piece)
            )
        )

    def _of(self, change: Callable[[Any], object]) -> Self:
        return type(self)(**{item.name: change(getattr(self, item.name)) for item in fields(self)})


def _moved(value: Any, device: torch.device) -> object:
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, list | tuple):
        return type(value)(_moved(item, device) for item in value)
    return value if value is None else value.to(device)


def _pinned(value: object) -> object:
    if isinstance(value, list | tuple):
        return type(value)(_pinned(item) for item in value)
    return value.pin_memory() if hasattr(value, "pin_memory") else value


BatchT = TypeVar("BatchT", bound=Batch)


class Samples(ABC, Generic[SampleT, BatchT]):
    """The training samples of a run; the frame orders, shuffles, shares out and loads them.

    It goes to loader processes (forks): what it keeps, such as a cache of pictures, each has for itself.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Pictures in an epoch."""

    @abstractmethod
    def sample(self, index: int, epoch: int, numbers: random.Random) -> SampleT:
        """Make one sample.

        Parameters
        ----------
        index : int
            Which picture.
        epoch : int
            Counted from 0.
        numbers : Random
            The only source of chance: made from the run's seed, the epoch and the index, so that a run that
            goes on, in whatever processes, sees what it would have seen.
        """

    @abstractmethod
    def collate(self, samples: Sequence[SampleT]) -> BatchT:
        """Put samples together; on the CPU, pixels best as uint8."""

    def shape(self, index: int, epoch: int, numbers: random.Random) -> Shape | None:
        """What height and width :meth:`sample` gives a picture for the same arguments, without decoding it.

        Where pictures of a run differ in it, the frame makes batches of like ones.  None, the default, says
        that all batches are of one shape.
        """
        return None

    @property
    def canvas(self) -> Shape | None:
        """The one shape that the spec wants batches padded to; None, the default, leaves it to the frame."""
        return None

    def pad_to(self, canvases: Canvases) -> None:
        """Pad batches to one of these shapes from now on; needed where :meth:`shape` gives any."""
        raise NotImplementedError


class Measured(Protocol):
    """A set with truth that a model is measured on."""

    def __len__(self) -> int:
        """Pictures."""
        ...

    def pictures(self) -> Iterable[Path]:
        """Their files; the frame looks through them for the scale of pictures of more than 8 bits."""
        ...


TrainT = TypeVar("TrainT", bound=Measured)
TestT = TypeVar("TestT", bound=Measured)


@dataclass(frozen=True)
class TrainingData(Generic[TrainT, TestT]):
    """What a training has been given, read and checked.

    Attributes
    ----------
    train : object
        The training set, with ``len()`` and ``pictures()``.
    validation : object or None
        The validation set; without one training runs without, which the family has said (``tell``).
    """

    train: TrainT
    validation: TestT | None = None


@dataclass(frozen=True)
class Metrics:
    """What was measured.

    Attributes
    ----------
    values : dict of str to float
        Headline numbers by the names that ``status.json`` wants, as ``val_mAP50`` or ``test_mIoU``, in its
        order; the first validation's must hold ``Family.metric``.
    per_class : dict
        Class name to its numbers: ``{"circle": {"mAP50": 0.9}}``.
    text : str
        The numbers for a line of the log: ``mAP50 0.912  mAP 0.801  loss 0.532``; made of the values where
        empty.
    more : dict
        Further plain values for ``metrics.json``, as a confusion matrix.
    confusion : Confusion, optional
        What was taken for what, for evaluate's page.
    worst : sequence of Looked
        The worst pictures for evaluate's page, the worst first; each is drawn only where it is shown.
    """

    values: Mapping[str, float]
    per_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    text: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    confusion: Confusion | None = None
    worst: Sequence[Looked] = ()


@dataclass(frozen=True)
class Confusion:
    """What was taken for what.

    Attributes
    ----------
    names : tuple of str
        The classes.
    counts : sequence of sequence of int
        By true class, then by found class.
    what : str
        What is counted: "pictures", "boxes", "pixels".
    about : str
        A sentence on how, if there is something to say.
    """

    names: tuple[str, ...]
    counts: Sequence[Sequence[int]]
    what: str
    about: str = ""


@dataclass(frozen=True)
class Looked:
    """A picture of evaluate's page.

    Attributes
    ----------
    name : str
        Of the picture.
    note : str
        What is wrong with what was found.
    draw : callable
        Gives the picture, with what is true and what was found drawn in it.
    """

    name: str
    note: str
    draw: Callable[[], Image.Image]


@dataclass(frozen=True)
class Share:
    """The place of a batch in its step, which may hold others: of other processes, or accumulated ones.

    Attributes
    ----------
    first, pictures : int
        Number of the batch's first picture among the step's, and how many the step has.
    most : int
        Largest :meth:`Task.room` of the step's batches.
    seed : callable
        Gives for a name a number of the step and the name alone, the same in all processes: where a batch is
        given noise, draw that of all the step's pictures with it and take the batch's rows.
    """

    first: int
    pictures: int
    most: int
    seed: Callable[[str], int]


@dataclass(frozen=True)
class Kept:
    """What is kept of a model beside its weights: in a checkpoint, or in the metadata of an ONNX file.

    Attributes
    ----------
    architecture : dict
        Plain values that, with the labels and facts, the module is built from.
    labels : tuple of str
        Class names, in the order of the model's outputs.
    facts : dict
        Further plain values of the family's.
    spec : dict
        The spec of the training.
    pixels : PixelScale
        How pictures of more than 8 bits were scaled.
    exported : bool
        Whether the weights stay in an ONNX file: the module of such a task is never called, and may be
        ``nn.Identity()``.
    """

    architecture: Mapping[str, Any]
    labels: tuple[str, ...]
    facts: Mapping[str, Any]
    spec: Mapping[str, Any]
    pixels: PixelScale = field(default_factory=PixelScale)
    exported: bool = False


@dataclass(frozen=True)
class Place:
    """A picture that inference sees, and where what is found on it goes.

    Attributes
    ----------
    image : Path
        The picture.
    name : Path
        Below the results folder, unique and **with the suffix ``.txt``** to be replaced:
        ``folder / "labels" / place.name``, ``folder / "masks" / place.name.with_suffix(".png")``.
    """

    image: Path
    name: Path


@dataclass(frozen=True)
class Graph:
    """A model as it is exported, which is also what evaluate and inference run (:attr:`Task.answer`).

    Attributes
    ----------
    module : Module
        From the inputs, in order, to a tuple of the outputs: tensors alone, pixels normalised.  Built of the
        task's own module, and put into evaluation mode.
    inputs : dict of str to Tensor
        Example inputs by name, each ``(B, ...)``; noise from a fixed seed for pixels.  The first is
        ``(B, 3, H, W)``.
    outputs : tuple of str
        Names of the outputs, each ``(B, ...)``.
    dynamic : dict
        Input or output name to ``{axis: name}``, beside the axis 0, which is open where no batch size is
        fixed.
    tolerance : float
        How far outputs of the file may be from the module's, relative to the largest of each (at least 1).
    agreement : callable, optional
        Gives, of the module's outputs and the file's, the share that agrees, where that is not the share of
        all numbers within the tolerance.
    least : float
        Least share of a file that is kept.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    outputs: tuple[str, ...]
    dynamic: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    tolerance: float = 1e-4
    agreement: Callable[[Sequence[Tensor], Sequence[Tensor]], float] | None = None
    least: float = 0.999

    def __post_init__(self) -> None:
        # What wraps a module begins in training mode, and whoever puts it back there takes the module along.
        self.module.eval()
