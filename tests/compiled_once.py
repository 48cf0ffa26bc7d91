"""Statements of SQLAlchemy that are compiled once in a process, whatever store they are asked of."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

__all__ = ["compile_once"]

_Key = tuple[Any, ...]
_MOST = 2000


def compile_once() -> None:
    """Let all engines share what they have compiled, which each keeps for itself otherwise.

    A process of skillbank opens one store and a test one of its own, or one for each command that it gives:
    to compile the same statements again took a seventh of what tests of stores compute.
    """
    if not sa.event.contains(sa.Engine, "engine_connect", _share):
        sa.event.listen(sa.Engine, "engine_connect", _share)


class _Compiled(MutableMapping[_Key, Any]):
    """What has been compiled for a kind of database, by statement, whichever engine's dialect asks."""

    def __init__(self) -> None:
        self._of: MutableMapping[_Key, Any] = LRUCache(_MOST)

    def __getitem__(self, key: _Key) -> Any:
        return self._of[key[1:]]

    def __setitem__(self, key: _Key, compiled: Any) -> None:
        self._of[key[1:]] = compiled

    def __delitem__(self, key: _Key) -> None:
        del self._of[key[1:]]

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


_KINDS: dict[_Key, _Compiled] = {}


def _share(connection: sa.Connection) -> None:
    dialect = connection.dialect
    kind = (type(dialect), dialect.server_version_info)
    connection.execution_options(compiled_cache=_KINDS.setdefault(kind, _Compiled()))
