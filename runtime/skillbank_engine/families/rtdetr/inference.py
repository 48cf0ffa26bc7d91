"""Writing what was found on pictures: labels, annotated pictures, and all detections as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image
from torch import Tensor

from skillbank_engine.data.ahead import ahead
from skillbank_engine.data.images import open_image
from skillbank_engine.data.records import read_text, require_file
from skillbank_engine.detection_lines import kitti_line, rounded
from skillbank_engine.detection_metrics import Detection
from skillbank_engine.device import Compute
from skillbank_engine.drawing import draw_detections, phrase_colours, save_picture
from skillbank_engine.errors import DataError
from skillbank_engine.families.rtdetr.config import InferenceSpec
from skillbank_engine.families.rtdetr.measuring import listed
from skillbank_engine.families.rtdetr.predictor import detections_of, framed_pixels, scaled_pixels
from skillbank_engine.results import write_text
from skillbank_engine.task import Place

if TYPE_CHECKING:
    from skillbank_engine.families.rtdetr.task import RtDetr

_LOG = logging.getLogger(__name__)


def chosen_labels(labels: Sequence[str], classmap: str) -> frozenset[int]:
    """Read which classes are shown: the lines of ``classmap``, or all.

    Parameters
    ----------
    labels : sequence of str
        The model's.
    classmap : str
        ``dataset.infer_data_sources.classmap``; empty for all.

    Raises
    ------
    DataError
        A line that is no class of the model.
    """
    if not classmap:
        return frozenset(range(len(labels)))
    key = "dataset.infer_data_sources.classmap"
    file = require_file(classmap, key)
    lines = [" ".join(line.split()) for line in read_text(file).splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    unknown = [name for name in names if name not in labels]
    if unknown or not names:
        what = f"'{unknown[0]}', which is no class of the model" if unknown else "no class"
        raise DataError(
            f"{key} {file} names {what} (it has {listed(labels)}): name those, or leave classmap empty"
        )
    return frozenset(labels.index(name) for name in names)


def write_found(
    task: RtDetr, spec: InferenceSpec, pictures: Sequence[Place], folder: Path, compute: Compute
) -> dict[str, float]:
    """Detect and write; see :meth:`.task.Task.infer`."""
    shown = chosen_labels(task.labels, spec.dataset.infer_data_sources.classmap)
    colours = phrase_colours(task.labels, spec.inference.color_map)
    rows: list[dict[str, object]] = []
    for place, image, found in _detected(task, spec, pictures, compute):
        items = [item for item in found if item.label in shown]
        path = folder / "labels" / place.name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, "".join(kitti_line(item, task.labels) for item in items))
        drawn = draw_detections(image, items, task.labels, colours, spec.inference.outline_width)
        save_picture(drawn, folder / "images_annotated" / place.name.with_suffix(place.image.suffix))
        rows.extend({"image": place.image.name, **rounded(item, task.labels)} for item in items)
    write_text(folder / "detections.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    _LOG.info("%d objects on %d pictures; see %s", len(rows), len(pictures), folder / "images_annotated")
    return {"images": float(len(pictures)), "detections": float(len(rows))}


def _detected(
    task: RtDetr, spec: InferenceSpec, pictures: Sequence[Place], compute: Compute
) -> Iterator[tuple[Place, Image.Image, list[Detection]]]:
    """Yield each picture with what was found on it."""
    assert task.answer is not None
    settings, framing = spec.inference, task.framing()
    size = settings.batch_size if settings.batch_size > 0 else spec.dataset.batch_size
    passes = [pictures[start : start + size] for start in range(0, len(pictures), size)]

    def opened(place: Place) -> tuple[Image.Image, Tensor]:
        image = open_image(place.image, task.pixels)
        return image, framed_pixels(image, framing)

    coming = ahead(opened, pictures, size)
    for places in passes:
        with task.pace.over(len(places)):
            images, pixels = zip(*islice(coming, len(places)), strict=True)
            logits, boxes = task.answer(scaled_pixels(torch.stack(pixels).to(compute.device)))
            sizes = [image.size for image in images]
            found = detections_of(
                logits, boxes, sizes, framing, spec.model.num_select, settings.conf_threshold
            )
        yield from zip(places, images, found, strict=True)
