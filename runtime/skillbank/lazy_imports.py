"""Modules that are imported at the top of a file, and read when something of them is first used.

A command shall start without what its run does not need: a database, arrays, formats, a language model. What
takes long to import stands at the top of a file all the same, with a word why where that is not plain::

    with lazy_imports():
        import numpy as np  # boxes need none

        from skillbank.jobs import launching

Each name is a module: ``launching.launch(...)`` reads it, and from then on the name is the module itself, as
if it had been imported ordinarily. What has been imported already is taken as it is.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType

__all__ = ["lazy_imports"]


class lazy_imports:  # noqa: N801  read as the statement that it stands in for
    """Put off the imports of a block at the top of a file.

    Python asks ``builtins.__import__`` at every import, which here puts off what the file imports that has
    entered the block. All others import meanwhile as ever: other threads, and what interrupts this one (a
    signal, the end of an object). Should two files enter blocks at the same moment, one of them may import at
    once what it would have put off, and that is all.

    Raises
    ------
    ImportError
        For ``import a.b``, ``from a import *`` and relative imports: write ``from a import b``.
    """

    def __enter__(self) -> None:
        self._importer: dict[str, object] | None = sys._getframe(1).f_globals
        self._ordinary = builtins.__import__
        builtins.__import__ = self._import

    def __exit__(self, *_: object) -> None:
        self._importer = None  # whoever has it still imports ordinarily
        if builtins.__import__ == self._import:
            builtins.__import__ = self._ordinary

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  Python's own names
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        importer = self._importer
        if importer is None or globals is not importer:
            return self._ordinary(name, globals, locals, fromlist or (), level)
        if level or "*" in (fromlist or ()) or ("." in name and not fromlist):
            raise ImportError(f"{name} cannot be put off so; write 'from a import b'", name=name)
        if not fromlist:
            return _module(name, importer)
        package = ModuleType(name)  # of which the statement takes these names
        package.__dict__.update({each: _module(f"{name}.{each}", importer) for each in fromlist})
        return package


class _Lazy(ModuleType):
    """Stands for a module till something of it is used."""

    __slots__ = ("_importer",)
    _importer: dict[str, object]

    def __init__(self, name: str, importer: dict[str, object]) -> None:
        super().__init__(name)
        object.__setattr__(self, "_importer", importer)

    def __getattr__(self, name: str) -> object:
        return getattr(self._read(), name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._read(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._read(), name)

    @property
    def __dict__(self) -> dict[str, object]:  # type: ignore[override]
        """What the module holds, for those who look there: tests that set something for a while."""
        return self._read().__dict__

    def _read(self) -> ModuleType:
        """Import the module, and let whoever has this in its place have the module itself."""
        module = import_module(self.__name__)
        self._importer.update({name: module for name, value in [*self._importer.items()] if value is self})
        return module


def _module(name: str, importer: dict[str, object]) -> ModuleType:
    module = sys.modules.get(name)
    # One that another thread is importing has but a part of its names: who uses it waits for that thread.
    unfinished = getattr(getattr(module, "__spec__", None), "_initializing", False)  # as importlib asks it
    return _Lazy(name, importer) if module is None or unfinished else module
