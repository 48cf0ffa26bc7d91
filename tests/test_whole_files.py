"""A file is there as a whole or not at all, and nothing of a try that broke off stays."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from skillbank.whole_files import replacing, write_whole


def test_a_file_and_its_folder_are_made_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "new" / ("é" * 80 + ".json")
    write_whole(file, "ä\n")
    assert file.read_bytes() == "ä\n".encode()
    write_whole(file, b"\0", durable=True)
    assert file.read_bytes() == b"\0" and list(file.parent.iterdir()) == [file]


def test_what_breaks_off_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("before")
    with pytest.raises(KeyboardInterrupt), replacing(file) as unfinished:
        unfinished.write_text("half of")
        raise KeyboardInterrupt
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]
    with pytest.raises(UnicodeEncodeError):
        write_whole(file, "\ud800")
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]


def test_a_full_disk_leaves_the_earlier_file_and_nothing_else(tmp_path: Path) -> None:
    if not (full := Path("/dev/full")).exists():
        pytest.skip("no /dev/full here")
    file = tmp_path / "kept"
    file.write_text("before")
    with pytest.raises(OSError, match="No space left"), replacing(file) as unfinished:
        unfinished.unlink()
        unfinished.symlink_to(full)  # what is written fills no disk, and what is removed is the link
        unfinished.write_text("after")
    assert file.read_text() == "before" and list(tmp_path.iterdir()) == [file]


def test_a_private_file_is_its_owner_s_alone_from_the_first_moment(tmp_path: Path) -> None:
    with replacing(tmp_path / "secret", private=True) as unfinished:
        assert unfinished.stat().st_mode & 0o077 == 0
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


def test_readers_see_one_of_the_whole_files_that_several_write(tmp_path: Path) -> None:
    file, texts = tmp_path / "shared", [str(n) * 20_000 for n in range(3)]
    write_whole(file, texts[0])
    over, seen = threading.Event(), set()

    def write(text: str) -> None:
        while not over.is_set():
            write_whole(file, text)

    writers = [threading.Thread(target=write, args=(text,)) for text in texts]
    for writer in writers:
        writer.start()
    for _ in range(100):
        seen.add(file.read_text())
    over.set()
    for writer in writers:
        writer.join()
    assert seen <= set(texts) and list(tmp_path.iterdir()) == [file]
