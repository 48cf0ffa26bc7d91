"""Attention between many places and few words, in both directions at once, by plain matrix products.

A fused kernel divides its work by blocks of queries, and on its way back by blocks of keys.  Where one side
is a prompt of some dozen words there are so few blocks that most of a GPU waits.  The weights are small here,
so that they are written out, in the products' type, and kept for the way back.
"""

from typing import Protocol

import torch
from torch import Tensor, nn

from skillbank_engine.autograd import Context

_ALIGNED = 8
"""Places and words: products of other numbers of them go through kernels that are several times slower."""

MOST_WORDS = 256
"""Words up to which weights are written out: at most as wide as a head of the released models."""


def exchanged(
    places: Tensor,
    words: Tensor,
    place_values: Tensor,
    word_values: Tensor,
    visible: Tensor | None,
    token_mask: Tensor,
    heads: int,
    scale: float,
) -> tuple[Tensor, Tensor]:
    """Let places look at words, and words at places; quick where there are :func:`padded` numbers of them.

    Parameters
    ----------
    places, place_values : Tensor
        ``(B, N, H * D)``, all of one type.
    words, word_values : Tensor
        ``(B, T, H * D)``.
    visible : Tensor or None
        ``(B, N)`` bool, false for places that no word sees.
    token_mask : Tensor
        ``(B, T)`` bool, false for words that no place sees.
    heads : int
        ``H``.
    scale : float
        Factor on the products of places and words.

    Returns
    -------
    to_places, to_words : Tensor
        ``(B, N, H * D)`` and ``(B, T, H * D)``.
    """
    seen = None if visible is None else _bias(visible, places)
    inputs = (places, words, place_values, word_values)
    result: tuple[Tensor, Tensor]
    with torch.autocast(places.device.type, enabled=False):
        result = _Exchange.apply(*inputs, seen, _bias(token_mask, words), heads, scale)  # type: ignore[no-untyped-call]
    return result


def padded(rows: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Add rows of zeros that nobody sees to ``(B, N, D)`` and their mask ``(B, N)``, up to a round number."""
    count = rows.shape[1]
    more = -count % _ALIGNED
    if not more:
        return rows, mask
    if mask is None:
        mask = torch.ones(rows.shape[:2], dtype=torch.bool, device=rows.device)
    return nn.functional.pad(rows, (0, 0, 0, more)), nn.functional.pad(mask, (0, more))


def _bias(mask: Tensor, like: Tensor) -> Tensor:
    """``(B, 1, K)``: zero where a key is seen, else minus infinity."""
    zeros = torch.zeros(mask.shape, dtype=like.dtype, device=like.device)
    return zeros.masked_fill_(~mask, -torch.inf)[:, None]


class _Kept(Context, Protocol):
    heads: int
    scale: float


class _Exchange(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: _Kept,
        places: Tensor,
        words: Tensor,
        place_values: Tensor,
        word_values: Tensor,
        place_bias: Tensor | None,
        word_bias: Tensor,
        heads: int,
        scale: float,
    ) -> tuple[Tensor, Tensor]:
        inputs = (places, words, place_values, word_values)
        p, w, pv, wv = (_by_head(tensor, heads) for tensor in inputs)
        by_place = _weights(p, w, word_bias, scale)
        by_word = _weights(w, p, place_bias, scale)
        to_places, to_words = torch.empty_like(places), torch.empty_like(words)
        for head, (found, read) in enumerate(
            zip(_by_head(to_places, heads), _by_head(to_words, heads), strict=True)
        ):
            torch.bmm(by_place[head], wv[head], out=found)
            torch.bmm(by_word[head], pv[head], out=read)
        ctx.save_for_backward(*inputs, by_place, by_word)
        ctx.heads, ctx.scale = heads, scale
        return to_places, to_words

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: _Kept, slope_places: Tensor, slope_words: Tensor) -> tuple[Tensor | None, ...]:
        *inputs, by_place, by_word = ctx.saved_tensors
        heads, scale = ctx.heads, ctx.scale
        results = tuple(torch.empty_like(tensor) for tensor in inputs)
        p, w, pv, wv = (_by_head(tensor, heads) for tensor in inputs)
        to_p, to_w, to_pv, to_wv = (_by_head(tensor, heads) for tensor in results)
        of_places, of_words = (_by_head(tensor, heads) for tensor in (slope_places, slope_words))
        for head in range(heads):
            torch.bmm(by_place[head].mT, of_places[head], out=to_wv[head])
            torch.bmm(by_word[head].mT, of_words[head], out=to_pv[head])
            fit = _unweighted(of_places[head], wv[head], by_place[head])
            heed = _unweighted(of_words[head], pv[head], by_word[head])
            for target, first, one, second, other in (
                (to_p[head], fit, w[head], heed.mT, w[head]),
                (to_w[head], fit.mT, p[head], heed, p[head]),
            ):
                torch.baddbmm(target, first, one, beta=0, alpha=scale, out=target)
                torch.baddbmm(target, second, other, alpha=scale, out=target)
        return *results, None, None, None, None


def _by_head(tensor: Tensor, heads: int) -> tuple[Tensor, ...]:
    """Views ``(B, N, D)`` of each head: batches that matrix products take where they lie."""
    return tensor.view(*tensor.shape[:-1], heads, -1).unbind(2)


def _weights(
    queries: tuple[Tensor, ...], keys: tuple[Tensor, ...], bias: Tensor | None, scale: float
) -> Tensor:
    """What each query takes of each key: ``(H, B, Q, K)``."""
    scores = queries[0].new_empty(len(queries), *queries[0].shape[:2], keys[0].shape[1])
    for place, query, key in zip(scores, queries, keys, strict=True):
        if bias is None:
            torch.baddbmm(place, query, key.mT, beta=0, alpha=scale, out=place)
        else:
            torch.baddbmm(bias.expand_as(place), query, key.mT, alpha=scale, out=place)
    return scores.softmax(-1)


def _unweighted(slope: Tensor, values: Tensor, weights: Tensor) -> Tensor:
    """Gradient of the scores behind weights whose mean of values has a gradient."""
    given = torch.bmm(slope, values.mT)
    return torch._softmax_backward_data(given, weights, -1, weights.dtype)
