"""Hostile banks through the command line: no traceback, no hang, nothing of them runs, others unharmed."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from skillbank.cli import app
from skillbank.visible import has_invisible
from tests.bank.banks import make_skill
from tests.trust.hostile_banks import BAD, GOOD, ROWS, Row, make_bank

pytestmark = pytest.mark.slow

LONGEST = 10.0
"""Seconds of work that a command may take."""
HANGS = 60.0
"""Seconds without an answer after which it hangs, whatever else the machine does."""
AT_ONCE = 2
GATE = importlib.util.find_spec("skillbank.trust.gate") is not None
"""Without the gate what is approved with --yes runs, whoever wrote it."""
CANARIES = {
    "AWS_SECRET_ACCESS_KEY": "canary-aws-1e4f",
    "OPENAI_API_KEY": "canary-openai-77ab",
    "HF_TOKEN": "canary-hf-90cd",
    "SKILLBANK_WEB_TOKEN": "canary-web-token-5512",
    "TOY_TOKEN": "canary-toy-3b3b",
}


@functools.cache
def _known() -> frozenset[str]:
    return frozenset(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


EVERY = ("skills", "plan good", "lint", "run yes")
"""What each bank meets; of the other commands, which go the same ways through a bank, one in turn."""
IN_TURN = (
    "audit",
    "show action",
    "plan",
    "audit",
    "verify",
    "skills query",
    "audit",
    "plan json",
    "run",
    "show",
)


def met(row: Row, bank: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the commands that a bank meets here."""
    turn = IN_TURN[ROWS.index(row) % len(IN_TURN)]
    chosen = {*EVERY, turn, *row.also}
    return ((name, argv) for name, argv in commands(row, bank) if name in chosen)


