"""What a label job leaves for its set: the list of its pictures, and its findings line by line."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from skillbank.errors import DataError
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Corners, PictureRow, Run
from skillbank.sets.objects import Finding, Wanted, objects

__all__ = ["PROPOSALS", "Listed", "line_of", "list_of", "listed", "numbers_in", "take_in"]

PROPOSALS = "proposals.jsonl"
_BATCH = 64


class Listed(NamedTuple):
    """A picture as a job is told of it."""

    number: int
    name: str
    place: str
    sha256: str
    width: int
    height: int


class _Found(NamedTuple):
    phrase: str
    score: float
    box: Corners


def list_of(rows: Iterable[PictureRow]) -> bytes:
    """Return the list of pictures that a job is given, a line of JSON each."""
    fields = ({name: getattr(row, name) for name in Listed._fields} for row in rows)
    return b"".join(json.dumps(each).encode() + b"\n" for each in fields)


def listed(path: Path) -> list[Listed]:
    """Read such a list.

    Raises
    ------
    DataError
        When it cannot be read or is none.
    """
    try:
        with path.open("rb") as file:
            return [Listed(**json.loads(line)) for line in file]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise DataError(f"{path} is no list of pictures: {error}") from None


def line_of(number: int, findings: Sequence[Finding], why: str = "") -> bytes:
    """Return what a model has found in a picture, or why it cannot be looked at, as a line of JSON."""
    found = [[each.phrase, each.score, *each.box] for each in findings]
    return json.dumps({"picture": number, "found": found, **({"why": why} if why else {})}).encode() + b"\n"


def numbers_in(path: Path) -> set[int]:
    """Return the pictures that a file of findings tells of; a line that was cut off is taken away."""
    if not path.is_file():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return {number for number, _ in _lines(whole.splitlines())}


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
            lines = [line for line in islice(file, _BATCH) if line.endswith(b"\n")]
            found = {
                number: objects(each, wanted, nms=settings["nms"])
                for number, each in _lines(lines)
                if each is not None
            }
            taken += there.propose(run, found) if found else 0
            start += sum(map(len, lines))
            if len(lines) < _BATCH:
                break
    return taken, start


def _lines(lines: Iterable[bytes]) -> Iterator[tuple[int, list[_Found] | None]]:
    """Yield pictures and what was found, None of one that cannot be looked at; other lines are passed."""
    for line in lines:
        try:
            document: Any = json.loads(line)
            number = int(document["picture"])
            found = [
                _Found(str(p), float(s), (float(a), float(b), float(c), float(d)))
                for p, s, a, b, c, d in document["found"]
            ]
        except (ValueError, TypeError, KeyError):
            continue
        yield number, None if document.get("why") else found
