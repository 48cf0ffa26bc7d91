"""Gradients of a step, the parts of a batch computed side by side where that pays.

A small network's operations are too short to be split over threads: measured on two idle cores, torch's own
threads make a step 1.15 times as fast, and several times slower once another program is running.  So a batch
is cut into as many parts as there are threads, each part goes forward and backward in a thread of its own
(torch lets go of the interpreter during its operations), and the gradients are added up in the order of the
parts: the result is that of the whole batch up to rounding, and the same every time.

A step of several batches (``engine.accumulate``) adds their gradients up; processes exchange them once.

On a GPU passes may be recorded and replayed instead (`.passes`).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Generic

import torch
from torch import Tensor, nn

from skillbank_engine.device import Compute
from skillbank_engine.parameters import trained
from skillbank_engine.task import BatchT, Forward, TaskOf
from skillbank_engine.team import ALONE, Team
from skillbank_engine.training.low_weights import LowWeights
from skillbank_engine.training.passes import Losses, Passes
from skillbank_engine.training.replicas import (
    average_scalars,
    equal_weights,
    is_shared,
    learns_statistics,
    replicated,
)


class GradientWorker(Generic[BatchT]):
    """Computes losses and gradients of batches.

    Parameters
    ----------
    task : Task
        Whose module is trained, in training mode.
    compute : Compute
        Device, precision and number of parts.
    scaler : GradScaler
        Scales the loss in fp16.
    team : Team
        The processes that share a batch; each gets the gradients of all of it.
    """

    def __init__(
        self,
        task: TaskOf[BatchT],
        compute: Compute,
        scaler: torch.amp.GradScaler,
        team: Team = ALONE,
    ) -> None:
        self._task = task
        self._team = team
        self._compute = compute
        self._scaler = scaler
        self._passes: Passes[BatchT] | None = None
        on_gpu = compute.device.type == "cuda"
        if task.recording or (task.recordable and on_gpu and not is_shared(task.module)):
            equal_weights(task.module, team)
            parameters = list(trained(task.module))
            weights = LowWeights(task.module, parameters, compute.kind)
            self._passes = Passes(self._own_losses, scaler.scale, parameters, team, weights)
            self._passes.recording = task.recording
            self._model: Forward = task.module
        else:
            self._model = task.forward(compute, team) or replicated(task.module, compute.device, team)
        separable = compute.parts > 1 and task.separable and not learns_statistics(task.module)
        self._pool = ThreadPoolExecutor(compute.parts) if separable else None

    def backward(self, batches: Sequence[BatchT], divisors: Sequence[float]) -> Losses:
        """Put the (scaled) gradients of a step into the parameters' ``grad``.

        Parameters
        ----------
        batches : sequence of Batch
            On the device, prepared; as many in every process.
        divisors : sequence of float
            What the losses of each are divided by.

        Returns
        -------
        Losses
            Those of :meth:`.task.Task.losses`, of this process' share, added up.
        """
        if self._passes is not None:
            return self._passes.backward(batches, divisors)
        total: dict[str, float] = {}
        for number, (batch, divisor) in enumerate(zip(batches, divisors, strict=True)):
            if self._pool is None:
                with self._exchange(last=number + 1 == len(batches)):
                    losses = self._whole(batch, divisor)
            else:
                losses = self._in_parts(self._pool, batch, divisor, add=number > 0)
            total = {name: total.get(name, 0.0) + value for name, value in losses.items()}
        average_scalars(self._task.module, self._team)
        return Losses(total)

    @property
    def repeats(self) -> bool:
        """Whether a process can go back to a step's start alone: none waits for it before its end."""
        return self._team.size == 1 or self._passes is not None

    def stop_recording(self) -> bool:
        """Give up recorded passes and their memory; say whether there were to be any."""
        return self._passes is not None and self._passes.stop()

    def _own_losses(self, batch: BatchT, divisor: Any) -> dict[str, Tensor]:
        return self._losses(self._task.module, batch, divisor)

    def _whole(self, batch: BatchT, divisor: float) -> dict[str, float]:
        losses = self._losses(self._model, batch, divisor)
        self._scaler.scale(losses["loss"]).backward()  # type: ignore[no-untyped-call]
        return Losses({}, tuple(losses), torch.stack(list(losses.values()))).read()

    def _in_parts(
        self, pool: ThreadPoolExecutor, batch: BatchT, divisor: float, *, add: bool
    ) -> dict[str, float]:
        parameters = list(trained(self._task.module))
        parts = split(batch, min(self._compute.parts, len(batch)))
        results = list(pool.map(lambda part: self._work(part, parameters, divisor), parts))
        for parameter, *gradients in zip(parameters, *(part for _, part in results), strict=True):
            parameter.grad = parameter.grad if add else None
            for gradient in gradients:
                if gradient is not None:
                    parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
        found = [part for part, _ in results]
        return {name: sum(float(part[name]) for part in found) for name in found[0]}

    @contextmanager
    def _exchange(self, *, last: bool) -> Iterator[None]:
        """Keep gradients where they are until the step's last batch, when processes exchange them."""
        model = self._model
        if isinstance(model, nn.parallel.DistributedDataParallel) and not last:
            with model.no_sync():
                yield
            return
        if isinstance(model, nn.Module) and is_shared(model):
            model.set_requires_gradient_sync(last)  # type: ignore[operator]
        yield

    def _losses(self, model: Forward, batch: BatchT, divisor: float) -> dict[str, Tensor]:
        def forward(*arguments: object, **more: object) -> object:
            with self._compute.autocast():
                return model(*arguments, **more)

        return self._task.losses(forward, batch, divisor)

    def _work(
        self, part: BatchT, parameters: list[nn.Parameter], divisor: float
    ) -> tuple[dict[str, Tensor], tuple[Tensor | None, ...]]:
        """Losses and gradients of one part."""
        losses = self._losses(self._task.module, part, divisor)
        scaled = self._scaler.scale(losses["loss"])
        gradients = torch.autograd.grad(scaled, parameters, allow_unused=True)
        return {name: value.detach() for name, value in losses.items()}, gradients


def split(batch: BatchT, count: int) -> list[BatchT]:
    """Cut a batch into parts of (nearly) equal size; paddings stay as they are."""
    edges = [len(batch) * number // count for number in range(count + 1)]
    return [batch.part(slice(start, end)) for start, end in pairwise(edges)]
