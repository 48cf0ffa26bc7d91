"""The GPU kernels of a training, compiled by processes of their own into Triton's cache.

python -m skillbank_engine.families.grounding_dino.kernels_ahead '{"device": 0, "processes": 8, ...}'

Triton compiles a kernel in half a second, most of which is Python: thirty of them take twenty seconds in the
first step, one after the other.  These processes know neither torch nor the device's memory; they compile for
what the launches look like, and the training finds the results in the cache.  What is missing here, or is of
another kind there, the training compiles itself.
"""

import ctypes
import json
import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import NamedTuple

from skillbank_engine.families.grounding_dino.kernel_sizes import (
    NORM_BACK,
    NORM_THERE,
    PLACES_BACK,
    PLACES_THERE,
    norm_sizes,
    place_sizes,
)

_FULL = "float32"
_PLACES, _ROWS = "deformable_kernels", "rows_kernels"
_MAJOR, _MINOR = 75, 76
"""Numbers of a device's compute capability among its attributes, in CUDA's driver."""


@dataclass(frozen=True)
class Wanted:
    """What a training's kernels follow from.

    Attributes
    ----------
    device : int
        Number of the GPU.
    processes : int
        That compile side by side.
    kind : str
        What products are computed in: "bfloat16", "float16" or "float32".
    heads, width, levels : int
        Of the transformer.
    points : sequence of int
        Of deformable attention, in the encoder and the decoder.
    channels : int
        Of a Swin's first stage; 0 where the backbone is none.
    stages : sequence of int
        Of the backbone, whose features are read, from 1.
    norms : bool
        Whether layer norms go through kernels of ours too, as where passes are recorded.
    """

    device: int
    processes: int
    kind: str
    heads: int
    width: int
    levels: int
    points: Sequence[int]
    channels: int = 0
    stages: Sequence[int] = ()
    norms: bool = False


class Launch(NamedTuple):
    """A launch: names of module and kernel, types of its tensors (None where there is none), and sizes."""

    module: str
    kernel: str
    tensors: tuple[str | None, ...]
    numbers: tuple[float, ...]
    sizes: dict[str, int]


def launches(wanted: Wanted) -> list[Launch]:
    """Give the launches of a training, in the order in which a first step comes to them."""
    found = list(_places(wanted))
    for norm in _norms(wanted) if wanted.norms and wanted.kind != _FULL else ():
        found += [norm] if norm not in found else []
    return sorted(found, key=lambda launch: (launch.module != _PLACES, launch.kernel == "norm_backward"))


