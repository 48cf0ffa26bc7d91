"""What it costs to start each program, in seconds of the processor: to its end, or to its first line.

python -m benchmarks.starts [--rounds 9] [--before PYTHON] [--only NAME ...]

``--before`` is the interpreter of another environment: the two take turns, and which is first changes from
round to round, so that what else the machine does falls on both. Each has a home of its own, and a round
before the first has read the files of the system. Bytecode is written and read as in an installed package.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.detect import machine, random_model
from benchmarks.label_start import CAPTION, draw

_SPEAKS = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "b", "version": "1"}}
_HELLO = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _SPEAKS}


@dataclass(frozen=True)
class Program:
    """The words after the interpreter, and what it is told where its first line ends the measure."""

    words: tuple[str, ...]
    told: str | None = None


def programs(folder: Path) -> dict[str, Program]:
    """Return what is measured, by what it is."""
    model, picture = str(random_model(folder / "random.pth")), str(draw(folder / "one.png"))
    wanted = "train Grounding DINO on s3://b/data, no HPO"
    label = ("label", picture, CAPTION, "--checkpoint", model, "-f", "json", "-o", str(folder / "out"))
    skillbank = ("-m", "skillbank")
    return {
        "python": Program(("-c", "pass")),
        "skillbank --help": Program((*skillbank, "--help")),
        "skillbank skills": Program((*skillbank, "skills", "detect objects by describing them", "--json")),
        "skillbank plan": Program((*skillbank, "plan", wanted, "--json")),
        "skillbank jobs": Program((*skillbank, "jobs", "--json")),
        "the supervisor of a job": Program(("-c", "import skillbank.background.supervisor")),
        "skillbank mcp, first answer": Program((*skillbank, "mcp"), json.dumps(_HELLO) + "\n"),
        "grounding_dino serve, first line": Program(
            ("-m", "skillbank_engine", "grounding_dino", "serve", "--checkpoint", model), ""
        ),
        "skillbank label, one picture": Program((*skillbank, *label)),
    }


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--before", help="the interpreter of another environment")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="a part of a program's name")
    given = parser.parse_args()
    pythons = [sys.executable, *([given.before] if given.before else [])]
    loads = [os.getloadavg()[0]]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, program in programs(folder).items():
            if given.only and not any(part in title for part in given.only):
                continue
            spent: dict[str, list[float]] = {python: [] for python in pythons}
            for number in range(given.rounds + 1):
                for python in pythons if number % 2 else reversed(pythons):
                    shutil.rmtree(folder / "out", ignore_errors=True)
                    took = seconds(python, program, environment(folder / f"home{pythons.index(python)}"))
                    if number:
                        spent[python].append(took)
            rows.append((title, [spent[python] for python in pythons]))
            loads.append(os.getloadavg()[0])
    print(f"{machine()}; {given.rounds} rounds in turns; load {min(loads):.1f} to {max(loads):.1f}")
    print("| program | processor s |" + (" before | ratio, median of the pairs |" if given.before else ""))
    print("|---|---|" + ("---|---|" if given.before else ""))
    for title, columns in rows:
        cells = [f"{statistics.median(column):.2f}" for column in columns]
        if given.before:
            pairs = zip(*columns, strict=True)
            cells.append(f"{statistics.median(mine / before for mine, before in pairs):.2f}")
        print(f"| {title} | {' | '.join(cells)} |")


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a program, with a home of its own."""
    home.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "SKILLBANK_HOME": str(home)}


def seconds(python: str, program: Program, environment: Mapping[str, str]) -> float:
    """Start a program, wait for its end or its first line, and return what it and its own have taken."""
    process = subprocess.Popen(
        [python, *program.words],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if program.told is not None else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    if program.told is not None:
        assert process.stdout is not None
        process.stdin.write(program.told)
        process.stdin.flush()
        line = process.stdout.readline()
        process.kill()
        if not line:
            raise SystemExit(f"{' '.join(program.words)} said nothing")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if program.told is None and process.returncode:
        raise SystemExit(f"{' '.join(program.words)} ended with {process.returncode}")
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
