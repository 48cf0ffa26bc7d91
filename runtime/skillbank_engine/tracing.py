"""Passes of a small model on a CPU, traced once and then replayed without Python.

A pass of a small model is hundreds of operations of microseconds each, and Python takes as long between them
as they do.  A trace is the list of these operations, which torch works off by itself; it is what an export to
ONNX is made of too, so a module that can be exported can be traced, and its answers are the same.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

_WORTH = 32
"""Passes that it takes until a trace has saved what making it costs."""
_MOST_TRACES = 4
"""Shapes of batches that are traced; pictures of very many sizes go through the module as it is."""

_FEW = 2**17
"""Numbers of pixels below which a pass has one thread: on two cores that other programs used too, two threads
took twice the processor time, and longer."""

_Pass = Callable[..., tuple[Tensor, ...]]


class TracedPasses:
    """A module whose passes are traced where enough of them are still to come.

    Parameters
    ----------
    module : Module
        As it is exported: from tensors to a tuple of tensors.  On the CPU, in evaluation mode; its weights no
        longer change.
    pictures : int
        How many pictures it is going to see; of a few, none is worth a trace.
    channels_last : bool
        Whether pixels and weights of convolutions are laid out with their channels last.
    threads : int
        How many somebody wants passes to compute with (``engine.threads``); 0 gives one to a small pass, and
        what torch has to others.
    """

    def __init__(self, module: nn.Module, pictures: int, *, channels_last: bool, threads: int = 0) -> None:
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._module = module.to(memory_format=self._layout)  # type: ignore[call-overload]
        self._left = pictures
        self._threads = threads
        self._traces: dict[object, _Pass] = {}

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Run one pass, without gradients: pixels first."""
        inputs = (inputs[0].contiguous(memory_format=self._layout), *inputs[1:])
        shapes = tuple((value.shape, value.dtype) for value in inputs)
        few = inputs[0].numel() < _FEW
        with _computing_with(self._threads or (1 if few else torch.get_num_threads())):
            if shapes not in self._traces and self._left >= _WORTH * len(inputs[0]):
                self._trace(shapes, inputs)
            self._left -= len(inputs[0])
            if shapes not in self._traces:
                found: tuple[Tensor, ...] = self._module(*inputs)
                return found
            # What torch would make better of the list costs more passes than there often are.
            with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
                return self._traces[shapes](*inputs)

    def _trace(self, shapes: object, inputs: tuple[Tensor, ...]) -> None:
        if len(self._traces) == _MOST_TRACES:
            return
        self._module.requires_grad_(False)  # weights become constants of the trace
        with warnings.catch_warnings():
            # Sizes become constants too, as they are meant to: each shape has its own trace.
            warnings.simplefilter("ignore")
            # Of a function: to trace the module itself takes three times as long.
            trace = torch.jit.trace(  # type: ignore[no-untyped-call]
                lambda *values: self._module(*values), inputs, check_trace=False
            )
        _compute_once(trace.graph)
        self._traces[shapes] = trace


@contextmanager
def _computing_with(threads: int) -> Iterator[None]:
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _compute_once(graph: Any) -> None:
    """Compute here what follows from sizes and weights alone, as codes of places, and not in each pass."""
    torch._C._jit_pass_peephole(graph)  # writes out the sizes
    for node in graph.findAllNodes("prim::NumToTensor"):
        size = node.inputsAt(0).toIValue()
        if size is not None:
            graph.setInsertPoint(node)
            node.output().replaceAllUsesWith(graph.insertConstant(torch.tensor(size)))
    torch._C._jit_pass_constant_propagation(graph)
    torch._C._jit_pass_cse(graph)
    torch._C._jit_pass_dce(graph)
