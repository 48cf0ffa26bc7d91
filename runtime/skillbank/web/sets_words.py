"""What the store says of sets as documents of ``/api/sets``, and what clients say as the store takes it."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from urllib.parse import unquote

from starlette.requests import Request

from skillbank.sets.audit import Audit
from skillbank.sets.model import (
    Accept,
    Add,
    Change,
    ClassSpec,
    Event,
    LabelBox,
    LabelClass,
    Operation,
    PictureState,
    Reject,
    Restore,
    Review,
    Run,
    RunSpec,
    SetSummary,
)
from skillbank.team.acting import who
from skillbank.team.person import EVERYBODY
from skillbank.web import sets_documents as said
from skillbank.web.answers import Refusal

__all__ = [
    "PERSON",
    "audit_document",
    "event_document",
    "operation",
    "person_of",
    "picture_document",
    "set_document",
    "shown_document",
    "spec_of",
    "usual_person",
]

PERSON = "skillbank-person"
"""Header with the name of who reviews, percent-encoded: names need letters that headers do not have."""
_THRESHOLD = RunSpec("", "", ()).threshold
_KINDS = {
    "edit": "changes to a picture",
    "decide": "decisions about boxes",
    "ask": "what the model was asked",
    "accept_rest": "the rest accepted unseen",
    "classes": "a change of classes",
    "rename": "the name of a class",
    "threshold": "a threshold",
    "merge": "a merging of classes",
    "remove": "the removal of a class",
    "pictures": "pictures that were added",
    "create": "the making of the set",
    "propose": "proposals of a model",
    "run": "a run of a model",
    "learning": "whether the set learns",
    "undo": "an undoing",
    "redo": "a redoing",
}


def usual_person() -> str:
    """Return who reviews when nobody says a name: whom a token names, else the user of this machine."""
    if who() != EVERYBODY:
        return who().name
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in a container
        return "somebody"


def person_of(request: Request) -> str:
    """Return who asks; where a token says who it is, nobody can say to be another."""
    if who() != EVERYBODY:
        return who().name
    try:
        return unquote(request.headers.get(PERSON, ""), errors="strict").strip() or usual_person()
    except UnicodeDecodeError:
        raise Refusal(400, "usage", f"The header {PERSON} is not percent-encoded UTF-8.") from None


def set_document(summary: SetSummary, classes: Iterable[LabelClass], runs: Sequence[Run]) -> said.SetDocument:
    """Return how a set stands; the last of its runs says what a class without a threshold shows."""
    last, usual = (runs[-1].number, runs[-1].threshold) if runs else (None, _THRESHOLD)
    counts = {each.number: said.ClassCounts.model_validate(each) for each in summary.classes}
    return said.SetDocument(
        **said.SetEntry.model_validate(summary).model_dump(),
        version=summary.version,
        created=summary.created,
        val=summary.val,
        notes=summary.notes,
        learns=summary.learns,
        learned=runs[-1].learned if runs else None,
        train_pictures=summary.train_pictures,
        val_pictures=summary.val_pictures,
        reviewed_train=summary.reviewed_train,
        reviewed_val=summary.reviewed_val,
        classes=[
            said.ClassDocument(
                number=one.number,
                name=one.name,
                captions=list(one.captions),
                not_captions=list(one.not_captions),
                threshold=one.threshold,
                threshold_run=one.threshold_run,
                level=one.level(last, usual),
                counts=counts.get(one.number, said.ClassCounts()),
            )
            for one in classes
        ],
        people=[said.PersonDocument.model_validate(each) for each in summary.people],
    )


def picture_document(state: PictureState) -> said.PictureDocument:
    """Return a picture with its boxes, but not where it lies."""
    row = said.RowDocument.model_validate(state.row)
    return said.PictureDocument(
        **row.model_dump(), boxes=list(map(said.BoxDocument.model_validate, state.boxes))
    )


def shown_document(found: Mapping[int, Sequence[LabelBox]]) -> said.ShownDocument:
    """Return what is shown on some pictures."""
    return said.ShownDocument(
        pictures=[
            said.ShownBoxes(number=number, boxes=[_shown(box) for box in boxes])
            for number, boxes in found.items()
        ]
    )


def _shown(box: LabelBox) -> said.ShownBox:
    x1, y1, x2, y2 = map(round, box.corners)
    return said.ShownBox(
        class_number=box.class_number, box=(x1, y1, x2, y2), proposed=box.state == "proposed"
    )


def event_document(event: Event, about: Event | None = None) -> said.EventDocument:
    """Return a line of the log.

    Parameters
    ----------
    about
        The event that it turns around: what the words are about.
    """
    fields = asdict(event)
    kind = (about or event).kind
    words = _KINDS.get(kind, kind)
    if left := len(event.body.get("kept") or ()):
        words += f"; {left} of them somebody has changed since, and they stay"
    return said.EventDocument(
        **{name: fields[name] for name in ("seq", "at", "who", "kind", "of")},
        picture=event.picture if event.picture is not None else about.picture if about else None,
        said=words,
    )


def operation(asked: said.AddBox | said.ChangeBox | said.DecideBox | said.ReviewPicture) -> Operation:
    """Return what a client asks for as the store takes it."""
    if isinstance(asked, said.AddBox):
        return Add(asked.class_number, asked.box)
    if isinstance(asked, said.ChangeBox):
        return Change(asked.number, asked.class_number, asked.box)
    if isinstance(asked, said.ReviewPicture):
        return Review(asked.state)
    kinds: dict[str, type[Accept | Reject | Restore]] = {
        "accept": Accept,
        "reject": Reject,
        "restore": Restore,
    }
    return kinds[asked.op](asked.number)


def spec_of(
    name: str, captions: Sequence[str], not_captions: Sequence[str], threshold: float | None
) -> ClassSpec:
    """Return a class as it is asked for."""
    return ClassSpec(name, tuple(captions), tuple(not_captions), threshold)


def audit_document(audit: Audit, rest: int) -> said.AuditDocument:
    """Return what the random sample says, and of how many pictures."""
    return said.AuditDocument(
        target=audit.target,
        pictures=audit.pictures,
        earlier=audit.earlier,
        waiting=list(audit.waiting),
        overall=said.RatesDocument.model_validate(audit.overall),
        classes=[
            said.ClassRates(class_number=number, **said.RatesDocument.model_validate(rates).model_dump())
            for number, rates in audit.classes.items()
        ],
        verdict=audit.verdict,
        more=audit.more,
        rest=rest,
    )
