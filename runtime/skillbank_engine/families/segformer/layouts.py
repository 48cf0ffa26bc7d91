"""Names of weights in files of SegFormer's authors, and how to read the shape of a network off weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.segformer.model import ENCODERS

_PREFIXES = ("module.", "model.", "network.", "backbone.")
_BLOCK_PARTS = {
    "norm1.": "layernorm_before.",
    "norm2.": "layernorm_after.",
    "attn.q.": "attention.q_proj.",
    "attn.proj.": "attention.o_proj.",
    "attn.sr.": "attention.sequence_reduction.sequence_reduction.",
    "attn.norm.": "attention.sequence_reduction.layer_norm.",
    "mlp.": "mlp.",
}
_HEAD_PARTS = {
    "linear_fuse.conv.": "linear_fuse.",
    "linear_fuse.bn.": "batch_norm.",
    "linear_pred.": "classifier.",
}


def read_state(path: Path, key: str) -> dict[str, Tensor]:
    """Read the tensors of a file, by transformers' names.

    Parameters
    ----------
    path : Path
        A ``.safetensors`` file, or one that torch saved: a state dict, perhaps under ``state_dict`` or
        ``model``; in transformers' layout or that of SegFormer's authors.
    key : str
        The spec's key that names it, for messages.

    Returns
    -------
    dict
        ``segformer.*`` of the encoder, ``decode_head.*`` of the head; other tensors are left out.

    Raises
    ------
    WeightsError
        It cannot be read or holds no SegFormer.
    """
    try:
        if path.suffix == ".safetensors":
            document: Any = load_file(path)
        else:
            document = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what the readers trip over depends on the bytes that they find
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} names {path}, which cannot be read as weights ({reason}): name another"
        ) from error
    for name in ("state_dict", "model", "weights"):
        if isinstance(document, dict) and isinstance(document.get(name), dict):
            document = document[name]
    tensors = {name: value for name, value in dict(document).items() if isinstance(value, Tensor)}
    found: dict[str, Tensor] = {}
    for name, value in tensors.items():
        found.update(translated(name, value))
    if not any(name.startswith("segformer.stages.") for name in found):
        raise WeightsError(
            f"{key} names {path}, which holds no encoder of a SegFormer that is known here: name weights of "
            f"{', '.join(ENCODERS)}"
        )
    return found


def translated(name: str, value: Tensor) -> dict[str, Tensor]:
    """Give a tensor transformers' name, keys and values apart; empty for what is no part of the network."""
    prefix = next((prefix for prefix in _PREFIXES if name.startswith(prefix)), None)
    if prefix is not None:
        return translated(name.removeprefix(prefix), value)
    if name.startswith(("segformer.stages.", "decode_head.linear_projections.")):
        return {name: value}
    if name.startswith("stages."):
        return {f"segformer.{name}": value}
    if found := re.match(r"patch_embed(\d)\.(proj|norm)\.(.+)", name):
        part = "proj" if found[2] == "proj" else "layer_norm"
        return {f"segformer.stages.{int(found[1]) - 1}.patch_embeddings.{part}.{found[3]}": value}
    if found := re.match(r"norm(\d)\.(.+)", name):
        return {f"segformer.stages.{int(found[1]) - 1}.layer_norm.{found[2]}": value}
    if found := re.match(r"block(\d)\.(\d+)\.(.+)", name):
        return _of_block(f"segformer.stages.{int(found[1]) - 1}.blocks.{found[2]}.", found[3], value)
    if name.startswith("decode_head."):
        return _of_head(name.removeprefix("decode_head."), value)
    return {}


def _of_block(block: str, name: str, value: Tensor) -> dict[str, Tensor]:
    if name.startswith("attn.kv."):
        last = name.removeprefix("attn.kv.")
        keys, values = value.chunk(2)
        return {f"{block}attention.k_proj.{last}": keys, f"{block}attention.v_proj.{last}": values}
    for theirs, ours in _BLOCK_PARTS.items():
        if name.startswith(theirs):
            return {block + ours + name.removeprefix(theirs): value}
    return {}


def _of_head(name: str, value: Tensor) -> dict[str, Tensor]:
    if found := re.match(r"linear_c(\d)\.(.+)", name):
        return {f"decode_head.linear_projections.{int(found[1]) - 1}.{found[2]}": value}
    for theirs, ours in _HEAD_PARTS.items():
        if name.startswith(theirs):
            return {f"decode_head.{ours}{name.removeprefix(theirs)}": value}
    own = ("linear_fuse.weight", "batch_norm.", "classifier.")
    return {f"decode_head.{name}": value} if name.startswith(own) else {}


def encoder_of(state: Mapping[str, Tensor], source: str) -> str:
    """Name the encoder that tensors with transformers' names belong to.

    Raises
    ------
    WeightsError
        It is none of :data:`.model.ENCODERS`.
    """
    channels, depths = [], []
    for stage in range(4):
        bias = state.get(f"segformer.stages.{stage}.patch_embeddings.proj.bias")
        blocks = {
            name.split(".")[4] for name in state if name.startswith(f"segformer.stages.{stage}.blocks.")
        }
        channels.append(0 if bias is None else len(bias))
        depths.append(len(blocks))
    sizes = tuple(channels), tuple(depths)
    for name, known in ENCODERS.items():
        if sizes == known:
            return name
    raise WeightsError(
        f"{source} holds an encoder of {channels} channels and {depths} blocks, which is none of "
        f"{', '.join(ENCODERS)}: name other weights"
    )
