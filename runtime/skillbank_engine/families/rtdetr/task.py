"""RT-DETR as the frame sees it: how it is built, what it learns from, and how it is measured and used."""

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from skillbank_engine.checkpoint import load_weights, read_checkpoint
from skillbank_engine.config.named import Named
from skillbank_engine.data.images import open_image
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError, EngineError, WeightsError
from skillbank_engine.families.rtdetr import measuring
from skillbank_engine.families.rtdetr.architecture import Architecture, note_differences
from skillbank_engine.families.rtdetr.config import DistillSpec, ExperimentSpec, InferenceSpec
from skillbank_engine.families.rtdetr.config.recipe import SMALL_THRESHOLD, TRAINED_WITH
from skillbank_engine.families.rtdetr.data import (
    DetectionBatch,
    DetectionSamples,
    TestSet,
    TrainingSet,
    read_test_set,
    read_training_set,
)
from skillbank_engine.families.rtdetr.detector import Detector, DetectorOutput
from skillbank_engine.families.rtdetr.distillation import (
    feature_loss,
    place_weights,
    require_alike,
    start_from,
)
from skillbank_engine.families.rtdetr.folding import folded
from skillbank_engine.families.rtdetr.framing import Framing
from skillbank_engine.families.rtdetr.inference import chosen_labels, write_found
from skillbank_engine.families.rtdetr.loss import LossWeights, detection_loss
from skillbank_engine.families.rtdetr.model import build_detector, network_values, rebuild_detector
from skillbank_engine.families.rtdetr.parameters import family_name, parameter_groups
from skillbank_engine.families.rtdetr.predictor import framed_pixels, scaled_pixels
from skillbank_engine.families.rtdetr.variation import Variation
from skillbank_engine.families.rtdetr.weights import fit_classes, load_backbone, read_transformers
from skillbank_engine.profile import SMALL
from skillbank_engine.schedule import Schedule
from skillbank_engine.task import (
    Answer,
    Forward,
    Graph,
    Kept,
    Metrics,
    Place,
    Share,
    Stage,
    Task,
    Tell,
    TrainingData,
)
from skillbank_engine.team import Team

NAME = "rtdetr"
OUTPUTS = ("pred_logits", "pred_boxes")
_CALIBRATION = 64
_AUGMENTATION = ("eval_spatial_size", "preserve_aspect_ratio")


class RtDetrGraph(nn.Module):
    """The detector with the family's outputs: logits ``(B, Q, C)`` and boxes ``(B, Q, 4)`` of the answer."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Give logits and boxes of normalised pixels ``(B, 3, H, W)``."""
        output = self.detector(pixels)
        return output.logits[-1], output.boxes[-1]


