"""``POST /detect`` and ``POST /labels``: a picture and descriptions in, boxes out; boxes in, files out."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from pathlib import PurePosixPath
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from skillbank.descriptions import Descriptions, advice_for, not_found, read_descriptions
from skillbank.errors import DataError, did_you_mean
from skillbank.labelling.engine import PictureError
from skillbank.labelling.findings import Finding, Labelled
from skillbank.labelling.formats import FORMATS, label_files, see_that_names_differ
from skillbank.labelling.tiles import AUTO, OFF
from skillbank.visible import one_line
from skillbank.web.answers import Json, Refusal
from skillbank.web.bodies import limited, read_body, too_large, validated
from skillbank.web.detector import Detector
from skillbank.web.queries import refuse_query

__all__ = ["MOST_BYTES", "MOST_PIXELS", "Detection"]

MOST_BYTES = 24 << 20
MOST_PIXELS = 64_000_000
_MOST_DESCRIPTIONS = 100
_ROOM = 64 << 10
"""Bytes of a form besides its picture."""
_BOUNDS = {"threshold": "threshold", "nms": "nms", "across": "nms_across"}
"""Bounds as the engine takes them, and the fields of a form that say them."""
_FIELDS = ("picture", "description", *_BOUNDS.values(), "tiles", "preview")
Whole: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]
"""Pixels of a side."""
_YEAR = (1980, 1, 1, 0, 0, 0)


class Detection:
    """The three endpoints."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    async def detect(self, request: Request) -> Response:
        """Answer a form: ``picture``, ``description`` (repeated), and what may be missing.

        That is ``threshold``, ``nms``, ``nms_across``, ``tiles`` (``auto`` or ``off``) and ``preview``.  With
        ``preview=1`` and a picture that a browser shows otherwise than the model sees it, or not at all, the
        answer's ``preview`` is a JPEG of what the model sees, in base64.  ``other_names`` counts boxes that
        were less sure names of an object; ``seen`` is the size at which the model sees a much larger picture.
        """
        refuse_query(request, "/detect, which is sent a form,")
        form = await _form(request)
        try:
            _refuse_unknown(form)
            picture = await _picture(form)
            texts = [text for text in form.getlist("description") if isinstance(text, str)]
            descriptions = _read(texts)
            bounds = {name: _share(form, field) for name, field in _BOUNDS.items()}
            preview, tiles = form.get("preview", "0"), form.get("tiles", OFF)
            if preview not in ("0", "1"):
                raise Refusal(400, "usage", "The preview is 1 or 0.")
            if tiles not in (AUTO, OFF):  # a size that anybody may say can keep the model busy for hours
                raise Refusal(400, "usage", f"The tiles are {AUTO} or {OFF}.")
        finally:
            await form.close()
        try:
            answer = await self._detector.detect(
                picture, descriptions.names, bounds, preview == "1", str(tiles)
            )
        except PictureError as error:
            status = 413 if "pixels" in error.sentence else 415
            raise Refusal(status, "picture", f"The file is {error.sentence}.") from None
        except DataError as error:
            raise Refusal(400, "description", f"{error.sentence}.") from None
        found: dict[str, object] = {**answer.document}
        found.pop("remarks", None)
        there = {item["phrase"] for item in answer.document["detections"]}
        notes = [f"The picture {text}." for text in answer.document.get("remarks", {}).values()]
        notes += [*descriptions.notes, *not_found(descriptions.names, there)]
        found |= {"preview": b64encode(answer.picture).decode()} if answer.picture else {}
        return Json({"descriptions": list(descriptions.names), "notes": notes, **found})

    async def descriptions(self, request: Request) -> Response:
        """Answer texts in JSON with the descriptions in them, and advice on those that may be several."""
        refuse_query(request, "/descriptions")
        body = await read_body(request)
        read = _read(validated(_Texts, body).texts)
        advice = {name: said for name in read.names if (said := advice_for(name))}
        return Json({"descriptions": list(read.names), "notes": list(read.notes), "advice": advice})

    async def labels(self, request: Request) -> Response:
        """Answer boxes in JSON with a file in one of the formats of labels; several files come as a ZIP."""
        refuse_query(request, "/labels")
        body = await read_body(request)
        wanted = validated(_Wanted, body)
        if wanted.format not in FORMATS:
            known = ", ".join(FORMATS)
            raise Refusal(400, "usage", f"Labels cannot be written as '{wanted.format}'; there are {known}.")
        phrases = _read(wanted.descriptions).names
        see_that_names_differ((wanted.format,), phrases)
        pictures = [_labelled(picture, phrases) for picture in wanted.pictures]
        files = list(label_files(wanted.format, pictures, phrases))
        if len(files) == 1:
            place, text = files[0]
            return _attachment(text.encode(), place.name, "application/json")
        return _attachment(_zipped(files), f"{wanted.format}.zip", "application/zip")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Texts(_Strict):
    texts: list[str]


