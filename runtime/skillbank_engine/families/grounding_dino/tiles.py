"""Large pictures looked at piece by piece as well as whole, in tiles that overlap.

A small object of a large picture has few pixels left once the picture is as small as the network sees it; in
a tile it has all of them.  What lies across the border of a tile is whole in a neighbour or in the whole
picture, or else is put together of its pieces, so that it comes out once.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from PIL import Image

from skillbank_engine.families.grounding_dino.overlaps import area, by_phrase
from skillbank_engine.families.grounding_dino.predictor import Detection

AUTO, OFF = "auto", "off"
_OVERLAP = 0.25
_LARGER = 2.0
"""From how many times the network's input on a picture is looked at in tiles, if nobody says otherwise."""
_MOST_TILES = 256
_EDGE = 2.0
"""Pixels from the border of a tile within which a box ends there."""
_COVERED = 0.5
_JOINED = 0.2
_AS_SURE = 0.5
"""Share of its score from which a piece of a box is taken for one, so that boxes are the same however low the
least score is that is asked for."""
_SAME = 0.5
"""Overlap of what two views show, above which it is one object: they draw its box a little differently."""
Box = tuple[int, int, int, int]


def tile_size(said: str, size: tuple[int, int], small: tuple[int, int]) -> tuple[int, int] | None:
    """Width and height of the tiles of a picture; None when it is looked at as a whole alone.

    Parameters
    ----------
    said : str
        ``auto``, ``off`` or ``WxH``.
    size, small : (int, int)
        Width and height of the picture, and as the network sees it.
    """
    if said == OFF:
        return None
    if said != AUTO:
        wide, high = (int(number) for number in said.split("x"))
        return None if wide >= size[0] and high >= size[1] else (wide, high)
    side = max(small)
    if max(size) < _LARGER * side:
        return None
    # No more tiles than can be waited for: larger ones show less of what is small.
    while len(layout(size, (side, side))) > _MOST_TILES:
        side = math.ceil(side * 1.5)
    return side, side


def layout(size: tuple[int, int], tile: tuple[int, int]) -> list[Box]:
    """Corners ``xyxy`` of tiles that cover a picture and overlap by a quarter or more, row by row."""
    columns, rows = (_starts(whole, part) for whole, part in zip(size, tile, strict=True))
    wide, high = min(tile[0], size[0]), min(tile[1], size[1])
    return [(x, y, x + wide, y + high) for y in rows for x in columns]


def _starts(whole: int, part: int) -> list[int]:
    if part >= whole:
        return [0]
    count = 1 + math.ceil((whole - part) / (part * (1 - _OVERLAP)))
    return [round(number * (whole - part) / (count - 1)) for number in range(count)]


def detect_in_tiles(
    image: Image.Image,
    tile: tuple[int, int],
    detect: Callable[[Sequence[Image.Image]], list[list[Detection]]],
    whole: Sequence[Detection],
    least: float,
    at_once: int,
) -> list[Detection]:
    """Look at a picture in tiles, and put together what they and the whole picture show.

    Parameters
    ----------
    image : PIL.Image.Image
        The whole picture.
    tile : (int, int)
        Width and height.
    detect : callable
        Detects in some pictures of one size.
    whole : sequence of Detection
        What the whole picture shows.
    least : float
        Least score of what counts.
    at_once : int
        Most tiles of a pass.

    Returns
    -------
    list of Detection
        Best first; boxes of one object that overlap are still to be told apart by their overlap.
    """
    boxes = layout(image.size, tile)
    views, cut = [[each for each in whole if each.score >= least]], list[Detection]()
    for start in range(0, len(boxes), at_once):
        some = boxes[start : start + at_once]
        for box, found in zip(some, detect([image.crop(box) for box in some]), strict=True):
            views.append([])
            for item in found:
                if item.score < least:
                    continue
                ends = ends_at_border(item.box, box, image.size)
                x, y, *_ = box
                placed = (item.box[0] + x, item.box[1] + y, item.box[2] + x, item.box[3] + y)
                (cut if ends else views[-1]).append(replace(item, box=placed))
    return put_together(once(views), cut)


def ends_at_border(found: Sequence[float], tile: Box, size: tuple[int, int]) -> bool:
    """Whether a box, in pixels of its tile, ends at a border that is not the picture's own."""
    left, top, right, bottom = tile
    inner = (left > 0, top > 0, right < size[0], bottom < size[1])
    apart = (found[0], found[1], right - left - found[2], bottom - top - found[3])
    return any(is_inner and gap <= _EDGE for is_inner, gap in zip(inner, apart, strict=True))


def once(views: Sequence[Sequence[Detection]]) -> list[Detection]:
    """Keep the surest of boxes of one phrase in different views that are one object; best first."""
    seen = sorted(
        ((number, item) for number, found in enumerate(views) for item in found),
        key=lambda each: -each[1].score,
    )
    kept: list[Detection] = []
    of_phrase = by_phrase(item.phrase for _, item in seen)
    for number, item in seen:
        others = of_phrase[item.phrase]
        shared = others.shared(item.box)
        one = shared > _SAME * (others.areas + area(item.box) - shared)
        if not (one & (others.numbers != number)).any():
            kept.append(item)
            others.add(item.box, number)
    return kept


def put_together(sound: Sequence[Detection], cut: Sequence[Detection]) -> list[Detection]:
    """Add to whole boxes what only pieces show; pieces that meet become one box, with the best one's score.

    Parameters
    ----------
    sound : sequence of Detection
        Boxes that end inside of their tile, or of the whole picture.
    cut : sequence of Detection
        Boxes that end at a border of their tile.
    """
    of_phrase = by_phrase(each.phrase for each in sound)
    for each in sound:
        of_phrase[each.phrase].add(each.box, each.score)

    def covered(piece: Detection) -> bool:
        if (there := of_phrase.get(piece.phrase)) is None:
            return False
        sure = there.numbers >= _AS_SURE * piece.score
        return bool((sure & (there.shared(piece.box) >= _COVERED * area(piece.box))).any())

    left = [piece for piece in cut if not covered(piece)]
    joined: list[Detection] = []
    for piece in sorted(left, key=lambda each: -each.score):
        # It may close the gap between others. What is much less sure is a guess, and must not move a box.
        meeting = [each for each in joined if _meet(each, piece) and piece.score >= _AS_SURE * each.score]
        joined = [each for each in joined if each not in meeting]
        joined.append(_union([*meeting, piece]))
    return sorted([*sound, *joined], key=lambda each: -each.score)


def _meet(first: Detection, second: Detection) -> bool:
    smaller = min(area(first.box), area(second.box))
    return first.phrase == second.phrase and _shared(first.box, second.box) >= _JOINED * smaller > 0


def _union(pieces: Sequence[Detection]) -> Detection:
    left, top, right, bottom = zip(*(piece.box for piece in pieces), strict=True)
    best = max(pieces, key=lambda piece: piece.score)
    return replace(best, box=(min(left), min(top), max(right), max(bottom)))


def _shared(first: Sequence[float], second: Sequence[float]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(width, 0.0) * max(height, 0.0)
