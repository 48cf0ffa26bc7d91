"""The contract of Label Studio's machine learning backends: its labelling config in, its predictions out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from skillbank.errors import UsageError
from skillbank.labelling.elsewhere.search import Found, Search
from skillbank.sets.ontology import read_classes
from skillbank.visible import one_line

__all__ = ["Control", "controls", "prediction"]

_MOST_BYTES = 1 << 20
_ANY_KEY = "$undefined$"
"""The key of tasks that were imported as plain addresses."""


@dataclass(frozen=True)
class Control:
    """A ``RectangleLabels`` and the picture that it is for.

    Attributes
    ----------
    name, to_name
        Of the two tags.
    key
        Of a task's data, where the picture's address stands.
    threshold
        ``model_score_threshold`` of the tag; None for the model's own.
    """

    name: str
    to_name: str
    key: str
    search: Search
    threshold: float | None = None

    def address(self, task: Mapping[str, object]) -> str:
        """Return the address of a task's picture; empty when it has none."""
        data = task.get("data")
        given = (data.get(self.key) or data.get(_ANY_KEY)) if isinstance(data, Mapping) else None
        return given if isinstance(given, str) else ""


def controls(config: str) -> list[Control]:
    """Read a labelling config.

    A label is looked for by its value, or by its attribute ``captions`` ("red exit sign | not poster"), or by
    ``predicted_values``, in which commas separate.
    """
    if len(config) > _MOST_BYTES:
        raise UsageError("The labelling config is longer than 1 MB; make it smaller.")
    try:
        root: Element = fromstring(config)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise UsageError(
            f"The labelling config is no XML that can be read: {one_line(error, 200)}."
        ) from None
    pictures = {tag.get("name", ""): tag.get("value", "") for tag in root.iter("Image")}
    found = [
        _control(tag, pictures[to_name])
        for tag in root.iter("RectangleLabels")
        if (to_name := tag.get("toName", "")) in pictures
    ]
    if not found:
        raise UsageError(
            "The labelling config has no RectangleLabels for an Image; add one, with a Label for each class."
        )
    return found


def _control(tag: Element, picture: str) -> Control:
    name = one_line(tag.get("name", ""), 60)
    if not picture.startswith("$") or not picture[1:].strip():
        raise UsageError(f"The Image of RectangleLabels '{name}' has no value like $image.")
    said = dict(_captions(tag))
    if not said:
        raise UsageError(f"RectangleLabels '{name}' has no Label; add one for each class.")
    read = read_classes([f"{value} = {captions}" for value, captions in said.items()]).classes
    if len(read) != len(said):
        raise UsageError(
            f"A Label of RectangleLabels '{name}' is not one name to skillbank: a full stop between blanks "
            "separates classes, and an = their captions; give it another value."
        )
    # A name is known to Label Studio letter by letter.
    search = Search.of([replace(each, name=value) for each, value in zip(read, said, strict=True)])
    return Control(tag.get("name", ""), tag.get("toName", ""), picture[1:], search, _threshold(tag, name))


def _captions(tag: Element) -> Iterator[tuple[str, str]]:
    """Yield the labels with their captions."""
    for label in tag.iter("Label"):
        value = label.get("value", "").strip()
        captions = label.get("captions", "").strip()
        if not captions and (listed := label.get("predicted_values", "")):
            captions = " | ".join(filter(None, map(str.strip, listed.split(","))))
        if value:
            yield value, captions or value


def _threshold(tag: Element, name: str) -> float | None:
    given = tag.get("model_score_threshold")
    if given is None:
        return None
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(
            f"model_score_threshold of RectangleLabels '{name}' is '{one_line(given, 40)}', and must be a "
            "number from 0 to 1."
        )
    return value


def prediction(
    found: Iterable[tuple[Control, Found]], width: int, height: int, version: str
) -> dict[str, Any]:
    """Return a prediction for a task: rectangles in percent of the picture's sides, with their scores."""
    regions: list[dict[str, object]] = []
    scores: list[float] = []
    for control, each in found:
        x1, y1, x2, y2 = each.box
        scores.append(each.score)
        value = {
            "x": 100 * x1 / width,
            "y": 100 * y1 / height,
            "width": 100 * (x2 - x1) / width,
            "height": 100 * (y2 - y1) / height,
            "rotation": 0,
            "rectanglelabels": [each.name],
        }
        regions.append(
            {
                "from_name": control.name,
                "to_name": control.to_name,
                "type": "rectanglelabels",
                "original_width": width,
                "original_height": height,
                "image_rotation": 0,
                "value": value,
                "score": each.score,
            }
        )
    # What a queue sorted by score shows first is then what the model is least sure of.
    return {"result": regions, "score": min(scores, default=0.0), "model_version": version}
