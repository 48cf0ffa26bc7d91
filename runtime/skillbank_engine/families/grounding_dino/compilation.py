"""``engine.compile``: the detector's layers compiled by torch."""

import logging

import torch

from skillbank_engine.compilation import compiled, require_compiler
from skillbank_engine.families.grounding_dino.detector import Detector

_LOG = logging.getLogger(__name__)


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
    if device.type == "cpu" and not training:
        require_compiler(device)
        _LOG.warning("engine.compile changes nothing here: evaluation on a CPU has quicker passes of its own")
        return
    compiled(detector.compile_layers, device)
