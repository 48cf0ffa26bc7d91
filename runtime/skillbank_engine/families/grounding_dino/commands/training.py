"""A training run put together from its spec: data, detector, optimiser, and the way to validate."""

import logging
import random
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from skillbank_engine.data.coco import EvaluationSet, read_evaluation_set
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.data.transforms import TrainingTransform, test_resizing
from skillbank_engine.device import Compute, choose_compute, cuda_wanted
from skillbank_engine.errors import DataError, EngineError, WeightsError
from skillbank_engine.families.grounding_dino.architecture import architecture_from_spec
from skillbank_engine.families.grounding_dino.checkpoint import Checkpoint
from skillbank_engine.families.grounding_dino.commands.resuming import (
    check_same_model,
    checkpoint_to_resume,
    nothing_left,
)
from skillbank_engine.families.grounding_dino.commands.session import Session
from skillbank_engine.families.grounding_dino.compilation import compile_detector
from skillbank_engine.families.grounding_dino.data.loading import (
    Collator,
    EpochBatches,
    TrainingSamples,
    make_loader,
)
from skillbank_engine.families.grounding_dino.data.odvg import TrainingSet, read_training_set
from skillbank_engine.families.grounding_dino.data.sampling import PromptLengths
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.evaluation import (
    Metrics,
    find,
    measurable,
    nothing_to_measure,
    summarise,
)
from skillbank_engine.families.grounding_dino.loss import LossWeights
from skillbank_engine.families.grounding_dino.model import build_detector
from skillbank_engine.families.grounding_dino.parameters import (
    count,
    freeze,
    parameter_groups,
    standing_still,
    trained,
)
from skillbank_engine.families.grounding_dino.predictor import Predictor
from skillbank_engine.families.grounding_dino.recorded import SHAPE_STEP, require_graphs
from skillbank_engine.families.grounding_dino.replicas import gathered, share_out
from skillbank_engine.families.grounding_dino.tokenizer import (
    PhraseTokenizer,
    build_tokenizer,
    load_tokenizer,
    normalise_phrase,
)
from skillbank_engine.families.grounding_dino.trainer import TrainingRun
from skillbank_engine.families.grounding_dino.weights import load_backbone, load_pretrained, load_text_encoder
from skillbank_engine.launcher import gpu_numbers
from skillbank_engine.schedule import Schedule
from skillbank_engine.signals import stop_on_signals
from skillbank_engine.team import ALONE, Team

_LOG = logging.getLogger(__name__)


