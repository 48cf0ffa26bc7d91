"""Killed anywhere, a set opens again: nothing that was acknowledged is lost, and nothing is there twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from skillbank.home import database_url
from skillbank.jobs.store import JobStore
from skillbank.sets.label_set import LabelSet
from skillbank.sets.store import SetStore
from tests.sets.conftest import BARE, EXIT, found
from tests.sets.replaying import check_laws, events_of

pytestmark = pytest.mark.slow
KILLS = 20


@pytest.fixture
def url(home: Path) -> str:
    return database_url()


def test_a_process_that_is_killed_loses_nothing_and_doubles_nothing(url: str, tmp_path: Path) -> None:
    with JobStore(url) as store:
        labels = SetStore(store.engine).create("signs", [EXIT, BARE], who="ann")
        labels.add_pictures([found(i) for i in range(12)], "ann")
    moments = random.Random(7)
    log = tmp_path / "log"
    log.touch()
    for kill in range(KILLS):
        before = log.stat().st_size
        command = [sys.executable, "-m", "tests.sets.crash_driver", url, str(log), str(kill)]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.PIPE)
        # Killed at work, and not while it still starts, however busy the machine is.
        while log.stat().st_size == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.random() * 0.2)
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        process.kill()
        process.communicate()
        with JobStore(url) as store:
            labels = SetStore(store.engine).open("signs")
            if kill % 5 == 4:
                check_laws(labels)
            _nothing_is_lost(labels, log.read_text().splitlines(keepends=True))


def _nothing_is_lost(labels: LabelSet, said: list[str]) -> None:
    events = events_of(labels)
    proposed = Counter((e.who, e.picture) for e in events if e.kind == "propose")
    assert set(proposed.values()) <= {1}, "a run has done a picture twice"
    edits = {(e.picture, e.seq) for e in events if e.kind == "edit"}
    made = {c["number"] for e in events for c in e.body["changes"] if c["what"] == "box"}
    undone = {e.seq for e in events if e.kind == "undo"}
    versions = {row.number: row.version for row in labels.pictures()}
    for line in said:
        if not line.endswith("\n"):
            continue  # what was said when it was killed was said half
        what, *rest = line.split()
        if what == "proposed":
            for number in filter(None, rest[1].split(",") if len(rest) > 1 else ()):
                assert proposed[f"run {rest[0]}", int(number)] == 1
        elif what == "undone":
            assert rest[0] == "0" or int(rest[0]) in undone
        else:
            picture, version, last_box = map(int, rest)
            assert versions[picture] >= version and last_box in made
    assert len(edits) >= sum(line.startswith("edited") for line in said)
