"""Answering requests for detections as they come: decoded beside each other, detected in batches."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from typing import Any

from PIL import Image

from skillbank_engine.data.pixels import PixelScale
from skillbank_engine.detection_lines import rounded
from skillbank_engine.drawing import draw_detections, phrase_colours
from skillbank_engine.errors import DataError, EngineError
from skillbank_engine.families.grounding_dino.descriptions import split_text
from skillbank_engine.families.grounding_dino.predictor import (
    Detection,
    Predictor,
    Seen,
    without_repeats,
)
from skillbank_engine.families.grounding_dino.tiles import AUTO, OFF, detect_in_tiles, tile_size
from skillbank_engine.families.grounding_dino.tokenizer import normalise_phrase
from skillbank_engine.uploads import about_pixels, decode, preview_of

_KEPT = 64


@dataclass(frozen=True)
class Wish:
    """A request.

    Attributes
    ----------
    number : int
        Its answer carries the same.
    phrases : tuple of str
        The descriptions, normalised.
    names : tuple of str
        The descriptions as they were given; answers use these.
    picture : bytes
        A file in one of :data:`skillbank_engine.uploads.FORMATS`.
    threshold : float
        Least score of what is answered.
    nms_iou : float
        Most overlap of two boxes of one description.
    across_iou : float
        Most overlap of two boxes of different descriptions; 1 keeps every name of an object.
    draw : str
        Format of the annotated copy (``JPEG``, ``PNG``, ...), empty for none.
    preview : bool
        Whether the picture itself is wanted, as a JPEG of what the model sees, where a browser would show
        something else or nothing; not with ``draw``.
    pixels : PixelScale
        How numbers of more than 8 bits are scaled, where the model does not know: what other pictures of the
        same call made of it.
    tiles : str
        ``auto``, ``off`` or ``WxH``: whether a picture is looked at piece by piece too.
    """

    number: int
    phrases: tuple[str, ...]
    names: tuple[str, ...]
    picture: bytes = field(repr=False)
    threshold: float
    nms_iou: float
    across_iou: float = 1.0
    draw: str = ""
    preview: bool = False
    pixels: PixelScale = field(default_factory=PixelScale)
    tiles: str = OFF


@dataclass(frozen=True)
class Reply:
    """The answer to a request: a JSON document, and the bytes of the copy or preview if one was wanted."""

    number: int
    document: dict[str, Any]
    picture: bytes = b""


@dataclass(frozen=True)
class _Ready:
    """A request whose picture is decoded; ``seen`` is what the network sees, ``said`` is about the file."""

    wish: Wish
    predictor: Predictor
    seen: Seen
    full: Image.Image | None
    said: dict[str, object]
    since: float
    preview: bytes = b""

    @property
    def company(self) -> tuple[object, ...]:
        """What requests have in common that can make one pass."""
        return self.wish.phrases, self.seen.shown


class Service:
    """Takes requests from any thread and answers each once, in the order in which it can.

    Requests for equal descriptions whose pictures the network sees in equal sizes make one batch, also when
    they come a little after each other.

    Parameters
    ----------
    make_predictor : callable
        Gives the predictor of some phrases; those used last are kept.
    answer : callable
        Gets every :class:`Reply`; called in several threads, one at a time.
    most_pixels : int
        Of one picture.
    batch_size : int
        Most pictures of a pass.
    window : float
        Seconds to wait for company.
    workers : int
        Threads that decode and draw.
    """

    def __init__(
        self,
        make_predictor: Callable[[Sequence[str]], Predictor],
        answer: Callable[[Reply], None],
        *,
        most_pixels: int,
        batch_size: int,
        window: float,
        workers: int,
    ) -> None:
        self._make_predictor, self._answer = make_predictor, answer
        self._most_pixels, self._batch_size, self._window = most_pixels, batch_size, window
        self._pool = ThreadPoolExecutor(workers)
        # Pictures that are decoded and wait take memory, so further requests wait outside.
        self._places = threading.BoundedSemaphore(2 * (batch_size + max(batch_size, workers)))
        self._news = threading.Condition()
        self._ready: deque[_Ready] = deque()
        self._coming, self._closed = 0, False
        self._predictors: OrderedDict[tuple[str, ...], Predictor] = OrderedDict()
        self._answering = threading.Lock()

    def submit(self, wish: Wish) -> None:
        """Take a request; waits while too many are unanswered."""
        self._places.acquire()
        with self._news:
            self._coming += 1
        self._pool.submit(self._prepare, wish)

    def close(self) -> None:
        """Take no more; :meth:`run` returns when everything is answered."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def run(self) -> None:
        """Detect, in this thread, until :meth:`close`."""
        while batch := self._next_batch():
            try:
                self._detect(batch)
            except Exception as error:  # a batch that the device cannot take must not end the others
                for item in batch:
                    self._fail(item.wish, "engine", f"The detector failed ({type(error).__name__}: {error})")
        self._pool.shutdown()

    def _prepare(self, wish: Wish) -> None:
        ready = None
        try:
            predictor = self._predictor(wish.phrases)
            picture = decode(wish.picture, self._most_pixels, predictor.pixels.completed(wish.pixels))
            full = picture.image
            ready = _Ready(
                wish=wish,
                predictor=predictor,
                seen=predictor.see(full),
                full=full if wish.draw or wish.tiles != OFF else None,
                said=about_pixels(picture),
                since=time.monotonic(),
                preview=preview_of(picture) if wish.preview and not wish.draw else b"",
            )
        except DataError as error:
            self._fail(wish, "picture", str(error))
        except EngineError as error:
            self._fail(wish, "description", str(error))
        except Exception as error:  # nobody may wait for an answer that never comes
            self._fail(wish, "engine", f"The picture cannot be prepared ({type(error).__name__}: {error})")
        finally:
            with self._news:
                self._coming -= 1
                if ready is not None:
                    self._ready.append(ready)
                self._news.notify_all()

    def _predictor(self, phrases: tuple[str, ...]) -> Predictor:
        with self._news:
            if phrases in self._predictors:
                self._predictors.move_to_end(phrases)
                return self._predictors[phrases]
        made = self._make_predictor(phrases)
        with self._news:
            self._predictors[phrases] = made
            if len(self._predictors) > _KEPT:
                self._predictors.popitem(last=False)
        return made

    def _next_batch(self) -> list[_Ready]:
        """Wait for the oldest request and its company; empty when all is done."""
        with self._news:
            while not self._ready:
                if self._closed and not self._coming:
                    return []
                self._news.wait()
            first = self._ready[0]
            until = first.since + self._window
            while True:
                batch = [item for item in self._ready if item.company == first.company][: self._batch_size]
                left = until - time.monotonic()
                if len(batch) == self._batch_size or left <= 0 or self._closed:
                    break
                self._news.wait(left)
            for item in batch:
                self._ready.remove(item)
            return batch

    def _detect(self, batch: Sequence[_Ready]) -> None:
        start = time.monotonic()
        predictor = batch[0].predictor
        pictures = [item.seen for item in batch]
        least = min(item.wish.threshold for item in batch)
        found = predictor.read(predictor.run(pictures), pictures, least)
        found = [self._closer(item, whole) for item, whole in zip(batch, found, strict=True)]
        spent = time.monotonic() - start
        answers = []
        for item, detections in zip(batch, found, strict=True):
            sure = [d for d in detections if d.score >= item.wish.threshold]
            kept = without_repeats(sure, item.wish.nms_iou, item.wish.across_iou)
            others = 0
            if item.wish.across_iou < 1:
                others = len(without_repeats(sure, item.wish.nms_iou)) - len(kept)
            document = {
                "width": item.seen.size[0],
                "height": item.seen.size[1],
                "detections": [rounded(d, item.wish.names) for d in kept],
                "batch": len(batch),
                "seconds": round(spent, 4),
                **({"other_names": others} if others > 0 else {}),
                **({"seen": list(item.seen.shown)} if _is_much_smaller(item) else {}),
                **item.said,
            }
            answers.append((item, kept, document))
        # Only now, so that a batch that fails is answered once.
        for item, kept, document in answers:
            if not item.wish.draw:
                self._reply(Reply(item.wish.number, document, item.preview))
            else:
                self._pool.submit(self._draw, item, kept, document)

    def _closer(self, item: _Ready, whole: list[Detection]) -> list[Detection]:
        """Add what the tiles of a picture show, if it is to be looked at in tiles."""
        tile = tile_size(item.wish.tiles, item.seen.size, item.seen.shown)
        if tile is None or item.full is None:
            return whole
        least = item.wish.threshold
        detect = partial(item.predictor.detect, least=least)
        return detect_in_tiles(item.full, tile, detect, whole, least, self._batch_size)

    def _draw(self, item: _Ready, detections: Sequence[Detection], document: dict[str, object]) -> None:
        names = item.wish.names
        try:
            assert item.full is not None
            drawn = draw_detections(item.full, detections, names, phrase_colours(names), 3)
            file = BytesIO()
            drawn.save(file, format=item.wish.draw)
        except Exception as error:
            self._fail(item.wish, "engine", f"The picture cannot be drawn ({type(error).__name__}: {error})")
            return
        self._reply(Reply(item.wish.number, document, file.getvalue()))

    def _fail(self, wish: Wish, code: str, message: str) -> None:
        self._reply(Reply(wish.number, {"error": {"code": code, "message": message}}))

    def _reply(self, reply: Reply) -> None:
        with self._answering:
            self._answer(reply)
        self._places.release()