def run_training(spec: Any, session: Session, team: Team = ALONE) -> None:
    """Train as a spec says, in this process.

    Parameters
    ----------
    spec : pydantic model
        Profile applied.
    session : Session
        Open; silent in all processes but the main one.
    team : Team
        The processes that train together; all of them call.
    """
    cuda = cuda_wanted(spec.engine.device)
    gpus = gpu_numbers(spec.train, torch.cuda.device_count()) if cuda else []
    compute = choose_compute(spec, gpus, team)
    seed = spec.train.seed if spec.train.seed >= 0 else random.SystemRandom().randrange(2**31)
    seed = int(team.gather(seed)[0][0])
    torch.manual_seed(seed)
    data = read_training_set(spec.dataset.train_data_sources, skip_broken=spec.engine.skip_broken)
    validation = _validation_set(spec, session)
    checkpoint = checkpoint_to_resume(spec, session.folder)
    pixels = _scale(data, validation, checkpoint, team)
    if checkpoint is None:
        detector, tokenizer = _new_detector(spec, data)
        _freeze(detector, spec)
        _say_what_stays_random(detector, spec, session)
    else:
        check_same_model(architecture_from_spec(spec), checkpoint)
        detector, tokenizer = checkpoint.detector(), checkpoint.tokenizer
        _freeze(detector, spec)
    detector.recompute = spec.train.activation_checkpoint and not spec.engine.cuda_graphs
    detector.to(compute.device)
    if team.size > 1 and spec.train.distributed_strategy == "fsdp":
        share_out(detector, compute.device, team, spec.train.precision)
    if spec.engine.cuda_graphs:
        require_graphs(compute.device, team)
        if spec.train.activation_checkpoint:
            _LOG.info("engine.cuda_graphs keeps activations: train.activation_checkpoint has no effect")
    if spec.engine.compile:
        compile_detector(detector, compute.device, training=True)
    _LOG.info(
        "%d pictures to train on, %d to validate on; %.2f M parameters, %.2f M of them trained; %s, %d "
        "threads",
        len(data.records),
        len(validation.records) if validation else 0,
        count(detector.parameters()) / 1e6,
        count(trained(detector)) / 1e6,
        compute.device,
        compute.threads,
    )
    run = _make_run(spec, session, data, validation, detector, tokenizer, compute, seed, team, pixels)
    if checkpoint is not None:
        run.resume(checkpoint)
        _LOG.info("going on at epoch %d, step %d", run.position.epoch + 1, run.position.step)
        for key, named in (
            ("train.pretrained_model_path", spec.train.pretrained_model_path),
            ("model.pretrained_backbone_path", spec.model.pretrained_backbone_path),
        ):
            if named:
                _LOG.info(
                    "%s (%s) is what the run was begun with: the checkpoint takes its place", key, named
                )
    if len({tuple(place) for place in team.gather(run.position.epoch, run.position.step)}) > 1:
        raise EngineError(
            "The processes found different checkpoints to go on from: let results_dir be one folder that all "
            "nodes share"
        )
    if run.position.epoch >= spec.train.num_epochs:
        assert checkpoint is not None
        nothing_left(spec, checkpoint, run.position.epoch, session)
        return
    if spec.train.is_dry_run:
        _LOG.info("dry run: spec, data and model are in order; nothing was trained")
        return
    with stop_on_signals(patient=team.size > 1) as stop:
        metrics = run.run(stop)
    if metrics is not None:
        _LOG.info("trained; val mAP50 %.3f, mAP %.3f", metrics.map50, metrics.map)


def _validation_set(spec: Any, session: Session) -> EvaluationSet | None:
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
    text = nothing_to_measure("dataset.val_data_sources", class_ids)
    _LOG.warning("%s: training runs without validation", text)
    session.status.write("RUNNING", f"{text}: training runs without validation.")
    return None


def _scale(
    data: TrainingSet, validation: EvaluationSet | None, checkpoint: Checkpoint | None, team: Team
) -> PixelScale:
    """The scale of the pictures, which a run that goes on keeps."""
    records = data.records + (validation.records if validation else ())
    return settle_scale(
        (record.image for record in records),
        checkpoint.pixels if checkpoint else PixelScale(),
        source="the checkpoint",
        missing="these data, kept with the checkpoints",
        team=team,
    )


def _new_detector(spec: Any, data: TrainingSet) -> tuple[Detector, PhraseTokenizer]:
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


def _freeze(detector: Detector, spec: Any) -> None:
    """Stop training of what the spec says."""
    prefixes = list(spec.train.freeze)
    if not spec.model.train_backbone:
        prefixes.append("backbone.0")
    if spec.train.optim.lr_backbone == 0:
        prefixes.extend(spec.model.backbone_names)
    freeze(detector, prefixes)
    if count(trained(detector)) == 0:
        raise DataError("train.freeze leaves nothing to train: name fewer prefixes")


def _say_what_stays_random(detector: Detector, spec: Any, session: Session) -> None:
    """Warn of weights that are random and not trained: transformers freezes the first stages of a ResNet."""
    if spec.train.pretrained_model_path:
        return
    loaded = ["backbone"] if spec.model.pretrained_backbone_path else []
    loaded += [] if detector.architecture.text_encoder == "mini" else ["bert"]
    names = [name for name in standing_still(detector) if name.partition(".")[0] not in loaded]
    if not names:
        return
    way = "name model.pretrained_backbone_path or train.pretrained_model_path"
    if any(name.startswith("backbone") for name in names) and not spec.model.train_backbone:
        way += ", or set model.train_backbone"
    text = f"{', '.join(names)} keep the random weights that they start with, since they are not trained"
    backbone: Any = detector.network.model.backbone
    if "backbone" not in loaded and any("FrozenBatchNorm" in type(m).__name__ for m in backbone.modules()):
        text += ", and the backbone's BatchNorm has seen no data"
    _LOG.warning("%s: %s", text, way)
    session.status.write("RUNNING", f"{text}: {way}.")


