"""Grounding DINO as the frame sees it: what is trained, measured, used and exported, and on what."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.data.coco import EvaluationSet, read_evaluation_set
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.data.transforms import Resizing, TrainingTransform, normalise, test_resizing
from skillbank_engine.detection_lines import rounded
from skillbank_engine.detection_metrics import detection_rows, measurable, nothing_to_measure
from skillbank_engine.detection_review import reviewed
from skillbank_engine.device import Compute
from skillbank_engine.errors import DataError, EngineError, WeightsError
from skillbank_engine.families.grounding_dino.architecture import Architecture, architecture_from_spec
from skillbank_engine.families.grounding_dino.calibration import calibration_inputs
from skillbank_engine.families.grounding_dino.captions import read_captions, write_labels
from skillbank_engine.families.grounding_dino.checkpoint import FOREIGN
from skillbank_engine.families.grounding_dino.commands.labelling import label_pictures
from skillbank_engine.families.grounding_dino.commands.loading import ready, settle_with_model
from skillbank_engine.families.grounding_dino.compilation import compile_detector
from skillbank_engine.families.grounding_dino.config import EvaluateSpec, ExperimentSpec, InferenceSpec
from skillbank_engine.families.grounding_dino.config.experiment import GROUNDING_DINO
from skillbank_engine.families.grounding_dino.data.loading import Batch, Collator, TrainingSamples
from skillbank_engine.families.grounding_dino.data.odvg import TrainingSet, read_source, read_training_set
from skillbank_engine.families.grounding_dino.data.sampling import PromptLengths
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries, make_denoising_queries
from skillbank_engine.families.grounding_dino.descriptions import tell_not_found
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.evaluation import find, measure, summarise
from skillbank_engine.families.grounding_dino.export import export_graph
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss
from skillbank_engine.families.grounding_dino.model import build_detector, network_values, rebuild_detector
from skillbank_engine.families.grounding_dino.onnx_model import OnnxDetector, describe, kept_in
from skillbank_engine.families.grounding_dino.parameters import family_name, parameter_groups
from skillbank_engine.families.grounding_dino.predictor import Network, Predictor
from skillbank_engine.families.grounding_dino.pretrained import read_pretrained
from skillbank_engine.families.grounding_dino.recorded import SHAPE_STEP
from skillbank_engine.families.grounding_dino.tokenizer import (
    PhraseTokenizer,
    build_tokenizer,
    load_tokenizer,
    normalise_phrase,
)
from skillbank_engine.families.grounding_dino.warming import warm
from skillbank_engine.families.grounding_dino.weights import load_backbone, load_pretrained, load_text_encoder
from skillbank_engine.parameters import standing_still
from skillbank_engine.recording import require_graphs
from skillbank_engine.results import write_text
from skillbank_engine.task import Answer, Graph, Kept, Metrics, Place, Share, Stage, Task, Tell, TrainingData
from skillbank_engine.team import Team
from skillbank_engine.training.replicas import is_shared

_LOG = logging.getLogger(__name__)

RECORDED_PASSES = 100
"""Passes of a training from which on recording them pays: a dozen shapes take some passes' time each."""


