"""Label formats of packages, loaded in process: what their code does wrong is a sentence that names them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from skillbank.datasets.document import DataSet, Picture, Split
from skillbank.datasets.formats import load_format
from skillbank.datasets.formats.base import Part, Recognised
from skillbank.datasets.kinds import ERROR, Kind, table
from skillbank.datasets.tree import Tree
from skillbank.errors import DataError, PluginError
from skillbank.plugins import Group, Offer


class Lines:
    """A format whose answers are set by each test."""

    name, title = "lines", "Lines"
    found: Any = None
    data: Any = None

    def recognise(self, tree: Tree) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def read(self, tree: Tree) -> Any:
        return self.data


class LinesWriter:
    name = "lines"

    def folder(self, split: str) -> Path:
        return Path("pictures") / split

    def write(self, parts: Sequence[Part], classes: Sequence[str], folder: Path) -> list[Any]:
        if not classes:
            raise ValueError("no classes")
        return [len(parts), f"{folder.name} {classes[0]}"]


class Unnamed(Lines):
    name = "other"


class Lacking:
    name, title = "lines", "Lines"

    def recognise(self, tree: Tree) -> None: ...


class Breaking(Lines):
    def __init__(self) -> None:
        raise RuntimeError("out of ink")


def offered(made: str, name: str = "lines", package: str = "ink 1.0") -> Offer:
    return Offer(Group.LABEL_FORMATS, name, f"{__name__}:{made}", package)


HERE = Tree(Path(), {})
SAID = "the label format 'lines' of the package ink 1.0"


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    def answer(**fields: object) -> Any:
        for name, value in fields.items():
            monkeypatch.setattr(Lines, name, value)
        return load_format(offered("Lines"))

    return answer


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (ZeroDivisionError("by hand"), f"{SAID} stopped at the data (ZeroDivisionError: by hand)"),
        (DataError("a is broken"), f"{SAID} stopped at the data (DataError: a is broken)"),
        (("a.txt",), f"{SAID} stopped at the data (TypeError: recognise() returned tuple and no Recognised)"),
    ],
)
def test_a_format_that_breaks_while_it_looks_keeps_no_other_from_looking(
    answer: Any, found: object, why: str
) -> None:
    made = answer(found=found)
    assert made.trouble is None and made.recognise(HERE) is None
    assert str(made.trouble) == f"{why}; mend it, or leave it out: pip uninstall ink"
    answer(found=None)
    assert made.recognise(HERE) is None and made.trouble is None
    answer(found=(known := Recognised(("a.txt",), "its lines")))
    assert made.recognise(HERE) is known and (made.name, made.title) == ("lines", "Lines")


def test_what_it_reads_is_a_data_set_of_its_name_whose_pictures_are_guarded_too(answer: Any) -> None:
    def pictures() -> Iterator[Picture]:
        yield Picture("a", "a", 4, 3, ())
        raise IndexError("line 2")

    made = answer(data=DataSet("lines", ("cat",), (Split("train", "train", pictures),)))
    [split] = made.read(HERE).splits
    read = split.pictures()
    assert next(read).name == "a" and split.name == "train"
    with pytest.raises(PluginError, match=r"stopped at the data \(IndexError: line 2\)"):
        next(read)
    for other in (DataSet("coco", (), ()), ["lines"]):
        answer(data=other)
        with pytest.raises(PluginError, match=r"read\(\) returned no DataSet with format = 'lines'"):
            made.read(HERE)


def test_a_writer_of_a_package_says_texts_and_stops_with_a_sentence() -> None:
    made = load_format(offered("LinesWriter", "lines.writer"))
    assert made.name == "lines" and made.folder("val") == "pictures/val"
    assert made.write([Part("", ())], ["cat"], Path("out")) == ["1", "out cat"]
    with pytest.raises(
        PluginError,
        match=r"'lines\.writer' of the package ink 1\.0 stopped with an error \(ValueError: no classes\)",
    ):
        made.write([], [], Path("out"))


@pytest.mark.parametrize(
    ("made", "name", "why"),
    [
        ("Unnamed", "lines", "is not a class with name = 'lines', title, recognise, read"),
        ("Lacking", "lines", "is not a class with name = 'lines', title, recognise, read"),
        ("Lines", "lines.writer", "is not a class with name = 'lines', folder, write"),
        ("Gone", "lines", "cannot be loaded"),
        ("Breaking", "lines", "cannot be made (RuntimeError: out of ink)"),
    ],
)
def test_what_does_not_fit_is_refused(made: str, name: str, why: str) -> None:
    with pytest.raises(PluginError) as refused:
        load_format(offered(made, name))
    assert why in str(refused.value) and "ink 1.0" in str(refused.value)


def test_what_is_ours_stands_behind_nothing() -> None:
    assert isinstance(load_format(offered("Lines", package="")), Lines)
    assert isinstance(load_format(offered("LinesWriter", "lines.writer", "")), LinesWriter)


def test_kinds_of_faults_are_found_by_their_names() -> None:
    one, other = (Kind(name, ERROR, f"{name}s", "mend it") for name in ("cut", "gone"))
    assert table(one, other) == {"cut": one, "gone": other}
