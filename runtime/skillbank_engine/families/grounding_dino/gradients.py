"""Gradients of one batch, its parts computed side by side where that pays.

A small network's operations are too short to be split over threads: measured on two idle cores, torch's own
threads make a step 1.15 times as fast, and several times slower once another program is running.  So a batch
is cut into as many parts as there are threads, each part goes forward and backward in a thread of its own
(torch lets go of the interpreter during its operations), and the gradients are added up in the order of the
parts: the result is that of the whole batch up to rounding, and the same every time.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.data.loading import Batch
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss
from skillbank_engine.families.grounding_dino.parameters import trained
from skillbank_engine.families.grounding_dino.prompt import PromptBatch
from skillbank_engine.families.grounding_dino.recorded import RecordedDetector
from skillbank_engine.families.grounding_dino.replicas import average_scalars, replicated
from skillbank_engine.families.grounding_dino.targets import TargetBatch
from skillbank_engine.team import ALONE, Team

Padded = TypeVar("Padded", PromptBatch, TargetBatch)


@dataclass(frozen=True)
class _Part:
    """Some pictures of a batch with all that belongs to them."""

    pixels: Tensor
    mask: Tensor | None
    prompts: PromptBatch
    targets: TargetBatch
    queries: DenoisingQueries | None


class GradientWorker:
    """Computes losses and gradients of batches.

    Parameters
    ----------
    detector : Detector
        Being trained.
    weights : LossWeights
        Of the loss.
    compute : Compute
        Device, precision and number of parts.
    scaler : GradScaler
        Scales the loss in fp16.
    team : Team
        The processes that share a batch; each gets the gradients of all of it.
    recorded : bool
        Whether passes are recorded and replayed (`.recorded`).
    """

    def __init__(
        self,
        detector: Detector,
        weights: LossWeights,
        compute: Compute,
        scaler: torch.amp.GradScaler,
        team: Team = ALONE,
        *,
        recorded: bool = False,
    ) -> None:
        self._detector = detector
        self._team = team
        self._model: Callable[..., DetectorOutput] = (
            RecordedDetector(detector, compute) if recorded else replicated(detector, compute.device, team)
        )
        self._weights = weights
        self._compute = compute
        self._scaler = scaler
        self._pool = ThreadPoolExecutor(compute.parts) if compute.parts > 1 else None

    def backward(
        self, batch: Batch, pixels: Tensor, queries: DenoisingQueries | None, divisor: float | None = None
    ) -> dict[str, float]:
        """Put the (scaled) gradients of a batch into the parameters' ``grad``.

        Parameters
        ----------
        batch : Batch
            On the device.
        pixels : Tensor
            Its normalised pixels ``(B, 3, H, W)``.
        queries : DenoisingQueries, optional
            Of the whole batch.
        divisor : float, optional
            What the loss is divided by; by default the number of true boxes.

        Returns
        -------
        dict of str to float
            The losses of :func:`.loss.detection_loss`, of this process' share.
        """
        whole = _Part(pixels, batch.mask, batch.prompts, batch.targets, queries)
        divisor = max(batch.targets.count, 1) if divisor is None else divisor
        if self._pool is None:
            losses = self._losses(self._model, whole, divisor)
            self._scaler.scale(losses["loss"]).backward()  # type: ignore[no-untyped-call]
            average_scalars(self._detector, self._team)
            return dict(zip(losses, torch.stack(list(losses.values())).tolist(), strict=True))
        parameters = list(trained(self._detector))
        parts = _split(whole, min(self._compute.parts, len(pixels)))
        results = list(self._pool.map(lambda part: self._work(part, parameters, divisor), parts))
        for parameter, *gradients in zip(parameters, *(part for _, part in results), strict=True):
            present = [gradient for gradient in gradients if gradient is not None]
            parameter.grad = present[0] if present else None
            for gradient in present[1:]:
                parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
        found = [part for part, _ in results]
        return {name: sum(float(part[name]) for part in found) for name in found[0]}

    def _losses(self, model: Callable[..., DetectorOutput], part: _Part, divisor: float) -> dict[str, Tensor]:
        with self._compute.autocast():
            output = model(part.pixels, part.mask, part.prompts, part.queries)
        return detection_loss(
            output, part.targets, part.prompts.phrase_tokens, self._weights, part.queries, divisor=divisor
        )

    def _work(
        self, part: _Part, parameters: list[nn.Parameter], divisor: float
    ) -> tuple[dict[str, Tensor], tuple[Tensor | None, ...]]:
        """Losses and gradients of one part."""
        losses = self._losses(self._detector, part, divisor)
        scaled = self._scaler.scale(losses["loss"])
        gradients = torch.autograd.grad(scaled, parameters, allow_unused=True)
        return {name: value.detach() for name, value in losses.items()}, gradients


def _split(part: _Part, count: int) -> list[_Part]:
    """Cut a batch into parts of (nearly) equal size; paddings stay as they are."""
    size = len(part.pixels)
    edges = [size * number // count for number in range(count + 1)]
    pieces = [slice(start, end) for start, end in pairwise(edges)]
    return [
        _Part(
            part.pixels[piece],
            None if part.mask is None else part.mask[piece],
            _slice(part.prompts, piece),
            _slice(part.targets, piece),
            part.queries.part(piece) if part.queries is not None else None,
        )
        for piece in pieces
    ]


def _slice(batch: Padded, piece: slice) -> Padded:
    return type(batch)(*(getattr(batch, field.name)[piece] for field in fields(batch)))
