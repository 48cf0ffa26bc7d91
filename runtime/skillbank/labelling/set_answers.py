"""Pictures of a set through the engine: read by some threads, asked about while others are on their way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from skillbank.errors import SkillbankError
from skillbank.labelling.engine import BATCH, Answer, Engine, PictureError
from skillbank.labelling.engine_documents import PictureDocument
from skillbank.labelling.findings import Finding, Labelled
from skillbank.labelling.tiles import OFF
from skillbank.sets.brightness import is_scaled
from skillbank.sets.content import Pictured, content_of
from skillbank.ways import Sentence

__all__ = ["Answered", "answers", "pixels_of"]

_UNDER_WAY = 3 * BATCH
_READERS = 4


@dataclass(frozen=True)
class Answered:
    """What was found in a picture, or why it cannot be looked at: half a sentence that goes on after "is".

    Attributes
    ----------
    document
        The engine's answer; empty where there is none.
    """

    row: Pictured
    findings: tuple[Finding, ...] = ()
    document: PictureDocument = field(default_factory=PictureDocument)
    why: str = ""


def pixels_of(row: Pictured) -> dict[str, list[float]] | None:
    """Return how the engine is to scale a picture, where its model keeps no scale; None of 8 bits."""
    return {row.deep: list(row.levels)} if row.levels and row.deep and is_scaled(row) else None


def answers(
    engine: Engine,
    rows: Iterable[Pictured],
    captions: Sequence[str],
    *,
    least: float,
    nms: float,
    tiles: str = OFF,
) -> Iterator[Answered]:
    """Yield what is found in pictures, in their order.

    Parameters
    ----------
    least
        Least score of what is found.
    nms
        Most overlap of boxes of one caption; boxes of different captions are all there.
    tiles
        As `skillbank.labelling.tiles.checked_tiles` gives it.

    Raises
    ------
    DataError, PlatformError
        When the engine refuses a caption or ends.
    """
    reading: deque[tuple[Pictured, Future[bytes]]] = deque()
    asked: deque[tuple[Pictured, Future[Answer] | str]] = deque()

    def ask() -> None:
        row, future = reading.popleft()
        try:
            data = future.result()
        except SkillbankError as error:
            asked.append((row, Sentence(f"left out: {error.sentence.marked}")))
            return
        answer = engine.ask(
            data, captions, threshold=least, nms=nms, across=1.0, tiles=tiles, pixels=pixels_of(row)
        )
        asked.append((row, answer))

    with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
        for row in rows:
            reading.append((row, pool.submit(content_of, row)))
            if len(reading) >= _READERS:
                ask()
            if len(asked) >= _UNDER_WAY:
                yield _answered(*asked.popleft())
        while reading:
            ask()
        while asked:
            yield _answered(*asked.popleft())


def _answered(row: Pictured, told: Future[Answer] | str) -> Answered:
    if isinstance(told, str):
        return Answered(row, why=told)
    try:
        document = told.result().document
    except PictureError as error:
        return Answered(row, why=error.sentence)
    if (document["width"], document["height"]) != (row.width, row.height):
        size = f"{document['width']} x {document['height']}"
        return Answered(row, why=f"{size} pixels to the model and {row.width} x {row.height} in the set")
    return Answered(row, Labelled.of(row.name, document).findings, document)
