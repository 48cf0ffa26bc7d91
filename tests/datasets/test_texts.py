"""Text files as people's tools leave them: each encoding is recognised, said where it is a guess, read."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.datasets.texts import encoding_of, guessing, lines_of, read_text, read_utf8, start_of
from skillbank.errors import DataError

SAID = "größe\r\nzwei\nend"
LONG = "a" * (1 << 20)
"""So many bytes are looked at once: what follows is of the second piece."""


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"", "utf-8", ""),
        (b"plain\n", "utf-8", "plain\n"),
        (SAID.encode(), "utf-8", SAID),
        (codecs.BOM_UTF8 + SAID.encode(), "utf-8-sig", SAID),
        (SAID.encode("utf-16"), "utf-16", SAID),
        (codecs.BOM_UTF16_BE + SAID.encode("utf-16-be"), "utf-16", SAID),
        (SAID.encode("utf-16-le"), "utf-16-le", SAID),
        (SAID.encode("utf-16-be"), "utf-16-be", SAID),
        (SAID.encode("utf-32"), "utf-32", SAID),
        (codecs.BOM_UTF32_BE + SAID.encode("utf-32-be"), "utf-32", SAID),
        (SAID.encode("cp1252"), "cp1252", SAID),
        ("\u2026".encode("cp1252"), "cp1252", "\u2026"),
        (b"\x81\xe9", "latin-1", "\x81\xe9"),
        (b"a", "utf-8", "a"),
        (b"\0", "utf-8", "\0"),
        (b"\0\0", "utf-8", "\0\0"),
        ((LONG + "é").encode(), "utf-8", LONG + "é"),
        ((LONG[1:] + "é").encode(), "utf-8", LONG[1:] + "é"),
        (LONG.encode() + b"\xe9", "cp1252", LONG + "é"),
        (LONG.encode() + b"\xc3", "cp1252", LONG + "Ã"),
        (LONG.encode() + b"\x81", "latin-1", LONG + "\x81"),
    ],
)
def test_every_encoding_is_recognised_and_read(tmp_path: Path, data: bytes, encoding: str, text: str) -> None:
    (file := tmp_path / "a.txt").write_bytes(data)
    for read in (encoding_of, read_utf8):
        with guessing() as guessed:
            read(file)
        assert guessed == ({file: encoding} if encoding in ("cp1252", "latin-1") else {})
    assert encoding_of(file) == encoding
    assert read_text(file) == text
    assert read_utf8(file) == text.encode()
    assert b"".join(lines_of(file, encoding)) == text.encode()
    if encoding != "latin-1" and len(data) < len(LONG):
        assert start_of(data).decode() == text


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.txt"
    file.write_bytes(data)
    try:
        assert isinstance(read_text(file), str)
    except DataError as error:
        assert "any.txt is no text in utf-" in str(error)
    start_of(data).decode("utf-8", "ignore")


def test_a_mark_of_utf8_before_what_is_none(tmp_path: Path) -> None:
    (file := tmp_path / "a.txt").write_bytes(codecs.BOM_UTF8 + "größe".encode("cp1252"))
    with guessing() as guessed:
        assert read_text(file) == "größe"
    assert guessed == {file: "cp1252"}
    with guessing() as guessed:
        assert encoding_of(file) == "utf-8-sig"


def test_a_letter_may_be_cut_at_the_end_of_a_start() -> None:
    cut = "größe".encode()[:3]
    assert start_of(cut) == cut
    assert start_of("größe".encode("utf-16")[:7]).decode() == "gr"
    assert start_of("größe".encode("cp1252")[:3]).decode() == "grö"


def test_lines_are_ended_by_line_feeds_alone(tmp_path: Path) -> None:
    (file := tmp_path / "a.txt").write_bytes("a\r\nb\rc\u2028d\ne".encode("utf-16"))
    assert list(lines_of(file, "utf-16")) == [b"a\r\n", "b\rc\u2028d\n".encode(), b"e"]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone.txt"
    for read in (encoding_of, read_text, read_utf8):
        with pytest.raises(DataError, match=r"gone\.txt cannot be read: No such file"):
            read(gone)
    for encoding in ("utf-8", "utf-16"):
        with pytest.raises(DataError, match=r"gone\.txt cannot be read: No such file"):
            list(lines_of(gone, encoding))
    (odd := tmp_path / "odd.txt").write_bytes(codecs.BOM_UTF16_LE + b"a")
    for broken in (lambda: read_utf8(odd), lambda: read_text(odd), lambda: list(lines_of(odd, "utf-16"))):
        with pytest.raises(DataError, match=r"odd\.txt is no text in utf-16(-le)? \(.*\): save it as UTF-8"):
            broken()
