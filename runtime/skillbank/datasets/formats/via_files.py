"""The files of VGG Image Annotator, as pictures with regions: JSON, CSV, and the projects of VIA 3."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

import msgspec

from skillbank.datasets.formats.coordinates import numbers
from skillbank.datasets.formats.files import UnreadableError, content, head, json_as
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError
from skillbank.visible import one_line

CellT = TypeVar("CellT")


__all__ = ["ENDINGS", "ViaPicture", "ViaRegion", "is_via", "via_pictures"]

ENDINGS = (".json", ".csv")
_LOOK = 4096
_THIRD = re.compile(rb'"data_format_version"\s*:\s*"3|"vid_list"\s*:')
_HEADER = re.compile(
    rb"#?\s*filename,(file_)?size,file_attributes,region_count,region_id,region_shape_attributes"
)
_THIRD_TABLE = b"# CSV_HEADER = metadata_id,file_list,flags"
_OPTIONS = re.compile(r"^# ATTRIBUTES?\s*=\s*(\{.*\})\s*$")
_PICTURE_TYPE = 2
"""Of the types of VIA 3's files; 4 is a video, 8 a sound."""
_TICKED = 2
"""Of the types of VIA 3's attributes the one of boxes to tick; its value has the numbers of those ticked."""
_EDGES, _RIM = 8, 9
"""A rectangle by the outermost points of an object, and a circle by three points of its rim."""
_SHAPES = {1: "point", 2: "rect", 3: "circle", 4: "ellipse", 5: "polyline", 6: "polyline", 7: "polygon"} | {
    _EDGES: "rect",
    _RIM: "circle",
}
"""Shapes of VIA 3 by their numbers."""
_NUMBERS = {
    "point": ("cx", "cy"),
    "rect": ("x", "y", "width", "height"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
}


class ViaRegion(msgspec.Struct):
    """A region: what its shape is and where, and what was said of it."""

    shape_attributes: object = None
    region_attributes: object = None


class ViaPicture(msgspec.Struct):
    """A picture and its regions."""

    filename: str
    regions: list[ViaRegion] | dict[str, ViaRegion] = []

    def marks(self) -> list[tuple[str, ViaRegion]]:
        """Return the regions, each with its key."""
        if isinstance(self.regions, dict):
            return list(self.regions.items())
        return [(str(number), region) for number, region in enumerate(self.regions)]


class _Project(msgspec.Struct):
    pictures: dict[str, ViaPicture] = msgspec.field(name="_via_img_metadata")


class _Attribute(msgspec.Struct):
    aname: str = ""
    options: dict[str, object] = {}
    type: int | str = 1


class _File(msgspec.Struct):
    fname: str = ""
    src: str = ""
    type: int = _PICTURE_TYPE


class _View(msgspec.Struct):
    fid_list: list[int | str] = []


class _Mark(msgspec.Struct):
    vid: int | str = ""
    xy: list[object] = []
    av: dict[str, object] = {}


class _Third(msgspec.Struct):
    """A project of VIA 3: marks belong to views, and views show files."""

    attribute: dict[str, _Attribute] = {}
    file: dict[str, _File] = {}
    view: dict[str, _View] = {}
    metadata: dict[str, _Mark] = {}


def is_via(tree: Tree, name: str) -> bool:
    """Whether a file is one of VIA's, by its first bytes."""
    start = head(tree.path(name), _LOOK)
    if name.lower().endswith(".csv"):
        return _HEADER.match(start) is not None or _THIRD_TABLE in start
    if start.lstrip()[:1] != b"{":
        return False
    if _THIRD.search(start) and b'"pid"' in start:
        return True
    return b'"_via_' in start or (
        b'"filename"' in start and (b'"shape_attributes"' in start or b'"file_attributes"' in start)
    )


def via_pictures(tree: Tree, file: str) -> dict[str, ViaPicture]:
    """Return the pictures of a file by their keys in it."""
    try:
        raw = content(tree.path(file))
        if file.lower().endswith(".csv"):
            return _table(raw.decode())
        if _THIRD.search(raw[:_LOOK]):
            return _third(json_as(raw, _Third))
        try:
            return json_as(raw, _Project).pictures
        except UnreadableError:
            return json_as(raw, dict[str, ViaPicture])
    except UnreadableError as error:
        raise DataError(f"{tree.path(file)} {error}: correct it, or export it again") from None


def _table(text: str) -> dict[str, ViaPicture]:
    """Read a table: of VIA 1 and 2 a row a region, of VIA 3 a row a mark behind lines that begin with #."""
    if "CSV_HEADER" in text[:_LOOK]:
        return _third(_third_table(text))
    pictures: dict[str, ViaPicture] = {}
    for line, row in _rows(text.removeprefix("#").lstrip().splitlines()[1:], 2):
        if len(row) < 7:
            raise UnreadableError(f"has fewer than seven cells in line {line}")
        regions = pictures.setdefault(row[0], ViaPicture(row[0], [])).regions
        shape = _cell(row[5], dict, line)
        if shape and isinstance(regions, list):  # a picture without regions has a row, whose shape is empty
            regions.append(ViaRegion(shape, _cell(row[6], dict, line)))
    return pictures


def _third_table(text: str) -> _Third:
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line and line[0] != "#"), len(lines))
    said = next((found[1] for line in lines[:first] if (found := _OPTIONS.match(line))), "{}")
    named = json_as(said.encode(), dict[str, _Attribute | str])
    project = _Third(
        {key: _Attribute(each) if isinstance(each, str) else each for key, each in named.items()}
    )
    for line, row in _rows(lines[first:], first + 1):
        if len(row) < 6:
            raise UnreadableError(f"has fewer than six cells in line {line}")
        names = [str(each) for each in _cell(row[1], list, line)]
        view = ", ".join(names)
        project.view[view] = _View(list(names))
        project.file.update({each: _File(each, each, _type_of(each)) for each in names})
        mark = _Mark(view, _cell(row[4], list, line), _cell(row[5], dict, line))
        project.metadata[f"line {line}"] = mark
    return project


