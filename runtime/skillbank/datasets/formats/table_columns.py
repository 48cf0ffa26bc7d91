"""Which columns of a table hold picture, class, corners and split, by their names or their contents."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from skillbank.datasets.document import split_of
from skillbank.datasets.formats.numbers import number
from skillbank.datasets.formats.rows import Table, is_blank
from skillbank.datasets.tree import PICTURES

__all__ = ["Columns", "columns_of", "lacking_columns"]

_NOT_LETTERS = re.compile(r"[^a-z0-9]+")


def _words(text: str) -> list[str]:
    return text.split()


_PICTURE = _words(
    "filename file_name image_path img_path filepath file_path image_file image_filename image_name img_name "
    "path image img image_id imageid img_id file frame picture photo patientid"
)
_CLASS = _words(
    "class_name classname label_name category_name class label category cls name object species type "
    "class_id classid label_id category_id annotation_tag tag target"
)
_SPLIT = _words("split subset set partition usage phase")
_LEFT = _words("xmin x_min x1 x_1 left xtl x0 bbox_x1 bbox_xmin bbox_x_min upper_left_corner_x roi_x1")
_TOP = _words("ymin y_min y1 y_1 top ytl y0 bbox_y1 bbox_ymin bbox_y_min upper_left_corner_y roi_y1")
_RIGHT = _words("xmax x_max x2 x_2 right xbr bbox_x2 bbox_xmax bbox_x_max lower_right_corner_x roi_x2")
_BOTTOM = _words("ymax y_max y2 y_2 bottom ybr bbox_y2 bbox_ymax bbox_y_max lower_right_corner_y roi_y2")
_X = ["x", "bbox_x", "box_x", *_LEFT]
_Y = ["y", "bbox_y", "box_y", *_TOP]
_W = _words("w width bbox_w bbox_width box_width box_w")
_H = _words("h height bbox_h bbox_height box_height box_h")
_CX = _words("cx x_center xcenter center_x x_centre")
_CY = _words("cy y_center ycenter center_y y_centre")
_IN_ONE = _words("bbox box bounding_box")
_WIDTH = _words("image_width img_width width_image im_width")
_HEIGHT = _words("image_height img_height height_image im_height")
_UNDIVIDED = "unassigned"


@dataclass(frozen=True)
class Columns:
    """Where things stand in a row.

    Attributes
    ----------
    form
        What the corners are: "xyxy", "xywh" (upper left and size), "cxcywh" (centre and size), "shares"
        (xyxy in shares of the picture's sides) or "centred shares".
    corners
        Four columns, or one that holds all four.
    name
        The class; None where the table has none.
    size
        Width and height of the picture.
    has_header
        Whether the first row names the columns.
    """

    form: str
    picture: int
    corners: tuple[int, ...]
    name: int | None
    split: int | None = None
    size: tuple[int, int] | None = None
    has_header: bool = True

    @property
    def last(self) -> int:
        """The rightmost column that each row needs."""
        return max(self.picture, *self.corners)


def columns_of(table: Table) -> Columns | None:
    """Return the columns of a table of boxes; None where it is none."""
    found = _named(table.first[0]) or _unnamed(table.first)
    if found is not None and found.form == "cxcywh" and _are_shares(table.first[1:], found.corners):
        return replace(found, form="centred shares")
    return found


def lacking_columns(table: Table) -> str:
    """Return which columns of corners a table lacks beside others; empty where it has none or all."""
    said = {_plain(cell) for cell in table.first[0]}
    sides = {"the left": _LEFT, "the top": _TOP, "the right": _RIGHT, "the bottom": _BOTTOM}
    absent = [f"{title} ({names[0]})" for title, names in sides.items() if said.isdisjoint(names)]
    is_one = not said.isdisjoint(_PICTURE) and len(absent) in (1, 2)
    return " and ".join(absent) if is_one and columns_of(table) is None else ""


def _plain(cell: str) -> str:
    return _NOT_LETTERS.sub("_", cell.lower()).strip("_")


def _are_shares(rows: Sequence[Sequence[str]], columns: Sequence[int]) -> bool:
    """Whether the numbers of the first rows are all from 0 to 1, and not all whole."""
    cells = (row[at] for row in rows for at in columns if at < len(row))
    found = [value for cell in cells if not is_blank(cell) and (value := number(cell)) is not None]
    return all(0 <= value <= 1 for value in found) and not all(value.is_integer() for value in found)


class _Header:
    """The names of a table's columns."""

    def __init__(self, cells: Sequence[str]) -> None:
        self._at: dict[str, int] = {}
        for position, cell in enumerate(cells):
            self._at.setdefault(_plain(cell), position)

    def first(self, names: Sequence[str]) -> int | None:
        """Return the column that has the first of some names that is there."""
        return next((self._at[name] for name in names if name in self._at), None)

    def all_of(self, columns: Sequence[Sequence[str]]) -> tuple[int, ...] | None:
        """Return several columns, each by its names; None where one is lacking."""
        found = [at for names in columns if (at := self.first(names)) is not None]
        return tuple(found) if len(found) == len(columns) else None


_BESIDE = (_X, _Y, _W, _H)
_FORMS: tuple[tuple[str, Sequence[Sequence[str]], bool], ...] = (
    ("xyxy", (_LEFT, _TOP, _RIGHT, _BOTTOM), True),
    ("cxcywh", (_CX, _CY, _W, _H), False),
    ("xywh", _BESIDE, False),
    ("xywh", (_IN_ONE,), True),
)
"""Forms of corners with the names of their columns, and whether ``width`` is then that of the picture."""


def _named(cells: Sequence[str]) -> Columns | None:
    header = _Header(cells)
    picture = header.first(_PICTURE)
    has_end = header.first((*_RIGHT, *_BOTTOM)) is not None
    for form, names, plain_size in _FORMS:
        corners = None if names is _BESIDE and has_end else header.all_of(names)
        if picture is not None and corners is not None:
            size = header.all_of((_WIDTH, _HEIGHT))
            if plain_size:
                size = size or header.all_of((["width"], ["height"]))
            sides = (size[0], size[1]) if size is not None else None
            return Columns(form, picture, corners, header.first(_CLASS), header.first(_SPLIT), sides)
    return None


_Row = Sequence[str]
_BARE: tuple[tuple[Callable[[_Row], bool], Columns], ...] = (
    (  # RetinaNet and SKU-110K
        lambda row: len(row) == 6 and _is_picture(row[0]) and _are_corners(row[1:5]),
        Columns("xyxy", 0, (1, 2, 3, 4), 5, has_header=False),
    ),
    (  # Udacity: before the class, whether an object is hidden
        lambda row: len(row) == 7 and _is_picture(row[0]) and _are_corners(row[1:5]) and row[5] in ("0", "1"),
        Columns("xyxy", 0, (1, 2, 3, 4), 6, has_header=False),
    ),
    (
        lambda row: len(row) == 8 and _is_picture(row[0]) and _are_corners([*row[1:5], *row[6:]]),
        Columns("xyxy", 0, (1, 2, 3, 4), 5, size=(6, 7), has_header=False),
    ),
    (  # Make Sense: class, upper left and size, picture and its size
        lambda row: len(row) == 8 and _is_picture(row[5]) and _are_corners([*row[1:5], *row[6:]]),
        Columns("xywh", 5, (1, 2, 3, 4), 0, size=(6, 7), has_header=False),
    ),
    (  # Google: split, picture, class and shares
        lambda row: (
            len(row) in (10, 11) and _is_split(row[0]) and _is_picture(row[1]) and _are_corners(row[3:5])
        ),
        Columns("shares", 1, (3, 4, 7, 8), 2, split=0, has_header=False),
    ),
)
"""What a row is like in the tables that tools write without a header, and where things stand in it."""


def _unnamed(rows: Sequence[_Row]) -> Columns | None:
    """Return the columns of a table whose rows are all like those of one tool."""
    return next((columns for is_like, columns in _BARE if all(map(is_like, rows))), None)


def _is_picture(cell: str) -> bool:
    return cell.lower().endswith(PICTURES)


def _is_split(cell: str) -> bool:
    return split_of(cell) is not None or cell.lower() == _UNDIVIDED


def _are_corners(cells: Sequence[str]) -> bool:
    return all(number(cell) is not None or is_blank(cell) for cell in cells)
