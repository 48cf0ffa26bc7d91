"""The order in which names are looked for in the installed banks and in the one that comes with skillbank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from skillbank.bank.discovery import OWN
from skillbank.sources.keeping import find
from skillbank.sources.kept import changing
from skillbank.sources.lockfile import Entry, home_lock, read_lock, write_lock

__all__ = ["in_order", "order"]


def order(names: Sequence[str], *, lock: Path | None = None) -> tuple[Entry, ...]:
    """Put banks first, in this order; the others keep theirs behind them.

    Parameters
    ----------
    names
        Installed banks, and ``skillbank``, the bank that comes with it: those named before it answer before
        it. Where it is not named it is the first.
    lock
        Another lock that is ordered as well.
    """
    with changing():
        for name in names:
            if name != OWN:
                find(name)
        chosen = list(dict.fromkeys(names))
        ahead = chosen[: chosen.index(OWN)] if OWN in chosen else []
        for file in [home_lock(), *([lock] if lock is not None else [])]:
            entries = {e.name: replace(e, before_own=e.name in ahead) for e in read_lock(file)}
            first = [entries.pop(n) for n in chosen if n in entries]
            write_lock(file, [*first, *entries.values()])
        return read_lock(home_lock())


def in_order(entries: Iterable[Entry]) -> list[str]:
    """Return the names of banks as they are looked for, with ``skillbank`` in its place."""
    listed = list(entries)
    before = [e.name for e in listed if e.before_own]
    return [*before, OWN, *(e.name for e in listed if not e.before_own)]