def _type_of(name: str) -> int:
    moving = (".mp4", ".webm", ".ogv", ".mov", ".avi", ".mkv", ".mp3", ".wav", ".ogg")
    return 4 if name.lower().endswith(moving) else _PICTURE_TYPE


def _rows(lines: list[str], first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO("\n".join(lines), newline=""))
    try:
        for row in reader:
            if any(row):
                yield reader.line_num + first - 1, row
    except csv.Error as error:
        raise UnreadableError(f"is no table ({one_line(error, 60)})") from None


def _cell(text: str, kind: type[CellT], line: int) -> CellT:
    """Return what a cell holds as JSON: a document, or a list."""
    try:
        value = json.loads(text or ("{}" if kind is dict else "[]"))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise UnreadableError(f"holds a cell in line {line} that is no JSON ({one_line(text, 40)})")
    return value


def _third(project: _Third) -> dict[str, ViaPicture]:
    """Return the pictures of a project of VIA 3, where marks without a shape speak of a whole picture."""
    moving = [one_line(each.fname, 60) for each in project.file.values() if each.type != _PICTURE_TYPE]
    if moving:
        raise UnreadableError(f"marks videos or sounds ({moving[0]}), and only pictures are read")
    pictures = dict(_shown(project))
    for mark in project.metadata.values():
        picture = pictures.get(str(mark.vid))
        if picture is not None and mark.xy and isinstance(picture.regions, list):
            said = dict(_said(mark.av, project.attribute))
            picture.regions.append(ViaRegion(_shape(mark.xy), said))
    return pictures


def _shown(project: _Third) -> Iterator[tuple[str, ViaPicture]]:
    """Yield each view with the picture that it shows."""
    for view, shown in project.view.items():
        files = [project.file[str(each)] for each in shown.fid_list if str(each) in project.file]
        if len(files) > 1:
            raise UnreadableError(f"compares pictures (view {one_line(view, 20)} shows several)")
        if files:
            yield view, ViaPicture(files[0].fname or files[0].src, [])


def _said(values: Mapping[str, object], attributes: Mapping[str, _Attribute]) -> Iterator[tuple[str, object]]:
    """Yield name and value of what is said of a mark; of what was chosen or ticked the words."""
    for key, value in values.items():
        attribute = attributes.get(key, _Attribute())
        if attribute.options and isinstance(value, str):
            chosen = value.split(",") if attribute.type == _TICKED else [value]
            value = {str(attribute.options.get(each) or each): True for each in chosen if each}
        yield attribute.aname or key, value


def _shape(xy: list[object]) -> dict[str, object]:
    """Return a shape of VIA 3, which has its number in front, as VIA 2 has it."""
    number, *rest = xy
    kind = _SHAPES.get(number, f"shape {number}") if isinstance(number, int) else "nothing"
    if number == _EDGES and len(rest) == 8:
        kind = "polygon"
    if number == _RIM and len(rest) == 6:
        rest = [*_centred(numbers(rest) or [])]
    if kind in _NUMBERS:
        return {"name": kind, **dict(zip(_NUMBERS[kind], rest, strict=False))}
    return {"name": kind, "all_points_x": rest[::2], "all_points_y": rest[1::2]}


def _centred(rim: list[float]) -> list[float]:
    """Return centre and radius of the circle through three points; nothing where they lie on a line."""
    if len(rim) != 6:
        return []
    ax, ay, bx, by, cx, cy = rim
    twice = 2 * (ax * (by - cy) + bx * (cy - ay) + cx * (ay - by))
    if not twice:
        return []
    a, b, c = ax * ax + ay * ay, bx * bx + by * by, cx * cx + cy * cy
    x = (a * (by - cy) + b * (cy - ay) + c * (ay - by)) / twice
    y = (a * (cx - bx) + b * (ax - cx) + c * (bx - ax)) / twice
    return [x, y, math.hypot(ax - x, ay - y)]
