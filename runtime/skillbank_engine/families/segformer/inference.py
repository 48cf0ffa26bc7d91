"""What inference writes: masks of label ids, pictures with classes laid over them, and what the ids mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from skillbank_engine.data.images import open_image
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.families.segformer.classes import Classes
from skillbank_engine.families.segformer.drawing import class_colours, draw_classes
from skillbank_engine.families.segformer.prediction import Predictor, best_classes
from skillbank_engine.results import write_text
from skillbank_engine.task import Place

if TYPE_CHECKING:
    from skillbank_engine.data.pixels import Array

MEANING = "masks.json"
"""Names of the label ids, and how much of each picture a class takes."""


def files_of(place: Place) -> tuple[Path, Path]:
    """Where the mask and the drawn picture go, below the results folder."""
    name = place.name.with_suffix(".png")
    return Path("masks") / name, Path("images_annotated") / name


def write_masks(
    predictor: Predictor,
    pictures: Sequence[Place],
    folder: Path,
    classes: Classes,
    *,
    batch_size: int,
    drawn_every: int,
    pixels: PixelScale,
) -> dict[str, float]:
    """Find the classes of pictures and write them.

    Parameters
    ----------
    predictor : Predictor
        The model.
    pictures : sequence of Place
        What it is shown.
    folder : Path
        The results folder.
    classes : Classes
        Of the model.
    batch_size : int
        Pictures at once.
    drawn_every : int
        Of so many batches one is drawn.
    pixels : PixelScale
        Of the model.

    Returns
    -------
    dict
        ``images``, and ``classes`` that were found on any.
    """
    colours = class_colours(len(classes.names))
    rows: list[dict[str, object]] = []
    seen: set[str] = set()

    def read(place: Place) -> Image.Image:
        return open_image(place.image, pixels)

    for batch, place, image, logits in predictor.answers(pictures, read, batch_size):
        indices = best_classes(logits)
        mask, overlay = (folder / name for name in files_of(place))
        mask.parent.mkdir(parents=True, exist_ok=True)
        _index_picture(classes, indices, colours).save(mask)
        if batch % drawn_every == 0:
            overlay.parent.mkdir(parents=True, exist_ok=True)
            draw_classes(image, indices, classes.names, colours).save(overlay)
        counts = np.bincount(indices.ravel(), minlength=len(classes.names))
        shares = {
            name: round(int(count) / indices.size, 6)
            for name, count in zip(classes.names, counts, strict=True)
            if count
        }
        seen.update(shares)
        file = mask.relative_to(folder).as_posix()
        rows.append({"image": place.image.name, "mask": file, "shares": shares})
    labels = {str(label): name for label, name in zip(classes.label_ids, classes.names, strict=True)}
    document = {"classes": labels, "masks": rows}
    write_text(folder / MEANING, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    return {"images": float(len(rows)), "classes": float(len(seen))}


def _index_picture(classes: Classes, indices: Array, colours: Sequence[tuple[int, int, int]]) -> Image.Image:
    """Make a picture whose numbers are label ids, shown in the colours of their classes."""
    picture = Image.fromarray(classes.label_mask(indices)).convert("L")
    table = [0] * 768
    for label, colour in zip(classes.label_ids, colours, strict=True):
        table[3 * label : 3 * label + 3] = colour
    picture.putpalette(table)
    return picture
