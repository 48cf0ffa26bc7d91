"""Writes Label Studio's tasks as it imports them: tasks.json, the project's labels, and the pictures.

What somebody has decided is an annotation; what a model proposes and nobody has decided, a prediction with
its score.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from skillbank.datasets.document import Box, Picture
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.writing import Left, below_images, class_or_phrase
from skillbank.datasets.palette import colour
from skillbank.visible import visible

__all__ = ["LabelStudioWriter"]

_FILE, _CONFIG = "tasks.json", "label_config.xml"
_FROM, _TO = "label", "image"
_MODEL = "skillbank"
_HOW = """\
  <!-- Paste this into the project's labeling interface. To have Label Studio find the pictures, start it with
       LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT set to the
       folder of this file, give the project a local storage of the folder "images" in it (without syncing),
       and import tasks.json. -->
"""


class LabelStudioWriter:
    """A list of tasks; a picture's split stands in the data of its task."""

    name = "label_studio"

    def folder(self, split: str) -> str:
        """Return where a split's pictures lie."""
        return below_images(split)

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[str]:
        """Write the tasks one by one, and the labels."""
        left = Left()
        names = dict.fromkeys(map(visible, classes))
        with (folder / _FILE).open("w", encoding="utf-8") as file:
            separator = "[\n"
            for number, (split, picture) in enumerate(_all(parts), 1):
                task = _task(number, split, picture, classes, names, left)
                file.write(separator + json.dumps(task, ensure_ascii=False))
                separator = ",\n"
            file.write("[]\n" if separator == "[\n" else "\n]\n")
        (folder / _CONFIG).write_text("".join(_config(names)), encoding="utf-8")
        return left.sentences()


def _all(parts: Iterable[Part]) -> Iterator[tuple[str, Picture]]:
    for part in parts:
        for picture in part.pictures:
            yield part.name, picture


def _config(names: Iterable[str]) -> Iterator[str]:
    yield f'<View>\n{_HOW}  <Image name="{_TO}" value="$image" zoom="true"/>\n'
    yield f'  <RectangleLabels name="{_FROM}" toName="{_TO}">\n'
    for number, name in enumerate(names):
        yield f'    <Label value={quoteattr(name)} background="{colour(number)}"/>\n'
    yield "  </RectangleLabels>\n</View>\n"


def _regions(
    number: int, picture: Picture, classes: Sequence[str], names: dict[str, None], left: Left
) -> Iterator[tuple[Box, dict[str, object]]]:
    """Yield the boxes that can be written, each as a region; the others are counted."""
    for position, box in enumerate(picture.boxes, 1):
        called = visible(class_or_phrase(box, classes))
        if box.crowd:
            left.out("boxes of crowds, which Label Studio does not know,")
        elif not called.strip():
            left.out("boxes without class and phrase")
        elif not (picture.width and picture.height):
            left.out("boxes of pictures whose size is not known")
        else:
            left.phrases += box.label is None
            names.setdefault(called)
            yield box, _region(f"{number}_{position}", box, called, picture.width, picture.height)


def _task(
    number: int, split: str, picture: Picture, classes: Sequence[str], names: dict[str, None], left: Left
) -> dict[str, object]:
    if picture.caption:
        left.out("captions, which boxes of Label Studio do not know,")
    decided: list[dict[str, object]] = []
    proposed: list[dict[str, object]] = []
    scores: list[float] = []
    for box, region in _regions(number, picture, classes, names, left):
        if box.proposed is None:
            decided.append(region)
        else:
            proposed.append(region)
            scores.append(round(box.proposed, 6))
    # Below the folder that Label Studio is told to serve; see the comment in the labels.
    address = f"/data/local-files/?d={quote(picture.path or picture.name)}"
    data = {"image": address} | ({"split": split} if split else {})
    task: dict[str, object] = {"id": number, "data": data, "annotations": []}
    if decided or not (proposed or picture.undecided):
        task["annotations"] = [{"result": decided, "was_cancelled": False, "ground_truth": False}]
    if proposed:
        task["predictions"] = [{"model_version": _MODEL, "score": max(scores), "result": proposed}]
    return task


def _region(identity: str, box: Box, name: str, width: int, height: int) -> dict[str, object]:
    """Return a box in percent of the sides."""
    scored = {} if box.proposed is None else {"score": round(box.proposed, 6)}
    return {
        "id": identity,
        "from_name": _FROM,
        "to_name": _TO,
        "type": "rectanglelabels",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        **scored,
        "value": {
            "x": 100 * box.x1 / width,
            "y": 100 * box.y1 / height,
            "width": 100 * (box.x2 - box.x1) / width,
            "height": 100 * (box.y2 - box.y1) / height,
            "rotation": 0,
            "rectanglelabels": [name],
        },
    }
