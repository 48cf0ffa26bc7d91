"""``engine.cuda_graphs`` where a detector is used: passes recorded for each shape of batch, then replayed."""

import logging
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.denoising import DenoisingQueries
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.prompt import PromptBatch
from skillbank_engine.recording import MOST, Recording, copied, paced_by_device, shape_of, tensors_in

_LOG = logging.getLogger(__name__)
SHAPE_STEP = 64
"""What the length of prompts is rounded up to, so that batches come in few shapes."""


@dataclass(frozen=True)
class _Inputs:
    """The arguments of :meth:`.detector.Detector.forward`."""

    pixels: Tensor
    pixel_mask: Tensor | None
    prompts: PromptBatch
    denoising: DenoisingQueries | None
    text: Tensor | None


class RecordedDetector:
    """A detector in use whose passes are replayed where a batch of the same shapes came before.

    The first batches of their shapes go through the detector as it is, the next one is recorded; when there
    are very many shapes, or no memory is left for more, later ones are never recorded.

    Parameters
    ----------
    detector : Detector
        On a GPU.
    compute : Compute
        Its device and precision.
    after : int
        Batches of some shapes that go as they are before one is recorded.
    paced : bool
        Whether passes go through the kernels that take least of the device (`recording.paced_by_device`),
        some of which have to be compiled first.
    """

    def __init__(self, detector: Detector, compute: Compute, *, after: int = 1, paced: bool = True) -> None:
        self.detector = detector
        self._compute, self._after, self._most = compute, after, MOST
        self._pace = paced_by_device if paced else nullcontext
        self._seen: Counter[object] = Counter()
        self._recordings: dict[object, tuple[_Inputs, Recording[DetectorOutput]]] = {}
        self._pool = torch.cuda.graph_pool_handle()

    @property
    def architecture(self) -> Architecture:
        """What the detector was built from."""
        return self.detector.architecture

    @torch.no_grad()
    def __call__(
        self,
        pixels: Tensor,
        pixel_mask: Tensor | None,
        prompts: PromptBatch,
        denoising: DenoisingQueries | None = None,
        text: Tensor | None = None,
    ) -> DetectorOutput:
        """Detect, with the arguments of :meth:`.detector.Detector.forward`."""
        inputs = _Inputs(pixels, pixel_mask, prompts, denoising, text)
        key = (self.detector.training, shape_of(inputs))
        with torch.cuda.device(self._compute.device):
            if key in self._recordings:
                places, recording = self._recordings[key]
                for place, value in zip(tensors_in(places), tensors_in(inputs), strict=True):
                    place.copy_(value)
                recording.replay()
                return _answer(recording)
            if self._seen[key] < self._after or len(self._recordings) >= self._most:
                self._seen[key] += 1
                return self._unrecorded(inputs)
            try:
                places = copied(inputs)
                recording = Recording(lambda: self._work(places), self._pool)
            except torch.OutOfMemoryError:
                self._most = len(self._recordings)
                return self._unrecorded(inputs)
            if not self._recordings:
                _LOG.info("Passes are recorded for each shape of batch that comes often, and replayed")
            self._recordings[key] = places, recording
            return _answer(recording)

    def _unrecorded(self, inputs: _Inputs) -> DetectorOutput:
        """Detect as it is; recordings, whose memory is their own, go where that leaves too little."""
        try:
            return self._work(inputs)
        except torch.OutOfMemoryError:
            if not self._recordings:
                raise
            self._recordings.clear()
            self._most = 0
        torch.cuda.empty_cache()
        return self._work(inputs)

    def _work(self, inputs: _Inputs) -> DetectorOutput:
        # A cache of cast weights would outlive the recording that they were cast in.
        with self._pace(), self._compute.autocast(self.detector.dtype, cached=False):
            output: DetectorOutput = self.detector(
                inputs.pixels, inputs.pixel_mask, inputs.prompts, inputs.denoising, inputs.text
            )
        return output


def _answer(recording: Recording[DetectorOutput]) -> DetectorOutput:
    """Give a copy of what was found, which the next replay leaves alone."""
    return copied(recording.result)