class RtDetr(Task[ExperimentSpec, TrainingSet, TestSet, DetectionBatch]):
    """A detector of fixed classes.

    Parameters
    ----------
    spec : ExperimentSpec
        Of the action, profile applied.
    detector : Detector
        The model.
    labels : tuple of str
        Class names.
    teacher : Detector, optional
        What a student learns from beside the truth.
    """

    foreign_weights: ClassVar[str] = (
        ", or give a transformers folder or a hub name as train.pretrained_model_path"
    )
    outputs: ClassVar[tuple[type, ...]] = (DetectorOutput,)
    # Batch norms, and the number of denoising queries, are a matter of the whole batch.
    separable: ClassVar[bool] = False
    channels_last: ClassVar[bool] = True
    carried: ClassVar[tuple[str, ...]] = (
        "model",
        "engine",
        *(f"dataset.augmentation.{name}" for name in _AUGMENTATION),
    )
    module: Detector

    def __init__(
        self,
        spec: ExperimentSpec,
        detector: Detector,
        labels: tuple[str, ...],
        teacher: Detector | None = None,
    ) -> None:
        facts = {"network": network_values(detector)}
        super().__init__(spec, detector, labels, detector.architecture.to_dict(), facts)
        detector.recompute = spec.train.activation_checkpoint
        self._weights = LossWeights.from_spec(spec)
        self._teacher = teacher

    # ---- where it comes from -------------------------------------------------------------------------------

    @classmethod
    def read_training(cls, spec: ExperimentSpec, tell: Tell) -> TrainingData[TrainingSet, TestSet]:
        """Read COCO sets; training without a validation set, or anything in it to measure, is possible."""
        skip = spec.engine.skip_broken
        train = read_training_set(spec.dataset.train_data_sources, skip_broken=skip)
        named = spec.dataset.num_classes
        if named < len(train.names):
            raise DataError(
                f"dataset.num_classes is {named}, but the annotations of dataset.train_data_sources have "
                f"{len(train.names)} categories: set it to their number"
            )
        if named > len(train.names) and named != type(spec.dataset)().num_classes:
            tell(
                f"dataset.num_classes is {named}; the model tells the {len(train.names)} categories apart "
                "that the annotations list"
            )
        return TrainingData(train, _validation_set(spec, tell))

    @classmethod
    def begin(cls, spec: ExperimentSpec, data: TrainingData[TrainingSet, TestSet], tell: Tell) -> Self:
        """Build a detector to start from, with whatever weights the spec names."""
        labels = data.train.names
        detector = _new_detector(spec, labels, tell)
        teacher = _teacher_of(detector, spec)
        if teacher is not None and spec.model.load_teacher_enc_dec:
            count = start_from(detector, teacher)
            tell(f"{count} tensors of the teacher's encoder and decoder are what the student starts from.")
        return cls(spec, detector, labels, teacher)

    @classmethod
    def restore(cls, spec: ExperimentSpec, kept: Kept) -> Self:
        """Build the detector that was kept; a student that goes on has its teacher again."""
        architecture = Architecture.from_dict(kept.architecture)
        detector = rebuild_detector(kept.facts["network"], architecture)
        return cls(spec, detector, kept.labels, _teacher_of(detector, spec))

    @classmethod
    def released(cls, spec: ExperimentSpec, name: str, key: str, tell: Tell) -> Self:
        """Build the detector of a folder that transformers saved, or of a name on the hub."""
        detector, labels = read_transformers(name, Architecture.from_spec(spec, pretrained=True), key)
        return cls(spec, detector, labels)

    @classmethod
    def differences(cls, spec: ExperimentSpec, kept: Kept) -> dict[str, tuple[object, object]]:
        """Compare the structures of two detectors."""
        found = Architecture.from_dict(kept.architecture).differences(Architecture.from_spec(spec))
        # Whether norms stand still follows from the weights that a run was begun with.
        found.pop("frozen_norms", None)
        return {} if spec.train.pretrained_model_path else found

    # ---- training ------------------------------------------------------------------------------------------

    def samples(self, data: TrainingData[TrainingSet, TestSet], seed: int) -> DetectionSamples:
        """Give random views of the training pictures."""
        return DetectionSamples(
            data.train,
            self.labels,
            framing=Framing.from_spec(self.spec, training=True),
            variation=Variation.from_spec(self.spec),
            sides=self.spec.dataset.augmentation.multi_scales,
            cache_bytes=self.spec.engine.cache_megabytes * 2**20,
            pixels=self.pixels,
        )

    def size(self, batch: DetectionBatch) -> float:
        """Count true boxes."""
        return float(batch.targets.count)

    def prepare(self, batch: DetectionBatch, share: Share, device: torch.device) -> DetectionBatch:
        """Move a batch and scale its pixels."""
        moved = batch.to(device)
        return DetectionBatch(scaled_pixels(moved.pixels), moved.targets)

    def recompute(self) -> bool:
        """Recompute the encoder's activations."""
        new = not self.module.recompute
        self.module.recompute = True
        return new

    def losses(self, model: Forward, batch: DetectionBatch, divisor: float) -> dict[str, Tensor]:
        """Score all outputs, and what the teacher would have had different."""
        output: DetectorOutput = model(batch.pixels, batch.targets)
        found = detection_loss(output, batch.targets, self._weights, divisor)
        if self._teacher is not None and isinstance(self.spec, DistillSpec):
            # A mean, which counts in the step by the batch's share of its boxes.
            apart = self._apart(batch, output) * (batch.targets.count / divisor)
            found = {**found, "loss": found["loss"] + apart, "distillation": apart.detach()}
        return found

    def _apart(self, batch: DetectionBatch, output: DetectorOutput) -> Tensor:
        """How far the student's feature maps are from the teacher's, weighted."""
        assert self._teacher is not None and isinstance(self.spec, DistillSpec)
        with torch.no_grad():
            theirs = self._teacher.sources(batch.pixels)
            weights = place_weights(self._teacher, theirs, batch.targets)
        total = torch.stack(
            [
                item.weight * feature_loss(output.sources, theirs, item.criterion, weights)
                for item in self.spec.distill.bindings
            ]
        ).sum()
        return self.spec.model.distillation_loss_coef * total

    def to(self, device: torch.device) -> None:
        """Move detector and teacher."""
        self.module.to(device)
        if self._teacher is not None:
            self._teacher.to(device)

    def train_mode(self) -> None:
        """Put the detector into training mode; a backbone that stands still keeps its statistics too."""
        self.module.train()
        backbone = self.module.network.backbone
        if not any(parameter.requires_grad for parameter in backbone.parameters()):
            backbone.eval()

    def check_start(self, tell: Tell) -> None:
        """Warn of a backbone that is random and not trained."""
        spec = self.spec
        loaded = spec.train.pretrained_model_path or spec.model.pretrained_backbone_path
        still = not any(parameter.requires_grad for parameter in self.module.network.backbone.parameters())
        if still and not loaded:
            tell(
                "The backbone keeps the random weights that it starts with, since it is not trained: name "
                "model.pretrained_backbone_path or train.pretrained_model_path, or set model.train_backbone"
            )

    def parameter_groups(self) -> list[dict[str, object]]:
        """Sort what is trained into backbone and rest."""
        return parameter_groups(self.module, self.spec)

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """Factor on the learning rates: a rise, then cosine or drops."""
        optim = self.spec.train.optim
        return Schedule(
            kind="cosine" if self.spec.engine.lr_scheduler == "cosine" else optim.lr_scheduler,
            total_steps=steps_per_epoch * self.spec.train.num_epochs,
            steps_per_epoch=steps_per_epoch,
            warmup_steps=optim.warmup_steps,
            milestones=tuple(optim.lr_steps),
            step_size=optim.lr_step_size,
            decay=optim.lr_decay,
        ).factor(step)

    @staticmethod
    def family_name(name: str) -> str:
        """How the family's specs write a parameter's name."""
        return family_name(name)

    # ---- measuring, using, exporting -----------------------------------------------------------------------

    @classmethod
    def read_test(cls, spec: ExperimentSpec) -> TestSet:
        """Read ``dataset.test_data_sources``."""
        key = "dataset.test_data_sources"
        return read_test_set(spec.dataset.test_data_sources, key, skip_broken=spec.engine.skip_broken)

    def measure(
        self, data: TestSet, stage: Stage, compute: Compute, team: Team, folder: Path | None = None
    ) -> Metrics | None:
        """Measure average precisions; see the base class."""
        return measuring.measure(self, data, stage, compute, team, folder)

    def infer(self, pictures: Sequence[Place], folder: Path, compute: Compute) -> dict[str, float]:
        """Write labels and annotated pictures; see the base class."""
        assert isinstance(self.spec, InferenceSpec)
        return write_found(self, self.spec, pictures, folder, compute)

    def inference_files(self, places: Sequence[Place]) -> list[Path]:
        """Name labels, annotated copies and the list of all that was found."""
        return [
            *(Path("labels") / place.name for place in places),
            *(Path("images_annotated") / place.name.with_suffix(place.image.suffix) for place in places),
            Path("detections.json"),
        ]

    def made_with(self) -> dict[str, object]:
        """Give the least score and which classes are shown."""
        assert isinstance(self.spec, InferenceSpec)
        classmap = self.spec.dataset.infer_data_sources.classmap
        shown = sorted(chosen_labels(self.labels, classmap))
        return {
            "conf_threshold": self.spec.inference.conf_threshold,
            "classes": [self.labels[number] for number in shown],
        }

    def framing(self) -> Framing:
        """The size that answers are given at: of an ONNX file its own, else that of the spec."""
        framing = Framing.from_spec(self.spec)
        return framing if self.frame is None else Framing(*self.frame, framing.keep_shape)

    def use(self, compute: Compute, answer: Answer | None, frame: tuple[int, int] | None = None) -> None:
        """Make ready to answer; see the base class."""
        trained = self.module
        if answer is None:
            self.module = folded(trained)  # answers come of its graph; what is saved stays as it was trained
        super().use(compute, answer, frame)
        self.module = trained

    @property
    def loss_weights(self) -> LossWeights:
        """Weights of the training loss."""
        return self._weights

    def graph(self, height: int = 0, width: int = 0, batch: int = 1) -> Graph:
        """Give the detector with the family's input and outputs."""
        framing = Framing.from_spec(self.spec)
        height, width = height or framing.height, width or framing.width
        step = max(self.module.architecture.strides)
        if height % step or width % step:
            raise EngineError(
                f"An input of {width} x {height} pixels does not fit the model, whose levels halve evenly: "
                f"use multiples of {step}"
            )
        noise = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
        return Graph(RtDetrGraph(self.module), {"inputs": noise}, OUTPUTS)

    def calibration(self, height: int, width: int) -> Iterator[dict[str, Tensor]]:
        """Yield some pictures of ``dataset.quant_calibration_data_sources`` one by one."""
        key = "dataset.quant_calibration_data_sources"
        source = self.spec.dataset.quant_calibration_data_sources
        data = read_test_set(source, key, skip_broken=self.spec.engine.skip_broken)
        paths = random.Random(0).sample(list(data.pictures()), min(len(data), _CALIBRATION))
        scale = settle_scale(
            paths,
            self.pixels,
            source="the model's training",
            missing="these pictures, the model has none",
        )
        framing = Framing(height, width, self.framing().keep_shape)
        images = (open_image(path, scale) for path in paths)
        return ({"inputs": scaled_pixels(framed_pixels(image, framing)[None])} for image in images)

    @classmethod
    def settle(
        cls, spec: ExperimentSpec, action: str, overrides: Sequence[str], kept: Kept
    ) -> tuple[ExperimentSpec, str]:
        """Put a trained model's structure, size of input and modest scores into another action's spec."""
        named = Named(overrides)
        usual = type(spec)().model_dump()
        chosen = spec.model.num_select
        spec, note = super().settle(spec, action, overrides, kept)
        values = spec.model_dump()
        differences = [note] if note else []
        # A choice at use, not a property of the weights.
        if "model.num_select" in named or chosen != usual["model"]["num_select"]:
            values["model"]["num_select"] = chosen
        for name in TRAINED_WITH:
            values["engine"][name] = kept.spec["engine"][name]
        saved, own = kept.spec["dataset"]["augmentation"], values["dataset"]["augmentation"]
        for name in _AUGMENTATION:
            key = f"dataset.augmentation.{name}"
            if key not in named and own[name] == usual["dataset"]["augmentation"][name] != saved[name]:
                differences.append(f"{key} {saved[name]} (spec: {own[name]})")
                own[name] = saved[name]
        _settle_action(values, usual, action, named, kept, differences)
        return type(spec).model_validate(values), "; ".join(differences)


