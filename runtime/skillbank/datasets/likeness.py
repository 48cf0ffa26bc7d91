"""Which pictures look the same: small copies of them compared, without comparing each with every other.

Copies that were stored again, made smaller or turned by their EXIF differ by a few grey levels; pictures of
one camera differ more wherever something moved. Candidates come from the main axes in which the pictures of
this data set differ, cut into cells several times over: those that share a cell are looked at, of crowded
cells only neighbours, so that the work grows with the number of pictures and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skillbank.datasets.looks import COLOURS, EDGE, SMALL
from skillbank.datasets.progress import Progress, Step

__all__ = ["Likeness", "groups"]

_GREY = EDGE * EDGE
_SLOPES = _GREY + 3 * COLOURS * COLOURS
"""Where the bits of slopes begin."""
_MOST = 12.0
"""Levels of grey by which one place may differ in pictures that look the same.

Copies of half or double size, of another quality or file format differ by less than 10; of pictures in which
one of a few small things has moved, by 70.
"""
_ROUNDING = 0.01
_MEAN = 5.0
"""Levels by which all places may on average."""
_COLOUR = 32
_PLACES = 24
"""So many places with a slope tell something."""
_AGREED = 0.4
"""Share of the places with a slope in either that must have it in both.

Copies have it at 0.41 and more, most at 0.6; other pages at 0.27, other pieces of a material at 0.11.
"""
_FLAT = 4.0
"""Standard deviation of grey below which a picture shows too little to tell it from another."""
_AXES, _CELLED = 16, 5
_WIDTH = 64.0
"""Of a cell; look-alikes are within a small part of it along each axis."""
_TABLES = 10
_NEIGHBOURS = 40
_FEW = 256
"""So many pictures are compared each with every other."""
_CHUNK = 4096
_SAMPLE = 8192

_Floats: TypeAlias = NDArray[np.float32]
_Ints: TypeAlias = NDArray[np.int64]
_Bools: TypeAlias = NDArray[np.bool_]
_Bytes: TypeAlias = NDArray[np.uint8]


class Likeness:
    """Compares pictures."""

    def __init__(self, small: bytes | bytearray) -> None:
        self._small: _Bytes = np.frombuffer(small, np.uint8).reshape(-1, SMALL)
        self.count = len(self._small)

    def candidates(
        self, report: Progress | None = None, name: str = "look-alikes compared"
    ) -> Iterator[tuple[_Ints, _Ints]]:
        """Yield pairs that may look the same, by index; some come several times, few are never among them.

        Parameters
        ----------
        report
            Told how far the comparison is, in pictures, by the name of what it is for.
        """
        vivid = np.concatenate([self._vivid(part) for part in self._chunks()] or [np.zeros(0, np.bool_)])
        chosen = np.flatnonzero(vivid)
        if len(chosen) <= _FEW:
            first, second = np.triu_indices(len(chosen), 1)
            yield chosen[first], chosen[second]
            return
        axes = self._axes(chosen)
        numbers = np.random.default_rng(0)
        for table in range(_TABLES):
            offset = numbers.uniform(0, _WIDTH, _CELLED)
            cells = np.floor((axes[:, :_CELLED] + offset) / _WIDTH).astype(np.int64)
            key = np.zeros(len(chosen), np.int64)
            for column in cells.T:
                key = key * 100_003 + column
            # Neighbours in a crowded cell: by another mixture of axes each time.
            order = np.lexsort((axes @ numbers.normal(size=(axes.shape[1],)).astype(np.float32), key))
            for step in range(1, _NEIGHBOURS + 1):
                if report is not None:
                    done = (table + (step - 1) / _NEIGHBOURS) / _TABLES
                    report(Step(name, int(done * self.count), self.count))
                first, second = order[:-step], order[step:]
                same = key[first] == key[second]
                if not same.any():
                    break
                first, second = first[same], second[same]
                close = (np.abs(axes[first] - axes[second]) <= _WIDTH).all(1)
                if close.any():
                    yield chosen[first[close]], chosen[second[close]]
        if report is not None:
            report(Step(name, self.count, self.count))

    def candidates_from(self, start: int) -> Iterator[tuple[_Ints, _Ints]]:
        """Yield all pairs of the pictures from ``start`` on with those before each that may look the same.

        The work grows with the product of the two counts, and none is left out: for few new ones among many.
        """
        vivid = np.concatenate([self._vivid(part) for part in self._chunks()] or [np.zeros(0, np.bool_)])
        coarse = np.concatenate([_coarse(part) for part in self._chunks()] or [np.zeros((0, 1), np.float32)])
        for number in range(start, self.count):
            if vivid[number]:
                close = (np.abs(coarse[:number] - coarse[number]) <= _MOST + _ROUNDING).all(1)
                found = np.flatnonzero(close & vivid[:number])
                yield found, np.full(len(found), number)

    def alike(self, first: _Ints, second: _Ints) -> _Bools:
        """Whether the pictures of each pair look the same."""
        found = np.zeros(len(first), np.bool_)
        for start in range(0, len(first), _CHUNK):
            part = slice(start, start + _CHUNK)
            one, other = self._small[first[part]], self._small[second[part]]
            apart = np.abs(one[:, :_SLOPES].astype(np.int16) - other[:, :_SLOPES])
            found[part] = (
                (np.abs(_halved(one) - _halved(other)).max(1) <= _MOST)
                & (apart[:, :_GREY].mean(1) <= _MEAN)
                & (apart[:, _GREY:_SLOPES].max(1) <= _COLOUR)
                & _same_slopes(one[:, _SLOPES:], other[:, _SLOPES:])
            )
        return found

    def _chunks(self) -> Iterator[_Bytes]:
        for start in range(0, self.count, _CHUNK):
            yield self._small[start : start + _CHUNK]

    @staticmethod
    def _vivid(part: _Bytes) -> _Bools:
        return np.asarray(part[:, :_GREY].std(1, dtype=np.float32) >= _FLAT)

    def _axes(self, chosen: _Ints) -> _Floats:
        """Return the places of pictures along the axes in which they differ most."""
        some = chosen[:: max(len(chosen) // _SAMPLE, 1)]
        sample = _halved(self._small[some])
        mean = sample.mean(0)
        _, directions = np.linalg.eigh(np.cov((sample - mean).T))
        main = directions[:, ::-1][:, :_AXES].astype(np.float32)
        parts = [
            (_halved(self._small[chosen[start : start + _CHUNK]]) - mean) @ main
            for start in range(0, len(chosen), _CHUNK)
        ]
        return np.concatenate(parts)


def _same_slopes(one: _Bytes, other: _Bytes) -> _Bools:
    """Whether pictures become brighter and darker at the same places, if they do so at enough of them.

    Pages of text and pieces of one material are alike in every large form and differ here.
    """
    both = np.bitwise_count(one & other).sum(1, dtype=np.int32)
    either = np.bitwise_count(one | other).sum(1, dtype=np.int32)
    return np.asarray((either < _PLACES) | (both >= _AGREED * either))


def _halved(small: _Bytes) -> _Floats:
    """Return the grey of pictures at half its size."""
    half = EDGE // 2
    grey = small[:, :_GREY].reshape(-1, half, 2, half, 2)
    # Sums of four bytes, which are whole; a mean along two short axes takes ten times as long.
    rows = np.add(grey[:, :, 0], grey[:, :, 1], dtype=np.uint16)
    fours = (rows[..., 0] + rows[..., 1]).reshape(-1, half * half)
    return np.asarray(np.multiply(fours, 0.25, dtype=np.float32))


def _coarse(small: _Bytes) -> _Floats:
    """Return the grey of pictures in 4 x 4 places, means of those that `_halved` has."""
    grey = small[:, :_GREY].reshape(-1, 4, EDGE // 4, 4, EDGE // 4)
    return np.asarray(grey.mean((2, 4), dtype=np.float32)).reshape(-1, 16)


def groups(likeness: Likeness, report: Progress | None = None) -> list[int]:
    """Return for each picture the index of the first one in its group of look-alikes, itself where alone.

    Groups are closed: what looks like one of a group belongs to it. ``report`` is told how far it is.
    """
    parent = np.arange(likeness.count)

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = int(parent[index])
        return index

    for first, second in likeness.candidates(report, "near-duplicates grouped"):
        apart = parent[first] != parent[second]
        first, second = first[apart], second[apart]
        same = likeness.alike(first, second)
        for one, other in zip(first[same].tolist(), second[same].tolist(), strict=True):
            low, high = sorted((root(one), root(other)))
            parent[high] = low
    return [root(index) for index in range(likeness.count)]
