"""The terminal: the one module through which every command writes, so that none can forget hidden text.

What a bank, a job, a request or an error says is written through `skillbank.visible` before our own colours,
tables and bars are added. Whatever else writes to stdout or stderr, such as errors of usage, warnings or the
traceback of a mistake, passes the `guard`, behind which nothing but this module's consoles can reach.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TextIO, cast

from skillbank.lazy_imports import lazy_imports
from skillbank.visible import drawn, json_text

with lazy_imports():
    import termios

    from rich import cells

    from skillbank.cli import styled

if TYPE_CHECKING:
    from rich.console import RenderableType


__all__ = [
    "answering",
    "ask",
    "ask_word",
    "console",
    "document",
    "folded",
    "follow",
    "guard",
    "hear",
    "interactive",
    "reachable",
    "say",
    "secret",
    "show",
    "warn",
]

_GOES_ON = "  \u2026 "
"""Begins what is still the line above: no line of ours begins so."""
_NARROWEST = 20
_TERMINAL = "/dev/tty"
_LONGEST_SECRET = 1024


def guard() -> None:
    """Put the boundary in front of stdout and stderr of this process."""
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def say(text: str = "", *, end: str = "\n", err: bool = False) -> None:
    """Write lines to stdout, or to stderr; at once, since others may wait for them."""
    stream = sys.stderr if err else sys.stdout
    if stream is not None:  # one that was closed before the start is None
        stream.write(drawn(text) + end)
        stream.flush()


def warn(sentence: str) -> None:
    """Say something on stderr, in our name; further lines are set in, so that none poses as ours."""
    say("skillbank: " + "\n  ".join(drawn(sentence).splitlines()), err=True)


def document(value: object) -> None:
    """Write one JSON document to stdout; what cannot be seen is escaped as JSON does, and so not lost."""
    sys.stdout.write(json_text(value, indent=2) + "\n")


def show(*parts: RenderableType) -> None:
    """Write tables and lines with our styles to stdout."""
    console().print(*parts, crop=False)  # what is copied is not cut


def console(err: bool = False) -> styled.StyledConsole:
    """Return the console of stdout, or of stderr, for what is drawn with styles or again and again."""
    stream = sys.stderr if err else sys.stdout
    return styled.StyledConsole(cast(TextIO, stream.encodable) if isinstance(stream, _Guarded) else stream)


def follow(pieces: Iterable[str]) -> None:
    """Write what a program prints as it comes; a carriage return ends a line instead of going back."""
    held = ""
    for piece in pieces:
        text = held + piece
        # Of a line end in two characters the second may come with the next piece.
        held = "\r" if text.endswith("\r") else ""
        say(text.removesuffix("\r") if held else text, end="")
    if held:
        say()


def folded(text: str, *, err: bool = False) -> str:
    """Return a text whose lines are no longer than the terminal is wide; what goes on is marked as such.

    A terminal breaks a long line anywhere, and a command with enough blanks in it could go on at the
    beginning of a line as if it were another line of ours. Elsewhere lines stay whole.
    """
    return (
        _folded(text, _columns((sys.stderr if err else sys.stdout).fileno)) if interactive(err=err) else text
    )


def _folded(text: str, columns: int) -> str:
    width = max(columns, _NARROWEST)
    lines = []
    for line in drawn(text).expandtabs().split("\n"):
        # The first line has no mark before it; both have room for the longest mark.
        pieces = cells.chop_cells(line, width - len(_GOES_ON) - 1) or [""]
        lines += [pieces[0], *(f"{_GOES_ON}{piece}" for piece in pieces[1:])]
    return "\n".join(lines)


def _columns(number: Callable[[], int]) -> int:
    """Return how wide the terminal is; what the environment says of it only where itself says nothing."""
    try:
        known = os.get_terminal_size(number()).columns
    except (OSError, ValueError):
        known = 0
    return known or shutil.get_terminal_size().columns


def interactive(*, err: bool = False) -> bool:
    """Whether a person looks at stdout, or at stderr."""
    stream = sys.stderr if err else sys.stdout
    return stream is not None and stream.isatty()


def answering() -> bool:
    """Whether a person can be asked: stdin is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str, *, err: bool = False, whole: bool = False) -> bool:
    """Ask a person; everything but a clear yes is a no, and so is the end of the input.

    Parameters
    ----------
    whole
        Whether it takes the whole word.
    """
    _forget_typed()
    # Nothing of it is cut: what is not shown would be approved unseen.
    lines = drawn(question).splitlines()
    say(folded("\n  ".join(lines), err=err), end="\n" if len(lines) > 1 else " ", err=err)
    say("Type yes: " if whole else "[y/N] ", end="", err=err)
    return sys.stdin.readline().strip().lower() in (("yes",) if whole else ("y", "yes"))


def ask_word(question: str, word: str, *, err: bool = False) -> bool:
    """Ask a person, who says yes by typing a word of the question; anything else is a no."""
    _forget_typed()
    say(folded("\n  ".join(drawn(question).splitlines()), err=err), err=err)
    say(f"Type {word} to approve this, once: ", end="", err=err)
    return sys.stdin.readline().strip() == word


def reachable() -> bool:
    """Whether this process has a terminal, wherever its input and output go."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def secret(question: str, prompt: str) -> str | None:
    """Ask for something that nobody else may read: at the terminal itself, without showing what is typed.

    No pipe, option or variable answers it, and what is asked stands where it is answered.

    Returns
    -------
    str or None
        The line; None where there is no terminal.
    """
    try:
        line = os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return None
    with os.fdopen(line, "r+b", buffering=0) as tty:
        before = termios.tcgetattr(tty)
        silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        try:
            termios.tcsetattr(tty, termios.TCSAFLUSH, silent)
            shown = _folded("\n  ".join(drawn(question).splitlines()), _columns(tty.fileno))
            tty.write(f"{shown}\n{prompt}".encode(errors="backslashreplace"))
            said = tty.readline(_LONGEST_SECRET)
        finally:
            termios.tcsetattr(tty, termios.TCSAFLUSH, before)
            tty.write(b"\n")
    return said.decode(errors="replace").strip("\r\n")


def hear(prompt: str) -> str | None:
    """Return the line that a person says next; None when there is no more."""
    say(prompt, end="", err=True)
    return sys.stdin.readline().strip() or None


def _forget_typed() -> None:
    """Forget what was typed before a question was shown: it is no answer to it."""
    try:
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    except (OSError, ValueError, termios.error):
        return


class _Encodable:
    """A text stream in which what its encoding lacks is escaped; for consoles, whose text is visible."""

    def __init__(self, raw: TextIO) -> None:
        self._raw = raw

    def write(self, text: str) -> int:
        self._raw.write(_encodable(text, self._raw.encoding))
        return len(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self._raw, name)


class _Guarded:
    """A text stream that writes nothing that cannot be seen; all else is the stream's own."""

    encoding = "utf-8"
    """Said for every stream, as libraries go around one that has only ASCII; what it lacks is escaped."""

    def __init__(self, raw: TextIO) -> None:
        self.raw, self.encodable = raw, _Encodable(raw)

    def write(self, text: str) -> int:
        self.encodable.write(drawn(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self.raw, name)


def _guarded(stream: TextIO | None) -> TextIO:
    made = stream if stream is None or isinstance(stream, _Guarded) else _Guarded(stream)
    return cast(TextIO, made)


def _encodable(text: str, encoding: str | None) -> str:
    """Return a text that a stream can write; what its encoding lacks is escaped."""
    encoding = encoding or "utf-8"
    return text if text.isascii() else text.encode(encoding, "backslashreplace").decode(encoding)
