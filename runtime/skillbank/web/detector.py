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
from skillbank.labelling.tiles import OFF
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
    precision
        In which arithmetic all its models compute; empty where the engine chooses.

    Attributes
    ----------
    state, message
        ``loading``, ``ready`` or ``failed``, and why it failed.
    first
        Name of the model that the server was started with.
    chosen
        Id of the one that was chosen since; empty for the first.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], Engine],
        load: Callable[[Engine], None],
        *,
        most_waiting: int,
        precision: str = "",
    ) -> None:
        self.precision = precision
        self.name, self._start, self._load = name, start, load
        self.first, self._first = name, (start, load)
        self._most = most_waiting
        self.state: State = "loading"
        self.message = self.chosen = ""
        self._turn = 0
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
            turn = self._turn
        threading.Thread(target=self._begin, args=(turn,), daemon=True).start()

    def _begin(self, turn: int) -> None:
        """Start and load the model of a turn; one that was put aside meanwhile is not heard of any more."""
        with self._lock:
            start, load = self._start, self._load
        try:
            engine = start()
            with self._lock:
                late = self._closed or turn != self._turn
                if not late:
                    self._engine = engine
            if late:
                engine.close()
                return
            load(engine)
        except SkillbankError as error:
            self._settle(turn, "failed", redact(error.sentence))
        else:
            self._settle(turn, "ready")

    def _settle(self, turn: int, state: State, message: str = "") -> None:
        with self._lock:
            if turn == self._turn:
                self.state, self.message = state, message

    def use(
        self, chosen: str, name: str, start: Callable[[], Engine], load: Callable[[Engine], None]
    ) -> None:
        """Look with another model; what is under way is still answered by the one before.

        Parameters
        ----------
        chosen
            Id of the model; empty for the first.
        name, start, load
            As for the first one.
        """
        with self._lock:
            before, self._engine = self._engine, None
            self._turn += 1
            self.chosen, self.name, self._start, self._load = chosen, name, start, load
            self.state, self.message = "loading", ""
            self._starts.clear()
        if before is not None:
            threading.Thread(target=before.close, daemon=True).start()
        self.begin()

    def go_back(self) -> None:
        """Look with the model that the server was started with."""
        self.use("", self.first, *self._first)

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
        tiles: str = OFF,
        pixels: Mapping[str, Sequence[float]] | None = None,
    ) -> Answer:
        """Return what is in a picture: ``width``, ``height``, ``detections``, ``seconds``; perhaps a preview.

        Parameters
        ----------
        bounds
            ``threshold``, ``nms`` and ``across``, as `skillbank.labelling.engine.Engine.ask` takes them.
        tiles, pixels
            As it takes them too.

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
                    tiles=tiles,
                    pixels=pixels,
                ),
                limiter=self._writer,
            )
            answer = await asyncio.wrap_future(future)
        except PlatformError as error:
            self._ended(engine)
            raise Refusal(503, "engine_ended", redact(error.sentence), {"retry-after": "10"}) from None
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
