"""A detector's boxes as pictures by class: each box of a COCO data set is cut out into its class' folder."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from skillbank_engine.data.coco import read_evaluation_set
from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.data.records import Box, Record, read_text
from skillbank_engine.data.survey import settle_scale
from skillbank_engine.data.whole import open_annotated
from skillbank_engine.errors import DataError
from skillbank_engine.families.classification_pyt.data.shapes import CLASSES_FILE, write_classes

_PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


@dataclass(frozen=True)
class CropSource:
    """Where boxes come from: what COCO tools call an annotation file, and its pictures.

    Attributes
    ----------
    json_file, image_dir : str
        The file, and the folder of the pictures.
    """

    json_file: str
    image_dir: str

    @property
    def part(self) -> str:
        """``train``, ``val`` or ``test``, as the names of the file and its folders tell; else ``train``."""
        path = Path(self.json_file).absolute()
        for name in (path.stem, *(folder.name for folder in path.parents)):
            words = name.lower().replace("-", "_").replace(".", "_").split("_")
            for word in words:
                if word.rstrip("0123456789") in _PARTS:
                    return _PARTS[word.rstrip("0123456789")]
        return "train"


@dataclass(frozen=True)
class Cropped:
    """What was written of one part.

    Attributes
    ----------
    part : str
        ``train``, ``val`` or ``test``.
    counts : dict
        Class to the number of its pictures.
    small : int
        Boxes that were left out because they are smaller than wanted.
    """

    part: str
    counts: dict[str, int]
    small: int


def write_crops(
    out: Path, sources: Sequence[tuple[str, CropSource]], *, margin: float, least: int, skip_broken: bool
) -> list[Cropped]:
    """Cut the boxes of COCO data sets into ``out/<part>/<class>/`` and write the list of classes.

    Parameters
    ----------
    out : Path
        Folder to write into; made when missing. Its parts must be new.
    sources : sequence of (str, CropSource)
        Name of a part, and what it is cut out of.
    margin : float
        What is added to each side of a box, as a share of its longer side.
    least : int
        Boxes with a shorter side below this many pixels are left out, with a count.
    skip_broken : bool
        Leave out pictures and boxes that are broken, with a count, instead of ending.

    Returns
    -------
    list of Cropped
        What was written, in the order of the sources.

    Raises
    ------
    DataError
        A data set that cannot be used, a part that is there already, or other classes than those in ``out``.
    """
    twice = [part for part, count in Counter(part for part, _ in sources).items() if count > 1]
    if twice:
        raise DataError(f"The part {twice[0]} is named twice: say with --part which is which")
    there = [str(out / part) for part, _ in sources if (out / part).exists()]
    if there:
        raise DataError(f"{', '.join(there)} is there already: take it away, or name another folder")
    sets = [
        (part, read_evaluation_set(source, part, skip_broken=skip_broken, naming=_folder_name))
        for part, source in sources
    ]
    names = tuple(dict.fromkeys(name for _, data in sets for name in data.names))
    _require_same_classes(out, names)
    written = []
    for part, data in sets:
        scale = settle_scale(
            (record.image for record in data.records), PixelScale(), source="the set", missing="this data set"
        )
        written.append(_write_part(out / part, part, data.records, scale, margin, least))
    if not any(sum(item.counts.values()) for item in written):
        raise DataError(f"There is no box of {least} pixels or more: lower --least")
    write_classes(out, names)
    return written


def _folder_name(text: str) -> str:
    """Make a category's name one that a folder can have."""
    return " ".join(text.split()).replace("/", "-").replace("\\", "-").lstrip(".")


def _require_same_classes(out: Path, names: tuple[str, ...]) -> None:
    file = out / CLASSES_FILE
    if file.is_file() and tuple(read_text(file).split("\n")[:-1]) != names:
        raise DataError(f"{file} lists other classes than {', '.join(names)}: name another folder")


def _write_part(
    folder: Path, part: str, records: Sequence[Record], scale: PixelScale, margin: float, least: int
) -> Cropped:
    counts: Counter[str] = Counter()
    small = 0
    taken: Counter[str] = Counter()
    for record in records:
        image = open_annotated(record, scale)
        stem = record.image.stem
        taken[stem] += 1
        # Pictures of the same name in several folders stay apart.
        stem = stem if taken[stem] == 1 else f"{stem}-{taken[stem]}"
        for number, (box, name) in enumerate(zip(record.boxes, record.phrases, strict=True)):
            if min(box[2] - box[0], box[3] - box[1]) < least:
                small += 1
                continue
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            _cut(image, box, margin).save(place / f"{stem}_{number:03d}.png")
            counts[name] += 1
    return Cropped(part, dict(counts), small)


def _cut(image: Image.Image, box: Box, margin: float) -> Image.Image:
    more = margin * max(box[2] - box[0], box[3] - box[1])
    left, top = math.floor(max(0, box[0] - more)), math.floor(max(0, box[1] - more))
    right, bottom = math.ceil(box[2] + more), math.ceil(box[3] + more)
    return image.crop((left, top, min(image.width, right), min(image.height, bottom)))
