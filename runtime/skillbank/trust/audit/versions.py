"""Versions of packages as their ecosystems order them, and whether an advisory's ranges hold one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import total_ordering
from typing import Any, Protocol

from packaging.version import InvalidVersion, Version

__all__ = ["SemVer", "is_affected"]

_SEMVER = re.compile(r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:\.\d+)*(?:-([\w.-]+))?(?:\+[\w.-]+)?")


@total_ordering
class SemVer:
    """A version of semver 2.0; a pre-release comes before its release, and build words do not count."""

    def __init__(self, text: str) -> None:
        match = _SEMVER.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"'{text[:40]}' is no version")
        self.numbers = tuple(int(n or 0) for n in match.group(1, 2, 3))
        self.before = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in (match[4] or "").split(".")
            if part
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SemVer) and (self.numbers, self.before) == (other.numbers, other.before)

    def __hash__(self) -> int:
        return hash((self.numbers, self.before))

    def __lt__(self, other: SemVer) -> bool:
        if self.numbers != other.numbers:
            return self.numbers < other.numbers
        if bool(self.before) != bool(other.before):
            return bool(self.before)
        return self.before < other.before


class _Ordered(Protocol):
    """A version, which is compared with those of its own kind."""

    def __ge__(self, other: Any, /) -> bool: ...


def is_affected(version: str, affected: Mapping[str, object], ecosystem: str) -> bool:
    """Whether one entry of an advisory's ``affected`` holds a version: listed, or inside of a range."""
    read: Callable[[str], _Ordered] = Version if ecosystem == "PyPI" else SemVer
    listed = affected.get("versions")
    if isinstance(listed, list) and (version in listed or _same(version, listed, read)):
        return True
    ranges = affected.get("ranges")
    for one in ranges if isinstance(ranges, list) else ():
        if isinstance(one, Mapping) and one.get("type") in ("ECOSYSTEM", "SEMVER"):
            events = one.get("events")
            if isinstance(events, list) and _inside(
                version, events, SemVer if one["type"] == "SEMVER" and ecosystem != "PyPI" else read
            ):
                return True
    return False


def _same(version: str, listed: Iterable[object], read: Callable[[str], _Ordered]) -> bool:
    mine = _read(version, read)
    return mine is not None and any(_read(str(one), read) == mine for one in listed)


def _inside(version: str, events: list[object], read: Callable[[str], _Ordered]) -> bool:
    """Walk through a range's events in order of their versions, as OSV's own evaluation does."""
    mine = _read(version, read)
    if mine is None:
        return False
    steps = sorted(_steps(events, read), key=lambda s: (s[0] is not None, s[0] if s[0] is not None else mine))
    held = False
    for at, word in steps:
        passed = at is None or mine >= at
        if word == "introduced":
            held = held or passed
        elif at is not None and passed and not (word == "last_affected" and mine == at):
            held = False
    return held


def _steps(events: list[object], read: Callable[[str], _Ordered]) -> Iterator[tuple[_Ordered | None, str]]:
    """Yield the versions of a range's events, each with its word; None is before all versions."""
    for event in events:
        for word, said in event.items() if isinstance(event, Mapping) else ():
            if word not in ("introduced", "fixed", "last_affected", "limit"):
                continue
            at = None if said == "0" and word == "introduced" else _read(str(said), read)
            if at is not None or said == "0":
                yield at, word


def _read(version: str, read: Callable[[str], _Ordered]) -> _Ordered | None:
    try:
        return read(version)
    except (InvalidVersion, ValueError):
        return None
