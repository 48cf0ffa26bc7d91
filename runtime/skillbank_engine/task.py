"""What the frame asks of a model family: one class, ``Task``, and the values that go to and fro.

A family says here how its model is built, what it learns from, what its loss is, how it is measured, used and
exported.  All else is the frame's: sessions and status lines, specs, processes (DDP, FSDP), precision,
clipping, checkpoints, going on, signals, the average of weights, early stopping, accumulation, ONNX files
and their quantization.

A family in ten lines, beside its config and its readers::

    class ColourTask(Task[ColourSpec, ColourFolders, ColourFolders, ColourBatch]):
        @classmethod
        def read_training(cls, spec, tell):
            root = spec.dataset.root
            return TrainingData(read_folders(root, "train"), read_folders(root, "val"))

        @classmethod
        def begin(cls, spec, data, tell):
            return cls(spec, nn.Linear(3, len(data.train.names)), data.train.names, {"width": 3})

        @classmethod
        def restore(cls, spec, kept):
            return cls(spec, nn.Linear(3, len(kept.labels)), kept.labels, kept.architecture)

        def samples(self, data, seed):
            return ColourSamples(data.train)      # sample(index, epoch, numbers), collate(samples)

        def size(self, batch):
            return len(batch)

        def losses(self, model, batch, divisor):
            return {"loss": cross_entropy(model(batch.pixels), batch.labels, reduction="sum") / divisor}

        def measure(self, data, stage, compute, team, folder=None): ...
        def infer(self, pictures, folder, compute): ...
        def graph(self, height=0, width=0, batch=1): ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self

import torch
from torch import Tensor, nn

from skillbank_engine import defaults
from skillbank_engine.compilation import compiled
from skillbank_engine.config.specs import SpecT
from skillbank_engine.data.canvases import Shape
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.device import Compute
from skillbank_engine.errors import UnsupportedActionError, WeightsError
from skillbank_engine.exchange import (
    Answer,
    Batch,
    BatchT,
    Forward,
    Graph,
    Kept,
    Measured,
    Metrics,
    Place,
    Samples,
    Share,
    Stage,
    Tell,
    TestT,
    TrainingData,
    TrainT,
)
from skillbank_engine.graph_answer import answer_of
from skillbank_engine.pace import Pace
from skillbank_engine.schedule import Schedule
from skillbank_engine.team import Team

__all__ = [
    "Answer",
    "AnyTask",
    "Batch",
    "BatchT",
    "Forward",
    "Graph",
    "Kept",
    "Measured",
    "Metrics",
    "Place",
    "Samples",
    "Shape",
    "Share",
    "Stage",
    "Task",
    "TaskOf",
    "Tell",
    "TestT",
    "TrainT",
    "TrainingData",
]


class Task(ABC, Generic[SpecT, TrainT, TestT, BatchT]):
    """A model with what it takes to train, measure, use and export it.

    Made by :meth:`begin` (a new model) or :meth:`restore` (of a checkpoint, whose weights the frame loads, or
    of an ONNX file, whose weights stay in it).

    Parameters
    ----------
    spec : pydantic model
        Of the action, profile applied.
    module : Module
        What is trained and saved: its ``state_dict`` are the weights of checkpoints, its ``forward`` what
        `losses` calls.
    labels : tuple of str
        Class names.
    architecture : dict
        Plain values; a run that goes on refuses a checkpoint of another architecture.
    facts : dict, optional
        Further plain values to be kept.

    Attributes
    ----------
    pixels : PixelScale
        How pictures of more than 8 bits are scaled; set by the frame ahead of `samples`, `measure` and
        `infer`.
    answer : callable
        What answers in `measure` of the stage "test" and in `infer`: the graph of the module on its device,
        or an ONNX file; set by the frame (:meth:`use`).  It runs without gradients and in the precision of
        the run; its outputs are on the device of its inputs, in fp32.
    frame : (int, int) or None
        Height and width that ``answer`` takes where it is an ONNX file; None for any.
    ahead : int
        How many pictures there are to answer for, once the frame knows it (0); of many, more is made ready.
    recording : bool
        Whether passes of the training are recorded, so that batches had better come in few shapes; set by the
        frame (:meth:`records`) ahead of `samples`.
    pace : Pace
        `measure` of the stage "test" and `infer` count their passes with it, drawing and writing aside; the
        commands say the rate.
    """

    carried: ClassVar[tuple[str, ...]] = ("model", "engine")
    """Dotted keys of the spec that an exported file carries along: add what `restore` and `settle` read."""
    in_file: ClassVar[str] = "labels"
    """What an exported file carries along, for the message that refuses one of another program."""
    foreign_weights: ClassVar[str] = ""
    """How the message goes on that refuses a file which is no checkpoint: ", or give foreign weights as
    train.pretrained_model_path"."""
    outputs: ClassVar[tuple[type, ...]] = ()
    """Dataclasses that the module's forward pass returns, where it returns such."""
    separable: ClassVar[bool] = True
    """Whether a picture's part in the loss depends on no other picture of the batch, so that on a CPU parts
    of a batch can go side by side.  A module with a BatchNorm in training mode is never cut."""

    recordable: ClassVar[bool] = False
    """Whether `losses` launches the same for all batches of a shape, takes a tensor for its divisor, and
    reads nothing back from the device but by :func:`.recording.on_host`: passes may be recorded
    (`.training.passes`), and on GPUs processes add up their gradients at the end of a step."""

    answers_in_low: ClassVar[bool] = False
    """Whether `infer` finds the same in bf16 but for rounding, so that a GPU computes in it unless told."""

    channels_last: ClassVar[bool] = False
    """Whether a small module answers faster on a CPU with the channels of its pixels and weights last: true
    of one that is made of convolutions."""

    def __init__(
        self,
        spec: SpecT,
        module: nn.Module,
        labels: tuple[str, ...],
        architecture: Mapping[str, object],
        facts: Mapping[str, object] | None = None,
    ) -> None:
        self.spec = spec
        self.module = module
        self.labels = labels
        self.architecture = architecture
        self.facts = facts or {}
        self.pixels = PixelScale()
        self.answer: Answer | None = None
        self.frame: tuple[int, int] | None = None
        self.ahead = 0
        self.recording = False
        self.pace = Pace()

    # ---- where it comes from -------------------------------------------------------------------------------

    @classmethod
    def warm(cls, spec: SpecT, compute: Compute) -> Callable[[], None]:
        """Begin in a thread what a training's first step would wait for; give what waits for its end.

        It is called ahead of `read_training`; by default nothing is begun.
        """
        return lambda: None

    @classmethod
    @abstractmethod
    def read_training(cls, spec: SpecT, tell: Tell) -> TrainingData[TrainT, TestT]:
        """Read and check the sets of a training.

        Raises
        ------
        DataError
            They cannot be used.
        """

    @classmethod
    @abstractmethod
    def begin(cls, spec: SpecT, data: TrainingData[TrainT, TestT], tell: Tell) -> Self:
        """Build a new model, with whatever weights the spec names, on the CPU.

        Raises
        ------
        WeightsError
            The weights cannot be used.
        """

    @classmethod
    @abstractmethod
    def restore(cls, spec: SpecT, kept: Kept) -> Self:
        """Build the model that was kept, without its weights, on the CPU."""

    @classmethod
    def released(cls, spec: SpecT, name: str, key: str, tell: Tell) -> Self:
        """Build a model that another library saved, with its weights, on the CPU.

        So it is evaluated, run, exported and quantized without a training.  The task's spec is kept of it, as
        that of a training is.

        Parameters
        ----------
        spec : pydantic model
            Of the action; its values hold where the model says nothing.
        name : str
            A folder, or ``OWNER/NAME`` on the model hub.
        key : str
            The spec's key that names it, for messages.

        Raises
        ------
        WeightsError
            Nothing there, or no whole model of this family.
        """
        raise WeightsError(f"{key} names {name}, which is no file: check the path")

    @classmethod
    def differences(cls, spec: SpecT, kept: Kept) -> dict[str, tuple[object, object]]:
        """Say in what a spec's model differs from one that was kept, by name: the kept value and the spec's.

        A run goes on from a checkpoint without differences only; by default the model blocks are compared.
        """
        return defaults.differences(spec, kept)

    # ---- training ------------------------------------------------------------------------------------------

    @abstractmethod
    def samples(self, data: TrainingData[TrainT, TestT], seed: int) -> Samples[Any, BatchT]:
        """Give the training samples."""

    @abstractmethod
    def size(self, batch: BatchT) -> float:
        """What the loss of a batch is divided by: its boxes, pixels with a label, or pictures.

        The frame adds it up over the step's batches; the sum is the ``divisor`` of each (at least 1).
        """

    @abstractmethod
    def losses(self, model: Forward, batch: BatchT, divisor: float) -> dict[str, Tensor]:
        """Compute the losses of a batch, or of a part of one.

        Parameters
        ----------
        model : callable
            Called like the task's module, and instead of it: it takes care of the processes, and runs in
            autocast where the spec says so.  What comes after it does not: compute the loss itself in fp32
            (``.float()``).
        batch : Batch
            On the device, prepared.
        divisor : float
            What sums of losses are divided by; infinite for a batch that does not count.

        Returns
        -------
        dict
            Scalars by name; "loss" is the weighted sum that is minimised, the others are for messages.
        """

    def prepare(self, batch: BatchT, share: Share, device: torch.device) -> BatchT:
        """Make a batch ready ahead of `losses`, once, before it is cut into parts: here normalise pixels."""
        return batch.to(device)

    def check_start(self, tell: Tell) -> None:
        """Say what is odd about a new model as it stands, frozen parts frozen; nothing by default."""

    def train_mode(self) -> None:
        """Put the module into training mode, ahead of every epoch; a BatchNorm that stands still does not."""
        self.module.train()

    def to(self, device: torch.device) -> None:
        """Move all that is computed with, a teacher for instance, to a device."""
        self.module.to(device)

    def room(self, batch: BatchT) -> int:
        """A number of which a batch may need to know the largest of its step, as of boxes of a picture."""
        return 0

    def rounded_room(self, most: int) -> int:
        """Give the room that a step's batches get: the most that any needs, or more where shapes count."""
        return most

    def frozen(self) -> list[str]:
        """Prefixes of names that are not trained: by default ``train.freeze``, and a backbone that is not."""
        return defaults.frozen(self.spec)

    def parameter_groups(self) -> list[dict[str, object]]:
        """Sort what is trained (``requires_grad``) into groups of a learning rate.

        Each is ``{"params", "lr", "name"}`` and perhaps ``weight_decay``; by default there is one, at
        ``train.optim.lr``.
        """
        return defaults.parameter_groups(self.spec, self.module)

    def optimizer(self, groups: list[dict[str, object]]) -> torch.optim.Optimizer:
        """Make the optimiser; by default AdamW, Adam or SGD by ``train.optim``."""
        return defaults.optimizer(self.spec, groups)

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """Factor on the learning rates of the step with this number: a pure function.

        By default that of ``train.optim.lr_scheduler`` with its keys (:meth:`.schedule.Schedule.from_spec`);
        a family with other keys makes a :class:`.schedule.Schedule` of them.
        """
        return Schedule.from_spec(self.spec, steps_per_epoch).factor(step)

    def forward(self, compute: Compute, team: Team) -> Forward | None:
        """Something of the family's own that `losses` calls; None, the default, for the module itself."""
        return None

    def records(self, compute: Compute, passes: int, say: Callable[[str], None]) -> bool:
        """Whether passes are recorded and replayed in a training of so many, where they may be; say why."""
        return False

    def recompute(self) -> bool:
        """Recompute activations in the backward passes from now on, to save memory; say whether that is new.

        By default nothing can be saved in this way.
        """
        return False

    def compile(self, device: torch.device, *, training: bool) -> None:
        """Have the module compiled (``engine.compile``)."""
        compiled(self.module.compile, device)

    @staticmethod
    def family_name(name: str) -> str:
        """How the family's specs write a parameter's name."""
        return name

    # ---- measuring, using, exporting -----------------------------------------------------------------------

    def use(self, compute: Compute, answer: Answer | None, frame: tuple[int, int] | None = None) -> None:
        """Make ready to answer: by the given one of an ONNX file, else by the graph of the module."""
        self.frame = frame
        self.answer = answer or answer_of(self, compute)

    @classmethod
    def read_test(cls, spec: SpecT) -> TestT:
        """Read the set of an evaluate spec; a set in which there is nothing to measure is a `DataError`."""
        raise UnsupportedActionError("evaluate is not built for this family")

    @abstractmethod
    def measure(
        self, data: TestT, stage: Stage, compute: Compute, team: Team, folder: Path | None = None
    ) -> Metrics | None:
        """Measure the model; all processes call, the main one gets the result and the others None.

        Parameters
        ----------
        data : TestT
            The set.
        stage : str
            "val": the module as it stands, in evaluation mode and without gradients; processes share the
            work (``team.rank`` of ``team.size``; `Team.collect` brings findings together).  "test":
            :attr:`answer`, of this process alone.
        compute : Compute
            Device and precision.
        team : Team
            The processes.
        folder : Path, optional
            Where evaluate keeps what was found (``detections.json``); nothing is written without.

        Returns
        -------
        Metrics or None
            Of the stage "test" with what evaluate's page shows: :attr:`Metrics.confusion` and
            :attr:`Metrics.worst`.
        """

    @classmethod
    def inference_pictures(cls, spec: SpecT) -> list[tuple[Path, Path]]:
        """Find what inference is to see: pairs of the folder that was searched and a picture in it.

        By default the pictures of ``dataset.infer_data_sources.image_dir``.
        """
        return defaults.inference_pictures(spec)

    def inference_files(self, places: Sequence[Place]) -> list[Path]:
        """What `infer` writes for some pictures and beside them, relative to the results folder."""
        return [Path("labels") / place.name for place in places]

    def made_with(self) -> dict[str, object]:
        """What makes results of inference what they are beside the model: thresholds, words to look for.

        A results folder belongs to one model and these values; results of others never mix with them.
        """
        return {}

    @abstractmethod
    def infer(self, pictures: Sequence[Place], folder: Path, compute: Compute) -> dict[str, float]:
        """Run the model on pictures and write what it finds below the folder.

        Returns
        -------
        dict
            Numbers for ``status.json``, as ``{"images": 12.0, "detections": 40.0}``.
        """

    @abstractmethod
    def graph(self, height: int = 0, width: int = 0, batch: int = 1) -> Graph:
        """Give the model as it is exported, at a size in pixels (0: whatever the spec says)."""

    @classmethod
    def onnx_metadata(cls, kept: Kept) -> dict[str, str]:
        """What an exported file carries along of a checkpoint, so that it stands for itself.

        Of the spec it carries the parts that :attr:`carried` names.
        """
        return defaults.onnx_metadata(kept, cls.carried)

    @classmethod
    def kept_in(cls, metadata: Mapping[str, str]) -> Kept:
        """Read what :meth:`onnx_metadata` has written."""
        return defaults.kept_in(metadata)

    def calibration(self, height: int, width: int) -> Iterator[dict[str, Tensor]]:
        """Yield inputs of the graph, made of pictures, on which ranges of activations are found.

        Each is one picture, ``(1, 3, height, width)``, by the names of :attr:`Graph.inputs`; 64 are enough.
        Without calibration pictures in the spec it raises `DataError`.
        """
        raise UnsupportedActionError(
            "static quantization is not built for this family: quantize the weights of a checkpoint instead"
        )

    @classmethod
    def settle(cls, spec: SpecT, action: str, overrides: Sequence[str], kept: Kept) -> tuple[SpecT, str]:
        """Put a trained model's structural values into the spec of another action.

        By default the model block, the profile and `Recipe.trained_with` of the training hold.

        Returns
        -------
        spec : pydantic model
            A checked copy.
        note : str
            What differed, empty when nothing did.
        """
        return defaults.settle(spec, kept)


TaskOf = Task[Any, Any, Any, BatchT]
"""The task of a family that trains on such batches."""

AnyTask = TaskOf[Any]
"""The task of whichever family: which one, a program is told when it runs."""
