"""What is served by REST, said once: a table of operations makes the routes and the OpenAPI document."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel
from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skillbank.agent.lanes import Lane, in_lane
from skillbank.web.answers import Refusal
from skillbank.web.bodies import read_body, validated
from skillbank.web.queries import refuse_query

__all__ = ["Asked", "Operation", "openapi"]

Kind: TypeAlias = Literal["string", "integer", "number"]
_PART = re.compile(r"\{(\w+)(?::(\w+))?\}")


class _Number(IntegerConvertor):
    """A number of a path that any store can be asked for; Starlette's own takes more than Python reads."""

    regex = "[0-9]{1,18}"


register_url_convertor("int", _Number())
_KINDS: dict[str | None, Kind] = {"int": "integer", "float": "number"}


@dataclass(frozen=True)
class Asked:
    """One thing that a request may say beside its path: in the query, or in a header."""

    name: str
    kind: Kind = "string"
    place: Literal["query", "header"] = "query"
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Attributes
    ----------
    path
        As Starlette takes it, e.g. ``/api/sets/{set}/pictures/{number:int}``.
    endpoint
        Called in a thread with the request, and with the body where one is taken; the first line of its
        docstring is the summary.
    takes
        The model of the body; None where there is none.
    reads
        Whether the endpoint reads its body by itself, as one does that waits for the model.
    gives
        The model of the answer, a media type of bytes, or None where nothing comes.
    filled
        Whether the answer holds every field of its model, or leaves out those that say nothing.
    lane
        In which the endpoint is called.
    """

    method: str
    path: str
    endpoint: Callable[..., Any]
    gives: type[BaseModel] | str | None = None
    takes: type[BaseModel] | None = None
    reads: bool = False
    asks: Sequence[Asked] = ()
    status: int = 200
    filled: bool = True
    lane: Lane = Lane.OPEN

    def route(self) -> Route:
        """Return what Starlette serves."""
        return Route(self.path, self._answer, methods=[self.method])

    async def _answer(self, request: Request) -> Response:
        """Read the body, where one is taken, and go on in a thread."""
        known = [each.name for each in self.asks if each.place == "query"]
        refuse_query(request, self.shown_path, known)
        if self.reads:
            answer: Response = await self.endpoint(request)
            return answer
        body = b"" if request.method in ("GET", "HEAD") else await read_body(request)
        given = () if self.takes is None else (validated(self.takes, body),)
        if self.takes is None and body.strip() not in (b"", b"{}"):
            raise Refusal(400, "usage", f"{self.method} {self.shown_path} takes no body; leave it out.")
        return await in_lane(self.lane, partial(self.endpoint, request, *given))

    @property
    def shown_path(self) -> str:
        """The path as OpenAPI writes it."""
        return _PART.sub(r"{\1}", self.path)

    def document(self, schemas: _Schemas) -> dict[str, object]:
        """Return what OpenAPI says of it."""
        parts = [
            {"name": name, "in": "path", "required": True, "schema": {"type": _KINDS.get(kind, "string")}}
            for name, kind in _PART.findall(self.path)
        ]
        asks = [
            {"name": a.name, "in": a.place, "required": a.required, "schema": {"type": a.kind}}
            for a in self.asks
        ]
        found: dict[str, object] = {
            "operationId": _id(self.method, self.shown_path),
            "summary": _summary(self.endpoint),
            "responses": {
                str(self.status): _answer(self.gives, schemas, self.filled),
                "default": {
                    "description": "One sentence that says why not.",
                    "content": {"application/json": {"schema": schemas.error}},
                },
            },
        }
        if parts or asks:
            found["parameters"] = [*parts, *asks]
        if self.takes is not None:
            schema = schemas.of(self.takes, filled=False)
            found["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        return found


def openapi(operations: Iterable[Operation], *, version: str, server: str) -> dict[str, object]:
    """Return the OpenAPI 3.1 document of all operations."""
    schemas, paths = _Schemas(), dict[str, dict[str, object]]()
    for each in operations:
        paths.setdefault(each.shown_path, {})[each.method.lower()] = each.document(schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "skillbank", "version": version, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": server}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.all,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Schemas:
    """The schemas that operations refer to, each once; what is asked and what is answered differ."""

    def __init__(self) -> None:
        self.all: dict[str, object] = {"Error": _ERROR}
        self.error = {"$ref": "#/components/schemas/Error"}

    def of(self, model: type[BaseModel], *, filled: bool) -> dict[str, str]:
        suffix = "" if filled else "Asked" if not model.__name__.endswith("Answer") else ""
        name = f"{model.__name__}{suffix}"
        if name not in self.all:
            schema = model.model_json_schema(
                mode="serialization" if filled else "validation",
                ref_template=f"#/components/schemas/{name}.{{model}}",
            )
            for inner, part in schema.pop("$defs", {}).items():
                self.all[f"{name}.{inner}"] = part
            self.all[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}


_ERROR: dict[str, object] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def _answer(gives: type[BaseModel] | str | None, schemas: _Schemas, filled: bool) -> dict[str, object]:
    if gives is None:
        return {"description": "Done."}
    if isinstance(gives, str):
        return {"description": "Bytes.", "content": {gives: {}}}
    schema = schemas.of(gives, filled=filled)
    return {"description": "The answer.", "content": {"application/json": {"schema": schema}}}


def _id(method: str, path: str) -> str:
    words = re.sub(r"\W+", "_", path.removeprefix("/api")).strip("_")
    return f"{method.lower()}_{words}"


def _summary(endpoint: Callable[..., object]) -> str:
    called = getattr(endpoint, "func", endpoint)
    return (inspect.getdoc(called) or "").partition("\n")[0]
