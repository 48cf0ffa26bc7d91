"""A whole detector from a ``.pth`` file in the layout of the released models (IDEA's, the family's)."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES, Architecture, note_differences
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.layouts import read_state, their_name, translate, unknown_names
from skillbank_engine.families.grounding_dino.model import network_config, wrap_network
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer, load_tokenizer
from skillbank_engine.library import GroundingDinoForObjectDetection


def read_pth(path: Path, key: str, wanted: Architecture) -> tuple[Detector, PhraseTokenizer]:
    """Load a file in IDEA's layout.

    Parameters
    ----------
    path : Path
        IDEA's or the family's ``.pth``.  It has no vocabulary: that of ``model.text_encoder_type`` is taken.
    key : str
        The spec's key that names it, for messages.
    wanted : Architecture
        What the spec asks for; where the weights were built otherwise, they win, with a note.

    Raises
    ------
    WeightsError
        It cannot be read, or is something else.
    """
    state = read_state(path, key)
    found = architecture_of_state(state, f"{key} {path}", wanted)
    note_differences(wanted, found, str(path))
    tokenizer = load_tokenizer(found.text_encoder)
    words = len(state["bert.embeddings.word_embeddings.weight"])
    if len(tokenizer) > words:
        raise WeightsError(
            f"{key} {path} knows {words} tokens, but model.text_encoder_type {found.text_encoder} has "
            f"{len(tokenizer)}: name the text encoder that the weights were trained with"
        )
    network = GroundingDinoForObjectDetection(network_config(found, words))
    detector = wrap_network(network, found, tokenizer)
    own = detector.network.state_dict()
    fitting = translate(state, own)
    missing = [name for name in own if name not in fitting and their_name(name) is not None]
    unknown = unknown_names(state, own)
    if missing or unknown:
        raise WeightsError(
            f"{key} {path} is not in IDEA's layout: "
            + (f"it lacks {len(missing)} weights as {missing[0]}" if missing else "")
            + (" and " if missing and unknown else "")
            + (f"has {len(unknown)} others as {unknown[0]}" if unknown else "")
            + "; set the model block to what the weights were trained with"
        )
    detector.network.load_state_dict(fitting, strict=False)
    return detector, tokenizer


def architecture_of_state(state: Mapping[str, Tensor], source: str, wanted: Architecture) -> Architecture:
    """Read the architecture off the shapes of weights in IDEA's layout.

    Parameters
    ----------
    state : mapping
        From :func:`.layouts.read_state`.
    source : str
        Where they came from, for messages.
    wanted : Architecture
        Gives what shapes do not tell: heads, points, the text encoder's name, the longest prompt.

    Raises
    ------
    WeightsError
        Not the weights of a Grounding DINO, or of an unknown backbone.
    """

    def count(pattern: str) -> int:
        return len({found.group(1) for name in state if (found := re.match(pattern, name))})

    try:
        ffn, width = state["transformer.encoder.layers.0.linear1.weight"].shape
        levels = len(state["transformer.level_embed"])
        channels = state["input_proj.0.0.weight"].shape[1]
        queries = state.get("transformer.tgt_embed.weight")
        backbone, first = _backbone_of_state(state, channels)
    except (KeyError, IndexError, ValueError) as error:
        raise WeightsError(
            f"{source} holds no weights of a Grounding DINO that is known here ({error}): name another"
        ) from error
    scale = state.get("class_embed.0.log_scale")
    return replace(
        wanted,
        backbone=backbone,
        hidden_dim=width,
        enc_layers=count(r"transformer\.encoder\.layers\.(\d+)\."),
        dec_layers=count(r"transformer\.decoder\.layers\.(\d+)\."),
        dim_feedforward=ffn,
        num_queries=wanted.num_queries if queries is None else len(queries),
        embed_init_target=queries is not None,
        feature_indices=tuple(range(first, first + levels)),
        log_scale=(wanted.log_scale if wanted.log_scale == "auto" else "none")
        if scale is None
        else str(float(scale)),
        class_embed_bias="class_embed.0.bias" in state,
    )


def _backbone_of_state(state: Mapping[str, Tensor], channels: int) -> tuple[str, int]:
    """Name of the backbone, and which of its stages has so many channels."""
    if "backbone.0.layer1.0.conv1.weight" in state:
        return "resnet_50", [256, 512, 1024, 2048].index(channels)
    width = len(state["backbone.0.patch_embed.proj.weight"])
    tables = [
        state[f"backbone.0.layers.{stage}.blocks.0.attn.relative_position_bias_table"] for stage in range(4)
    ]
    blocks = [re.match(r"backbone\.0\.layers\.(\d)\.blocks\.\d+\.norm1\.weight", name) for name in state]
    stages = [int(found.group(1)) for found in blocks if found]
    sizes = {
        "embed_dim": width,
        "depths": [stages.count(stage) for stage in range(4)],
        "num_heads": [table.shape[1] for table in tables],
        "window_size": (math.isqrt(len(tables[0])) + 1) // 2,
    }
    names = [name for name, known in SWIN_SIZES.items() if known == sizes]
    if not names:
        raise ValueError(f"a Swin of {sizes}")
    return names[0], [width * 2**stage for stage in range(4)].index(channels)
