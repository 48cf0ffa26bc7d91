"""Attention between places and words by plain products: what torch's own gives, with its gradients."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.exchange import exchanged, padded
from skillbank_engine.families.grounding_dino.products import TallLinear

HEADS, WIDTH, SCALE = 4, 16, 0.3


def by_head(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.view(*tensor.shape[:-1], HEADS, -1).transpose(1, 2)


def usual(
    inputs: list[torch.Tensor], visible: torch.Tensor | None, token_mask: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    places, words, place_values, word_values = map(by_head, inputs)
    seen = None if visible is None else visible[:, None, None]
    found = F.scaled_dot_product_attention(places, words, word_values, token_mask[:, None, None], scale=SCALE)
    read = F.scaled_dot_product_attention(words, places, place_values, seen, scale=SCALE)
    return found.transpose(1, 2).flatten(2), read.transpose(1, 2).flatten(2)


@pytest.mark.parametrize("masked", [False, True])
def test_products_give_what_fused_attention_gives(masked: bool) -> None:
    torch.manual_seed(0)
    sizes = (23, 5, 23, 5)
    inputs = [torch.randn(3, size, HEADS * WIDTH, dtype=torch.float64).requires_grad_() for size in sizes]
    visible = torch.rand(3, 23) < 0.7 if masked else None
    token_mask = torch.tensor([5, 3, 1])[:, None] > torch.arange(5)
    wanted = usual(inputs, visible, token_mask)
    (places, seen), (place_values, _) = padded(inputs[0], visible), padded(inputs[2], visible)
    (words, read), (word_values, _) = padded(inputs[1], token_mask), padded(inputs[3], token_mask)
    assert read is not None and (places.shape[1], words.shape[1]) == (24, 8)
    found = exchanged(places, words, place_values, word_values, seen, read, HEADS, SCALE)
    got = found[0][:, :23], found[1][:, :5]
    slopes = [torch.randn_like(output) for output in wanted]
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one, other)
    gradients = (torch.autograd.grad(outputs, inputs, slopes) for outputs in (got, wanted))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_linear_layers_keep_names_numbers_and_kind(detector: Detector) -> None:
    layers = [module for module in detector.network.modules() if isinstance(module, nn.Linear)]
    assert layers and all(type(layer) is TallLinear for layer in layers)
    layer = layers[0]
    rows = torch.randn(5, layer.in_features)
    assert torch.equal(layer(rows), F.linear(rows, layer.weight, layer.bias))
