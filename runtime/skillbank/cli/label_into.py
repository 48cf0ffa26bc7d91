"""``skillbank label ... --into SET``: what is found goes into a label set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.cli import drawing, options, terminal
from skillbank.cli.approving import approve
from skillbank.cli.label_progress import answer, progress
from skillbank.cli.person import person
from skillbank.errors import DataNotFoundError, UsageError, did_you_mean
from skillbank.labelling.buckets import bring
from skillbank.labelling.set_job import RETRIES
from skillbank.labelling.set_labels import label_set
from skillbank.labelling.tiles import OFF
from skillbank.nearby import at_home, near_path
from skillbank.sets.ontology import Ontology, read_classes
from skillbank.visible import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from skillbank.jobs.record import JobRecord
    from skillbank.labelling.set_result import Asked, SetLabels
    from skillbank.labelling.words import Words
    from skillbank.plan.model import Plan
    from skillbank.runtime import Runtime

__all__ = ["label"]

_UNREVIEWED = "unreviewed"
_OPTION = re.compile(
    r"(text|checkpoint|model|into|classes|only|output|out|format|threshold|nms|nms-across|tiles|precision|every)=\S+"
)


def label(
    into: str,
    said: Words,
    classes: Path | None,
    only: str | None,
    model: str | None,
    asked: Asked,
    every: int | None,
    detach: bool,
    as_json: bool,
) -> None:
    """Label pictures into a set, and say how it stands."""
    if only not in (None, _UNREVIEWED):
        near = did_you_mean(only or "", [_UNREVIEWED])
        raise UsageError(f"--only takes '{_UNREVIEWED}', and not '{one_line(only)}'{near}.")
    for text in said.texts:
        if _OPTION.fullmatch(text):
            name, _, value = text.partition("=")
            raise UsageError(f"'{one_line(text)}' looks like an option; write --{name} {one_line(value)}.")
    if classes is not None and not at_home(classes).is_file():
        raise DataNotFoundError(
            f"There is no file {classes} of classes here{near_path(at_home(classes))}; give its path."
        )
    file = None if classes is None else at_home(classes)
    read = read_classes(said.texts, file) if said.texts or file else Ontology(())
    brought = bring(said.buckets)

    with options.open_runtime(None) as runtime, _going_on(into), progress() as told:
        labels = label_set(
            runtime,
            into,
            images=said.pictures,
            brought=brought,
            classes=read.classes,
            model=model,
            unreviewed=only == _UNREVIEWED,
            asked=asked,
            every=every,
            detach=detach,
            begin=partial(_begin, runtime),
            who=person(),
            told=told,
        )
    answer(labels, (*said.notes, *read.notes, *labels.notes), _view, as_json)


def _begin(runtime: Runtime, plan: Plan) -> JobRecord:
    """Start the job of ``--detach``, which asks for it; the approval code is asked where one is set."""
    launch = {"checkpoint": "auto", "retries": RETRIES, "on_oom": "stop"}
    approved = approve(runtime, [plan], True, False, launch)[plan.plan_id]
    try:
        return runtime.launch(
            plan,
            retries=RETRIES,
            data=approved.data,
            approval=approved.given,
        )
    except BaseException:
        approved.back(runtime)
        raise


@contextmanager
def _going_on(name: str) -> Iterator[None]:
    """Say what an interruption has left."""
    try:
        yield
    except KeyboardInterrupt:
        terminal.warn(f"what was found so far is kept in {name}; the same command goes on from there.")
        raise


def _view(labels: SetLabels) -> RenderableType:
    rows = drawing.table("class", "captions", "objects", "candidates", "decided")
    captions = {each.name: " | ".join(each.captions) for each in labels.classes}
    for each in labels.summary.classes:
        decided = each.accepted + each.edited + each.rejected
        objects = each.proposed + each.accepted + each.edited
        cells = (str(objects), str(each.candidates), str(decided))
        rows.add_row(each.name, captions.get(each.name, ""), *cells)
    run, summary = labels.run, labels.summary
    done = f"{labels.labelled} pictures labelled by {run.model}"
    if labels.job is not None:
        done = f"{labels.job} labels the pictures with {run.model}"
    done += f", {labels.known} are done already" if labels.known else ""
    done += f", {labels.repeated} are copies of others" if labels.repeated else ""
    stands = (
        f"{labels.name}: {summary.pictures} pictures, {summary.todo} to review, {summary.reviewed} reviewed"
    )
    across, tiles = run.settings["across"], run.settings["tiles"]
    bounds = f"objects score {run.threshold:g} or more, or their class's threshold; candidates less"
    if across < 1:
        bounds += f"; of names for one object (overlap above {across:g}) the surest, --nms-across 1 shows all"
    if tiles != OFF:
        bounds += f"; large pictures piece by piece too (--tiles {tiles})"
    if named := run.settings.get("precision"):
        bounds += f"; computed in {named}"
    return drawing.Group(
        drawing.line(f"{'the label set was made; ' if labels.made else ''}{done}"),
        rows,
        drawing.line(stands),
        drawing.line(bounds, "dim"),
        drawing.line(f"next: {_next(labels)}", "dim"),
    )


def _next(labels: SetLabels) -> str:
    review = f"skillbank review {labels.name}"
    return review if labels.job is None else f"skillbank status {labels.job}; {review} takes in what is found"
