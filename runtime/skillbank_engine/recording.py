"""CUDA graphs: the launches of a piece of work recorded once, and replayed on other values.

A pass forward and backward is thousands of short kernels; a fast GPU has run them before Python has launched
them.  A CUDA graph launches all of them at once.  It always reads and writes the same memory, so inputs are
copied to where it reads.  What the host has to compute in the middle (:func:`on_host`) divides a recording.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch
from torch import Tensor

from skillbank_engine.errors import EngineError

if TYPE_CHECKING:
    from torch.cuda import _POOL_HANDLE

ResultT = TypeVar("ResultT")
ValueT = TypeVar("ValueT")
HostWork = Callable[..., Tensor]
"""Takes tensors on the CPU and gives one there, of a shape that follows from theirs."""

MOST = 24
"""Recordings of one network: each keeps its launches on the device, some ten megabytes."""

_recorder: ContextVar[Recording[Any] | None] = ContextVar("recorder", default=None)
_paced: ContextVar[bool] = ContextVar("paced", default=False)


@contextmanager
def paced_by_device() -> Iterator[None]:
    """Have passes in a block take the least time of the device, at the cost of the host's.

    That is right for what is recorded: a host that launches kernels one by one is slower than they are, and
    more of them, or such that Python launches, make it slower still.
    """
    token = _paced.set(True)
    try:
        yield
    finally:
        _paced.reset(token)


def is_paced_by_device() -> bool:
    """Whether this is inside a block of :func:`paced_by_device`."""
    return _paced.get()


def require_graphs(device: torch.device) -> None:
    """Refuse, in one sentence, to record where that cannot be done.

    Raises
    ------
    EngineError
        There is no GPU.
    """
    if device.type != "cuda":
        raise EngineError("engine.cuda_graphs needs a GPU: set engine.cuda_graphs=false on a CPU")


def on_host(work: HostWork, *values: Tensor) -> Tensor:
    """Compute something on the CPU of tensors on any device, and give it on theirs.

    On a GPU it waits for the values.  While a recording is made the work becomes part of it.
    """
    recording = _recorder.get()
    if recording is not None:
        return recording.between(work, values)
    return work(*(value.cpu() for value in values)).to(values[0].device)


class Recording(Generic[ResultT]):
    """The launches of a piece of work, which has been done once when this is made.

    Parameters
    ----------
    work : callable
        Launches on a GPU and reads nothing back but by :func:`on_host`.
    pool : handle of a pool
        Memory that several recordings share, of which one runs at a time.  What the work leaves behind stays
        valid until the next one runs.

    Attributes
    ----------
    result : object
        What the work gave; replays write the same tensors anew.

    Raises
    ------
    torch.OutOfMemoryError
        There is no room; nothing is left of the recording.
    """

    def __init__(self, work: Callable[[], ResultT], pool: _POOL_HANDLE | None) -> None:
        # What is collected while it is recorded may free memory, which nothing may then.
        gc.collect()
        free, _ = torch.cuda.mem_get_info()
        if free < torch.cuda.memory_reserved():
            # The pool is apart from other memory: what lies idle there is missing here.
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
        self._pool = pool
        self._parts: list[Callable[[], object]] = []
        self._graph: torch.cuda.CUDAGraph | None = None
        stream = _stream(torch.cuda.current_device())
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream), self._made():
            self.result = work()
        torch.cuda.current_stream().wait_stream(stream)

    @contextmanager
    def _made(self) -> Iterator[None]:
        token = _recorder.set(self)
        self._begin()
        try:
            yield
            self._end()
        except BaseException:
            self._parts.clear()
            if self._graph is not None:
                graph, self._graph = self._graph, None
                with suppress(RuntimeError):  # what broke it is being raised
                    graph.capture_end()
            raise
        finally:
            _recorder.reset(token)

    def _begin(self) -> None:
        graph = torch.cuda.CUDAGraph()
        # Other threads, such as the one that pins batches, may call the driver meanwhile.
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        self._graph = graph

    def _end(self) -> None:
        graph, self._graph = self._graph, None
        assert graph is not None
        graph.capture_end()
        self._parts.append(graph.replay)
        graph.replay()

    def between(self, work: HostWork, values: tuple[Tensor, ...]) -> Tensor:
        """Do work of the host between two graphs, now and in every replay."""
        self._end()
        # Where the device writes without help, unlike to memory that is new each time.
        brought = [torch.empty_like(value, device="cpu", pin_memory=True) for value in values]

        def done() -> Tensor:
            for to, value in zip(brought, values, strict=True):
                to.copy_(value, non_blocking=True)
            torch.cuda.current_stream().synchronize()
            return work(*brought)

        place = done().to(values[0].device)
        self._parts.append(lambda: place.copy_(done()))
        self._begin()
        return place

    def replay(self) -> None:
        """Do the work again."""
        for part in self._parts:
            part()


_streams: dict[int, torch.cuda.Stream] = {}


def _stream(device: int) -> torch.cuda.Stream:
    """The one stream of a device that is recorded on: memory belongs to the stream that asked for it."""
    if device not in _streams:
        _streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    return _streams[device]


def tensors_in(value: object) -> Iterator[Tensor]:
    """Give the tensors of dataclasses in each other, in the order of their fields."""
    if isinstance(value, Tensor):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name))


def with_tensors(value: ValueT, tensors: Iterator[Tensor]) -> ValueT:
    """Give the same dataclasses around other tensors, in the order of :func:`tensors_in`."""
    if isinstance(value, Tensor):
        return next(tensors)  # type: ignore[return-value]
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: with_tensors(getattr(value, field.name), tensors) for field in fields(value)}
        return replace(value, **parts)
    return value


def copied(value: ValueT) -> ValueT:
    """Give the same dataclasses around copies of their tensors, which no gradient goes through."""
    return with_tensors(value, (tensor.detach().clone() for tensor in tensors_in(value)))


def shape_of(value: object) -> tuple[object, ...]:
    """What has to be equal for a recording to serve: shapes, types, and whatever is no tensor."""
    if isinstance(value, Tensor):
        return (tuple(value.shape), value.dtype)
    if is_dataclass(value):
        return tuple(shape_of(getattr(value, field.name)) for field in fields(value))
    return (value,)
