"""Weights from elsewhere to start from: transformers folders, hub names, files with a backbone."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.rtdetr.architecture import (
    CONVNEXT_SIZES,
    RESNET_SIZES,
    Architecture,
    note_differences,
)
from skillbank_engine.families.rtdetr.detector import Detector
from skillbank_engine.families.rtdetr.model import build_detector, network_class, wrap_network
from skillbank_engine.library import (
    AutoBackbone,
    AutoConfig,
    RTDetrV2Config,
    read_network,
)

_LOG = logging.getLogger(__name__)

_KEY = "train.pretrained_model_path"
_HEADS = ("network.enc_score_head.", "network.decoder.class_embed.", "network.denoising_class_embed.")
_KINDS = ("rt_detr_v2", "rt_detr")
_BACKBONE_PREFIXES = (
    "network.backbone.model.",
    "model.backbone.model.",
    "backbone.model.",
    "backbone.0.",
    "backbone.",
    "",
)


def read_transformers(name: str, wanted: Architecture, key: str = _KEY) -> tuple[Detector, tuple[str, ...]]:
    """Load a whole RT-DETR or RT-DETR v2 that transformers saved.

    Parameters
    ----------
    name : str
        A folder, or a name on the model hub.
    wanted : Architecture
        What the spec asks for; where the weights were built otherwise, they win, with a note.
    key : str
        The spec's key that names it, for messages.

    Returns
    -------
    Detector, tuple of str
        Ready to train on, with the names of its classes.

    Raises
    ------
    WeightsError
        Nothing there, or something else.
    """
    try:
        config = AutoConfig.from_pretrained(name)
        if config.model_type not in _KINDS:
            raise ValueError(f"it is a {config.model_type}")
        if config.model_type != _KINDS[0]:
            config = _second(config)
        network, told = read_network(network_class(config), name, config=config, output_loading_info=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} '{name}' is no checkpoint file, no folder of a transformers RT-DETR and not reachable "
            f"on the model hub ({reason}): check the path, or download the model first"
        ) from error
    if told["missing_keys"] and key != _KEY:
        raise WeightsError(
            f"{key} names {name}, which lacks {len(told['missing_keys'])} weights of an RT-DETR, as "
            f"{min(told['missing_keys'])}: name a whole one, or train with it as {_KEY} first"
        )
    found = architecture_of(network.config, wanted, key)
    note_differences(wanted, found, name)
    labels = tuple(network.config.id2label[number] for number in range(network.config.num_labels))
    return wrap_network(network, found), labels


def _second(config: Any) -> Any:
    """Make the configuration of a second RT-DETR that computes what one of the first computes."""
    values = config.to_dict()
    values.pop("model_type")
    values["decoder_n_levels"] = config.num_feature_levels
    return RTDetrV2Config.from_dict(values)


def architecture_of(config: Any, wanted: Architecture, key: str = _KEY) -> Architecture:
    """Read the architecture off the configuration of a transformers network.

    Parameters
    ----------
    config : RTDetrV2Config
        Of the network.
    wanted : Architecture
        Gives the values that such a network does not have.
    key : str
        The spec's key that names it, for messages.

    Raises
    ------
    WeightsError
        The network has parts that the engine does not build.
    """
    backbone = config.backbone_config
    levels = len(backbone.out_indices)
    others = {
        "learn_initial_query": (config.learn_initial_query, False),
        "normalize_before": (config.normalize_before, False),
        "num_feature_levels": (config.num_feature_levels, levels),
        "decoder_n_points": (config.decoder_n_points, 4),
        "decoder_method": (config.decoder_method, "default"),
        "encoder_hidden_dim": (config.encoder_hidden_dim, config.d_model),
    }
    strange = [f"{key}={value}" for key, (value, usual) in others.items() if value != usual]
    if strange:
        raise WeightsError(
            f"{key} names an RT-DETR of a kind that the embedded engine does not run "
            f"({', '.join(strange)}): name another"
        )
    return replace(
        wanted,
        backbone=_backbone_name(backbone),
        frozen_norms=config.freeze_backbone_batch_norms,
        feature_indices=tuple(index - 1 for index in backbone.out_indices),
        encoder_indices=tuple(config.encode_proj_layers),
        hidden_dim=config.d_model,
        nheads=config.decoder_attention_heads,
        dim_feedforward=config.decoder_ffn_dim,
        enc_layers=config.encoder_layers,
        dec_layers=config.decoder_layers,
        num_queries=config.num_queries,
        dropout=config.dropout,
        position_temperature=config.positional_encoding_temperature,
        expansion=config.hidden_expansion,
        depth=1,
        encoder_activation=config.encoder_activation_function,
        activation=config.activation_function,
        denoising=config.num_denoising,
    )


def _backbone_name(config: Any) -> str:
    """Name a backbone as the family does, or as transformers' kind where the family has no name for it."""
    for name, sizes in (*RESNET_SIZES.items(), *CONVNEXT_SIZES.items()):
        kind = "rt_detr_resnet" if name in RESNET_SIZES else "convnext"
        if config.model_type == kind and all(
            list(value) == list(getattr(config, key))
            if isinstance(value, list)
            else value == getattr(config, key)
            for key, value in sizes.items()
        ):
            return name
    return str(config.model_type)


