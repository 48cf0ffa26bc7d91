"""Names of weights in IDEA's ``.pth`` files and the family's, which share one layout, and their meaning.

IDEA's files (``groundingdino_swint_ogc.pth``) hold the state under ``model`` with ``module.`` ahead of every
name; the family's hold it under ``state_dict`` with ``model.model.``, and call the image backbone
``backbone.body`` or ``backbone.0.body``, IDEA ``backbone.0``.  Behind that, names are equal.

The table gives for each of transformers' names the one in those files.  Queries, keys and values, which
transformers keeps apart, are thirds of one tensor there.
"""

import pickle
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from skillbank_engine.errors import WeightsError

_SWIN = "model.backbone.conv_encoder.model."
_BLOCK = _SWIN + "swin.encoder.layers.{}.blocks.{}."
_THEIR_BLOCK = "backbone.0.layers.{}.blocks.{}."
_STAGE = _SWIN + "encoder.stages.{}.layers.{}."
_ENCODER = "model.encoder.layers.{}."
_DECODER = "model.decoder.layers.{}."
_THEIR_DECODER = "transformer.decoder.layers.{}."


def _thirds(ours: str, theirs: str, names: Iterable[str]) -> list[tuple[str, str, int | None]]:
    return [(f"{ours}{name}.", theirs, number) for number, name in enumerate(names)]


def _renamed(ours: str, theirs: str, names: Mapping[str, str]) -> list[tuple[str, str, int | None]]:
    return [(ours + mine, theirs + other, None) for mine, other in names.items()]


_TABLE: list[tuple[str, str, int | None]] = [
    # Swin
    *_renamed(
        _SWIN + "swin.embeddings.",
        "backbone.0.patch_embed.",
        {"patch_embeddings.projection.": "proj.", "norm.": "norm."},
    ),
    *_thirds(_BLOCK + "attention.", _THEIR_BLOCK + "attn.qkv.", ("q_proj", "k_proj", "v_proj")),
    *_renamed(
        _BLOCK,
        _THEIR_BLOCK,
        {
            "attention.o_proj.": "attn.proj.",
            "attention.relative_position_bias.": "attn.",
            "layernorm_before.": "norm1.",
            "layernorm_after.": "norm2.",
            "mlp.": "mlp.",
        },
    ),
    (_SWIN + "swin.encoder.layers.{}.downsample.", "backbone.0.layers.{}.downsample.", None),
    (_SWIN + "hidden_states_norms.stage{}.", "backbone.0.norm{-1}.", None),
    # ResNet
    (_SWIN + "embedder.embedder.convolution.", "backbone.0.conv1.", None),
    (_SWIN + "embedder.embedder.normalization.", "backbone.0.bn1.", None),
    *_renamed(
        _STAGE,
        "backbone.0.layer{+1}.{}.",
        {"shortcut.convolution.": "downsample.0.", "shortcut.normalization.": "downsample.1."},
    ),
    (_STAGE + "layer.{}.convolution.", "backbone.0.layer{+1}.{}.conv{+1}.", None),
    (_STAGE + "layer.{}.normalization.", "backbone.0.layer{+1}.{}.bn{+1}.", None),
    # Text, projections, level embedding
    ("model.text_backbone.", "bert.", None),
    ("model.text_projection.", "feat_map.", None),
    ("model.input_proj_vision.", "input_proj.", None),
    ("model.level_embed", "transformer.level_embed", None),
    # Encoder: picture, text, and what joins them, are lists of their own there
    *_renamed(
        _ENCODER + "deformable_layer.",
        "transformer.encoder.layers.{}.",
        {
            "self_attn.": "self_attn.",
            "self_attn_layer_norm.": "norm1.",
            "fc1.": "linear1.",
            "fc2.": "linear2.",
            "final_layer_norm.": "norm2.",
        },
    ),
    *_thirds(
        _ENCODER + "text_enhancer_layer.self_attn.",
        "transformer.encoder.text_layers.{}.self_attn.in_proj_",
        ("query", "key", "value"),
    ),
    *_renamed(
        _ENCODER + "text_enhancer_layer.",
        "transformer.encoder.text_layers.{}.",
        {
            "self_attn.out_proj.": "self_attn.out_proj.",
            "fc1.": "linear1.",
            "fc2.": "linear2.",
            "layer_norm_before.": "norm1.",
            "layer_norm_after.": "norm2.",
        },
    ),
    *_renamed(
        _ENCODER + "fusion_layer.",
        "transformer.encoder.fusion_layers.{}.",
        {
            "vision_param": "gamma_v",
            "text_param": "gamma_l",
            "layer_norm_vision.": "layer_norm_v.",
            "layer_norm_text.": "layer_norm_l.",
            "attn.vision_proj.": "attn.v_proj.",
            "attn.text_proj.": "attn.l_proj.",
            "attn.values_vision_proj.": "attn.values_v_proj.",
            "attn.values_text_proj.": "attn.values_l_proj.",
            "attn.out_vision_proj.": "attn.out_v_proj.",
            "attn.out_text_proj.": "attn.out_l_proj.",
        },
    ),
    # Proposals
    ("model.enc_output.", "transformer.enc_output.", None),
    ("model.enc_output_norm.", "transformer.enc_output_norm.", None),
    ("model.encoder_output_bbox_embed.", "transformer.enc_out_bbox_embed.", None),
    ("model.encoder_output_class_embed.", "transformer.enc_out_class_embed.", None),
    ("model.query_position_embeddings.", "transformer.tgt_embed.", None),
    # Decoder
    *_thirds(_DECODER + "self_attn.", _THEIR_DECODER + "self_attn.in_proj_", ("query", "key", "value")),
    *_thirds(_DECODER + "encoder_attn_text.", _THEIR_DECODER + "ca_text.in_proj_", ("query", "key", "value")),
    *_renamed(
        _DECODER,
        _THEIR_DECODER,
        {
            "self_attn.out_proj.": "self_attn.out_proj.",
            "self_attn_layer_norm.": "norm2.",
            "encoder_attn_text.out_proj.": "ca_text.out_proj.",
            "encoder_attn_text_layer_norm.": "catext_norm.",
            "encoder_attn.": "cross_attn.",
            "encoder_attn_layer_norm.": "norm1.",
            "fc1.": "linear1.",
            "fc2.": "linear2.",
            "final_layer_norm.": "norm3.",
        },
    ),
    ("model.decoder.layer_norm.", "transformer.decoder.norm.", None),
    ("model.decoder.reference_points_head.", "transformer.decoder.ref_point_head.", None),
    ("model.decoder.bbox_embed.", "transformer.decoder.bbox_embed.", None),
    ("bbox_embed.", "bbox_embed.", None),
    ("class_embed.", "class_embed.", None),
]

