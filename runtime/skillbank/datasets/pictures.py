"""The pictures of a data set, each looked at once, several at a time; what was seen is kept."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from PIL import Image

from skillbank.datasets.document import Picture
from skillbank.datasets.kept_looks import KeptLooks, Stamp, stamp_of
from skillbank.datasets.looks import Look, look_at
from skillbank.datasets.tree import Tree

__all__ = ["Gallery"]

_PORTION = 32
_MORE_THREADS = 2
"""Some wait for a disk while others decode: the decoders let go of the interpreter."""


class Gallery:
    """Looks at pictures of a tree."""

    def __init__(self, tree: Tree, cache: Path | None = None) -> None:
        self._tree = tree
        self._kept = KeptLooks(cache / "looks.sqlite") if cache is not None else None
        self._quiet = warnings.catch_warnings()
        self._threads = (len(os.sched_getaffinity(0)) or 1) + _MORE_THREADS

    def __enter__(self) -> Gallery:
        self._quiet.__enter__()
        # Damaged notes in a file (EXIF, tags) are no fault of the picture: what is wrong is in its look.
        warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
        warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
        return self

    def __exit__(self, *_: object) -> None:
        self._quiet.__exit__(None, None, None)
        if self._kept is not None:
            self._kept.close()

    def looked(self, pictures: Iterable[Picture]) -> Iterator[tuple[Picture, Look | None]]:
        """Yield pictures with what was seen of them, in order; None for one that has no file.

        Only a few portions are ahead of what is taken, so that memory does not grow with the data set.
        """
        source = iter(pictures)
        waiting: deque[tuple[list[Picture], dict[str, Stamp], Future[dict[str, Look]]]] = deque()
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                while True:
                    while len(waiting) < 2 * self._threads and (portion := list(islice(source, _PORTION))):
                        stamps, known = self._known(portion)
                        paths = {name: self._tree.path(name) for name in stamps}
                        waiting.append((portion, stamps, pool.submit(_look_at_some, paths, known)))
                    if not waiting:
                        return
                    portion, stamps, future = waiting.popleft()
                    looks = future.result()
                    self._keep(stamps, looks)
                    for picture in portion:
                        yield picture, looks.get(picture.path) if picture.path is not None else None
            finally:
                for _, _, future in waiting:
                    future.cancel()

    def _known(self, portion: list[Picture]) -> tuple[dict[str, Stamp], dict[str, Look]]:
        """Return what must be looked at with its stamp, and what is known already, by path."""
        names = dict.fromkeys(picture.path for picture in portion if picture.path is not None)
        stamps = {name: stamp_of(self._tree.path(name)) for name in names}
        if self._kept is None:
            return stamps, {}
        known = {}
        for name, stamp in list(stamps.items()):
            if stamp and (look := self._kept.get(self._tree.path(name), stamp)) is not None:
                known[name] = look
                del stamps[name]
        return stamps, known

    def _keep(self, stamps: dict[str, Stamp], looks: dict[str, Look]) -> None:
        if self._kept is not None:
            for name, stamp in stamps.items():
                self._kept.put(self._tree.path(name), stamp, looks[name])


def _look_at_some(paths: dict[str, Path], known: dict[str, Look]) -> dict[str, Look]:
    return {**known, **{name: look_at(path) for name, path in paths.items()}}
