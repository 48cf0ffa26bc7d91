"""The tool that labels pictures by description, at once or into a label set by a job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from skillbank.agent.launching import job_key, launch_approval, used_up
from skillbank.agent.shortening import in_tool_words, shorten
from skillbank.agent.tool import Arguments, Document, Result, Tool
from skillbank.errors import UsageError
from skillbank.home import home
from skillbank.jobs.approval_subjects import launch_terms
from skillbank.jobs.seen_data import refuse_changed
from skillbank.labelling.batch import label_pictures
from skillbank.labelling.tiles import OFF
from skillbank.lazy_imports import lazy_imports
from skillbank.visible import one_line

with lazy_imports():
    from skillbank.labelling import set_job, set_labels, set_result  # with the store of label sets
    from skillbank.sets import ontology

if TYPE_CHECKING:
    from skillbank.agent.toolbox import Toolbox
    from skillbank.jobs.record import JobRecord
    from skillbank.plan.model import Plan

__all__ = ["LABEL_IMAGE", "LabelAnswer"]

_MOST_PICTURES = 10
_MOST_OBJECTS = 20
_MOST_NOTES = 8
WHO = "agent"
"""Who made classes and added pictures, in the log of a label set; decisions are people's alone."""


class LabelArguments(Arguments):
    """Where to look and what for."""

    image: str | None = Field(None, description="Picture or folder; null: the set's")
    descriptions: list[str] = Field(description="'red circle'; set: 'exit = red | green'")
    checkpoint: str | None = Field(None, description="Job or file, else last:train")
    threshold: float | None = None
    tiles: str | None = Field(None, description="auto|WxH")
    precision: str | None = None
    into: str | None = Field(None, description="Set, by job")


class Detection(Document):
    """One object; the box is [left, top, right, bottom] in pixels."""

    description: str
    score: float
    box: list[float]


class LabelledPicture(Document):
    """A picture, the objects found in it (the surest first), and the copy with the boxes drawn."""

    image: str
    annotated: str
    objects: tuple[Detection, ...] = ()
    count: int = 0


class LabelAnswer(Result):
    """Pictures with what was found; or the label set, and the job that looks at its pictures.

    ``new`` pictures came into the set; of the ``left_out`` the first are told in the notes.
    """

    pictures: tuple[LabelledPicture, ...] = ()
    count: int = 0
    label_set: str = ""
    job: str = ""
    plan_id: str = ""
    new: int = 0
    left_out: int = 0
    notes: tuple[str, ...] = ()


def _label(box: Toolbox, arguments: LabelArguments) -> LabelAnswer:
    if arguments.into is not None:
        return _into_set(box, arguments, arguments.into)
    if arguments.image is None:
        raise UsageError("image is missing: give a picture or a folder, or the label set as into.")
    return _at_once(box, arguments, arguments.image)


def _into_set(box: Toolbox, arguments: LabelArguments, name: str) -> LabelAnswer:
    """Make a set, or add to it, and let a job look at the pictures that its model has not seen."""
    said = arguments.descriptions
    wanted = ontology.read_classes(said) if said else ontology.Ontology(())
    with box.alone(f"label set {name}"):
        labels = set_labels.label_set(
            box.runtime,
            name,
            images=[Path(arguments.image)] if arguments.image is not None else (),
            classes=wanted.classes,
            model=arguments.checkpoint or "last:train",
            asked=set_result.Asked(
                threshold=arguments.threshold, tiles=arguments.tiles or OFF, precision=arguments.precision
            ),
            detach=True,
            begin=partial(_begin, box),
            who=WHO,
        )
    assert labels.job is not None
    return LabelAnswer(
        label_set=name,
        job=labels.job,
        plan_id=box.runtime.jobs.store.get(labels.job).plan_id,
        new=labels.new,
        left_out=len(labels.left_out),
        notes=_few_notes([*wanted.notes, *labels.notes], labels.left_out),
        next=[f"job_status of {labels.job} with wait_seconds", f"label_set {name} takes in what it finds"],
    )


def _few_notes(notes: Sequence[str], left_out: Sequence[tuple[object, str]]) -> list[str]:
    """Return the first notes, and the first of what was left out."""
    left = [f"{place} is {why}." for place, why in left_out]
    told = [shorten(in_tool_words(note), 240) for note in (*notes, *left) if note]
    return told[:_MOST_NOTES]


def _begin(box: Toolbox, plan: Plan) -> JobRecord:
    """Start the job of a set as `launch` would: by the same policy, and with the same approval."""
    runtime = box.runtime
    runtime.keep(plan)  # so that a person can also approve it in a terminal

    def before() -> None:
        runtime.jobs.preflight(plan)

    key = job_key(None)
    approval = launch_approval(runtime, plan, launch_terms(retries=set_job.RETRIES))
    with box.approved(
        "launch",
        approval,
        before=before,
        unchanged=lambda data: refuse_changed(plan, data, approval.data, "it was approved"),
        came_about=lambda: used_up(runtime.jobs.store.asked(key)),
        starts=True,
    ) as approved:
        seen = approval.data if approved.data is None else approved.data
        return runtime.launch(
            plan, idempotency_key=key, retries=set_job.RETRIES, data=seen, approval=approved.given
        )


def _at_once(box: Toolbox, arguments: LabelArguments, image: str) -> LabelAnswer:
    if named := next((text for text in arguments.descriptions if "=" in text), None):
        raise UsageError(
            f"'{one_line(named)}' names a class and its captions, which a label set has: give one as into, "
            "or say what to look for without '='."
        )
    # Each question has a folder of its own below home, which holds nothing but these copies.
    asked = json.dumps([str(Path(image).absolute()), *arguments.descriptions], ensure_ascii=False)
    labels = label_pictures(
        box.runtime,
        [Path(image)],
        arguments.descriptions,
        model=arguments.checkpoint or "last:train",
        output=home() / "labels" / hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()[:16],
        kinds=["pictures"],
        threshold=arguments.threshold,
        tiles=arguments.tiles or OFF,
        precision=arguments.precision,
        replace=True,
    )
    document = labels.document()
    pictures = [_picture(entry) for entry in document["images"]]
    found = sum(p.count for p in pictures)
    return LabelAnswer(
        pictures=pictures[:_MOST_PICTURES],
        count=len(pictures),
        left_out=len(labels.left_out),
        notes=_few_notes([*labels.notes, labels.names_left_out], labels.left_out),
        next=[] if found else ["other words, or a lower threshold"],
    )


def _picture(entry: dict[str, Any]) -> LabelledPicture:
    objects = sorted(entry["detections"], key=lambda d: -float(d["score"]))
    return LabelledPicture(
        image=entry["image"],
        annotated=entry["annotated"],
        objects=[
            Detection(description=d["phrase"], score=d["score"], box=[round(x, 1) for x in d["box"]])
            for d in objects[:_MOST_OBJECTS]
        ],
        count=len(objects),
    )


LABEL_IMAGE = Tool(
    name="label_image",
    description="Find objects by description; into: a set to review.",
    arguments=LabelArguments,
    result=LabelAnswer,
    run=_label,
    read_only=False,
)