def commands(row: Row, bank: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield what is done with a bank: a name and a command line for each command that there is."""
    here = ["--bank", str(bank)]
    bad, options = row.request, [*row.options, "--platform", "local"]
    yield "skills", ["skills", *here, "--json"]
    yield "skills query", ["skills", "yak toys", *here]
    yield "show", ["show", f"{bank.name}:{BAD}", *here]
    yield "show action", ["show", BAD, "train", *here]
    yield "plan", ["plan", bad, *options, *here]
    yield "plan json", ["plan", bad, *options, *here, "--json"]
    yield "plan good", ["plan", f"train {GOOD}", "--platform", "local", *here, "--json"]
    yield "lint", ["lint", str(bank)]
    for command in ("audit", "verify"):
        if command in _known():
            yield command, [command, str(bank)]
    yield "run", ["run", bad, *options, *here]
    if GATE:
        yield "run yes", ["run", bad, *options, *here, "--yes", "--json"]


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    row: str
    command: str
    code: int
    text: str
    error: str
    took: float


class Runner:
    """A process that runs commands; another one takes its place when it hangs."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._start()

    def _start(self) -> None:
        self._waiting = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.trust.hostile_runner"], env=self._environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
        )  # fmt: skip

    def run(self, row: str, command: str, argv: Sequence[str]) -> Ended:
        """Run a command; one that takes too long is ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([row, command, list(argv)]).encode() + b"\n")
        begun = self._answer(60)  # the process itself has to begin
        answer = self._answer(HANGS) if begun is not None else None
        if answer is not None:
            return Ended(**answer)
        self._process.kill()
        self._process.communicate()
        self._start()
        return Ended(row, command, -2, "", f"no answer within {HANGS:.0f} s", HANGS)

    def _answer(self, seconds: float) -> dict[str, Any] | None:
        """Return the next line; None when there is none in time, or the process has died."""
        assert self._process.stdout is not None
        last = time.monotonic() + seconds
        while b"\n" not in self._waiting:
            left = last - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), 1 << 16)
            if not more:
                return None
            self._waiting += more
        line, self._waiting = self._waiting.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def surroundings(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLBANK_")}
    return {**kept, **CANARIES, "SKILLBANK_HOME": str(home), "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Ended]]:
    """Every command on every hostile bank, by the bank's row."""
    root = tmp_path_factory.mktemp("hostile")
    (root / "marker").mkdir()

    def run(rows: Sequence[Row], home: Path) -> dict[str, list[Ended]]:
        runner = Runner(surroundings(home))
        try:
            found: dict[str, list[Ended]] = {}
            for row in rows:
                bank = make_bank(row, root / "banks", root / "marker")
                found[row.name] = ends = []
                for name, argv in met(row, bank):
                    ends.append(runner.run(row.name, name, argv))
                    if ends[-1].code == -2:
                        break  # one fault is enough, and each takes long
            return found
        finally:
            runner.close()

    parts = [ROWS[i::AT_ONCE] for i in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(run, parts, [root / f"home-{i}" for i in range(AT_ONCE)])
        return {name: ends for part in found for name, ends in part.items()} | {
            "": [Ended("", path.name, 0, "", "", 0.0) for path in sorted((root / "marker").iterdir())]
        }


def test_there_are_enough_kinds() -> None:
    assert len(ROWS) >= 100
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_hostile_bank_harms_nobody(ended: dict[str, list[Ended]], row: Row) -> None:
    ends = {end.command: end for end in ended[row.name]}
    faults = [f"{name}: {end.error.strip().splitlines()[-1]}" for name, end in ends.items() if end.error]
    faults += [f"{name}: took {end.took:.1f} s" for name, end in ends.items() if end.took > LONGEST]
    faults += [f"{name}: exit code {end.code}" for name, end in ends.items() if end.code not in range(-2, 6)]
    faults += [
        f"{name}: {next(line for line in end.text.splitlines() if has_invisible(line))[:100]!a}"
        for name, end in ends.items() if has_invisible(end.text)
    ]  # fmt: skip
    faults += [f"{name}: ended well" for name in ("run", "run yes") if name in ends and ends[name].code == 0]
    if row.good_stays and not faults:
        listed = [s["name"] for s in json.loads(ends["skills"].text)["skills"]]
        if GOOD not in listed:
            faults.append(f"skills: {GOOD} is not listed")
        if ends["plan good"].code != 0:
            faults.append(f"plan good: {ends['plan good'].text[:300]}")
    assert not faults, "\n".join(faults)


def test_nothing_of_a_hostile_bank_has_run(ended: dict[str, list[Ended]]) -> None:
    assert [end.command for end in ended[""]] == []


SAMPLE = ("fifo-as-SKILL.md", "settle-in-a-search")


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in SAMPLE], ids=lambda row: row.name)
def test_the_program_itself_holds(tmp_path: Path, row: Row) -> None:
    marker = tmp_path / "marker"
    marker.mkdir()
    bank = make_bank(row, tmp_path / "banks", marker)
    for name, argv in commands(row, bank):
        if name not in ("skills", "run yes"):
            continue
        done = subprocess.run(
            [sys.executable, "-m", "skillbank", *argv], env=surroundings(tmp_path / "home"), text=True,
            capture_output=True, input="n\n", timeout=HANGS,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr[-2000:]
        assert not has_invisible(done.stdout + done.stderr)
        assert done.returncode != 0 or not name.startswith("run")
    assert list(marker.iterdir()) == []


@pytest.mark.skipif(not GATE, reason="the gate that filters the environment is not there yet")
def test_no_canary_reaches_a_command_that_does_not_name_it(tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    program = tmp_path / "look.py"
    program.write_text(
        "import json, os, pathlib\n"
        f"pathlib.Path({str(seen)!r}).write_text(json.dumps(dict(os.environ)))\n"
        "print('canary in the log:', os.environ.get('AWS_SECRET_ACCESS_KEY'))\n"
    )
    bank = make_skill(
        tmp_path / "trusted", "toy-looker",
        required_credentials=["TOY_TOKEN"],
        actions={"train": {"command": f"{sys.executable} {program}"}},
    )  # fmt: skip
    environment = {**surroundings(tmp_path / "home"), "SKILLBANK_TRUST": f"{bank}@*"}
    argv = ["run", "train toy-looker", "--platform", "local", "--bank", str(bank), "--yes", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "skillbank", *argv],
        env=environment,
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert seen.is_file(), done.stdout + done.stderr
    handed = json.loads(seen.read_text())
    told = {name for name, value in CANARIES.items() if value in handed.values()}
    assert told == {"TOY_TOKEN"}
    assert "canary-" not in done.stdout + done.stderr
