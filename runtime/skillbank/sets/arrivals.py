"""What a label job leaves for its set: the list of its pictures, and its findings line by line."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import sqlalchemy as sa

from skillbank.errors import DataError
from skillbank.sets.derived import parts
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Corners, PictureRow, Run
from skillbank.sets.objects import Finding, Wanted, objects
from skillbank.sets.tables import PICTURES
from skillbank.stored import asking

__all__ = ["PROPOSALS", "Listed", "line_of", "list_of", "listed", "numbers_in", "take_in"]

PROPOSALS = "proposals.jsonl"
_BATCH = 64
_LONGEST = 16 << 20
"""Bytes of a line; no model finds as much in a picture."""
_MOST_NUMBER = (1 << 31) - 1


class Listed(NamedTuple):
    """A picture as a job is told of it."""

    number: int
    name: str
    place: str
    sha256: str
    width: int
    height: int
    deep: str | None = None
    levels: tuple[float, float] | None = None


class _Found(NamedTuple):
    phrase: str
    score: float
    box: Corners


class _Line(NamedTuple):
    """What a line tells of a picture: None of one that cannot be looked at."""

    number: int
    sha256: str
    found: list[_Found] | None


def list_of(rows: Iterable[PictureRow]) -> bytes:
    """Return the list of pictures that a job is given, a line of JSON each."""
    fields = ({name: getattr(row, name) for name in Listed._fields} for row in rows)
    return b"".join(json.dumps(each).encode() + b"\n" for each in fields)


def listed(path: Path) -> list[Listed]:
    """Read such a list."""
    try:
        with path.open("rb") as file:
            return [_listed(json.loads(line)) for line in file]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is no list of pictures: {error}") from None


def _listed(said: dict[str, Any]) -> Listed:
    row = Listed(**said)
    return row if row.levels is None else row._replace(levels=(row.levels[0], row.levels[1]))


def line_of(number: int, findings: Sequence[Finding], why: str = "", sha256: str = "") -> bytes:
    """Return what a model has found in a picture, or why it cannot be looked at, as a line of JSON.

    Parameters
    ----------
    sha256
        Of the picture, by which a set knows whether the line is about its own.
    """
    found = [[each.phrase, each.score, *each.box] for each in findings]
    told: dict[str, object] = {"picture": number, "found": found}
    told |= ({"why": why} if why else {}) | ({"sha256": sha256} if sha256 else {})
    return json.dumps(told).encode() + b"\n"


def numbers_in(path: Path) -> set[int]:
    """Return the pictures that a file of findings tells of; a line that was cut off is taken away."""
    if not path.is_file():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return {line.number for line in _lines(whole.splitlines())}


def take_in(
    there: LabelSet, run: Run, path: Path, start: int = 0, seconds: float = math.inf
) -> tuple[int, int]:
    """Take the findings of a job into its set, those that it has not yet.

    Parameters
    ----------
    start
        Bytes of the file that were taken in before.
    seconds
        About how long this may take; the rest is for the next time.

    Returns
    -------
    tuple of int
        How many pictures were taken in, and up to which byte.
    """
    if not path.is_file() or path.stat().st_size <= start:
        return 0, start
    wanted, settings = Wanted.of(run.captions), run.settings
    until, taken = time.monotonic() + seconds, 0
    with path.open("rb") as file:
        file.seek(start)
        while time.monotonic() < until:
            lines, size = _whole(file)
            found = {
                line.number: objects(line.found, wanted, nms=settings["nms"])
                for line in _own(there, list(_lines(lines)))
                if line.found is not None
            }
            taken += there.propose(run, found) if found else 0
            start += size
            if not size:
                break
    return taken, start


def _whole(file: BinaryIO) -> tuple[list[bytes], int]:
    """Return some whole lines, and how many bytes were passed; the rest of a file may be on its way.

    A line that is longer than any model's is passed a piece at a time, however long it is.
    """
    lines: list[bytes] = []
    size = 0
    while len(lines) < _BATCH and size < _LONGEST:
        passed = 0
        while (line := file.readline(_LONGEST)) and not line.endswith(b"\n") and len(line) == _LONGEST:
            passed += len(line)
        if not line.endswith(b"\n"):
            break
        size += passed + len(line)
        lines += [] if passed else [line]
    return lines, size


def _own(there: LabelSet, lines: Sequence[_Line]) -> Iterator[_Line]:
    """Yield the lines that are about pictures of the set: a job may have left others, or another's."""
    known: dict[int, str] = {}
    c = PICTURES.c
    with asking(there.engine) as db:
        for part in parts(line.number for line in lines):
            query = sa.select(c.number, c.sha256).where(c.set_id == there.id, c.number.in_(part))
            known |= {row.number: row.sha256 for row in db.execute(query)}
    for line in lines:
        sha256 = known.get(line.number)
        if sha256 is not None and line.sha256 in ("", sha256):
            yield line


def _lines(lines: Iterable[bytes]) -> Iterator[_Line]:
    """Yield what lines tell; those that are none are passed."""
    for line in lines:
        try:
            document: Any = json.loads(line)
            number, sha256 = int(document["picture"]), str(document.get("sha256", ""))
            found = [
                _Found(str(p), float(s), (float(a), float(b), float(c), float(d)))
                for p, s, a, b, c, d in document["found"]
            ]
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
            continue
        if 0 < number <= _MOST_NUMBER:
            # What is no box must not take away one that is.
            sound = [each for each in found if 0 <= each.score <= 1 and all(map(math.isfinite, each.box))]
            yield _Line(number, sha256, None if document.get("why") else sound)
