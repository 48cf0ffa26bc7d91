"""Frames of videos as pictures: every n-th, written beside the labels or for a label set."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from skillbank.errors import DataError, PlatformError, UsageError
from skillbank.installation import how_to_install
from skillbank.labelling.manifest import digest, digest_file, put
from skillbank.nearby import at_home
from skillbank.ways import option

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["VIDEO_SUFFIXES", "Frame", "apart", "frames_of", "with_frames"]

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg")
"""How the videos end that are taken apart."""
_ABOUT = "skillbank-frames.json"
_QUALITY = 95


class Frame(NamedTuple):
    """A frame of a video that was kept: its file, and what it is called."""

    path: Path
    name: str


def apart(images: Sequence[Path], every: int | None) -> tuple[list[Path], list[Path]]:
    """Return pictures and folders, and videos.

    Raises
    ------
    UsageError
        When there is a video and ``every`` is not said, or the other way round.
    """
    found: tuple[list[Path], list[Path]] = [], []
    for path in images:
        is_video = path.suffix.lower() in VIDEO_SUFFIXES and at_home(path).is_file()
        if is_video and every is None:
            raise UsageError(
                f"{path} is a video; say with {option('every')} N that one of N of its frames is taken."
            )
        found[is_video].append(path)
    if every is not None and not found[1]:
        raise UsageError(
            f"{option('every', every)} takes frames of videos, and none was given; give a file that ends in "
            f"{', '.join(VIDEO_SUFFIXES[:-1])} or {VIDEO_SUFFIXES[-1]}."
        )
    if every is not None and every < 1:
        raise UsageError(f"{option('every', every)} takes no frame; give 1 or more.")
    return found


def frames_of(video: Path, every: int, keep: Path, cache: Path) -> list[Frame]:
    """Return frames of a video, each a file by its content; a video that is known is not read again.

    Parameters
    ----------
    keep
        Folder for the frames.
    cache
        Folder that can be made again: which frames are a video's.
    """
    file = at_home(video)
    listing = cache / "videos" / f"{digest_file(file)}-{every}.json"
    known = _listed(listing)
    if known is None or not all(_place(keep, sha256).is_file() for _, sha256 in known):
        known = []
        for number, frame in _frames(file, every):
            packed = io.BytesIO()
            frame.to_image().save(packed, format="JPEG", quality=_QUALITY)
            sha256 = digest(packed.getvalue())
            if not _place(keep, sha256).is_file():
                put(_place(keep, sha256), packed.getvalue())
            known.append((number, sha256))
        # Last, so that frames of a run that ended in the middle are taken anew.
        put(listing, (json.dumps(known) + "\n").encode())
    return [Frame(_place(keep, sha256), f"{file.stem}/frame-{number:06d}.jpg") for number, sha256 in known]


def _place(keep: Path, sha256: str) -> Path:
    return keep / sha256[:2] / f"{sha256}.jpg"


def _listed(listing: Path) -> list[tuple[int, str]] | None:
    try:
        return [(int(number), str(sha256)) for number, sha256 in json.loads(listing.read_bytes())]
    except (OSError, ValueError, TypeError):
        return None


def with_frames(images: Sequence[Path], every: int | None, output: Path) -> list[Path]:
    """Put the folder of a video's frames in the place of each video.

    Frames lie in ``OUTPUT-frames/NAME/``, numbered as in the video; those that are there already are kept.

    Parameters
    ----------
    images
        Pictures, folders and videos.
    every
        Of how many frames one is taken.
    output
        Where the labels go.

    Raises
    ------
    UsageError
        When there is a video and ``every`` is not said or the other way round, or its folder holds other
        frames.
    PlatformError
        When PyAV is not installed.
    DataError
        When a video cannot be read or a frame cannot be written.
    """
    _, videos = apart(images, every)
    return [
        _taken_apart(at_home(path), every, output.with_name(f"{output.name}-frames") / path.stem)
        if path in videos and every is not None
        else path
        for path in images
    ]


def _taken_apart(video: Path, every: int, folder: Path) -> Path:
    about = {"video": str(video.absolute()), "sha256": digest_file(video), "every": every}
    if not _are_its_own(folder, about):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for number, frame in _frames(video, every):
                frame.to_image().save(folder / f"{number:06d}.jpg", quality=_QUALITY)
        except OSError as error:
            raise DataError(f"{error.filename or folder} cannot be written ({error.strerror}).") from None
        # Last, so that frames of a run that ended in the middle are taken anew.
        put(folder / _ABOUT, (json.dumps(about, ensure_ascii=False) + "\n").encode())
    return folder


def _are_its_own(folder: Path, about: dict[str, object]) -> bool:
    """Whether the frames are there; another video's, or other ones, are not written over."""
    try:
        before = json.loads((folder / _ABOUT).read_bytes())
    except (OSError, ValueError):
        return False
    if not isinstance(before, dict) or any(before.get(key) != about[key] for key in ("sha256", "every")):
        raise UsageError(
            f"{folder} holds frames of another video, or others of this; give another {option('output')}."
        )
    return True


def _frames(video: Path, every: int) -> Iterator[tuple[int, VideoFrame]]:
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise PlatformError(
            f"{video} is a video, and PyAV, which reads videos, is not installed; {how_to_install('video')} "
            "brings it."
        ) from None
    count = 0
    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise DataError(f"{video} holds no moving pictures.")
            for number, frame in enumerate(container.decode(video=0)):
                if number % every == 0:
                    yield number, frame
                    count += 1
    except FFmpegError as error:
        if not count:
            raise DataError(f"{video} cannot be read as a video ({error.strerror}).") from None
        raise DataError(
            f"{video} breaks off after {count} frames that were taken ({error.strerror})."
        ) from None
    if not count:
        raise DataError(f"{video} holds no frame.")
