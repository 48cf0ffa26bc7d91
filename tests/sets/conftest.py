"""A store of label sets on each database, and a set with pictures, classes and proposals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, FoundPicture, Proposal, RunSpec
from skillbank.sets.store import SetStore

EXIT = ClassSpec("exit", ("red exit sign", "green exit sign"), ("poster",))
BARE = ClassSpec("bare", ("person without a helmet",), threshold=0.5)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def home(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, whose store is on each of the databases."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SKILLBANK_HOME", str(folder))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    if request.param == "postgresql":
        monkeypatch.setenv("SKILLBANK_DATABASE_URL", request.getfixturevalue("postgres").url())
    return folder


@pytest.fixture
def sets(home: Path) -> Iterator[SetStore]:
    """The sets of a store."""
    with JobStore(database_url()) as opened:
        yield SetStore(opened.engine)


@pytest.fixture
def signs(sets: SetStore) -> LabelSet:
    """A set of two classes and ten pictures without a file."""
    made = sets.create("signs", [EXIT, BARE], who="ann")
    made.add_pictures([found(i) for i in range(10)], "ann")
    return made


def found(i: int, place: str = "") -> FoundPicture:
    """Return a picture that would be at a place."""
    return FoundPicture(
        f"p{i:02}.jpg", place or f"/photos/p{i:02}.jpg", hashlib.sha256(b"%d" % i).hexdigest(), 100, 80
    )


def spec(model: str = "m", **fields: object) -> RunSpec:
    """Return a run of a model that looks for both classes."""
    wanted = {"model_sha256": model * 8, "classes": (EXIT, BARE), "who": "ann", **fields}
    return RunSpec(model=model, **wanted)  # type: ignore[arg-type]


def box(class_number: int, x: float, score: float, size: float = 20) -> Proposal:
    """Return a proposal of a square."""
    return Proposal(class_number, (x, 10, x + size, 10 + size), score, "words")
