"""``engine.cuda_graphs`` in training: a pass with its gradients recorded once for each shape, then replayed.

All gradients lie in one row of memory.  Every pass adds to it, plain ones and replayed ones alike, and
processes that train together add up that row: what one of them replays another may compute as it is.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import compress
from typing import Generic

import torch
from torch import Tensor, distributed, nn

from skillbank_engine.recording import MOST, Recording, copied, paced_by_device, shape_of, tensors_in
from skillbank_engine.task import BatchT
from skillbank_engine.team import Team
from skillbank_engine.training.low_weights import LowWeights

_LOG = logging.getLogger(__name__)
_ALIGNED = 64  # numbers: kernels read whole lines of memory


@dataclass(frozen=True)
class Losses:
    """Losses by name: numbers, or still on the device, where reading them waits for it.

    Attributes
    ----------
    numbers : dict
        What is known already.
    names, values : tuple of str, Tensor
        The others.
    """

    numbers: dict[str, float]
    names: tuple[str, ...] = ()
    values: Tensor | None = None

    def read(self) -> dict[str, float]:
        """Give all as numbers."""
        if self.values is None:
            return self.numbers
        return {**self.numbers, **dict(zip(self.names, self.values.tolist(), strict=True))}


class GradientRow:
    """The gradients of some parameters, behind each other in memory.

    Parameters
    ----------
    parameters : sequence of Parameter
        Of one kind of number, on one device.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = list(parameters)
        sizes = [-(-parameter.numel() // _ALIGNED) * _ALIGNED for parameter in self._parameters]
        first = self._parameters[0]
        self._row = torch.zeros(sum(sizes), dtype=first.dtype, device=first.device)
        self._sizes = sizes
        self._flat = self._flattened(self._row)
        self._places = [
            flat.view_as(parameter) for flat, parameter in zip(self._flat, self._parameters, strict=True)
        ]
        self._touched = [False] * len(sizes)

    def clear(self) -> None:
        """Set all to zero, ahead of a step."""
        self._row.zero_()
        self._touched = [False] * len(self._touched)

    def add(self, loss: Tensor, read: Sequence[Tensor] | None = None) -> list[bool]:
        """Add the gradients of a loss; say which parameters it depends on.

        Parameters
        ----------
        loss : Tensor
            One number.
        read : sequence of Tensor, optional
            What stood for the parameters when it was computed, copies in a lower precision too; else they
            themselves.
        """
        gradients = torch.autograd.grad(loss, read or self._parameters, allow_unused=True)
        # As flat tensors of one type, which are added up by few kernels and not by one each.
        found = [None if gradient is None else gradient.reshape(-1) for gradient in gradients]
        low = [gradient is not None and gradient.dtype != self._row.dtype for gradient in found]
        if any(low):
            raised = self._flattened(torch.empty_like(self._row))
            torch._foreach_copy_(
                list(compress(raised, low)), [g for g in compress(found, low) if g is not None]
            )
            found = [
                to if is_low else gradient for to, is_low, gradient in zip(raised, low, found, strict=True)
            ]
        used = [gradient is not None for gradient in found]
        torch._foreach_add_(list(compress(self._flat, used)), [g for g in found if g is not None])
        return used

    def _flattened(self, row: Tensor) -> list[Tensor]:
        """Where each parameter's numbers lie in a row."""
        parts = torch.split(row, self._sizes)
        return [part[: p.numel()] for part, p in zip(parts, self._parameters, strict=True)]

    def touch(self, touched: Sequence[bool]) -> None:
        """Note which parameters a pass has added to."""
        self._touched = [a or b for a, b in zip(self._touched, touched, strict=True)]

    def give(self, team: Team) -> None:
        """Average over the processes; every parameter that any has added to gets its gradient."""
        touched = self._touched
        if team.size > 1:
            distributed.all_reduce(self._row)
            self._row /= team.size
            anywhere = torch.tensor(touched, dtype=torch.uint8)
            distributed.all_reduce(anywhere, distributed.ReduceOp.MAX)
            touched = anywhere.bool().tolist()
        for parameter, place, counts in zip(self._parameters, self._places, touched, strict=True):
            parameter.grad = place if counts else None


@dataclass
class _Recorded(Generic[BatchT]):
    """A pass that can be replayed: where it reads, and which parameters it adds to."""

    batch: BatchT
    divisor: Tensor
    touched: list[bool]
    recording: Recording[Tensor]

    @property
    def losses(self) -> Tensor:
        """What the last pass gave."""
        return self.recording.result.clone()


class Passes(Generic[BatchT]):
    """Passes forward and backward, replayed where a batch of the same shapes came before.

    The first batch of its shapes goes through the network as it is, the second is recorded.  Where there is
    no room for that, nothing is recorded any more.

    Parameters
    ----------
    losses : callable
        Computes the losses of a batch on the device, by name, from the batch and what they are divided by.
    scale : callable
        Scales the loss in fp16.
    parameters : sequence of Parameter
        What is trained.
    team : Team
        The processes that train together.
    weights : LowWeights, optional
        Of the network, where passes run under autocast.
    """

    def __init__(
        self,
        losses: Callable[[BatchT, Tensor], dict[str, Tensor]],
        scale: Callable[[Tensor], Tensor],
        parameters: Sequence[nn.Parameter],
        team: Team,
        weights: LowWeights | None = None,
    ) -> None:
        self.recording = True
        self._weights = weights
        self._losses = losses
        self._scale = scale
        self._team = team
        self._row = GradientRow(parameters)
        self._names: tuple[str, ...] = ()
        self._seen: set[object] = set()
        self._recorded: dict[object, _Recorded[BatchT]] = {}
        # One pool for all: two recordings never run at once, so that they can work in the same memory.
        self._pool = torch.cuda.graph_pool_handle() if torch.cuda.is_available() else None

    def stop(self) -> bool:
        """Give up what was recorded, and record no more; say whether that is new."""
        was, self.recording = self.recording, False
        self._recorded.clear()
        self._pool = None
        return was

    def backward(self, batches: Sequence[BatchT], divisors: Sequence[float]) -> Losses:
        """Give the parameters the gradients of a step; its losses, of this process' share, added up."""
        self._row.clear()
        with paced_by_device() if self.recording else nullcontext():
            values = [self._pass(batch, divisor) for batch, divisor in zip(batches, divisors, strict=True)]
        self._row.give(self._team)
        return Losses({}, self._names, torch.stack(values).sum(0))

    def _pass(self, batch: BatchT, divisor: float) -> Tensor:
        """Do one pass, and give its losses."""
        key = shape_of(batch)
        recorded = self._recorded.get(key)
        if recorded is None and self._worth_it(key):
            recorded = self._record(key, batch, divisor)
            if recorded is not None:
                return recorded.losses
        if recorded is None:
            _, values = self._computed(batch, torch.full((), divisor, device=_device(batch)))
            self._seen.add(key)
            return values
        for place, value in zip(tensors_in(recorded.batch), tensors_in(batch), strict=True):
            place.copy_(value)
        recorded.divisor.fill_(divisor)
        recorded.recording.replay()
        self._row.touch(recorded.touched)
        return recorded.losses

    def _worth_it(self, key: object) -> bool:
        return self.recording and key in self._seen and len(self._recorded) < MOST

    def _computed(self, batch: BatchT, divisor: Tensor) -> tuple[list[bool], Tensor]:
        with self._weights.in_place() if self._weights is not None else nullcontext() as read:
            losses = self._losses(batch, divisor)
            touched = self._row.add(self._scale(losses["loss"]), read)
        self._row.touch(touched)
        self._names = tuple(losses)
        return touched, torch.stack([value.detach() for value in losses.values()])

    def _record(self, key: object, batch: BatchT, divisor: float) -> _Recorded[BatchT] | None:
        """Record a pass, which computes it too; None where there is no room for it."""
        places = copied(batch)
        place = torch.full((), divisor, device=_device(batch))
        touched: list[bool] = []

        def work() -> Tensor:
            found, values = self._computed(places, place)
            touched.extend(found)
            return values

        try:
            recorded = _Recorded(places, place, touched, Recording(work, self._pool))
        except torch.OutOfMemoryError as error:
            reason = str(error).partition(". ")[0]
        else:
            self._recorded[key] = recorded
            return recorded
        self.stop()
        _LOG.warning("a pass could not be recorded (%s): passes are computed as they are from now on", reason)
        return None


def _device(batch: object) -> torch.device:
    return next(tensors_in(batch)).device
