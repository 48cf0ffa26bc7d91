"""``/api/sets``: label sets read and reviewed; Starlette calls the endpoints in threads."""

from __future__ import annotations

import math
import re
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from skillbank.agent.lanes import Lane
from skillbank.errors import UsageError
from skillbank.home import cache_dir
from skillbank.sets.accepting import count_of_rest
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ALL, Filter, LabelBox, VersionConflictError
from skillbank.sets.store import SetStore
from skillbank.visible import one_line, visible
from skillbank.web import sets_documents as said
from skillbank.web.answers import Json, Refusal
from skillbank.web.operations import Asked, Operation
from skillbank.web.sets_images import Sent, SetImages
from skillbank.web.sets_words import (
    audit_document,
    event_document,
    operation,
    person_of,
    picture_document,
    set_document,
    shown_document,
    spec_of,
    usual_person,
)

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["SetsDoor"]

_MOST = 1000
_MOST_NEXT = 20
_MOST_SHOWN = 200
_DIGITS = re.compile(r"[0-9]{1,15}")
_VERSION = re.compile(r'"(\d{1,18})"')
_FOR_EVER = "private, max-age=31536000, immutable"
"""Of pictures whose address names how they are seen, for this browser only."""
_COUNT, _TARGET = Asked("count", "integer"), Asked("target", "number")
_SHOWN = (Asked("filter"), Asked("split"), Asked("class", "integer"), Asked("order"))
_LOOK = Asked("v")
"""Names how a picture is seen, so that a browser keeps it; another gives it too, to be asked for again."""
_NEXT = (Asked("count", "integer"), Asked("of"))
_CROPS = (Asked("class", "integer", required=True), Asked("state"))


