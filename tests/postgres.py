"""A private PostgreSQL server for the tests, run by an unprivileged user in a folder of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "canary p@ss/word"
QUOTED = "canary%20p%40ss%2Fword"


def programs() -> Path | None:
    """Return the folder that holds ``initdb`` and ``pg_ctl``: on PATH, or where Debian puts them."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((place for place in reversed(places) if (place / "pg_ctl").exists()), None)


class Cluster:
    """A server that can be stopped and started; `url`, `store` and `copy` name a new database each time."""

    def __init__(self, folder: Path, bin_dir: Path, user: str | None, durable: bool) -> None:
        self._folder, self._bin, self._user, self._durable = folder, bin_dir, user, durable
        self._count = 0
        self._store: str | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(
            command, user=self._user, cwd=self._folder, capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PGPASSWORD": PASSWORD},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def make(self) -> None:
        (self._folder / "password").write_text(PASSWORD)
        self.run(
            "initdb",
            "-D",
            "data",
            "-U",
            "skillbank",
            "-A",
            "scram-sha-256",
            "--pwfile=password",
            "-N",
            "-E",
            "UTF8",
        )

    def start(self) -> None:
        options = f"-p {self.port} -k {self._folder} -h 127.0.0.1"
        if not self._durable:
            options += " -c fsync=off"
        self.run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop")

    @property
    def process(self) -> int:
        """Of its processes the one that watches over the others."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self) -> str:
        """Make an empty database."""
        return self._made("template1")

    def store(self) -> str:
        """Make a database with the tables of this version; a copy is a third of the work."""
        from skillbank.jobs.store import JobStore

        if self._store is None:
            self._store = self.url()
            JobStore(self._store).close()
        return self.copy(self._store)

    def copy(self, url: str) -> str:
        """Make a database like another one, to which nobody is connected."""
        return self._made(url.rpartition("/")[2])

    def _made(self, template: str) -> str:
        import psycopg

        self._count += 1
        name = f"test{self._count}"
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="skillbank", password=PASSWORD, dbname="postgres",
            autocommit=True,
        ) as db:  # fmt: skip
            db.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return f"postgresql://skillbank:{QUOTED}@127.0.0.1:{self.port}/{name}"


@contextmanager
def cluster(bin_dir: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """Run a server for as long as this lasts; one that is not durable waits for no disk."""
    # PostgreSQL refuses to run as root, and its folder must be its own user's.
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="skillbank-postgres-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        made = Cluster(folder, bin_dir, user, durable)
        made.make()
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder)
