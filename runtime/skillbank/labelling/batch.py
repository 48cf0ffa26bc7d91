"""Labelling files: every picture is asked about while others are on their way, then labels are written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.descriptions import not_found, read_descriptions
from skillbank.errors import DataError, DataNotFoundError, UsageError, did_you_mean
from skillbank.labelling.engine import BATCH, Answer, Engine, PictureError
from skillbank.labelling.engine_documents import PictureDocument
from skillbank.labelling.exports import ANNOTATED, Export
from skillbank.labelling.findings import Labelled
from skillbank.labelling.formats import FORMATS, see_that_names_differ
from skillbank.labelling.manifest import digest, digest_file
from skillbank.labelling.models import find_model, hub_model, model_digest, open_engine, way_out
from skillbank.labelling.ownership import some
from skillbank.labelling.pictures import common_root, find_pictures, passed_over, see_that_they_are_there
from skillbank.labelling.precision import checked_precision
from skillbank.labelling.remarks import Shrunk
from skillbank.labelling.scales import Scales, seen_with
from skillbank.labelling.tiles import OFF, checked_tiles
from skillbank.labelling.video import with_frames
from skillbank.lazy_imports import lazy_imports
from skillbank.ways import marked, option

with lazy_imports():
    from skillbank.datasets import looks  # with Pillow, which is not needed before

if TYPE_CHECKING:
    from skillbank.facade.starting import Starting

__all__ = ["ANNOTATED", "KINDS", "Labels", "label_pictures"]

KINDS = (*FORMATS, ANNOTATED)
"""What can be written: labels in several formats, and pictures with the boxes drawn."""

_UNDER_WAY = 6 * BATCH
_ENCODERS = {".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF"} | {
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
Told = Callable[[int, int], None]


@dataclass
class Labels:
    """What was found in some pictures, and what was written.

    Attributes
    ----------
    paths
        Where the labelled pictures are, in their order.
    annotated
        The copies with boxes; empty when none were wanted.
    left_out
        Pictures that could not be read: path and one sentence.
    written
        Files and folders of labels, and their manifest.
    notes
        Sentences on what was not taken as given, and on descriptions that may have been several.
    bounds
        ``threshold``, ``nms`` and ``across`` that were used.
    precision
        In which arithmetic the model computed.
    other_names
        Boxes that were other, less sure names of objects that are shown.
    """

    model: str
    descriptions: tuple[str, ...]
    pictures: list[Labelled] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    annotated: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bounds: dict[str, float] = field(default_factory=dict)
    precision: str = ""
    other_names: int = 0

    @property
    def names_left_out(self) -> str:
        """Say how many names of objects were left out; empty when none was."""
        if not self.other_names:
            return ""
        many = "1 box was another, less sure name of an object"
        if self.other_names > 1:
            many = f"{self.other_names} boxes were other, less sure names of objects"
        across = self.bounds["across"]
        return f"{many} (overlap above {across:g}) and left out"

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        images = []
        for number, (path, picture) in enumerate(zip(self.paths, self.pictures, strict=True)):
            entry: dict[str, object] = {"image": str(path), "width": picture.width, "height": picture.height}
            entry["detections"] = [finding.document() for finding in picture.findings]
            if self.annotated:
                entry["annotated"] = str(self.annotated[number])
            images.append(entry)
        left_out = [{"image": str(path), "message": message} for path, message in self.left_out]
        written = [str(path) for path in self.written]
        about = {"model": self.model, "descriptions": list(self.descriptions), **self.bounds}
        about |= {"precision": self.precision, "other_names": self.other_names}
        notes = {"notes": self.notes} if self.notes else {}
        return {**about, "images": images, "left_out": left_out, "written": written, **notes}


def label_pictures(
    runtime: Starting,
    images: Sequence[Path],
    descriptions: Sequence[str],
    *,
    model: str | None = None,
    output: Path,
    kinds: Sequence[str] = ("json", ANNOTATED),
    threshold: float | None = None,
    nms: float | None = None,
    across: float | None = None,
    tiles: str = OFF,
    precision: str | None = None,
    every: int | None = None,
    replace: bool = False,
    told: Told = lambda done, total: None,
) -> Labels:
    """Find objects by describing them, and write labels.

    A picture that cannot be read does not keep the others from being labelled, unless it is the only one.
    The folder must be fresh, or hold labels that were made with the same model, descriptions, threshold and
    formats: then pictures are added, and those that are known are not looked at again. Whatever ends the work
    early leaves no labels, but what the same call needs to go on.

    Parameters
    ----------
    images
        Pictures, and folders of pictures.
    model
        See `skillbank.labelling.models.find_model`.
    output
        Folder for what is written, with a manifest of it (`skillbank.labelling.manifest`).
    kinds
        Which of `KINDS` are written.
    threshold
        Least score, 0 to 1; the engine chooses by default.
    nms
        Most overlap (intersection over union, 0 to 1) of two boxes of one description.
    across
        Most overlap of two boxes of different descriptions: above it they are names of one object, and the
        surest counts; 1 keeps them all.
    tiles
        Whether pictures are looked at piece by piece as well as whole: ``auto`` (those that are much larger
        than the model sees them), ``WxH`` in pixels, or ``off``.
    precision
        In which arithmetic the model computes (`skillbank.labelling.precision.KINDS`); the engine chooses by
        default.
    every
        Of how many frames of a video one is taken (`skillbank.labelling.video`).
    replace
        Whether labels of another run in the folder give way; what skillbank did not write stays.
    told
        Called with how many pictures are done and how many there are; first when the model is loaded.
    """
    read = read_descriptions(descriptions)
    _see_that_wishes_are_right(kinds, threshold, nms, across)
    see_that_names_differ(kinds, read.names)
    see_that_they_are_there(images)
    images = with_frames(images, every, output)
    found = find_model(runtime, model)
    export = Export.open(output, kinds, read.names, replace)
    export.tiles, export.precision = checked_tiles(tiles), checked_precision(precision)
    pictures, notes = _without_own(find_pictures(images), output)
    labels = Labels(found.name, read.names, notes=[*read.notes, *notes, *passed_over(images)])
    scales, shrunk = Scales(), Shrunk()
    with open_engine(found, model, precision=export.precision) as engine:
        load(engine, model)
        least = engine.about["threshold"] if threshold is None else threshold
        most = engine.about["nms"] if nms is None else nms
        apart = engine.about["across"] if across is None else across
        export.settle(common_root(pictures), found.name, model_digest(found.source), least, most, apart)
        export.prepare()
        labels.bounds = {"threshold": least, "nms": most, "across": apart}
        labels.precision = engine.about.get("precision", "")
        told(0, len(pictures))
        try:
            for path, labelled, about in _labelled(engine, pictures, labels, export):
                scales.take(path, about)
                shrunk.take(str(path), about)
                labels.paths.append(path)
                labels.pictures.append(labelled)
                if ANNOTATED in kinds:
                    labels.annotated.append(export.annotated(labelled.name))
                told(len(labels.paths) + len(labels.left_out), len(pictures))
            _make_alike(engine, labels, export, scales)
        except BaseException:
            export.keep()
            raise
        engine.finish()  # it ends while labels are written
        if not labels.paths:
            export.clear()
            more = f", nor can the other {len(pictures) - 1}" if len(pictures) > 1 else ""
            path, message = labels.left_out[0]
            raise DataError(f"{path} is {message}{more}.")
        export.left_out = labels.document()["left_out"]
        labels.written = export.finish()
        there = {finding.phrase for picture in labels.pictures for finding in picture.findings}
        missed = not_found(read.names, there)
        labels.notes += [*engine.notes, *scales.notes(), *shrunk.notes(), *export.notes, *missed]
    return labels


def _see_that_wishes_are_right(
    kinds: Sequence[str], threshold: float | None, nms: float | None, across: float | None
) -> None:
    for kind in kinds:
        if kind not in KINDS:
            known = ", ".join(KINDS)
            raise UsageError(
                f"Labels cannot be written as '{kind}'{did_you_mean(kind, KINDS)}; there are {known}."
            )
    bounds = (("threshold", threshold, "score"), ("overlap", nms, "share"), ("overlap", across, "share"))
    for name, value, what in bounds:
        if value is not None and not 0 <= value <= 1:
            raise UsageError(f"The {name} {value} is no {what}; give a number from 0 to 1.")


def _without_own(pictures: list[Path], output: Path) -> tuple[list[Path], list[str]]:
    """Leave out the pictures that stand in the folder of labels: copies that skillbank made."""
    folder = output.absolute()
    others = [path for path in pictures if not path.absolute().is_relative_to(folder)]
    if not others:
        raise DataNotFoundError(
            f"All {len(pictures)} pictures stand in {output}, where labels are written; "
            f"give another {option('output')}."
        )
    if len(others) == len(pictures):
        return pictures, []
    return others, [
        f"{len(pictures) - len(others)} pictures in {output}, where labels are written, were left out."
    ]


def load(engine: Engine, given: str | None) -> None:
    """Wait for the model; when the one that nobody named cannot be had, say what to name."""
    try:
        engine.ready()
    except DataError:
        if given is not None:
            raise
        raise DataError(
            f"{hub_model()} cannot be had from the model hub here; {marked(way_out())}."
        ) from None


def _make_alike(engine: Engine, labels: Labels, export: Export, scales: Scales) -> None:
    """Ask anew about pictures that were scaled otherwise than all in the folder together."""
    numbers = {path: number for number, path in enumerate(labels.paths)}
    now = {picture.name for picture in labels.pictures}
    before = {Path(p.path): p for p in export.pictures.values() if p.name not in now}
    for path, picture in before.items():
        scales.take(path, {"pixels": picture.pixels})
    again = scales.again()
    renewed = [path for path in again if path in before]
    for path in renewed:
        _refuse_changed(path, before[path].sha256)
    for path, labelled, _ in _labelled(engine, again, labels, export, scales.common()):
        if path in numbers:
            labels.pictures[numbers[path]] = labelled
    if renewed:
        labels.notes.append(
            f"{some([str(path) for path in renewed])}, labelled here before, were looked at again: with "
            "these pictures their numbers mean another brightness."
        )


def _refuse_changed(path: Path, sha256: str) -> None:
    """Refuse a picture that has to be looked at again and is not what was labelled."""
    if not (path.is_file() and digest_file(path) == sha256):
        raise DataError(
            f"{path}, which was labelled here before, is gone or has changed and would have to be looked "
            "at again: with these pictures its numbers mean another brightness; give another "
            f"{option('output')}."
        )


def _labelled(
    engine: Engine,
    pictures: Sequence[Path],
    labels: Labels,
    export: Export,
    pixels: Mapping[str, Sequence[float]] | None = None,
) -> Iterator[tuple[Path, Labelled, PictureDocument]]:
    """Yield what is found and what is said of it, in the order of the pictures.

    What cannot be read is noted and left out. With ``pixels`` all are asked about, those that are known too.
    """
    under_way: deque[tuple[Path, str, str, Future[Answer] | Labelled]] = deque()
    draw = ANNOTATED in export.kinds

    def oldest() -> Iterator[tuple[Path, Labelled, PictureDocument]]:
        path, name, sha256, future = under_way.popleft()
        if isinstance(future, Labelled):
            yield path, future, {"pixels": export.pictures[name].pixels}
            return
        try:
            answer = future.result()
        except PictureError as error:
            trouble = looks.look_at(path).trouble
            why = f"no picture that can be used: {trouble}" if trouble else error.sentence
            labels.left_out.append((path, why))
            return
        labelled = Labelled.of(name, answer.document)
        own = seen_with(export.pictures[name].pixels, pixels) if pixels else answer.document.get("pixels")
        export.add(labelled, path, sha256, answer.picture, own)
        labels.other_names += answer.document.get("other_names", 0)
        yield path, labelled, answer.document

    for path in pictures:
        name = path.absolute().relative_to(export.root).as_posix()
        try:
            if not path.is_file() and path.exists():
                # A pipe or a device may never end.
                labels.left_out.append((path, "no regular file"))
                continue
            data = path.read_bytes()
        except (OSError, ValueError) as error:
            labels.left_out.append((path, f"no file that can be read ({getattr(error, 'strerror', error)})"))
            continue
        sha256 = digest(data)
        known = None if pixels else export.known(name, sha256)
        if known is None:
            copy = _ENCODERS.get(path.suffix.lower(), "PNG") if draw else ""
            future = engine.ask(
                data,
                labels.descriptions,
                threshold=export.threshold,
                nms=export.nms,
                across=export.across,
                draw=copy,
                pixels=pixels,
                tiles=export.tiles,
            )
            under_way.append((path, name, sha256, future))
        else:
            under_way.append((path, name, sha256, known))
        if len(under_way) >= _UNDER_WAY:
            yield from oldest()
    while under_way:
        yield from oldest()