class SetsDoor:
    """The endpoints."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._images = SetImages(cache_dir())

    def operations(self) -> list[Operation]:
        """Return what is served."""
        one, page = "/api/sets/{set}", (Asked("after", "integer"), Asked("limit", "integer"))
        picture, klass = f"{one}/pictures/{{number:int}}", f"{one}/classes/{{number:int}}"
        who = (Asked("skillbank-person", place="header"),)
        match = Asked("if-match", place="header", required=True)
        quick, changing = partial(Operation, lane=Lane.QUICK), partial(Operation, lane=Lane.SETS)
        return [
            Operation("GET", "/api/sets", self.sets, said.SetsDocument),
            quick("GET", one, self.set, said.SetDocument),
            Operation("GET", f"{one}/pictures", self.pictures, said.PicturesDocument, asks=(*_SHOWN, *page)),
            quick("GET", picture, self.picture, said.PictureDocument),
            changing(
                "POST",
                f"{picture}/edits",
                self.edit,
                said.PictureDocument,
                takes=said.Edits,
                asks=(match, *who),
            ),
            Operation("GET", f"{picture}/image", self.image, "image/*", asks=[_LOOK]),
            Operation("GET", f"{picture}/thumbnail", self.thumbnail, "image/*", asks=[_LOOK]),
            changing("GET", f"{one}/next", self.next, said.NextDocument, asks=(*_NEXT, *who)),
            changing("POST", f"{one}/claims", self.claim, said.ClaimsDocument, takes=said.Claims, asks=who),
            Operation("GET", f"{one}/crops", self.crops, said.CropsDocument, asks=(*_CROPS, *page)),
            quick("GET", f"{one}/boxes", self.boxes, said.ShownDocument, asks=(Asked("pictures"),)),
            Operation("GET", f"{one}/boxes/{{number:int}}/crop", self.crop, "image/*", asks=[_LOOK]),
            changing("POST", f"{one}/decisions", self.decide, said.Counted, takes=said.Decisions, asks=who),
            changing("POST", f"{one}/undo", partial(self.turn, "undo"), said.Turned, asks=who),
            changing("POST", f"{one}/redo", partial(self.turn, "redo"), said.Turned, asks=who),
            Operation(
                "POST", f"{one}/classes", self.add_classes, said.SetDocument, takes=said.NewClasses, asks=who
            ),
            Operation(
                "POST",
                f"{one}/classes/merge",
                self.merge_classes,
                said.SetDocument,
                takes=said.Merge,
                asks=who,
            ),
            Operation("DELETE", klass, self.remove_class, said.SetDocument, asks=who),
            Operation("PATCH", klass, self.change_class, said.SetDocument, takes=said.ClassChange, asks=who),
            Operation(
                "GET", f"{one}/audit", self.audit, said.AuditDocument, asks=(Asked("target", "number"),)
            ),
            Operation(
                "POST", f"{one}/accept", self.accept, said.AcceptedDocument, takes=said.AcceptRest, asks=who
            ),
            Operation("GET", f"{one}/thresholds", self.thresholds, said.ThresholdsDocument),
            Operation("POST", f"{one}/learning", self.learn, said.SetDocument, takes=said.Learning, asks=who),
            Operation("GET", f"{one}/log", self.log, said.LogDocument, asks=page),
        ]

    def _store(self) -> SetStore:
        return SetStore(self._runtime.jobs.store.engine)

    def _set(self, request: Request) -> LabelSet:
        name = request.path_params["set"]
        if not name.isprintable():  # nor may it reach a database that refuses such letters
            raise Refusal(404, "not_found", "There is no such label set.")
        return self._store().open(name)

    # Reading

    def sets(self, request: Request) -> Response:
        """List the sets, and say who reviews when nobody says a name."""
        entries = list(map(said.SetEntry.model_validate, self._store().list()))
        return Json(said.SetsDocument(sets=entries, person=usual_person()).document())

    def set(self, request: Request) -> Response:
        """Show how a set stands."""
        found = self._set(request)
        return Json(set_document(found.summary(), found.classes(), found.runs()).document())

    def pictures(self, request: Request) -> Response:
        """Show a page of pictures."""
        asked = request.query_params
        where = Filter(
            asked.get("filter") or ALL.kind, asked.get("split") or None, _number(request, "class", None)
        )
        limit = _number(request, "limit", 100, least=1, most=_MOST)
        after = _number(request, "after", None)
        order = asked.get("order") or "name"
        found = self._set(request).pictures(where=where, order=order, after=after, limit=limit + 1)
        rows, following = found[:limit], found[limit - 1].number if len(found) > limit else None
        shown = list(map(said.RowDocument.model_validate, rows))
        return Json(said.PicturesDocument(pictures=shown, next=following).document())

    def picture(self, request: Request) -> Response:
        """Show a picture with its boxes; its ETag is the version that an edit has to name."""
        state = self._set(request).picture(_path_number(request))
        return Json(picture_document(state).document(), headers={"etag": f'"{state.version}"'})

    def next(self, request: Request) -> Response:
        """Say which pictures to review next, and keep them for this person."""
        count = _number(request, "count", 1, least=1, most=_MOST_NEXT)
        of = request.query_params.get("of", "queue")
        if of not in ("queue", "sample"):
            raise Refusal(400, "usage", "The next pictures are those of the queue or of the sample.")
        found, who = self._set(request), person_of(request)
        numbers = found.next(who, count=count, sample=of == "sample")
        others = 0 if numbers else found.elsewhere(who)
        return Json(said.NextDocument(pictures=numbers, elsewhere=others).document())

    def claim(self, request: Request, body: said.Claims) -> Response:
        """Keep pictures for a person who is still at them."""
        held = self._set(request).renew(body.pictures, person_of(request))
        return Json(said.ClaimsDocument(pictures=held).document())

    def crops(self, request: Request) -> Response:
        """Show boxes of a class."""
        found, wanted = self._set(request), request.query_params.get("state", "proposed")
        if wanted not in ("proposed", "decided"):
            raise Refusal(400, "usage", "The state of crops is proposed or decided.")
        limit = _number(request, "limit", 60, least=1, most=_MOST)
        after = _number(request, "after", 0)
        version = found.version()
        more = _crops(found, _needed(request, "class"), wanted, after, limit + 1)
        boxes, following = more[:limit], more[limit - 1].number if len(more) > limit else None
        names: dict[int, str] = {}
        for box in boxes:
            if box.picture not in names:
                names[box.picture] = found.picture(box.picture).row.name
        shown = [
            said.CropBox(
                **said.BoxDocument.model_validate(box).model_dump(by_alias=False), name=names[box.picture]
            )
            for box in boxes
        ]
        return Json(said.CropsDocument(boxes=shown, next=following, version=version).document())

    def boxes(self, request: Request) -> Response:
        """Show what counts as an object on some pictures, at most as many as a screen of the grid holds."""
        given = request.query_params.get("pictures", "")
        numbers = [int(each) for each in given.split(",") if _DIGITS.fullmatch(each)]
        if given and (len(numbers) != given.count(",") + 1 or len(numbers) > _MOST_SHOWN):
            raise Refusal(400, "usage", f"'pictures' are up to {_MOST_SHOWN} numbers with commas between.")
        wanted = [number for number in numbers if number <= said.MOST_NUMBER]
        return Json(shown_document(self._set(request).shown(wanted)).document())

    def log(self, request: Request) -> Response:
        """Show what has happened to a set, from the first event on."""
        limit = _number(request, "limit", _MOST, least=1, most=_MOST)
        events = self._set(request).log(after=_number(request, "after", 0), limit=limit + 1)
        following = events[limit - 1].seq if len(events) > limit else None
        lines = [event_document(event) for event in events[:limit]]
        return Json(said.LogDocument(events=lines, next=following).document())

    def audit(self, request: Request) -> Response:
        """Say whether the rest may be accepted unseen."""
        given = request.query_params.get("target", "0.95")
        try:
            target = float(given)
        except ValueError:
            target = math.nan
        if not 0.5 <= target < 1:
            raise Refusal(400, "usage", "The target is a share from 0.5 to 1.")
        found = self._set(request)
        said_so = found.audit(target=target)
        rest = count_of_rest(found, person_of(request)) if said_so.verdict == "yes" else 0
        return Json(audit_document(said_so, rest).document())

    def thresholds(self, request: Request) -> Response:
        """Suggest thresholds for the latest run by what was reviewed."""
        labels = self._set(request)
        found, models = labels.suggest_thresholds(), {run.number: run.model for run in labels.runs()}
        made = [
            said.Suggested(class_number=number, model=models[s.run], **asdict(s))
            for number, s in found.items()
        ]
        return Json(said.ThresholdsDocument(suggestions=made).document())

    # Pictures, by number alone: nothing that a client says becomes a path

    def image(self, request: Request) -> Response:
        """Send a picture."""
        row = self._set(request).picture(_path_number(request)).row
        return _sent(request, self._images.image(row), row.look)

    def thumbnail(self, request: Request) -> Response:
        """Send a small copy of a picture."""
        row = self._set(request).picture(_path_number(request)).row
        return _sent(request, self._images.thumbnail(row), row.look)

    def crop(self, request: Request) -> Response:
        """Send what a box holds."""
        found = self._set(request)
        box = found.box(_path_number(request))
        row = found.picture(box.picture).row
        return _sent(request, self._images.crop(row, box), row.look)

    # Changing

    def edit(self, request: Request, body: said.Edits) -> Response:
        """Do operations to a picture, if it is still at the version that ``If-Match`` names."""
        match = _VERSION.fullmatch(request.headers.get("if-match", ""))
        if match is None:
            said_so = "Send If-Match with the ETag of the picture that was looked at."
            raise Refusal(428, "no_version", said_so)
        number, operations = _path_number(request), [operation(one) for one in body.operations]
        try:
            state = self._set(request).edit(
                number,
                operations,
                who=person_of(request),
                version=int(match[1]),
                seconds=body.seconds,
            )
        except VersionConflictError as error:
            now = error.current
            document = {
                "error": {"code": "version_conflict", "message": visible(error.sentence)},
                "picture": picture_document(now).document(),
            }
            return Json(document, 412, headers={"etag": f'"{now.version}"'})
        return Json(picture_document(state).document(), headers={"etag": f'"{state.version}"'})

    def decide(self, request: Request, body: said.Decisions) -> Response:
        """Accept and reject boxes of any pictures, or give them a class."""
        if body.reclass and body.class_number is None:
            raise Refusal(400, "usage", "Say with 'class' which class the boxes get.")
        done = self._set(request).decide_seen(
            body.decisions,
            person_of(request),
            body.seen,
            reclass=body.reclass,
            class_number=body.class_number or 0,
        )
        return Json(said.Counted(changed=done.changed, left=done.left).document())

    def turn(self, way: str, request: Request) -> Response:
        """Undo or redo what this person did last."""
        found, who = self._set(request), person_of(request)
        event = found.undo(who) if way == "undo" else found.redo(who)
        if event is None:
            return Json(said.Turned(event=None).document())
        about = event
        while about.of is not None:  # a redo turns an undo around, and that what somebody did
            [about] = found.log(after=about.of - 1, limit=1)
        return Json(said.Turned(event=event_document(event, about)).document())

    def accept(self, request: Request, body: said.AcceptRest) -> Response:
        """Accept the rest unseen, where the audit answers yes."""
        done = self._set(request).accept_rest(person_of(request), target=body.target)
        return Json(said.AcceptedDocument(**asdict(done)).document())

    def learn(self, request: Request, body: said.Learning) -> Response:
        """Let what people decide say what is shown of the rest, or no longer."""
        self._set(request).learn(body.learns, person_of(request), whole=False)
        return self.set(request)

    def add_classes(self, request: Request, body: said.NewClasses) -> Response:
        """Add classes; one that is there already is changed by its number."""
        found = self._set(request)
        there = {one.name for one in found.classes()}
        if taken := [one.name for one in body.classes if " ".join(one.name.split()) in there]:
            raise UsageError(
                f"there is a class {one_line(taken[0])} already; change it, or give another name"
            )
        specs = [spec_of(one.name, one.captions, one.not_captions, one.threshold) for one in body.classes]
        found.set_classes(specs, person_of(request))
        return self.set(request)

    def change_class(self, request: Request, body: said.ClassChange) -> Response:
        """Change a class: only what the body says."""
        given = {name: getattr(body, name) for name in body.model_fields_set}
        # Null takes a threshold away, and of all else it says nothing.
        asked = {k: v for k, v in given.items() if v is not None or k == "threshold"}
        self._set(request).change_class(_path_number(request), person_of(request), **asked)
        return self.set(request)

    def merge_classes(self, request: Request, body: said.Merge) -> Response:
        """Make several classes one."""
        self._set(request).merge_classes(body.classes, body.into, person_of(request))
        return self.set(request)

    def remove_class(self, request: Request) -> Response:
        """Remove a class and its boxes."""
        self._set(request).remove_class(_path_number(request), person_of(request))
        return self.set(request)


def _crops(found: LabelSet, number: int, wanted: str, after: int, limit: int) -> list[LabelBox]:
    if wanted == "proposed":
        return found.crops(number, state="proposed", after=after, limit=limit)
    decided = [
        *found.crops(number, state="accepted", after=after, limit=limit),
        *found.crops(number, state="edited", after=after, limit=limit),
    ]
    return sorted(decided, key=lambda box: box.number)[:limit]


def _sent(request: Request, sent: Sent, look: str) -> Response:
    # Who asks by an earlier look gets the present one, and is not to keep it by that name.
    headers = {"cache-control": _FOR_EVER} if request.query_params.get("v") == look else {}
    return Response(sent.data, media_type=sent.kind, headers=headers)


Default = TypeVar("Default", int, None)


def _number(
    request: Request, name: str, default: Default, *, least: int = 0, most: int = said.MOST_NUMBER
) -> int | Default:
    given = request.query_params.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 16 and least <= int(given) <= most):
        raise Refusal(
            400, "usage", f"{name} is {one_line(given, 40)}, but it must be a number from {least} to {most}."
        )
    return int(given)


def _path_number(request: Request) -> int:
    number: int = request.path_params["number"]
    if number > said.MOST_NUMBER:
        raise Refusal(404, "not_found", "The set has nothing of this number.")
    return number


def _needed(request: Request, name: str) -> int:
    number = _number(request, name, None)
    if number is None:
        raise Refusal(400, "usage", f"Say with '{name}' which one.")
    return number
