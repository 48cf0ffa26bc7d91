"""The GPU kernels compiled while the data load, and not in the first step."""

import logging
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

import torch

from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES
from skillbank_engine.families.grounding_dino.config import ExperimentSpec
from skillbank_engine.families.grounding_dino.config.model import ModelConfig
from skillbank_engine.families.grounding_dino.kernels_ahead import Wanted, command, hash_compiler

_LOG = logging.getLogger(__name__)
_SIDE = 4
_STAGES = 4
"""Of a Swin."""
_PROCESSES = 8
"""At most, that compile side by side: with more the longest kernel alone decides."""
_KINDS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def warm(spec: ExperimentSpec, compute: Compute) -> Callable[[], None]:
    """Begin to compile the kernels that a training needs, in processes; on a CPU there are none.

    Parameters
    ----------
    spec : ExperimentSpec
        Of the training, profile applied.
    compute : Compute
        Device and precision.

    Returns
    -------
    callable
        Waits until those that every step needs are compiled.
    """
    if compute.device.type != "cuda":
        return lambda: None
    ready = threading.Event()
    # Not a daemon: a compiler that is torn down at the program's end takes the exit status with it.
    thread = threading.Thread(target=_compile, args=(spec, compute, ready), name="kernels")
    _LOG.info("GPU kernels are compiled while the data load")
    thread.start()

    def wait() -> None:
        ready.wait()

    return wait


def wanted(spec: ExperimentSpec, compute: Compute) -> Wanted:
    """Give what the kernels of a training follow from; weights of another structure compile their own."""
    model, settings = spec.model, spec.engine
    channels = SWIN_SIZES.get(model.backbone, {}).get("embed_dim", 0) if settings.backbone == "spec" else 0
    assert isinstance(channels, int)
    return Wanted(
        device=compute.device.index or 0,
        processes=max(1, min(compute.threads, _PROCESSES)),
        kind=str(compute.kind).removeprefix("torch."),
        heads=model.nheads,
        width=model.hidden_dim,
        levels=model.num_feature_levels,
        points=(model.enc_n_points, model.dec_n_points),
        channels=channels,
        stages=tuple(index + 1 for index in model.return_interm_indices if index < _STAGES),
        norms=settings.cuda_graphs is not False and not spec.train.activation_checkpoint,
    )


def _compile(spec: ExperimentSpec, compute: Compute, ready: threading.Event) -> None:
    """Compile in processes, and run each kernel that every step needs once, on as little as there is."""
    started = time.monotonic()
    model = spec.model
    try:
        with _compiling(spec, compute) as compiled:
            # Triton, which comes with torch for GPUs alone; imported while others compile.
            from skillbank_engine.families.grounding_dino.deformable_triton import fused

            hash_compiler()
            compiled()
            with torch.cuda.device(compute.device):
                for points, corners in ((model.enc_n_points, 2), (model.dec_n_points, 4)):
                    _run(fused, model, points, corners, compute)
                torch.cuda.synchronize()
            _LOG.info("GPU kernels were ready after %.1f s", time.monotonic() - started)
            ready.set()
    except Exception as error:  # the first step meets it again, and ends the run with it
        _LOG.warning("GPU kernels could not be compiled ahead: %s", " ".join(str(error).split())[:200])
    finally:
        ready.set()


@contextmanager
def _compiling(spec: ExperimentSpec, compute: Compute) -> Iterator[Callable[[], None]]:
    """Compile in processes, which the block's end waits for; give what waits for those of every step."""
    if os.environ.get("LOCAL_RANK", "0") != "0":  # the first process of a node does it for all
        yield lambda: None
        return
    ahead = wanted(spec, compute)
    # What is said beside goes to a file: a pipe that is full while a line is waited for would hold up both.
    with (
        TemporaryFile("w+", errors="replace") as beside,
        subprocess.Popen(
            command(ahead),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=beside,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        lines = process.stdout

        def places() -> None:
            for _ in range(2 * len(ahead.points)):
                lines.readline()

        yield places
        process.communicate()
        beside.seek(0)
        reason = beside.read().strip().rpartition("\n")[2]
    if process.returncode > 0:
        _LOG.warning("GPU kernels could not be compiled in processes of their own: %s", reason[:200])


def _run(
    fused: Callable[..., torch.Tensor], model: ModelConfig, points: int, corners: int, compute: Compute
) -> None:
    heads, levels = model.nheads, model.num_feature_levels
    width = model.hidden_dim // heads

    def zeros(*shape: int) -> torch.Tensor:
        made = torch.zeros(1, *shape, device=compute.device, dtype=_KINDS[compute.precision])
        return made.requires_grad_()

    values = zeros(levels * _SIDE * _SIDE, heads, width)
    offsets, logits = zeros(1, heads, levels, points, 2), zeros(1, heads, levels * points)
    references = torch.zeros(1, 1, levels, corners, device=compute.device)
    table = torch.full((levels, 2), _SIDE, dtype=torch.int32, device=compute.device)
    out = fused(values, table, references, offsets, logits)
    torch.autograd.grad(out, (values, offsets, logits), torch.zeros_like(out))
