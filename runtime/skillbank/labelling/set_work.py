"""Pictures on their way through a model into a label set: added, asked about, and kept a batch at a time."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator

from skillbank.descriptions import same
from skillbank.labelling.buckets import Brought
from skillbank.labelling.engine import Engine
from skillbank.labelling.remarks import Remarks
from skillbank.labelling.set_answers import Answered, answers
from skillbank.labelling.set_pictures import Scanned
from skillbank.labelling.set_result import SetLabels
from skillbank.sets.brightness import is_scaled
from skillbank.sets.found import Widened
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import PictureRow, Proposal
from skillbank.sets.objects import Wanted, objects

__all__ = ["Work", "by_content"]

_BATCH = 32
"""Pictures of one transaction: so many are looked at again after a crash."""
_SECONDS = 2.0
"""Time after which a batch is kept, full or not."""
_PAGE = 1000


class Work:
    """Pictures on their way through the model into the set."""

    def __init__(
        self,
        there: LabelSet,
        labels: SetLabels,
        engine: Engine,
        unreviewed: bool,
        who: str,
        brought: Brought,
    ) -> None:
        self._set, self._labels, self._engine = there, labels, engine
        self._unreviewed, self._who, self._brought = unreviewed, who, brought
        self._wanted = Wanted.of(labels.run.captions)
        self.remarks = Remarks()
        self.found: set[str] = set()
        self._scale, self._again = there.scale(), 0

    def adding(
        self, chunks: Iterable[Scanned], missing: dict[int, PictureRow], known: dict[str, PictureRow]
    ) -> Iterator[PictureRow]:
        """Add pictures to the set, and yield those that the model has not looked at.

        Those whose scale is that of the set come last, when all are there that it follows from.
        """
        before, met, late = {row.number for row in known.values()}, set[int](), set[int]()
        for chunk in chunks:
            self._labels.left_out += [(self._brought.said(path), why) for path, why in chunk.left_out]
            added = self._set.add_pictures(self._brought.placed(chunk.found), self._who)
            self._labels.new += len(added.new)
            self._again += sum(each.again for each in added.widened)
            if added.moved or any(picture.sha256 not in known for picture in chunk.found):
                by_content(self._set, known, anew=bool(added.moved))
            for picture in chunk.found:
                row = known[picture.sha256]
                if row.number in met:
                    self._labels.repeated += 1
                elif row.number in before and row.number not in missing:
                    self._labels.known += 1
                elif is_scaled(row):
                    late.add(row.number)
                else:
                    yield row
                met.add(row.number)
        yield from self._scaled(late)

    def _scaled(self, late: set[int]) -> Iterator[PictureRow]:
        """Yield what has the scale of the set: all of it where that changed, else those that are late."""
        if late or self._again:
            for row in self._set.missing(self._labels.run, unreviewed=self._unreviewed):
                if is_scaled(row) and (row.number in late or self._again):
                    yield row

    def widened(self) -> Iterator[str]:
        """Say where the scale of pictures that were there before is another now."""
        for kind, now in self._set.scale().items():
            if (before := self._scale.get(kind, now)) != now:
                yield Widened(before, now, self._again).sentence

    def labelled(self, rows: Iterator[PictureRow]) -> Generator[None]:
        """Ask about pictures and keep the answers; yield after each."""
        pending: dict[int, list[Proposal]] = {}
        since = time.monotonic()
        settings = self._labels.run.settings
        bounds = {name: settings[name] for name in ("least", "nms", "tiles")}
        asked = answers(self._engine, rows, self._wanted.captions, **bounds)
        try:
            for answered in asked:
                if answered.why:
                    self._labels.left_out.append((answered.row.place or answered.row.name, answered.why))
                else:
                    pending[answered.row.number] = self._objects(answered)
                    self._labels.labelled += 1
                if len(pending) >= _BATCH or time.monotonic() - since > _SECONDS:
                    self._keep(pending)
                    since = time.monotonic()
                yield
        finally:
            self._keep(pending)

    def _objects(self, answered: Answered) -> list[Proposal]:
        self.remarks.take(answered.row.name, answered.document, answered.row.levels)
        found = objects(answered.findings, self._wanted, nms=self._labels.run.settings["nms"])
        self.found.update(same(each.caption) for each in found)
        return found

    def _keep(self, pending: dict[int, list[Proposal]]) -> None:
        if pending:
            self._set.propose(self._labels.run, pending)
            pending.clear()


def by_content(there: LabelSet, known: dict[str, PictureRow], *, anew: bool = False) -> dict[str, PictureRow]:
    """Fill in the pictures of a set by their content, those behind the ones that are known."""
    last = None if anew or not known else max(row.number for row in known.values())
    while page := there.pictures(order="number", after=last, limit=_PAGE):
        known |= {row.sha256: row for row in page}
        last = page[-1].number
    return known
