"""Labelling into a label set: proposals are kept as they come, and the same command does what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from skillbank.labelling.pictures import passed_over, see_that_they_are_there
from skillbank.labelling.set_classes import Settled, of_other_runs, settled
from skillbank.labelling.set_pictures import Scanned, gathered, scanned
from skillbank.labelling.set_result import Asked, SetLabels
from skillbank.labelling.set_work import Work, by_content
from skillbank.lazy_imports import lazy_imports
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, Run, RunSpec
from skillbank.sets.objects import LEAST
from skillbank.sets.store import SetStore, checked_name
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.labelling import set_job

if TYPE_CHECKING:
    from skillbank.facade.starting import Starting
    from skillbank.jobs.record import JobRecord
    from skillbank.labelling.set_job import Start

__all__ = ["label_set"]

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
    change = _change(name, there, classes)
    given = gathered(images, every)
    known = by_content(there, {}) if there and given else {}
    opening = open_engine(found, model, precision=wishes.named)
    with opening as engine, closing(scanned(given, known)) as chunks:
        first = next(chunks, None)  # while the model is loaded
        load(engine, model)
        _refuse_unreadable(first)
        notes = [*passed_over(images), *_beside(runtime.sets, name, there), *change.notes]
        made = there is None
        there = _with_classes(runtime.sets, name, there, change, who)
        spec = _run_spec(found, there, wishes, engine, who)
        run = there.start_run(spec)
        labels = SetLabels(name, run, there.summary(), spec.classes, made)
        work = Work(there, labels, engine, unreviewed, who, brought)
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
            working = set_job.under_way(runtime, run)
            notes += _at_work(name, working)
            labels.job = (working or set_job.launch(runtime, name, run, found.source, waiting, begin)).id
            labels.run = there.start_run(replace(spec, job=labels.job))
        notes += of_other_runs(name, there.classes(), run)
        labels.notes += [
            *notes,
            *engine.notes,
            *work.widened(),
            *work.remarks.sentences(),
            *_nothing_found(labels, work.found),
        ]
        if not detach:
            _finish(there, run, unreviewed, who)
        labels.summary = there.summary()
    return labels


def _open(sets: SetStore, name: str, *, may_lack: bool) -> LabelSet | None:
    checked_name(name)
    return None if may_lack and name not in sets else sets.open(name)


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
        precision=wishes.named,
        least=min(LEAST, threshold),
        threshold=threshold,
        who=who,
        source=found.source,
    )


def _change(name: str, there: LabelSet | None, asked: Sequence[ClassSpec]) -> Settled:
    """Return what a command changes of a set's classes; there has to be one to look for."""
    before = there.classes() if there else ()
    change = settled(name, before, asked)
    if not change.put and not before:
        raise UsageError(
            f"{name} has no class; say what to find, as in 'exit = red exit sign | green exit sign'."
        )
    return change


def _with_classes(sets: SetStore, name: str, there: LabelSet | None, change: Settled, who: str) -> LabelSet:
    """Return the set with its classes, a new one where there is none."""
    if there is None:
        return sets.create(name, change.put, who=who)
    if change.put:
        there.set_classes(change.put, who)
    return there


def _at_work(name: str, job: JobRecord | None) -> Iterator[str]:
    """Say that a job labels the pictures of a set already."""
    if job is not None:
        yield f"{job.id} labels pictures of {name} already; repeat this when it has ended."


def _refuse_unreadable(first: Scanned | None) -> None:
    """Refuse pictures of which the first ones cannot be read."""
    if first is not None and not first.found:
        path, why = first.left_out[0]
        others = len(first.left_out) - 1
        more = f", nor can the other {others}" if others else ""
        raise DataError(f"{path} is {why}{more}.")


def _finish(there: LabelSet, run: Run, unreviewed: bool, who: str) -> None:
    """Say of a run that it is over, when no picture is left for it."""
    if next(there.missing(run, unreviewed=unreviewed), None) is None:
        there.finish_run(run, who)


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
