"""Labelling files: every picture is asked about while others are on their way, then labels are written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillbank.errors import DataError, UsageError, did_you_mean
from skillbank.labelling.engine import BATCH, Answer, Engine, PictureError
from skillbank.labelling.findings import Labelled, read_descriptions
from skillbank.labelling.formats import FORMATS, label_files
from skillbank.labelling.models import HUB_MODEL, find_model
from skillbank.labelling.pictures import find_pictures, picture_names, see_that_they_are_there
from skillbank.labelling.scales import Scales

if TYPE_CHECKING:
    from skillbank.runtime import Runtime

__all__ = ["ANNOTATED", "KINDS", "Labels", "label_pictures"]

ANNOTATED = "pictures"
KINDS = (*FORMATS, ANNOTATED)
"""What can be written: labels in several formats, and pictures with the boxes drawn."""

_UNDER_WAY = 3 * BATCH
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
        Files and folders of labels.
    notes
        Sentences about pictures that were read, but not as anybody would expect.
    """

    model: str
    descriptions: tuple[str, ...]
    pictures: list[Labelled] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    annotated: list[Path] = field(default_factory=list)
    left_out: list[tuple[Path, str]] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        images = []
        for number, (path, picture) in enumerate(zip(self.paths, self.pictures, strict=True)):
            entry: dict[str, Any] = {"image": str(path), "width": picture.width, "height": picture.height}
            entry["detections"] = [finding.document() for finding in picture.findings]
            if self.annotated:
                entry["annotated"] = str(self.annotated[number])
            images.append(entry)
        left_out = [{"image": str(path), "message": message} for path, message in self.left_out]
        written = [str(path) for path in self.written]
        about = {"model": self.model, "descriptions": list(self.descriptions)}
        notes = {"notes": self.notes} if self.notes else {}
        return {**about, "images": images, "left_out": left_out, "written": written, **notes}


def label_pictures(
    runtime: Runtime,
    images: Sequence[Path],
    descriptions: Sequence[str],
    *,
    model: str | None = None,
    output: Path,
    kinds: Sequence[str] = ("json", ANNOTATED),
    threshold: float | None = None,
    nms: float | None = None,
    told: Told = lambda done, total: None,
) -> Labels:
    """Find objects by describing them, and write labels.

    A picture that cannot be read does not keep the others from being labelled, unless it is the only one.
    Whatever ends the work early, what was found until then is written.

    Parameters
    ----------
    images
        Pictures, and folders of pictures.
    model
        See `skillbank.labelling.models.find_model`.
    output
        Folder for what is written.
    kinds
        Which of `KINDS` are written.
    threshold
        Least score, 0 to 1; the engine chooses by default.
    nms
        Most overlap (intersection over union, 0 to 1) of two boxes of one description.
    told
        Called with how many pictures are done and how many there are; first when the model is loaded.

    Raises
    ------
    UsageError, DataNotFoundError, JobNotFoundError, ParentError, PlatformError, DataError
        When there is nothing to look for, no picture, no model, no engine, or the engine refuses.
    """
    phrases = read_descriptions(descriptions)
    for kind in kinds:
        if kind not in KINDS:
            known = ", ".join(KINDS)
            raise UsageError(
                f"Labels cannot be written as '{kind}'{did_you_mean(kind, KINDS)}; there are {known}."
            )
    for name, value, what in (("threshold", threshold, "score"), ("overlap", nms, "share")):
        if value is not None and not 0 <= value <= 1:
            raise UsageError(f"The {name} {value} is no {what}; give a number from 0 to 1.")
    see_that_they_are_there(images)
    found = find_model(runtime, model)
    pictures = find_pictures(images)
    if ANNOTATED in kinds:
        _refuse_overwriting(pictures, output)
    labels = Labels(found.name, phrases)
    asking = _Asking(labels, ANNOTATED in kinds, threshold, nms)
    scales = Scales()
    with Engine(found.source) as engine:
        load(engine, model)
        told(0, len(pictures))
        try:
            named = zip(pictures, picture_names(pictures), strict=True)
            for path, name, answer in _answers(engine, named, asking):
                scales.take(len(labels.paths), path, answer.document)
                labels.paths.append(path)
                labels.pictures.append(Labelled.of(name, answer.document))
                if answer.picture:
                    labels.annotated.append(_keep(output / "annotated" / name, answer.picture))
                told(len(labels.paths) + len(labels.left_out), len(pictures))
            _make_alike(engine, asking, scales, output)
        finally:
            labels.notes += scales.notes()
            if labels.paths:
                _write(labels, output, [kind for kind in kinds if kind in FORMATS])
    if not labels.paths:
        more = f", nor can the other {len(pictures) - 1}" if len(pictures) > 1 else ""
        path, message = labels.left_out[0]
        raise DataError(f"{path} is {message}{more}.")
    return labels


