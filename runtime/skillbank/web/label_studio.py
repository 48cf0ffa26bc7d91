"""``/label-studio``: this server as the machine learning backend of a Label Studio project."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from skillbank.bank.engines import example_model
from skillbank.errors import UsageError
from skillbank.labelling.elsewhere.label_studio import Control, controls, prediction
from skillbank.labelling.elsewhere.search import Found
from skillbank.labelling.engine import PictureError
from skillbank.labelling.findings import Labelled
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, option
from skillbank.web.answers import Json, Refusal
from skillbank.web.bodies import read_body, validated
from skillbank.web.detector import Detector
from skillbank.web.label_studio_pictures import LabelStudioPictures

__all__ = ["PREFIX", "LabelStudioDoor"]

PREFIX = "/label-studio"
_AT_ONCE = 4
_MOST_BYTES = 16 << 20
"""Of a request: tasks come with their whole data."""
_MOST_TASKS = 1000
_TRAINS = ("START_TRAINING",)


class _Said(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Setup(_Said):
    """What is sent when a project is connected."""

    labelling: str = Field("", alias="schema")


class _Predict(_Said):
    """What is sent when predictions are wanted."""

    tasks: list[dict[str, object]] = Field(max_length=_MOST_TASKS)
    label_config: str


class _Event(_Said):
    """What is sent when something has happened in the project."""

    action: str = ""


class LabelStudioDoor:
    """The endpoints."""

    def __init__(self, detector: Detector, pictures: LabelStudioPictures | None) -> None:
        self._detector, self._pictures = detector, pictures

    def routes(self) -> list[Route]:
        """Return the paths and what answers them."""
        posting = ["POST"]
        return [
            Route(f"{PREFIX}", self.health),
            Route(f"{PREFIX}/", self.health),
            Route(f"{PREFIX}/health", self.health),
            Route(f"{PREFIX}/versions", self.versions),
            Route(f"{PREFIX}/setup", self.setup, methods=posting),
            Route(f"{PREFIX}/predict", self.predict, methods=posting),
            Route(f"{PREFIX}/webhook", self.webhook, methods=posting),
            Route(f"{PREFIX}/train", self.train, methods=posting),
        ]

    @property
    def _version(self) -> str:
        return f"skillbank {self._detector.name}"

    def _named(self) -> LabelStudioPictures:
        if self._pictures is None:
            raise Refusal(
                503,
                "no_label_studio",
                Sentence(
                    "This server was not told where Label Studio is; start it with "
                    f"{option('label-studio', 'URL')}."
                ),
            )
        return self._pictures

    def health(self, request: Request) -> Response:
        """Say whether the model is loaded."""
        self._named()
        state = self._detector.state
        if state != "ready":
            said = self._detector.message or "The model is being loaded; come again."
            raise Refusal(503, state, said)
        return Json({"status": "UP", "model_class": "skillbank"})

    def versions(self, request: Request) -> Response:
        """Name the model."""
        return Json({"versions": [self._version]})

    async def setup(self, request: Request) -> Response:
        """Look whether a project's labelling config can be served; its address and token are not used."""
        self._named()
        said = validated(_Setup, await read_body(request, _MOST_BYTES))
        if said.labelling.strip():
            await _read(said.labelling)
        return Json({"model_version": self._version})

    async def predict(self, request: Request) -> Response:
        """Answer tasks with a prediction each; with none, and a sentence, where a picture cannot be used."""
        pictures = self._named()
        said = validated(_Predict, await read_body(request, _MOST_BYTES))
        wanted = await _read(said.label_config)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(task: dict[str, object]) -> dict[str, object] | str:
            async with turns:
                return await self._one(pictures, wanted, task)

        answers = await asyncio.gather(*map(one, said.tasks))
        failed = [
            {"task": task.get("id"), "message": answer}
            for task, answer in zip(said.tasks, answers, strict=True)
            if isinstance(answer, str)
        ]
        if failed and len(failed) == len(answers):
            raise Refusal(422, "pictures", f"No picture could be used. {failed[0]['message']}")
        results = [[] if isinstance(answer, str) else answer for answer in answers]
        document: dict[str, object] = {"results": results, "model_version": self._version}
        return Json(document | ({"errors": failed} if failed else {}))

    async def webhook(self, request: Request) -> Response:
        """Take note of what happens in the project; nothing is trained from here."""
        event = validated(_Event, await read_body(request, _MOST_BYTES)).action
        if event in _TRAINS:
            raise _no_training()
        return Json({"status": "ok", "result": {}}, 201)

    async def train(self, request: Request) -> Response:
        """Refuse: a training is planned, and a person approves it."""
        await read_body(request, _MOST_BYTES)
        raise _no_training()

    async def _one(
        self, pictures: LabelStudioPictures, wanted: list[Control], task: dict[str, object]
    ) -> dict[str, object] | str:
        """Return the prediction for a task, or a sentence on its picture."""
        number = one_line(task.get("id", "?"), 40)
        found: list[tuple[Control, Found]] = []
        size = (0, 0)
        fetched: dict[str, bytes] = {}
        try:
            for control in wanted:
                address = control.address(task)
                if not address:
                    return (
                        f"Task {number} has no address of a picture in its data, as {one_line(control.key)}."
                    )
                if address not in fetched:
                    fetched[address] = await pictures.fetch(address)
                objects, size = await self._ask(control, fetched[address])
                found += [(control, each) for each in objects]
        except PictureError as error:
            return f"The picture of task {number} is {error.sentence}."
        return prediction(found, *size, self._version)

    async def _ask(self, control: Control, picture: bytes) -> tuple[list[Found], tuple[int, int]]:
        about = self._detector.about
        usual = control.threshold if control.threshold is not None else about.get("threshold", 0.3)
        bounds = {"threshold": control.search.least(usual), "nms": None, "across": 1.0}
        answer = await self._detector.detect(picture, control.search.captions, bounds)
        about = self._detector.about
        seen = Labelled.of("", answer.document)
        found = control.search.objects(
            seen.findings, usual, nms=about.get("nms", 0.7), across=about.get("across", 0.7)
        )
        return found, (seen.width, seen.height)


async def _read(config: str) -> list[Control]:
    try:
        return await run_in_threadpool(controls, config)
    except UsageError as error:
        raise Refusal(400, "label_config", error.sentence) from None


def _no_training() -> Refusal:
    words = f"'fine-tune {example_model()} on EXPORT from last:train'"
    return Refusal(
        501,
        "no_training",
        Sentence(
            "skillbank trains by plans that a person approves: export the project as JSON, and run "
            f"{command('run', words)}."
        ),
    )
