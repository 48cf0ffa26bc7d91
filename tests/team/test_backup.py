"""A whole store backed up and restored, while others write, and when a process is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from skillbank import Runtime
from skillbank.errors import DataError, DataNotFoundError, ForbiddenError, UsageError
from skillbank.home import pictures_dir
from skillbank.jobs import backup as backups
from skillbank.jobs.backup import backup
from skillbank.jobs.database import JOBS, SKILLS
from skillbank.jobs.restore import restore
from skillbank.jobs.store import JobStore
from skillbank.stored import as_json, now
from skillbank.team import audit
from skillbank.team.acting import acting_as
from skillbank.team.tables import AUDIT
from skillbank.team.tokens import Tokens
from tests.postgres import Cluster
from tests.team.conftest import EVERY, MEMBER, Things, person
from tests.team.test_tokens import LATER

Rows = dict[str, list[tuple[Any, ...]]]
NewUrl = Callable[[], str]


def rows(store: JobStore, *, but: tuple[str, ...] = ()) -> Rows:
    """All that a store holds, but for the lines about backups themselves."""
    found: Rows = {}
    with store.engine.connect() as db:
        for name, table in backups.TABLES.items():
            query = sa.select(table).order_by(*table.primary_key.columns)
            if name == AUDIT.name:
                query = query.where(AUDIT.c.verb.notin_(("store.backup", "store.restore")))
            found[name] = [tuple(map(as_json, row)) for row in db.execute(query)] if name not in but else []
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewUrl:
    """Names a new, empty database each time."""
    if request.param == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgres")
        return cluster.url
    count = iter(range(100))
    return lambda: f"sqlite:///{tmp_path / f'store-{next(count)}.db'}"


@pytest.fixture
def filled(runtime: Runtime, pair: tuple[Things, Things]) -> Iterator[JobStore]:
    """A store in the home with a thing of every kind, a token and a picture that the home keeps."""
    with acting_as(person("det", EVERY), "rest", "10.0.0.1"):
        Tokens(runtime.jobs.store.engine).make("ann", "det", MEMBER, LATER)
    kept = pictures_dir() / "ab" / "abc.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"picture" * 1000)
    return iter([runtime.jobs.store])


def elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("SKILLBANK_HOME", str(folder))


def test_all_comes_back_and_numbers_go_on(
    runtime: Runtime,
    filled: Iterator[JobStore],
    new_url: NewUrl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = next(filled)
    with acting_as(person("det", EVERY)):
        gone = runtime.sets.create("gone", who="ann")
        runtime.sets.remove("gone", "ann")
    about = backup(source.engine, tmp_path / "b")
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0 and about.files == 1
    expected = rows(source)
    elsewhere(monkeypatch, tmp_path / "other-home")
    url = new_url()
    with JobStore(url) as target:
        assert restore(target.engine, tmp_path / "b") == about
        found = rows(target)
        assert found == expected
        assert (pictures_dir() / "ab" / "abc.png").read_bytes() == b"picture" * 1000
        with target.engine.connect() as db:
            lines = db.execute(sa.select(AUDIT.c.seq, AUDIT.c.verb).order_by(AUDIT.c.seq)).all()
        assert [verb for _, verb in lines[-2:]] == ["store.backup", "store.restore"]
        assert len({seq for seq, _ in lines}) == len(lines)
        with pytest.raises(UsageError, match="this store is in use: it has jobs, plans"):
            restore(target.engine, tmp_path / "b")
        again = backup(target.engine, tmp_path / "b2")
        assert again.files == about.files
    with Runtime(database_url=url) as there, acting_as(person("det", EVERY)):
        made = there.sets.create("gone", who="ann")
        assert made.id > gone.id, "the number of what was removed is not given again"


def test_what_is_not_whole_or_not_empty_is_refused_and_nothing_is_restored(
    filled: Iterator[JobStore], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, folder = next(filled), tmp_path / "b"
    backup(source.engine, folder)
    with pytest.raises(UsageError, match="is there already"):
        backup(source.engine, folder)
    elsewhere(monkeypatch, tmp_path / "other-home")
    about = json.loads((folder / "backup.json").read_text())
    packed, picture = (
        (folder / "rows.jsonl.gz").read_bytes(),
        folder / "files" / "pictures" / "ab" / "abc.png",
    )
    with JobStore(f"sqlite:///{tmp_path / 'x.db'}") as target:
        empty = rows(target)
        for file, content in (
            (folder / "rows.jsonl.gz", packed[:-20]),
            (folder / "rows.jsonl.gz", packed[: len(packed) // 2]),
            (picture, b"other"),
            (folder / "backup.json", b"{}"),
            (folder / "backup.json", json.dumps({**about, "sha256": "0" * 64}).encode()),
            (folder / "backup.json", json.dumps({**about, "version": 3}).encode()),
        ):
            kept = file.read_bytes()
            file.write_bytes(content)
            with pytest.raises(DataError):
                restore(target.engine, folder)
            file.write_bytes(kept)
            assert rows(target) == empty
        with pytest.raises(DataNotFoundError, match="there is no backup"):
            restore(target.engine, tmp_path / "none")
        pictures_dir().mkdir(parents=True, exist_ok=True)
        (pictures_dir() / "mine.png").write_bytes(b"mine")
        with pytest.raises(UsageError, match="which the backup has not"):
            restore(target.engine, folder)
        with acting_as(person("det")):
            for verb in (backup, restore):
                with pytest.raises(ForbiddenError):
                    verb(target.engine, tmp_path / "c")


def test_it_is_of_one_moment_while_others_write(
    filled: Iterator[JobStore], new_url: NewUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer leaves a row and its line of the log in one transaction: a backup has both or neither."""
    next(filled)
    done = threading.Event()
    url = new_url()

    def work() -> None:
        with JobStore(url) as store, acting_as(person("det")):
            for number in range(100_000):
                with store.engine.begin() as db:
                    digest = sha256(b"%d" % number).hexdigest()
                    db.execute(SKILLS.insert().values(digest=digest, created=now(), document={}))
                    audit.record(db, "plan", digest)
                if done.is_set():
                    return

    with JobStore(url):
        writer = threading.Thread(target=work)
        writer.start()
    try:
        with JobStore(url) as store:
            for number in range(3):
                time.sleep(0.2)
                backup(store.engine, tmp_path / f"b{number}")
    finally:
        done.set()
        writer.join()
    sizes = []
    for number in range(3):
        elsewhere(monkeypatch, tmp_path / f"home-{number}")
        with JobStore(new_url()) as target:
            restore(target.engine, tmp_path / f"b{number}")
            with target.engine.connect() as db:
                skills = set(db.scalars(sa.select(SKILLS.c.digest)))
                assert skills == set(db.scalars(sa.select(AUDIT.c.object).where(AUDIT.c.verb == "plan")))
                sizes.append(len(skills))
    assert sizes == sorted(set(sizes)), "somebody wrote meanwhile"