class _Box(_Strict):
    phrase: str
    score: Annotated[float, Field(ge=0, le=1)]
    box: tuple[float, float, float, float]


class _Picture(_Strict):
    name: str = Field(min_length=1, max_length=200)
    width: Whole
    height: Whole
    detections: Annotated[list[_Box], Field(max_length=2000)]


class _Wanted(_Strict):
    format: str
    descriptions: Annotated[list[str], Field(max_length=_MOST_DESCRIPTIONS)]
    pictures: Annotated[list[_Picture], Field(min_length=1, max_length=1000)]


def _read(texts: list[str]) -> Descriptions:
    read = read_descriptions(texts)
    if max(len(texts), len(read.names)) > _MOST_DESCRIPTIONS:
        raise Refusal(400, "usage", f"Use at most {_MOST_DESCRIPTIONS} descriptions.")
    return read


def _labelled(picture: _Picture, phrases: tuple[str, ...]) -> Labelled:
    """Check boxes as the engine would have made them."""
    found = []
    for box in picture.detections:
        left, top, right, bottom = box.box
        if box.phrase not in phrases:
            raise Refusal(400, "usage", f"'{box.phrase}' is none of the descriptions.")
        if not (0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height):
            raise Refusal(400, "usage", f"The box {list(box.box)} is not inside its picture.")
        found.append(Finding(box.phrase, box.score, box.box))
    # The last part of whatever the client calls the file, without what a name cannot hold.
    name = "".join(c for c in picture.name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable())
    return Labelled(name if name.strip(". ") else "picture", picture.width, picture.height, tuple(found))


async def _form(request: Request) -> FormData:
    bounded = limited(request, MOST_BYTES + _ROOM)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(415, "usage", "Send a form (multipart/form-data) with 'picture' and 'description'.")
    try:
        return await bounded.form(max_files=1, max_fields=_MOST_DESCRIPTIONS + 10, max_part_size=_ROOM)
    except HTTPException as error:
        raise Refusal(400, "usage", f"The form cannot be read: {error.detail}") from None


def _refuse_unknown(form: FormData) -> None:
    """Refuse fields that nothing is made of, without a value, or twice where one of them would count."""
    for name in form:
        if name not in _FIELDS:
            near = did_you_mean(name, _FIELDS)
            known = ", ".join(_FIELDS)
            raise Refusal(400, "usage", f"A form has no field '{one_line(name, 60)}'{near}; it has {known}.")
        if name != "description" and len(form.getlist(name)) > 1:
            raise Refusal(400, "usage", f"The form has two fields '{name}'; send one.")
        if name not in ("picture", "description") and form.get(name) == "":
            raise Refusal(400, "usage", f"The field '{name}' is empty; give it a value, or leave it out.")


async def _picture(form: FormData) -> bytes:
    given = form.get("picture")
    if not isinstance(given, UploadFile):
        raise Refusal(400, "usage", "There is no picture; send a file as 'picture'.")
    picture = await given.read()
    if not picture:
        raise Refusal(400, "usage", "The picture is empty; send another file.")
    if len(picture) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    return picture


def _share(form: FormData, name: str) -> float | None:
    given = form.get(name)
    if given is None:
        return None
    try:
        value = float(str(given))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise Refusal(400, "usage", f"The {name} must be a number from 0 to 1.")
    return value


def _attachment(data: bytes, name: str, kind: str) -> Response:
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _zipped(files: list[tuple[PurePosixPath, str]]) -> bytes:
    """Pack files; the same files make the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, text in files:
            archive.writestr(zipfile.ZipInfo(str(place), _YEAR), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
