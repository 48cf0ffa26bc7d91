"""The faults of `benchmarks.mutants`: each changes its function and no other, and a choice stays as it is."""

from __future__ import annotations

import types
from pathlib import Path

import pytest
from benchmarks.mutants.seeding import Mutant, chosen, closed_over, mutants_of

_MODULE = '''
"""A text."""

LIMIT = 3


def small(number: int = 2) -> bool:
    """Say 1 + 1."""
    if not number:
        raise ValueError(f"{number + 1} is none")
    if time.monotonic() > LIMIT:
        one_line(number, 60)
        zip(number, number, strict=True)
    return number < 7 and number != 4


class Shelf:
    def tail(self, items: list[int]) -> list[int]:
        def inner() -> list[int]:
            return [item for item in items[1:] if item > 0]

        return inner()

    def __repr__(self) -> str:
        return "1" if self == 2 else "3"


def nothing() -> str:
    return ""
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text(_MODULE, "utf-8")
    return path


def _said(mutants: list[Mutant]) -> set[str]:
    return {f"{each.function}: {each.before} -> {each.after}" for each in mutants}


def test_faults_are_made_in_bodies_and_not_in_texts(module: Path) -> None:
    assert _said(mutants_of(module)) == {
        "small: if not number: pass -> if True: pass",
        "small: if not number: pass -> if False: pass",
        "small: not number -> number",
        "small: if time.monotonic() > LIMIT: pass -> if True: pass",
        "small: if time.monotonic() > LIMIT: pass -> if False: pass",
        "small: one_line(number, 60) -> pass",
        "small: zip(number, number, strict=True) -> pass",
        "small: return number < 7 and number != 4 -> return None",
        "small: number < 7 and number != 4 -> number < 7 or number != 4",
        "small: number < 7 -> number <= 7",
        "small: 7 -> 8",
        "small: 7 -> 6",
        "small: number != 4 -> number == 4",
        "small: 4 -> 5",
        "small: 4 -> 3",
        "Shelf.tail: return inner() -> return None",
        "Shelf.tail: return [item for item in items[1:] if item > 0] -> return None",
        "Shelf.tail: for item in items[1:] if item > 0 -> for item in items[1:]",
        "Shelf.tail: 1: -> :",
        "Shelf.tail: 1 -> 2",
        "Shelf.tail: 1 -> 0",
        "Shelf.tail: item > 0 -> item >= 0",
        "Shelf.tail: 0 -> 1",
        "Shelf.tail: 0 -> -1",
    }


def test_the_code_of_a_fault_is_its_functions_and_the_next_has_none_of_it(module: Path) -> None:
    whole = compile(module.read_text("utf-8"), str(module), "exec")
    plain = {code.co_name: code for code in whole.co_consts if isinstance(code, types.CodeType)}
    for mutant in mutants_of(module):
        assert mutant.code().co_freevars == ()
        assert mutant.code() == mutant.code()
        if mutant.function == "small":
            assert mutant.code() != plain["small"]
            function = types.FunctionType(mutant.code(), {})
            assert function.__name__ == "small"


def test_a_choice_is_that_of_its_seed_and_stays_where_nothing_changed(module: Path) -> None:
    first = [each.name for each in chosen([module], 6, seed=0)]
    assert first == [each.name for each in chosen([module], 6, seed=0)]
    assert first != [each.name for each in chosen([module], 6, seed=1)]
    assert len(first) == 6
    module.write_text("import os\n" + _MODULE, "utf-8")
    assert first == [each.name for each in chosen([module], 6, seed=0)]


def test_a_fault_that_takes_the_only_use_of_super_still_fits_its_method(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "class Base:\n    made = 0\n    def __init__(self):\n        self.made = 1\n\n"
        "class Shelf(Base):\n    def __init__(self):\n"
        "        super().__init__()\n        self.read = self.made\n",
        "utf-8",
    )
    names: dict[str, type] = {}
    exec(compile(path.read_text("utf-8"), str(path), "exec"), names)
    shelf = names["Shelf"]
    assert vars(shelf())["read"] == 1
    [fault] = [each for each in mutants_of(path) if each.kind == "call"]
    method = vars(shelf)["__init__"]
    method.__code__ = closed_over(fault.code(), method.__code__.co_freevars)
    assert vars(shelf())["read"] == 0
