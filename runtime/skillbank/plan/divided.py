"""Data that was named as a whole: which part of it each source of an action takes.

A local folder may hold data sets for several sources (``train/``, ``val/``), or be a data set of several
splits. Whoever names it means its part for training, and its part for validation too. What is there on this
machine decides, as the request is made; a plan then names each place, and nothing is looked for again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from skillbank.nearby import at_home
from skillbank.plan.data_formats import given_to_places
from skillbank.plan.datasets import ARCHIVE, Binding
from skillbank.plan.request import DataLocation, Request

__all__ = ["SplitsOf", "divided", "local_place"]

SplitsOf = Callable[[str, str], Sequence[str]]
"""Names the splits (train, val, test) of the data set that is recognised at a location, or read there in the
format that was said; an undivided one has the split ''; nothing where none is recognised."""
_TRAINING, _VALIDATION = "train_datasets", "eval_dataset"
_FOLDERS = {
    _TRAINING: ("train", "training"),
    _VALIDATION: ("val", "valid", "validation", "eval", "dev"),
    "inference_dataset": ("inference", "infer"),
}
"""What the folders of a data root are called, by the source that they are for."""
_TEST = ("test", "testing")
"""Folders that are evaluated on where there is none to validate on; no training looks at them."""


def divided(
    request: Request, rows: Sequence[Binding], splits_of: SplitsOf
) -> tuple[Request, tuple[str, ...]]:
    """Return a request that names for each source the part which that source takes, and what was decided.

    Parameters
    ----------
    rows
        What the action reads of its data sets.
    """
    request, told = given_to_places(request)
    if request.settled or not request.data:
        return request, told
    finder = _Finder(request.action, [row for row in rows if row.kind == "data"], splits_of)
    data: list[DataLocation] = []
    for location in request.data:
        part = finder.part(location, location.source)
        data.append(location.model_copy(update={"uri": part or location.uri}))
    notes = []
    given = {location.source for location in request.data} | set(request.unwanted)
    if _TRAINING in finder.sources and _VALIDATION in finder.sources - given:
        for location in request.data:
            found = finder.validation(location) if location.source == _TRAINING else None
            if found is not None:
                data.append(DataLocation(source=_VALIDATION, uri=found, form=location.form))
            if found == location.uri:
                notes.append(f"{found} is validated on its own split for that, since no other data was named")
    update = {"data": tuple(dict.fromkeys(data)), "settled": True}
    return request.model_copy(update=update), (*told, *finder.notes, *dict.fromkeys(notes))


class _Finder:
    """Looks into places, each once."""

    def __init__(self, action: str, rows: Sequence[Binding], splits_of: SplitsOf) -> None:
        self.sources = {row.source for row in rows}
        self._parts: dict[str, dict[str, str]] = {}
        self._action, self._rows, self._splits_of = action, rows, splits_of
        self._splits: dict[tuple[str, str], tuple[str, ...]] = {}

    def part(self, location: DataLocation, source: str) -> str | None:
        """Return the part of a place that a source takes; None where it is the place itself."""
        uri, form = location.uri, location.form
        place = local_place(uri)
        if place is None or source not in self.sources or (not form and self._has_files(place, source)):
            return None
        folder = self._folder(place, source)
        if folder is None:
            return None
        if (not form and self._has_files(place / folder, source)) or not self._recognised(uri, form):
            self._parts.setdefault(uri, {})[source] = folder
            return f"{uri}/{folder}"
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """What folders were taken for: "D holds train_datasets (train/), eval_dataset (val/)"."""
        return tuple(
            f"{uri} holds {', '.join(f'{source} ({folder}/)' for source, folder in parts.items())}"
            for uri, parts in self._parts.items()
        )

    def validation(self, location: DataLocation) -> str | None:
        """Return what lies with training data to validate on; None where nothing does, or was set apart."""
        uri, form = location.uri, location.form
        place = local_place(uri)
        if place is not None and not form and self._has_files(place, _TRAINING):
            return None
        if (part := self.part(location, _VALIDATION)) is not None:
            return part
        return uri if "val" in self._recognised(uri, form) else None

    def _folder(self, place: Path, source: str) -> str | None:
        names = _FOLDERS.get(source, ())
        if source == _VALIDATION and self._action == "evaluate":
            names += _TEST
        inside = _names(place)
        return next((name for name in names if name in inside and (place / name).is_dir()), None)

    def _has_files(self, place: Path, source: str) -> bool:
        """Whether a folder holds the very files that a source is to have."""
        needed = [row.path for row in self._rows if row.source == source and not row.may_lack]
        return all(_there(place, path) for path in needed)

    def _recognised(self, uri: str, form: str) -> tuple[str, ...]:
        if (uri, form) not in self._splits:
            self._splits[uri, form] = tuple(self._splits_of(uri, form))
        return self._splits[uri, form]


def local_place(uri: str) -> Path | None:
    """Return where a place lies on this machine; None where it lies elsewhere."""
    if "://" in uri and not uri.startswith("file://"):
        return None
    return at_home(Path(uri.removeprefix("file://")))


def _names(place: Path) -> Iterable[str]:
    try:
        return {entry.name for entry in place.iterdir()} if place.is_dir() else ()
    except OSError:  # not for this user to read, a name too long
        return ()


def _there(place: Path, path: str) -> bool:
    try:
        return (place / path).exists() or (
            bool(ARCHIVE.search(path)) and (place / ARCHIVE.sub("", path)).is_dir()
        )
    except OSError:
        return False
