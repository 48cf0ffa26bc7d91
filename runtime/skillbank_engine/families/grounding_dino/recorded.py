"""``engine.cuda_graphs``: a pass's launches recorded once for each shape of batch, then replayed.

A pass forward and backward is thousands of short kernels; a fast GPU has run them before Python has launched
them.  A CUDA graph launches all of them at once.  It always reads and writes the same memory, so inputs are
copied to where it reads, and what it gives is copied away.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import torch
from torch import Tensor, nn

from skillbank_engine.device import Compute
from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.prompt import PromptBatch
from skillbank_engine.parameters import trained
from skillbank_engine.team import ALONE, Team

SHAPE_STEP = 64
"""What the length of prompts is rounded up to, so that batches come in few shapes."""

_MOST_RECORDINGS = 8  # each keeps its gradients
_WARM_UPS = 3  # libraries choose their kernels and torch compiles in the first passes

Values = Sequence[Tensor | None]
_PROMPTS = len(fields(PromptBatch))
_QUERIES = len(fields(DenoisingQueries))


def require_graphs(device: torch.device, team: Team = ALONE) -> None:
    """Refuse, in one sentence, to record where that cannot be done.

    Raises
    ------
    EngineError
        There is no GPU, or several processes train together.
    """
    if device.type != "cuda":
        raise EngineError("engine.cuda_graphs needs a GPU: set engine.cuda_graphs=false on a CPU")
    if team.size > 1:
        raise EngineError(
            "engine.cuda_graphs is for one process, and there are "
            f"{team.size}: set train.num_gpus=1 or engine.cuda_graphs=false"
        )


class RecordedDetector:
    """A detector whose passes are replayed where a batch of the same shapes came before.

    The first batch of its shapes goes through the detector as it is, the second is recorded; when there are
    very many shapes, the later ones are never recorded.  The backward pass of a forward pass comes, if at
    all, before the next forward pass.

    Parameters
    ----------
    detector : Detector
        On a GPU.
    compute : Compute
        Its device and precision.
    """

    def __init__(self, detector: Detector, compute: Compute) -> None:
        self.detector = detector
        self._compute = compute
        self._seen: set[object] = set()
        self._recordings: dict[object, _Recording] = {}
        # One pool for all: two recordings never run at once, so that they can work in the same memory.
        self._pool = torch.cuda.graph_pool_handle()

    @property
    def architecture(self) -> Architecture:
        """What the detector was built from."""
        return self.detector.architecture

    def __call__(
        self,
        pixels: Tensor,
        pixel_mask: Tensor | None,
        prompts: PromptBatch,
        denoising: DenoisingQueries | None = None,
        text: Tensor | None = None,
    ) -> DetectorOutput:
        """Detect, with the arguments of :meth:`.detector.Detector.forward`."""
        inputs = _flat(pixels, pixel_mask, prompts, denoising, text)
        shapes = tuple(None if value is None else (value.shape, value.dtype) for value in inputs)
        key = (self.detector.training, torch.is_grad_enabled(), shapes)
        if key not in self._recordings:
            if key not in self._seen or len(self._recordings) == _MOST_RECORDINGS:
                self._seen.add(key)
                return _output(self._work(inputs))
            parameters = list(trained(self.detector)) if torch.is_grad_enabled() else []
            with torch.cuda.device(self._compute.device):
                self._recordings[key] = _Recording(self._work, inputs, parameters, self._pool)
        with torch.cuda.device(self._compute.device):
            return _output(self._recordings[key](inputs))

    def _work(self, inputs: Values) -> list[Tensor | None]:
        # A cache of cast weights would outlive the recording that they were cast in.
        with self._compute.autocast(self.detector.dtype, cached=False):
            output = self.detector(*_structured(inputs))
        return [getattr(output, field.name) for field in fields(DetectorOutput)]


class _Recording:
    """The launches of a piece of work, and of its gradients with respect to parameters, if there are any."""

    def __init__(
        self,
        work: Callable[[Values], Values],
        inputs: Values,
        parameters: list[nn.Parameter],
        pool: Any,
    ) -> None:
        self._inputs = [None if value is None else value.detach().clone() for value in inputs]
        self._parameters = parameters
        self._forward, self._backward = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        numbers = torch.cuda.get_rng_state()
        _warm_up(work, self._inputs, parameters)
        # Other threads, such as the one that pins batches, may call the driver meanwhile.
        how: dict[str, Any] = {"pool": pool, "capture_error_mode": "thread_local"}
        with torch.cuda.graph(self._forward, **how):
            outputs = list(work(self._inputs))
        self._present = [value is not None for value in outputs]
        present = [value for value in outputs if value is not None]
        self._outputs = [value.detach() for value in present]
        # With parts of the detector frozen, some outputs depend on no parameter.
        self.differentiable = [value.requires_grad for value in present]
        differentiable = [value for value in present if value.requires_grad]
        self._wanted = [torch.zeros_like(value) for value in differentiable]
        self._gradients: tuple[Tensor | None, ...] = ()
        if differentiable:
            with torch.cuda.graph(self._backward, **how):
                self._gradients = _gradients(differentiable, parameters, self._wanted)
        torch.cuda.set_rng_state(numbers)

    def __call__(self, inputs: Values) -> list[Tensor | None]:
        """Give what the work would give for other inputs of the same shapes."""
        for place, value in zip(self._inputs, inputs, strict=True):
            if place is not None and value is not None:
                place.copy_(value)
        outputs = iter(_Replay.apply(self, *self._parameters))  # type: ignore[no-untyped-call]
        return [next(outputs) if present else None for present in self._present]

    def replay_forward(self) -> tuple[Tensor, ...]:
        """Run forward on the inputs that were copied in."""
        self._forward.replay()
        return tuple(value.clone() for value in self._outputs)

    def replay_backward(self, wanted: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
        """Run backward from the gradients of the outputs to those of the parameters."""
        given = [value for value, counts in zip(wanted, self.differentiable, strict=True) if counts]
        for place, value in zip(self._wanted, given, strict=True):
            place.copy_(value)
        self._backward.replay()
        return tuple(None if value is None else value.detach() for value in self._gradients)


class _Replay(torch.autograd.Function):
    """A recording as one step of autograd, from the parameters to the outputs."""

    @staticmethod
    def forward(ctx: Any, recording: _Recording, *_parameters: Tensor) -> tuple[Tensor, ...]:
        ctx.recording = recording
        outputs = recording.replay_forward()
        fixed = (o for o, counts in zip(outputs, recording.differentiable, strict=True) if not counts)
        ctx.mark_non_differentiable(*fixed)
        return outputs

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *wanted: Tensor) -> tuple[Tensor | None, ...]:
        return None, *ctx.recording.replay_backward(wanted)


def _warm_up(work: Callable[[Values], Values], inputs: Values, parameters: list[nn.Parameter]) -> None:
    """Do the work some times, on a stream of its own as a recording needs it."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_WARM_UPS):
            outputs = [value for value in work(inputs) if value is not None and value.requires_grad]
            if outputs:
                _gradients(outputs, parameters, [torch.zeros_like(value) for value in outputs])
            del outputs
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()


