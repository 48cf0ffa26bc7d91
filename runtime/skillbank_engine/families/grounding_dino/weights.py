"""Weights from elsewhere to start from: transformers folders, hub names, ``.pth`` files of three kinds."""

import logging
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES, Architecture, note_differences
from skillbank_engine.families.grounding_dino.checkpoint import is_checkpoint, read_checkpoint, require_finite
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.layouts import read_state, translate
from skillbank_engine.families.grounding_dino.model import wrap_network
from skillbank_engine.families.grounding_dino.released import read_pth
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer, load_tokenizer
from skillbank_engine.library import (
    AutoBackbone,
    AutoModel,
    GroundingDinoForObjectDetection,
    PreTrainedConfig,
    read_network,
)

_LOG = logging.getLogger(__name__)

_KEY = "train.pretrained_model_path"


def load_pretrained(name: str, architecture: Architecture) -> tuple[Detector, PhraseTokenizer]:
    """Load a whole Grounding DINO (``train.pretrained_model_path``).

    Parameters
    ----------
    name : str
        A ``.pth`` of this engine, of IDEA or of the family, a folder that transformers saved, or a name on
        the model hub.
    architecture : Architecture
        What the spec asks for; where the weights were built otherwise, they win, with a note.

    Returns
    -------
    Detector, PhraseTokenizer
        Ready to train on.

    Raises
    ------
    WeightsError
        Nothing there, nothing that fits, or weights that are no numbers.
    """
    path = Path(name)
    if path.is_file():
        if not is_checkpoint(path):
            detector, tokenizer = read_pth(path, _KEY, architecture)
            require_finite(detector.state_dict(), f"{_KEY} names {name}, whose")
            return detector, tokenizer
        checkpoint = read_checkpoint(path, _KEY)
        note_differences(architecture, checkpoint.architecture, name)
        return checkpoint.detector(), checkpoint.tokenizer
    network = _from_transformers(name)
    found = architecture_of(network, name, architecture)
    note_differences(architecture, found, name)
    require_finite(network.state_dict(), f"{_KEY} names {name}, whose")
    tokenizer = load_tokenizer(name)
    return wrap_network(network, found, tokenizer), tokenizer


def _from_transformers(name: str) -> GroundingDinoForObjectDetection:
    """Let transformers load a network from a folder or the hub."""
    try:
        return read_network(GroundingDinoForObjectDetection, name)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"train.pretrained_model_path '{name}' is no checkpoint file, no folder of a transformers "
            f"Grounding DINO and not reachable on the model hub ({reason}): check the path, or download "
            "the model first"
        ) from error


def architecture_of(
    network: GroundingDinoForObjectDetection, name: str, wanted: Architecture
) -> Architecture:
    """Read the architecture of a transformers network from its configuration.

    Parameters
    ----------
    network : GroundingDinoForObjectDetection
        The loaded network.
    name : str
        Where it came from: the text encoder's home as well.
    wanted : Architecture
        Gives the values that such a network does not have.
    """
    config = network.config
    backbone = config.backbone_config
    return replace(
        wanted,
        backbone=_backbone_name(backbone, wanted.backbone),
        backbone_channels=tuple(getattr(backbone, "channels", wanted.backbone_channels)),
        text_encoder=name,
        hidden_dim=config.d_model,
        nheads=config.encoder_attention_heads,
        enc_layers=config.encoder_layers,
        dec_layers=config.decoder_layers,
        dim_feedforward=config.encoder_ffn_dim,
        num_queries=config.num_queries,
        feature_indices=tuple(
            range(backbone.out_indices[0] - 1, backbone.out_indices[0] - 1 + config.num_feature_levels)
        ),
        enc_n_points=config.encoder_n_points,
        dec_n_points=config.decoder_n_points,
        max_text_len=config.max_text_len,
        embed_init_target=config.embedding_init_target,
        position_temperature=config.positional_embedding_temperature,
        # transformers' Grounding DINO has the plain product as its class head.
        log_scale="none",
        class_embed_bias=False,
    )


def _backbone_name(config: PreTrainedConfig, fallback: str) -> str:
    if config.model_type == "resnet":
        return "resnet_50"
    for name, sizes in SWIN_SIZES.items():
        if config.model_type == "swin" and all(getattr(config, key) == value for key, value in sizes.items()):
            return name
    return fallback


def load_backbone(detector: Detector, name: str) -> None:
    """Load the image backbone alone (``model.pretrained_backbone_path``).

    Parameters
    ----------
    detector : Detector
        Gets the weights.
    name : str
        A file with a state dict of the backbone, a folder that transformers saved, or a hub name.

    Raises
    ------
    WeightsError
        Nothing there, or a different network.
    """
    backbone = detector.network.model.backbone.conv_encoder.model
    path = Path(name)
    own: dict[str, Tensor] = backbone.state_dict()
    if path.is_file():
        tensors = read_state(path, "model.pretrained_backbone_path")
        # Alone, or as part of a detector; in transformers' layout, or in that of the backbone's authors.
        tensors = {name.removeprefix("backbone.0."): value for name, value in tensors.items()}
        theirs = {f"backbone.0.{name}": value for name, value in tensors.items()}
        head = "model.backbone.conv_encoder.model."
        translated = translate(theirs, {head + name: value for name, value in own.items()})
        tensors.update({name.removeprefix(head): value for name, value in translated.items()})
    else:
        tensors = _backbone_from_transformers(name)
    fitting = {key: value for key, value in tensors.items() if key in own and own[key].shape == value.shape}
    if len(fitting) < len(own) // 2:
        raise WeightsError(
            f"model.pretrained_backbone_path '{name}' fits {len(fitting)} of {len(own)} tensors of the "
            f"backbone {detector.architecture.backbone}: name weights of that backbone"
        )
    require_finite(fitting, f"model.pretrained_backbone_path names {name}, whose")
    missing = len(own) - len(fitting)
    if missing:
        _LOG.warning(
            "%s lacks %d of the backbone's %d tensors, which start at random", name, missing, len(own)
        )
    backbone.load_state_dict(fitting, strict=False)


def _backbone_from_transformers(name: str) -> dict[str, Tensor]:
    """Let transformers load a backbone from a folder or the hub."""
    try:
        loaded = read_network(AutoBackbone, name)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"model.pretrained_backbone_path '{name}' cannot be read as weights ({reason}): check the path"
        ) from error
    state: dict[str, Tensor] = loaded.state_dict()
    return state


def load_text_encoder(detector: Detector, name: str) -> None:
    """Load the text encoder alone (``model.text_encoder_type``) from a BERT folder or the hub.

    Raises
    ------
    WeightsError
        Nothing there, or a different network.
    """
    try:
        state = read_network(AutoModel, name, add_pooling_layer=False).state_dict()
        require_finite(state, f"model.text_encoder_type names {name}, whose")
        detector.text_encoder.load_state_dict(state)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"model.text_encoder_type '{name}' cannot be loaded as a BERT ({reason}): pass the path of a "
            "downloaded BERT folder"
        ) from error
