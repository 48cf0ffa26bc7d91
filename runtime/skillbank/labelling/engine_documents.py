"""What an engine says, as JSON: of itself once it has loaded its model, and of each picture."""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = ["About", "Detection", "PictureDocument"]


class About(TypedDict, total=False):
    """An engine and its model: the bounds that it uses unless told, where it computes, its class names."""

    threshold: float
    nms: float
    across: float
    device: str
    precision: str
    backbone: str
    labels: list[str]


class Detection(TypedDict):
    """An object that was found; the box is ``x1, y1, x2, y2`` in pixels of the upright picture."""

    phrase: str
    score: float
    box: list[float]


class PictureDocument(TypedDict, total=False):
    """A picture and what was found in it.

    ``pixels`` says what was black and white in one of more than 8 bits a colour, and by whose scale; ``seen``
    are the sides of what the model saw of a much larger one.
    """

    width: int
    height: int
    detections: list[Detection]
    pixels: dict[str, Any] | None
    seen: list[int]
    remarks: dict[str, str]
    other_names: int
