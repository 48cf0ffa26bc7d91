"""The places in a request: which text is a location, what it is for, and what a data root holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from skillbank.plan import phrases
from skillbank.plan.request import DataLocation, clean_uri
from skillbank.plan.scanner import Scanner

ListFolder = Callable[[str], "set[str] | None"]
"""Names in a folder, or None when it cannot be listed (a remote place, no folder)."""

SUBFOLDERS = (
    ("train_datasets", ("train", "training")),
    ("eval_dataset", ("val", "eval", "validation", "test")),
    ("inference_dataset", ("inference", "infer")),
)
"""What the folders of a data root are usually called."""


@dataclass(frozen=True, slots=True)
class Place:
    """A location and its role: a dataset source, ``results``, ``pretrained``, or None when unsaid."""

    role: str | None
    uri: str


def list_local(uri: str) -> set[str] | None:
    """List a local folder; None for anything else."""
    if "://" in uri and not uri.startswith("file://"):
        return None
    folder = Path(uri.removeprefix("file://")).expanduser()
    return {p.name for p in folder.iterdir()} if folder.is_dir() else None


def take_places(scan: Scanner) -> Iterator[Place]:
    """Take every location out of a text; its role is told by the words right before it."""
    matches = [*phrases.LOCATION.finditer(scan.text), *phrases.FOLDER.finditer(scan.text)]
    for match in sorted(matches, key=lambda m: m.start()):
        uri = next(g for g in match.groups() if g is not None)
        if match.re is phrases.FOLDER:
            if not Path(uri).is_dir():
                continue
        elif match["bare"]:
            uri = uri.rstrip(".,;:!?)")
            explicit = "://" in uri or uri.startswith(("/", "~", "."))
            # "and/or" is no place; a relative path is one when it exists.
            if not explicit and not Path(uri).exists():
                continue
        before = scan.text[: match.start()]
        said = ((role, re.search(words, before, re.IGNORECASE)) for role, words in phrases.LOCATION_ROLES)
        role, words = next(((r, m) for r, m in said if m), (None, None))
        if words is not None and role in ("results", "pretrained"):
            scan.blank(*words.span())
        scan.blank(*match.span())
        yield Place(role, _absolute(clean_uri(uri)))


def data_of(
    action: str, chain: Sequence[str], places: Sequence[Place], list_folder: ListFolder
) -> Iterator[DataLocation]:
    """Give an action of a chain its data; a place without a role is the first action's own."""
    own = {"evaluate": "eval_dataset", "inference": "inference_dataset"}.get(action, "train_datasets")
    said = any(place.role == own for place in places)
    for place in places:
        if place.role in ("results", "pretrained"):
            continue
        if place.role is not None:
            yield DataLocation(source=place.role, uri=place.uri)
        elif parts := split_root(place.uri, list_folder):
            yield from parts
        elif action == chain[0] or (not said and action not in ("export", "gen_trt_engine")):
            yield DataLocation(source=own, uri=place.uri)


def split_root(uri: str, list_folder: ListFolder) -> list[DataLocation]:
    """Name the data sets below a local folder that holds train/, val/ and the like; else nothing."""
    names = list_folder(uri) or set()
    found = ((source, next((c for c in candidates if c in names), None)) for source, candidates in SUBFOLDERS)
    return [DataLocation(source=source, uri=f"{uri}/{name}") for source, name in found if name]


def _absolute(uri: str) -> str:
    return uri if "://" in uri else str(Path(uri).expanduser().absolute())
