"""The model that a training starts from: random, or with weights of a folder, a file or a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.classification_pyt.architecture import (
    Architecture,
    architecture_from_spec,
    class_count,
    require_linear_head,
)
from skillbank_engine.families.classification_pyt.model import Classifier, build_classifier, head_of
from skillbank_engine.families.classification_pyt.weights import (
    Released,
    is_trained,
    load_into,
    read_released,
    read_tensors,
    read_trained,
)
from skillbank_engine.task import Tell

if TYPE_CHECKING:
    from skillbank_engine.families.classification_pyt.config.experiment import ClassificationSpec

_MODEL = "train.pretrained_model_path"
_BACKBONE = "model.backbone.pretrained_backbone_path"
_TEACHER = "distill.pretrained_teacher_model_path"


def new_classifier(spec: ClassificationSpec, names: Sequence[str], tell: Tell) -> Classifier:
    """Build the classifier that a spec asks for, with the weights that it names.

    Parameters
    ----------
    spec : pydantic model
        A train or distill spec, profile applied.
    names : sequence of str
        The classes.
    tell : callable
        Says what the user should know.

    Raises
    ------
    ModelError
        The network cannot be had.
    WeightsError
        The weights cannot be used.
    """
    whole, backbone = spec.train.pretrained_model_path, spec.model.backbone.pretrained_backbone_path
    key = _MODEL if whole else _BACKBONE
    if not (whole or backbone):
        classifier = build_classifier(architecture_from_spec(spec, len(names)), names)
    else:
        classifier = _started(spec, whole or backbone, key, names, tell)
    _compare_head(spec, classifier, tell)
    require_size(classifier)
    return classifier


def require_size(classifier: Classifier) -> None:
    """Try a network on a picture of the size that it is to see; some take not every size.

    Raises
    ------
    ModelError
        It does not take the size.
    """
    built = classifier.architecture
    pixels = torch.zeros(1, 3, built.image_size, built.image_size, dtype=torch.uint8)
    classifier.eval()
    try:
        with torch.inference_mode():
            classifier(pixels)
    except (RuntimeError, ValueError) as error:
        raise ModelError(
            f"The network {built.backbone} does not take pictures of {built.image_size} pixels "
            f"({' '.join(str(error).split())}): set another dataset.img_size, 224 is what most are made for"
        ) from error


def _started(spec: ClassificationSpec, source: str, key: str, names: Sequence[str], tell: Tell) -> Classifier:
    alone = key == _BACKBONE
    if Path(source).is_file() and not is_trained(source):
        classifier = build_classifier(architecture_from_spec(spec, len(names)), names)
        said = load_into(
            classifier, read_tensors(Path(source), key), source, key, wanted=names, backbone_only=alone
        )
    else:
        released = _read(source, key)
        built = _built(spec, released, len(names), source, tell)
        if built.backbone != spec.model.backbone.type:
            tell(
                f"The network is that of {source}, {built.backbone}: model.backbone.type "
                f"({spec.model.backbone.type}) does not count"
            )
        classifier = build_classifier(built, names)
        weights = _without(released.weights, released.new)
        said = load_into(
            classifier, weights, source, key, labels=released.labels, wanted=names, backbone_only=alone
        )
    if said:
        tell(said)
    return classifier


def released_classifier(
    spec: ClassificationSpec, source: str, key: str, tell: Tell
) -> tuple[Classifier, tuple[str, ...]]:
    """Read a classifier that transformers saved, to be used as it is.

    Parameters
    ----------
    spec : pydantic model
        Of the action; pictures have the network's own size where ``dataset.img_size`` is at the default.
    source : str
        A folder, or a name on the hub.
    key : str
        The spec's key that names it, for messages.
    tell : callable
        Says what the user should know.

    Returns
    -------
    Classifier, tuple of str
        With its weights, and its classes.

    Raises
    ------
    WeightsError
        It cannot be read, or is not whole.
    """
    released = read_released(source, key)
    if released.new:
        raise WeightsError(
            f"{key} names {source}, which lacks {len(released.new)} weights of a classifier, as "
            f"{min(released.new)}: name a whole one, or train with it as {_MODEL} first"
        )
    classes = class_count(released.network)
    names = released.labels or tuple(f"LABEL_{number}" for number in range(classes))
    built = _built(spec, released, classes, source, tell)
    own, usual = released.network.get("image_size"), type(spec.dataset).model_fields["img_size"].default
    if isinstance(own, int) and spec.dataset.img_size == usual:
        built = replace(built, image_size=own)
    classifier = build_classifier(built, names)
    load_into(classifier, released.weights, source, key, labels=names, wanted=names)
    require_size(classifier)
    return classifier, names


def _built(
    spec: ClassificationSpec, released: Released, classes: int, source: str, tell: Tell
) -> Architecture:
    """What weights decide on, and how a spec sees pictures."""
    like = _seeing(spec, classes, released.network)
    mean, std = _normalisation(spec, released.mean, released.std, source, tell)
    return replace(released.architecture(like), mean=mean, std=std)


def _read(source: str, key: str) -> Released:
    """Read a checkpoint, or a folder or name of transformers."""
    return read_trained(source, key) if Path(source).is_file() else read_released(source, key)


def _seeing(spec: ClassificationSpec, classes: int, network: dict[str, object]) -> Architecture:
    """How a spec sees pictures, around a network that weights decide on."""
    require_linear_head(spec.model.head, "model.head", classes)
    values = spec.dataset.augmentation
    return Architecture(
        backbone="",
        network={**network, "num_labels": classes},
        image_size=spec.dataset.img_size,
        mean=tuple(values.mean),
        std=tuple(values.std),
        dropout=spec.engine.dropout,
    )


def _normalisation(
    spec: ClassificationSpec,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    source: str,
    tell: Tell,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What pictures are normalised with: the spec's numbers, or the weights' where it has the defaults."""
    values = spec.dataset.augmentation
    said = tuple(values.mean), tuple(values.std)
    if mean is None or std is None or (mean, std) == said:
        return said
    fields = type(values).model_fields
    if said == (tuple(fields["mean"].default), tuple(fields["std"].default)):
        tell(f"Pictures are normalised as {source} says: mean {list(mean)}, std {list(std)}")
        return mean, std
    tell(
        f"Pictures are normalised as the spec says, but {source} was trained with mean {list(mean)}, std "
        f"{list(std)}"
    )
    return said


