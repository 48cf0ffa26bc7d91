"""Weights from elsewhere to start from: folders that transformers saved, hub names, files of two layouts."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from skillbank_engine.checkpoint import load_weights, read_checkpoint, spec_of
from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.segformer.fitting import ENCODER, WHOLE, Found, load_encoder, with_classes
from skillbank_engine.families.segformer.layouts import encoder_of, read_state
from skillbank_engine.families.segformer.model import (
    ENCODERS,
    Architecture,
    Segmenter,
    architecture_of,
    build,
    note_differences,
    wrapped,
)
from skillbank_engine.library import SegformerConfig, SegformerForSemanticSegmentation, read_network

if TYPE_CHECKING:
    from skillbank_engine.families.segformer.config import ExperimentSpec
    from skillbank_engine.library import PreTrainedConfig

_LOG = logging.getLogger(__name__)
_FUSE, _CLASSIFIER = "decode_head.linear_fuse.weight", "decode_head.classifier.weight"

PROGRAM = "segformer"
"""The family's name in the format of its checkpoints."""


def start(spec: ExperimentSpec, labels: tuple[str, ...]) -> Segmenter:
    """Build the network of a training, with whatever weights its spec names.

    Parameters
    ----------
    spec : TrainSpec
        The spec, profile applied.
    labels : tuple of str
        Names of the data's classes: a head of others is made anew, and that is said.

    Raises
    ------
    WeightsError
        Nothing there, or nothing that fits.
    ModelError
        An encoder that is not built here.
    """
    whole, encoder = spec.train.pretrained_model_path, spec.model.backbone.pretrained_backbone_path
    if whole:
        found = read_whole(whole, WHOLE, spec)
        return with_classes(found, labels, whole)
    if not encoder:
        return build(architecture_of(spec), labels)
    wanted = _wanted(spec)
    if wanted is not None:
        segmenter = build(wanted, labels)
        state = _encoder_state(encoder, spec)
    else:
        found = read_whole(encoder, ENCODER, spec)
        width = spec.model.decode_head.decoder_params.embed_dim
        segmenter = build(replace(found.segmenter.architecture, head_channels=width), labels)
        state = dict(found.segmenter.network.segformer.state_dict(prefix="segformer."))
    load_encoder(segmenter, state, encoder)
    return segmenter


def read_whole(name: str, key: str, spec: ExperimentSpec) -> Found:
    """Load a SegFormer.

    Parameters
    ----------
    name : str
        A folder that transformers saved, a name on the model hub, or a file of weights.
    key : str
        The spec's key that names it.
    spec : ExperimentSpec
        Says how pictures are normalised where the folder does not, and what network is expected.
    """
    path = Path(name)
    if spec_of(PROGRAM, name) is not None:
        return _from_checkpoint(path, key, spec)
    if path.is_file() and not (path.parent / "config.json").is_file():
        return _from_file(path, key, spec)
    return _from_transformers(str(path.parent) if path.is_file() else name, key, spec)


def _from_checkpoint(path: Path, key: str, spec: ExperimentSpec) -> Found:
    checkpoint = read_checkpoint(PROGRAM, path, key)
    architecture = Architecture.from_dict(checkpoint.kept.architecture)
    _compare(spec, architecture, str(path), whole=key == WHOLE)
    segmenter = build(architecture, checkpoint.kept.labels)
    load_weights(segmenter, checkpoint.weights, str(path))
    return Found(segmenter, checkpoint.kept.labels, headless=False)


def _from_transformers(name: str, key: str, spec: ExperimentSpec) -> Found:
    try:
        config = SegformerConfig.from_pretrained(name)
        network, about = read_network(SegformerForSemanticSegmentation, name, output_loading_info=True)
    except Exception as error:  # a hub has many ways not to answer, and a folder as many not to fit
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} '{name}' is no file of weights, no folder of a transformers SegFormer and not reachable "
            f"on the model hub ({reason}): check the path, or download the model first"
        ) from error
    missing = set(about["missing_keys"])
    if any(item.startswith("segformer.") for item in missing) or config.model_type != "segformer":
        raise WeightsError(f"{key} '{name}' holds no encoder of a SegFormer: name another")
    headless = any(item.startswith("decode_head.") for item in missing)
    usual = _of_pictures(name, spec)
    architecture = replace(_of_config(config, spec), **usual)
    _compare(spec, architecture, name, whole=key == WHOLE)
    labels = tuple(config.id2label[number] for number in sorted(config.id2label))
    return Found(wrapped(network, architecture), () if headless else labels, headless)