def _settle_action(
    values: dict[str, Any],
    usual: Mapping[str, Any],
    action: str,
    named: Named,
    kept: Kept,
    differences: list[str],
) -> None:
    """Set an export's size and an inference's threshold, where nobody has chosen them."""
    wanted: dict[str, object] = {}
    if action == "export":
        height, width = values["dataset"]["augmentation"]["eval_spatial_size"]
        wanted = {"input_height": height, "input_width": width}
    if action == "inference" and kept.spec["engine"]["profile"] in SMALL:
        wanted = {"conf_threshold": SMALL_THRESHOLD}
    for name, value in wanted.items():
        own = values[action][name]
        if f"{action}.{name}" not in named and own == usual[action][name] != value:
            differences.append(f"{action}.{name} {value} (spec: {own})")
            values[action][name] = value


def _validation_set(spec: ExperimentSpec, tell: Tell) -> TestSet | None:
    source = spec.dataset.val_data_sources
    if not source.image_dir and not source.json_file:
        tell("dataset.val_data_sources is empty: training runs without validation")
        return None
    data = read_test_set(source, "dataset.val_data_sources", skip_broken=spec.engine.skip_broken)
    class_ids = spec.dataset.eval_class_ids
    if measuring.measurable(data.annotations, class_ids):
        return data
    text = measuring.nothing_to_measure("dataset.val_data_sources", class_ids)
    tell(f"{text}: training runs without validation")
    return None


