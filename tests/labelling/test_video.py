"""Videos: every n-th frame becomes a picture, once, and what is missing is said."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from skillbank.errors import DataError, PlatformError, UsageError
from skillbank.labelling.manifest import digest_file
from skillbank.labelling.pictures import find_pictures
from skillbank.labelling.video import apart, frames_of, with_frames


def film(path: Path, frames: int = 10) -> Path:
    """Write a video whose frames grow darker."""
    av: Any = pytest.importorskip("av", reason="PyAV is not installed (the extra video)")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(frames):
            shade = 250 - 20 * number
            image = Image.new("RGB", (64, 48), (shade, shade, shade))
            for packet in stream.encode(av.VideoFrame.from_image(image)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def test_every_nth_frame_is_a_picture(tmp_path: Path) -> None:
    video, output = film(tmp_path / "walk.mp4"), tmp_path / "labels"
    [folder] = with_frames([video], 3, output)
    assert folder == tmp_path / "labels-frames" / "walk"
    pictures = find_pictures([folder])
    assert [path.name for path in pictures] == ["000000.jpg", "000003.jpg", "000006.jpg", "000009.jpg"]
    shades = []
    for path in pictures:
        with Image.open(path) as image:
            assert image.size == (64, 48)
            shades.append(image.convert("L").getpixel((32, 24)))
    assert shades == pytest.approx([250, 190, 130, 70], abs=6)
    before = {path: path.stat().st_mtime_ns for path in pictures}
    assert with_frames([video], 3, output) == [folder]
    assert {path: path.stat().st_mtime_ns for path in pictures} == before, "taken once"
    with pytest.raises(UsageError, match="frames of another video, or others of this"):
        with_frames([video], 2, output)


def test_frames_for_a_set_are_kept_by_content_and_taken_once(tmp_path: Path) -> None:
    video, keep, cache = film(tmp_path / "walk.mp4"), tmp_path / "keep", tmp_path / "cache"
    frames = frames_of(video, 3, keep, cache)
    assert [frame.name for frame in frames] == [f"walk/frame-{n:06d}.jpg" for n in (0, 3, 6, 9)]
    for frame in frames:
        assert frame.path.stem == digest_file(frame.path) and frame.path.parent.name == frame.path.stem[:2]
    before = {frame.path: frame.path.stat().st_mtime_ns for frame in frames}
    moved = video.rename(tmp_path / "other.mp4")
    again = frames_of(moved, 3, keep, cache)
    assert {frame.path: frame.path.stat().st_mtime_ns for frame in again} == before
    assert again[0].name == "other/frame-000000.jpg"
    frames[1].path.unlink()
    assert frames_of(moved, 3, keep, cache) == again and frames[1].path.is_file(), "what is gone comes again"
    [listing] = (cache / "videos").iterdir()
    listing.write_text("{")
    assert frames_of(moved, 3, keep, cache) == again


def test_frames_of_no_video_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(UsageError, match="--every 5 takes frames of videos, and none was given"):
        apart([tmp_path / "a.png"], 5)
    with pytest.raises(UsageError, match="none was given"):
        with_frames([tmp_path / "a.png"], 5, tmp_path / "labels")


def test_what_is_no_video_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    given = [tmp_path / "a.png", tmp_path / "folder.mp4", tmp_path / "none.mp4"]
    assert with_frames(given, None, tmp_path / "labels") == given


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = tmp_path / "walk.mp4"
    video.write_bytes(b"no video")
    with pytest.raises(UsageError, match="is a video; say with --every N"):
        with_frames([video], None, tmp_path / "labels")
    with pytest.raises(UsageError, match="takes no frame"):
        with_frames([video], 0, tmp_path / "labels")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(
        PlatformError, match=r"PyAV, which reads videos, is not installed; pip install .*video"
    ):
        with_frames([video], 5, tmp_path / "labels")


def test_a_file_that_is_no_video_is_said(tmp_path: Path) -> None:
    pytest.importorskip("av", reason="PyAV is not installed (the extra video)")
    video = tmp_path / "walk.mp4"
    video.write_bytes(b"no video" * 100)
    with pytest.raises(DataError, match=r"walk\.mp4 cannot be read as a video"):
        with_frames([video], 5, tmp_path / "labels")
