"""Labelling into a label set: proposals are kept as they come, and the same command does what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.descriptions import advice_for, same
from skillbank.errors import DataError, UsageError, did_you_mean
from skillbank.labelling.batch import load
from skillbank.labelling.buckets import Brought
from skillbank.labelling.engine import Engine
from skillbank.labelling.models import Model, find_model, model_digest, open_engine
from skillbank.labelling.pictures import see_that_they_are_there
from skillbank.labelling.remarks import Remarks
from skillbank.labelling.set_answers import Answered, answers
from skillbank.labelling.set_classes import of_other_runs, settled
from skillbank.labelling.set_pictures import Scanned, gathered, scanned
from skillbank.labelling.set_result import Asked, SetLabels
from skillbank.sets.brightness import is_scaled
from skillbank.sets.found import Widened
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, PictureRow, Proposal, RunSpec
from skillbank.sets.objects import LEAST, Wanted, objects
from skillbank.sets.store import SetStore, checked_name
from skillbank.visible import one_line

if TYPE_CHECKING:
    from skillbank.facade.starting import Starting
    from skillbank.labelling.set_job import Start

__all__ = ["label_set"]

_BATCH = 32
"""Pictures of one transaction: so many are looked at again after a crash."""
_SECONDS = 2.0
"""Time after which a batch is kept, full or not."""
_PAGE = 1000
Told = Callable[[int, int], None]


def label_set(
    runtime: Starting,
    name: str,
    *,
    images: Sequence[Path] = (),
    brought: Brought | None = None,
    classes: Sequence[ClassSpec] = (),
    model: str | None = None,
    unreviewed: bool = False,
    asked: Asked | None = None,
    every: int | None = None,
    detach: bool = False,
    begin: Start | None = None,
    who: str,
    told: Told = lambda done, total: None,
) -> SetLabels:
    """Let a model look at pictures and keep what it finds in a label set, a batch at a time.

    Whatever ends the work early loses a batch at most; the same call goes on where it was. What people have
    decided stays as it is.

    Parameters
    ----------
    images
        Pictures, folders and videos, which come into the set; by default the pictures that are in it.
    brought
        Pictures of buckets, which come into the set as they lie there.
    classes
        Come into the set beside its own, and all of them are looked for.
    model
        See `skillbank.labelling.models.find_model`.
    unreviewed
        Leave out pictures that a person has reviewed.
    every
        Of how many frames of a video one becomes a picture.
    detach
        Let a job look at the pictures, and return when it has started; while one works there is no second.
    begin
        Starts the job; may ask a person, and raise `NotApprovedError` when all but the job is done.
    told
        Called with how many pictures are done and how many there are; first when the model is loaded.

    Raises
    ------
    UsageError, DataNotFoundError, SetNotFoundError, JobNotFoundError, ParentError, PlatformError, DataError
        When there is nothing to look for, no picture, no such set, no model or no engine.

    Examples
    --------
    >>> from skillbank import Runtime
    >>> from skillbank.sets.ontology import read_classes
    >>> classes = read_classes(["round = red circle | blue circle"]).classes
    >>> with Runtime() as runtime:
    ...     try:
    ...         label_set(runtime, "signs", images=[Path("no/such/folder")], classes=classes, who="ann")
    ...     except SkillbankError as error:
    ...         print(error.code)
    data_not_found
    """
    see_that_they_are_there(images)
    brought = brought or Brought()
    images = [*images, *brought.paths]
    wishes, found = asked or Asked(), find_model(runtime, model)
    there = _open(runtime.sets, name, may_lack=bool(images))
    change = settled(name, there.classes() if there else (), classes)
    if not change.put and not (there and there.classes()):
        raise UsageError(
            f"{name} has no class; say what to find, as in 'exit = red exit sign | green exit sign'."
        )
    given = gathered(images, every)
    known = _by_content(there, {}) if there and given else {}
    with open_engine(found, model) as engine, closing(scanned(given, known)) as chunks:
        first = next(chunks, None)  # while the model is loaded
        load(engine, model)
        if first is not None and not first.found:
            raise _no_picture(first)
        notes = [*_beside(runtime.sets, name, there), *change.notes]
        made = there is None
        if there is None:
            there = runtime.sets.create(name, change.put, who=who)
        elif change.put:
            there.set_classes(change.put, who)
        spec = _run_spec(found, there, wishes, engine, who)
        run = there.start_run(spec)
        labels = SetLabels(name, run, there.summary(), tuple(c.spec for c in there.classes()), made)
        work = _Work(there, labels, engine, unreviewed, who, brought)
        missing = {row.number: row for row in there.missing(run, unreviewed=unreviewed)}
        total = len(given) or len(missing)
        told(0, total)
        adding = work.adding(chain([first] if first else [], chunks), missing, known)
        rows = adding if given else iter(missing.values())
        waiting = list(rows) if detach else []
        with closing(work.labelled(iter(()) if detach else rows)) as answered:
            for _ in answered:
                told(min(total, labels.done), total)
        engine.finish()  # it ends while the rest is kept
        if detach:
            from skillbank.labelling.set_job import launch, under_way

            if working := under_way(runtime, run):
                notes.append(
                    f"{working.id} labels pictures of {name} already; repeat this when it has ended."
                )
            record = working or launch(runtime, name, run, found.source, waiting, begin)
            labels.job = record.id
            labels.run = there.start_run(replace(spec, job=labels.job))
        notes += of_other_runs(name, there.classes(), run)
        labels.notes += [
            *notes,
            *work.widened(),
            *work.remarks.sentences(),
            *_nothing_found(labels, work.found),
        ]
        if not detach and next(there.missing(run, unreviewed=unreviewed), None) is None:
            there.finish_run(run, who)
        labels.summary = there.summary()
    return labels


class _Work:
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
                _by_content(self._set, known, anew=bool(added.moved))
            for picture in chunk.found:
                row = known[picture.sha256]
                if row.number in met:
                    self._labels.repeated += 1
                elif row.number in missing or row.number not in before:
                    if is_scaled(row):
                        late.add(row.number)
                    else:
                        yield row
                else:
                    self._labels.known += 1
                met.add(row.number)
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


def _open(sets: SetStore, name: str, *, may_lack: bool) -> LabelSet | None:
    checked_name(name)
    return None if may_lack and name not in sets else sets.open(name)


def _by_content(
    there: LabelSet, known: dict[str, PictureRow], *, anew: bool = False
) -> dict[str, PictureRow]:
    """Fill in the pictures of a set by their content, those behind the ones that are known."""
    last = None if anew or not known else max(row.number for row in known.values())
    while page := there.pictures(order="number", after=last, limit=_PAGE):
        known |= {row.sha256: row for row in page}
        last = page[-1].number
    return known


def _run_spec(found: Model, there: LabelSet, wishes: Asked, engine: Engine, who: str) -> RunSpec:
    about = engine.about
    threshold = about["threshold"] if wishes.threshold is None else wishes.threshold
    return RunSpec(
        model=found.name,
        model_sha256=model_digest(found.source) or found.name,
        classes=tuple(each.spec for each in there.classes()),
        nms=about["nms"] if wishes.nms is None else wishes.nms,
        across=about["across"] if wishes.across is None else wishes.across,
        tiles=wishes.tiles,
        least=min(LEAST, threshold),
        threshold=threshold,
        who=who,
        source=found.source,
    )


def _no_picture(scanned: Scanned) -> DataError:
    path, why = scanned.left_out[0]
    others = len(scanned.left_out) - 1
    more = f", nor can the other {others}" if others else ""
    return DataError(f"{path} is {why}{more}.")


def _beside(sets: SetStore, name: str, there: LabelSet | None) -> Iterator[str]:
    """Say that a set was made whose name is nearly that of another."""
    if there is None and (near := did_you_mean(name, sets.names())):
        yield f"The label set {name} is new{near}."


def _nothing_found(labels: SetLabels, found: set[str]) -> Iterator[str]:
    """Say which captions found nothing and may be several."""
    for each in labels.classes if labels.labelled else ():
        for caption in each.captions:
            if same(caption) not in found and advice_for(caption):
                yield (
                    f"Nothing was found for '{one_line(caption)}' of '{one_line(each.name)}', which was "
                    "taken as one caption; put | between several."
                )