def _new_detector(spec: ExperimentSpec, labels: tuple[str, ...], tell: Tell) -> Detector:
    whole, backbone = spec.train.pretrained_model_path, spec.model.pretrained_backbone_path
    wanted = Architecture.from_spec(spec, pretrained=bool(whole or backbone))
    if not whole:
        detector = build_detector(wanted, len(labels))
        if backbone:
            load_backbone(detector, backbone)
        return detector
    if backbone:
        raise WeightsError(
            f"train.pretrained_model_path ({whole}) brings its backbone: model.pretrained_backbone_path "
            f"({backbone}) would not be read, so keep one"
        )
    if Path(whole).is_file():
        loaded, known = _from_checkpoint(whole, "train.pretrained_model_path")
        note_differences(wanted, loaded.architecture, whole)
    else:
        loaded, known = read_transformers(whole, wanted)
    fitted, note = fit_classes(loaded, known, labels)
    if note:
        tell(f"Of {whole}, {note}.")
    return fitted


def _from_checkpoint(path: str, key: str) -> tuple[Detector, tuple[str, ...]]:
    """Read a detector of this engine."""
    checkpoint = read_checkpoint(NAME, path, key, family_name, RtDetr.foreign_weights)
    architecture = Architecture.from_dict(checkpoint.kept.architecture)
    detector = rebuild_detector(checkpoint.kept.facts["network"], architecture)
    load_weights(detector, checkpoint.weights, path)
    return detector, checkpoint.kept.labels


def _teacher_of(student: Detector, spec: ExperimentSpec) -> Detector | None:
    """Read the teacher of a distillation, which stands still; None where nothing is distilled."""
    if not isinstance(spec, DistillSpec):
        return None
    teacher, _ = _from_checkpoint(
        spec.distill.pretrained_teacher_model_path, "distill.pretrained_teacher_model_path"
    )
    require_alike(student, teacher)
    return teacher.eval().requires_grad_(False)
