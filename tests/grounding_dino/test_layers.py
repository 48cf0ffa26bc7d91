"""Short cuts of an evaluation on a CPU give what the plain layers give."""

from typing import Any

import pytest
import torch
from transformers import GroundingDinoConfig
from transformers.models.grounding_dino.modeling_grounding_dino import (
    GroundingDinoDeformableLayer,
    GroundingDinoFusionLayer,
)

from skillbank_engine.families.grounding_dino import layers

CONFIG = GroundingDinoConfig(d_model=32, encoder_ffn_dim=64, encoder_attention_heads=4)


@pytest.mark.parametrize("padded", [False, True])
def test_few_words_meet_the_places_at_their_width(padded: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    make: Any = GroundingDinoFusionLayer
    layer = make(CONFIG).eval()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    vision, text = torch.randn(2, 50, 32), torch.randn(2, 7, 32)
    token_mask = torch.ones(2, 7, dtype=torch.bool)
    visible = torch.ones(2, 50, dtype=torch.bool) if padded else None
    if visible is not None:
        token_mask[1, 4:] = visible[1, 30:] = False
    calls: list[int] = []
    real: Any = layers._exchange_few

    def counted(*words: Any) -> Any:
        calls.append(1)
        return real(*words)

    monkeypatch.setattr(layers, "_exchange_few", counted)
    plain = layers._exchange(layer, vision, text, visible, token_mask)
    assert not calls
    with torch.inference_mode():
        short = layers._exchange(layer, vision, text, visible, token_mask)
        assert calls
        # A long text goes the other way.
        layers._exchange(layer, vision, text.repeat(1, 3, 1), visible, token_mask.repeat(1, 3))
    assert len(calls) == 1
    for ours, expected in zip(short, plain, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def test_blocks_make_up_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    layer: Any = GroundingDinoDeformableLayer(CONFIG).eval()
    hidden = torch.randn(2, 50, 32)
    whole = layers._feed_forward(layer, hidden)
    monkeypatch.setattr(layers, "_BLOCK", 16)
    with torch.inference_mode():
        torch.testing.assert_close(layers._feed_forward(layer, hidden), whole)