def killed_when(environment: Mapping[str, str], begun: Callable[[], bool], *command: str) -> int:
    """Run a command and kill it as soon as something has begun; return how it ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "skillbank", *command],
        env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while process.poll() is None and not begun():
            time.sleep(0.002)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        return process.wait(60)


@pytest.mark.slow
def test_killed_in_the_middle_it_has_done_nothing_and_the_same_command_goes_on(
    filled: Iterator[JobStore], new_url: NewUrl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, folder = next(filled), tmp_path / "b"
    for number in range(200):
        (pictures_dir() / f"p{number}.png").write_bytes(b"%d" % number * 20_000)
    with source.engine.begin() as db:
        row = dict(db.execute(sa.select(JOBS).limit(1)).mappings().one())
        row.pop("seq")
        made = [{**row, "id": f"j-{number}", "idempotency_key": None} for number in range(2_000)]
        db.execute(JOBS.insert(), made)

    def parts() -> bool:
        return any(tmp_path.glob(".b.*.part/files"))

    assert killed_when(os.environ, parts, "team", "backup", str(folder)) == -signal.SIGKILL
    assert not folder.exists()
    about = backup(source.engine, folder)
    assert about.files == 201
    expected, url = rows(source), new_url()
    told = {**os.environ, "SKILLBANK_HOME": str(tmp_path / "new"), "SKILLBANK_DATABASE_URL": url}

    def arrived() -> int:
        return len(list((tmp_path / "new" / "pictures").glob("p*.png")))

    def rows_begun() -> bool:
        if arrived() < 200:
            return False
        time.sleep(0.3)
        return True

    begun = killed_when(told, lambda: arrived() > 50, "team", "restore", str(folder))
    assert begun == -signal.SIGKILL
    killed_when(told, rows_begun, "team", "restore", str(folder))
    elsewhere(monkeypatch, tmp_path / "new")
    with JobStore(url) as target:
        if not any(rows(target).values()):  # else the second was faster than we
            command = [sys.executable, "-m", "skillbank", "team", "restore", str(folder), "--json"]
            done = subprocess.run(command, env=told, capture_output=True, text=True, check=True)
            assert json.loads(done.stdout)["rows"] == about.rows
        assert rows(target) == expected