def _of_config(config: PreTrainedConfig, spec: ExperimentSpec) -> Architecture:
    sizes = tuple(config.hidden_sizes), tuple(config.depths)
    augmentation = spec.dataset.segment.augmentation
    return Architecture(
        backbone=next((name for name, known in ENCODERS.items() if known == sizes), "own"),
        channels=sizes[0],
        depths=sizes[1],
        heads=tuple(config.num_attention_heads),
        head_channels=config.decoder_hidden_size,
        mlp_ratios=tuple(config.mlp_ratios),
        reductions=tuple(config.sr_ratios),
        drop_path=float(config.drop_path_rate),
        dropout=float(config.classifier_dropout_prob),
        mean=tuple(augmentation.mean),
        std=tuple(augmentation.std),
    )


def _of_pictures(name: str, spec: ExperimentSpec) -> dict[str, Any]:
    """Mean and deviation that a saved folder learned with, where the spec has the family's default."""
    usual = type(spec.dataset.segment.augmentation)()
    own = spec.dataset.segment.augmentation
    path = Path(name) / "preprocessor_config.json"
    if (own.mean, own.std) != (usual.mean, usual.std) or not path.is_file():
        return {}
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        mean, std = (tuple(float(part) for part in document[key]) for key in ("image_mean", "image_std"))
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        return {}
    _LOG.info("%s was trained with the mean %s and the deviation %s: these are taken", name, mean, std)
    return {"mean": mean, "std": std}


def _from_file(path: Path, key: str, spec: ExperimentSpec) -> Found:
    state = read_state(path, key)
    architecture = _of_state(state, f"{key} {path}", spec)
    _compare(spec, architecture, str(path), whole=key == WHOLE)
    last = state.get(_CLASSIFIER)
    headless = last is None or _FUSE not in state
    count = 2 if last is None or headless else len(last)
    segmenter = build(architecture, tuple(str(number) for number in range(count)))
    if headless:
        state = {name: value for name, value in state.items() if name.startswith("segformer.")}
    misfits = _misfits(segmenter.network.state_dict(), state, headless=headless)
    if misfits:
        raise WeightsError(
            f"{key} {path} does not fit {architecture.backbone}: {' and '.join(misfits)}; name other weights"
        )
    segmenter.network.load_state_dict(state, strict=False)
    return Found(segmenter, (), headless)


def _of_state(state: Mapping[str, Tensor], source: str, spec: ExperimentSpec) -> Architecture:
    """The network that weights are of; what they do not tell comes from the spec."""
    name = encoder_of(state, source)
    augmentation = spec.dataset.segment.augmentation
    channels, depths = ENCODERS[name]
    fuse = state.get(_FUSE)
    return Architecture(
        backbone=name,
        channels=channels,
        depths=depths,
        heads=(1, 2, 5, 8),
        head_channels=len(fuse) if fuse is not None else spec.model.decode_head.decoder_params.embed_dim,
        drop_path=spec.engine.drop_path,
        dropout=spec.engine.dropout,
        mean=tuple(augmentation.mean),
        std=tuple(augmentation.std),
    )


def _misfits(own: Mapping[str, Tensor], state: Mapping[str, Tensor], *, headless: bool) -> list[str]:
    """Say what weights lack, and what they have otherwise than a network."""
    # Files of other programs do not count batches.
    needed = (name for name in own if not name.endswith("num_batches_tracked"))
    lacking = [
        name for name in needed if name not in state and not (headless and name.startswith("decode_head."))
    ]
    wrong = [name for name, value in state.items() if name not in own or own[name].shape != value.shape]
    found = [f"it lacks {len(lacking)} weights as {lacking[0]}"] if lacking else []
    return [*found, f"{len(wrong)} have another shape or name, as {wrong[0]}"] if wrong else found


def _wanted(spec: ExperimentSpec) -> Architecture | None:
    """Return the network that a spec asks for; None where it has but the default, which is not built."""
    usual = type(spec.model.backbone)().type
    if spec.engine.backbone == "spec" and spec.model.backbone.type == usual and usual not in ENCODERS:
        return None
    return architecture_of(spec)


def _compare(spec: ExperimentSpec, found: Architecture, source: str, *, whole: bool) -> None:
    """Say where weights were built otherwise than the spec wants; an encoder that is asked for must be it."""
    wanted = _wanted(spec)
    if wanted is None:
        _LOG.info(
            "%s has the encoder %s, which is taken; model.backbone.type has the family's default",
            source,
            found.backbone,
        )
        return
    if wanted.backbone != found.backbone:
        raise ModelError(
            f"model.backbone.type asks for {wanted.backbone}, but {source} has {found.backbone}: set "
            "model.backbone.type to it, or name other weights"
        )
    if whole:
        note_differences(wanted, found, source)


def _encoder_state(name: str, spec: ExperimentSpec) -> dict[str, Tensor]:
    path = Path(name)
    if path.is_file() and spec_of(PROGRAM, name) is None and not (path.parent / "config.json").is_file():
        return read_state(path, ENCODER)
    found = read_whole(name, ENCODER, spec)
    return dict(found.segmenter.network.segformer.state_dict(prefix="segformer."))
