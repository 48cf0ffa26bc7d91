"""The kernels of deformable attention compiled while the data load, and not in the first step."""

import logging
import threading
import time
from collections.abc import Callable

import torch

from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.config import ExperimentSpec
from skillbank_engine.families.grounding_dino.config.model import ModelConfig

_LOG = logging.getLogger(__name__)
_SIDE = 4
_KINDS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def warm(spec: ExperimentSpec, compute: Compute) -> Callable[[], None]:
    """Begin to compile the kernels that a training needs, in a thread; on a CPU there are none.

    Parameters
    ----------
    spec : ExperimentSpec
        Of the training, profile applied.
    compute : Compute
        Device and precision.

    Returns
    -------
    callable
        Waits until they are compiled.
    """
    if compute.device.type != "cuda":
        return lambda: None
    # Not a daemon: a compiler that is torn down at the program's end takes the exit status with it.
    thread = threading.Thread(target=_compile, args=(spec, compute), name="kernels")
    _LOG.info("GPU kernels are compiled while the data load")
    thread.start()
    return thread.join


def _compile(spec: ExperimentSpec, compute: Compute) -> None:
    """Run each kernel once, on as little as there is; what has another structure compiles its own later."""
    started = time.monotonic()
    model = spec.model
    try:
        with torch.cuda.device(compute.device):
            for points, corners in ((model.enc_n_points, 2), (model.dec_n_points, 4)):
                _run(model, points, corners, compute)
            torch.cuda.synchronize()
    except Exception as error:  # the first step meets it again, and ends the run with it
        _LOG.warning("GPU kernels could not be compiled ahead: %s", " ".join(str(error).split())[:200])
        return
    _LOG.info("GPU kernels were ready after %.1f s", time.monotonic() - started)


def _run(model: ModelConfig, points: int, corners: int, compute: Compute) -> None:
    from skillbank_engine.families.grounding_dino.deformable_triton import fused

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
