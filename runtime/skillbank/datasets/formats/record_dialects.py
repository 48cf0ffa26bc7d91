"""How labelling services write what is marked in a picture: one entry of their JSON as a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skillbank.datasets.formats.coordinates import pixels

__all__ = ["DIALECTS", "Dialect", "Mark", "Record"]

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """An object.

    Attributes
    ----------
    corners
        Left, top, right and bottom as they are written; None of what is no box.
    points
        Of an outline, flat: x, y, x, y, ...
    unit
        What the whole side of a picture is; 0 where numbers are pixels.
    is_object
        Whether it is one, and no region that nobody looked through.
    is_crowd
        Whether it holds many objects.
    """

    name: object
    corners: Sequence[object] | None
    points: Sequence[object] = ()
    unit: float = 0.0
    is_object: bool = True
    is_crowd: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A picture: its names, the likeliest first, what is marked in it, its size and the word for its split.

    `further` counts other people's answers for it, which are not taken; `is_answered` says whether there is
    one at all.
    """

    names: tuple[str, ...]
    marks: tuple[Mark, ...]
    size: tuple[int | None, int | None] = (None, None)
    split: str = ""
    further: int = 0
    is_answered: bool = True


@dataclass(frozen=True)
class Dialect:
    """One service.

    Attributes
    ----------
    signs
        What the first bytes of a file hold, all of it.
    record
        Makes a record of an entry; raises KeyError, TypeError, ValueError, IndexError or AttributeError for
        what is none.
    within
        The key of a document that holds the entries, as a list or by their ids; empty where the document is
        the list, or one entry.
    """

    title: str
    signs: tuple[bytes, ...]
    record: Callable[[Entry], Record]
    within: str = ""


def _box(name: object, x: str | float, y: str | float, width: str | float, height: str | float) -> Mark:
    return Mark(name, [x, y, float(x) + float(width), float(y) + float(height)])


def _size(document: Entry) -> tuple[int | None, int | None]:
    return pixels(document.get("width")), pixels(document.get("height"))


def _sagemaker(entry: Entry) -> Record:
    tasks = [key for key, value in entry.items() if isinstance(value, dict) and "annotations" in value]
    if not tasks:
        return Record((entry["source-ref"],), (), is_answered=False)
    task = tasks[-1]  # a job that corrects what another has answered writes behind it
    names = entry[f"{task}-metadata"]["class-map"]
    marks = (
        _box(names[str(each["class_id"])], each["left"], each["top"], each["width"], each["height"])
        for each in entry[task]["annotations"]
    )
    sizes = entry[task].get("image_size") or [{}]
    return Record((entry["source-ref"],), tuple(marks), _size(sizes[0]), "", len(tasks) - 1)


def _vertex(entry: Entry) -> Record:
    marks = (
        Mark(each["displayName"], [each.get(key, 0) for key in ("xMin", "yMin", "xMax", "yMax")], unit=1.0)
        for each in entry.get("boundingBoxAnnotations", ())
    )
    split = (entry.get("dataItemResourceLabels") or {}).get("aiplatform.googleapis.com/ml_use", "")
    return Record((entry["imageGcsUri"],), tuple(marks), split=str(split))


def _azure(entry: Entry) -> Record:
    marks = (
        Mark(
            each["label"],
            [each[key] for key in ("topX", "topY", "bottomX", "bottomY")],
            unit=1.0,
            is_crowd=str(each.get("isCrowd")).lower() in ("1", "true"),
        )
        for each in entry["label"]
    )
    return Record((entry.get("image_url") or entry["imageUrl"],), tuple(marks))


def _labelbox(entry: Entry) -> Record:
    row = entry["data_row"]
    labels = [label for project in entry["projects"].values() for label in project.get("labels", ())]
    objects = labels[-1]["annotations"]["objects"] if labels else ()
    names = tuple(name for name in (row.get("external_id"), row.get("row_data")) if name)
    marks = tuple(_labelbox_mark(each, each.get("bounding_box")) for each in objects)
    size, further = _size(entry.get("media_attributes") or {}), max(len(labels) - 1, 0)
    return Record(names, marks, size, "", further, bool(labels))


def _labelbox_old(entry: Entry) -> Record:
    said = entry.get("Label")
    label = said if isinstance(said, dict) else {}
    names = tuple(name for name in (entry.get("External ID"), entry.get("Labeled Data")) if name)
    marks = (_labelbox_mark(each, each.get("bbox")) for each in label.get("objects", ()))
    return Record(names, tuple(marks), is_answered=bool(label))


def _labelbox_mark(mark: Entry, box: Entry | None) -> Mark:
    name = mark.get("name") or mark.get("title") or mark["value"]
    if box:
        return _box(name, box["left"], box["top"], box["width"], box["height"])
    return Mark(name, None, [each[key] for each in mark.get("polygon") or () for key in ("x", "y")])


_REGION = "mask"
"""What CrowdHuman calls a region that is not looked through."""


