"""From pictures and descriptions to boxes with scores: what evaluation, inference and labelling share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from skillbank_engine.boxes import xyxy_from_cxcywh
from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.transforms import Resizing, View, image_tensor, normalise, pad_images
from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.overlaps import Boxes, by_phrase
from skillbank_engine.families.grounding_dino.prompt import Prompt, PromptBatch, batch_prompts, build_prompts
from skillbank_engine.families.grounding_dino.recorded import RecordedDetector
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.pace import Pace


class Output(Protocol):
    """What a network says; of the ``S`` decoder layers the last one is the answer."""

    @property
    def logits(self) -> Tensor:
        """``(S, B, Q, L)`` token logits."""

    @property
    def boxes(self) -> Tensor:
        """``(S, B, Q, 4)`` relative ``cxcywh``."""


class Network(Protocol):
    """A :class:`.detector.Detector`, or an exported one."""

    @property
    def architecture(self) -> Architecture:
        """What it was built from."""

    def __call__(self, pixels: Tensor, pixel_mask: Tensor | None, prompts: PromptBatch) -> Output:
        """Detect, with the arguments of :meth:`.detector.Detector.forward`."""


@dataclass(frozen=True)
class Seen:
    """A picture as the network sees it.

    Attributes
    ----------
    pixels : Tensor
        ``(3, h, w)`` uint8, on the CPU; where it is to be sent to a GPU, from memory that it reads itself.
    size : (int, int)
        Width and height of the picture itself.
    """

    pixels: Tensor
    size: tuple[int, int]

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height in which the network sees it."""
        return self.pixels.shape[2], self.pixels.shape[1]


@dataclass(frozen=True)
class Detection:
    """One found object.

    Attributes
    ----------
    phrase : int
        Index of the description.
    box : tuple of float
        ``xyxy`` in pixels of the original picture.
    score : float
        0 to 1.
    """

    phrase: int
    box: tuple[float, float, float, float]
    score: float

    @property
    def label(self) -> int:
        """Index of the description, as the frame calls it."""
        return self.phrase


def without_repeats(
    detections: Sequence[Detection], most: float, most_across: float = 1.0
) -> list[Detection]:
    """Keep the best of boxes that overlap (greedy non-maximum suppression).

    Parameters
    ----------
    detections : sequence of Detection
        Best first.
    most : float
        Largest intersection over union of two boxes of one phrase that are both kept.
    most_across : float
        The same of two boxes of different phrases; 1 keeps all names of one object.
    """
    kept: list[Detection] = []
    everything = Boxes(len(detections))
    of_phrase = by_phrase(item.phrase for item in detections)
    for item in detections:
        alike = of_phrase[item.phrase]
        if most < 1 and (alike.overlap(item.box) > most).any():
            continue
        if (
            most_across < 1
            and ((everything.overlap(item.box) > most_across) & (everything.numbers != item.phrase)).any()
        ):
            continue
        kept.append(item)
        alike.add(item.box, item.phrase)
        everything.add(item.box, item.phrase)
    return kept


def phrase_scores(logits: Tensor, phrase_tokens: Tensor) -> Tensor:
    """Scores of queries for phrases: the mean over a phrase's tokens of the token's probability.

    Parameters
    ----------
    logits : Tensor
        ``(B, Q, L)`` token logits.
    phrase_tokens : Tensor
        ``(B, P, L)`` 1 at the tokens of each phrase.

    Returns
    -------
    Tensor
        ``(B, Q, P)``; 0 for absent phrases.
    """
    share = phrase_tokens / phrase_tokens.sum(-1, keepdim=True).clamp(min=1)
    return logits.float().sigmoid() @ share.transpose(-1, -2)


