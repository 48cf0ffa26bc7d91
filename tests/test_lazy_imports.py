"""Modules that a file names at its top and that are read when something of them is used."""

from __future__ import annotations

import ast
import builtins
import sys
import threading
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from skillbank.lazy_imports import lazy_imports

RUNTIME = Path(__file__).parents[1] / "runtime"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with modules that say when they run, and who imports them lazily."""
    folder = tmp_path / "putting_off"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "heavy.py").write_text("NUMBER = 3\ndef double():\n    return 2 * NUMBER\n")
    (folder / "broken.py").write_text("import no_such_package\n")
    (folder / "user.py").write_text(
        "from skillbank.lazy_imports import lazy_imports\n"
        "with lazy_imports():\n    from putting_off import broken, heavy as big\n"
        "def use():\n    return big.double()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield "putting_off"
    for name in [name for name in sys.modules if name.partition(".")[0] == "putting_off"]:
        del sys.modules[name]


def user(package: str) -> ModuleType:
    return import_module(f"{package}.user")


def test_a_module_is_read_when_it_is_used_and_then_is_itself(package: str) -> None:
    module = user(package)
    assert f"{package}.heavy" not in sys.modules
    assert module.use() == 6
    assert module.big is sys.modules[f"{package}.heavy"]
    assert f"{package}.broken" not in sys.modules


def test_what_is_imported_already_is_taken_as_it_is(package: str) -> None:
    heavy = import_module(f"{package}.heavy")
    assert user(package).big is heavy


def test_what_is_set_is_set_in_the_module(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stands_for = user(package).big
    monkeypatch.setattr(stands_for, "NUMBER", 5)
    assert user(package).use() == 10
    monkeypatch.undo()
    assert user(package).use() == 6
    stands_for.more = 1
    assert sys.modules[f"{package}.heavy"].__dict__["more"] == 1
    del stands_for.more
    assert "more" not in sys.modules[f"{package}.heavy"].__dict__


def test_what_cannot_be_imported_is_said_where_it_is_used(package: str) -> None:
    module = user(package)
    for _ in range(2):
        with pytest.raises(ImportError, match="no_such_package"):
            module.broken.anything  # noqa: B018
    with pytest.raises(AttributeError, match="none"):
        module.big.none  # noqa: B018


@pytest.mark.parametrize("words", ["import os.path", "from . import heavy", "from json import *"])
def test_what_cannot_be_put_off_is_refused(words: str) -> None:
    before = builtins.__import__
    with pytest.raises(ImportError, match="write 'from a import b'"):
        exec(
            f"with lazy_imports():\n    {words}",
            {"__name__": "putting_off.other", "__package__": "putting_off", "lazy_imports": lazy_imports},
        )
    assert builtins.__import__ is before


def test_what_another_thread_is_importing_is_waited_for(package: str, tmp_path: Path) -> None:
    (tmp_path / package / "heavy.py").write_text(
        "import builtins\nbuiltins.begun.set()\nbuiltins.go_on.wait(10)\ndef double():\n    return 6\n"
    )
    begun, go_on = threading.Event(), threading.Event()
    vars(builtins).update(begun=begun, go_on=go_on)
    other = threading.Thread(target=import_module, args=(f"{package}.heavy",))
    try:
        other.start()
        assert begun.wait(10)
        module = user(package)
        threading.Timer(0.2, go_on.set).start()
        assert module.use() == 6  # no AttributeError of one that is half there
    finally:
        go_on.set()
        other.join()
        del builtins.begun, builtins.go_on  # type: ignore[attr-defined]


def test_what_interrupts_a_block_imports_as_ever(package: str) -> None:
    """A handler of a signal, or what runs at the end of an object, is code of another file."""
    elsewhere: dict[str, object] = {}
    with lazy_imports():
        exec(f"import os.path\nfrom {package}.heavy import NUMBER", elsewhere)
    assert elsewhere["NUMBER"] == 3


def test_other_threads_import_meanwhile_as_ever(package: str) -> None:
    names: dict[str, object] = {}
    before = builtins.__import__
    with lazy_imports():
        other = threading.Thread(target=exec, args=(f"from {package}.heavy import NUMBER", names))
        other.start()
        other.join()
    assert names["NUMBER"] == 3
    assert builtins.__import__ is before


def test_blocks_of_two_threads_leave_imports_as_they_were(package: str) -> None:
    before = builtins.__import__
    entered, left = threading.Event(), threading.Event()

    def second() -> None:
        with lazy_imports():
            entered.set()
            left.wait(10)

    other = threading.Thread(target=second)
    with lazy_imports():
        other.start()
        entered.wait(10)
    left.set()
    other.join()
    names: dict[str, object] = {}
    exec(f"from {package}.heavy import NUMBER", names)  # by whatever stands there now
    assert names["NUMBER"] == 3
    builtins.__import__ = before


def put_off() -> Iterator[tuple[str, str]]:
    """Yield each file of the package with each module that it imports lazily."""
    for file in sorted((RUNTIME / "skillbank").rglob("*.py")):
        for block in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(block, ast.With) and "lazy_imports" in ast.unparse(block.items[0].context_expr):
                for each in block.body:
                    assert isinstance(each, ast.Import | ast.ImportFrom), f"{file}:{each.lineno}"
                    source = f"{each.module}." if isinstance(each, ast.ImportFrom) else ""
                    yield from ((str(file), f"{source}{alias.name}") for alias in each.names)


def test_all_that_is_put_off_is_a_module() -> None:
    found = list(put_off())
    assert len(found) > 100
    for file, name in found:
        package, _, last = name.rpartition(".")
        if package.partition(".")[0] == "skillbank":
            assert find_spec(name) is not None, f"{file}: {name} is no module"
            there = getattr(import_module(package), last, None)
            assert there is None or there.__name__ == name, f"{file}: {name} is something else, too"
