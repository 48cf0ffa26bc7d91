"""Detectors of a server: one for a model that was found, and one that says why there is none."""

from __future__ import annotations

from collections.abc import Callable

from skillbank.errors import PlatformError
from skillbank.labelling.batch import load
from skillbank.labelling.engine import Engine
from skillbank.labelling.models import Model, open_engine
from skillbank.web.detection import MOST_PIXELS
from skillbank.web.detector import Detector

__all__ = ["for_model", "opening", "without_model"]


def opening(
    found: Model, given: str | None, precision: str
) -> tuple[Callable[[], Engine], Callable[[Engine], None]]:
    """Return what starts the engine with a model, and what waits until it is loaded.

    Parameters
    ----------
    found, given
        What `skillbank.labelling.models.find_model` gave, and what it was given.
    precision
        That was named; empty where the engine chooses.
    """

    def start() -> Engine:
        return open_engine(found, given, most_pixels=MOST_PIXELS, precision=precision)

    return start, lambda engine: load(engine, given)


def for_model(found: Model, given: str | None, most_waiting: int, precision: str = "") -> Detector:
    """Return a detector with a model; see `opening` and `Detector`."""
    start, load_it = opening(found, given, precision)
    return Detector(found.name, start, load_it, most_waiting=most_waiting, precision=precision)


def without_model(why: str, most_waiting: int = 64) -> Detector:
    """Return a detector that answers with a sentence until a model is chosen."""

    def none() -> Engine:
        raise PlatformError(why)

    return Detector("no model", none, lambda engine: load(engine, ""), most_waiting=most_waiting)