class GroundingDino(Task[ExperimentSpec, TrainingSet, EvaluationSet, Batch]):
    """A detector with its tokenizer.

    Parameters
    ----------
    spec : ExperimentSpec
        Profile applied.
    detector : Detector
        What is trained.
    tokenizer : PhraseTokenizer
        Of the detector.
    labels : tuple of str
        Class names of the training set.
    """

    in_file = "vocabulary"
    recordable = GROUNDING_DINO.recordable
    answers_in_low = True
    foreign_weights = FOREIGN
    outputs = (DetectorOutput,)

    def __init__(
        self,
        spec: ExperimentSpec,
        detector: nn.Module,
        tokenizer: PhraseTokenizer,
        labels: tuple[str, ...],
        architecture: Architecture,
        facts: Mapping[str, object],
    ) -> None:
        super().__init__(spec, detector, labels, architecture.to_dict(), facts)
        self.tokenizer = tokenizer
        self._architecture = architecture
        self._weights = loss_weights(spec)
        self._network: Network | None = None
        self._resizing = test_resizing(spec)
        if isinstance(detector, Detector):
            detector.recompute = spec.train.activation_checkpoint and spec.engine.cuda_graphs is not True

    @property
    def detector(self) -> Detector:
        """The module, where the weights are not in an ONNX file."""
        assert isinstance(self.module, Detector)
        return self.module

    @classmethod
    def warm(cls, spec: ExperimentSpec, compute: Compute) -> Callable[[], None]:
        """Compile the kernels of the GPU."""
        return warm(spec, compute)

    @classmethod
    def read_training(cls, spec: ExperimentSpec, tell: Tell) -> TrainingData[TrainingSet, EvaluationSet]:
        """Read ODVG data to train on and COCO data to validate on."""
        data = read_training_set(spec.dataset.train_data_sources, skip_broken=spec.engine.skip_broken)
        return TrainingData(data, _validation_set(spec, tell))

    @classmethod
    def begin(
        cls, spec: ExperimentSpec, data: TrainingData[TrainingSet, EvaluationSet], tell: Tell
    ) -> "GroundingDino":
        """Build a detector to start from, with whatever weights the spec names."""
        detector, tokenizer = _new_detector(spec, data.train)
        facts = {"network": network_values(detector), "vocabulary": list(tokenizer.vocabulary)}
        return cls(spec, detector, tokenizer, data.train.labels, detector.architecture, facts)

    @classmethod
    def restore(cls, spec: ExperimentSpec, kept: Kept) -> "GroundingDino":
        """Build the detector that was kept."""
        tokenizer = PhraseTokenizer(tuple(kept.facts["vocabulary"]))
        architecture = Architecture.from_dict(dict(kept.architecture))
        module: nn.Module = nn.Identity()
        if not kept.exported:
            module = rebuild_detector(kept.facts["network"], architecture, tokenizer)
        return cls(spec, module, tokenizer, kept.labels, architecture, kept.facts)

    @classmethod
    def released(cls, spec: ExperimentSpec, name: str, key: str, tell: Tell) -> "GroundingDino":
        """Build the detector of a folder that transformers saved, or of a name on the hub."""
        found = read_pretrained(name, key)
        facts = {
            "network": network_values(found.network),
            "vocabulary": list(found.tokenizer.vocabulary),
        }
        return cls(spec, found.network, found.tokenizer, (), found.architecture, facts)

    @classmethod
    def differences(cls, spec: ExperimentSpec, kept: Kept) -> dict[str, tuple[object, object]]:
        """Compare the structures of two detectors."""
        return Architecture.from_dict(dict(kept.architecture)).differences(architecture_from_spec(spec))

    def check_start(self, tell: Tell) -> None:
        """Warn of weights that are random and not trained."""
        _say_what_stays_random(self.detector, self.spec, tell)

    def samples(self, data: TrainingData[TrainingSet, EvaluationSet], seed: int) -> TrainingSamples:
        """Give pictures with prompts."""
        spec = self.spec
        transform = TrainingTransform.from_spec(spec)
        augmentation = spec.dataset.augmentation
        canvas = None
        if augmentation.fixed_padding and not transform.image_size:
            side = augmentation.random_resize_max_size
            on_gpu = next(self.module.parameters()).device.type == "cuda"
            canvas = (side, side) if on_gpu else None
            if not on_gpu:
                _LOG.info("dataset.augmentation.fixed_padding is heeded on GPUs alone")
        return TrainingSamples(
            data.train,
            self.tokenizer,
            transform,
            max_labels=spec.dataset.max_labels,
            max_tokens=self._architecture.max_text_len,
            lengths=PromptLengths(spec.engine.varied_prompts, spec.train.num_epochs),
            collator=Collator(self.tokenizer.pad, step=SHAPE_STEP if self._few_shapes else 1),
            cache_bytes=spec.engine.cache_megabytes * 2**20 if transform.image_size else 0,
            pixels=self.pixels,
            canvas=canvas,
        )

    def size(self, batch: Batch) -> float:
        """Count true boxes."""
        return batch.targets.count

    def room(self, batch: Batch) -> int:
        """Most boxes of a picture."""
        return batch.targets.boxes.shape[1]

    def rounded_room(self, most: int) -> int:
        """Give room for a power of two where batches had better come in few shapes."""
        return 1 << (most - 1).bit_length() if most and self._few_shapes else most

    @property
    def _few_shapes(self) -> bool:
        """Whether batches had better come in few shapes."""
        return self.recording or self.spec.engine.compile

    def prepare(self, batch: Batch, share: Share, device: torch.device) -> Batch:
        """Normalise pixels and make the denoising queries."""
        batch = replace(batch, targets=batch.targets.padded(share.most)).to(device)
        augmentation = self.spec.dataset.augmentation
        pixels = normalise(batch.pixels, batch.mask, augmentation.input_mean, augmentation.input_std)
        return replace(batch, pixels=pixels, queries=self._denoising(batch, share))

    def _denoising(self, batch: Batch, share: Share) -> DenoisingQueries | None:
        """Make denoising queries as the spec wants them: a number of groups, or of queries in all."""
        model = self.spec.model
        if not model.use_dn or self.detector.denoising_content is None:
            return None
        most = max(share.most, 1)
        groups = (
            max(1, model.dn_number // (2 * most)) if model.dn_number else self.spec.engine.denoising_groups
        )
        numbers = torch.Generator(batch.pixels.device).manual_seed(share.seed("denoising"))
        return make_denoising_queries(
            batch.targets,
            groups,
            model.dn_box_noise_scale,
            model.dn_label_noise_ratio,
            batch.phrase_counts,
            numbers,
            (share.first, share.pictures),
        )

    def losses(
        self, model: Callable[..., DetectorOutput], batch: Batch, divisor: float | Tensor
    ) -> dict[str, Tensor]:
        """Compute the losses of :func:`.loss.detection_loss`."""
        output = model(batch.pixels, batch.mask, batch.prompts, batch.queries)
        return detection_loss(
            output, batch.targets, batch.prompts.phrase_tokens, self._weights, batch.queries, divisor=divisor
        )

    def parameter_groups(self) -> list[dict[str, object]]:
        """Sort what is trained into backbone, linear projections and the rest."""
        return parameter_groups(self.module, self.spec)

    def records(self, compute: Compute, passes: int, say: Callable[[str], None]) -> bool:
        """Record where the spec wants it, or where it says nothing and the training is long enough."""
        wanted = self.spec.engine.cuda_graphs
        checkpointed = self.spec.train.activation_checkpoint
        if wanted is True:
            require_graphs(compute.device)
            if is_shared(self.module):
                raise EngineError(
                    "engine.cuda_graphs records whole gradients, which train.distributed_strategy=fsdp "
                    "shares out: set engine.cuda_graphs=false, or ddp"
                )
            if checkpointed:
                say("engine.cuda_graphs keeps activations: train.activation_checkpoint has no effect")
            return True
        if wanted is False or compute.device.type != "cuda" or is_shared(self.module) or checkpointed:
            return False
        if passes < RECORDED_PASSES:
            say(f"Passes are not recorded (engine.cuda_graphs is not set): {passes} are too few to pay")
            return False
        say(
            f"Passes are recorded for each shape of batch and replayed ({passes} passes on a GPU, "
            "engine.cuda_graphs is not set)"
        )
        return True

    def recompute(self) -> bool:
        """Recompute the encoder's activations."""
        able = not self.detector.recompute
        self.detector.recompute = True
        return able

    def compile(self, device: torch.device, *, training: bool) -> None:
        """Compile the layers."""
        compile_detector(self.detector, device, training=training)

    @staticmethod
    def family_name(name: str) -> str:
        """Give the family's name of a parameter."""
        return family_name(name)

    # ---- measuring, using, exporting -----------------------------------------------------------------------

    @classmethod
    def settle(
        cls, spec: ExperimentSpec, action: str, overrides: Sequence[str], kept: Kept
    ) -> tuple[ExperimentSpec, str]:
        """Put a trained model's structural values into a spec."""
        return settle_with_model(spec, action, overrides, kept)

    def use(self, compute: Compute, answer: Answer | None, frame: tuple[int, int] | None = None) -> None:
        """Detect by the detector, or by an ONNX file."""
        if answer is not None and frame is not None:
            self._network = OnnxDetector(self._architecture, answer)
            self._resizing = Resizing(0, 0, frame)
        else:
            self._network = ready(self.detector, self.spec, compute, alike=True)

    @classmethod
    def read_test(cls, spec: ExperimentSpec) -> EvaluationSet:
        """Read COCO data, of which something can be measured."""
        key = "dataset.test_data_sources"
        data = read_evaluation_set(
            spec.dataset.test_data_sources,
            key,
            skip_broken=spec.engine.skip_broken,
            naming=normalise_phrase,
        )
        class_ids = spec.dataset.eval_class_ids
        if not measurable(data, class_ids):
            text = nothing_to_measure(key, class_ids)
            raise DataError(f"{text}; annotate some pictures, or find objects without measuring by inference")
        return data

    def measure(
        self,
        data: EvaluationSet,
        stage: Stage,
        compute: Compute,
        team: Team,
        folder: Path | None = None,
    ) -> Metrics | None:
        """Measure average precisions, and the loss along a training."""
        if stage == "test":
            return self._evaluated(data, compute, folder)
        class_ids = self.spec.dataset.eval_class_ids
        predictor = self._predictor(data.names, self.detector, compute)
        found = find(predictor, data, self.spec.dataset.batch_size, weights=self._weights, team=team)
        findings = team.collect(found)
        if findings is None:
            return None
        measured = summarise(data, findings, class_ids)
        values = {"val_mAP": measured.map, "val_mAP50": measured.map50, "val_loss": measured.loss}
        text = f"mAP50 {measured.map50:.3f}  mAP {measured.map:.3f}  loss {measured.loss:.3f}"
        return Metrics(values, measured.per_class, text)

    def _evaluated(self, data: EvaluationSet, compute: Compute, folder: Path | None) -> Metrics:
        """Measure for evaluate, and write ``detections.json`` (a COCO results list with words added)."""
        spec = self.spec
        assert isinstance(spec, EvaluateSpec)
        size = spec.evaluate.batch_size
        class_ids = spec.dataset.eval_class_ids
        measured, detections = measure(
            self._predictor(data.names, self._network, compute),
            data,
            size if size > 0 else spec.dataset.batch_size,
            class_ids=class_ids,
            threshold=spec.evaluate.conf_threshold,
        )
        if folder is not None:
            rows = detection_rows(data, detections)
            write_text(folder / "detections.json", json.dumps(rows) + "\n")
        text = (
            f"mAP50 {measured.map50:.3f}, mAP {measured.map:.3f} on {len(data)} pictures, of "
            f"{len(measurable(data, class_ids))} categories with true boxes"
        )
        values = {"test_mAP": measured.map, "test_mAP50": measured.map50}
        metrics = Metrics(values, measured.per_class, text)
        return reviewed(metrics, data, detections, class_ids, self.pixels)

    def _predictor(self, phrases: Sequence[str], network: Network | None, compute: Compute) -> Predictor:
        """Make a predictor of the detector, or of what the task was told to use."""
        assert network is not None
        augmentation = self.spec.dataset.augmentation
        return Predictor(
            network,
            self.tokenizer,
            phrases,
            resizing=self._resizing,
            mean=augmentation.input_mean,
            std=augmentation.input_std,
            compute=compute,
            num_select=self.spec.model.num_select,
            pixels=self.pixels,
            prompt_phrases=self.spec.engine.prompt_phrases,
            pace=self.pace,
        )

    @classmethod
    def inference_pictures(cls, spec: ExperimentSpec) -> list[tuple[Path, Path]]:
        """Find the pictures; what to look for must be there too."""
        read_captions(spec.dataset.infer_data_sources)
        return super().inference_pictures(spec)

    def inference_files(self, places: Sequence[Place]) -> list[Path]:
        """Name labels, annotated copies and the list of all that was found."""
        return [
            *(Path("labels") / place.name for place in places),
            *(_copy(place) for place in places),
            Path("detections.json"),
        ]

    def made_with(self) -> dict[str, object]:
        """Give what is looked for, and the least score."""
        assert isinstance(self.spec, InferenceSpec)
        return {
            "captions": read_captions(self.spec.dataset.infer_data_sources),
            "conf_threshold": self.spec.inference.conf_threshold,
        }

    def infer(self, pictures: Sequence[Place], folder: Path, compute: Compute) -> dict[str, float]:
        """Write ``labels/<stem>.txt``, ``images_annotated/`` and ``detections.json``."""
        spec = self.spec
        assert isinstance(spec, InferenceSpec)
        settings = spec.inference
        phrases = read_captions(spec.dataset.infer_data_sources)
        rows: list[dict[str, object]] = []
        phrased: set[str] = set()
        found = label_pictures(
            self._predictor(phrases, self._network, compute),
            [(place.image, folder / _copy(place)) for place in pictures],
            phrases,
            batch_size=settings.batch_size if settings.batch_size > 0 else spec.dataset.batch_size,
            threshold=settings.conf_threshold,
            nms_iou=spec.engine.nms_iou,
            outline=settings.outline_width,
            colours=settings.color_map,
        )
        for result, place in zip(found, pictures, strict=True):
            write_labels(folder / "labels" / place.name, result, phrases)
            phrased.update(phrases[item.phrase] for item in result.detections)
            rows.extend({"image": result.image.name, **rounded(item, phrases)} for item in result.detections)
        tell_not_found(phrases, phrased)
        write_text(folder / "detections.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        _LOG.info("%d objects on %d pictures; see %s", len(rows), len(pictures), folder / "images_annotated")
        return {"images": float(len(pictures)), "detections": float(len(rows))}

    def graph(self, height: int = 0, width: int = 0, batch: int = 1) -> Graph:
        """Give the detector with the family's inputs and outputs."""
        return export_graph(self.detector, self.tokenizer, self.labels, height, width, batch)

    @classmethod
    def onnx_metadata(cls, kept: Kept) -> dict[str, str]:
        """Write vocabulary, labels, architecture, normalisation and scale."""
        return describe(kept)

    @classmethod
    def kept_in(cls, metadata: Mapping[str, str]) -> Kept:
        """Read them."""
        return kept_in(metadata)

    def calibration(self, height: int, width: int) -> Iterator[dict[str, Tensor]]:
        """Make inputs of annotated pictures, with prompts as in training."""
        dataset = self.spec.dataset
        key = "dataset.quant_calibration_data_sources"
        data = read_source(
            dataset.quant_calibration_data_sources, key, skip_broken=self.spec.engine.skip_broken
        )
        if not data.records:
            raise DataError(f"{key}.json_file holds no picture: give at least one line of annotations")
        scale = settle_scale(
            data.pictures(),
            self.pixels,
            source="the model's training",
            missing="these pictures, the model has none",
        )
        return calibration_inputs(
            data.records,
            self.tokenizer,
            dataset.augmentation,
            (height, width),
            dataset.max_labels,
            self._architecture.max_text_len,
            scale,
        )


def _copy(place: Place) -> Path:
    """Where the annotated copy of a picture goes."""
    return Path("images_annotated") / place.name.with_suffix(place.image.suffix)


def _validation_set(spec: ExperimentSpec, tell: Tell) -> EvaluationSet | None:
    """Read the validation set; training without one, or without anything in it to measure, is possible."""
    source = spec.dataset.val_data_sources
    if not source.image_dir and not source.json_file:
        _LOG.warning("dataset.val_data_sources is empty: training runs without validation")
        return None
    data = read_evaluation_set(
        source, "dataset.val_data_sources", skip_broken=spec.engine.skip_broken, naming=normalise_phrase
    )
    class_ids = spec.dataset.eval_class_ids
    if measurable(data, class_ids):
        return data
    tell(f"{nothing_to_measure('dataset.val_data_sources', class_ids)}: training runs without validation")
    return None


def _new_detector(spec: ExperimentSpec, data: TrainingSet) -> tuple[Detector, PhraseTokenizer]:
    """Build a detector to start from, with whatever weights the spec names."""
    wanted = architecture_from_spec(spec)
    if spec.train.pretrained_model_path:
        if spec.model.pretrained_backbone_path:
            raise WeightsError(
                f"train.pretrained_model_path ({spec.train.pretrained_model_path}) brings its backbone: "
                f"model.pretrained_backbone_path ({spec.model.pretrained_backbone_path}) would not be read, "
                "so keep one"
            )
        return load_pretrained(spec.train.pretrained_model_path, wanted)
    if wanted.text_encoder == "mini":
        tokenizer = build_tokenizer(data.texts())
        detector = build_detector(wanted, tokenizer)
    else:
        tokenizer = load_tokenizer(wanted.text_encoder)
        detector = build_detector(wanted, tokenizer)
        load_text_encoder(detector, wanted.text_encoder)
    if spec.model.pretrained_backbone_path:
        load_backbone(detector, spec.model.pretrained_backbone_path)
    return detector, tokenizer


def _say_what_stays_random(detector: Detector, spec: ExperimentSpec, tell: Tell) -> None:
    """Warn of weights that are random and not trained: transformers freezes the first stages of a ResNet."""
    if spec.train.pretrained_model_path:
        return
    loaded = ["backbone"] if spec.model.pretrained_backbone_path else []
    loaded += [] if detector.architecture.text_encoder == "mini" else ["bert"]
    names = [name for name in standing_still(detector, family_name) if name.partition(".")[0] not in loaded]
    if not names:
        return
    way = "name model.pretrained_backbone_path or train.pretrained_model_path"
    if any(name.startswith("backbone") for name in names) and not spec.model.train_backbone:
        way += ", or set model.train_backbone"
    text = f"{', '.join(names)} keep the random weights that they start with, since they are not trained"
    backbone: Any = detector.network.model.backbone
    if "backbone" not in loaded and any("FrozenBatchNorm" in type(m).__name__ for m in backbone.modules()):
        text += ", and the backbone's BatchNorm has seen no data"
    tell(f"{text}: {way}")


def loss_weights(spec: ExperimentSpec) -> LossWeights:
    """Read the weights of the loss from the model block."""
    model = spec.model
    usual = LossWeights()
    return replace(
        usual,
        classes=model.cls_loss_coef,
        l1=model.bbox_loss_coef,
        giou=model.giou_loss_coef,
        encoder=model.interm_loss_coef,
        encoder_boxes=not model.no_interm_box_loss,
        auxiliary=model.aux_loss,
        class_terms="labels" in model.loss_types,
        box_terms="boxes" in model.loss_types,
        costs=replace(
            usual.costs,
            classes=model.set_cost_class,
            l1=model.set_cost_bbox,
            giou=model.set_cost_giou,
            alpha=model.focal_alpha,
            gamma=model.focal_gamma,
        ),
    )
