"""SegFormer as the frame knows a model family."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from skillbank_engine.config.named import Named
from skillbank_engine.data.images import find_images, open_image
from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError, WeightsError
from skillbank_engine.families.segformer.classes import KEYS, Classes, classes_of, palette_of, settle_classes
from skillbank_engine.families.segformer.config import ExperimentSpec
from skillbank_engine.families.segformer.config.dataset import SegmentConfig
from skillbank_engine.families.segformer.data.layout import find_pictures, left_alone
from skillbank_engine.families.segformer.data.sets import MaskBatch, MaskSamples, MaskSet, read_set
from skillbank_engine.families.segformer.data.transforms import Variation
from skillbank_engine.families.segformer.evaluation import measure
from skillbank_engine.families.segformer.export import INPUT, graph
from skillbank_engine.families.segformer.fitting import WHOLE
from skillbank_engine.families.segformer.inference import MEANING, files_of, write_masks
from skillbank_engine.families.segformer.loss import counted_pixels, pixel_loss
from skillbank_engine.families.segformer.model import Architecture, Segmenter, build
from skillbank_engine.families.segformer.prediction import Predictor
from skillbank_engine.families.segformer.weights import read_whole, start
from skillbank_engine.schedule import Kind, Schedule
from skillbank_engine.task import (
    Forward,
    Graph,
    Kept,
    Metrics,
    Place,
    Samples,
    Share,
    Stage,
    Task,
    Tell,
    TrainingData,
)
from skillbank_engine.team import Team

_LOG = logging.getLogger(__name__)

_CALIBRATING = 64
_FAMILY_NAMES = (("network.segformer.", "backbone."), ("network.decode_head.", "decode_head."))


class SegformerTask(Task[ExperimentSpec, MaskSet, MaskSet, MaskBatch]):
    """A SegFormer with what it takes to train, measure, use and export it."""

    module: Segmenter
    carried: ClassVar[tuple[str, ...]] = ("model", "engine", "dataset.segment")
    foreign_weights: ClassVar[str] = ", or give foreign weights as train.pretrained_model_path"

    # ---- where it comes from -------------------------------------------------------------------------------

    @classmethod
    def read_training(cls, spec: ExperimentSpec, tell: Tell) -> TrainingData[MaskSet, MaskSet]:
        """Read and check the training and the validation split."""
        train = read_set(spec, "train_split")
        for name in train.without_pixels():
            tell(f"No pixel of the training masks is of the class {name}: it cannot be learned.")
        segment = spec.dataset.segment
        if not (Path(segment.root_dir) / "images" / segment.validation_split).is_dir():
            tell(
                f"dataset.segment.validation_split '{segment.validation_split}' has no folder below images: "
                "training runs without validation."
            )
            return TrainingData(train)
        validation = read_set(spec, "validation_split")
        if absent := validation.without_pixels():
            tell(f"No pixel of the validation masks is of {', '.join(absent)}: val_miou leaves that out.")
        return TrainingData(train, validation)

    @classmethod
    def begin(cls, spec: ExperimentSpec, data: TrainingData[MaskSet, MaskSet], tell: Tell) -> Self:
        """Build a new network for the classes of the training split."""
        labels = data.train.classes.names
        segmenter = start(spec, labels)
        return cls(spec, segmenter, labels, segmenter.architecture.to_dict())

    @classmethod
    def restore(cls, spec: ExperimentSpec, kept: Kept) -> Self:
        """Build the network that was kept."""
        segmenter = build(Architecture.from_dict(kept.architecture), kept.labels)
        return cls(spec, segmenter, kept.labels, kept.architecture, kept.facts)

    @classmethod
    def released(cls, spec: ExperimentSpec, name: str, key: str, tell: Tell) -> Self:
        """Build the network of a folder that transformers saved, or of a name on the hub."""
        found = read_whole(name, key, spec)
        if found.headless:
            raise WeightsError(
                f"{key} names {name}, which has no head of a segmentation: train with it as {WHOLE} first"
            )
        values = spec.model_dump()
        values["dataset"]["segment"].update(palette_of(spec.dataset.segment, found.labels))
        spec = type(spec).model_validate(values)
        return cls(spec, found.segmenter, found.labels, found.segmenter.architecture.to_dict())

    # ---- training ------------------------------------------------------------------------------------------

    def samples(self, data: TrainingData[MaskSet, MaskSet], seed: int) -> Samples[Any, MaskBatch]:
        """Give the training samples."""
        self._ensure_known(data.train)
        segment = self.spec.dataset.segment
        variation = Variation(segment.img_size, segment.augmentation)
        return MaskSamples(data.train, variation, self.spec.engine.cache_megabytes << 20, self.pixels)

    def _ensure_known(self, data: MaskSet) -> None:
        """Refuse masks whose numbers mean other classes than those of the model."""
        if data.classes.names != self.labels:
            raise DataError(
                f"the model tells {', '.join(self.labels)} apart, but {data.split} has "
                f"{', '.join(data.classes.names)}: set dataset.segment.palette to the model's classes, in "
                "the order of their label ids"
            )

    def size(self, batch: MaskBatch) -> float:
        """Pixels that have a class."""
        return float(counted_pixels(batch.masks))

    def prepare(self, batch: MaskBatch, share: Share, device: torch.device) -> MaskBatch:
        """Normalise pixels."""
        there = batch.to(device)
        return MaskBatch(self.module.normalised(there.pixels), there.masks)

    def losses(self, model: Forward, batch: MaskBatch, divisor: float) -> dict[str, Tensor]:
        """Cross entropy of the pixels that have a class."""
        return {"loss": pixel_loss(model(batch.pixels), batch.masks, divisor)}

    def train_mode(self) -> None:
        """Train what is not frozen; an encoder that stands still drops nothing."""
        self.module.train()
        if self.spec.model.backbone.freeze_backbone:
            self.module.network.segformer.eval()

    def frozen(self) -> list[str]:
        """The encoder, where the spec says so."""
        return ["backbone"] if self.spec.model.backbone.freeze_backbone else []

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """Factor on the learning rate, by ``train.optim.policy`` or the engine's own."""
        train, engine = self.spec.train, self.spec.engine
        kinds: dict[str, Kind] = {"linear": "linear", "step": "StepLR"}
        schedule = Schedule(
            kind="cosine" if engine.lr_scheduler == "cosine" else kinds[train.optim.policy],
            total_steps=steps_per_epoch * train.num_epochs,
            steps_per_epoch=steps_per_epoch,
            warmup_steps=engine.warmup_steps,
            step_size=max(1, train.num_epochs // 3),
        )
        return schedule.factor(step)

    def forward(self, compute: Compute, team: Team) -> Forward | None:
        """Let all GPUs normalise batches together where the spec says so."""
        if self.spec.train.sync_batchnorm and team.size > 1:
            if compute.device.type == "cuda":
                network = self.module.network
                self.module.network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
            else:
                _LOG.warning(
                    "train.sync_batchnorm is set, but processes on a CPU normalise their own batches"
                )
        return None

    @staticmethod
    def family_name(name: str) -> str:
        """``backbone.*`` for the encoder, ``decode_head.*`` for the head."""
        for ours, theirs in _FAMILY_NAMES:
            if name.startswith(ours):
                return theirs + name.removeprefix(ours)
        return name

    # ---- measuring, using, exporting -----------------------------------------------------------------------

    @classmethod
    def read_test(cls, spec: ExperimentSpec) -> MaskSet:
        """Read and check the test split."""
        return read_set(spec, "test_split")

    def measure(
        self, data: MaskSet, stage: Stage, compute: Compute, team: Team, folder: Path | None = None
    ) -> Metrics | None:
        """Measure mIoU and pixel accuracy."""
        self._ensure_known(data)
        block = getattr(self.spec, "evaluate", None) if stage == "test" else None
        with torch.inference_mode():
            return measure(
                self._predictor(compute, by_answer=stage == "test"),
                data,
                stage,
                team,
                batch_size=block.batch_size if block is not None else self.spec.dataset.segment.batch_size,
                pixels=self.pixels,
                folder=folder,
                drawn_every=block.vis_after_n_batches if block is not None else 1,
            )

    def _predictor(self, compute: Compute, *, by_answer: bool) -> Predictor:
        side = self.spec.dataset.segment.img_size
        size = (self.frame or (side, side)) if by_answer else (side, side)
        answer = self.answer if by_answer else None

        def logits(pixels: Tensor) -> Tensor:
            normalised = self.module.normalised(pixels)
            if answer is not None:
                return answer(normalised)[0].float()
            with compute.autocast():
                found: Tensor = self.module(normalised)
            return found.float()

        return Predictor(logits, size, compute.device)

    @classmethod
    def inference_pictures(cls, spec: ExperimentSpec) -> list[tuple[Path, Path]]:
        """Find the pictures of ``images/<predict_split>``, or those of a plain folder."""
        segment = spec.dataset.segment
        return find_pictures(segment.root_dir, segment.predict_split, "dataset.segment.predict_split")

    def inference_files(self, places: Sequence[Place]) -> list[Path]:
        """Masks, pictures with their classes laid over them, and what the masks' numbers mean."""
        return [*(file for place in places for file in files_of(place)), Path(MEANING)]

    def infer(self, pictures: Sequence[Place], folder: Path, compute: Compute) -> dict[str, float]:
        """Write a mask of label ids for each picture, and overlays with a legend.

        ``masks.json`` names the classes by label id, and says how much of each picture they take.
        """
        block = getattr(self.spec, "inference", None)
        with torch.inference_mode():
            return write_masks(
                self._predictor(compute, by_answer=True),
                pictures,
                folder,
                self._classes(),
                batch_size=block.batch_size if block is not None else self.spec.dataset.segment.batch_size,
                drawn_every=block.vis_after_n_batches if block is not None else 1,
                pixels=self.pixels,
            )

    def _classes(self) -> Classes:
        """The model's classes with the label ids of its training."""
        classes = classes_of(self.spec.dataset.segment)
        if classes.names == self.labels:
            return classes
        _LOG.warning(
            "the spec's palette has other classes than the model: masks hold the model's numbers, from 0"
        )
        return Classes(self.labels, tuple(range(len(self.labels))), ())

    def graph(self, height: int = 0, width: int = 0, batch: int = 1) -> Graph:
        """Give the network with logits in the size of its input."""
        block = getattr(self.spec, "export", None)
        side = self.spec.dataset.segment.img_size
        usual = (block.input_height, block.input_width) if block is not None else (side, side)
        return graph(self.module, height or usual[0], width or usual[1], batch)

    def calibration(self, height: int, width: int) -> Iterator[dict[str, Tensor]]:
        """Yield the first pictures of ``dataset.segment.quant_calibration_dataset.images_dir``."""
        key = "dataset.segment.quant_calibration_dataset.images_dir"
        folder = self.spec.dataset.segment.quant_calibration_dataset.images_dir
        predictor = Predictor(self.module, (height, width), torch.device("cpu"))
        for _, path in find_images([folder] if folder else [], key)[:_CALIBRATING]:
            seen = predictor.seen(open_image(path, self.pixels))
            yield {INPUT: self.module.normalised(seen[None])}

    @classmethod
    def settle(
        cls, spec: ExperimentSpec, action: str, overrides: Sequence[str], kept: Kept
    ) -> tuple[ExperimentSpec, str]:
        """Let what the model was trained with hold, also for masks where the spec says nothing of them."""
        named = Named(overrides)
        settled, note = super().settle(spec, action, overrides, kept)
        changed = _of_training(settled.dataset.segment, kept.spec, named, measured=action == "evaluate")
        block = getattr(settled, "export", None)
        values = settled.model_dump()
        values["dataset"]["segment"].update(changed)
        notes = [f"dataset.segment.{key}" for key in changed]
        side = values["dataset"]["segment"]["img_size"]
        usual = type(block)() if block is not None else None
        if block is not None and usual is not None:
            for key in ("input_height", "input_width"):
                if f"export.{key}" not in named and getattr(block, key) == getattr(usual, key) != side:
                    values["export"][key] = side
                    notes.append(f"export.{key}={side}")
        said = [f"As the model was trained: {', '.join(notes)}."] if notes else []
        if action == "evaluate":
            said += left_alone(settled.dataset.segment)
        return type(spec).model_validate(values), " ".join(filter(None, (note, *said)))


def _of_training(
    segment: SegmentConfig, trained: Mapping[str, Any], named: Named, *, measured: bool
) -> dict[str, object]:
    """What a model's training says of masks and sizes, where a spec has the family's defaults.

    Of masks that are measured on, what the data set itself says comes first.
    """
    usual = SegmentConfig()
    own = trained["dataset"]["segment"]
    wanted: dict[str, object] = {}
    if all(getattr(segment, key) == getattr(usual, key) for key in KEYS):
        wanted.update({key: own[key] for key in KEYS})
        if measured:
            wanted.update({key.rpartition(".")[2]: value for key, value in settle_classes(segment).items()})
    if "dataset.segment.img_size" not in named and segment.img_size == usual.img_size:
        wanted["img_size"] = own["img_size"]
    dumped = segment.model_dump()
    return {key: value for key, value in wanted.items() if dumped[key] != value}