def load(engine: Engine, given: str | None) -> None:
    """Wait for the model; when the one that nobody named cannot be had, say what to name.

    Raises
    ------
    DataError
        When the engine refuses the model.
    """
    try:
        engine.ready()
    except DataError:
        if given is not None:
            raise
        raise DataError(
            f"{HUB_MODEL} cannot be had from the model hub here; name a model with --checkpoint: a train job "
            "('last:train'), a checkpoint or ONNX file, or a folder that holds a transformers Grounding DINO."
        ) from None


@dataclass(frozen=True)
class _Asking:
    """What is asked of every picture."""

    labels: Labels
    draw: bool
    threshold: float | None
    nms: float | None


def _make_alike(engine: Engine, asking: _Asking, scales: Scales, output: Path) -> None:
    """Ask anew about pictures that were scaled otherwise than all together."""
    labels = asking.labels
    numbers = {labels.pictures[number].name: number for number in scales.again()}
    named = [(labels.paths[number], name) for name, number in numbers.items()]
    for _, name, answer in _answers(engine, named, asking, scales.common()):
        labels.pictures[numbers[name]] = Labelled.of(name, answer.document)
        if answer.picture:
            _keep(output / "annotated" / name, answer.picture)


def _answers(
    engine: Engine,
    named: Iterable[tuple[Path, str]],
    asking: _Asking,
    pixels: Mapping[str, Sequence[float]] | None = None,
) -> Iterator[tuple[Path, str, Answer]]:
    """Yield the answers in the order of the pictures; what cannot be read is noted and left out."""
    labels = asking.labels
    under_way: deque[tuple[Path, str, Future[Answer] | None]] = deque()

    def oldest() -> Iterator[tuple[Path, str, Answer]]:
        path, name, future = under_way.popleft()
        if future is None:
            return
        try:
            yield path, name, future.result()
        except PictureError as error:
            labels.left_out.append((path, str(error)))

    for path, name in named:
        future = None
        try:
            data = path.read_bytes()
        except OSError as error:
            labels.left_out.append((path, f"no file that can be read ({error.strerror})"))
        else:
            copy = _ENCODERS.get(path.suffix.lower(), "PNG") if asking.draw else ""
            future = engine.ask(
                data,
                labels.descriptions,
                threshold=asking.threshold,
                nms=asking.nms,
                draw=copy,
                pixels=pixels,
            )
        under_way.append((path, name, future))
        if len(under_way) >= _UNDER_WAY:
            yield from oldest()
    while under_way:
        yield from oldest()


def _write(labels: Labels, output: Path, formats: Sequence[str]) -> None:
    for kind in formats:
        files = [
            _keep(output / place, text.encode())
            for place, text in label_files(kind, labels.pictures, labels.descriptions)
        ]
        labels.written.append(files[0] if kind in ("json", "coco") else output / kind)
    if "yolo" in formats:
        for path, picture in zip(labels.paths, labels.pictures, strict=True):
            _link(output / "yolo" / "images" / picture.name, path)
    if labels.annotated:
        labels.written.append(output / "annotated")


def _keep(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise DataError(f"{path} cannot be written ({error.strerror}); give another --output.") from None
    return path


def _link(link: Path, picture: Path) -> None:
    """Put a picture where YOLO's trainers look for it, without a second copy."""
    if link.absolute() == picture.absolute():
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(picture.resolve())


def _refuse_overwriting(pictures: Sequence[Path], output: Path) -> None:
    for path, name in zip(pictures, picture_names(pictures), strict=True):
        if (output / "annotated" / name).absolute() == path.absolute():
            raise UsageError(f"The annotated copy of {path} would take its place; give another --output.")
