"""No gradient that is not finite reaches a weight; fp16's scale may overflow now and then."""

import math

import pytest
import torch
from torch import nn

from skillbank_engine.errors import NotFiniteError
from skillbank_engine.finite import describe_overflow, first_not_finite
from skillbank_engine.training.update import Update


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))


def update_of(layers: nn.Module, scale: float | None = None, clip: float = 0.0) -> Update:
    scaler = torch.amp.GradScaler("cpu", init_scale=scale or 1.0, enabled=scale is not None)
    # Makes the scaler's own tensor, as scaling a loss does.
    scaler.scale(torch.ones(()))
    return Update(layers, torch.optim.SGD(layers.parameters(), lr=1.0), scaler, clip)


@pytest.mark.parametrize("clip", [0.0, 1.0])
def test_a_fused_optimiser_that_begins_early_does_what_another_does_late(clip: float) -> None:
    results = []
    for fused in (False, True):
        layers = model()
        optimizer = torch.optim.AdamW(layers.parameters(), lr=0.1, fused=fused)
        update = Update(layers, optimizer, torch.amp.GradScaler("cpu", enabled=False), clip)
        for step, size in enumerate((2.0, 0.01)):
            update.prepare(1.0)
            give_gradients(layers, size)
            update.launch()
            update.take(step)
        before = [parameter.clone() for parameter in layers.parameters()]
        update.prepare(1.0)
        give_gradients(layers, math.nan)
        update.launch()
        with pytest.raises(NotFiniteError, match="at step 9"):
            update.take(9)
        assert all(torch.equal(a, b) for a, b in zip(before, layers.parameters(), strict=True))
        assert update.taken == 2
        results.append((before, update.largest))
    (late, largest), (early, same) = results
    assert largest == pytest.approx(same)
    for one, other in zip(late, early, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def give_gradients(layers: nn.Module, value: float) -> None:
    for parameter in layers.parameters():
        parameter.grad = torch.full_like(parameter, value)


def test_finite_gradients_are_clipped_and_counted() -> None:
    layers = model()
    before = [parameter.clone() for parameter in layers.parameters()]
    update = update_of(layers, clip=1.0)
    update.prepare(0.5)
    give_gradients(layers, 2.0)
    update.take(0)
    size = 2.0 * math.sqrt(sum(parameter.numel() for parameter in before))
    assert update.largest == pytest.approx(size)
    for old, new in zip(before, layers.parameters(), strict=True):
        torch.testing.assert_close(new, old - 0.5 * 2.0 / size, rtol=1e-4, atol=1e-5)
    assert (update.taken, update.skipped) == (1, 0)
    update.begin_epoch()
    assert update.largest == 0.0


@pytest.mark.parametrize(("value", "words"), [(math.nan, "nan"), (math.inf, "inf")])
def test_the_layer_nearest_to_the_loss_is_named(value: float, words: str) -> None:
    layers = model()
    before = [parameter.clone() for parameter in layers.parameters()]
    update = update_of(layers)
    give_gradients(layers, 1.0)
    for parameter in layers[0].parameters():
        assert parameter.grad is not None
        parameter.grad[0] = value
    with pytest.raises(NotFiniteError, match=rf"at step 7 \({words} in 0.bias first, and in 2 of 4 param"):
        update.take(7)
    assert all(torch.equal(a, b) for a, b in zip(before, layers.parameters(), strict=True))


def test_gradients_too_large_to_add_up() -> None:
    layers = model()
    give_gradients(layers, 1e30)
    assert describe_overflow(layers) == "1.0e+30 in 0.weight, too large to add up"
    with pytest.raises(NotFiniteError, match="too large to add up"):
        update_of(layers, clip=0.1).take(0)


def test_fp16_leaves_steps_out_until_no_scale_is_left_to_blame() -> None:
    layers = model()
    before = [parameter.clone() for parameter in layers.parameters()]
    update = update_of(layers, scale=4.0)
    for step in range(2):
        update.prepare(1.0)
        give_gradients(layers, math.inf)
        update.take(step)
    assert (update.taken, update.skipped) == (0, 2)
    assert all(torch.equal(a, b) for a, b in zip(before, layers.parameters(), strict=True))
    update.prepare(1.0)
    give_gradients(layers, math.inf)
    with pytest.raises(NotFiniteError, match="at step 2"):
        update.take(2)


def test_what_is_not_finite_is_found_at_any_depth() -> None:
    sound = {"a": torch.ones(2), "b": [torch.tensor([1, 2]), {"c": torch.zeros(0)}], "d": 1.5}
    assert first_not_finite(sound) is None
    broken = {**sound, "e": ({"f": torch.tensor([1.0, -math.inf])},)}
    assert first_not_finite(broken) == "e.0.f"
    assert first_not_finite(torch.tensor(math.nan), "alone") == "alone"
