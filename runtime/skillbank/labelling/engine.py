"""The engine as a process that answers: the ``serve`` of its program, asked from any thread.

A request is a line of JSON and a picture's bytes on its stdin, an answer a line of JSON and perhaps a
picture's bytes on its stdout; the engine answers in its own order, and requests are known by their number.
No path ever goes over.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from skillbank.bank.engines import labeller
from skillbank.errors import DataError, PlatformError
from skillbank.installation import how_to_install
from skillbank.labelling.precision import PRECISION
from skillbank.labelling.process import take
from skillbank.ways import Sentence

if TYPE_CHECKING:
    from skillbank.labelling.engine_documents import About, PictureDocument

__all__ = ["BATCH", "MOST_PIXELS", "Answer", "Engine", "PictureError"]

BATCH = 8
MOST_PIXELS = 178_956_970
"""Of a picture that is taken unless somebody says otherwise."""
_GRACE = 10.0
_LAST_ANSWERS = 1.0


class PictureError(DataError):
    """The engine cannot take a picture; the text goes on after "This is"."""


@dataclass(frozen=True)
class Answer:
    """What was found: the engine's document, and the annotated copy or the preview if one was wanted."""

    document: PictureDocument
    picture: bytes = b""


class Engine:
    """A model that is being loaded, then answers.

    Parameters
    ----------
    model
        What `skillbank.labelling.models.find_model` gave.
    most_pixels
        Of a picture; larger ones are refused before they are unpacked.
    window
        Milliseconds that a picture waits for others to make a batch with.
    offline
        Whether the model of the hub is taken from its cache as it is, because the hub is out of reach.
    precision
        Of `skillbank.labelling.precision.KINDS`; where none is named the engine chooses.

    Attributes
    ----------
    about
        What the engine says of itself once it is `ready`: ``threshold``, ``nms`` and ``across`` that it uses
        unless told, ``device``, ``backbone``, ``labels``.

    Raises
    ------
    PlatformError
        When the engine is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        most_pixels: int = MOST_PIXELS,
        window: float = 3.0,
        offline: bool = False,
        precision: str = "",
    ) -> None:
        facts = labeller()
        self._program = facts.program
        process = take()
        if process is None:
            raise PlatformError(
                f"The program {self._program} is not installed; {how_to_install(facts.extra)} brings it."
            )
        self.about: About = {}
        self._waiting: dict[int, Future[Answer]] = {}
        self._numbers = itertools.count(1)
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._said: deque[str] = deque(maxlen=50)
        self._process = process
        assert self._process.stdin and self._process.stdout and self._process.stderr
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._watcher: threading.Thread | None = None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._listener.start()
        self._named = precision
        order: dict[str, object] = {"checkpoint": model, "max_pixels": most_pixels, "window": window}
        order |= {"batch_size": BATCH}
        order |= {name: value for name, value in (("offline", offline), ("precision", precision)) if value}
        with contextlib.suppress(OSError):  # it has ended; `ready` says why
            self._stdin.write(json.dumps(order).encode() + b"\n")
            self._stdin.flush()

    def ready(self) -> None:
        """Wait until the model is loaded; to be called once, before anything is asked.

        Raises
        ------
        DataError
            When the engine refuses the model.
        """
        line = self._stdout.readline()
        if not line:
            self._stdout.close()
            raise DataError(f"{self._program} cannot use the model: {self._last_words()}")
        self.about = json.loads(line)["ready"]
        reader = threading.Thread(target=self._read, args=(self._stdout,), daemon=True)
        reader.start()
        self._watcher = threading.Thread(target=self._watch, args=(reader,), daemon=True)
        self._watcher.start()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def notes(self) -> list[str]:
        """What nobody asked for: that a GPU computes in fewer bits."""
        kind = self.about.get("precision", "fp32")
        if self._named or kind == "fp32":
            return []
        where = self.about.get("device", "a GPU")
        return [
            Sentence(f"The model computed in {kind} on {where}; {PRECISION.way('fp32')} computes in full.")
        ]

    @property
    def alive(self) -> bool:
        """Whether it can still answer."""
        return self._process.poll() is None

    def ask(
        self,
        picture: bytes,
        descriptions: Sequence[str],
        *,
        threshold: float | None = None,
        nms: float | None = None,
        across: float | None = None,
        draw: str = "",
        preview: bool = False,
        pixels: Mapping[str, Sequence[float]] | None = None,
        tiles: str = "",
    ) -> Future[Answer]:
        """Ask what is in a picture; waits only while the engine has very much to do.

        Parameters
        ----------
        threshold, nms, across
            Least score; most overlap of two boxes of one description, and of two boxes of different ones (1
            keeps every name of an object). The engine's own by default.
        draw
            Format of the annotated copy (``PNG``, ``JPEG``, ...), empty for none.
        preview
            Whether a JPEG is wanted of what the model sees, where a browser would show something else.
        pixels
            What is black and white in pictures of more than 8 bits, by the kind of their numbers, where the
            model keeps no scale (`skillbank.labelling.scales`).
        tiles
            Whether it is looked at piece by piece too: ``auto``, ``WxH``, empty for not.

        Returns
        -------
        Future
            The answer; `PictureError`, `DataError` or `PlatformError` when there is none.
        """
        number, future = next(self._numbers), Future[Answer]()
        future.set_running_or_notify_cancel()
        header: dict[str, object] = {"id": number, "descriptions": list(descriptions), "bytes": len(picture)}
        bounds = (("threshold", threshold), ("nms", nms), ("across", across))
        header |= {name: value for name, value in bounds if value is not None}
        header |= {k: v for k, v in (("draw", draw), ("preview", preview), ("pixels", pixels)) if v}
        header |= {"tiles": tiles} if tiles else {}
        with self._lock:
            self._waiting[number] = future
        try:
            with self._writing:
                self._stdin.write(json.dumps(header).encode() + b"\n")
                self._stdin.write(picture)
                self._stdin.flush()
        except (OSError, ValueError):  # it has gone, or was closed
            self._fail(number)
        if not self.alive:
            self._fail(number)
        return future

    def finish(self) -> None:
        """Ask nothing more, so that the engine ends when all is answered; `close` waits for that."""
        self._hang_up(_GRACE)

    def close(self) -> None:
        """Let the engine answer what it was asked, and end it."""
        if not self.about:
            self._process.terminate()
        if not self._hang_up(_GRACE):  # it takes nothing any more, and somebody waits to hand it a picture
            self._process.kill()
            self._hang_up()  # whoever waits is told by the broken pipe
        if not self._has_ended(_GRACE):
            self._process.kill()
            self._process.wait()

    def _has_ended(self, seconds: float) -> bool:
        """Wait some seconds for its end, and say whether it came."""
        if self._watcher is not None:
            self._watcher.join(seconds)  # back at once, where a wait for a time looks every now and then
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        return not self.alive

    def _hang_up(self, seconds: float = -1) -> bool:
        """Close its stdin, once nobody writes there; say whether that came within some seconds."""
        if not self._writing.acquire(timeout=seconds):
            return False
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._writing.release()
        return True

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while (line := stream.readline()).endswith(b"\n"):
                document = json.loads(line)
                size = document.pop("bytes")
                picture = stream.read(size)
                if len(picture) < size:
                    return  # it ended in the middle of an answer
                with self._lock:
                    future = self._waiting.pop(document.pop("id"), None)
                if future is None:
                    continue
                if error := document.get("error"):
                    kind = PictureError if error["code"] == "picture" else DataError
                    future.set_exception(kind(error["message"]))
                else:
                    future.set_result(Answer(document, picture))

    def _watch(self, reader: threading.Thread) -> None:
        """See to it that nobody waits for a process that has ended.

        The end of its stdout alone would not tell: whatever it has started may have that still open.
        """
        self._process.wait()
        reader.join(_LAST_ANSWERS)
        for number in list(self._waiting):
            self._fail(number)

    def _fail(self, number: int) -> None:
        with self._lock:
            future = self._waiting.pop(number, None)
        if future is not None:
            future.set_exception(PlatformError(f"{self._program} has ended: {self._last_words()}"))

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._said.append(line.decode(errors="replace").strip())

    def _last_words(self) -> str:
        """Return the engine's own sentence of why it ended."""
        self._process.wait()
        self._listener.join(1)
        lines = [line for line in self._said if line]
        said = next(
            (line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else ""
        )
        return said.removeprefix("ERROR: ") or f"it said nothing (exit {self._process.returncode})"
