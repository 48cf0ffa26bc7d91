"""Which model the page looks with: the one of the start, trained ones of the store, the hub's usual one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from skillbank.errors import SkillbankError
from skillbank.jobs.record import JobState
from skillbank.labelling.models import find_model, hub_model, labels
from skillbank.redact import redact
from skillbank.storage import hub
from skillbank.web.answers import Json, Refusal
from skillbank.web.detector import Detector
from skillbank.web.detectors import opening
from skillbank.web.queries import refuse_query

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["Choosing"]

_MOST_JOBS = 100
_MOST_BYTES = 2000
_TAKEN = (".pth", ".onnx")


class _Wanted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str


class Choosing:
    """The two endpoints."""

    def __init__(self, runtime: Runtime, detector: Detector) -> None:
        self._runtime, self._detector = runtime, detector

    def models(self, request: Request) -> Response:
        """List what can be chosen, and which one is: ``id``, ``name``, ``kind``, ``created``."""
        refuse_query(request, "/api/models")
        return Json({"chosen": self._detector.chosen, "models": self._models()})

    async def choose(self, request: Request) -> Response:
        """Look with another model from here on; only what `models` lists is taken, never a path."""
        refuse_query(request, "/api/model")
        body = await request.body()
        if len(body) > _MOST_BYTES:
            raise Refusal(413, "too_large", "That is no choice of a model.")
        try:
            wanted = _Wanted.model_validate_json(body).model
        except ValidationError:
            raise Refusal(400, "usage", 'Send {"model": ID} with an id that /api/models lists.') from None
        await run_in_threadpool(self._choose, wanted)
        return Json({"chosen": self._detector.chosen, "model": self._detector.about})

    def _choose(self, wanted: str) -> None:
        if all(model["id"] != wanted for model in self._models()):
            raise Refusal(404, "no_model", "There is no such model here; /api/models lists those there are.")
        if wanted == self._detector.chosen and self._detector.state != "failed":
            return
        if not wanted:
            self._detector.go_back()
            return
        try:
            found = find_model(self._runtime, wanted)
        except SkillbankError as error:
            raise Refusal(409, "no_model", redact(error.sentence)) from None
        self._detector.use(wanted, found.name, *opening(found, wanted, self._detector.precision))

    def _models(self) -> list[dict[str, object]]:
        listed: list[dict[str, object]] = [{"id": "", "name": self._detector.first, "kind": "start"}]
        jobs = self._runtime.jobs
        for record in jobs.store.list(state=JobState.COMPLETE, limit=_MOST_JOBS, trials=False):
            if record.id == self._detector.first or not labels(record):
                continue
            left = [c for c in jobs.results(record.id).checkpoints if c.best or c.latest]
            if any(c.path.lower().endswith(_TAKEN) for c in left):
                about = {"id": record.id, "name": record.id, "kind": "job", "action": record.action}
                listed.append({**about, "created": record.created.isoformat()})
        usual = hub_model()
        if self._detector.first != usual:
            listed.append({"id": usual, "name": usual, "kind": "hub", "kept": hub.cached(usual)})
        return listed