class Predictor:
    """A detector made ready for a fixed list of descriptions.

    Parameters
    ----------
    detector : Network
        On the device already.
    tokenizer : PhraseTokenizer
        Of the detector.
    phrases : sequence of str
        What to look for.  Those that do not fit into one prompt go into further ones, each a pass of its own.
    resizing : Resizing
        How large the network sees pictures; they are padded to its frame, if it has one.
    mean, std : sequence of float
        Normalisation, of values in 0 to 1.
    compute : Compute
        Device and precision.  The detector's weights must not change while a predictor is in use.
    num_select : int
        Most detections of a picture.
    pixels : PixelScale, optional
        How pictures of more than 8 bits are scaled.
    prompt_phrases : int
        Most phrases of a prompt; 0 puts in as many as fit.
    pace : Pace, optional
        Counts the passes of those who work through many pictures.
    """

    def __init__(
        self,
        detector: Network,
        tokenizer: PhraseTokenizer,
        phrases: Sequence[str],
        *,
        resizing: Resizing,
        mean: Sequence[float],
        std: Sequence[float],
        compute: Compute,
        num_select: int,
        pixels: PixelScale | None = None,
        prompt_phrases: int = 0,
        pace: Pace | None = None,
    ) -> None:
        self.pixels = pixels or PixelScale()
        self.pace = pace or Pace()
        self._detector = detector
        inner = detector.detector if isinstance(detector, RecordedDetector) else detector
        self._own = inner if isinstance(inner, Detector) else None
        self._weights = torch.float32 if self._own is None else self._own.dtype
        self._pad = tokenizer.pad
        self._resizing = resizing
        self._mean, self._std = tuple(mean), tuple(std)
        self._compute = compute
        self._num_select = num_select
        self.prompts = build_prompts(phrases, tokenizer, detector.architecture.max_text_len, prompt_phrases)
        self._texts: dict[int, Tensor] = {}
        self._batches: dict[tuple[int, int], PromptBatch] = {}

    def open(self, path: Path) -> Image.Image:
        """Open a picture as the model was trained to see it.

        Raises
        ------
        DataError
            No such file, or no picture in it.
        """
        return open_image(path, self.pixels)

    def see(self, image: Image.Image) -> Seen:
        """Make of a picture what the network sees; may be called in several threads."""
        small = self._resizing.apply(View(image, np.zeros((0, 4)), ())).image
        locked = self._compute.device.type == "cuda"
        return Seen(image_tensor(small, locked=locked), image.size)

    def look(self, path: Path) -> Seen:
        """Open a picture and make of it what the network sees; see :meth:`open`."""
        return self.see(self.open(path))

    def detect(self, images: Sequence[Image.Image], least: float = 0.0) -> list[list[Detection]]:
        """Detect in some pictures, which are RGB; as :meth:`find` does."""
        return self.find([self.see(image) for image in images], least)

    def find(self, pictures: Sequence[Seen], least: float = 0.0) -> list[list[Detection]]:
        """Detect in some pictures.

        Parameters
        ----------
        pictures : sequence of Seen
            Any sizes; those of equal size make one pass.  Others are not padded to one batch, or the padding
            would leak into the network's group norms and results depend on the company.
        least : float
            Least score of what is given.

        Returns
        -------
        list of list of Detection
            For each picture, best first.
        """
        groups: dict[tuple[int, int], list[int]] = {}
        for number, picture in enumerate(pictures):
            groups.setdefault(picture.shown, []).append(number)
        results: dict[int, list[Detection]] = {}
        for numbers in groups.values():
            same = [pictures[number] for number in numbers]
            results.update(zip(numbers, self.read(self.run(same), same, least), strict=True))
        return [results[number] for number in range(len(pictures))]

    @torch.inference_mode()
    def run(self, pictures: Sequence[Seen]) -> list[tuple[Prompt, PromptBatch, Output]]:
        """Run the detector once for each prompt on pictures of one size, giving the raw outputs."""
        device = self._compute.device
        sent = [picture.pixels.to(device, non_blocking=True) for picture in pictures]
        pixels, mask = pad_images(sent, self._resizing.frame)
        normalised = normalise(pixels.contiguous(), mask, self._mean, self._std).to(self._weights)
        passes = []
        if self._own is not None and self._own.training:  # for hundreds of layers to hear it takes its time
            self._own.eval()
        for number, prompt in enumerate(self.prompts):
            batch = self._batch(number, len(pictures))
            with self._compute.autocast(self._weights):
                passes.append((prompt, batch, self._answer(number, normalised, mask, batch)))
        return passes

    def _batch(self, number: int, pictures: int) -> PromptBatch:
        """Give a prompt for each of some pictures, on the device."""
        if (number, pictures) not in self._batches:
            batch = batch_prompts([self.prompts[number]] * pictures, self._pad)
            self._batches[number, pictures] = batch.to(self._compute.device)
        return self._batches[number, pictures]

    def _answer(self, number: int, pixels: Tensor, mask: Tensor | None, batch: PromptBatch) -> Output:
        """Run the detector; the text of a prompt is encoded once for all pictures."""
        if self._own is None:
            return self._detector(pixels, mask, batch)
        if number not in self._texts:
            self._texts[number] = self._own.encode_text(batch.first())
        text = self._texts[number].expand(len(pixels), -1, -1)
        # What records passes takes the text as the detector does.
        detector: Any = self._detector
        output: DetectorOutput = detector(pixels, mask, batch, text=text)
        return output

    @torch.inference_mode()
    def read(
        self,
        passes: Sequence[tuple[Prompt, PromptBatch, Output]],
        pictures: Sequence[Seen],
        least: float = 0.0,
    ) -> list[list[Detection]]:
        """Turn raw outputs into detections.

        Parameters
        ----------
        passes : sequence
            What :meth:`run` gave.
        pictures : sequence of Seen
            What it gave that for.
        least : float
            Least score of what is given.
        """
        scores = torch.cat([phrase_scores(o.logits[-1], batch.phrase_tokens) for _, batch, o in passes], -1)
        # Boxes differ between passes, so a query is known by its pass too.
        owners = torch.cat(
            [
                torch.full((batch.phrase_tokens.shape[1],), number, device=scores.device)
                for number, (_, batch, _) in enumerate(passes)
            ]
        )
        boxes = torch.stack([output.boxes[-1].float() for _, _, output in passes], 1)
        corners = xyxy_from_cxcywh(boxes).clamp(0, 1)
        count = min(self._num_select, scores[0].numel())
        best, places = scores.flatten(1).topk(count, dim=1)
        queries, phrases = places // scores.shape[-1], places % scores.shape[-1]
        rows = torch.arange(len(pictures), device=scores.device)[:, None]
        chosen = corners[rows, owners[phrases], queries].cpu()
        best, phrases = best.cpu(), phrases.cpu()
        results = []
        for number, picture in enumerate(pictures):
            kept = int((best[number] >= least).sum())  # the best come first
            scaled = chosen[number, :kept] * torch.tensor([*picture.size, *picture.size])
            values = (phrases[number, :kept].tolist(), scaled.tolist(), best[number, :kept].tolist())
            found = zip(*values, strict=True)
            results.append([Detection(phrase, (b[0], b[1], b[2], b[3]), score) for phrase, b, score in found])
        return results
