"""The way through transformers' encoder and decoder layers, on the parameters that they hold.

The numbers are transformers'; the operations are fewer. Attention never writes out its weights
(scaled_dot_product_attention, fused deformable attention), and nothing waits for the device to look at
values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from skillbank_engine.families.grounding_dino.deformable import Shapes, answers_only, deformable_attention
from skillbank_engine.families.grounding_dino.exchange import MOST_WORDS, exchanged, padded
from skillbank_engine.families.grounding_dino.norms import lowered, normed
from skillbank_engine.families.grounding_dino.products import recorded

if TYPE_CHECKING:
    from skillbank_engine.library import modeling_grounding_dino as theirs

    _Fed: TypeAlias = "theirs.GroundingDinoDecoderLayer | theirs.GroundingDinoDeformableLayer"
    _Dropping: TypeAlias = "_Fed | theirs.GroundingDinoTextEnhancerLayer"

_BLOCK = 1024


@dataclass(frozen=True)
class Scene:
    """A batch of pictures as the transformer sees them: ``L`` levels, ``N`` places in all, width ``D``.

    Attributes
    ----------
    features, positions : Tensor
        ``(B, N, D)``.
    visible : Tensor or None
        ``(B, N)`` bool, false in the padding; None when nothing is padded.
    shapes : list of (int, int)
        Height and width of each level.
    table : Tensor
        The same as ``(L, 2)`` int32.
    valid_ratios : Tensor
        ``(B, L, 2)``: the share of width and height that is picture and not padding.
    """

    features: Tensor
    positions: Tensor
    visible: Tensor | None
    shapes: Shapes
    table: Tensor
    valid_ratios: Tensor


def fuse(
    layer: theirs.GroundingDinoEncoderLayer,
    vision: Tensor,
    text: Tensor,
    text_positions: Tensor,
    scene: Scene,
    references: Tensor,
    token_mask: Tensor,
    text_attention: Tensor,
) -> tuple[Tensor, Tensor]:
    """Run one encoder layer.

    Parameters
    ----------
    layer : GroundingDinoEncoderLayer
        Holds the parameters.
    vision, text : Tensor
        ``(B, N, D)`` and ``(B, T, D)``.
    text_positions : Tensor
        ``(B, T, D)`` embedded positions of the tokens in their phrases.
    references : Tensor
        ``(B, N, L, 2)``.
    token_mask : Tensor
        ``(B, T)`` bool, false in the padding.
    text_attention : Tensor
        ``(B, T, T)`` bool: which token sees which.
    """
    vision, text = _exchange(layer.fusion_layer, vision, text, scene.visible, token_mask)
    text = _enhance(layer.text_enhancer_layer, text, text_positions, text_attention)
    deformable = layer.deformable_layer
    seen = attend_places(deformable.self_attn, vision, scene.positions, vision, references, scene)
    vision, read = normed(deformable.self_attn_layer_norm, vision, _drop(deformable, seen))
    vision, _ = normed(deformable.final_layer_norm, vision, _feed_forward(deformable, read))
    return vision, text


def decode(
    layer: theirs.GroundingDinoDecoderLayer,
    hidden: Tensor,
    positions: Tensor,
    references: Tensor,
    scene: Scene,
    vision: Tensor,
    text: Tensor,
    token_mask: Tensor,
    own_attention: Tensor | None,
) -> Tensor:
    """Run one decoder layer.

    Parameters
    ----------
    layer : GroundingDinoDecoderLayer
        Holds the parameters.
    hidden, positions : Tensor
        ``(B, Q, D)`` queries and the embedding of their boxes.
    references : Tensor
        ``(B, Q, L, 4)``.
    vision, text : Tensor
        What the encoder gave.
    token_mask : Tensor
        ``(B, T)`` bool.
    own_attention : Tensor, optional
        ``(B, 1, Q, Q)`` bool: which query sees which.
    """
    placed = lowered(hidden + positions)
    seen = _attend(layer.self_attn, placed, placed, hidden, own_attention)
    hidden, _ = normed(layer.self_attn_layer_norm, hidden, _drop(layer, seen))
    read = _attend(layer.encoder_attn_text, hidden + positions, text, text, token_mask[:, None, None])
    hidden, _ = normed(layer.encoder_attn_text_layer_norm, hidden, _drop(layer, read))
    found = attend_places(layer.encoder_attn, hidden, positions, vision, references, scene)
    hidden, low = normed(layer.encoder_attn_layer_norm, hidden, _drop(layer, found))
    hidden, _ = normed(layer.final_layer_norm, hidden, _feed_forward(layer, low))
    return hidden


def reference_points(scene: Scene) -> Tensor:
    """Where every place lies on every level: ``(B, N, L, 2)`` relative, fp32 whatever the precision."""
    return torch.cat(_centres(scene), 1)[:, :, None] * scene.valid_ratios[:, None].float()


def _centres(scene: Scene) -> list[Tensor]:
    """Middle of every place of each level: ``(B, n, 2)``, relative to the picture without its padding."""
    levels = []
    for level, (height, width) in enumerate(scene.shapes):
        ratios = scene.valid_ratios[:, level].float()
        # Floats from the start: in a traced pass, integers and a half become doubles.
        kind, device = ratios.dtype, ratios.device
        x = (torch.arange(width, dtype=kind, device=device) + 0.5) / (ratios[:, :1] * width)
        y = (torch.arange(height, dtype=kind, device=device) + 0.5) / (ratios[:, 1:] * height)
        # Not len(), which would make the batch a constant when the pass is traced.
        size = (ratios.shape[0], height, width)
        centres = torch.stack([x[:, None, :].expand(size), y[:, :, None].expand(size)], -1)
        levels.append(centres.flatten(1, 2))
    return levels


def propose(scene: Scene) -> tuple[Tensor, Tensor]:
    """Box around every place: the proposals that the encoder's answers are added to.

    Returns
    -------
    proposals : Tensor
        ``(B, N, 4)`` logits of relative ``cxcywh``, fp32 whatever the precision; infinite where not usable.
    usable : Tensor
        ``(B, N, 1)`` bool: inside the picture and not at its very edge.
    """
    levels = [
        torch.cat([centres, torch.full_like(centres, 0.05 * 2.0**level)], -1)
        for level, centres in enumerate(_centres(scene))
    ]
    boxes = torch.cat(levels, 1)
    usable = ((boxes > 0.01) & (boxes < 0.99)).all(-1, keepdim=True)
    if scene.visible is not None:
        usable = usable & scene.visible[..., None]
    return boxes.logit().masked_fill(~usable, torch.inf), usable


def attend_places(
    module: theirs.GroundingDinoMultiscaleDeformableAttention,
    hidden: Tensor,
    positions: Tensor,
    vision: Tensor,
    references: Tensor,
    scene: Scene,
) -> Tensor:
    """Deformable attention of queries ``(B, Q, D)`` to the feature levels."""
    batch, queries, width = hidden.shape
    heads = module.n_heads
    placed = lowered(hidden + positions)
    values = module.value_proj(vision)
    if scene.visible is not None:
        values = values.masked_fill(~scene.visible[..., None], 0.0)
    points = (batch, queries, heads, module.n_levels, module.n_points)
    mixed = deformable_attention(
        values.view(batch, -1, heads, width // heads),
        scene.shapes,
        scene.table,
        references,
        module.sampling_offsets(placed).view(*points, 2),
        module.attention_weights(placed).view(batch, queries, heads, -1),
    )
    result: Tensor = module.output_proj(mixed)
    return result


def _exchange(
    layer: theirs.GroundingDinoFusionLayer,
    vision: Tensor,
    text: Tensor,
    visible: Tensor | None,
    token_mask: Tensor,
) -> tuple[Tensor, Tensor]:
    """Let picture and text look at each other; both directions share one product of queries and keys."""
    vision, seen_places = normed(layer.layer_norm_vision, vision)
    text, read = normed(layer.layer_norm_text, text)
    attention = layer.attn
    if answers_only(vision) and not layer.training and _few(attention, text):
        vision_change, text_change = _exchange_few(attention, vision, text, visible, token_mask)
        return vision + layer.vision_param * vision_change, text + layer.text_param * text_change
    vision_change, text_change = _looks(attention, seen_places, read, visible, token_mask, layer.training)
    return (
        torch.addcmul(vision, layer.drop_path(layer.vision_param.expand(len(vision), 1, -1)), vision_change),
        torch.addcmul(text, layer.drop_path(layer.text_param.expand(len(text), 1, -1)), text_change),
    )


def _looks(
    attention: theirs.GroundingDinoBiMultiHeadAttention,
    vision: Tensor,
    text: Tensor,
    visible: Tensor | None,
    token_mask: Tensor,
    training: bool,
) -> tuple[Tensor, Tensor]:
    """What looking at each other changes: ``(B, N, D)`` of the places, and ``(B, T, D)`` of the text."""
    heads, scale = attention.num_heads, attention.scale
    dropout = attention.dropout if training else 0.0
    counts = vision.shape[1], text.shape[1]
    by_products = recorded(vision) and not dropout and counts[1] <= MOST_WORDS
    seen: Tensor | None = token_mask
    if by_products:
        (vision, visible), (text, seen) = padded(vision, visible), padded(text, token_mask)
    assert seen is not None
    inputs = (
        attention.vision_proj(vision),
        attention.text_proj(text),
        attention.values_vision_proj(vision),
        attention.values_text_proj(text),
    )
    if by_products:
        to_vision, to_text = exchanged(*inputs, visible, seen, heads, scale)
    else:
        to_vision, to_text = _fused(inputs, visible, seen, heads, scale, dropout)
    vision_change, text_change = attention.out_vision_proj(to_vision), attention.out_text_proj(to_text)
    if by_products:
        return vision_change[:, : counts[0]], text_change[:, : counts[1]]
    return vision_change, text_change


def _fused(
    inputs: tuple[Tensor, Tensor, Tensor, Tensor],
    visible: Tensor | None,
    token_mask: Tensor,
    heads: int,
    scale: float,
    dropout: float,
) -> tuple[Tensor, Tensor]:
    """Compute :func:`.exchange.exchanged` by torch's fused attention."""
    places, words, place_values, word_values = (_heads(tensor, heads) for tensor in inputs)
    to_vision = F.scaled_dot_product_attention(
        places, words, word_values, token_mask[:, None, None], dropout, scale=scale
    )
    seen = None if visible is None else visible[:, None, None]
    to_text = F.scaled_dot_product_attention(words, places, place_values, seen, dropout, scale=scale)
    return to_vision.transpose(1, 2).flatten(2), to_text.transpose(1, 2).flatten(2)


