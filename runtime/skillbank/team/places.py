"""Which files and buckets are there for who acts: in a team's server, those of the project's own folders.

Whatever lies elsewhere is not there: whether it exists plays no part in any answer, as only its place is
looked at. Links and ``..`` are followed before. Where no server of a team runs, and for the owner of a home,
every place is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from skillbank.errors import DataNotFoundError
from skillbank.home import home, results_root
from skillbank.team.acting import may, who
from skillbank.team.person import EVERYBODY
from skillbank.team.rights import Right
from skillbank.visible import named, one_line, texts_in

__all__ = [
    "ALL",
    "DataRoots",
    "everything_is_there",
    "hidden",
    "of_the_home",
    "opened",
    "places_in",
    "refuse_hidden",
    "serve_only",
]

ALL = "*"
"""The project whose folders every project reads, and none writes to."""
_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://", re.ASCII)
_HOSTLESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:///", re.ASCII)
"""``local:///etc/x``: where no other machine is named, libraries of programs read this one."""
_SET = re.compile(r"set:", re.IGNORECASE)
_S3 = re.compile(r"s3[an]?://", re.IGNORECASE)
_FILE = re.compile(r"file:(//(?:localhost)?(?=/|$))?", re.IGNORECASE)
_ENDS = r"\s,;'\"`|<>()\[\]"
_PART = re.compile(rf"(?:(?<=[={_ENDS}:&@!])|^)(?:~[\w.-]*)?(?:\.{{0,2}}/)[^{_ENDS}]+")
"""A path within a longer text, as in ``--data=/d/train``: what stands after a word's letters is none."""
_SHOWN = 4


@dataclass(frozen=True)
class DataRoots:
    """The folders and buckets of each project.

    Attributes
    ----------
    roots
        By project: absolute folders and ``s3://bucket/prefix``; those of `ALL` are read by everybody.
    own
        Whether what lies in the folder of a job's results, by the job's id, is there for who acts.
    """

    roots: Mapping[str, Sequence[str]]
    own: Callable[[str], bool] = lambda job: False

    def of(self, project: str, *, to_write: bool = False) -> list[str]:
        """Return the roots that a project reads, or those that it writes to."""
        return [*self.roots.get(project, ()), *(() if to_write else self.roots.get(ALL, ()))]

    def problems(self) -> Iterator[str]:
        """Yield why these roots cannot be served: two projects must have nothing in common."""
        state = os.path.realpath(home(make=False))
        each = [(project, root, _located(root)) for project, roots in self.roots.items() for root in roots]
        for project, root, at in each:
            if at in (None, "/", "s3://") or not (_S3.match(root) or root.startswith("/")):
                yield f"'{one_line(root, 100)}' must be an absolute folder, or s3://bucket/prefix"
            elif _overlap(at, state):
                yield f"{root} and the server's own home {state} must not lie in one another"
            for other, beside, there in each:
                if other < project and _overlap(at, there):
                    yield f"{root} of {project} and {beside} of {other} must not lie in one another"


_served: DataRoots | None = None
_opened: ContextVar[tuple[str, ...]] = ContextVar("opened", default=())


def serve_only(roots: DataRoots | None) -> None:
    """Let nothing but these places be there in this process from now on; None lets all be there."""
    global _served
    _served = roots


@contextmanager
def opened(*places: Path) -> Iterator[None]:
    """Let files that the server has made itself be there in this context, e.g. a list for a program."""
    token = _opened.set((*_opened.get(), *map(os.path.realpath, places)))
    try:
        yield
    finally:
        _opened.reset(token)


def everything_is_there() -> bool:
    """Say whether no place is hidden from who acts."""
    return _served is None or who() == EVERYBODY


def of_the_home(place: Path) -> bool:
    """Say whether a file lies in the home: nobody names one there, so that the server has made it itself."""
    return _within(os.path.realpath(place), os.path.realpath(home(make=False)))


def hidden(place: str | os.PathLike[str], *, to_write: bool = False) -> bool:
    """Say whether a place is not there for who acts, whatever lies at it.

    Parameters
    ----------
    place
        A path, absolute or from the current folder, ``file:``, ``s3://``, or of a scheme that names no host;
        nothing else is hidden.
    to_write
        Whether something is to be made there.
    """
    if _served is None or who() == EVERYBODY:
        return False
    said = os.fspath(place)
    for text in {said, said.strip()}:  # some readers take blanks for a part of the name
        if _SET.match(text):  # its pictures, of the own project alone, are found by its name
            if to_write or ".." in text.split("/"):
                return True
        elif not all(_open_to(_served, at, to_write) for at in _readings(text)):
            return True
    return False


