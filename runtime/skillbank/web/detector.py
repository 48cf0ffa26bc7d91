"""The model behind the page: loaded in the background, asked by many, started again when it has ended."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from anyio import CapacityLimiter, to_thread

from skillbank.errors import PlatformError, SkillbankError
from skillbank.labelling.engine import Answer, Engine
from skillbank.redact import redact
from skillbank.web.answers import Refusal

__all__ = ["Detector"]

State = Literal["loading", "ready", "failed"]
_STARTS = 3
"""Starts within a minute after which a model is given up."""


class Detector:
    """What the server knows of its model.

    Parameters
    ----------
    name
        As people know the model.
    start
        Starts the engine; called in a thread.
    load
        Waits until the engine's model is loaded; called in a thread.
    most_waiting
        Requests under way, after which further ones are turned away.

    Attributes
    ----------
    state, message
        ``loading``, ``ready`` or ``failed``, and why it failed.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], Engine],
        load: Callable[[Engine], None],
        *,
        most_waiting: int,
    ) -> None:
        self.name, self._start, self._load = name, start, load
        self._most = most_waiting
        self.state: State = "loading"
        self.message = ""
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._starts: list[float] = []
        self._closed = False
        self._waiting = 0
        self._seconds = 0.1
        self._writer: CapacityLimiter | None = None

    def begin(self) -> None:
        """Start loading the model."""
        now = time.monotonic()
        with self._lock:
            self._starts = [at for at in self._starts if now - at < 60] + [now]
            if len(self._starts) > _STARTS:
                self.state, self.message = (
                    "failed",
                    "The engine ends again and again; start it with another model.",
                )
                return
            self.state = "loading"
        threading.Thread(target=self._begin, daemon=True).start()

    def _begin(self) -> None:
        try:
            engine = self._start()
            with self._lock:
                self._engine = engine
                if self._closed:
                    engine.close()
                    return
            self._load(engine)
        except SkillbankError as error:
            self.state, self.message = "failed", redact(str(error))
        else:
            self.state = "ready"

    def close(self) -> None:
        """Let the engine answer what it was asked, and end it."""
        with self._lock:
            self._closed = True
        if self._engine is not None:
            self._engine.close()

    @property
    def about(self) -> dict[str, Any]:
        """State, name, and what the engine says of the model."""
        told = self._engine.about if self._engine is not None and self.state == "ready" else {}
        return {"state": self.state, "message": self.message, "name": self.name, **told}

    async def detect(
        self,
        picture: bytes,
        descriptions: Sequence[str],
        bounds: Mapping[str, float | None],
        preview: bool = False,
    ) -> Answer:
        """Return what is in a picture: ``width``, ``height``, ``detections``, ``seconds``; perhaps a preview.

        Parameters
        ----------
        bounds
            ``threshold``, ``nms`` and ``across``, as `skillbank.labelling.engine.Engine.ask` takes them.

        Raises
        ------
        Refusal
            503 while there is no model or too much to do.
        PictureError, DataError
            When the engine refuses the picture or a description.
        """
        engine = self._ready()
        if self._waiting >= self._most:
            seconds = max(1, round(self._waiting * self._seconds))
            said = f"There is too much to do; come again in {seconds} s."
            raise Refusal(503, "busy", said, {"retry-after": str(seconds)})
        self._writer = self._writer or CapacityLimiter(1)
        self._waiting += 1
        start = time.monotonic()
        try:
            # One at a time: the engine's pipe takes them one after another anyway.
            future = await to_thread.run_sync(
                lambda: engine.ask(
                    picture,
                    descriptions,
                    threshold=bounds.get("threshold"),
                    nms=bounds.get("nms"),
                    across=bounds.get("across"),
                    preview=preview,
                ),
                limiter=self._writer,
            )
            answer = await asyncio.wrap_future(future)
        except PlatformError as error:
            self._ended(engine)
            raise Refusal(503, "engine_ended", redact(str(error)), {"retry-after": "10"}) from None
        finally:
            spent = (time.monotonic() - start) / self._waiting
            self._seconds += 0.1 * (spent - self._seconds)
            self._waiting -= 1
        return answer

    def _ready(self) -> Engine:
        if self.state == "failed":
            raise Refusal(503, "no_model", self.message)
        if self.state == "loading" or self._engine is None:
            raise Refusal(503, "loading", "The model is being loaded; come again.", {"retry-after": "2"})
        if not self._engine.alive:
            self._ended(self._engine)
            return self._ready()
        return self._engine

    def _ended(self, engine: Engine) -> None:
        """Start the engine again, once for each that has ended."""
        if self._engine is engine and self.state == "ready" and not self._closed:
            self.begin()
