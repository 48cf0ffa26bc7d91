"""Modules that run when something of them is asked for, and what stands for their names till then.

A module that is put off is there as ever, in ``sys.modules`` and in its package, but has not run. The first
question for anything in it, or for a module below it, runs it, in place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any, Union

__all__ = ["Later", "put_off", "there"]

_RUNNING = RLock()


class Later(MetaPathFinder):
    """Puts modules off, from `begin` until `all_of_them`.

    Parameters
    ----------
    modules
        By name, with the classes and functions that others take out of them when they are imported
        themselves: each gets one that asks for the real one when it is called or looked at.
    """

    def __init__(self, modules: Mapping[str, Iterable[str]]) -> None:
        self._modules = {name: tuple(names) for name, names in modules.items()}

    def begin(self) -> None:
        """Put off what is not imported yet."""
        sys.meta_path.insert(0, self)

    def all_of_them(self) -> None:
        """Run everything that was put off, put off nothing any more, and give everybody the real names."""
        waiting, self._modules = self._modules, {}
        for name in waiting:
            module = sys.modules.get(name)
            if isinstance(module, _PutOff):
                _run(module)
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for module in [*sys.modules.values()]:
            taken = vars(module) if isinstance(module, ModuleType) else {}
            taken.update({name: each.real() for name, each in taken.items() if type(each) is _Name})

    def find_spec(self, fullname: str, path: Any = None, target: object = None) -> ModuleSpec | None:
        """Find a module that is to be put off, or that came with its package; others find all else."""
        if fullname not in self._modules:
            if isinstance(path, _Below):
                _run(path.package)
                return there(fullname)
            return None
        spec = PathFinder.find_spec(fullname, path.places if isinstance(path, _Below) else path)
        if spec is not None and spec.loader is not None:
            spec.loader = _PuttingOff(spec.loader, self._modules[fullname])
        return spec


def put_off() -> list[str]:
    """Return the names of the modules that wait."""
    return [name for name, module in [*sys.modules.items()] if isinstance(module, _PutOff)]


def there(name: str) -> ModuleSpec | None:
    """Find a module that has been imported since its import began; None where it has not.

    A finder that imports something may bring the very module that it was asked for. Whoever asked would go on
    to run it once more, into a second module of this name, that those who have the first know nothing of.
    """
    module = sys.modules.get(name)
    if module is None:
        return None
    # Python takes the spec of a module that is there. Who only looks for the module leaves it with this one.
    found = copy(module.__spec__) or ModuleSpec(name, None)
    found.loader = _There(module)
    module.__spec__ = found
    return found


class _There(Loader):
    """Gives a module that is there, as it is."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Give the module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is, with the spec that it had."""
        module.__spec__ = self.spec


class _PuttingOff(Loader):
    """Makes a module that has not run."""

    def __init__(self, loader: Loader, names: tuple[str, ...]) -> None:
        self.loader, self.names = loader, names

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Have it wait."""
        if "__path__" in module.__dict__:
            module.__path__ = _Below(module)  # type: ignore[assignment]
        module.__dict__.update({name: _Name(module, name) for name in self.names})
        module.__class__ = _PutOff


class _PutOff(ModuleType):
    """A module that has not run."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")
        _run(self)
        return getattr(self, name)


class _Below:
    """The path of a package that has not run: who looks for a module there has it run."""

    def __init__(self, package: ModuleType) -> None:
        self.package = package

    @property
    def places(self) -> list[str] | None:
        """Where that is, for who does not have it run."""
        spec = self.package.__spec__
        return None if spec is None else spec.submodule_search_locations

    def __iter__(self) -> Iterator[str]:
        _run(self.package)
        return iter(self.package.__path__)


def _run(module: ModuleType) -> None:
    """Run a module that was put off, if it still is."""
    with _RUNNING:
        package = sys.modules.get(module.__name__.rpartition(".")[0])
        if isinstance(package, _PutOff):
            _run(package)  # which may run the module
        spec = module.__spec__
        if not isinstance(module, _PutOff) or spec is None or not isinstance(spec.loader, _PuttingOff):
            return
        off = spec.loader
        spec.loader = module.__loader__ = off.loader
        for name in off.names:
            del module.__dict__[name]
        if spec.submodule_search_locations is not None:
            module.__path__ = spec.submodule_search_locations
        module.__class__ = ModuleType  # type: ignore[assignment]
        off.loader.exec_module(module)


class _Name:
    """What a name of a module that has not run stands for: whatever is done with it is done with that."""

    def __init__(self, module: ModuleType, name: str) -> None:
        self._module, self._name = module, name

    def real(self) -> Any:
        """Return it."""
        _run(self._module)
        return getattr(self._module, self._name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.real()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # what `typing` asks of everything
        return getattr(self.real(), name)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self.real())

    def __subclasscheck__(self, kind: type) -> bool:
        return issubclass(kind, self.real())

    def __mro_entries__(self, bases: tuple[object, ...]) -> tuple[object, ...]:
        return (self.real(),)

    def __or__(self, other: object) -> object:
        return Union[self, other]  # noqa: UP007  an annotation, which nothing has to look at now

    __ror__ = __or__
