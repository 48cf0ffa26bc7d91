"""``engine.compile``: a model compiled by torch, and a refusal where nothing can compile."""

import logging
import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec

import torch

from skillbank_engine.errors import EngineError
from skillbank_engine.light import whole

_LOG = logging.getLogger(__name__)

# Pictures come in some sizes, training and evaluation apart; beyond that, plain passes are the quicker ones.
_MOST_COMPILATIONS = 32


def compiled(compile_model: Callable[[], None], device: torch.device) -> None:
    """Have a model compiled.

    Parameters
    ----------
    compile_model : callable
        Marks what is compiled at its first use, as ``Module.compile`` does.
    device : torch.device
        Where it computes.

    Raises
    ------
    EngineError
        There is no compiler for the device.
    """
    require_compiler(device)
    whole()
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, _MOST_COMPILATIONS)
    compile_model()
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