def fit_classes(detector: Detector, known: Sequence[str], labels: Sequence[str]) -> tuple[Detector, str]:
    """Let a loaded detector tell the classes of a data set.

    Parameters
    ----------
    detector : Detector
        With weights.
    known : sequence of str
        Its classes.
    labels : sequence of str
        Those wanted.

    Returns
    -------
    detector : Detector
        The same if the classes are; else one whose class heads start anew, apart from classes that both have.
    note : str
        What was made anew; empty where nothing was.
    """
    if tuple(known) == tuple(labels):
        return detector, ""
    fresh = build_detector(detector.architecture, len(labels))
    own, weights = fresh.state_dict(), detector.state_dict()
    shared = [(new, known.index(name)) for new, name in enumerate(labels) if name in known]
    for name, value in own.items():
        if not name.startswith(_HEADS):
            own[name] = weights[name]
        else:
            for new, old in shared:
                value[new] = weights[name][old]
    fresh.load_state_dict(own)
    kept = (
        f"{len(shared)} of {len(labels)} classes keep their weights" if shared else "no class is among them"
    )
    return fresh, (
        f"the class heads are made anew for {len(labels)} classes, the weights were trained for {len(known)} "
        f"({kept})"
    )


def load_backbone(detector: Detector, name: str) -> None:
    """Load the image backbone alone (``model.pretrained_backbone_path``).

    Parameters
    ----------
    detector : Detector
        Gets the weights.
    name : str
        A file with a state dict of the backbone or of a detector, a folder that transformers saved, or a hub
        name.

    Raises
    ------
    WeightsError
        Nothing there, or a different network.
    """
    key = "model.pretrained_backbone_path"
    backbone: nn.Module = detector.network.backbone.model
    own: dict[str, Tensor] = backbone.state_dict()
    tensors = _state_file(Path(name), key) if Path(name).is_file() else _backbone_folder(name, key)
    fitting = max((_fitting(tensors, own, prefix) for prefix in _BACKBONE_PREFIXES), key=len)
    wanted = [item for item in own if not item.endswith("num_batches_tracked")]
    missing = [item for item in wanted if item not in fitting]
    if len(missing) > len(wanted) // 2:
        raise WeightsError(
            f"{key} '{name}' fits {len(wanted) - len(missing)} of {len(wanted)} tensors of the backbone "
            f"{detector.architecture.backbone}: name weights of that backbone as transformers lays them out"
        )
    broken = next((item for item, v in fitting.items() if not bool(v.isfinite().all())), None)
    if broken is not None:
        raise WeightsError(f"{key} names {name}, whose weights of {broken} are not finite: name others")
    if missing:
        _LOG.warning(
            "%s lacks %d of the backbone's %d tensors, which start at random", name, len(missing), len(wanted)
        )
    backbone.load_state_dict(fitting, strict=False)


def _fitting(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Give the tensors below a prefix that fit, by the network's own names."""
    found = {item.removeprefix(prefix): v for item, v in tensors.items() if item.startswith(prefix)}
    return {item: v for item, v in found.items() if item in own and own[item].shape == v.shape}


def _state_file(path: Path, key: str) -> Mapping[str, Tensor]:
    """Read a state dict, alone or as part of a checkpoint."""
    try:
        document: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what the unpickler trips over depends on the bytes that it finds
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} names {path}, which cannot be read as weights ({reason}): name others"
        ) from error
    for part in ("weights", "state_dict", "model"):
        if isinstance(document, Mapping) and isinstance(document.get(part), Mapping):
            document = document[part]
    if not isinstance(document, Mapping):
        raise WeightsError(f"{key} names {path}, which holds no weights by name: name others")
    return {str(name): value for name, value in document.items() if isinstance(value, Tensor)}


def _backbone_folder(name: str, key: str) -> Mapping[str, Tensor]:
    """Let transformers load a backbone, or a whole detector that has one."""
    try:
        if AutoConfig.from_pretrained(name).model_type in _KINDS:
            network = read_transformers(name, Architecture())[0]
            state: dict[str, Tensor] = network.network.backbone.model.state_dict()
            return state
        loaded: Any = read_network(AutoBackbone, name)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(f"{key} '{name}' cannot be read as weights ({reason}): check the path") from error
    weights: dict[str, Tensor] = loaded.state_dict()
    return weights
