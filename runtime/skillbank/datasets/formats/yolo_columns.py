"""What stands behind the four numbers of a box in YOLO's labels, where no data.yaml says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from skillbank.datasets.formats.numbers import number
from skillbank.datasets.texts import read_text
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError

__all__ = ["KEY_POINTS", "TRACKS", "behind_boxes"]

KEY_POINTS = "its key points"
TRACKS = "its confidence and the number of its track"
_FILES, _LINES = 60, 2000
_ENOUGH, _MANY = 3, 10
"""So many lines tell; of eight numbers, as four corners have, more."""
_CORNERS = 8
_MOSTLY = 0.8
"""Of many lines the share that tells."""
_SLACK = 0.02


def behind_boxes(tree: Tree, files: Iterator[str]) -> tuple[str, str]:
    """Return what follows each box, as it is called in a sentence, and a note; empty where lines do not tell.

    Outlines of many shapes have many lengths, and do not begin with a box that most of their other points lie
    in; nor is every third of their numbers 0, 1 or 2, which says whether a key point is seen.
    """
    lines = list(islice(_long_lines(tree, files), _LINES))
    if len({len(values) for values in lines}) != 1:
        return "", ""
    count = len(lines[0])
    if behind := _behind(lines, count):
        return behind, f"lines of labels are taken for a box and {behind}, by what all have in common"
    if len(lines) >= _ENOUGH and count > _CORNERS:
        return "", (
            f"all outlines in the labels have {count} numbers, which is rare: if they are a box and "
            "key points, give data.yaml its kpt_shape"
        )
    return "", ""


def _behind(lines: Sequence[list[float]], count: int) -> str:
    """Return what follows the box of lines of so many numbers; nothing where they do not tell."""
    enough = _MANY if count == _CORNERS else _ENOUGH
    if len(lines) >= enough and (all(map(_are_seen, lines)) or _inside(lines)):
        return KEY_POINTS
    is_track = count == 6 and all(map(_is_track, lines)) and any(values[5] > 1 for values in lines)
    return TRACKS if is_track else ""


def _long_lines(tree: Tree, files: Iterator[str]) -> Iterator[list[float]]:
    """Yield the numbers behind the class of lines that hold more than a box and a confidence."""
    for file in islice(files, _FILES):
        try:
            text = read_text(tree.path(file))
        except DataError:
            continue
        for line in text.splitlines():
            values = [number(each) for each in line.split()[1:]]
            found = [value for value in values if value is not None]
            if len(found) > 5 and len(found) == len(values):
                yield found


def _is_track(values: Sequence[float]) -> bool:
    return values[5] >= 0 and values[5].is_integer() and 0 <= values[4] <= 1


def _are_seen(values: Sequence[float]) -> bool:
    """Whether points of three numbers each stand behind a box, wherever they lie: a 2 is no share."""
    seen = values[6::3]
    return (len(values) - 4) % 3 == 0 and set(seen) <= {0, 1, 2} and (2 in seen or not any(values[4:]))


def _inside(lines: Sequence[Sequence[float]]) -> bool:
    """Whether the points behind boxes lie in them; of many lines a few reach out, an arm or a leg."""
    most = 1.0 if len(lines) < _MANY else _MOSTLY
    return any(sum(_holds(each, step) for each in lines) >= most * len(lines) for step in (2, 3))


def _holds(values: Sequence[float], step: int) -> bool:
    """Whether the points behind a box, of so many numbers each, lie in it; a hidden one stands at 0."""
    x, y, width, height = values[:4]
    rest = values[4:]
    if len(rest) % step or max(map(abs, values[:4])) > 1 + _SLACK:
        return False
    if step == 3 and any(seen not in (0, 1, 2) for seen in rest[2::3]):
        return False
    points = [(rest[at], rest[at + 1]) for at in range(0, len(rest), step)]
    return all(
        (px == 0 and py == 0) or (abs(px - x) <= width / 2 + _SLACK and abs(py - y) <= height / 2 + _SLACK)
        for px, py in points
    )
