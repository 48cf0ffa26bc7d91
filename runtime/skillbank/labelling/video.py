"""Frames of videos as pictures: every n-th, written beside the labels, to be reviewed and trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from skillbank.errors import DataError, PlatformError, UsageError
from skillbank.installation import how_to_install
from skillbank.labelling.manifest import digest_file, put
from skillbank.nearby import at_home

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

__all__ = ["VIDEO_SUFFIXES", "with_frames"]

VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg")
"""How the videos end that are taken apart."""
_ABOUT = "skillbank-frames.json"
_QUALITY = 95


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
        When there is a video and ``every`` is not said, or its folder holds other frames.
    PlatformError
        When PyAV is not installed.
    DataError
        When a video cannot be read or a frame cannot be written.
    """
    found: list[Path] = []
    for path in images:
        file = at_home(path)
        if not (path.suffix.lower() in VIDEO_SUFFIXES and file.is_file()):
            found.append(path)
            continue
        if every is None:
            raise UsageError(f"{path} is a video; say with --every N that one of N of its frames is taken.")
        if every < 1:
            raise UsageError(f"--every {every} takes no frame; give 1 or more.")
        found.append(_taken_apart(file, every, output.with_name(f"{output.name}-frames") / file.stem))
    return found


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
        raise UsageError(f"{folder} holds frames of another video, or others of this; give another --output.")
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
