"""The windows of a Swin on a GPU: padded, shifted and cut out in one copy where passes are recorded.

transformers pads, shifts and divides one after the other, and back again: three copies of all there is for
each, in both directions.  Each place goes to one place, so that rows taken in another order do all of it.
"""

from functools import cache

import torch
from torch import Tensor, nn

from skillbank_engine.families.grounding_dino.products import recorded


class WindowsByRows(nn.Module):
    """What a layer of a Swin becomes, in front of its own class; its parameters and numbers stay."""

    layernorm_before: nn.Module
    layernorm_after: nn.Module
    attention: nn.Module
    mlp: nn.Module
    dropout: nn.Module
    drop_path: nn.Module
    window_size: int
    shift_size: int

    def forward(
        self,
        hidden_states: Tensor,
        input_dimensions: tuple[int, int],
        always_partition: bool = False,
        **named: object,
    ) -> tuple[Tensor, Tensor | None]:
        """Compute ``(B, N, C)`` of ``(B, N, C)``, as transformers' layer does."""
        if not recorded(hidden_states):
            result: tuple[Tensor, Tensor | None] = super().forward(
                hidden_states, input_dimensions, always_partition, **named
            )
            return result
        if not always_partition:
            self.set_shift_and_window_size(input_dimensions)  # type: ignore[operator]
        return by_rows(self, hidden_states, input_dimensions, named)


def by_rows(
    layer: WindowsByRows, hidden: Tensor, size: tuple[int, int], named: dict[str, object]
) -> tuple[Tensor, Tensor | None]:
    """Compute a layer with windows cut out by rows."""
    window, (batch, _, channels) = layer.window_size, hidden.shape
    high, wide = (-(-side // window) * window for side in size)
    there, back = window_rows(size, window, layer.shift_size, hidden.device)
    windows = taken(layer.layernorm_before(hidden), there, back).view(-1, window * window, channels)
    seen = layer.get_attn_mask(high, wide, dtype=windows.dtype, device=hidden.device)  # type: ignore[operator]
    mixed, weights = layer.attention(windows, seen, **named)
    change = taken(layer.dropout(mixed).view(batch, high * wide, channels), back, there)
    hidden = hidden + layer.drop_path(change)
    return layer.dropout(layer.mlp(layer.layernorm_after(hidden))) + hidden, weights


def cut_windows_by_rows(backbone: nn.Module) -> None:
    """Put :class:`WindowsByRows` in front of the class of every layer of a Swin."""
    for module in backbone.modules():
        if type(module).__name__ == "SwinLayer":
            module.__class__ = _in_front(type(module))


_fronts: dict[type[nn.Module], type[nn.Module]] = {}


def _in_front(kind: type[nn.Module]) -> type[nn.Module]:
    if kind not in _fronts:
        _fronts[kind] = type(kind.__name__, (WindowsByRows, kind), {})
    return _fronts[kind]


@cache
def window_rows(
    size: tuple[int, int], window: int, shift: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """For each place of the windows the place of the picture that goes there, or -1; and the other way round.

    Kept for good: recorded passes go on reading them where they lie.
    """
    height, width = size
    high, wide = (-(-side // window) * window for side in size)
    with torch.inference_mode(False):
        padded = torch.full((high, wide), -1, dtype=torch.int32)
        padded[:height, :width] = torch.arange(height * width, dtype=torch.int32).view(height, width)
        shifted = torch.roll(padded, (-shift, -shift), (0, 1))
        there = shifted.view(high // window, window, wide // window, window).transpose(1, 2).reshape(-1)
        back = torch.empty(height * width, dtype=torch.int32)
        full = there >= 0
        back[there[full].long()] = torch.arange(high * wide, dtype=torch.int32)[full]
        return there.to(device), back.to(device)


def taken(hidden: Tensor, rows: Tensor, inverse: Tensor) -> Tensor:
    """Take rows of ``(B, N, C)`` in another order: ``(B, M, C)``, zero where a row's number is negative.

    Parameters
    ----------
    hidden : Tensor
        On a GPU.
    rows, inverse : Tensor
        ``(M,)`` and ``(N,)`` from :func:`window_rows`, in either order.
    """
    # Triton, which comes with torch for GPUs alone
    from skillbank_engine.families.grounding_dino import rows_triton

    return rows_triton.taken(hidden, rows, inverse)