def _few(attention: theirs.GroundingDinoBiMultiHeadAttention, text: Tensor) -> bool:
    """Whether a text is so short that its words are better brought to the places' width than the reverse."""
    return bool(text.shape[1] * attention.num_heads < attention.embed_dim)


def _exchange_few(
    attention: theirs.GroundingDinoBiMultiHeadAttention,
    vision: Tensor,
    text: Tensor,
    visible: Tensor | None,
    token_mask: Tensor,
) -> tuple[Tensor, Tensor]:
    """Compute both changes of :func:`_exchange` with the products in another order.

    There are ten thousands of places and some dozen words.  Projecting all places to queries, values and
    back is three large products; instead the words are taken through these matrices, once for each head, and
    meet the places at their own width.  Queries times keys then serve both directions.
    """
    heads, width = attention.num_heads, vision.shape[-1]
    words = _heads(attention.text_proj(text), heads) * attention.scale
    word_values = _heads(attention.values_text_proj(text), heads)
    shape = (heads, -1, width)
    keys = words @ attention.vision_proj.weight.view(shape)
    shift = words @ attention.vision_proj.bias.view(heads, -1, 1)
    # (B, H * T, N): how well each word fits each place, for each head.
    fit = torch.baddbmm(shift.flatten(1, 2), keys.flatten(1, 2), vision.transpose(1, 2))
    to_text = fit if visible is None else fit.masked_fill(~visible[:, None], -torch.inf)
    met = (to_text.softmax(-1) @ vision).view(len(text), heads, -1, width)
    values = met @ attention.values_vision_proj.weight.view(shape).transpose(1, 2)
    values = values + attention.values_vision_proj.bias.view(heads, 1, -1)
    text_change = attention.out_text_proj(values.transpose(1, 2).flatten(2))
    fit = fit.view(len(text), heads, -1, vision.shape[1])
    to_vision = fit.masked_fill(~token_mask[:, None, :, None], -torch.inf).softmax(2)
    out = attention.out_vision_proj.weight.view(width, heads, -1).permute(1, 2, 0)
    given = (word_values @ out).flatten(1, 2)
    vision_change = to_vision.flatten(1, 2).transpose(1, 2) @ given + attention.out_vision_proj.bias
    return vision_change, text_change


