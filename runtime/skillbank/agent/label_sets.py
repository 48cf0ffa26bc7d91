"""The tool for label sets: how they stand, and their pictures written as a data set.

They are made by `skillbank.agent.labels`, reviewed by people, and named in plans as ``set:NAME``.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from pydantic import Field

from skillbank.agent.labels import WHO
from skillbank.agent.shortening import shorten
from skillbank.agent.tool import Arguments, Document, Result, Tool
from skillbank.errors import UsageError
from skillbank.home import home
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.datasets import copying
    from skillbank.jobs import set_export

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.sets.label_set import LabelSet
    from skillbank.sets.model import SetSummary

__all__ = ["LABEL_SET", "LabelSetAnswer"]

_MOST_SETS = 20
_MOST_CLASSES = 30
_MOST_NOTES = 6
_DIGITS = 12


class LabelSetArguments(Arguments):
    """Which set, whether it is written, and whether it learns from what people decide."""

    name: str | None = Field(None, description="null: all")
    export: str | None = Field(None, description="coco|yolo|...")
    unreviewed: bool | None = Field(None, description="All")
    learn: bool | None = None


class ClassState(Document):
    """Boxes of a class: ``proposed`` wait for a person; ``accepted`` were accepted, corrected or drawn.

    ``unseen`` were accepted with their pictures, which nobody has looked at.
    """

    name: str
    proposed: int = 0
    accepted: int = 0
    rejected: int = 0
    unseen: int = 0


class SetState(Document):
    """How a set stands: pictures by state of review, boxes by class.

    ``may_accept_rest`` is what a random sample of the reviewed pictures says of the others: yes, no or more
    (too few are reviewed). ``accepted_unseen`` pictures are no person's: the sample spoke for them.
    ``learns`` says whether what is shown follows from decisions, ``learned`` from how many pictures.
    """

    name: str
    pictures: int
    todo: int = 0
    reviewed: int = 0
    skipped: int = 0
    accepted_unseen: int = 0
    reviewed_train: int = 0
    reviewed_val: int = 0
    classes: tuple[ClassState, ...] = ()
    may_accept_rest: str = ""
    learns: bool = False
    learned: int = 0
    jobs: tuple[str, ...] = ()


class Exported(Document):
    """What was written: pictures and boxes of all splits; ``notes`` say what the format cannot hold."""

    folder: str
    format: str
    pictures: int
    boxes: int
    notes: tuple[str, ...] = ()


class LabelSetAnswer(Result):
    """Sets as they stand, by name; ``count`` of all that there are."""

    sets: tuple[SetState, ...] = ()
    count: int = 0
    exported: Exported | None = None


def _look(box: Toolbox, arguments: LabelSetArguments) -> LabelSetAnswer:
    if arguments.unreviewed and arguments.export is None:
        raise UsageError("unreviewed says what an export holds; give export too, or leave it out.")
    if arguments.name is None:
        if arguments.export is not None or arguments.learn is not None:
            raise UsageError("export and learn are of one label set; give its name.")
        found = box.runtime.sets.list()
        return LabelSetAnswer(
            sets=[_counts(each) for each in found[:_MOST_SETS]],
            count=len(found),
            next=["label_set with a name"] if found else ["label_image with into makes one"],
        )
    labels = box.runtime.sets.open(arguments.name)
    if arguments.export is not None:
        copying.writer_of(arguments.export)  # before anything is changed
    if arguments.learn is not None:
        labels.learn(arguments.learn, WHO)
    exported = None
    if arguments.export is not None:
        exported = _export(box, labels, arguments.export, bool(arguments.unreviewed))
    state = _state(labels)
    return LabelSetAnswer(sets=[state], count=1, exported=exported, next=_next(state))


def _state(labels: LabelSet) -> SetState:
    """Return how a set stands, with its classes and the jobs that label it."""
    stands, runs = labels.summary(), labels.runs()
    classes = [
        ClassState(
            name=one_line(each.name, 100),
            proposed=each.proposed,
            accepted=each.accepted + each.edited,
            rejected=each.rejected,
            unseen=each.unseen,
        )
        for each in stands.classes[:_MOST_CLASSES]
    ]
    return _counts(stands).model_copy(
        update={
            "classes": tuple(classes),
            "may_accept_rest": labels.audit().verdict if stands.reviewed and stands.todo else "",
            "learned": (runs[-1].learned or 0) if runs and stands.learns else 0,
            "jobs": tuple(run.job for run in runs if run.job and run.finished is None),
        }
    )


def _counts(stands: SetSummary) -> SetState:
    return SetState(
        name=stands.name,
        pictures=stands.pictures,
        todo=stands.todo,
        reviewed=stands.reviewed,
        skipped=stands.skipped,
        accepted_unseen=stands.accepted,
        reviewed_train=stands.reviewed_train,
        reviewed_val=stands.reviewed_val,
        learns=stands.learns,
    )


def _next(state: SetState) -> list[str]:
    steps = [f"job_status of {job}" for job in state.jobs]
    if state.todo and state.may_accept_rest == "yes":
        steps.append(f"a person may accept the rest unseen: 'skillbank sets accept {state.name}'")
    if state.todo:
        steps.append(f"a person reviews it: 'skillbank review {state.name}' in a terminal")
    if state.reviewed:
        steps.append(f"plan with data set:{state.name}, which takes what is reviewed")
    return steps


def _export(box: Toolbox, labels: LabelSet, to: str, unreviewed: bool) -> Exported:
    """Write a set below home, once for each state of it: nothing is ever written over."""
    form, stands = copying.writer_of(to).name, labels.summary()
    state = f"{stands.created.isoformat()} {stands.version}"
    mark = hashlib.sha256(state.encode()).hexdigest()[:_DIGITS]
    folder = home() / "exports" / f"{labels.name}-{form}{'-all' if unreviewed else ''}-{mark}"
    with box.alone(str(folder)):
        if not folder.is_dir():
            set_export.export_set(labels, form, folder, unreviewed=unreviewed, made_by="label_set")
    document = json.loads((folder / copying.MANIFEST).read_bytes())
    splits = document["splits"].values()
    return Exported(
        folder=str(folder),
        format=form,
        pictures=sum(each["pictures"] for each in splits),
        boxes=sum(each["boxes"] for each in splits),
        notes=tuple(shorten(note, 240) for note in (*document["lost"], *document["notes"])[:_MOST_NOTES]),
    )


LABEL_SET = Tool(
    name="label_set",
    description="How a label set stands; export writes the reviewed, learn shows by decision.",
    arguments=LabelSetArguments,
    result=LabelSetAnswer,
    run=_look,
    read_only=False,
)
