"""Which tests see which lines: traced once, a file of tests after the other, and kept."""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

from benchmarks.mutants.forks import Job, done, run_items

__all__ = ["Seen", "caches", "kept", "looked"]

_LIMIT = 900
_BEGUN = time.time()
"""Tests that were changed since then are others than those looked at."""


@dataclass(frozen=True)
class Seen:
    """What the tests saw.

    Attributes
    ----------
    seconds
        Of the processor, for each test while it was traced; those that failed are not among them.
    lines
        Of each module the lines that a test ran, as bits of a number, by test.
    modules
        All that was imported meanwhile.
    spread
        How many lines each test ran, of all modules.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[str, int]]
    modules: list[str]
    spread: dict[str, int]

    def tests_of(self, path: Path, lines: range) -> list[str]:
        """Return the tests that ran one of these lines, quickest first."""
        mask = sum(1 << line for line in lines)
        found = (test for test, bits in self.lines.get(str(path), {}).items() if bits & mask)
        return sorted((test for test in found if test in self.seconds), key=lambda test: self.seconds[test])

    def share(self, test: str, path: Path) -> float:
        """Return how much of what a test ran is of a module, in tenths."""
        return round(self.lines[str(path)][test].bit_count() / self.spread[test], 1)


def kept(folder: Path) -> Seen:
    """Read what `looked` wrote."""
    seconds: dict[str, float] = {}
    lines: dict[str, dict[str, int]] = defaultdict(dict)
    modules: set[str] = set()
    spread: dict[str, int] = {}
    for file in sorted(folder.glob("*.json")):
        document = json.loads(file.read_text("utf-8"))
        seconds |= document["seconds"]
        modules.update(document["modules"])
        for test, of_test in document["lines"].items():
            spread[test] = sum(int(bits, 16).bit_count() for bits in of_test.values())
            for path, bits in of_test.items():
                lines[path][test] = int(bits, 16)
    return Seen(seconds, lines, sorted(modules), spread)


def caches() -> list[Any]:
    """Return the caches of the package's functions: what is remembered, no test sees the making of."""
    gc.unfreeze()
    found = (each for each in gc.get_objects() if type(each) is functools._lru_cache_wrapper)
    return [each for each in found if each.__module__.startswith("skillbank")]


class _Tracer:
    """Writes down the lines of some modules as they are run."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = {str(path) for path in paths}
        self.found: dict[CodeType, set[int]] = {}
        self._all: dict[CodeType, int] = {}

    def _call(self, frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        if code.co_filename not in self._paths:
            return None
        lines = self.found.setdefault(code, set())
        if code not in self._all:
            self._all[code] = len({line for *_, line in code.co_lines() if line} - {code.co_firstlineno})
        if len(lines) >= self._all[code]:
            return None

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return line

        return line

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        self.found = {}
        threading.settrace(self._call)
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)


def _file_looked_at(
    session: pytest.Session,
    items: list[pytest.Item],
    paths: Sequence[Path],
    remembering: Sequence[Any],
    folder: Path,
) -> dict[str, Any]:
    tracer = _Tracer(paths)
    seconds: dict[str, float] = {}
    lines: dict[str, dict[str, int]] = {}

    @contextlib.contextmanager
    def each(item: pytest.Item) -> Iterator[None]:
        start = sum(os.times()[:4])
        with tracer():
            yield
        seconds[item.nodeid] = sum(os.times()[:4]) - start
        bits: dict[str, int] = defaultdict(int)
        for code, found in tracer.found.items():
            for line in found:
                bits[code.co_filename] |= 1 << line
        lines[item.nodeid] = bits

    for cache in remembering:
        cache.cache_clear()
    failed = run_items(session, items, folder, each, to_the_end=True)
    for test in failed:
        seconds.pop(test, None)
    return {
        "seconds": seconds,
        "lines": {test: {path: f"{value:x}" for path, value in bits.items()} for test, bits in lines.items()},
        "modules": sorted(sys.modules),
        "failed": failed,
    }


def looked(session: pytest.Session, paths: Sequence[Path], folder: Path, at_once: int) -> None:
    """Run all tests, each file in a fork, and keep in a folder what they see of modules.

    A file of tests that was looked at since it was changed is left out. Where modules have changed, lines are
    others: begin with an empty folder then.
    """
    by_file: dict[Path, list[pytest.Item]] = defaultdict(list)
    for item in session.items:
        by_file[item.path].append(item)
    folder.mkdir(parents=True, exist_ok=True)
    places: dict[int, Path] = {}
    jobs: list[Job] = []
    remembering = caches()
    gc.freeze()
    for path, items in by_file.items():
        place = folder / f"{path.parent.name}.{path.stem}.json"
        if not place.exists() or place.stat().st_mtime < path.stat().st_mtime:
            job = Job(partial(_file_looked_at, session, items, paths, remembering), _LIMIT)
            places[id(job)] = place
            jobs.append(job)
    for count, (job, outcome) in enumerate(done(jobs, at_once), 1):
        place = places[id(job)]
        said = "did not end"
        if outcome is not None:
            place.write_text(json.dumps(outcome), "utf-8")
            os.utime(place, (_BEGUN, _BEGUN))
            said = f"{sum(outcome['seconds'].values()):.1f} s, failed: {outcome['failed'] or 'none'}"
        print(f"{count}/{len(jobs)} {place.stem}: {said}", flush=True)