def _places(wanted: Wanted) -> Iterator[Launch]:
    """Deformable attention around points, in the encoder, and around boxes, in the decoder."""
    low = wanted.kind
    for points, corners in zip(wanted.points, (2, 4), strict=True):
        sizes = place_sizes(wanted.heads, wanted.width // wanted.heads, wanted.levels, points, corners)
        read = (low, "int32", _FULL, low, low, low)
        yield Launch(_PLACES, "forward", read, (1, 1), {**sizes, **PLACES_THERE})
        yield Launch(_PLACES, "backward", (*read, low, _FULL, low, low), (1, 1), {**sizes, **PLACES_BACK})


def _norms(wanted: Wanted) -> Iterator[Launch]:
    low, width, channels = wanted.kind, wanted.width, wanted.channels
    whole, lowered, both = (_FULL, None), (None, low), (_FULL, low)
    # Of the transformer: sums with a change, what comes from the backbone, and the proposals.
    yield from _norm(width, _FULL, both, (whole, both), change=low)
    yield from _norm(width, _FULL, both, (both,))
    yield from _norm(width, low, both, (both,))
    yield from _norm(width, low, whole, (whole,), flat=True)
    if not channels:
        return
    # Of a Swin: its stem, the layers and the merging of each stage, and what is read of it.
    yield from _norm(channels, low, whole, (whole,), flat=True)
    for stage in range(1, 5):
        hidden, across = _FULL if stage == 1 else low, channels << (stage - 1)
        yield Launch(_ROWS, "take", (low, "int32", low), (1, 1, 1), norm_sizes(across, NORM_THERE))
        for row in (across, 4 * across) if stage < 4 else (across,):
            yield from _norm(row, hidden, lowered, (lowered,), flat=True)
        if stage in wanted.stages:
            yield from _norm(across, hidden, whole, (whole,), flat=True)


def _norm(
    width: int,
    hidden: str,
    outputs: tuple[str | None, str | None],
    slopes: tuple[tuple[str | None, str | None], ...],
    *,
    change: str | None = None,
    flat: bool = False,
) -> Iterator[Launch]:
    """A layer norm there, and back from each pair of slopes: of the output in full, and lowered."""
    total = _FULL if change else hidden
    how = {"ADD": change is not None, "FULL": outputs[0] is not None, "LOW": outputs[1] is not None}
    tensors: tuple[str | None, ...] = (hidden, change, _FULL, _FULL, total, *outputs, _FULL, _FULL)
    yield Launch(_ROWS, "norm_forward", tensors, (1, 1e-5), {**how, **norm_sizes(width, NORM_THERE)})
    for pair in slopes:
        how = {"ADD": change is not None, "FULL": pair[0] is not None, "LOW": pair[1] is not None}
        tensors = (total, _FULL, _FULL, _FULL, *pair, hidden, change, _FULL, _FULL)
        sizes = {**how, "FLAT": flat, **norm_sizes(width, NORM_BACK)}
        yield Launch(_ROWS, "norm_backward", tensors, (1, 1e-5), sizes)


class _Driver:
    """What Triton asks of a device to compile for it."""

    def __init__(self, target: object) -> None:
        self._target = target

    def get_current_device(self) -> int:
        """Number of the device, of which there is one here."""
        return 0

    def get_current_stream(self, device: int) -> int:
        """A stream, which nothing is launched on."""
        return 0

    def get_current_target(self) -> object:
        """What is compiled for."""
        return self._target


def build(launch: Launch) -> None:
    """Compile what a launch needs, in a process that `prepare` was called in."""
    from triton.runtime.jit import MockTensor  # `prepare` has to come before it

    kernels = import_module(f"{__package__}.{launch.module}")
    tensors = (None if kind is None else MockTensor(f"torch.{kind}") for kind in launch.tensors)
    built = getattr(kernels, launch.kernel).warmup(*tensors, *launch.numbers, grid=(1,), **launch.sizes)
    with suppress(ImportError):  # which versions have that compile what starts a kernel with the first start
        from triton.backends.nvidia.driver import CudaLauncher

        CudaLauncher(built.src, built.metadata)


def prepare(capability: int) -> None:
    """Have Triton compile for GPUs of a capability, 90 for 9.0."""
    # Triton looks whether a thing is a tensor of torch, and would import it for that.
    sys.modules["torch"] = None  # type: ignore[assignment]
    import triton
    from triton.backends.compiler import GPUTarget

    triton.runtime.driver.set_active(_Driver(GPUTarget("cuda", capability, 32)))
    hash_compiler()


def hash_compiler() -> None:
    """Have Triton's own files looked through, which the names of all that it keeps follow from.

    That takes a second and is done once: here ahead of the forks, in a training while others compile.
    """
    with suppress(ImportError, AttributeError):  # another version
        from triton.runtime.cache import triton_key

        triton_key()


def capability_of(device: int) -> int:
    """Ask CUDA's driver for the compute capability of a GPU, which takes no memory there."""
    driver = ctypes.CDLL("libcuda.so.1")
    found = []
    number = ctypes.c_int()
    if driver.cuInit(0) or driver.cuDeviceGet(ctypes.byref(number), device):
        raise OSError(f"CUDA's driver finds no GPU {device}")
    for attribute in (_MAJOR, _MINOR):
        value = ctypes.c_int()
        driver.cuDeviceGetAttribute(ctypes.byref(value), attribute, number)
        found.append(value.value)
    return found[0] * 10 + found[1]


def command(wanted: Wanted) -> list[str]:
    """Give the command that compiles what is wanted."""
    return [sys.executable, "-m", __name__, json.dumps(asdict(wanted))]


def main(text: str) -> None:
    """Compile what was written by `command`, and print a line for each kernel, in their order."""
    wanted = Wanted(**json.loads(text))
    prepare(capability_of(wanted.device))
    found = launches(wanted)
    # An executor, and no pool, which would wait for good for a process that the system has ended.
    forks = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(wanted.processes, mp_context=forks) as executor:
        for launch, _ in zip(found, executor.map(build, found), strict=True):
            print(launch.module, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
