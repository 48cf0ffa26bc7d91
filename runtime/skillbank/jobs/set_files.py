"""Label sets as data of plans: named with their state, and written once as files that a program reads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from skillbank.datasets.document import DataSet, Picture, Split
from skillbank.datasets.formats.base import Part
from skillbank.datasets.formats.coco_writer import CocoWriter
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, DataNotFoundError, StateError, UsageError, a_few
from skillbank.home import cache_dir
from skillbank.plan.model import Plan
from skillbank.plan.request import DataLocation, Request
from skillbank.plan.set_places import PARTS, SetPlace, set_place
from skillbank.sets.document import prompt_of
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import SetSummary
from skillbank.sets.store import SetStore
from skillbank.storage.cache import content_key, lock, once
from skillbank.storage.data_place import local_place
from skillbank.visible import one_line
from skillbank.ways import Sentence, command, marked

__all__ = ["ensure_sets", "lies", "with_sets"]

_TRAINING, _VALIDATION = "train_datasets", "eval_dataset"
_SHOWN = 5


def with_sets(
    request: Request, sources: Iterable[str], sets: Callable[[], SetStore], *, prompts: bool
) -> tuple[Request, tuple[str, ...]]:
    """Return a request that names each label set in its state, with what is to be said of it.

    A training on a set validates on its reviewed validation pictures, where no other data was named for that.

    Parameters
    ----------
    sources
        What the action reads.
    sets
        Called only where a set is named.
    prompts
        Whether a class goes by its first caption, as a model that reads words learns it, or by its name. A
        state that is named already says which itself.

    Raises
    ------
    SetNotFoundError
        When there is no such set; the nearest is said.
    StateError
        When a set is named in a state that it has no more.
    UsageError
        When a part of it is named that it does not have.
    DataError, DataNotFoundError
        When nothing of it is reviewed, or pictures of it are gone or changed.
    """
    places = [set_place(location.uri) for location in request.data]
    if not any(places):
        return request, ()
    data: list[DataLocation] = []
    notes: dict[str, None] = {}
    given = {location.source for location in request.data}
    for location, place in zip(request.data, places, strict=True):
        if place is None:
            data.append(location)
            continue
        label_set = sets().open(place.name)
        prompted = _prompted(label_set, place, prompts)
        found, unmarked = _written(label_set, place, prompts=prompted)
        data.append(DataLocation(source=location.source, uri=str(found)))
        stands, called = label_set.summary(), _called(label_set) if prompted else ""
        notes |= dict.fromkeys(_notes(stands, called, found, unmarked))
        wanted = location.source == _TRAINING and _VALIDATION in set(sources) - given
        if wanted and not request.settled and not found.rest:
            if stands.reviewed_val:
                data.append(DataLocation(source=_VALIDATION, uri=str(found)))
                notes[f"set:{stands.name} is validated on its own reviewed validation pictures"] = None
            else:
                notes[
                    f"no validation picture of set:{stands.name} is reviewed yet; review some, or name other "
                    "data to validate on"
                ] = None
    unique = tuple(dict.fromkeys(data))
    return request.model_copy(update={"data": unique}), tuple(notes)


def _notes(stands: SetSummary, called: str, place: SetPlace, unmarked: Sequence[str]) -> Iterator[str]:
    """Yield what there is to say of a set as data: how far it is reviewed, what is not learned there."""
    yield (
        f"label set {stands.name}: {stands.reviewed:,} of {stands.pictures:,} pictures are reviewed, "
        f"{stands.reviewed_train:,} for training and {stands.reviewed_val:,} for validation"
    )
    if called:
        yield called
    if unmarked:
        yield (
            f"no reviewed box of set:{stands.name}{place.rest} is of {a_few(unmarked, _SHOWN)}: a model "
            f"learns nothing of {'it' if len(unmarked) == 1 else 'them'} there"
        )


def _called(label_set: LabelSet) -> str:
    """Say which classes a run calls by their first caption; empty where names and captions are the same."""
    called = [
        f"{one_line(each.name, 60)} as '{one_line(prompt_of(each), 60)}'"
        for each in label_set.classes()
        if prompt_of(each) != each.name
    ]
    return (
        f"classes of set:{label_set.name} go by their first captions: {a_few(called, _SHOWN)}"
        if called
        else ""
    )


def ensure_sets(plan: Plan, sets: Callable[[], SetStore], *, begun: bool = False) -> None:
    """See to it that the label sets of a plan lie there as files, in the state that the plan names.

    Parameters
    ----------
    begun
        Whether an earlier step or attempt has run on the same state: it stays the one that is meant, whatever
        people decide meanwhile.

    Raises
    ------
    StateError
        When a set has changed since the plan was made.
    SetNotFoundError, DataError, DataNotFoundError
        As `with_sets`.
    """
    places = dict.fromkeys(
        replace(place, rest="") for each in plan.inputs if (place := set_place(each.uri)) is not None
    )
    for place in places:
        if not (begun and (cache_dir() / place.folder).is_dir()):
            label_set = sets().open(place.name)
            _written(label_set, place, prompts=_prompted(label_set, place, True))


def _prompted(label_set: LabelSet, place: SetPlace, otherwise: bool) -> bool:
    """Whether a named state calls classes by their captions; of one that is not named what else holds."""
    if place.digest and place.digest == label_set.digest(prompts=not otherwise):
        return not otherwise
    return otherwise


def _written(label_set: LabelSet, place: SetPlace, *, prompts: bool) -> tuple[SetPlace, list[str]]:
    """Write a set as files, once for each state; return its place with that, and classes without a box."""
    part = place.rest.strip("/")
    if part not in ("", *PARTS):
        raise UsageError(
            f"the label set {place.name} has no part {one_line(part, 60)}; its parts are "
            f"{' and '.join(f'set:{place.name}/{each}' for each in PARTS)}, and set:{place.name} is both"
        )
    digest, data, tree = label_set.snapshot(lies=lies, prompts=prompts)
    if place.digest and place.digest != digest:
        raise StateError(
            f"the label set {place.name} has changed since the plan was made (it was {place.digest}, and is "
            f"{digest}); plan again, and look at what is there now"
        )
    found = replace(place, digest=digest)
    if not any(True for split in data.splits for _ in split.pictures()):
        raise DataError(
            f"the label set {place.name} has no reviewed picture; review some with {command('review')} "
            f"{place.name}"
        )
    if part and data.split(part) is None:
        raise DataError(
            f"no {part} picture of the label set {place.name} is reviewed; review some with "
            f"{command('review')} "
            f"{place.name}"
        )
    folder = cache_dir() / found.folder
    if folder.is_dir() and not _is_as_written(folder, data.splits, label_set):
        # It shares its pictures' bytes with the files where they lie, and one of these was written over.
        with lock(cache_dir() / f"{found.folder}.lock"):
            shutil.rmtree(folder, ignore_errors=True)
    make = partial(_write, splits=data.splits, classes=data.classes, tree=tree, label_set=label_set)
    once(cache_dir(), found.folder, make)
    return found, _unmarked(data, part)


def _unmarked(data: DataSet, part: str) -> list[str]:
    """Return the classes of which no box is in a part of a set."""
    splits = [split for split in data.splits if part in ("", split.name)]
    seen = {box.label for split in splits for picture in split.pictures() for box in picture.boxes}
    return [one_line(name, 60) for number, name in enumerate(data.classes) if number not in seen]


def lies(place: str) -> Path:
    """Return where a picture lies here; one from a bucket is brought."""
    return local_place(place, cache_dir()) if "://" in place else Path(place)


def _write(
    work: Path, *, splits: Iterable[Split], classes: tuple[str, ...], tree: Tree, label_set: LabelSet
) -> Path:
    folder = work / "set"
    shutil.rmtree(folder, ignore_errors=True)
    writer = CocoWriter()
    splits = list(splits)
    _refuse_changed(splits, tree, label_set)
    for split in splits:
        for picture in split.pictures():
            _link(tree.path(picture.name), folder / writer.folder(split.name) / picture.name)
    parts = [Part(split.name, _placed(split, writer.folder(split.name))) for split in splits]
    writer.write(parts, classes, folder)
    return folder


def _is_as_written(folder: Path, splits: Iterable[Split], label_set: LabelSet) -> bool:
    """Whether the pictures of a set that was written are still those that people have looked at."""
    contents, named = label_set.contents(), CocoWriter().folder
    files = {folder / named(split.name) / p.name: p.name for split in splits for p in split.pictures()}
    return all(
        path.is_file() and content_key(path, cache_dir()) == contents.get(name)
        for path, name in files.items()
    )


def _placed(split: Split, folder: str) -> Iterator[Picture]:
    for picture in split.pictures():
        yield replace(picture, path=f"{folder}/{picture.name}")


def _refuse_changed(splits: Iterable[Split], tree: Tree, label_set: LabelSet) -> None:
    """Raise an error for pictures that are gone, or whose files hold something else now."""
    contents = label_set.contents()
    gone, changed = [], []
    for split in splits:
        for picture in split.pictures():
            path = tree.files.get(picture.name)
            if path is None or not path.is_file():
                gone.append(picture.name)
            elif content_key(path, cache_dir()) != contents.get(picture.name):
                changed.append(picture.name)
    way = Sentence(
        f"; bring them back, or say where they lie now: {command('label', 'DIR', f'--into {label_set.name}')}"
    )
    if gone:
        raise DataNotFoundError(
            f"{len(gone):,} reviewed pictures of the label set {label_set.name} are not where they lay "
            f"({a_few(gone, _SHOWN)}){marked(way)}"
        )
    if changed:
        raise DataError(
            f"the files of {len(changed):,} reviewed pictures of the label set {label_set.name} have changed "
            f"since they were added ({a_few(changed, _SHOWN)}), and what was marked may not fit "
            f"them{marked(way)}"
        )


def _link(source: Path, target: Path) -> None:
    """Give a picture a second name; where the file system cannot, a name that leads to it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source.resolve(), target)
    except OSError:
        target.symlink_to(source.resolve())