def _crowd_human(entry: Entry) -> Record:
    marks = []
    for each in entry["gtboxes"]:
        is_object = each["tag"] != _REGION and not (each.get("extra") or {}).get("ignore")
        marks.append(_box(each["tag"], *each["fbox"]) if is_object else Mark(_REGION, (), is_object=False))
    return Record((f"{entry['ID']}.jpg",), tuple(marks))


def _vott(entry: Entry) -> Record:
    asset = entry["asset"]
    marks = (_vott_mark(tag, region) for region in entry["regions"] for tag in region["tags"])
    return Record((asset["name"], asset["path"]), tuple(marks), _size(asset.get("size") or {}))


def _vott_mark(tag: str, region: Entry) -> Mark:
    if region.get("type") == "POLYGON":
        return Mark(tag, None, [point[key] for point in region["points"] for key in ("x", "y")])
    box = region["boundingBox"]
    return _box(tag, box["left"], box["top"], box["width"], box["height"])


def _super_annotate(entry: Entry) -> Record:
    marks = []
    for each in entry["instances"]:
        points = each.get("points")
        if each.get("type") == "bbox":
            marks.append(Mark(each["className"], [points[key] for key in ("x1", "y1", "x2", "y2")]))
        else:
            outline = list(points.values()) if isinstance(points, dict) and "x4" in points else points
            marks.append(Mark(each["className"], None, outline if isinstance(outline, list) else ()))
    return Record((entry["metadata"]["name"],), tuple(marks), _size(entry["metadata"]))


def _darwin(entry: Entry) -> Record:
    slot = (entry["item"].get("slots") or [{}])[0]
    marks = []
    for each in entry["annotations"]:
        box = each.get("bounding_box")
        marks.append(
            _box(each["name"], box["x"], box["y"], box["w"], box["h"]) if box else Mark(each["name"], None)
        )
    return Record((entry["item"]["name"],), tuple(marks), _size(slot))


def _hasty(entry: Entry) -> Record:
    marks = (Mark(each["class_name"], each["bbox"]) for each in entry["labels"])
    return Record((entry["image_name"],), tuple(marks), _size(entry))


_PALIGEMMA = re.compile(r"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>(?:<seg\d+>)*\s*([^<]+)")
_FLORENCE = re.compile(r"([^<>]+)((?:<loc_\d+><loc_\d+><loc_\d+><loc_\d+>)+)")


def _pali_gemma(entry: Entry) -> Record:
    marks = []
    for said in filter(None, map(str.strip, entry["suffix"].split(";"))):
        if (found := _PALIGEMMA.fullmatch(said)) is None:
            marks.append(Mark(said, None))  # a sentence, or a box that lacks a corner
        else:
            y1, x1, y2, x2, name = found.groups()
            marks.append(Mark(name.strip(), [x1, y1, x2, y2], unit=1024.0))
    return Record((entry["image"],), tuple(marks))


def _florence(entry: Entry) -> Record:
    if "OCR" in entry["prefix"]:
        raise ValueError("it marks words by four points, and no objects")
    return Record((entry["image"],), tuple(_florence_marks(entry["suffix"])))


def _florence_marks(suffix: str) -> Iterator[Mark]:
    for name, places in _FLORENCE.findall(suffix):
        found = re.findall(r"\d+", places)
        for at in range(0, len(found), 4):
            yield Mark(name.strip(), found[at : at + 4], unit=1000.0)
    if rest := _FLORENCE.sub("", suffix).strip():
        yield Mark(rest, None)  # a sentence, or a box that lacks a corner


DIALECTS = (
    Dialect("SageMaker Ground Truth", (b'"source-ref"', b'"annotations"', b'"class_id"'), _sagemaker),
    Dialect("Vertex AI", (b'"imageGcsUri"', b'"boundingBoxAnnotations"'), _vertex),
    Dialect("Azure ML", (b'"topX"', b'"bottomY"'), _azure),
    Dialect("Labelbox", (b'"data_row"', b'"projects"'), _labelbox),
    Dialect("Labelbox", (b'"External ID"', b'"Label"'), _labelbox_old),
    Dialect("CrowdHuman", (b'"gtboxes"', b'"fbox"'), _crowd_human),
    Dialect("VoTT", (b'"assets"', b'"regions"', b'"boundingBox"'), _vott, "assets"),
    Dialect("SuperAnnotate", (b'"instances"', b'"className"', b'"metadata"'), _super_annotate),
    # Files of pictures without objects have fewer signs; where most are such they are read all the same.
    Dialect("SuperAnnotate", (b'"instances"', b'"metadata"', b'"tags"', b'"comments"'), _super_annotate),
    Dialect("V7 Darwin", (b'"item"', b'"slot_names"', b'"annotations"'), _darwin),
    Dialect("V7 Darwin", (b'"item"', b'"slots"', b'"annotations"'), _darwin),
    Dialect("Hasty", (b'"label_classes"', b'"image_name"', b'"class_name"'), _hasty, "images"),
    Dialect("PaliGemma", (b'"prefix"', b'"suffix"', b"<loc0"), _pali_gemma),
    Dialect("Florence-2", (b'"prefix"', b'"suffix"', b"<loc_"), _florence),
)
"""The services that are known, and two language models that are taught in such lines."""
