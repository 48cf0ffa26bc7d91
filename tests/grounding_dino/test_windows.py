"""Windows of a Swin cut out by rows are those that transformers pads, shifts and divides."""

import pytest
import torch
from torch import Tensor, nn
from transformers.models.swin.modeling_swin import SwinLayer

from skillbank_engine.families.grounding_dino.windows import by_rows, cut_windows_by_rows, taken, window_rows
from skillbank_engine.library import SwinConfig
from skillbank_engine.recording import paced_by_device

SIZES = [(20, 33), (14, 21), (8, 40)]


def layer_of(shift: int, size: tuple[int, int]) -> nn.Module:
    torch.manual_seed(0)
    config = SwinConfig(attn_implementation="eager")
    layer: nn.Module = SwinLayer(config, 96, size, 3, 0.0, shift).eval()
    return layer


def by_index(hidden: Tensor, rows: Tensor, inverse: Tensor) -> Tensor:
    """What the kernel does, in torch's operations."""
    return torch.cat([hidden, hidden.new_zeros(len(hidden), 1, hidden.shape[2])], 1)[:, rows.long()]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shift", [0, 3])
def test_a_layer_by_rows_gives_the_numbers_and_gradients_of_transformers(
    size: tuple[int, int], shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = layer_of(shift, size)
    hidden = torch.randn(2, size[0] * size[1], 96, requires_grad=True)
    inputs = (hidden, *layer.parameters())
    wanted = layer(hidden, size)[0]
    slope = torch.randn_like(wanted)
    true = torch.autograd.grad(wanted, inputs, slope)
    cut_windows_by_rows(nn.ModuleList([layer]))
    assert type(layer).__name__ == "SwinLayer"
    assert torch.equal(layer(hidden, size)[0], wanted)  # nothing is recorded on a CPU
    monkeypatch.setattr("skillbank_engine.families.grounding_dino.windows.taken", by_index)
    found = by_rows(layer, hidden, size, {})[0]  # type: ignore[arg-type]
    assert torch.equal(found, wanted)
    for ours, theirs in zip(torch.autograd.grad(found, inputs, slope), true, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("size", SIZES)
def test_the_orders_are_each_others_inverse(size: tuple[int, int]) -> None:
    there, back = window_rows(size, 7, 3, torch.device("cpu"))
    places = torch.arange(size[0] * size[1], dtype=torch.int32)
    assert torch.equal(there[back.long()], places)
    assert torch.equal(there[there >= 0].sort().values, places)
    assert len(there) % 49 == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="kernels need a GPU")
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [96, 192])
def test_rows_on_a_gpu_are_taken_exactly(kind: torch.dtype, width: int) -> None:
    there, back = window_rows((20, 33), 7, 3, torch.device("cuda", 0))
    hidden = torch.randn(3, 660, width, device="cuda").to(kind).requires_grad_()
    found, wanted = taken(hidden, there, back), by_index(hidden, there, back)
    assert torch.equal(found, wanted)
    slope = torch.randn_like(found)
    [ours], [theirs] = (torch.autograd.grad(each, [hidden], slope) for each in (found, wanted))
    assert torch.equal(ours, theirs)
    assert torch.equal(taken(found.detach(), back, there), hidden.detach())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="kernels need a GPU")
def test_a_layer_on_a_gpu_gives_what_transformers_gives() -> None:
    layer = layer_of(3, (20, 33)).to("cuda")
    hidden = torch.randn(2, 660, 96, device="cuda")
    with torch.no_grad():
        wanted = layer(hidden, (20, 33))[0]
        cut_windows_by_rows(nn.ModuleList([layer]))
        with paced_by_device():
            found = layer(hidden, (20, 33))[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
