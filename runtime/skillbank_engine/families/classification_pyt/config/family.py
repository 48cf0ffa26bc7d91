"""What the frame is told of the specs: how a run is set, the small recipe, what is said and refused."""

from __future__ import annotations

from collections.abc import Iterator

from skillbank_engine.config.named import NOTHING, Named
from skillbank_engine.config.specs import Recipe, RunSettings, Specs
from skillbank_engine.errors import UnsupportedActionError
from skillbank_engine.families.classification_pyt.backbones import DEFAULT
from skillbank_engine.families.classification_pyt.config.experiment import (
    BY_ACTION,
    NEEDED,
    ClassificationSpec,
    DistillSpec,
)

SMALL = {
    "model.backbone.type": "resnet_mini",
    "dataset.img_size": 48,
    "dataset.batch_size": 32,
    "dataset.workers": 0,
    "dataset.augmentation.random_erase.enable": False,
    "dataset.augmentation.random_aug.enable": False,
    "dataset.augmentation.with_random_blur": False,
    "dataset.augmentation.with_random_crop": False,
    "train.optim.lr": 2e-3,
    "train.optim.policy": "cosine",
    "train.optim.warmup_epochs": 1,
}
"""Dotted key to value of the recipe that learns on two processor cores."""

DISTANCES = ("KL", "CE", "L1", "L2", "MSE")
"""Of the family's distances those that compare logits, which the embedded engine has."""


def settings(spec: ClassificationSpec) -> RunSettings:
    """Read from a spec how a run is carried out."""
    train, engine = spec.train, spec.engine
    return RunSettings(
        batch_size=spec.dataset.batch_size,
        shuffle=spec.dataset.shuffle,
        workers=spec.dataset.workers,
        pin_memory=True,
        clip=train.clip_grad_norm,
        precision=train.precision,
        start={
            "train.pretrained_model_path": train.pretrained_model_path,
            "model.backbone.pretrained_backbone_path": spec.model.backbone.pretrained_backbone_path,
        },
        ema_decay=train.ema_decay if train.enable_ema else engine.ema_decay,
        early_stopping=engine.early_stopping,
        accumulate=engine.accumulate,
    )


def meant_at_full_size(spec: ClassificationSpec, named: Named = NOTHING) -> bool:
    """Whether a spec names weights to start from, or a network other than the small one."""
    backbone = spec.model.backbone
    started = spec.train.pretrained_model_path or backbone.pretrained_backbone_path
    if backbone.type == DEFAULT and "model.backbone.type" not in named:
        return bool(started)
    return bool(started) or backbone.type != SMALL["model.backbone.type"]


def counted(spec: ClassificationSpec) -> dict[str, object]:
    """Count the classes of the training's data, for a spec in which nobody has said how many there are."""
    # It brings torch, which specs do without.
    from skillbank_engine.families.classification_pyt.data.sets import training_classes

    return {"dataset.num_classes": len(training_classes(spec))}


def warnings(spec: ClassificationSpec) -> Iterator[str]:
    """Yield a sentence for every value that is not heeded beside another."""
    if spec.train.optim.policy != "cosine" and spec.train.optim.warmup_epochs:
        yield (
            f"train.optim.warmup_epochs is {spec.train.optim.warmup_epochs}, but only the policy cosine "
            f"warms up and train.optim.policy is {spec.train.optim.policy}"
        )


UNHEEDED = {
    "train.tensorboard": "the embedded engine reports to status.json only",
    "train.optim.monitor_name": "no policy watches a value: engine.early_stopping_metric decides on the best",
    "distill.teacher": "the teacher's own checkpoint says how it is built",
    "distill.use_mlp": "logits are compared, and no features",
    "distill.mlp_hidden_size": "logits are compared, and no features",
    "distill.mlp_num_inner": "logits are compared, and no features",
    "evaluate.vis_after_n_batches": "evaluation draws its page alone",
    "evaluate.is_quantized": "the checkpoint itself says so",
    "inference.is_quantized": "the checkpoint itself says so",
    "export.is_quantized": "the checkpoint itself says so",
}
"""Dotted key to why it is not heeded."""


def refuse(action: str, spec: ClassificationSpec) -> None:
    """Refuse values that the embedded engine cannot honour and that would change the result.

    Raises
    ------
    UnsupportedActionError
        There is one.
    """
    found = [f"{key} is {value}" for key, value in _unsupported(action, spec)]
    if found:
        raise UnsupportedActionError("; ".join(found))


def _unsupported(action: str, spec: ClassificationSpec) -> Iterator[tuple[str, str]]:
    """Yield keys, and their values with the way out."""
    if isinstance(spec, DistillSpec):
        yield from _unsupported_distillation(spec)
    elif spec.dataset.train_nolabel.folder_path and action == "train":
        yield (
            "dataset.train_nolabel.folder_path",
            f"{spec.dataset.train_nolabel.folder_path}, but only distill learns from pictures without "
            "classes: leave it empty",
        )


def _unsupported_distillation(spec: DistillSpec) -> Iterator[tuple[str, str]]:
    distill = spec.distill
    if distill.mode in ("summary", "spatial"):
        yield (
            "distill.mode",
            f"{distill.mode}, but the embedded engine compares logits: set it to logits or auto",
        )
    if distill.loss_type not in DISTANCES:
        yield (
            "distill.loss_type",
            f"{distill.loss_type}, which compares features, and the embedded engine compares logits: set it "
            f"to one of {', '.join(DISTANCES)}",
        )


SPECS_OF_FAMILY = Specs[ClassificationSpec](
    arch="classification_pyt",
    title="Image classification",
    trains=("train", "distill"),
    by_action=BY_ACTION,
    needed=NEEDED,
    settings=settings,
    recipe=Recipe(
        small=SMALL,
        full=meant_at_full_size,
        trained_with=("dropout",),
        prepare=counted,
        prepared="Counted in the data",
    ),
    warnings=warnings,
    unheeded=UNHEEDED,
    refuse=refuse,
    not_what=frozenset({"dataset.workers"}),
    deploy={
        "gen_trt_engine": {},
        "evaluate": {"checkpoint": "", "trt_engine": "???"},
        "inference": {"checkpoint": "", "trt_engine": "???"},
    },
)
"""The specs of image classification."""