_RULES = [
    (re.compile(re.escape(ours).replace(r"\{\}", r"(\d+)")), re.split(r"\{([+-]?\d*)\}", theirs), third)
    for ours, theirs, third in _TABLE
]

# In their files and of no use here: what no output depends on, constants, and second names of shared weights.
_IDLE = re.compile(
    r"bert\.pooler\.|.*\.(position_ids|token_type_ids|relative_position_index|attn_mask|num_batches_tracked)$"
    r"|label_enc\.|transformer\.decoder\.class_embed\.|backbone\.0\.(fc|head|norm)\.|backbone\.0\.norm\d\."
)


def their_name(name: str) -> tuple[str, int | None] | None:
    """Give the name in IDEA's layout of one of transformers'.

    Parameters
    ----------
    name : str
        In the state of a ``GroundingDinoForObjectDetection``.

    Returns
    -------
    (str, int or None) or None
        The name, and which third of the tensor where it holds three; None for what the layout lacks.
    """
    for pattern, pieces, third in _RULES:
        found = pattern.match(name)
        if found:
            # Every second piece says what is added to the next of the numbers that were found.
            numbers = iter(found.groups())
            text = "".join(
                str(int(next(numbers)) + int(piece or 0)) if place % 2 else piece
                for place, piece in enumerate(pieces)
            )
            return text + name[found.end() :], third
    return None


def translate(theirs: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn a state in IDEA's layout into transformers'.

    Parameters
    ----------
    theirs : mapping
        From :func:`read_state`.
    wanted : mapping
        A state of the network to be filled: names and shapes.

    Returns
    -------
    dict of str to Tensor
        What ``theirs`` has of ``wanted``.

    Raises
    ------
    WeightsError
        A tensor of another shape.
    """
    state: dict[str, Tensor] = {}
    for name, tensor in wanted.items():
        source = their_name(name)
        if source is None or source[0] not in theirs:
            continue
        value = theirs[source[0]]
        if source[1] is not None:
            value = value.chunk(3)[source[1]]
        # The family keeps single numbers as vectors of one.
        value = value.reshape(()) if tensor.dim() == 0 and value.numel() == 1 else value
        if value.shape != tensor.shape:
            raise WeightsError(
                f"The weight {source[0]} is {tuple(value.shape)} where the model has {tuple(tensor.shape)}: "
                "set the model block to what the weights were trained with"
            )
        state[name] = value
    return state


def unknown_names(theirs: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Names in IDEA's layout that no wanted weight comes from, without those that are known to be idle."""
    used = {source[0] for source in map(their_name, wanted) if source is not None}
    return [name for name in theirs if name not in used and not _IDLE.match(name)]


def read_state(path: Path, key: str) -> dict[str, Tensor]:
    """Read the tensors of a ``.pth`` file, running none of its code, by IDEA's names.

    Parameters
    ----------
    path : Path
        An existing file.
    key : str
        The spec's key that names it, for messages.

    Raises
    ------
    WeightsError
        It cannot be read, or holds no tensors.
    """
    document = _load(path, key)
    if isinstance(document, dict):
        document = document.get("state_dict", document.get("model", document))
    tensors = {}
    if isinstance(document, dict):
        tensors = {str(k): v for k, v in document.items() if isinstance(v, Tensor)}
    if not tensors:
        raise WeightsError(f"{key} names {path}, which holds no weights: name another")
    return {_plain(name): value for name, value in tensors.items()}


def _load(path: Path, key: str) -> object:
    """Load a file whose settings may be objects of other libraries; blanks stand in for them."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        try:
            with torch.serialization.safe_globals([(type("Blank", (_Blank,), {}), name) for name in names]):
                return torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError:
            # Mappings of other libraries may be filled only if their stand-in is one of Python's own.
            with torch.serialization.safe_globals([(OrderedDict, name) for name in names]):
                return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what the unpickler trips over depends on the bytes that it finds
        reason = str(error).strip().split("\n")[0]
        raise WeightsError(
            f"{key} names {path}, which cannot be read as weights ({reason}): name another"
        ) from error


class _Blank:
    """Stands for an object of a library that is not there; takes whatever it is made of and keeps nothing."""

    def __new__(cls, *_arguments: object) -> "_Blank":
        return super().__new__(cls)

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, _state: object) -> None:
        pass


def _plain(name: str) -> str:
    """Take the wrappings of IDEA's, the family's and torch's own trainers off a name."""
    name = re.sub(r"^((module|model|_orig_mod)\.)+", "", name)
    return re.sub(r"^backbone\.(0\.)?(body\.)?", "backbone.0.", name)
