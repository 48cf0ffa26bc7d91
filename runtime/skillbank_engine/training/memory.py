"""What is done when a step does not fit into a GPU's memory: record nothing, recompute, compute it in parts.

Keeping all activations is the fastest, and whether they have room shows when they are there.  A step that
runs out of memory has changed nothing yet, so that it is done again with less.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import torch

from skillbank_engine.errors import EngineError
from skillbank_engine.status import StatusLog
from skillbank_engine.training.replicas import learns_statistics

if TYPE_CHECKING:
    from skillbank_engine.task import AnyTask

_LOG = logging.getLogger(__name__)
_GIB = 2**30
_ALLOCATOR = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
_RETRIES = 4
"""How often memory was given back and asked for again between two looks: each waits for the device, and at so
many there is too little left to work in."""
EVERY = 8
"""Steps between two looks."""

ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Memory:
    """How a device's memory stands.

    Attributes
    ----------
    peak, total : int
        Bytes, the most in use so far and all there are.
    retries : int
        How often memory was given back and asked for again, because there was none left.
    """

    peak: int
    total: int
    retries: int

    def __str__(self) -> str:
        return f"{self.peak / _GIB:.1f} of {self.total / _GIB:.1f} GiB"


def measured(device: torch.device) -> Memory | None:
    """How the memory of a GPU stands; None for a CPU."""
    if device.type != "cuda":
        return None
    found = torch.cuda.memory_stats(device)
    total = torch.cuda.get_device_properties(device).total_memory
    return Memory(torch.cuda.max_memory_reserved(device), total, found.get("num_alloc_retries", 0))


def reserve_by_need(device: torch.device) -> None:
    """Let a GPU's memory be reserved in pieces that grow, unless the environment says how it is.

    Blocks of fixed sizes, made for batches of one shape, fit those of another badly: memory is given back
    and asked for again, and the device waits each time.
    """
    if device.type != "cuda" or any(name in os.environ for name in _ALLOCATOR):
        return
    change: Callable[[str], None] | None = getattr(torch._C, "_accelerator_setAllocatorSettings", None)
    if change is not None:  # not in every torch
        change("expandable_segments:True")


class MemoryGuard:
    """Fits the steps of a run into the memory of its device.

    Parameters
    ----------
    task : Task
        What is trained.
    device : torch.device
        What it computes on.
    status : StatusLog
        Gets a line for everything that is changed.
    release : callable
        Gives up what was recorded of passes; says whether anything was to be.
    repeats : bool
        Whether a process can do a step again.  Of several, one that runs out of memory ends the run where the
        others wait for it in the middle of their step.
    probe : callable
        Measures the device's memory.

    Attributes
    ----------
    parts : int
        Into how many parts each batch is cut, whose gradients are added up.
    """

    def __init__(
        self,
        task: AnyTask,
        device: torch.device,
        status: StatusLog,
        release: Callable[[], bool] = lambda: False,
        *,
        repeats: bool = True,
        probe: Callable[[torch.device], Memory | None] = measured,
    ) -> None:
        self.parts = 1
        self._task = task
        self._repeats = repeats
        self._chooses = task.spec.engine.memory == "auto"
        self._device = device
        self._status = status
        self._release = release
        self._probe = probe
        self._retries = 0

    def fit(self, step: Callable[[int], ResultT], most: int) -> ResultT:
        """Do a step, again with less memory where it runs out.

        Parameters
        ----------
        step : callable
            Does it from its start on, with each batch in so many parts.
        most : int
            Pictures of the largest batch, which has no more parts.

        Raises
        ------
        EngineError
            The step does not fit in any way.
        """
        while True:
            try:
                return step(self.parts)
            except torch.OutOfMemoryError as error:
                # The error holds the frames, and with them the tensors, of the attempt.
                reason = str(error).partition(". ")[0]
            if self._device.type == "cuda":
                torch.cuda.empty_cache()
            self._give_way(reason, most)

    def look(self, step: int) -> None:
        """After a step, recompute activations from now on if the memory is too full to work in."""
        if step % EVERY or not (self._chooses and self._repeats):
            return
        memory = self._probe(self._device)
        if memory is None:
            return
        before, self._retries = self._retries, memory.retries
        if memory.retries - before < _RETRIES:
            return
        if self._release():
            self._say(f"The memory is nearly full ({memory}): passes are not recorded any more")
        elif self._task.recompute():
            self._say(f"The memory is nearly full ({memory}): activations are recomputed from now on")

    def report(self) -> str:
        """How much memory the run has taken; empty on a CPU."""
        memory = self._probe(self._device)
        return f"peak memory {memory}" if memory is not None else ""

    def _give_way(self, reason: str, most: int) -> None:
        if self._repeats and self._release():
            self._say(f"A step did not fit into the memory ({reason}): passes are not recorded any more")
            return
        if self._repeats and self._chooses and self._task.recompute():
            self._say(
                f"A step did not fit into the memory ({reason}): activations are recomputed from now on"
            )
            return
        separable = self._task.separable and not learns_statistics(self._task.module)
        if self._repeats and separable and self.parts < most:
            self.parts = min(2 * self.parts, most)
            self._say(
                f"A step did not fit into the memory ({reason}): each batch is computed in {self.parts} "
                "parts from now on, whose gradients are added up"
            )
            return
        raise EngineError(
            f"A step does not fit into the device's memory ({reason}): lower dataset.batch_size (and raise "
            "engine.accumulate, which keeps the step as it is) or set train.activation_checkpoint=true, "
            "where the family has it"
        )

    def _say(self, text: str) -> None:
        _LOG.warning("%s", text)
        self._status.write("RUNNING", f"{text}.")
