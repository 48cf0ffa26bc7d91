"""Pictures on their way into a set: looked at in the background, added some hundreds at a time."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue

from skillbank.datasets.depths import FLAT, depth_of
from skillbank.datasets.looks import look_at
from skillbank.home import cache_dir, pictures_dir
from skillbank.labelling.pictures import find_pictures, picture_names
from skillbank.labelling.video import Frame, apart, frames_of
from skillbank.sets.model import FoundPicture, PictureRow

__all__ = ["Scanned", "gathered", "scanned"]

_THREADS = 4
_AHEAD = 64
_MOST = 2000
"""Pictures of one transaction."""
_FIRST, _LATER = 2.0, 8.0
"""Seconds after which those that are ready are added, so that the model does not wait for all of them."""
_PATIENCE = 0.2


@dataclass(frozen=True)
class Scanned:
    """Some pictures in order: those that can be looked at, and why others cannot; half a sentence."""

    found: tuple[FoundPicture, ...]
    left_out: tuple[tuple[Path, str], ...]


def gathered(images: Sequence[Path], every: int | None) -> list[Frame]:
    """Return pictures, those below folders and frames of videos, with names that tell where they are from.

    Frames are kept in skillbank's own folder, by their content.
    """
    others, videos = apart(images, every)
    paths = find_pictures(others)
    found = [Frame(path, name) for path, name in zip(paths, picture_names(paths), strict=True)]
    for video in videos:
        found += frames_of(video, every or 1, pictures_dir(), cache_dir())
    return found


def scanned(pictures: Sequence[Frame], known: Mapping[str, PictureRow]) -> Generator[Scanned]:
    """Look at pictures, while the model is busy with those before; those of a known content are only read.

    Parameters
    ----------
    pictures
        As `gathered` found them.
    known
        Pictures of the set by content; it may grow meanwhile.
    """
    chunks: Queue[Scanned | BaseException | None] = Queue(2)
    stop = threading.Event()

    def put(thing: Scanned | BaseException | None) -> None:
        while not stop.is_set():
            try:
                chunks.put(thing, timeout=_PATIENCE)
                return
            except Full:
                continue

    def look() -> None:
        try:
            with closing(_scan(pictures, known, stop)) as made:
                for chunk in made:
                    put(chunk)
        except BaseException as error:  # whoever waits for pictures is told
            put(error)
        put(None)

    thread = threading.Thread(target=look, name="looking", daemon=True)
    thread.start()
    try:
        while True:
            try:
                chunk = chunks.get(timeout=_PATIENCE)
            except Empty:
                continue
            if chunk is None:
                return
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk
    finally:
        stop.set()
        thread.join()


def _scan(
    pictures: Sequence[Frame], known: Mapping[str, PictureRow], stop: threading.Event
) -> Generator[Scanned]:
    found: list[FoundPicture] = []
    left_out: list[tuple[Path, str]] = []
    since, patience = time.monotonic(), _FIRST
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="look") as pool:
        ahead: deque[tuple[Path, Future[FoundPicture | str]]] = deque()
        waiting = iter(pictures)
        while not stop.is_set():
            _fill(ahead, waiting, lambda path, name: pool.submit(_look, path, name, known))
            if not ahead:
                break
            path, future = ahead.popleft()
            told = future.result()
            if isinstance(told, str):
                left_out.append((path, told))
            else:
                found.append(told)
            if len(found) >= _MOST or (found and time.monotonic() - since > patience):
                yield Scanned(tuple(found), tuple(left_out))
                found, left_out, since, patience = [], [], time.monotonic(), _LATER
        for _, future in ahead:
            future.cancel()
    if found or left_out:
        yield Scanned(tuple(found), tuple(left_out))


def _fill(
    ahead: deque[tuple[Path, Future[FoundPicture | str]]],
    waiting: Iterator[Frame],
    submit: Callable[[Path, str], Future[FoundPicture | str]],
) -> None:
    while len(ahead) < _AHEAD and (following := next(waiting, None)) is not None:
        ahead.append((following[0], submit(*following)))


def _look(path: Path, name: str, known: Mapping[str, PictureRow]) -> FoundPicture | str:
    """Return a picture, or why there is none."""
    try:
        if not path.is_file() and path.exists():
            return "no regular file"  # a pipe or a device may never end
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        return f"no file that can be read ({getattr(error, 'strerror', None) or error})"
    place = str(path.absolute())
    try:
        place.encode()
    except UnicodeEncodeError:
        return "no file whose name is text in UTF-8"
    there = known.get(sha256)
    if there is not None and there.deep is not None:
        return FoundPicture(name, place, sha256, there.width, there.height)
    look = look_at(path)
    if look.trouble:
        return f"no picture that can be used: {look.trouble}"
    depth = depth_of(path) if look.deep else FLAT
    return FoundPicture(name, place, sha256, look.width, look.height, look.small, depth)