def _enhance(
    layer: theirs.GroundingDinoTextEnhancerLayer, text: Tensor, positions: Tensor, allowed: Tensor
) -> Tensor:
    """Self-attention of the text, inside phrases."""
    placed = lowered(text + positions)
    seen = _attend(layer.self_attn, placed, placed, text, allowed[:, None])
    text, read = normed(layer.layer_norm_before, text, _drop(layer, seen))
    inner = _drop(layer, layer.activation(layer.fc1(read)))
    text, _ = normed(layer.layer_norm_after, text, _drop(layer, layer.fc2(inner)))
    return text


def _attend(
    module: theirs.GroundingDinoMultiheadAttention,
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    allowed: Tensor | None,
) -> Tensor:
    """Multi-head attention; ``allowed`` is bool and broadcasts to ``(B, H, Q, K)``."""
    heads = module.num_attention_heads
    dropout = module.dropout.p if module.training else 0.0
    mixed = F.scaled_dot_product_attention(
        _heads(module.query(queries), heads),
        _heads(module.key(keys), heads),
        _heads(module.value(values), heads),
        allowed,
        dropout,
    )
    result: Tensor = module.out_proj(mixed.transpose(1, 2).flatten(2))
    return result


def _feed_forward(layer: _Fed, hidden: Tensor) -> Tensor:
    if answers_only(hidden) and not layer.training and hidden.shape[1] > _BLOCK:
        # In blocks that stay in the processor's cache, instead of one inner layer of a hundred megabytes.
        blocks = (
            layer.fc2(layer.activation_fn(layer.fc1(block))) for block in torch.split(hidden, _BLOCK, 1)
        )
        return torch.cat(list(blocks), 1)
    inner = layer.activation_fn(layer.fc1(hidden))
    inner = F.dropout(inner, layer.activation_dropout, layer.training)
    return _drop(layer, layer.fc2(inner))


def _drop(layer: _Dropping, hidden: Tensor) -> Tensor:
    return F.dropout(hidden, layer.dropout, layer.training)


def _heads(hidden: Tensor, heads: int) -> Tensor:
    """``(B, N, D)`` as ``(B, H, N, D / H)``."""
    return hidden.view(*hidden.shape[:-1], heads, -1).transpose(1, 2)


def text_positions(position_ids: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Sine embedding ``(B, T, width)`` of the tokens' positions in their phrases."""
    index = torch.arange(width, dtype=torch.float32, device=position_ids.device)
    wavelength = 10000 ** (2 * torch.div(index, 2, rounding_mode="floor") / width)
    angles = position_ids[..., None].to(dtype) * (2 * torch.pi) / wavelength
    waves = torch.stack([angles[..., 0::2].sin(), angles[..., 1::2].cos()], -1)
    return waves.flatten(-2).to(dtype)
