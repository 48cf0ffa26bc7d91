"""``/api/sets/{set}/pictures/{n}/find``: the page's model asked about one picture of a set."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from skillbank.descriptions import split_text
from skillbank.errors import DataError
from skillbank.labelling.findings import Labelled
from skillbank.labelling.set_answers import pixels_of
from skillbank.runtime import Runtime
from skillbank.sets.classes import checked_specs
from skillbank.sets.content import content_of
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, LabelClass, PictureRow, Proposal, RunSpec, SetNotFoundError
from skillbank.sets.objects import Wanted, objects
from skillbank.sets.store import SetStore
from skillbank.visible import one_line
from skillbank.web import sets_documents as said
from skillbank.web.answers import Json, Refusal
from skillbank.web.bodies import read_body, validated
from skillbank.web.detector import Detector
from skillbank.web.operations import Asked, Operation
from skillbank.web.sets_words import person_of, picture_document

__all__ = ["AskingDoor"]


@dataclass(frozen=True)
class _Asked:
    labels: LabelSet
    row: PictureRow
    data: bytes
    wanted: Wanted
    classes: dict[int, LabelClass]


class AskingDoor:
    """The endpoint."""

    def __init__(self, runtime: Runtime, detector: Detector) -> None:
        self._runtime, self._detector = runtime, detector

    def operations(self) -> list[Operation]:
        """Return what is served."""
        path = "/api/sets/{set}/pictures/{number:int}/find"
        who = [Asked("skillbank-person", place="header")]
        return [Operation("POST", path, self.find, said.FoundDocument, takes=said.Find, reads=True, asks=who)]

    async def find(self, request: Request) -> Response:
        """Look for a description of a class, or for all classes; what is found becomes proposals."""
        body = validated(said.Find, await read_body(request))
        asked = await run_in_threadpool(self._asked, request, body)
        about = self._detector.about
        usual = float(about.get("threshold", RunSpec("", "", ()).threshold))
        levels = {number: _level(one, usual) for number, one in asked.classes.items()}
        bounds = {"threshold": min(levels.values()), "nms": 1.0, "across": 1.0}
        answer = await self._detector.detect(
            asked.data, asked.wanted.captions, bounds, pixels=pixels_of(asked.row)
        )
        row, document = asked.row, answer.document
        if (document["width"], document["height"]) != (row.width, row.height):
            raise DataError(
                f"{one_line(row.name)} has {document['width']} x {document['height']} pixels to the model "
                f"and {row.width} x {row.height} in the set; add its folder to the set again"
            )
        findings = Labelled.of(row.name, document).findings
        every = objects(findings, asked.wanted, nms=RunSpec("", "", ()).nms)
        found = [each for each in every if each.score >= levels[each.class_number]]
        return await run_in_threadpool(self._take, request, asked, found, str(about["name"]))

    def _asked(self, request: Request, body: said.Find) -> _Asked:
        name, number = request.path_params["set"], request.path_params["number"]
        if not name.isprintable() or number > said.MOST_NUMBER:
            raise Refusal(404, "not_found", "There is no such picture of a label set.")
        labels = SetStore(self._runtime.jobs.store.engine).open(name)
        row = labels.picture(number).row
        classes = {one.number: one for one in labels.classes()}
        if body.class_number is not None:
            if body.class_number not in classes:
                raise SetNotFoundError(f"the set has no class {body.class_number}")
            classes = {body.class_number: classes[body.class_number]}
        captions = {number: (one.captions, one.not_captions) for number, one in classes.items()}
        if body.words.strip():
            if body.class_number is None:
                raise Refusal(400, "usage", "Say with 'class' of which class is what the words find.")
            [spec] = checked_specs([ClassSpec("asked", tuple(split_text(body.words)))])
            captions = {body.class_number: (spec.captions, ())}
        if not captions:
            raise Refusal(400, "usage", "The set has no class yet; add one.")
        return _Asked(labels, row, content_of(row), Wanted.of(captions), classes)

    def _take(self, request: Request, asked: _Asked, found: list[Proposal], model: str) -> Response:
        number = asked.row.number
        added = asked.labels.take_asked(number, found, person_of(request), model)
        state = asked.labels.picture(number)
        document = said.FoundDocument(found=len(found), added=added, picture=picture_document(state))
        return Json(document.document(), headers={"etag": f'"{state.version}"'})


def _level(one: LabelClass, usual: float) -> float:
    """Return the score from which boxes of a class are taken: a person's threshold, else the model's."""
    return usual if one.threshold is None or one.threshold_run is not None else one.threshold
