"""A store of label sets on each database, and a set with pictures, classes and proposals."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import ClassSpec, FoundPicture, Proposal, RunSpec
from skillbank.sets.store import SetStore
from tests.postgres import Cluster
from tests.sets.made import reviewed_set

EXIT = ClassSpec("exit", ("red exit sign", "green exit sign"), ("poster",))
BARE = ClassSpec("bare", ("person without a helmet",), threshold=0.5)


class Filled:
    """A store that is filled once on each of the databases, to be copied for each test.

    Parameters
    ----------
    fill
        Fills it; is given where pictures may be, which are also put back for each test.
    """

    def __init__(self, folder: Path, fill: Callable[[SetStore, Path], object]) -> None:
        self.photos = folder / "photos"
        self._fill = fill
        self._pristine = folder / "pristine"
        self._file = folder / "skillbank.db"
        self._url = ""

    def into(self, home: Path, cluster: Cluster | None) -> str:
        """Copy it to a home; return the address of its database on a cluster, "" where there is none."""
        shutil.rmtree(self.photos, ignore_errors=True)
        if self._pristine.exists():
            shutil.copytree(self._pristine, self.photos)
        if cluster is not None:
            self._url = self._url or self._make(cluster.store())
            return cluster.copy(self._url)
        if not self._file.exists():
            self._make(f"sqlite:///{self._file}")
        home.mkdir()
        shutil.copy(self._file, home)
        return ""

    def _make(self, url: str) -> str:
        with JobStore(url) as opened:
            self._fill(SetStore(opened.engine), self.photos)
        if self.photos.exists():
            shutil.copytree(self.photos, self._pristine, dirs_exist_ok=True)
        return url


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """What a test asks for whose home has the set "signs" with twenty pictures, of which 15 are reviewed."""
    return Filled(tmp_path_factory.mktemp("filled"), reviewed_set)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def home(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, whose store is on each of the databases; empty, but for those that ask for `filled`."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SKILLBANK_HOME", str(folder))
    monkeypatch.delenv("SKILLBANK_DATABASE_URL", raising=False)
    cluster: Cluster | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    if "filled" in request.fixturenames:
        url = request.getfixturevalue("filled").into(folder, cluster)
    else:
        url = cluster.store() if cluster else ""
    if url:
        monkeypatch.setenv("SKILLBANK_DATABASE_URL", url)
    return folder


@pytest.fixture
def sets(home: Path) -> Iterator[SetStore]:
    """The sets of a store."""
    with JobStore(database_url()) as opened:
        yield SetStore(opened.engine)


@pytest.fixture
def signs(sets: SetStore) -> LabelSet:
    """A set of two classes and ten pictures without a file."""
    return signs_of(sets)


def signs_of(sets: SetStore) -> LabelSet:
    """Make that set in a store."""
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