def refuse_hidden(places: Iterable[str | os.PathLike[str]], *, to_write: bool = False) -> None:
    """Go on only when all places are there for who acts, as far as that is not a matter of what lies there.

    Raises
    ------
    DataNotFoundError
        The same for what is there and for what is not.
    """
    for place in places:
        if hidden(place, to_write=to_write):
            raise DataNotFoundError(_sentence(os.fspath(place), to_write))


def places_in(value: object) -> Iterator[str]:
    """Yield what a value of a spec, or a part of it, may name as a place; bare names are none."""
    for text in texts_in(value):
        yield from _places_in_text(text)


def _places_in_text(text: str) -> Iterator[str]:
    ours = any(kind.match(text) for kind in (_FILE, _S3, _SET))
    local = _URI.match(text) is None and (text.startswith(("/", "~")) or ".." in re.split(r"[/\\]", text))
    if ours or local or "${" in text:  # what the program fills in by itself may be anything
        yield text
    # Other schemes than ours name nothing of this machine, as long as they name another one.
    for piece in re.split(rf"[{_ENDS}]+", text):
        within = re.search(rf"(?:file|s3[an]?):/.*|{_HOSTLESS.pattern}.*", piece, re.IGNORECASE)
        if within:
            yield within[0]
        elif not _URI.search(piece):
            yield from (found[0] for found in _PART.finditer(piece))


def _sentence(place: str, to_write: bool) -> str:
    person = who()
    roots = [] if _served is None else _served.of(person.project, to_write=to_write)
    verb = "written" if to_write else "read"
    shown = ", ".join(roots[:_SHOWN]) + (" and others" if len(roots) > _SHOWN else "")
    what = f"what can be {verb} here lies below {shown}" if roots else f"nothing was given to be {verb} here"
    return (
        f"{one_line(place, 200)} does not exist for project {named(person.project)}: {what} "
        "(data_roots in the server's settings)"
    )


def _open_to(served: DataRoots, at: str | None, to_write: bool) -> bool:
    """Whether a located place is open to who acts."""
    if at is None:
        return False
    if at in _opened.get() and not to_write:
        return True
    state = os.path.realpath(home(make=False))
    if _within(at, state):
        return not to_write and _own_results(served, at)
    if _within(state, at):
        return False  # whoever walks through it would come to the home
    everywhere = may(Right.ADMINISTER) and not to_write
    roots = [root for each in served.roots.values() for root in each] if everywhere else None
    mine = roots if roots is not None else served.of(who().project, to_write=to_write)
    return any(_within(at, found) for root in mine if (found := _located(root)) is not None)


def _own_results(served: DataRoots, at: str) -> bool:
    results = os.path.realpath(results_root())
    if at == results or not _within(at, results):
        return False
    return served.own(Path(at).relative_to(results).parts[0])


def _overlap(one: str | None, other: str | None) -> bool:
    """Whether one of two located places lies in the other."""
    return one is not None and other is not None and (_within(one, other) or _within(other, one))


def _within(at: str, root: str) -> bool:
    return at == root or at.startswith(root if root.endswith("/") else f"{root}/")


def _readings(text: str) -> Iterator[str | None]:
    """Yield where a text may lie by every way in which it is read anywhere; None where it lies nowhere."""
    scheme = _URI.match(text)
    if scheme is not None and not _FILE.match(text) and not _S3.match(text):
        if _HOSTLESS.match(text):
            yield _located(unquote(text[scheme.end() :]))
            yield _located(text[scheme.end() :])
        return
    yield _located(text)
    if found := _FILE.match(text):
        yield _located(unquote(text[found.end() :]))
        yield _located(text[found.end() :])


def _located(text: str) -> str | None:
    """Return a place without links, ``..`` and other ways to write the same; None where it cannot be one."""
    if found := _S3.match(text):
        parts = text[found.end() :].split("/")
        clean = [part for part in parts if part]
        strange = any(part in (".", "..") for part in clean) or not clean
        return None if strange else f"s3://{'/'.join(clean)}"
    if found := _FILE.match(text):
        text = text[found.end() :]
    try:
        return os.path.realpath(Path(text).expanduser() if text.startswith("~") else text)
    except (OSError, ValueError, RuntimeError):  # the last: of a user who does not exist
        return None
