"""Modules that are imported when something of them is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_FILES = {
    "far/__init__.py": "print('far')\nfrom far import below\ndef ask(n):\n    return n + 1\n"
    "class Kind: pass\n",
    "far/below.py": "print('below')\ndepth = 7\nclass Under: pass\n",
    "near.py": "import far\nimport far.below\nfrom far import Kind, ask\nfrom far.below import Under\n"
    "def kind(one: Kind | None = None) -> None | Under: ...\n",
}
_PUT_OFF = """
import sys
from skillbank_engine.later import Later, put_off
later = Later({"far": ("ask", "Kind"), "far.below": ("Under",), "nowhere": ()})
later.begin()
import near
print("waiting", *sorted(put_off()))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in _FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def said(place: Path, code: str) -> list[str]:
    program = f"import sys\nsys.path.insert(0, {str(place)!r})\n{_PUT_OFF}{code}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, *rest = done.stdout.splitlines()
    assert first == "waiting far far.below"
    return rest


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("near.ask(2)", "3"),
        ("near.far.ask(2)", "3"),
        ("isinstance(near.far.Kind(), near.Kind)", "True"),
        ("issubclass(__import__('types').new_class('Own', (near.Kind,)), near.far.Kind)", "True"),
        ("near.far.below.depth", "7"),
        ("near.Under().__class__.__name__", "Under"),
        ("__import__('importlib').import_module('far.below').depth", "7"),
    ],
)
def test_what_is_asked_for_runs_first(place: Path, asked: str, answer: str) -> None:
    *ran, told = said(place, f"print({asked})")
    assert told == answer
    assert ran == (["far", "below"] if "below" in asked or "Under" in asked else ["far"])


def test_nothing_runs_that_nobody_asks_for(place: Path) -> None:
    assert said(place, "print(near.far.__name__, hasattr(near.far, '__wrapped__'))") == ["far False"]


def test_in_the_end_everybody_has_the_real_ones(place: Path) -> None:
    code = "later.all_of_them()\nimport far\nprint(near.Kind is far.Kind, near.ask is far.ask, put_off())"
    assert said(place, f"{code}\nprint(near.Under is far.below.Under, later in sys.meta_path)") == [
        "far", "below", "True True []", "True False",
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ["", "later.all_of_them()\n"])
def test_a_module_that_its_package_brings_runs_once(place: Path, ending: str) -> None:
    (place / "far" / "__init__.py").write_text(
        "from far.beside import one\ndef ask(n): ...\nclass Kind: pass\n"
    )
    (place / "far" / "beside.py").write_text("print('beside')\none = object()\n")
    code = f"{ending}import far.beside\nprint(far.one is far.beside.one, far.beside.__spec__.origin[-9:])"
    assert said(place, code) == ["beside", *["below"][: len(ending)], "True beside.py"]


def test_a_module_that_somebody_only_looks_for_keeps_a_spec(place: Path) -> None:
    (place / "far" / "__init__.py").write_text(
        "from far.beside import one\ndef ask(n): ...\nclass Kind: pass\n"
    )
    (place / "far" / "beside.py").write_text("one = object()\n")
    code = (
        "from importlib.util import find_spec\nfor _ in range(2):\n"
        "    print(find_spec('far.beside').origin[-9:])\n"
        "import importlib, far.beside\nold = far.beside.one\n"
        "print(far.one is old, importlib.reload(far.beside).one is old)"
    )
    assert said(place, code) == ["beside.py", "beside.py", "True False"]


def test_a_module_that_comes_while_the_end_is_made_runs_once(place: Path) -> None:
    (place / "far" / "__init__.py").write_text(
        "from far.beside import one\ndef ask(n): ...\nclass Kind: pass\n"
    )
    (place / "far" / "beside.py").write_text("print('beside')\none = object()\n")
    (place / "far" / "below.py").write_text("class Under: pass\n")
    (place / "other.py").write_text("import far.beside\nprint(far.one is far.beside.one)\n")
    code = (
        "from skillbank_engine import later as module\nrun = module._run\n"
        "module._run = lambda package: (setattr(module, '_run', run), __import__('other'), run(package))\n"
        "later.all_of_them()"
    )
    assert said(place, code) == ["beside", "True"]


def test_what_is_not_there_is_said_as_ever(place: Path) -> None:
    code = "try:\n    import nowhere\nexcept ModuleNotFoundError as error:\n    print(error)"
    assert said(place, code) == ["No module named 'nowhere'"]
