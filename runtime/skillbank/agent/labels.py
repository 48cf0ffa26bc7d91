"""The tool that labels pictures by description."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from skillbank.agent.tool import Arguments, Document, Result, Tool
from skillbank.home import home
from skillbank.labelling import label_pictures

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox

__all__ = ["LABEL_IMAGE", "LabelAnswer"]

_MOST_PICTURES = 10
_MOST_OBJECTS = 20


class LabelArguments(Arguments):
    """Where to look and what for."""

    image: str = Field(description="Path of a picture or a folder")
    descriptions: list[str] = Field(description="What to find, e.g. 'red circle'")
    checkpoint: str | None = Field(None, description="Train job or file; default the last training")
    threshold: float | None = Field(None, description="Least score, 0 to 1")


class Detection(Document):
    """One object; the box is [left, top, right, bottom] in pixels."""

    description: str
    score: float
    box: list[float]


class LabelledPicture(Document):
    """A picture, the objects found in it (the surest first), and the copy with the boxes drawn."""

    image: str
    annotated: str
    objects: tuple[Detection, ...] = ()
    count: int = 0


class LabelAnswer(Result):
    """Pictures with what was found."""

    pictures: tuple[LabelledPicture, ...] = ()
    count: int = 0
    notes: tuple[str, ...] = ()


def _label(box: Toolbox, arguments: LabelArguments) -> LabelAnswer:
    # Each question has a folder of its own below home, which holds nothing but these copies.
    asked = json.dumps([str(Path(arguments.image).absolute()), *arguments.descriptions], ensure_ascii=False)
    labels = label_pictures(
        box.runtime,
        [Path(arguments.image)],
        arguments.descriptions,
        model=arguments.checkpoint or "last:train",
        output=home() / "labels" / hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:16],
        kinds=["pictures"],
        threshold=arguments.threshold,
        replace=True,
    )
    document = labels.document()
    pictures = [_picture(entry) for entry in document["images"]]
    found = sum(p.count for p in pictures)
    return LabelAnswer(
        pictures=pictures[:_MOST_PICTURES],
        count=len(pictures),
        notes=tuple(filter(None, (*labels.notes, labels.names_left_out))),
        next=[] if found else ["other words, or a lower threshold"],
    )


def _picture(entry: dict[str, Any]) -> LabelledPicture:
    objects = sorted(entry["detections"], key=lambda d: -float(d["score"]))
    return LabelledPicture(
        image=entry["image"],
        annotated=entry["annotated"],
        objects=[
            Detection(description=d["phrase"], score=d["score"], box=[round(x, 1) for x in d["box"]])
            for d in objects[:_MOST_OBJECTS]
        ],
        count=len(objects),
    )


LABEL_IMAGE = Tool(
    name="label_image",
    description="Find objects in pictures by describing them, with a trained model on this machine.",
    arguments=LabelArguments,
    result=LabelAnswer,
    run=_label,
    read_only=False,
)
