"""Detecting in picture files and writing what was found: shared by inference and label."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank_engine.data.ahead import ahead
from skillbank_engine.drawing import draw_detections, phrase_colours, save_picture
from skillbank_engine.families.grounding_dino.predictor import Detection, Predictor, without_repeats

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
    told = time.monotonic()
    passes = [pictures[start : start + batch_size] for start in range(0, len(pictures), batch_size)]
    coming = ahead(lambda part: [predictor.open(path) for path, _ in part], passes)
    done = 0
    for part in passes:
        with predictor.pace.over(len(part)):
            images = next(coming)
            all_found = predictor.detect(images)
        for (path, target), image, found in zip(part, images, all_found, strict=True):
            sure = [item for item in found if item.score >= threshold]
            kept = tuple(without_repeats(sure, nms_iou))
            save_picture(draw_detections(image, kept, phrases, palette, outline), target)
            yield Labelled(path, kept, target)
        done += len(part)
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            _LOG.info("%d of %d pictures done", done, len(pictures))
