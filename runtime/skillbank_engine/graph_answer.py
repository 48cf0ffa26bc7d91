"""The answer of a model that is no file: passes through the graph of its module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skillbank_engine.device import Compute
from skillbank_engine.profile import SMALL
from skillbank_engine.tracing import TracedPasses

if TYPE_CHECKING:
    from skillbank_engine.exchange import Answer
    from skillbank_engine.task import AnyTask


def _of_overhead(task: AnyTask, compute: Compute) -> bool:
    """Whether a pass is made of many short operations: of a small model, on a CPU."""
    engine = task.spec.engine
    return (
        compute.device.type == "cpu"
        and compute.precision == "fp32"
        and engine.profile in SMALL
        and not engine.compile
    )


def answer_of(task: AnyTask, compute: Compute) -> Answer:
    """Give a task's own answer: the graph of its module, on the device."""
    task.to(compute.device)
    if task.spec.engine.compile:
        task.compile(compute.device, training=False)
    module = task.graph().module.to(compute.device)
    passes: Answer = module
    if _of_overhead(task, compute):
        threads = task.spec.engine.threads
        passes = TracedPasses(module, task.ahead, channels_last=task.channels_last, threads=threads)

    @torch.inference_mode()
    def answer(*inputs: Tensor) -> tuple[Tensor, ...]:
        with compute.autocast():
            found = passes(*inputs)
        return tuple(part.float() if part.is_floating_point() else part for part in found)

    return answer
