"""The optimiser's part in a step: no gradient that is not finite reaches a weight."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.errors import NotFiniteError
from skillbank_engine.finite import describe_overflow
from skillbank_engine.light import without_compiler
from skillbank_engine.parameters import NameOf, same_name, trained
from skillbank_engine.training.replicas import is_part, whole


class Update:
    """Changes the weights of a model by the gradients that it holds.

    Parameters
    ----------
    model : Module
        Being trained.
    optimizer : Optimizer
        Groups with their full learning rates.
    scaler : GradScaler
        Has scaled the losses, in fp16.
    clip : float
        Largest L2 norm of all gradients; 0 for any.
    name_of : callable
        The family's names of parameters.

    Attributes
    ----------
    taken, skipped : int
        Steps that changed the weights, and those left out because the scale of fp16 was too large.
    largest : float
        Largest gradient norm, before clipping, since :meth:`begin_epoch`.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        scaler: torch.amp.GradScaler,
        clip: float,
        name_of: NameOf = same_name,
    ) -> None:
        self.taken = self.skipped = 0
        self.largest = 0.0
        self._model = model
        self._parameters = list(trained(model))
        self._optimizer = optimizer
        self._scaler = scaler
        self._clip = clip
        self._name_of = name_of
        self._norm: Tensor | None = None
        self._launched = False
        self._ahead = bool(optimizer.defaults.get("fused")) and not scaler.is_enabled()
        self._full_rates = [group["lr"] for group in optimizer.param_groups]

    def begin_epoch(self) -> None:
        """Forget the largest gradient."""
        self.largest = 0.0

    def prepare(self, factor: float) -> None:
        """Set learning rates to a factor of the full ones, and forget old gradients."""
        for group, rate in zip(self._optimizer.param_groups, self._full_rates, strict=True):
            group["lr"] = rate * factor
        self._optimizer.zero_grad(set_to_none=True)
        self._norm = None

    def launch(self) -> None:
        """Begin to change the weights, where a GPU can do so before anybody has looked at the gradients.

        The kernel of a fused optimiser clips, and does nothing where a gradient is not finite.  So the device
        has no pause in which the host looks.
        """
        self._scaler.unscale_(self._optimizer)
        gradients = [parameter.grad for parameter in self._parameters if parameter.grad is not None]
        self._norm = torch.nn.utils.get_total_norm(gradients)
        self._launched = self._ahead and not any(map(is_part, gradients))
        if not self._launched:
            return
        optimizer: Any = self._optimizer
        # As clip_grads_with_norm_ does; gradients are divided by it.
        optimizer.grad_scale = ((self._norm + 1e-6) / self._clip).clamp(min=1.0) if self._clip else None
        optimizer.found_inf = (~self._norm.isfinite()).float()
        with without_compiler():
            optimizer.step()
        del optimizer.grad_scale, optimizer.found_inf

    def take(self, step: int) -> None:
        """Change the weights, if all gradients are finite; all processes come to the same answer.

        In fp16 losses are scaled up, now and then too far: the scale is halved then and the step left out,
        until there is no scale left that could be the reason.

        Parameters
        ----------
        step : int
            Number of the step, for messages.

        Raises
        ------
        NotFiniteError
            A gradient is infinite or undefined; the weights are as they were.
        """
        if self._norm is None:
            self.launch()
        norm, self._norm = self._norm, None
        assert norm is not None
        size = float(whole(norm))
        scale = self._scaler.get_scale() if self._scaler.is_enabled() else 1.0
        if math.isfinite(size):
            self.largest = max(self.largest, size)
            if not self._launched:
                self._step(norm, size)
            self.taken += 1
        elif scale > 1:
            self._scaler.update(scale / 2)
            self.skipped += 1
        else:
            where = describe_overflow(self._model, self._name_of)
            raise NotFiniteError(
                f"The gradients are not finite at step {step} ({where}): lower "
                "train.optim.lr, start from pretrained weights, or train with train.precision=fp32"
            )

    def _step(self, norm: Tensor, size: float) -> None:
        if 0 < self._clip < size:
            torch.nn.utils.clip_grads_with_norm_(self._parameters, self._clip, norm)
        with without_compiler():
            self._scaler.step(self._optimizer)
        self._scaler.update()