def _gradients(
    outputs: Sequence[Tensor], parameters: list[nn.Parameter], wanted: Sequence[Tensor]
) -> tuple[Tensor | None, ...]:
    return torch.autograd.grad(outputs, parameters, wanted, allow_unused=True)


def _flat(
    pixels: Tensor,
    mask: Tensor | None,
    prompts: PromptBatch,
    denoising: DenoisingQueries | None,
    text: Tensor | None,
) -> list[Tensor | None]:
    """All tensors in a row, None where there is none."""
    queries = [None if denoising is None else getattr(denoising, f.name) for f in fields(DenoisingQueries)]
    return [pixels, mask, text, *(getattr(prompts, f.name) for f in fields(PromptBatch)), *queries]


def _output(values: Values) -> DetectorOutput:
    return DetectorOutput(*values)  # type: ignore[arg-type]


def _structured(values: Values) -> tuple[Any, ...]:
    """What :func:`_flat` was given."""
    pixels, mask, text, *rest = values
    prompts, queries = rest[:_PROMPTS], rest[_PROMPTS:]
    assert len(queries) == _QUERIES
    denoising = None if queries[0] is None else DenoisingQueries(*queries)  # type: ignore[arg-type]
    return pixels, mask, PromptBatch(*prompts), denoising, text  # type: ignore[arg-type]
