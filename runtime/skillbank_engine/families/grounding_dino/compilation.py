"""``engine.compile``: the detector's layers compiled by torch, and a refusal where nothing can compile."""

import logging
import os
import shutil
from importlib.util import find_spec

import torch

from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.light import whole

_LOG = logging.getLogger(__name__)

# Pictures come in some sizes, training and evaluation apart; beyond that, plain passes are the quicker ones.
_MOST_COMPILATIONS = 32


def compile_detector(detector: Detector, device: torch.device, *, training: bool) -> None:
    """Compile the layers of encoder, decoder and backbone.

    Parameters
    ----------
    detector : Detector
        On the device.
    device : torch.device
        Where it computes.
    training : bool
        Whether it will be trained.  On a CPU only training is compiled: an evaluation there goes through
        short cuts that are quicker than what is compiled (`.deformable`).

    Raises
    ------
    EngineError
        There is no compiler for the device.
    """
    require_compiler(device)
    if device.type == "cpu" and not training:
        _LOG.warning("engine.compile changes nothing here: evaluation on a CPU has quicker passes of its own")
        return
    whole()
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, _MOST_COMPILATIONS)
    detector.compile_layers()
    _LOG.info("layers are compiled at their first use, which takes a minute or more")


def require_compiler(device: torch.device) -> None:
    """Refuse, in one sentence, to compile where no compiler is.

    Raises
    ------
    EngineError
        No C++ compiler (needed everywhere), or no Triton for a GPU.
    """
    compiler = os.environ.get("CXX", "g++")
    if shutil.which(compiler) is None:
        raise EngineError(
            f"engine.compile needs a C++ compiler, and there is no {compiler} here: install one "
            "(apt-get install g++), name it in CXX, or set engine.compile=false"
        )
    if device.type == "cuda" and find_spec("triton") is None:
        raise EngineError(
            "engine.compile needs Triton on a GPU, which comes with torch's builds for CUDA: install such a "
            "build, or set engine.compile=false"
        )