def _is_much_smaller(item: _Ready) -> bool:
    """Whether a picture is looked at as a whole alone, and would be looked at in tiles if asked to."""
    return item.wish.tiles == OFF and tile_size(AUTO, item.seen.size, item.seen.shown) is not None


def read_wish(header: Mapping[str, Any], picture: bytes, usual: Mapping[str, float]) -> Wish:
    """Make a request of the line that announces it and its picture.

    Parameters
    ----------
    header : mapping
        ``id``, ``descriptions``; ``threshold``, ``nms``, ``across``, ``draw``, ``preview``, ``pixels`` and
        ``tiles`` may be missing.
    picture : bytes
        The file.
    usual : mapping
        ``threshold``, ``nms`` and ``across`` of requests that do not say.
    """
    names: dict[str, str] = {}
    for text in header["descriptions"]:
        parts = split_text(text)
        # One is answered as it was given; an empty one is refused when the prompt is made.
        for part in parts if len(parts) > 1 else [text]:
            names.setdefault(normalise_phrase(part), part)
    values = {name: float(header.get(name, usual[name])) for name in ("threshold", "nms", "across")}
    return Wish(
        number=int(header["id"]),
        phrases=tuple(names),
        names=tuple(names.values()),
        picture=picture,
        threshold=values["threshold"],
        nms_iou=values["nms"],
        across_iou=values["across"],
        draw=header.get("draw") or "",
        preview=bool(header.get("preview")),
        pixels=PixelScale.from_dict(header.get("pixels")),
        tiles=header.get("tiles") or OFF,
    )
