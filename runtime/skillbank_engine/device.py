"""Which device to compute on, with how many threads and in which precision."""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from skillbank_engine.config.blocks import SpecBase
from skillbank_engine.errors import EngineError
from skillbank_engine.profile import SMALL
from skillbank_engine.team import ALONE, Team
from skillbank_engine.threads import available_cpus

_LOG = logging.getLogger(__name__)
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Compute:
    """Where and how to compute.

    Attributes
    ----------
    device : torch.device
        The device.
    precision : str
        ``fp32``, ``bf16`` or ``fp16``; the lower ones by autocast, weights stay in fp32.
    threads : int
        CPU threads in use.
    parts : int
        Into how many parts a training batch is cut, each computed in a thread of its own.
    """

    device: torch.device
    precision: str
    threads: int
    parts: int = 1

    def autocast(
        self, weights: torch.dtype = torch.float32, *, cached: bool = True
    ) -> AbstractContextManager[object]:
        """The context that forward passes run in.

        Parameters
        ----------
        weights : torch.dtype
            Those of the network; casting is for weights in fp32.
        cached : bool
            Whether weights that were cast are kept until the context ends.
        """
        enabled = self.precision != "fp32" and weights == torch.float32
        return torch.autocast(self.device.type, self.kind, enabled=enabled, cache_enabled=cached)

    @property
    def kind(self) -> torch.dtype:
        """What products are computed in."""
        return _DTYPES[self.precision]

    def scaler(self) -> torch.amp.GradScaler:
        """What keeps small gradients above zero in fp16; does nothing in the others."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")


def attend_by_built_kernels() -> None:
    """Have attention on a GPU go through the kernels that torch brings, and not through those of cuDNN.

    cuDNN has its own compiled at run time, for each shape: one to nine seconds each where nothing has kept
    them, fourteen in the first step of a detector.  They are no faster (measured in ``benchmarks/gpu``).
    """
    torch.backends.cuda.enable_cudnn_sdp(False)


def cuda_wanted(device: str) -> bool:
    """Whether ``engine.device`` comes out as a GPU here.

    Raises
    ------
    EngineError
        A GPU is demanded and there is none.
    """
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise EngineError("engine.device=cuda, but torch sees no GPU here: use engine.device=auto or cpu")
    return available and device != "cpu"


def choose_compute(
    spec: SpecBase,
    gpu_ids: list[int],
    team: Team = ALONE,
    precision: str = "",
    *,
    on_cpu: bool = False,
    low: bool = False,
) -> Compute:
    """Settle device, precision and threads of a run.

    Parameters
    ----------
    spec : pydantic model
        The spec, profile applied.
    gpu_ids : list of int
        The action's ``gpu_ids``; each process of a node uses one.
    team : Team
        The processes that compute together; those of a node share its processors.
    precision : str, optional
        ``fp32``, ``bf16`` or ``fp16``; that of ``train.precision``, if there is such a key, by default.
    on_cpu : bool
        Whether no GPU is used, whatever ``engine.device`` says.
    low : bool
        Whether nobody has named a precision, and bf16 serves: a GPU that has it computes in it then.
    """
    precision = precision or getattr(spec.train, "precision", "fp32")
    threads = spec.engine.threads or max(1, available_cpus() // team.local_size)
    torch.set_num_threads(threads)
    if on_cpu or not cuda_wanted(spec.engine.device):
        # Threads inside operations suit large networks; a small one is better off with threads beside each
        # other (skillbank_engine.training.gradients tells why).
        small = spec.engine.profile in SMALL
        parts = threads if small and team.size == 1 else 1
        torch.set_num_threads(max(1, threads // parts))
        return Compute(torch.device("cpu"), precision, threads, parts)
    number = gpu_ids[team.local_rank] if gpu_ids else 0
    if number >= torch.cuda.device_count():
        raise EngineError(
            f"gpu_ids names GPU {number}, but there are {torch.cuda.device_count()}: correct gpu_ids"
        )
    torch.backends.cudnn.benchmark = spec.train.cudnn.benchmark
    torch.backends.cudnn.deterministic = spec.train.cudnn.deterministic
    attend_by_built_kernels()
    if low and precision == "fp32" and torch.cuda.is_bf16_supported(including_emulation=False):
        precision = "bf16"
        _LOG.info("Computed in bf16 (train.precision is not named, and the GPU has it)")
    return Compute(torch.device("cuda", number), precision, threads)
