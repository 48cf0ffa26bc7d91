"""Detecting in picture files and writing what was found: shared by inference and label."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

from skillbank_engine.data.ahead import ahead
from skillbank_engine.drawing import draw_detections, phrase_colours, save_picture
from skillbank_engine.families.grounding_dino.predictor import Detection, Predictor, Seen, without_repeats

_LOG = logging.getLogger(__name__)
_PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Labelled:
    """One picture with what was found on it and where the annotated copy went."""

    image: Path
    detections: tuple[Detection, ...]
    annotated: Path


def label_pictures(
    predictor: Predictor,
    pictures: Sequence[tuple[Path, Path]],
    phrases: Sequence[str],
    *,
    batch_size: int,
    threshold: float,
    nms_iou: float,
    outline: int,
    colours: Mapping[str, str] | None = None,
) -> Iterator[Labelled]:
    """Detect in pictures, batch by batch, and write annotated copies.

    Parameters
    ----------
    predictor : Predictor
        Made for ``phrases``.
    pictures : sequence of (Path, Path)
        Each picture and where its annotated copy goes.
    phrases : sequence of str
        The descriptions as they should be shown.
    batch_size : int
        Pictures a pass.
    threshold : float
        Least score of what is kept.
    nms_iou : float
        Most overlap of two kept boxes of one description.
    outline : int
        Thickness of drawn boxes in pixels.
    colours : mapping, optional
        Wanted colours by description.
    """
    palette = phrase_colours(phrases, colours)

    def written(found: _Found) -> Labelled:
        kept = tuple(without_repeats(found.detections, nms_iou))
        save_picture(draw_detections(found.image, kept, phrases, palette, outline), found.target)
        return Labelled(found.path, kept, found.target)

    told = time.monotonic()
    labelled = ahead(written, _detected(predictor, pictures, batch_size, threshold))
    for done, item in enumerate(labelled, 1):
        yield item
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            _LOG.info("%d of %d pictures done", done, len(pictures))


@dataclass(frozen=True)
class _Found:
    """What was found on an opened picture, and where its annotated copy goes."""

    path: Path
    target: Path
    image: Image.Image
    detections: list[Detection]


def _detected(
    predictor: Predictor, pictures: Sequence[tuple[Path, Path]], batch_size: int, threshold: float
) -> Iterator[_Found]:
    """Detect batch by batch, while the next pictures are opened."""

    def opened(picture: tuple[Path, Path]) -> tuple[Image.Image, Seen]:
        image = predictor.open(picture[0])
        return image, predictor.see(image)

    coming = ahead(opened, pictures, batch_size)
    for start in range(0, len(pictures), batch_size):
        part = pictures[start : start + batch_size]
        with predictor.pace.over(len(part)):
            images, seen = zip(*islice(coming, len(part)), strict=True)
            found = predictor.find(seen, threshold)
        for (path, target), image, detections in zip(part, images, found, strict=True):
            yield _Found(path, target, image, detections)
