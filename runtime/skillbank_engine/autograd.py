"""What our own autograd functions call of the context that torch hands them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Context(Protocol):
    """Takes from the forward pass to the backward one what that needs.

    A function that keeps more than tensors says so in a class of its own, with the attributes that it sets.
    """

    @property
    def saved_tensors(self) -> tuple[Tensor, ...]:
        """What :meth:`save_for_backward` was given."""
        ...

    @property
    def needs_input_grad(self) -> tuple[bool, ...]:
        """Which inputs a gradient is wanted of."""
        ...

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs and outputs."""
        ...

    def set_materialize_grads(self, value: bool) -> None:
        """Whether gradients that are not there come as zeros."""
        ...
