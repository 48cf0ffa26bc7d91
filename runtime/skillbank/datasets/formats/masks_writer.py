"""Writes pictures with masks: ``images/<split>``, ``masks/<split>`` with numbers of classes, palette.json."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from skillbank.datasets.document import Marks, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.mask_classes import PALETTE
from skillbank.datasets.formats.writing import below_images
from skillbank.errors import DataError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    import numpy as np
    from PIL import Image

__all__ = ["MasksWriter", "palette_of", "save_mask"]

_LEFT_OUT_ID = 255


class MasksWriter:
    """A PNG a picture, of the same name; 255 is what is left out."""

    name = "masks"
    marks: Marks = "areas"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return below_images(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the masks and what their numbers mean."""
        lost = 0
        undrawn = 0
        for part in parts:
            for picture in part.pictures:
                if picture.mask is None or picture.path is None:
                    lost += 1
                    continue
                inner = PurePosixPath(picture.path).relative_to(self.folder(part.name))
                target = folder / "masks" / part.name / inner.with_suffix(".png")
                undrawn += save_mask(picture, target)
        (folder / PALETTE).write_text(palette_of(classes), encoding="utf-8")
        told = [f"pictures without a mask have none: {lost:,}"] if lost else []
        if undrawn:
            told.append(f"objects with a box and no outline are in no mask: {undrawn:,}")
        return told


def save_mask(picture: Picture, target: Path) -> int:
    """Write the mask of a picture; return how many objects are not in it."""
    assert picture.mask is not None
    drawn = picture.mask.draw()
    if drawn.numbers.size and int(drawn.numbers.max()) >= _LEFT_OUT_ID:
        raise DataError(f"a mask of 8 bits tells {_LEFT_OUT_ID} classes apart, and there are more")
    target.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.where(drawn.numbers < 0, _LEFT_OUT_ID, drawn.numbers).astype(np.uint8)
    Image.fromarray(numbers).save(target)
    return drawn.undrawn


def palette_of(classes: Sequence[str]) -> str:
    """Return the document that says what the numbers of written masks mean."""
    entries: list[dict[str, object]] = [
        {"seg_class": name, "rgb": [number] * 3, "label_id": number, "mapping_class": name}
        for number, name in enumerate(classes)
    ]
    entries.append(
        {"seg_class": "(left out)", "rgb": [_LEFT_OUT_ID] * 3, "label_id": _LEFT_OUT_ID, "mapping_class": ""}
    )
    document = {"num_classes": len(classes), "label_transform": "None", "palette": entries}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