def _make_run(
    spec: Any,
    session: Session,
    data: TrainingSet,
    validation: EvaluationSet | None,
    detector: Detector,
    tokenizer: PhraseTokenizer,
    compute: Compute,
    seed: int,
    team: Team,
    pixels: PixelScale,
) -> TrainingRun:
    """Put the parts of a run together."""
    transform = TrainingTransform.from_spec(spec)
    samples = TrainingSamples(
        data,
        tokenizer,
        transform,
        max_labels=spec.dataset.max_labels,
        max_tokens=detector.architecture.max_text_len,
        lengths=PromptLengths(spec.engine.varied_prompts, spec.train.num_epochs),
        seed=seed,
        cache_bytes=spec.engine.cache_megabytes * 2**20 if transform.image_size else 0,
        pixels=pixels,
    )
    batches = EpochBatches(len(samples), spec.dataset.batch_size, seed, team)
    augmentation = spec.dataset.augmentation
    fixed = None
    if augmentation.fixed_padding and not transform.image_size:
        side = augmentation.random_resize_max_size
        fixed = (side, side) if compute.device.type == "cuda" else None
    collator = Collator(tokenizer.pad, fixed, SHAPE_STEP if spec.engine.static_shapes else 1)
    weights = loss_weights(spec)
    return TrainingRun(
        spec=spec,
        folder=session.folder,
        detector=detector,
        tokenizer=tokenizer,
        labels=data.labels,
        loader=make_loader(samples, batches, collator, spec.dataset.workers, spec.dataset.pin_memory),
        batches=batches,
        optimizer=_optimizer(detector, spec),
        schedule=Schedule.from_spec(spec, batches.batches),
        weights=weights,
        compute=compute,
        validate=partial(_validate, spec, detector, tokenizer, compute, validation, weights, team, pixels)
        if validation
        else None,
        status=session.status,
        seed=seed,
        team=team,
        pixels=pixels,
    )


def _optimizer(detector: Detector, spec: Any) -> torch.optim.Optimizer:
    """Make the optimiser; the fused kernel does in one go what else is a loop over hundreds of tensors."""
    groups = parameter_groups(detector, spec)
    optim = spec.train.optim
    if optim.optimizer == "SGD":
        return torch.optim.SGD(groups, momentum=optim.momentum, weight_decay=optim.weight_decay)
    return torch.optim.AdamW(
        groups, betas=(optim.momentum, 0.999), weight_decay=optim.weight_decay, fused=True
    )


def loss_weights(spec: Any) -> LossWeights:
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


def _validate(
    spec: Any,
    detector: Detector,
    tokenizer: PhraseTokenizer,
    compute: Compute,
    data: EvaluationSet,
    weights: LossWeights,
    team: Team,
    pixels: PixelScale,
) -> Metrics | None:
    """Measure the detector as it stands on the validation set, of which every process takes a share."""
    augmentation = spec.dataset.augmentation
    predictor = Predictor(
        detector,
        tokenizer,
        data.names,
        resizing=test_resizing(spec),
        mean=augmentation.input_mean,
        std=augmentation.input_std,
        compute=compute,
        num_select=spec.model.num_select,
        pixels=pixels,
        prompt_phrases=spec.engine.prompt_phrases,
    )
    with gathered(detector):
        found = find(predictor, data, spec.dataset.batch_size, weights=weights, team=team)
    findings = team.collect(found)
    return None if findings is None else summarise(data, findings, spec.dataset.eval_class_ids)