def _without(weights: dict[str, Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    return {name: value for name, value in weights.items() if name not in names}


def _compare_head(spec: ClassificationSpec, classifier: Classifier, tell: Tell) -> None:
    """Say where the spec's number of features is not that of the network, which counts."""
    said = spec.model.head.in_channels
    has = head_of(classifier.network).in_features
    if said not in (has, type(spec.model.head).model_fields["in_channels"].default):
        tell(
            f"model.head.in_channels is {said}, but {classifier.architecture.backbone} gives {has}, which "
            "counts"
        )


def read_teacher(spec: ClassificationSpec, names: Sequence[str]) -> Classifier:
    """Read the teacher of a distillation: a checkpoint, or a folder that transformers saved.

    Parameters
    ----------
    spec : pydantic model
        A distill spec.
    names : sequence of str
        The student's classes, which must be the teacher's.

    Raises
    ------
    WeightsError
        It cannot be read, or knows other classes.
    """
    source = spec.distill.pretrained_teacher_model_path
    released = _read(source, _TEACHER)
    if released.labels and released.labels != tuple(names):
        raise WeightsError(
            f"{_TEACHER} names {source}, which knows the classes {', '.join(released.labels)}, not "
            f"{', '.join(names)}: teach with a model of the same classes in the same order"
        )
    values = spec.dataset.augmentation
    built = Architecture(
        "",
        released.network,
        spec.dataset.img_size,
        released.mean or tuple(values.mean),
        released.std or tuple(values.std),
    )
    teacher = build_classifier(replace(built, backbone=released.architecture(built).backbone), names)
    load_into(teacher, released.weights, source, _TEACHER, wanted=names)
    return teacher.eval().requires_grad_(False)
